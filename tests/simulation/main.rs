//! The ledger with its stores, driven step by step in one thread out of a seed: faults, kills, damage, retries and clock steps,
//! with everything checked after each step.
//!
//! `TEKTON_BUDGET_SEEDS` runs more seeds, `TEKTON_BUDGET_SEED` one of them.

#[allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "shared by several test binaries, each of which uses a part"
)]
#[path = "../model/mod.rs"]
mod model;

#[allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test without an outside"
)]
mod callers;
#[allow(clippy::unwrap_used, reason = "a test")]
mod ids;
#[allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test without an outside"
)]
mod run;
#[allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test without an outside"
)]
mod stored;
#[allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test without an outside"
)]
mod truth;

use run::Run;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

const STEPS: usize = 24;
const SEEDS: u64 = 32;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_ledger_keeps_its_word_whatever_fails() {
    let seeds = match number("TEKTON_BUDGET_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TEKTON_BUDGET_SEEDS").unwrap_or(SEEDS),
    };
    let (mut seen, all) = (run::Tally::default(), seeds.end - seeds.start);
    for seed in seeds {
        let mut run = Run::new(seed);
        let done = catch_unwind(AssertUnwindSafe(|| (0..STEPS).for_each(|_| run.step())));
        if let Err(why) = done {
            eprintln!("failed: TEKTON_BUDGET_SEED={seed}, after {:?}", run.log());
            resume_unwind(why);
        }
        seen.add(run.tally());
    }
    eprintln!("{all} seeds: {seen:?}");
    if all >= SEEDS {
        assert!(seen.answered > 0 && seen.duplicates > 0 && seen.conflicts > 0);
        assert!(seen.unavailable > 0 && seen.restarts > 0 && seen.saved > 0 && seen.moved > 0);
        assert!(seen.sealed > 0 && seen.set_aside > seen.files_set_aside);
        assert!(seen.files_set_aside > 0);
        assert!(seen.faults.iter().all(|many| *many > 0), "each kind fails");
    }
}
