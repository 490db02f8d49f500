//! sled's files: which there are, and having them on the disk, for sled's own flush is no fsync.

use super::super::LookupError;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;

/// Names the snapshot whose pages have all been read and whose rows agreed with the digest.
const CHECKED: &str = "checked";
const SNAPSHOT: &str = "snap.";
/// The end of a snapshot's name while it is written. One that is left over would be read as the newest.
const UNFINISHED: &str = ".generating";

/// Makes the folder, durably and for its owner only (sled's own files are readable by all), and clears it of what would
/// keep sled from opening.
pub(super) fn prepare(dir: &Path) -> io::Result<()> {
    if !dir.exists() {
        fs::create_dir_all(dir)?;
        sync_parent(dir)?;
    }
    close_to_others(dir)?;
    for name in names(dir)? {
        if name.starts_with(SNAPSHOT) && name.ends_with(UNFINISHED) {
            fs::remove_file(dir.join(name))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
const OWNER_ONLY: u32 = 0o700;

#[cfg(unix)]
fn close_to_others(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if fs::metadata(dir)?.permissions().mode() & 0o777 == OWNER_ONLY {
        return Ok(());
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(OWNER_ONLY))
}

#[cfg(not(unix))]
const fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
const fn is_same(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

/// The newest snapshot's name; nothing in a new store.
pub(super) fn snapshot(dir: &Path) -> io::Result<Option<String>> {
    let snapshots = names(dir)?
        .into_iter()
        .filter(|name| name.starts_with(SNAPSHOT) && !name.ends_with(UNFINISHED));
    Ok(snapshots.max())
}

/// The name of the snapshot that was checked last; nothing in a new store.
pub(super) fn checked(dir: &Path) -> io::Result<Option<String>> {
    match fs::read(dir.join(CHECKED)) {
        Ok(name) => Ok(Some(String::from_utf8_lossy(&name).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Notes that the snapshot of this name was checked, and has the folder's entries on the disk.
pub(super) fn mark_checked(dir: &Path, snapshot: &str) -> io::Result<()> {
    fs::write(dir.join(CHECKED), snapshot)?;
    sync_dir(dir)
}

/// Has everything read again at the next start.
pub(super) fn unmark_checked(dir: &Path) -> io::Result<()> {
    match fs::remove_file(dir.join(CHECKED)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => sync_dir(dir),
    }
}

/// Has a folder's entries on the disk.
pub(in super::super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Has the entry of a folder itself on the disk.
pub(in super::super) fn sync_parent(dir: &Path) -> io::Result<()> {
    match dir.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_dir(Path::new(".")),
        Some(parent) => sync_dir(parent),
        None => Ok(()),
    }
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(dir)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

/// sled's log and the folder of pages too large for it, to be had on the disk.
pub(super) struct Files {
    log: File,
    blobs: PathBuf,
    /// The number after that of the last large page that is on the disk; they are numbered by their place in the log.
    next_blob: Mutex<i64>,
}

impl Files {
    /// Those of an open store.
    pub(super) fn open(dir: &Path) -> Result<Self, LookupError> {
        let log = File::options()
            .read(true)
            .write(true)
            .open(dir.join("db"))?;
        Ok(Self {
            log,
            blobs: dir.join("blobs"),
            next_blob: Mutex::new(0),
        })
    }

    /// Whether they are still those of that folder.
    pub(super) fn is_in(&self, dir: &Path) -> bool {
        let there = fs::metadata(dir.join("db"));
        let own = self.log.metadata();
        matches!((own, there), (Ok(own), Ok(there)) if is_same(&own, &there))
    }

    /// Has all that sled has written on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        let mut next = self
            .next_blob
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let new = names(&self.blobs)?
            .into_iter()
            .filter_map(|name| name.parse::<i64>().ok())
            .filter(|id| *id >= *next);
        let mut last = None;
        for id in new {
            match File::open(self.blobs.join(id.to_string())) {
                Ok(blob) => blob.sync_all()?,
                // Rewritten elsewhere and removed meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            last = last.max(Some(id));
        }
        if let Some(last) = last {
            sync_dir(&self.blobs)?;
            *next = last + 1;
        }
        self.log.sync_data()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_store_is_for_its_owner_only_also_where_it_was_not() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("lookup");
        let mode = || fs::metadata(&dir).unwrap().permissions().mode() & 0o777;
        prepare(&dir).unwrap();
        assert_eq!(mode(), 0o700);
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        prepare(&dir).unwrap();
        assert_eq!(mode(), 0o700);
    }
}
