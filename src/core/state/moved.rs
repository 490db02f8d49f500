//! Counters of windows that are long over: they are moved out of the state into a store, and are recalled when something
//! falls into them late.
//!
//! A counter may be moved once the window after its own is over too, which it may carry into, and no alert about it
//! stands. Whoever moves counters has to ask what is missing before an order is decided or an event is taken in.

use super::{Meter, PolicyState, RowKey, State};
use crate::core::alert::MeterKey;
use crate::core::charge::Facts;
use crate::core::command::Command;
use crate::core::event::{Event, UsageAdjusted};
use crate::core::id::PolicyId;
use crate::core::period::Window;
use jiff::{SignedDuration, Timestamp};

/// How long a window is over before its counter may be moved: most of what comes late comes before that.
const MOVED_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

impl State {
    /// Up to when windows may have been moved; no counter of a window that ends later is anywhere but here.
    pub const fn moved_until(&self) -> Option<Timestamp> {
        self.moved_until
    }

    /// Notes up to when windows may have been moved.
    pub fn set_moved_until(&mut self, until: Option<Timestamp>) {
        self.moved_until = self.moved_until.max(until);
    }

    /// Counters that may be moved by now, no more than `most`, and up to when their windows may have ended.
    pub fn movable(&self, now: Timestamp, most: usize) -> (Timestamp, Vec<(RowKey, Meter)>) {
        let until = now.checked_sub(MOVED_AFTER).unwrap_or(Timestamp::MIN);
        let stands = |meter: &Meter| {
            let mut raised = meter.raised.alerts();
            raised.any(|alert| self.alerts.contains_key(&alert))
        };
        let of = |id: PolicyId, policy: &PolicyState| {
            let own = policy.over(until).filter(|(_, meter)| !stands(meter));
            let row = |(window, meter)| (RowKey::Meter(id, MeterKey::Window(window)), meter);
            own.take(most).map(row).collect::<Vec<_>>()
        };
        let all = self.policies.iter();
        let found = all.flat_map(|(id, policy)| of(*id, policy));
        (until, found.take(most).collect())
    }

    /// Forgets counters that a store has, but for those that have changed since; says which it forgot.
    pub fn forget_moved(&mut self, moved: Vec<RowKey>) -> Vec<RowKey> {
        let mut forgotten = moved;
        forgotten.retain(|key| {
            let RowKey::Meter(policy, MeterKey::Window(window)) = key else {
                return false;
            };
            let policy = self.policies.get_mut(policy);
            !self.changes.has(key) && policy.is_some_and(|policy| policy.forget(window))
        });
        forgotten
    }

    /// Puts a counter back, as the store has it.
    pub fn recall(&mut self, key: &RowKey, meter: Meter) {
        if let RowKey::Meter(policy, own) = key
            && let Some(policy) = self.policies.get_mut(policy)
        {
            *policy.meter_mut(own) = meter;
        }
    }

    /// The counters that a command may need and that may have been moved.
    pub fn missing_for(&self, command: &Command, now: Timestamp) -> Vec<RowKey> {
        let Some(until) = self.moved_until else {
            return Vec::new();
        };
        let mut missing = Vec::new();
        match command {
            Command::Record(postings) => {
                for posting in postings {
                    let (facts, at) = (posting.usage.facts(), posting.usage.occurred);
                    self.missing_of_charge(&facts, at, until, &mut missing);
                }
            }
            Command::Adjust(adjusted) => {
                self.missing_of_correction(&adjusted.adjusted, until, &mut missing);
            }
            // Only where the clock was set back by days.
            Command::Allocate(wanted) => {
                let facts = wanted.model.facts(&wanted.context);
                self.missing_of_charge(&facts, now, until, &mut missing);
            }
            Command::Extend(wanted) => {
                if let Some(open) = self.open_allocation(wanted.allocation) {
                    let facts = open.model.facts(&open.context);
                    self.missing_of_charge(&facts, now, until, &mut missing);
                }
            }
            Command::ReviewIncrease { increase, .. } => {
                if let Some(asked) = self.increase(*increase) {
                    self.missing_about(asked.policy, &asked.meter, until, &mut missing);
                }
            }
            Command::SavePolicy(_, draft) => {
                self.missing_of_alerts(draft.id, until, &mut missing);
            }
            Command::SaveBudget(draft) => {
                let changed = draft.policies.iter().map(|policy| policy.id);
                changed.for_each(|id| self.missing_of_alerts(id, until, &mut missing));
            }
            _ => {}
        }
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// The counters that an event changes and that may have been moved.
    pub fn missing_of(&self, event: &Event) -> Vec<RowKey> {
        let Some(until) = self.moved_until else {
            return Vec::new();
        };
        let mut missing = Vec::new();
        match event {
            Event::UsageRecorded(recorded) => {
                let (facts, at) = (recorded.usage.facts(), recorded.usage.occurred);
                self.missing_of_charge(&facts, at, until, &mut missing);
            }
            Event::UsageAdjusted(adjusted) => {
                self.missing_of_correction(adjusted, until, &mut missing);
            }
            Event::AlertRaised { cause, .. } => {
                if let Some((policy, key)) = cause.meter() {
                    self.missing_about(policy, key, until, &mut missing);
                }
            }
            Event::IncreaseReviewed { increase, .. } => {
                if let Some(asked) = self.increase(*increase) {
                    self.missing_about(asked.policy, &asked.meter, until, &mut missing);
                }
            }
            _ => {}
        }
        missing
    }

    /// The counters that say how a policy stood at an instant and that may have been moved.
    pub fn missing_at(&self, policy: PolicyId, at: Timestamp) -> Vec<RowKey> {
        let mut missing = Vec::new();
        if let (Some(until), Some(state)) = (self.moved_until, self.policies.get(&policy))
            && at <= until
            && !state.policy.period.is_keyed()
        {
            let key = MeterKey::Window(state.window(at));
            self.missing_about(policy, &key, until, &mut missing);
        }
        missing
    }

    fn missing_of_charge(
        &self,
        facts: &Facts<'_>,
        at: Timestamp,
        until: Timestamp,
        missing: &mut Vec<RowKey>,
    ) {
        // A window that holds a later instant has not been moved, nor has the one that carries into it.
        if at > until {
            return;
        }
        for id in self.met(facts) {
            if let Some(policy) = self.policies.get(&id) {
                let key = policy.meter_key(facts.context, at);
                self.missing_about(id, &key, until, missing);
            }
        }
    }

    /// What the levels that stand of a policy are weighed by when it is saved.
    fn missing_of_alerts(
        &self,
        policy: Option<PolicyId>,
        until: Timestamp,
        missing: &mut Vec<RowKey>,
    ) {
        let about = policy.into_iter().flat_map(|id| self.alerts_about(id));
        for (policy, key) in about.filter_map(|alert| alert.cause.meter()) {
            self.missing_about(policy, key, until, missing);
        }
    }

    fn missing_of_correction(
        &self,
        adjusted: &UsageAdjusted,
        until: Timestamp,
        missing: &mut Vec<RowKey>,
    ) {
        if adjusted.occurred <= until {
            for (id, key) in self.corrected(adjusted) {
                self.missing_about(id, &key, until, missing);
            }
        }
    }

    /// A counter, the one that carries into it and the one that it carries into, as far as they may have been moved.
    fn missing_about(
        &self,
        id: PolicyId,
        key: &MeterKey,
        until: Timestamp,
        missing: &mut Vec<RowKey>,
    ) {
        let (Some(policy), MeterKey::Window(window)) = (self.policies.get(&id), key) else {
            return;
        };
        let about = [
            policy.window_before(window),
            Some(*window),
            policy.window_after(window),
        ];
        let may_be_moved =
            |window: &Window| window.end <= until && !policy.has_used(&MeterKey::Window(*window));
        let moved = about.into_iter().flatten().filter(may_be_moved);
        missing.extend(moved.map(|window| RowKey::Meter(id, MeterKey::Window(window))));
    }
}
