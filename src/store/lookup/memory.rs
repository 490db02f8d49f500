//! A lookup in memory, with faults to order: for simulations, where nothing may hang on time or a disk.

use super::{Change, Head, Lookup, LookupError, Row, Rows};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What goes wrong with a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An error, and nothing of it is kept.
    NotKept,
    /// An error, though all of it is kept: the disk failed after the last byte.
    KeptUnanswered,
    /// An error, and a part of it is kept, which is found to be damage at the next opening.
    KeptInPart,
}

/// What stays when a [`MemoryLookup`] is dropped. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    head: Option<Head>,
    /// How to take back each commit that was kept, with the head before it.
    undo: Vec<(Vec<Change>, Option<Head>)>,
    /// Commits asked for so far, kept or not.
    asked: u64,
    faults: HashMap<u64, Fault>,
    damaged: bool,
    other_version: Option<u16>,
}

impl MemoryDisk {
    /// Has the `number`-th commit from now on fail, counted from 1.
    pub fn fail_commit(&self, number: u64, fault: Fault) {
        let mut inner = self.inner();
        let at = inner.asked + number;
        inner.faults.insert(at, fault);
    }

    /// How many commits have been kept and not been lost.
    pub fn commits(&self) -> usize {
        self.inner().undo.len()
    }

    /// Loses all but the first `kept` commits, as a power cut does where nothing was synced.
    pub fn lose_after(&self, kept: usize) {
        let mut inner = self.inner();
        while inner.undo.len() > kept {
            let Some((changes, head)) = inner.undo.pop() else {
                break;
            };
            inner.apply(changes);
            inner.head = head;
        }
    }

    /// Damages what is stored: it does not open, and what is open answers no more.
    pub fn damage(&self) {
        self.inner().damaged = true;
    }

    /// Has what is stored look as if another program had written it.
    pub fn other_version(&self, version: u16) {
        self.inner().other_version = Some(version);
    }

    /// Opens what is stored.
    ///
    /// # Errors
    /// [`LookupError::Damaged`] and [`LookupError::OtherVersion`] where it was ordered.
    pub fn open(&self) -> Result<MemoryLookup, LookupError> {
        let inner = self.inner();
        inner.whole()?;
        if let Some(found) = inner.other_version {
            return Err(LookupError::OtherVersion { found, known: 1 });
        }
        drop(inner);
        Ok(MemoryLookup {
            disk: self.clone(),
            broken: AtomicBool::new(false),
        })
    }

    /// Opens what is stored, or a new one in its place, with the reason.
    ///
    /// # Errors
    /// None at present; the same shape as [`super::open_or_set_aside`].
    pub fn open_or_set_aside(&self) -> Result<(MemoryLookup, Option<String>), LookupError> {
        match self.open() {
            Ok(lookup) => Ok((lookup, None)),
            Err(error) => {
                *self.inner() = Inner::default();
                Ok((self.open()?, Some(error.to_string())))
            }
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn whole(&self) -> Result<(), LookupError> {
        if self.damaged {
            Err(LookupError::Damaged("as ordered".into()))
        } else {
            Ok(())
        }
    }

    /// Makes changes, and says how to take them back.
    fn apply(&mut self, changes: Vec<Change>) -> Vec<Change> {
        let mut undo = Vec::with_capacity(changes.len());
        for (key, value) in changes {
            let old = match value {
                Some(value) => self.rows.insert(key.clone(), value),
                None => self.rows.remove(&key),
            };
            undo.push((key, old));
        }
        undo.reverse();
        undo
    }
}

/// A lookup over a [`MemoryDisk`].
#[derive(Debug)]
pub struct MemoryLookup {
    disk: MemoryDisk,
    /// Whether a commit has failed.
    broken: AtomicBool,
}

impl MemoryLookup {
    fn inner(&self) -> Result<MutexGuard<'_, Inner>, LookupError> {
        let inner = self.disk.inner();
        inner.whole()?;
        if self.broken.load(Ordering::SeqCst) {
            return Err(ordered());
        }
        Ok(inner)
    }

    /// The first or the last row between two bounds.
    fn step(
        &self,
        low: Bound<&[u8]>,
        high: &[u8],
        backwards: bool,
    ) -> Result<Option<Row>, LookupError> {
        let inner = self.inner()?;
        let mut range = inner.rows.range::<[u8], _>((low, Bound::Excluded(high)));
        let row = if backwards {
            range.next_back()
        } else {
            range.next()
        };
        Ok(row.map(|(key, value)| (key.clone(), value.clone())))
    }
}

impl Lookup for MemoryLookup {
    fn head(&self) -> Result<Option<Head>, LookupError> {
        Ok(self.inner()?.head.clone())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LookupError> {
        if key.is_empty() {
            return Err(LookupError::NoKey);
        }
        Ok(self.inner()?.rows.get(key).cloned())
    }

    fn scan<'a>(&'a self, low: &[u8], high: &[u8], backwards: bool) -> Rows<'a> {
        let (mut low, mut high, mut passed, mut ended) =
            (low.to_vec(), high.to_vec(), false, low >= high);
        Box::new(std::iter::from_fn(move || {
            if ended {
                return None;
            }
            // A bound that is passed itself with nothing left above it would be no range.
            let from = if passed && !backwards {
                Bound::Excluded(low.as_slice())
            } else {
                Bound::Included(&*low)
            };
            match self.step(from, &high, backwards) {
                Ok(Some((key, value))) => {
                    passed = true;
                    if backwards {
                        high.clone_from(&key);
                    } else {
                        low.clone_from(&key);
                    }
                    ended = low >= high;
                    Some(Ok((key, value)))
                }
                Ok(None) => None,
                Err(error) => {
                    ended = true;
                    Some(Err(error))
                }
            }
        }))
    }

    fn commit(&self, rows: Vec<Change>, head: &Head) -> Result<(), LookupError> {
        if rows.iter().any(|(key, _)| key.is_empty()) {
            return Err(LookupError::NoKey);
        }
        let mut inner = self.inner()?;
        inner.asked += 1;
        let asked = inner.asked;
        let fault = inner.faults.remove(&asked);
        match fault {
            Some(Fault::NotKept) => {}
            Some(Fault::KeptInPart) => inner.damaged = true,
            None | Some(Fault::KeptUnanswered) => {
                let changes = inner.apply(rows);
                let before = inner.head.replace(head.clone());
                inner.undo.push((changes, before));
            }
        }
        if fault.is_some() {
            self.broken.store(true, Ordering::SeqCst);
            return Err(ordered());
        }
        Ok(())
    }
}

fn ordered() -> LookupError {
    io::Error::new(ErrorKind::StorageFull, "as ordered").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, value: &str) -> Change {
        (key.into(), Some(value.into()))
    }

    fn head(sequence: u64) -> Head {
        Head {
            sequence,
            note: Vec::new(),
        }
    }

    #[test]
    fn a_failed_commit_ends_the_handle_and_is_kept_or_not_as_ordered() {
        let disk = MemoryDisk::default();
        for (fault, kept) in [(Fault::NotKept, 1), (Fault::KeptUnanswered, 3)] {
            let lookup = disk.open().unwrap();
            disk.fail_commit(2, fault);
            lookup.commit(vec![put("a", "1")], &head(kept)).unwrap();
            lookup
                .commit(vec![put("a", "2")], &head(kept + 1))
                .unwrap_err();
            lookup.get(b"a").unwrap_err();
            let lookup = disk.open().unwrap();
            let (value, sequence) = if fault == Fault::NotKept {
                ("1", kept)
            } else {
                ("2", kept + 1)
            };
            assert_eq!(lookup.get(b"a").unwrap(), Some(value.into()));
            assert_eq!(lookup.head().unwrap(), Some(head(sequence)));
        }
    }

    #[test]
    fn a_commit_that_is_kept_in_part_is_damage() {
        let disk = MemoryDisk::default();
        let lookup = disk.open().unwrap();
        disk.fail_commit(1, Fault::KeptInPart);
        let failed = lookup.commit(vec![put("a", "1")], &head(1));
        assert!(
            matches!(failed, Err(LookupError::Unavailable(_))),
            "{failed:?}"
        );
        assert!(matches!(disk.open(), Err(LookupError::Damaged(_))));
    }

    #[test]
    fn what_was_not_synced_can_be_lost() {
        let disk = MemoryDisk::default();
        let lookup = disk.open().unwrap();
        lookup
            .commit(vec![put("a", "1"), put("b", "1")], &head(1))
            .unwrap();
        lookup
            .commit(
                vec![put("a", "2"), put("a", "3"), (b"b".to_vec(), None)],
                &head(2),
            )
            .unwrap();
        lookup.commit(vec![put("c", "4")], &head(3)).unwrap();
        disk.lose_after(1);
        let lookup = disk.open().unwrap();
        let rows: Vec<_> = lookup.scan(b"a", b"z", false).map(Result::unwrap).collect();
        assert_eq!(
            rows,
            [
                (b"a".to_vec(), b"1".to_vec()),
                (b"b".to_vec(), b"1".to_vec())
            ]
        );
        assert_eq!((lookup.head().unwrap(), disk.commits()), (Some(head(1)), 1));
    }

    #[test]
    fn a_damaged_one_is_set_aside() {
        let disk = MemoryDisk::default();
        let lookup = disk.open().unwrap();
        lookup.commit(vec![put("a", "1")], &head(1)).unwrap();
        disk.damage();
        assert!(matches!(lookup.get(b"a"), Err(LookupError::Damaged(_))));
        assert!(matches!(disk.open(), Err(LookupError::Damaged(_))));
        let (lookup, why) = disk.open_or_set_aside().unwrap();
        assert!(why.is_some());
        assert_eq!(lookup.head().unwrap(), None);
    }
}
