//! A file system in memory that fails by script and forgets what was not synced.
//!
//! Deterministic: the same script, seed and calls give the same faults and the same bytes. Every call
//! that changes something (make, write, truncate, sync, move, remove) counts as one *operation*, from 0.
//!
//! The model of a power cut, for each file apart: bytes and lengths that were synced stay; of the writes
//! since, what the chosen [`Unsynced`] says is left. A name that was made, moved or removed since the
//! last [`Files::sync_dir`] of its folder is undone, or stays where the seed says so. After a failed sync
//! the unsynced bytes are still read but no later sync makes them durable, as on Linux.

mod disk;
mod script;

pub use script::{Counts, Fault, Unsynced};

use super::{Access, Entry, File, Files};
use disk::Disk;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The file system; clones share the same disk.
#[derive(Clone)]
pub struct FaultyFiles {
    disk: Arc<Mutex<Disk>>,
}

impl FaultyFiles {
    /// An empty disk without faults, holding the folder `root`; `seed` decides what a power cut leaves.
    pub fn new(root: &Path, seed: u64) -> Self {
        Self {
            disk: Arc::new(Mutex::new(Disk::new(root, seed))),
        }
    }

    /// Adds a fault to the script.
    pub fn inject(&self, fault: Fault) {
        self.disk().script.faults.push(fault);
    }

    /// Takes away every fault that has not happened, and the limit of the disk.
    pub fn heal(&self) {
        self.disk().script.faults.clear();
    }

    /// How many operations were asked for until now.
    pub fn operations(&self) -> u64 {
        self.counts().operations
    }

    /// What was asked for until now, and what of the script has come to pass.
    pub fn counts(&self) -> Counts {
        self.disk().script.counts
    }

    /// Cuts the power and gives it back: drops what was not synced, and every open file is dead.
    pub fn power_cut(&self, unsynced: Unsynced) {
        self.disk().power_cut(unsynced);
    }

    /// Another disk with the same bytes, synced and not, that goes its own way from here.
    #[must_use]
    pub fn fork(&self, seed: u64) -> Self {
        let mut disk = self.disk().clone();
        disk.reseed(seed);
        Self {
            disk: Arc::new(Mutex::new(disk)),
        }
    }

    /// Changes a file's bytes behind everyone's back, synced ones too; says whether there is such a file.
    pub fn alter(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> bool {
        self.disk().alter(path, change)
    }

    /// A file's bytes as a reader sees them now.
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        self.disk().bytes(path)
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, (inode, life): (u64, u64)) -> Arc<dyn File> {
        Arc::new(FaultyFile {
            disk: Arc::clone(&self.disk),
            inode,
            life,
        })
    }
}

impl fmt::Debug for FaultyFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyFiles")
    }
}

impl Files for FaultyFiles {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk().create_dir(dir)
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let made = self.disk().create_new(path)?;
        Ok(self.handle(made))
    }

    fn open(&self, path: &Path, _access: Access) -> io::Result<Arc<dyn File>> {
        let found = self.disk().open(path)?;
        Ok(self.handle(found))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.disk().list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk().rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk().remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk().sync_dir(dir)
    }
}

struct FaultyFile {
    disk: Arc<Mutex<Disk>>,
    inode: u64,
    /// The disk's life, counted by power cuts, that this was opened in.
    life: u64,
}

impl FaultyFile {
    fn disk(&self) -> io::Result<MutexGuard<'_, Disk>> {
        let disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        if disk.life == self.life {
            Ok(disk)
        } else {
            Err(io::Error::other("the file was opened before the power cut"))
        }
    }
}

impl fmt::Debug for FaultyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyFile({})", self.inode)
    }
}

impl File for FaultyFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.disk()?.read(self.inode, offset, into)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.disk()?.write(self.inode, offset, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk()?.sync(self.inode)
    }

    fn length(&self) -> io::Result<u64> {
        self.disk()?.length(self.inode)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.disk()?.truncate(self.inode, length)
    }
}
