//! What the journal does when the file system fails, the process is killed or the power is cut.
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
    AppendError, Check, Expect, Journal, OpenError, Opened, Options, Position, verify,
};

const ROOT: &str = "/data";
const LEFT: [Unsynced; 4] = [
    Unsynced::Forgotten,
    Unsynced::Prefix,
    Unsynced::Sectors,
    Unsynced::Kept,
];

fn dir() -> PathBuf {
    Path::new(ROOT).join("journal")
}

fn disk(seed: u64) -> FaultyFiles {
    FaultyFiles::new(Path::new(ROOT), seed)
}

fn open(files: &FaultyFiles, expect: Expect) -> Result<Opened, OpenError> {
    let options = Options {
        segment_bytes: 2500,
    };
    Journal::open_with(Arc::new(files.clone()), &dir(), expect, options)
}

/// The n-th batch: sizes that end before, at and far behind a sector's edge, some with zeros by right.
fn batch(number: u64) -> Vec<Vec<u8>> {
    let length = [3, 400, 1300, 90][(number % 4) as usize];
    let fill = if number.is_multiple_of(3) {
        0
    } else {
        number as u8
    };
    let mut first = number.to_le_bytes().to_vec();
    first.resize(length, fill);
    let more = (0..number % 3).map(|extra| vec![extra as u8; 30]);
    std::iter::once(first).chain(more).collect()
}

/// The events of the first batches.
fn events(batches: u64) -> Vec<Vec<u8>> {
    (0..batches).flat_map(batch).collect()
}

fn read_all(opened: &Opened) -> Vec<Vec<u8>> {
    let mut batches = opened.journal.reader().read(1, Check::Chain).unwrap();
    let mut found = Vec::new();
    while let Some(batch) = batches.next_batch().unwrap() {
        found.extend(batch.events().map(<[u8]>::to_vec));
    }
    found
}

/// Opens and appends batches from `done` on until `goal` or a failure; gives the acknowledged number.
fn run(files: &FaultyFiles, expect: Expect, done: u64, goal: u64) -> (u64, Option<Position>) {
    let Ok(mut opened) = open(files, expect) else {
        return (done, None);
    };
    let mut end = opened.end;
    for number in done..goal {
        let Ok(position) = opened.journal.append(&batch(number)) else {
            let again = opened.journal.append(&batch(number));
            assert!(matches!(again, Err(AppendError::Stopped { .. })));
            return (number, Some(end));
        };
        end = position;
    }
    (goal, Some(end))
}

/// Opens after a crash, asserts that exactly the acknowledged batches are there, or one more as a whole, and says how many.
fn survives(files: &FaultyFiles, expect: Expect, acknowledged: u64, why: &str) -> u64 {
    let opened = match open(files, expect) {
        Ok(opened) => opened,
        Err(error) => {
            let report = verify(files, &dir(), expect);
            panic!("{why}: {error}\n{report:?}");
        }
    };
    let found = read_all(&opened);
    let batches = if found == events(acknowledged) {
        acknowledged
    } else {
        assert_eq!(found, events(acknowledged + 1), "{why}");
        acknowledged + 1
    };
    assert_eq!(opened.end.sequence, found.len() as u64);
    batches
}

const BATCHES: u64 = 14;

/// The operations that making a journal and appending all batches takes.
fn operations() -> u64 {
    let files = disk(1);
    let (done, _) = run(&files, Expect::NOTHING, 0, BATCHES);
    assert_eq!(done, BATCHES);
    files.operations()
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_acknowledged_and_needs_no_repair() {
    let mut more = 0;
    for at in 0..operations() {
        for left in LEFT {
            for seed in 0..6 {
                let why = format!("power cut at {at}, {left:?}, seed {seed}");
                let files = disk(seed);
                files.inject(Fault::PowerGoes(at));
                let (acknowledged, end) = run(&files, Expect::NOTHING, 0, BATCHES);
                files.power_cut(left);
                let expect = match end {
                    Some(end) if seed % 2 == 0 => Expect::after(end),
                    _ => Expect::NOTHING,
                };
                let there = survives(&files, expect, acknowledged, &why);
                more += there - acknowledged;
                let (acknowledged, _) = run(&files, expect, there, BATCHES + 3);
                assert_eq!(acknowledged, BATCHES + 3, "{why}");
                files.power_cut(Unsynced::Forgotten);
                let there = survives(&files, expect, acknowledged, &why);
                assert_eq!(there, acknowledged);
            }
        }
    }
    assert!(more > 0, "no unanswered batch was ever found whole");
}

#[test]
fn a_second_power_cut_while_the_first_is_recovered_from_needs_no_repair() {
    for at in (0..operations()).step_by(3) {
        for left in LEFT {
            for second in 0..14 {
                let why = format!("power cuts at {at} and {second} later, {left:?}");
                let files = disk(at ^ second);
                files.inject(Fault::PowerGoes(at));
                let (acknowledged, _) = run(&files, Expect::NOTHING, 0, BATCHES);
                files.power_cut(left);
                files.inject(Fault::PowerGoes(files.operations() + second));
                let opened = open(&files, Expect::NOTHING);
                let opened = opened.map(|opened| opened.end.sequence as usize);
                files.power_cut(left);
                let there = survives(&files, Expect::NOTHING, acknowledged, &why);
                if let Ok(served) = opened {
                    assert!(
                        events(there).len() >= served,
                        "{why}: a served event is gone"
                    );
                }
            }
        }
    }
}

#[test]
fn a_kill_and_then_a_power_cut_lose_nothing_that_was_served() {
    for at in 0..operations() {
        for seed in 0..4 {
            let why = format!("kill at {at}, seed {seed}");
            let files = disk(seed);
            files.inject(Fault::PowerGoes(at));
            let (acknowledged, _) = run(&files, Expect::NOTHING, 0, BATCHES);
            // What was written stays in memory, as after kill -9.
            files.power_cut(Unsynced::Kept);
            let there = survives(&files, Expect::NOTHING, acknowledged, &why);
            files.power_cut(LEFT[seed as usize]);
            let still = survives(&files, Expect::NOTHING, there, &why);
            assert_eq!(still, there, "{why}");
        }
    }
}

/// Runs with one fault until the journal stops; gives the disk and the acknowledged number.
fn with_fault(fault: Fault) -> (FaultyFiles, u64) {
    let files = disk(1);
    files.inject(fault);
    let (acknowledged, _) = run(&files, Expect::NOTHING, 0, BATCHES);
    files.heal();
    (files, acknowledged)
}

/// Asserts what must hold after a fault, the process being started again, with and without a power cut.
fn recovers(files: &FaultyFiles, acknowledged: u64, why: &str) {
    for left in LEFT {
        let later = files.fork(7);
        let there = survives(&later, Expect::NOTHING, acknowledged, why);
        let (done, _) = run(&later, Expect::NOTHING, there, BATCHES + 3);
        assert_eq!(done, BATCHES + 3, "{why}");
        later.power_cut(left);
        assert_eq!(survives(&later, Expect::NOTHING, done, why), done, "{why}");

        let cut = files.fork(7);
        cut.power_cut(left);
        survives(&cut, Expect::NOTHING, acknowledged, why);
    }
}

#[test]
fn failing_and_torn_writes_are_final_and_leave_nothing_half() {
    for write in 0..operations() {
        let (files, acknowledged) = with_fault(Fault::FailWrite(write));
        recovers(&files, acknowledged, &format!("write {write} fails"));
        for takes in [1, 40, 68, 120, 600, 1399, usize::MAX] {
            let (files, acknowledged) = with_fault(Fault::TornWrite { write, takes });
            recovers(
                &files,
                acknowledged,
                &format!("write {write} is torn after {takes}"),
            );
        }
    }
}

#[test]
fn a_short_write_is_gone_on_with() {
    for write in 0..operations() {
        for takes in [1, 68, 300] {
            let (files, acknowledged) = with_fault(Fault::ShortWrite { write, takes });
            assert_eq!(acknowledged, BATCHES);
            recovers(&files, BATCHES, &format!("write {write} takes {takes}"));
        }
    }
}

#[test]
fn a_failing_fdatasync_is_final_and_its_batch_is_never_built_upon_unsynced() {
    let mut failed = 0;
    for sync in 0..operations() {
        let (files, acknowledged) = with_fault(Fault::FailSync(sync));
        failed += u64::from(acknowledged < BATCHES);
        recovers(&files, acknowledged, &format!("sync {sync} fails"));
        let (files, acknowledged) = with_fault(Fault::FailDirSync(sync));
        recovers(
            &files,
            acknowledged,
            &format!("sync of the folder {sync} fails"),
        );
    }
    assert!(failed > BATCHES, "{failed}");
}

#[test]
fn a_full_disk_is_final_and_leaves_nothing_half() {
    let files = disk(1);
    run(&files, Expect::NOTHING, 0, BATCHES);
    let entries = files.list(&dir()).unwrap();
    let needed: u64 = entries.iter().map(|entry| entry.length).sum();
    for capacity in (0..needed).step_by(37) {
        let (files, acknowledged) = with_fault(Fault::Capacity(capacity));
        assert!(acknowledged < BATCHES);
        recovers(
            &files,
            acknowledged,
            &format!("the disk is full at {capacity}"),
        );
    }
}

#[test]
fn a_read_only_journal_is_not_opened_and_says_why() {
    let files = disk(1);
    files.inject(Fault::FailWrite(0));
    let Err(error) = open(&files, Expect::NOTHING) else {
        panic!("opened");
    };
    assert!(matches!(error, OpenError::Io(_)));
    assert!(
        error.to_string().contains("cannot write /data/journal"),
        "{error}"
    );
}
