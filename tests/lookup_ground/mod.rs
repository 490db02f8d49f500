//! What the tests of damage and of kills have in common: commits whose rows follow from their sequence, and children.

#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tekton_budget::store::lookup::{Change, Head, Lookup, LookupError};

/// Where a child finds its store.
pub(crate) const STORE: &str = "LOOKUP_TEST_STORE";

/// A small generator, so that a run can be repeated.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

pub(crate) fn head(sequence: u64) -> Head {
    Head {
        sequence,
        note: sequence.to_le_bytes().repeat(3),
    }
}

/// The changes of a commit: small rows mostly, some of a block's size, now and then one that sled keeps in its own file.
pub(crate) fn changes(sequence: u64) -> Vec<Change> {
    let mut random = Random(sequence);
    let mut rows: Vec<Change> = (0..10 + random.below(30))
        .map(|_| {
            let (key, byte) = (random.below(400), random.next().to_le_bytes()[0]);
            let length = match random.below(200) {
                0 => 150_000,
                1..10 => 12_000,
                _ => usize::try_from(random.below(600)).unwrap(),
            };
            let value = (random.below(6) > 0).then(|| vec![byte; length]);
            (key.to_be_bytes().to_vec(), value)
        })
        .collect();
    // A row that every commit writes, far from the head in the order of keys.
    rows.push((vec![0xfe], Some(sequence.to_be_bytes().to_vec())));
    rows
}

/// All rows after a commit.
pub(crate) fn model(sequence: u64) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut rows = BTreeMap::new();
    for (key, value) in (1..=sequence).flat_map(changes) {
        match value {
            Some(value) => rows.insert(key, value),
            None => rows.remove(&key),
        };
    }
    rows
}

/// Reads all rows, and finds them those of the head. The head's sequence, 0 for none.
pub(crate) fn read_through(lookup: &dyn Lookup) -> Result<u64, LookupError> {
    let sequence = match lookup.head()? {
        None => 0,
        Some(found) => {
            assert_eq!(
                found,
                head(found.sequence),
                "the note is not that of the sequence"
            );
            found.sequence
        }
    };
    let rows = lookup
        .scan(b"", b"\xff", false)
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    assert!(
        rows == model(sequence),
        "the rows are not those of sequence {sequence}"
    );
    Ok(sequence)
}

/// Starts this test program again, to run one ignored test over a store.
pub(crate) fn child(test: &str, store: &Path) -> Child {
    command(test, store).spawn().unwrap()
}

/// How this test program is started again, to run one ignored test over a store.
pub(crate) fn command(test: &str, store: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            test,
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(STORE, store)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
