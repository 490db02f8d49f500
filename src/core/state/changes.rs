//! What has changed since the last checkpoint, so that a checkpoint writes only that.

use super::State;
use super::rows::Row;
use crate::core::alert::{Alert, MeterKey};
use crate::core::allocation::Allocation;
use crate::core::id::{AlertId, AllocationId, BudgetId, IncreaseId, PolicyId, RecordId};
use crate::core::increase::Increase;
use rustc_hash::{FxHashMap, FxHashSet};

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    /// A budget.
    Budget(BudgetId),
    /// A policy.
    Policy(PolicyId),
    /// A counter.
    Meter(PolicyId, MeterKey),
    /// An allocation.
    Allocation(AllocationId),
    /// An alert.
    Alert(AlertId),
    /// A request for more.
    Increase(IncreaseId),
    /// A model with prices that admins set.
    Override(String, String),
    /// A model with prices that sources made.
    Price(String, String),
    /// A source of prices.
    Source(String),
    /// What a record was corrected by.
    Correction(RecordId),
}

/// What has changed since the last checkpoint, and what has ended since then.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    untracked: bool,
    rows: FxHashSet<RowKey>,
    ended: Ended,
}

/// What has ended and is about to be known only to the store.
#[derive(Clone, Debug, Default)]
pub(super) struct Ended {
    pub(super) allocations: FxHashMap<AllocationId, Allocation>,
    pub(super) alerts: FxHashMap<AlertId, Alert>,
    pub(super) increases: FxHashMap<IncreaseId, Increase>,
}

impl Changes {
    pub(super) fn note(&mut self, key: RowKey) {
        if !self.untracked {
            self.rows.insert(key);
        }
    }

    pub(super) const fn are_tracked(&self) -> bool {
        !self.untracked
    }

    pub(super) fn has(&self, key: &RowKey) -> bool {
        self.rows.contains(key)
    }

    pub(super) fn end_allocation(&mut self, allocation: Allocation) {
        self.note(RowKey::Allocation(allocation.id));
        self.ended.allocations.insert(allocation.id, allocation);
    }

    pub(super) fn end_alert(&mut self, alert: Alert) {
        self.note(RowKey::Alert(alert.id));
        self.ended.alerts.insert(alert.id, alert);
    }

    pub(super) fn end_increase(&mut self, increase: Increase) {
        self.note(RowKey::Increase(increase.id));
        self.ended.increases.insert(increase.id, increase);
    }

    pub(super) fn ended_allocation(&self, id: AllocationId) -> Option<&Allocation> {
        self.ended.allocations.get(&id)
    }
}

impl State {
    /// The allocations that have ended since the last checkpoint.
    pub fn ended_allocations(&self) -> impl Iterator<Item = &Allocation> {
        self.changes.ended.allocations.values()
    }

    /// The alerts that were resolved since the last checkpoint.
    pub fn ended_alerts(&self) -> impl Iterator<Item = &Alert> {
        self.changes.ended.alerts.values()
    }

    /// The requests for more that were answered since the last checkpoint.
    pub fn ended_increases(&self) -> impl Iterator<Item = &Increase> {
        self.changes.ended.increases.values()
    }

    /// How many rows have changed since the last checkpoint.
    pub fn changed(&self) -> usize {
        self.changes.rows.len()
    }

    /// The rows that have changed since they were last taken, in order; none for one that is gone.
    pub fn take_changed_rows(&mut self) -> Vec<(RowKey, Option<Row>)> {
        let mut keys: Vec<_> = std::mem::take(&mut self.changes.rows).into_iter().collect();
        keys.sort_unstable();
        keys.into_iter()
            .map(|key| {
                let row = self.row(&key);
                (key, row)
            })
            .collect()
    }

    /// Forgets what has ended, once the store has it.
    pub fn forget_ended(&mut self, ended: &[RowKey]) {
        for key in ended {
            match key {
                RowKey::Allocation(id) => drop(self.changes.ended.allocations.remove(id)),
                RowKey::Alert(id) => drop(self.changes.ended.alerts.remove(id)),
                RowKey::Increase(id) => drop(self.changes.ended.increases.remove(id)),
                _ => {}
            }
        }
    }

    /// Notes no more which rows change: for a copy that makes no checkpoints.
    pub fn stop_tracking(&mut self) {
        self.changes.rows.clear();
        self.changes.untracked = true;
    }

    /// What ended since the last checkpoint, by key.
    pub fn ended_keys(&self) -> Vec<RowKey> {
        let ended = &self.changes.ended;
        let allocations = ended.allocations.keys().copied().map(RowKey::Allocation);
        let alerts = ended.alerts.keys().copied().map(RowKey::Alert);
        allocations
            .chain(alerts)
            .chain(ended.increases.keys().copied().map(RowKey::Increase))
            .collect()
    }

    pub(super) fn ended(&self) -> &Ended {
        &self.changes.ended
    }
}
