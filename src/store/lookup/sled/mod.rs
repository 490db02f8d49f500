//! A lookup in one tree of sled 0.34.7.
//!
//! sled's atomic batch carries the rows and the head; `flush` and our own fdatasync make it durable. It is atomic over a
//! kill, not over an error: where sled can't write a page that is too large for its log, it cancels the batch on the disk,
//! and the rows that were logged before it count one by one. The digest tells at the next opening. Many rows go in pieces,
//! since each costs memory until its batch ends, and into a file before (`redo`), for then a kill can come between. All
//! that can panic on damaged files is caught. Values of a few kB suit it better than many small rows.

mod files;
mod guarded;
mod opening;
mod record;
mod redo;

use super::{Change, Head, Lookup, LookupError, Row, Rows};
use ::sled::{Db, IVec};
use files::Files;
pub(super) use files::{sync_dir, sync_parent};
use guarded::{Watch, caught};
use record::{Committed, Digest};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A lookup in a folder of its own.
pub struct SledLookup {
    /// Always there but while it is dropped.
    store: Option<Arc<Store>>,
    watch: Watch,
}

/// An open store. It is shared with the thread that a commit runs on.
struct Store {
    dir: PathBuf,
    db: Db,
    files: Files,
    /// What the rows on the disk are true of; those in the tree may be ahead of it.
    committed: Mutex<Committed>,
    /// Held for a whole commit.
    writing: Mutex<()>,
    /// Why nothing is answered any more.
    broken: OnceLock<Broken>,
}

/// An error that stays.
enum Broken {
    Damaged(String),
    Unavailable(io::ErrorKind, String),
}

impl SledLookup {
    /// Opens the store in a folder, or makes a new one. What was written since it was last opened is read through and
    /// compared with the digest of its rows.
    ///
    /// # Errors
    /// [`LookupError`]; nothing is changed or moved where it does not open.
    pub fn open(dir: &Path) -> Result<Self, LookupError> {
        let config = opening::config(dir);
        let watch = Watch::new(config.clone());
        let dir = dir.to_path_buf();
        let store = watch.over(|| {}, move || opening::open(&dir, &config))?;
        Ok(Self {
            store: Some(Arc::new(store)),
            watch,
        })
    }

    /// Closes it so that the next start is short: it is opened once more, which has sled write a snapshot and the rows
    /// compared with their digest. Takes about half a second for 100 MB; it may be killed meanwhile.
    ///
    /// # Errors
    /// [`LookupError`], as of opening; also where its folder is gone, which is not made again.
    pub fn close(self) -> Result<(), LookupError> {
        let store = self.store()?;
        let dir = store.dir.clone();
        let is_there = store.files.is_in(&dir);
        drop(self);
        if !is_there {
            let gone = format!("{} is gone", dir.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, gone).into());
        }
        Self::open(&dir).map(drop)
    }

    fn store(&self) -> Result<&Arc<Store>, LookupError> {
        let store = self
            .store
            .as_ref()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
        store.whole()?;
        Ok(store)
    }
}

impl Drop for SledLookup {
    fn drop(&mut self) {
        let Some(store) = self.store.take() else {
            return;
        };
        let watch = match store.broken.get() {
            None => self.watch.clone(),
            Some(_) => self.watch.doubting(),
        };
        let close = move || {
            caught(|| {
                drop(store);
                Ok(())
            })
        };
        let closed = watch.over(|| {}, close);
        if let Err(error) = closed {
            tracing::error!("closing the lookup store: {error}");
        }
    }
}

impl Lookup for SledLookup {
    fn head(&self) -> Result<Option<Head>, LookupError> {
        // As the rows have it: they are read from when they are in the tree, which is before they are durable.
        let store = self.store()?;
        let row = store.noting(caught(|| store.db.get(record::KEY)))?;
        Ok(store.noting(Committed::decode(row.as_deref()))?.head)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LookupError> {
        let store = self.store()?;
        if key.is_empty() {
            return Err(LookupError::NoKey);
        }
        let value = store.noting(caught(|| store.db.get(key)))?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan<'a>(&'a self, low: &[u8], high: &[u8], backwards: bool) -> Rows<'a> {
        // The head has the empty key, below all rows.
        let low = if low.is_empty() { &[0] } else { low };
        if low >= high {
            return Box::new(std::iter::empty());
        }
        match self.store() {
            Ok(store) => Box::new(Scan {
                store,
                rows: Some(store.db.range(low..high)),
                backwards,
            }),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }

    fn commit(&self, rows: Vec<Change>, head: &Head) -> Result<(), LookupError> {
        self.commit_many(Vec::new(), rows, head)
    }

    fn commit_many(
        &self,
        ahead: Vec<Change>,
        rows: Vec<Change>,
        head: &Head,
    ) -> Result<(), LookupError> {
        if ahead.iter().chain(&rows).any(|(key, _)| key.is_empty()) {
            return Err(LookupError::NoKey);
        }
        let store = self.store()?;
        let (worker, head) = (Arc::clone(store), head.clone());
        // Another flush finds a writer's error, and wakes the one that waits.
        let wake = || drop(caught(|| store.db.flush()));
        let work = move || worker.commit(ahead, rows, head);
        store.breaking(self.watch.over(wake, work))
    }
}

/// The rows that may be changed before the head, and those to be changed with it, each once and in order.
type Parts = (Vec<Change>, Vec<Change>);

impl Store {
    /// One commit after the other, and none after one that failed.
    fn commit(&self, ahead: Vec<Change>, rows: Vec<Change>, head: Head) -> Result<(), LookupError> {
        let _writing = locked(&self.writing);
        self.whole()?;
        self.breaking(self.write(ahead, rows, head))
    }

    fn write(&self, ahead: Vec<Change>, rows: Vec<Change>, head: Head) -> Result<(), LookupError> {
        let ((ahead, last), digest) = self.planned(ahead, rows, &head)?;
        let new = locked(&self.committed).head.is_none();
        let in_pieces = ahead.len() > redo::WHOLE;
        if in_pieces {
            redo::carry_out(&self.dir, &self.db, ahead, last)?;
        } else {
            let all = redo::batch(ahead.into_iter().chain(last));
            caught(|| self.db.apply_batch(all))?;
        }
        caught(|| self.db.flush())?;
        self.files.sync()?;
        if in_pieces {
            redo::forget(&self.dir)?;
        }
        if new {
            files::mark_checked(&self.dir, "")?;
        }
        *locked(&self.committed) = Committed {
            head: Some(head),
            digest,
        };
        Ok(())
    }

    /// What is to be changed, the head's row the last of all, and the digest of all rows after it.
    fn planned(
        &self,
        ahead: Vec<Change>,
        rows: Vec<Change>,
        head: &Head,
    ) -> Result<(Parts, Digest), LookupError> {
        let once = |rows: Vec<Change>| rows.into_iter().collect::<BTreeMap<_, _>>();
        let (ahead, mut last) = (once(ahead), once(rows));
        let mut digest = locked(&self.committed).digest;
        for (key, value) in ahead.iter().chain(&last) {
            if let Some(old) = caught(|| self.db.get(key))? {
                digest.take(key, &old);
            }
            if let Some(value) = value {
                digest.add(key, value);
            }
        }
        last.insert(record::KEY.to_vec(), Some(Committed::encode(head, digest)));
        Ok((
            (ahead.into_iter().collect(), last.into_iter().collect()),
            digest,
        ))
    }

    /// An error that was met before is met again.
    fn whole(&self) -> Result<(), LookupError> {
        match self.broken.get() {
            None => Ok(()),
            Some(Broken::Damaged(what)) => Err(LookupError::Damaged(what.clone())),
            Some(Broken::Unavailable(kind, what)) => {
                Err(io::Error::new(*kind, what.clone()).into())
            }
        }
    }

    /// Lets nothing be answered after an error: what is in memory may be ahead of the disk.
    fn breaking<T>(&self, outcome: Result<T, LookupError>) -> Result<T, LookupError> {
        let broken = match &outcome {
            Err(LookupError::Damaged(what)) => Broken::Damaged(what.clone()),
            Err(LookupError::Unavailable(error)) => {
                Broken::Unavailable(error.kind(), error.to_string())
            }
            _ => return outcome,
        };
        if let Broken::Damaged(_) = broken {
            // Whoever opens it next has to find the damage too.
            if let Err(error) = files::unmark_checked(&self.dir) {
                tracing::error!("having the lookup store checked at the next start: {error}");
            }
        }
        // One that is set already says more.
        let _ = self.broken.set(broken);
        outcome
    }

    /// As [`Self::breaking`], but where the system is in trouble a read may be tried again.
    fn noting<T>(&self, outcome: Result<T, LookupError>) -> Result<T, LookupError> {
        match outcome {
            Err(LookupError::Damaged(_)) => self.breaking(outcome),
            outcome => outcome,
        }
    }
}

/// A scan under way.
struct Scan<'a> {
    store: &'a Store,
    /// Nothing after an error.
    rows: Option<::sled::Iter>,
    backwards: bool,
}

impl Iterator for Scan<'_> {
    type Item = Result<Row, LookupError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.rows.as_mut()?;
        let backwards = self.backwards;
        let row = caught(|| {
            if backwards {
                rows.next_back()
            } else {
                rows.next()
            }
            .transpose()
        });
        match self.store.whole().and_then(|()| self.store.noting(row)) {
            Ok(row) => row.map(|(key, value): (IVec, IVec)| Ok((key.to_vec(), value.to_vec()))),
            Err(error) => {
                self.rows = None;
                Some(Err(error))
            }
        }
    }
}

/// A lock whose content is replaced whole, so that a panic of another holder can't have left it half changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_whose_folder_is_gone_is_not_made_again() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        let lookup = SledLookup::open(&data.join("lookup")).unwrap();
        std::fs::remove_dir_all(&data).unwrap();
        assert!(lookup.close().is_err());
        assert!(!data.exists());
        // Nor is another one, in its place, taken for it.
        let lookup = SledLookup::open(&data.join("lookup")).unwrap();
        std::fs::rename(&data, place.path().join("away")).unwrap();
        drop(SledLookup::open(&data.join("lookup")).unwrap());
        assert!(lookup.close().is_err());
    }

    #[test]
    fn a_failed_commit_is_the_last_one_also_for_those_that_wait_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let lookup = SledLookup::open(&dir.path().join("lookup")).unwrap();
        let store = Arc::clone(lookup.store().unwrap());
        std::fs::remove_dir(store.dir.join("blobs")).unwrap();
        // Too large for sled's log, and there is nowhere else to put it.
        let row = (b"a".to_vec(), Some(vec![1; 200_000]));
        let failed = store.commit(Vec::new(), vec![row], Head::default());
        let waited = store.commit(Vec::new(), Vec::new(), Head::default());
        drop(store);
        assert!(matches!(failed, Err(LookupError::Damaged(_))), "{failed:?}");
        assert!(matches!(waited, Err(LookupError::Damaged(_))), "{waited:?}");
    }
}
