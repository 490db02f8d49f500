//! Repairing gives up what it is told to give up, keeps what it cuts, and nothing else changes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test may stop, speak and use small numbers"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use tekton_budget::store::files::Files;
use tekton_budget::store::files::faulty::{Fault, FaultyFiles, Unsynced};
use tekton_budget::store::journal::{
    Check, Choice, Expect, Journal, OpenError, Opened, Options, Position, RepairError, repair,
    verify,
};

const ROOT: &str = "/data";

fn dir() -> PathBuf {
    Path::new(ROOT).join("journal")
}

fn open(files: &FaultyFiles, expect: Expect) -> Result<Opened, OpenError> {
    let options = Options { segment_bytes: 600 };
    Journal::open_with(Arc::new(files.clone()), &dir(), expect, options)
}

/// Batches of two events, three batches a segment; the positions after each batch.
fn made() -> (FaultyFiles, Vec<Position>) {
    let files = FaultyFiles::new(Path::new(ROOT), 1);
    let mut journal = open(&files, Expect::NOTHING).unwrap().journal;
    let mut ends = vec![Position::START];
    for number in 0..9_u8 {
        ends.push(journal.append(&[[number; 40], [number; 40]]).unwrap());
    }
    journal.close().unwrap();
    assert_eq!(segments(&files).len(), 3);
    (files, ends)
}

fn segments(files: &FaultyFiles) -> Vec<PathBuf> {
    let entries = files.list(&dir()).unwrap().into_iter();
    let names = entries.map(|entry| entry.name);
    names
        .filter(|name| name.ends_with(".log"))
        .map(|name| dir().join(name))
        .collect()
}

fn read_all(opened: &Opened) -> Vec<Vec<u8>> {
    let mut batches = opened.journal.reader().read(1, Check::Chain).unwrap();
    let mut found = Vec::new();
    while let Some(batch) = batches.next_batch().unwrap() {
        found.extend(batch.events().map(<[u8]>::to_vec));
    }
    found
}

/// Asserts that the journal opens with exactly the first batches, only for a caller that has seen no more, and goes on.
fn goes_on(files: &FaultyFiles, ends: &[Position], batches: usize) {
    let end = ends[batches];
    if let Some(later) = ends.get(batches + 1) {
        assert!(open(files, Expect::after(*later)).is_err());
    }
    let mut opened = open(files, Expect::after(end)).unwrap();
    assert_eq!((opened.end, &opened.torn), (end, &None));
    assert_eq!(read_all(&opened).len() as u64, end.sequence);
    opened.journal.append(&[b"after the repair"]).unwrap();
    assert!(verify(files, &dir(), Expect::NOTHING).unwrap().is_whole());
}

#[test]
fn a_truncated_journal_goes_on_and_what_was_cut_is_kept() {
    let (files, ends) = made();
    let whole: Vec<_> = segments(&files)
        .iter()
        .map(|path| files.bytes(path).unwrap())
        .collect();
    for (batches, end) in ends.iter().enumerate() {
        let files = files.fork(1);
        let done = repair(&files, &dir(), &Choice::TruncateAfter(end.sequence)).unwrap();
        assert_eq!(done.end, *end);
        let lost = (end.sequence < 18).then_some((end.sequence + 1, 18));
        assert_eq!(done.lost, lost, "{done}");
        assert_eq!(done.set_aside.is_some(), lost.is_some(), "{done}");
        let aside = done.set_aside.map(|folder| dir().join(folder));
        let kept: Vec<u8> = segments(&files)
            .into_iter()
            .chain(
                done.moved
                    .iter()
                    .rev()
                    .filter_map(|name| Some(aside.as_ref()?.join(name))),
            )
            .flat_map(|path| files.bytes(&path).unwrap())
            .collect();
        assert_eq!(
            kept.len() as u64,
            whole.iter().map(|one| one.len() as u64).sum::<u64>()
        );
        goes_on(&files, &ends, batches);
    }
}

#[test]
fn a_truncation_inside_a_batch_or_behind_damage_changes_nothing() {
    let (files, _) = made();
    let inside = repair(&files, &dir(), &Choice::TruncateAfter(9));
    let Err(RepairError::InsideBatch {
        before: 8, end: 10, ..
    }) = inside
    else {
        panic!("{inside:?}");
    };
    let path = segments(&files)[1].clone();
    files.alter(&path, |bytes| bytes[300] ^= 1);
    let before = files.operations();
    for sequence in [10, 18, u64::MAX] {
        let refused = repair(&files, &dir(), &Choice::TruncateAfter(sequence));
        assert!(matches!(refused, Err(RepairError::NotSound { sound: 8 })));
    }
    let refused = repair(&files, &dir(), &Choice::DropTail);
    assert!(matches!(
        refused,
        Err(RepairError::NotATail {
            sound: 8,
            end: 18,
            ..
        })
    ));
    assert_eq!(files.operations(), before);
    repair(&files, &dir(), &Choice::TruncateAfter(8)).unwrap();
}

#[test]
fn a_damaged_end_is_dropped_only_when_told() {
    let (whole, ends) = made();
    let last = segments(&whole)[2].clone();
    let flip: &dyn Fn(&mut Vec<u8>) = &|bytes| *bytes.last_mut().unwrap() ^= 1;
    let shorten: &dyn Fn(&mut Vec<u8>) = &|bytes| bytes.truncate(bytes.len() - 1);
    let lose: &dyn Fn(&mut Vec<u8>) = &|bytes| bytes.truncate(bytes.len() - 160);
    for change in [flip, shorten, lose] {
        let files = whole.fork(1);
        files.alter(&last, change);
        assert!(open(&files, Expect::NOTHING).is_err());
        let done = repair(&files, &dir(), &Choice::DropTail).unwrap();
        assert_eq!((done.end, done.lost), (ends[8], Some((17, 18))), "{done}");
        goes_on(&files, &ends[..9], 8);
    }
    let nothing = repair(&whole, &dir(), &Choice::DropTail);
    assert!(matches!(nothing, Err(RepairError::NothingToDrop)));
}

#[test]
fn a_foreign_file_is_set_aside_by_its_name() {
    let (files, ends) = made();
    files.create_new(&dir().join("notes.txt")).unwrap();
    let refused = repair(&files, &dir(), &Choice::SetAside("mark".into()));
    assert!(matches!(refused, Err(RepairError::NotForeign(_))));
    let done = repair(&files, &dir(), &Choice::SetAside("notes.txt".into())).unwrap();
    assert_eq!(
        (done.lost, done.moved),
        (None, vec!["notes.txt".to_owned()])
    );
    goes_on(&files, &ends, 9);
}

#[test]
fn a_repair_that_is_interrupted_can_be_asked_for_again() {
    let (whole, ends) = made();
    let choice = Choice::TruncateAfter(ends[2].sequence);
    let counted = whole.fork(1);
    let before = counted.operations();
    repair(&counted, &dir(), &choice).unwrap();
    for at in before..counted.operations() {
        for left in [Unsynced::Forgotten, Unsynced::Prefix, Unsynced::Kept] {
            let files = whole.fork(at);
            files.inject(Fault::PowerGoes(at));
            assert!(repair(&files, &dir(), &choice).is_err());
            files.power_cut(left);
            repair(&files, &dir(), &choice).unwrap();
            goes_on(&files, &ends, 2);
        }
    }
}
