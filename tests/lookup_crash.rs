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
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;
use tekton_budget::store::lookup::{Lookup, SledLookup};

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
