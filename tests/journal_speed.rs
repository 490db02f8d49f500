//! How fast the journal is, beside a bare write and fdatasync on the same disk. Run by hand:
//! `cargo test --release --test journal_speed -- --ignored --nocapture`
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "a measurement speaks"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tekton_budget::store::files::{Files, RealFiles};
use tekton_budget::store::journal::{Check, Expect, Journal, JournalReader};

const EVENT: [u8; 200] = [b'e'; 200];
const SINGLE: usize = 4000;
const MANY: usize = 4000;

fn rate(name: &str, events: usize, mut took: Vec<Duration>) {
    let all: Duration = took.iter().sum();
    took.sort();
    let p99 = took[took.len() * 99 / 100];
    let per_second = events as f64 / all.as_secs_f64();
    eprintln!("{name:<44} {per_second:>12.0} events/s   p99 {p99:?}");
}

fn timed(times: usize, mut act: impl FnMut()) -> Vec<Duration> {
    (0..times)
        .map(|_| {
            let begun = Instant::now();
            act();
            begun.elapsed()
        })
        .collect()
}

fn bare(dir: &Path, bytes: usize, times: usize, name: &str) {
    let file = RealFiles.create_new(&dir.join(name)).unwrap();
    let block = vec![b'e'; bytes];
    let mut at = 0;
    let took = timed(times, || {
        file.write_all_at(at, &block).unwrap();
        file.sync_data().unwrap();
        at += bytes as u64;
    });
    rate(name, times * (bytes / EVENT.len()), took);
}

fn read(name: &str, reader: &JournalReader, check: Check) {
    let begun = Instant::now();
    let mut batches = reader.read(1, check).unwrap();
    let (mut events, mut bytes) = (0, 0);
    while let Some(batch) = batches.next_batch().unwrap() {
        for event in batch.events() {
            events += 1;
            bytes += event.len();
        }
    }
    let took = begun.elapsed();
    assert_eq!(bytes, events * EVENT.len());
    rate(name, events, vec![took]);
}

#[test]
#[ignore = "a measurement"]
fn how_fast() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let dir = scratch.path();
    let expect = Expect::NOTHING;
    let open = |name: &str| Journal::open(Arc::new(RealFiles), &dir.join(name), expect).unwrap();
    for round in 1..=2 {
        bare(dir, 200, SINGLE, &format!("bare 200 bytes, round {round}"));
        let mut journal = open(&format!("single-{round}")).journal;
        let took = timed(SINGLE, || {
            journal.append(&[EVENT]).unwrap();
        });
        rate("journal, 1 event a batch", SINGLE, took);
    }
    bare(dir, 200 * 256, MANY, "bare 256 × 200 bytes");
    let events = vec![EVENT; 256];
    let mut journal = open("many").journal;
    let took = timed(MANY, || {
        journal.append(&events).unwrap();
    });
    rate("journal, 256 events a batch", MANY * 256, took);
    read(
        "read, checksums, 256 a batch",
        &journal.reader(),
        Check::Checksums,
    );
    read("read, chain, 256 a batch", &journal.reader(), Check::Chain);
    let begun = Instant::now();
    let scanned = journal.scan_sealed().wait(Duration::from_mins(1));
    assert!(scanned.is_whole());
    eprintln!(
        "scan of {} sealed segments {:?}",
        scanned.segments,
        begun.elapsed()
    );

    // A journal of small batches, as single callers make it, written without waiting for the disk.
    let small = Arc::new(tekton_budget::store::files::faulty::FaultyFiles::new(
        dir, 1,
    ));
    let mut journal = Journal::open(small, &dir.join("small"), expect)
        .unwrap()
        .journal;
    for _ in 0..200_000 {
        journal.append(&[EVENT]).unwrap();
    }
    read(
        "read, checksums, 1 a batch (memory)",
        &journal.reader(),
        Check::Checksums,
    );
    read(
        "read, chain, 1 a batch (memory)",
        &journal.reader(),
        Check::Chain,
    );
    let reader = journal.reader();
    let mut sequence = 150_000;
    let took = timed(10_000, || {
        sequence += 1;
        assert_eq!(reader.read_event(sequence).unwrap().len(), 200);
    });
    rate("lookup of one event (memory)", 10_000, took);

    let begun = Instant::now();
    let opened = open("many");
    eprintln!(
        "open of {} events {:?}",
        opened.end.sequence,
        begun.elapsed()
    );
}
