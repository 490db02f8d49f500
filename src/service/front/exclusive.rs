//! The store for one command alone, and whether somebody has it.

use super::FrontError;
use super::lock::Lock;
use super::place::Place;
use super::unusable::unusable;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// The store of a data directory, for this process alone, until it is dropped.
#[derive(Debug)]
pub struct Exclusive {
    _lock: Lock,
}

/// Takes the owner's place without serving anyone. Makes the data directory where it is not there.
///
/// # Errors
/// [`FrontError::Owned`] where the store has an owner.
pub fn exclusively(data_dir: &Path) -> Result<Exclusive, FrontError> {
    let place = Place::prepare(data_dir).map_err(unusable(data_dir))?;
    match Lock::try_take(&place.lock()).map_err(unusable(place.dir()))? {
        Some(lock) => Ok(Exclusive { _lock: lock }),
        None => Err(FrontError::Owned {
            dir: place.dir().to_owned(),
            pid: Lock::holder(&place.lock()),
        }),
    }
}

/// Whether the store of a data directory has an owner at this moment. Changes nothing.
///
/// # Errors
/// Where the lock can't be looked at.
pub fn is_owned(data_dir: &Path) -> io::Result<bool> {
    let file = match File::open(data_dir.join("owner.lock")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    // Shared and given back at once: a start that meets it tries again within milliseconds.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_owned(dir.path()).unwrap());
        let alone = exclusively(dir.path()).unwrap();
        assert!(is_owned(dir.path()).unwrap());
        let refused = exclusively(dir.path()).unwrap_err();
        assert!(matches!(refused, FrontError::Owned { pid: Some(_), .. }));
        drop(alone);
        assert!(!is_owned(dir.path()).unwrap());
    }
}
