//! What is durable, and what must be so because of it.

use super::model::Model;
use super::model::check::see;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use tekton_budget::core::codec;
use tekton_budget::core::decide::Entry;
use tekton_budget::core::event::{Event, Recorded};
use tekton_budget::core::name::Name;
use tekton_budget::core::quantity::Usd;
use tekton_budget::core::state::{RowKey, State};
use tekton_budget::service::ledger::Shared;
use tekton_budget::store::journal::{Check, JournalReader};

/// For how long a request id is surely known: the ledger says 31 days, and the simulated clock goes back at times.
pub const SURELY_KNOWN: SignedDuration = SignedDuration::from_hours(20 * 24);

/// All durable events with the lists that they make.
pub struct Truth {
    model: Model,
    state: State,
    requests: HashMap<Name, u64>,
    /// The latest that the clock has ever been.
    pub latest: Timestamp,
}

impl Truth {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            model: Model::default(),
            state: State::default(),
            requests: HashMap::new(),
            latest: Timestamp::UNIX_EPOCH,
        }
    }

    /// Reads on in the journal and holds each event against the lists.
    pub fn read_on(&mut self, journal: &JournalReader) {
        let from = self.model.events.len() as u64 + 1;
        let mut before: Option<Timestamp> = None;
        for entry in read(journal, from) {
            let at = entry.recorded.stamp.at;
            if let Some(before) = before.replace(at)
                && before != at
            {
                self.model.check_alerts(before);
            }
            self.latest = self.latest.max(at);
            self.note_request(&entry);
            self.state.apply(entry.sequence, &entry.recorded);
            self.model.take(entry.sequence, &entry.recorded);
        }
        if let Some(before) = before {
            self.model.check_alerts(before);
        }
    }

    fn note_request(&mut self, entry: &Entry) {
        let Some(request) = &entry.recorded.request else {
            return;
        };
        if let Some(first) = self.requests.insert(request.id.clone(), entry.sequence) {
            let first = self.event(first).unwrap();
            assert!(
                !self.surely_known(first),
                "recorded twice: {first:?} and {entry:?}"
            );
        }
    }

    /// Whether the request id of an event can't have been forgotten.
    pub fn surely_known(&self, event: &Recorded) -> bool {
        self.latest.duration_since(event.stamp.at) < SURELY_KNOWN
    }

    /// The durable event of a sequence.
    pub fn event(&self, sequence: u64) -> Option<&Recorded> {
        let place = usize::try_from(sequence).ok()?.checked_sub(1)?;
        self.model.events.get(place).map(|(_, recorded)| recorded)
    }

    /// How many events are durable.
    pub fn event_count(&self) -> u64 {
        self.model.events.len() as u64
    }

    /// The journal begins with all that was known to be durable.
    pub fn check_kept(&self, journal: &JournalReader) {
        let kept = read(journal, 1);
        assert!(kept.len() >= self.model.events.len(), "events were lost");
        for (kept, (sequence, recorded)) in kept.iter().zip(&self.model.events) {
            assert_eq!((&kept.sequence, &kept.recorded), (sequence, recorded));
        }
    }

    /// A view is what the durable events make, by replay and, where what is due has ended, by the lists.
    ///
    /// Says how many counters were moved out of it; nothing where they could not be read.
    pub fn check_view(&self, shared: &Shared, now: Timestamp, ended: bool) -> Option<u64> {
        let mut view = shared.state().clone();
        assert_eq!(view.sequence(), self.model.events.len() as u64);
        let moved = shared.moved(self.missing(&view)).ok()?;
        let many = moved.len() as u64;
        for (key, meter) in moved {
            view.recall(&key, meter);
        }
        assert_eq!(see(&view, now), see(&self.state, now), "view and replay");
        if ended {
            self.model.check(&view, now);
        }
        Some(many)
    }

    /// The counters that a view does not hold.
    fn missing(&self, view: &State) -> Vec<RowKey> {
        let mut missing = Vec::new();
        for id in self.state.budgets().flat_map(|own| &own.policies) {
            let (own, seen) = (self.state.policy(*id).unwrap(), view.policy(*id).unwrap());
            let seen: Vec<_> = seen.meters().map(|(key, _)| key).collect();
            let gone = own.meters().filter(|(key, _)| !seen.contains(key));
            missing.extend(gone.map(|(key, _)| RowKey::Meter(*id, key)));
        }
        missing
    }

    /// The sums of usage are those of the events; says whether they could be read.
    pub fn check_usage(&self, shared: &Shared) -> bool {
        let Ok(buckets) = shared.usage(i64::MIN, i64::MAX) else {
            return false;
        };
        let (mut records, mut cost) = (0, Usd::ZERO);
        for (_, recorded) in &self.model.events {
            match &recorded.event {
                Event::UsageRecorded(recorded) => {
                    records += 1;
                    cost += recorded.usage.cost.usd;
                }
                Event::UsageAdjusted(adjusted) => cost += adjusted.correction.cost,
                _ => {}
            }
        }
        let (mut found, mut summed) = (0, Usd::ZERO);
        for bucket in buckets {
            found += bucket.sums.records;
            summed += bucket.sums.cost;
        }
        assert_eq!((found, summed), (records, cost), "sums of usage");
        true
    }
}

fn read(journal: &JournalReader, from: u64) -> Vec<Entry> {
    let mut entries = Vec::new();
    if journal.end().sequence < from {
        return entries;
    }
    let mut batches = journal.read(from, Check::Checksums).unwrap();
    while let Some(batch) = batches.next_batch().unwrap() {
        for (sequence, bytes) in (batch.first()..).zip(batch.events()) {
            let recorded = codec::decode(bytes).unwrap();
            entries.push(Entry { sequence, recorded });
        }
    }
    entries
}
