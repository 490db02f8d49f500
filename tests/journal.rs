//! The journal on the machine's own file system.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test may stop, speak and use small numbers"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tekton_budget::store::files::RealFiles;
use tekton_budget::store::journal::{
    AppendError, Check, Expect, Journal, JournalReader, MAX_EVENT, MarkState, Opened, Options,
    Position, ReadError,
};

fn open(dir: &Path, expect: Expect, segment_bytes: u64) -> Opened {
    let options = Options { segment_bytes };
    Journal::open_with(Arc::new(RealFiles), &dir.join("journal"), expect, options).unwrap()
}

fn all(reader: &JournalReader, from: u64, check: Check) -> Vec<(u64, Vec<u8>)> {
    let mut batches = reader.read(from, check).unwrap();
    let mut found = Vec::new();
    while let Some(batch) = batches.next_batch().unwrap() {
        for (event, sequence) in batch.events().zip(batch.first()..) {
            found.push((sequence, event.to_vec()));
        }
    }
    found
}

fn event(sequence: u64) -> Vec<u8> {
    format!("event {sequence} {}", "x".repeat((sequence % 97) as usize)).into_bytes()
}

/// Appends batches of 1, 2, 3, … events up to `last`.
fn fill(journal: &mut Journal, last: u64) {
    let mut size = 1;
    while journal.end().sequence < last {
        let first = journal.end().sequence + 1;
        let events: Vec<_> = (first..first + size).map(event).collect();
        journal.append(&events).unwrap();
        size += 1;
    }
}

#[test]
fn what_was_appended_is_read_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let mut opened = open(dir.path(), Expect::NOTHING, 4096);
    assert_eq!(opened.end, Position::START);
    fill(&mut opened.journal, 500);
    let end = opened.journal.end();
    let expected: Vec<_> = (1..=end.sequence).map(|n| (n, event(n))).collect();
    assert_eq!(all(&opened.journal.reader(), 1, Check::Chain), expected);
    drop(opened);

    let mut opened = open(dir.path(), Expect::after(end), 4096);
    assert_eq!((opened.end, opened.torn), (end, None));
    assert_eq!(opened.mark, MarkState::Durable(end));
    fill(&mut opened.journal, 600);
    let end = opened.journal.end();
    let reader = opened.journal.reader();
    assert_eq!(reader.end(), end);
    for from in 1..=end.sequence + 1 {
        let expected: Vec<_> = (from..=end.sequence).map(|n| (n, event(n))).collect();
        assert_eq!(all(&reader, from, Check::Checksums), expected);
    }
    let scanned = opened.journal.scan_sealed().wait(Duration::from_mins(1));
    assert!(scanned.over && scanned.is_whole(), "{scanned:?}");
    assert!(scanned.segments > 5, "{scanned:?}");
    opened.journal.close().unwrap();
}

#[test]
fn single_events_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path(), Expect::NOTHING, 4096).journal;
    fill(&mut journal, 500);
    let reader = journal.reader();
    let end = reader.end().sequence;
    for sequence in (1..=end).rev() {
        assert_eq!(reader.read_event(sequence).unwrap(), event(sequence));
        let batch = reader.read_batch_of(sequence).unwrap();
        let batch = batch.as_batch();
        assert!(batch.first() <= sequence && sequence <= batch.end().sequence);
        assert_eq!(batch.len(), batch.events().count());
    }
    for outside in [0, end + 1, u64::MAX] {
        let missing = reader.read_event(outside);
        assert!(matches!(missing, Err(ReadError::NotThere { .. })));
    }
}

#[test]
fn a_reader_in_another_thread_sees_only_whole_batches() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path(), Expect::NOTHING, 4096).journal;
    let reader = journal.reader();
    let reading = std::thread::spawn(move || {
        while reader.end().sequence < 800 {
            let end = reader.end().sequence;
            let found = all(&reader, 1, Check::Chain);
            assert!(found.len() as u64 >= end);
            if end > 0 {
                assert_eq!(reader.read_event(end).unwrap(), event(end));
            }
        }
    });
    fill(&mut journal, 800);
    reading.join().unwrap();
}

#[test]
fn batches_beyond_the_limits_are_refused_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path(), Expect::NOTHING, 1 << 20).journal;
    let none: [&[u8]; 0] = [];
    assert!(matches!(journal.append(&none), Err(AppendError::Empty)));
    let large = vec![0; MAX_EVENT + 1];
    let refused = journal.append(&[b"".as_slice(), &large]);
    assert!(matches!(
        refused,
        Err(AppendError::EventTooLarge { index: 1, .. })
    ));
    let most = vec![0; MAX_EVENT];
    let refused = journal.append(&[&most[..]; 4]);
    assert!(matches!(refused, Err(AppendError::BatchTooLarge { .. })));
    assert_eq!(journal.end(), Position::START);
    journal.append(&[&most[..], b"", b"x"]).unwrap();
    journal.append(&[b"after"]).unwrap();
    let reader = journal.reader();
    assert_eq!(reader.read_event(1).unwrap(), most);
    assert_eq!(reader.read_event(2).unwrap(), b"");
    assert_eq!(reader.read_event(4).unwrap(), b"after");
    assert_eq!(all(&reader, 2, Check::Chain).len(), 3);
}
