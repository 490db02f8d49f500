//! kill -9 in the middle of commits: the head and the rows are always of the same commit, and none that was answered is
//! lost. `LOOKUP_KILLS` says how often, instead of the few of the short form.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod lookup_ground;

use lookup_ground::{Random, STORE, changes, child, head, read_through};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tekton_budget::store::lookup::{Change, Lookup, SledLookup};

/// Commits without end, and says each sequence that is answered.
#[test]
#[ignore = "a child of the other test"]
#[allow(clippy::infinite_loop)]
fn commit_for_ever() {
    let path = PathBuf::from(std::env::var_os(STORE).unwrap());
    let lookup = SledLookup::open(&path).unwrap();
    let mut sequence = read_through(&lookup).unwrap();
    loop {
        sequence += 1;
        lookup.commit(changes(sequence), &head(sequence)).unwrap();
        println!("\nanswered {sequence}");
    }
}

#[test]
fn a_kill_leaves_whole_commits() {
    let rounds = std::env::var("LOOKUP_KILLS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(6);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lookup");
    let mut random = Random(7);
    let mut last = 0;
    for round in 0..rounds {
        let mut child = child("commit_for_ever", &path);
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let answered = |line: &String| {
            line.strip_prefix("answered ")
                .map(|text| text.parse::<u64>().unwrap())
        };
        // After some of its commits, at some point of the next one.
        let mut seen = 0;
        for _ in 0..=random.below(20) {
            seen = lines
                .by_ref()
                .find_map(|line| answered(&line))
                .expect("it ended by itself");
        }
        std::thread::sleep(Duration::from_micros(random.below(3_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        seen = lines
            .filter_map(|line| answered(&line))
            .last()
            .unwrap_or(seen);
        let lookup = SledLookup::open(&path).unwrap();
        let found = read_through(&lookup).unwrap();
        assert!(
            found == seen || found == seen + 1,
            "round {round}: {seen} was answered, {found} is there"
        );
        assert!(found > last);
        last = found;
    }
    eprintln!("{rounds} kills, {last} commits");
}

/// Rows of a commit that goes in pieces: the same keys in each, with the sequence as their value.
fn many(sequence: u64) -> Vec<Change> {
    let value = sequence.to_be_bytes();
    let keys = (1..=9_000_u32).map(u32::to_be_bytes);
    keys.map(|key| (key.to_vec(), Some(value.to_vec())))
        .collect()
}

/// Finds all rows to be those of the head.
fn read_many(lookup: &dyn Lookup) -> u64 {
    let sequence = lookup.head().unwrap().map_or(0, |head| head.sequence);
    let mut count = 0;
    for row in lookup.scan(b"", b"\xff", false) {
        assert_eq!(row.unwrap().1, sequence.to_be_bytes(), "of {sequence}");
        count += 1;
    }
    assert_eq!(count, if sequence == 0 { 0 } else { 9_001 });
    sequence
}

#[test]
#[ignore = "a child of the other test"]
#[allow(clippy::infinite_loop)]
fn commit_many_for_ever() {
    let path = PathBuf::from(std::env::var_os(STORE).unwrap());
    let lookup = SledLookup::open(&path).unwrap();
    let mut sequence = read_many(&lookup);
    loop {
        sequence += 1;
        let last = vec![(vec![0xfe], Some(sequence.to_be_bytes().to_vec()))];
        lookup
            .commit_many(many(sequence), last, &head(sequence))
            .unwrap();
    }
}

/// Kills a child once it has begun a commit in pieces and gone on with it for a moment. The file of the commit, if it
/// was not over.
fn kill_among_pieces(path: &Path, moment: Duration) -> Option<Vec<u8>> {
    let redo = path.join("redo");
    let mut child = child("commit_many_for_ever", path);
    while !redo.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    fs::read(&redo).ok()
}

#[test]
fn a_kill_among_the_pieces_of_a_commit_loses_none_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lookup");
    let mut random = Random(11);
    let (mut last, mut files) = (0, Vec::new());
    for round in 0..6 {
        files.extend(kill_among_pieces(
            &path,
            Duration::from_millis(random.below(80)),
        ));
        let found = read_many(&SledLookup::open(&path).unwrap());
        assert!(found >= last, "round {round}: {found} after {last}");
        assert!(!path.join("redo").exists());
        last = found;
    }
    assert!(last > 0 && !files.is_empty(), "no commit was cut short");
    // The file of a commit that is over does nothing to those after it.
    let lookup = SledLookup::open(&path).unwrap();
    let row = (vec![0xfe], Some((last + 1).to_be_bytes().to_vec()));
    lookup
        .commit_many(many(last + 1), vec![row], &head(last + 1))
        .unwrap();
    drop(lookup);
    for file in files {
        fs::write(path.join("redo"), file).unwrap();
        assert_eq!(read_many(&SledLookup::open(&path).unwrap()), last + 1);
    }
}
