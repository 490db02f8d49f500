//! Where what is looked up is stored: in memory, with faults to order, or in sled's own files, which are damaged between
//! two starts.
//!
//! sled's files are not the same bytes in each run of a seed. So a damage is one that is met in any of them.

use super::model::random::Random;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tekton_budget::store::lookup::memory::{Fault, MemoryDisk};
use tekton_budget::store::lookup::{Lookup, LookupError, open_or_set_aside, set_aside};
use tempfile::TempDir;

/// What follows a snapshot's rows in its file, of which sled checks only the checksum.
const SNAPSHOT_END: usize = 12;

/// A disk for a lookup store.
pub enum Stored {
    Memory(MemoryDisk),
    Sled(TempDir),
}

impl Stored {
    /// A disk with nothing on it.
    pub fn new(sled: bool) -> Self {
        if sled {
            Self::Sled(tempfile::tempdir().unwrap())
        } else {
            Self::Memory(MemoryDisk::default())
        }
    }

    /// Opens what is stored, or a new one in its place; says which.
    pub fn open(&self) -> Result<(Arc<dyn Lookup>, bool), LookupError> {
        match self {
            Self::Memory(disk) => {
                let (lookup, aside) = disk.open_or_set_aside()?;
                Ok((Arc::new(lookup), aside.is_some()))
            }
            Self::Sled(dir) => {
                let (lookup, aside) = open_or_set_aside(&folder(dir))?;
                Ok((Arc::new(lookup), aside.is_some()))
            }
        }
    }

    /// Puts a store out of the way whose damage was met only when it was read.
    pub fn set_aside(&self) {
        match self {
            Self::Memory(disk) => drop(disk.open_or_set_aside().unwrap()),
            Self::Sled(dir) => drop(set_aside(&folder(dir)).unwrap()),
        }
    }

    /// Has the next commit fail; sled's do not fail to order.
    pub fn fail_commit(&self, fault: Fault) {
        if let Self::Memory(disk) = self {
            disk.fail_commit(1, fault);
        }
    }

    /// Loses all that is stored, or in memory the last of it.
    pub fn lose(&mut self, random: &mut Random) {
        match self {
            Self::Memory(disk) if random.chance(70) => {
                let kept = random.below(disk.commits() as u64 + 1);
                disk.lose_after(usize::try_from(kept).unwrap());
            }
            lost => *lost = Self::new(matches!(lost, Self::Sled(_))),
        }
    }

    /// Damages a store that has a head and that nobody has open. Says how.
    pub fn damage(&self, random: &mut Random) -> String {
        match self {
            Self::Memory(disk) => {
                disk.damage();
                "as ordered".to_owned()
            }
            Self::Sled(dir) => damage_files(&folder(dir), random),
        }
    }
}

fn folder(dir: &TempDir) -> PathBuf {
    dir.path().join("lookup")
}

fn damage_files(store: &Path, random: &mut Random) -> String {
    let (kind, at, bit) = (random.below(5), random.bits(), random.below(8));
    let snapshots = fs::read_dir(store)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let snapshot = snapshots
        .filter(|path| path.to_string_lossy().contains("snap."))
        .max();
    let log = store.join("db");
    match (kind, snapshot) {
        (0, Some(snapshot)) => {
            let mut bytes = fs::read(&snapshot).unwrap();
            let rows = bytes.len() - SNAPSHOT_END;
            bytes[usize::try_from(at % rows as u64).unwrap()] ^= 1 << bit;
            fs::write(snapshot, bytes).unwrap();
            "a flipped bit in the snapshot".to_owned()
        }
        (1, Some(snapshot)) => {
            fs::write(snapshot, b"").unwrap();
            "an empty snapshot".to_owned()
        }
        (2, _) => {
            fs::remove_file(log).unwrap();
            "no log".to_owned()
        }
        (3, _) => {
            fs::write(log, b"").unwrap();
            "an empty log".to_owned()
        }
        _ => {
            let flipped = fs::read(&log).unwrap().iter().map(|byte| !byte).collect();
            fs::write::<_, Vec<u8>>(log, flipped).unwrap();
            "a flipped bit in each place of the log".to_owned()
        }
    }
}
