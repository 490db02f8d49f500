//! The lookup store, in sled and in memory: commits, order, reopening, other versions, leftovers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tekton_budget::store::lookup::memory::MemoryDisk;
use tekton_budget::store::lookup::{
    Change, Head, Lookup, LookupError, SledLookup, open_or_set_aside,
};
use tempfile::TempDir;

fn head(sequence: u64) -> Head {
    Head {
        sequence,
        note: format!("note {sequence}").into_bytes(),
    }
}

fn put(key: &[u8], value: &[u8]) -> Change {
    (key.to_vec(), Some(value.to_vec()))
}

fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lookup");
    (dir, path)
}

fn keys(lookup: &dyn Lookup, low: &[u8], high: &[u8], backwards: bool) -> Vec<Vec<u8>> {
    lookup
        .scan(low, high, backwards)
        .map(|row| row.unwrap().0)
        .collect()
}

/// What another program, or a bad day, does with the store: through sled itself.
fn meddle(path: &Path, what: impl FnOnce(&sled::Db)) {
    let db = sled::Config::new()
        .path(path)
        .flush_every_ms(None)
        .open()
        .unwrap();
    what(&db);
    db.flush().unwrap();
}

#[test]
fn a_commit_is_there_after_reopening() {
    let (_dir, path) = place();
    let lookup = SledLookup::open(&path).unwrap();
    assert_eq!(lookup.head().unwrap(), None);
    lookup
        .commit(vec![put(b"a", b"1"), put(b"b", b"2")], &head(1))
        .unwrap();
    lookup
        .commit(
            vec![(b"a".to_vec(), None), put(b"c", b"3"), put(b"c", b"4")],
            &head(2),
        )
        .unwrap();
    drop(lookup);
    for close in [false, true, false] {
        let lookup =
            SledLookup::open(&path).unwrap_or_else(|error| panic!("{error}, close {close}"));
        assert_eq!(lookup.head().unwrap(), Some(head(2)));
        assert_eq!(lookup.get(b"a").unwrap(), None);
        assert_eq!(lookup.get(b"c").unwrap(), Some(b"4".to_vec()));
        if close {
            lookup.close().unwrap();
        }
    }
}

#[test]
fn the_head_is_that_of_the_rows_also_while_they_become_durable() {
    let dir = tempfile::tempdir().unwrap();
    let lookup = SledLookup::open(&dir.path().join("lookup")).unwrap();
    let head = || lookup.head().unwrap().map_or(0, |head| head.sequence);
    let row = || {
        let value = lookup.get(b"sequence").unwrap();
        value.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()))
    };
    std::thread::scope(|scope| {
        let committing = scope.spawn(|| {
            for sequence in 1..=100_u64 {
                let row = (b"sequence".to_vec(), Some(sequence.to_be_bytes().to_vec()));
                let note = Vec::new();
                lookup.commit(vec![row], &Head { sequence, note }).unwrap();
            }
        });
        while !committing.is_finished() {
            std::thread::yield_now();
            let (before, row, after) = (head(), row(), head());
            assert!(before != after || row == before, "{row} under {before}");
        }
    });
}

#[test]
fn a_scan_keeps_its_bounds_and_order() {
    let (_dir, path) = place();
    let sled = SledLookup::open(&path).unwrap();
    let memory = MemoryDisk::default().open().unwrap();
    for lookup in [&sled as &dyn Lookup, &memory] {
        let rows = [&b"\0"[..], b"a", b"a\0", b"ab", b"b", b"\xff"].map(|key| put(key, key));
        lookup.commit(rows.to_vec(), &head(1)).unwrap();
        assert_eq!(keys(lookup, b"a", b"b", false), [&b"a"[..], b"a\0", b"ab"]);
        assert_eq!(keys(lookup, b"a", b"b", true), [&b"ab"[..], b"a\0", b"a"]);
        assert_eq!(keys(lookup, b"a\0", b"ab", false), [b"a\0"]);
        assert_eq!(
            keys(lookup, b"", b"b", true),
            [&b"ab"[..], b"a\0", b"a", b"\0"]
        );
        assert_eq!(keys(lookup, b"", b"\xff\xff", false).len(), 6);
        assert!(
            keys(lookup, b"b", b"b", false).is_empty() && keys(lookup, b"b", b"a", true).is_empty()
        );
        assert!(matches!(lookup.get(b""), Err(LookupError::NoKey)));
        assert!(matches!(
            lookup.commit(vec![put(b"", b"x")], &head(2)),
            Err(LookupError::NoKey)
        ));
        assert_eq!(lookup.head().unwrap(), Some(head(1)));
    }
}

#[test]
fn another_version_is_set_aside_and_only_two_are_kept() {
    let (dir, path) = place();
    for round in 1..=4 {
        let lookup = SledLookup::open(&path).unwrap();
        lookup.commit(vec![put(b"a", b"1")], &head(round)).unwrap();
        drop(lookup);
        meddle(&path, |db| {
            let mut bytes = db.get(b"").unwrap().unwrap().to_vec();
            bytes[..2].copy_from_slice(&u16::MAX.to_be_bytes());
            db.insert(b"", bytes).unwrap();
        });
        assert!(matches!(
            SledLookup::open(&path),
            Err(LookupError::OtherVersion {
                found: u16::MAX,
                ..
            })
        ));
        let (lookup, aside) = open_or_set_aside(&path).unwrap();
        let aside = aside.unwrap();
        assert_eq!(
            aside.folder,
            dir.path().join(format!("lookup.set-aside-{round}"))
        );
        assert!(aside.why.contains("version 65535"), "{}", aside.why);
        assert_eq!(
            (lookup.head().unwrap(), lookup.get(b"a").unwrap()),
            (None, None)
        );
    }
    let mut left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["lookup", "lookup.set-aside-3", "lookup.set-aside-4"]);
}

#[test]
fn rows_that_are_not_those_of_the_head_are_damage() {
    for change in [Some("2"), None] {
        let (_dir, path) = place();
        let lookup = SledLookup::open(&path).unwrap();
        lookup
            .commit(vec![put(b"a", b"1"), put(b"b", b"1")], &head(1))
            .unwrap();
        lookup.close().unwrap();
        meddle(&path, |db| match change {
            Some(value) => drop(db.insert(b"a", value).unwrap()),
            None => drop(db.remove(b"a").unwrap()),
        });
        assert!(matches!(
            SledLookup::open(&path),
            Err(LookupError::Damaged(_))
        ));
    }
}

#[test]
fn a_snapshot_that_was_not_finished_is_cleared_away() {
    let (_dir, path) = place();
    let lookup = SledLookup::open(&path).unwrap();
    lookup.commit(vec![put(b"a", b"1")], &head(1)).unwrap();
    lookup.close().unwrap();
    let left = path.join("snap.7FFFFFFFFFFFFFFF.generating");
    fs::write(&left, b"half").unwrap();
    let lookup = SledLookup::open(&path).unwrap();
    assert_eq!(lookup.get(b"a").unwrap(), Some(b"1".to_vec()));
    assert!(!left.exists());
}

#[test]
fn a_store_in_use_is_not_taken_for_damage() {
    let (dir, path) = place();
    let lookup = SledLookup::open(&path).unwrap();
    lookup.commit(vec![put(b"a", b"1")], &head(1)).unwrap();
    let refused = open_or_set_aside(&path).err().unwrap();
    assert!(
        matches!(&refused, LookupError::Unavailable(error) if error.kind() == std::io::ErrorKind::WouldBlock),
        "{refused}"
    );
    lookup.commit(vec![put(b"a", b"2")], &head(2)).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// A commit of a few changes over few keys, or a reopening (with the snapshot or without).
#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(u8, Option<Vec<u8>>)>),
    Reopen { close: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![
        8 => proptest::collection::vec(any::<u8>(), 0..40),
        // Large enough for sled to keep the page in a file of its own.
        1 => (any::<u8>(), 1..150_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ];
    let change = (any::<u8>(), proptest::option::weighted(0.7, value));
    prop_oneof![
        5 => proptest::collection::vec(change, 0..30).prop_map(Step::Commit),
        1 => any::<bool>().prop_map(|close| Step::Reopen { close }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn it_is_an_ordered_map(steps in proptest::collection::vec(step(), 1..25), low: u8, high: u8) {
        let (_dir, path) = place();
        let mut lookup = SledLookup::open(&path).unwrap();
        let memory = MemoryDisk::default().open().unwrap();
        let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let mut sequence = 0;
        for step in steps {
            match step {
                Step::Commit(changes) => {
                    sequence += 1;
                    let rows: Vec<Change> = changes.into_iter().map(|(key, value)| (vec![key, 0], value)).collect();
                    for (key, value) in rows.clone() {
                        match value {
                            Some(value) => drop(model.insert(key, value)),
                            None => drop(model.remove(&key)),
                        }
                    }
                    lookup.commit(rows.clone(), &head(sequence)).unwrap();
                    memory.commit(rows, &head(sequence)).unwrap();
                }
                Step::Reopen { close: true } => {
                    lookup.close().unwrap();
                    lookup = SledLookup::open(&path).unwrap();
                }
                Step::Reopen { close: false } => {
                    drop(lookup);
                    lookup = SledLookup::open(&path).unwrap();
                }
            }
        }
        for lookup in [&lookup as &dyn Lookup, &memory] {
            prop_assert_eq!(lookup.head().unwrap(), (sequence > 0).then(|| head(sequence)));
            for (low, high) in [(vec![], vec![255, 255]), (vec![low], vec![high]), (vec![low, 0], vec![high, 1])] {
                for backwards in [false, true] {
                    let mut expected: Vec<_> = model.iter().filter(|(key, _)| **key >= low && **key < high)
                        .map(|(key, value)| (key.clone(), value.clone())).collect();
                    if backwards {
                        expected.reverse();
                    }
                    let found: Vec<_> = lookup.scan(&low, &high, backwards).map(Result::unwrap).collect();
                    prop_assert!(found == expected, "{low:?}..{high:?} backwards {backwards}");
                }
            }
            for key in 0..=255_u8 {
                prop_assert!(lookup.get(&[key, 0]).unwrap().as_ref() == model.get(&vec![key, 0]), "get {key}");
            }
        }
    }
}
