//! A ledger of every schema version of events is kept and must open: the state is what a separate model makes of the same
//! events, and what it comes to is written down beside it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test without an outside"
)]

#[allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "shared by several test binaries, each of which uses a part"
)]
mod model;

use jiff::Timestamp;
use model::Model;
use model::crowd::Crowd;
use model::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tekton_budget::core::alert::AlertCause;
use tekton_budget::core::codec;
use tekton_budget::core::event::{Event, Recorded};
use tekton_budget::core::quantity::Usd;
use tekton_budget::service::ledger::{StartError, start};
use tekton_budget::store::files::RealFiles;
use tekton_budget::store::journal::{Check, Expect, Journal};
use tekton_budget::store::lookup::memory::MemoryDisk;

/// A run of this seed comes across every kind of event.
const SEED: u64 = 7;
/// How many commands the kept run has.
const STEPS: usize = 1500;

fn kept(version: u16) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/ledger-v{version}"))
}

fn copy_of_kept(version: u16) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(kept(version)).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

fn append(dir: &Path, events: &[Vec<u8>]) {
    let opened = Journal::open(Arc::new(RealFiles), dir, Expect::NOTHING).unwrap();
    let mut journal = opened.journal;
    for batch in events.chunks(40) {
        journal.append(batch).unwrap();
    }
    journal.close().unwrap();
}

fn recorded(dir: &Path) -> Vec<Recorded> {
    let opened = Journal::open(Arc::new(RealFiles), dir, Expect::NOTHING).unwrap();
    let mut batches = opened.journal.reader().read(1, Check::Chain).unwrap();
    let mut events = Vec::new();
    while let Some(batch) = batches.next_batch().unwrap() {
        events.extend(batch.events().map(|bytes| codec::decode(bytes).unwrap()));
    }
    events
}

fn kinds<'a>(events: impl Iterator<Item = &'a Recorded>) -> BTreeMap<&'static str, u64> {
    let mut kinds = BTreeMap::new();
    for recorded in events {
        *kinds.entry(recorded.event.kind()).or_default() += 1;
    }
    kinds
}

/// What the recorded usages of each model cost.
fn costs(events: &[Recorded]) -> BTreeMap<String, Usd> {
    let mut costs: BTreeMap<String, Usd> = BTreeMap::new();
    for recorded in events {
        if let Event::UsageRecorded(recorded) = &recorded.event {
            let usage = &recorded.usage;
            *costs
                .entry(format!("{}/{}", usage.provider, usage.model))
                .or_default() += usage.cost.usd;
        }
    }
    costs
}

#[test]
fn the_ledger_kept_from_every_version_opens_and_means_the_same() {
    for version in 1..=codec::VERSION {
        opens_and_means_the_same(version);
    }
}

fn opens_and_means_the_same(version: u16) {
    let dir = copy_of_kept(version);
    let events = recorded(dir.path());
    insta::assert_json_snapshot!(format!("version_{version}_kinds"), kinds(events.iter()));
    insta::assert_json_snapshot!(format!("version_{version}_costs"), costs(&events));

    let now = events.last().unwrap().stamp.at;
    let store = Arc::new(MemoryDisk::default().open().unwrap());
    let started = start(Arc::new(RealFiles), dir.path(), store, now, &|_, _| {}).unwrap();
    let mut model = Model::default();
    for (sequence, recorded) in (1..).zip(&events) {
        model.take(sequence, recorded);
    }
    assert_eq!(started.replayed, u64::try_from(events.len()).unwrap());
    model.check(&started.shared.state(), now);
}

#[test]
fn an_event_of_a_newer_version_is_named_and_not_served() {
    let dir = copy_of_kept(1);
    let newer = [&9_u16.to_be_bytes()[..], b"what a later program wrote"].concat();
    append(dir.path(), &[newer]);
    let store = Arc::new(MemoryDisk::default().open().unwrap());
    let now = Timestamp::UNIX_EPOCH;
    let refused = start(Arc::new(RealFiles), dir.path(), store, now, &|_, _| {}).err();
    let Some(error @ StartError::Event { .. }) = refused else {
        panic!("it was served");
    };
    insta::assert_snapshot!("a_newer_event", error.to_string());
}

/// Keeps the ledger of the present version, once: `cargo test --test ledger_kept -- --ignored`.
#[test]
#[ignore = "writes what the other tests read"]
fn keep_the_present_version() {
    let dir = kept(codec::VERSION);
    assert!(!dir.exists(), "{} is kept already", dir.display());
    let mut world = World::new(SEED);
    for _ in 0..STEPS {
        world.step();
    }
    let mut crowd = Crowd::new(&mut world);
    crowd.record(&mut world);
    assert_eq!(crowd.of_others(&world).len(), 4);
    Crowd::record_unpriced(&mut world);
    let alerts = world.state.alerts();
    let of_others = alerts.filter(|alert| alert.cause == AlertCause::CostUnknownOfOthers);
    assert_eq!(of_others.count(), 1);
    let found = kinds(world.events());
    let every: BTreeSet<_> = EVERY_KIND.into_iter().collect();
    assert_eq!(found.keys().copied().collect::<BTreeSet<_>>(), every);
    fs::create_dir_all(&dir).unwrap();
    let events = world.events().map(|recorded| {
        let mut bytes = Vec::new();
        codec::encode(recorded, &mut bytes).unwrap();
        bytes
    });
    append(&dir, &events.collect::<Vec<_>>());
}

const EVERY_KIND: [&str; 21] = [
    "alert_acknowledged",
    "alert_raised",
    "alert_resolved",
    "allocation_ended",
    "allocation_extended",
    "allocation_made",
    "budget_archived",
    "budget_saved",
    "increase_requested",
    "increase_reviewed",
    "policy_removed",
    "policy_saved",
    "price_applied",
    "price_change_dropped",
    "price_held_back",
    "price_history_imported",
    "price_overridden",
    "price_reviewed",
    "source_reported",
    "usage_adjusted",
    "usage_recorded",
];
