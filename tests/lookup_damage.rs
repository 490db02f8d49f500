//! Flipped bits and lost ends in every file of the lookup store: it is whole, or it is set aside; nothing else.
//!
//! Each damage is met by a process of its own, as sled's writers die with a process. `LOOKUP_ROUNDS` makes it as many
//! damages of each kind as one likes, instead of the few of the short form.

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
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, exit};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};
use tekton_budget::store::lookup::{Lookup, LookupError, SledLookup, open_or_set_aside};
use tempfile::TempDir;

/// The last commit of the store that is damaged.
const LAST: u64 = 160;
/// Far longer than a child takes: one that is still there hangs.
const WATCHDOG: Duration = Duration::from_mins(1);

const WHOLE: i32 = 40;
const BEHIND: i32 = 41;
const ASIDE: i32 = 42;
const ASIDE_LATE: i32 = 43;

/// Opens a damaged store and says by its exit code what became of it.
#[test]
#[ignore = "a child of the other tests"]
fn meet_damage() {
    let path = PathBuf::from(std::env::var_os(STORE).unwrap());
    let (lookup, aside) = open_or_set_aside(&path).unwrap();
    if aside.is_some() {
        goes_on(&lookup);
        exit(ASIDE);
    }
    match read_through(&lookup) {
        Ok(sequence) => {
            lookup
                .commit(changes(sequence + 1), &head(sequence + 1))
                .unwrap();
            drop(lookup);
            assert_eq!(
                read_through(&SledLookup::open(&path).unwrap()).unwrap(),
                sequence + 1
            );
            exit(if sequence == LAST { WHOLE } else { BEHIND });
        }
        Err(error) => {
            assert!(matches!(error, LookupError::Damaged(_)), "{error}");
            assert!(
                matches!(lookup.head(), Err(LookupError::Damaged(_))),
                "it went on after damage"
            );
            drop(lookup);
            let (lookup, aside) = open_or_set_aside(&path).unwrap();
            assert!(aside.is_some(), "opened again after damage: {error}");
            goes_on(&lookup);
            exit(ASIDE_LATE);
        }
    }
}

/// A new store in the place of a damaged one does what a store does.
fn goes_on(lookup: &SledLookup) {
    assert_eq!(read_through(lookup).unwrap(), 0);
    lookup.commit(changes(1), &head(1)).unwrap();
    assert_eq!(read_through(lookup).unwrap(), 1);
}

/// A store with a snapshot, and with a log after it or not.
fn make(dir: &Path, closed: bool) {
    let mut lookup = SledLookup::open(dir).unwrap();
    for sequence in 1..=LAST {
        lookup.commit(changes(sequence), &head(sequence)).unwrap();
        if sequence == LAST / 2 {
            lookup.close().unwrap();
            lookup = SledLookup::open(dir).unwrap();
        }
    }
    if closed {
        lookup.close().unwrap();
    }
}

/// A file of a store by its path in it, and its length.
fn files(dir: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for folder in ["", "blobs"] {
        for entry in fs::read_dir(dir.join(folder)).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                found.push((
                    Path::new(folder).join(entry.file_name()),
                    entry.metadata().unwrap().len(),
                ));
            }
        }
    }
    found.sort();
    found
}

fn copy(from: &Path) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("lookup");
    fs::create_dir_all(to.join("blobs")).unwrap();
    for (file, _) in files(from) {
        fs::copy(from.join(&file), to.join(&file)).unwrap();
    }
    (dir, to)
}

/// Waits for a child, no longer than the watchdog lets it. Its exit code, and what it said.
fn outcome(mut child: Child, what: &str) -> (i32, String) {
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > WATCHDOG {
            child.kill().unwrap();
            panic!("{what}: it hangs");
        }
        thread::sleep(Duration::from_millis(2));
    };
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.unwrap().read_to_string(&mut out).unwrap();
    child.stderr.unwrap().read_to_string(&mut err).unwrap();
    let own = out
        .lines()
        .filter(|line| !line.is_empty() && *line != "running 1 test")
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        own == "test meet_damage ..." || own == "test meet_damage ... ",
        "{what}: on stdout: {own:?}\n{err}"
    );
    (status.code().unwrap_or(-1), err)
}

/// Damages copies of two stores, each one after the other, and counts what became of them.
fn meet(
    rounds: u64,
    seed: u64,
    damage: impl Fn(&Path, &[(PathBuf, u64)], &mut Random) -> String + Sync,
) {
    let counts = Mutex::new([0; 4]);
    let meet = |closed: bool| {
        let mut random = Random(seed + u64::from(closed) * 1000);
        let original = tempfile::tempdir().unwrap();
        let original = original.path().join("lookup");
        make(&original, closed);
        let there = files(&original);
        for _ in 0..rounds / 2 {
            let (_dir, path) = copy(&original);
            let what = damage(&path, &there, &mut random);
            let (code, said) = outcome(child("meet_damage", &path), &what);
            assert!(
                (WHOLE..=ASIDE_LATE).contains(&code),
                "closed {closed}, {what}: exit code {code}\n{said}"
            );
            counts.lock().unwrap()[usize::try_from(code - WHOLE).unwrap()] += 1;
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| meet(false));
        scope.spawn(|| meet(true));
    });
    let counts = counts.into_inner().unwrap();
    eprintln!("whole, behind, set aside at the start, set aside later: {counts:?}");
    assert!(counts[2] > 0, "no damage was met");
}

fn rounds(short: u64) -> u64 {
    std::env::var("LOOKUP_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(short)
}

#[test]
fn a_flipped_bit_is_met() {
    meet(rounds(80), 1, |path, files, random| {
        let (file, length) = &files[usize::try_from(pick(files, random)).unwrap()];
        let (at, bit) = (random.below(*length), random.below(8));
        let mut bytes = fs::read(path.join(file)).unwrap();
        bytes[usize::try_from(at).unwrap()] ^= 1 << bit;
        fs::write(path.join(file), bytes).unwrap();
        format!("bit {bit} of byte {at} of {length} in {}", file.display())
    });
}

#[test]
fn a_lost_end_is_met() {
    meet(rounds(30), 2, |path, files, random| {
        let (file, length) = &files[usize::try_from(pick(files, random)).unwrap()];
        let left = if random.below(4) == 0 {
            0
        } else {
            random.below(*length)
        };
        fs::File::options()
            .write(true)
            .open(path.join(file))
            .unwrap()
            .set_len(left)
            .unwrap();
        format!("{} cut from {length} to {left}", file.display())
    });
}

#[test]
fn a_lost_file_is_met() {
    meet(rounds(20), 3, |path, files, random| {
        let (file, _) = &files[usize::try_from(pick(files, random)).unwrap()];
        fs::remove_file(path.join(file)).unwrap();
        format!("{} removed", file.display())
    });
}

/// One file: the log in half of the cases, as it is most of the bytes.
fn pick(files: &[(PathBuf, u64)], random: &mut Random) -> u64 {
    let log = files
        .iter()
        .position(|(file, _)| file == Path::new("db"))
        .unwrap();
    if random.below(2) == 0 {
        log as u64
    } else {
        random.below(files.len() as u64)
    }
}
