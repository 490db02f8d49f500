//! Properties of the journal under arbitrary batches, segment sizes, reopenings and changed bytes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test may stop, speak and use small numbers"
)]

use proptest::collection::vec;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tekton_budget::store::files::Files;
use tekton_budget::store::files::faulty::{FaultyFiles, Unsynced};
use tekton_budget::store::journal::{Check, Expect, Journal, Opened, Options, verify};

const ROOT: &str = "/data";

fn dir() -> PathBuf {
    Path::new(ROOT).join("journal")
}

fn event() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..80),
        (0_usize..1600, prop_oneof![Just(0_u8), any::<u8>()])
            .prop_map(|(length, byte)| vec![byte; length]),
    ]
}

fn batches() -> impl Strategy<Value = Vec<Vec<Vec<u8>>>> {
    vec(vec(event(), 1..6), 1..20)
}

fn open(files: &FaultyFiles, segment_bytes: u64) -> Opened {
    let options = Options { segment_bytes };
    Journal::open_with(Arc::new(files.clone()), &dir(), Expect::NOTHING, options).unwrap()
}

/// What is read from a sequence on, and whether a damage ended it.
fn read(opened: &Opened, from: u64, check: Check) -> (Vec<Vec<u8>>, bool) {
    let mut batches = opened.journal.reader().read(from, check).unwrap();
    let mut found = Vec::new();
    loop {
        match batches.next_batch() {
            Ok(Some(batch)) => found.extend(batch.events().map(<[u8]>::to_vec)),
            Ok(None) => return (found, false),
            Err(_) => return (found, true),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_comes_back(
        batches in batches(),
        segment_bytes in 0_u64..6000,
        reopen in vec(any::<bool>(), 20),
        from in any::<prop::sample::Index>(),
    ) {
        let files = FaultyFiles::new(Path::new(ROOT), 1);
        let mut opened = open(&files, segment_bytes);
        for (batch, reopen) in batches.iter().zip(reopen) {
            let before = opened.journal.append(batch).unwrap();
            if reopen {
                files.power_cut(Unsynced::Forgotten);
                opened = open(&files, segment_bytes);
                prop_assert_eq!(opened.end, before);
            }
        }
        let all = batches.concat();
        let from = from.index(all.len() + 1);
        for check in [Check::Checksums, Check::Chain] {
            let (found, damaged) = read(&opened, from as u64 + 1, check);
            prop_assert!(!damaged);
            prop_assert_eq!(&found[..], &all[from..]);
        }
        for (event, sequence) in all.iter().zip(1..) {
            prop_assert_eq!(&opened.journal.reader().read_event(sequence).unwrap(), event);
        }
        let report = verify(&files, &dir(), Expect::NOTHING).unwrap();
        prop_assert!(report.is_whole(), "{}", report);
        prop_assert_eq!(report.events, all.len() as u64);
    }

    #[test]
    fn changed_bytes_are_never_served(
        batches in batches(),
        changes in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), vec(any::<u8>(), 0..40), any::<bool>()), 1..4),
    ) {
        let files = FaultyFiles::new(Path::new(ROOT), 1);
        let mut opened = open(&files, 3000);
        for batch in &batches {
            opened.journal.append(batch).unwrap();
        }
        drop(opened);
        let all = batches.concat();
        let names = files.list(&dir()).unwrap();
        for (file, at, bytes, cut) in changes {
            let path = dir().join(&names[file.index(names.len())].name);
            files.alter(&path, |old| {
                let at = at.index(old.len() + 1);
                old.truncate(if cut { at } else { old.len() });
                let end = (at + bytes.len()).max(old.len());
                old.resize(end, 0);
                old[at..at + bytes.len()].copy_from_slice(&bytes);
            });
        }
        verify(&files, &dir(), Expect::NOTHING).unwrap();
        let options = Options { segment_bytes: 3000 };
        let opened = Journal::open_with(Arc::new(files), &dir(), Expect::NOTHING, options);
        if let Ok(opened) = opened {
            let (found, damaged) = read(&opened, 1, Check::Chain);
            prop_assert!(all.starts_with(&found), "{:?}", damaged);
        }
    }
}
