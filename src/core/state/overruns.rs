//! The alerts of overruns that nobody has acknowledged: one for each spender of a counter, or for each allocation.

use super::State;
use crate::core::alert::{Alert, AlertCause, AlertStatus, MeterKey};
use crate::core::id::{AlertId, AllocationId, PolicyId};
use crate::core::name::Name;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// A spender of a counter, where it is known, and the alert about it.
type OfSpender = (Option<Name>, AlertId);

/// The open alerts of overruns.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenOverruns {
    of_counters: BTreeMap<(PolicyId, MeterKey), Vec<OfSpender>>,
    of_allocations: FxHashMap<AllocationId, AlertId>,
}

impl OpenOverruns {
    pub(super) fn insert(&mut self, alert: &Alert) {
        if alert.status != AlertStatus::Open {
            return;
        }
        match &alert.cause {
            AlertCause::PolicyOverrun {
                policy,
                meter,
                spender,
                ..
            } => {
                let counter = (*policy, meter.clone());
                let open = self.of_counters.entry(counter).or_default();
                open.push((spender.clone(), alert.id));
            }
            AlertCause::AllocationOverrun { allocation } => {
                self.of_allocations.insert(*allocation, alert.id);
            }
            _ => {}
        }
    }

    pub(super) fn remove(&mut self, alert: &Alert) {
        match &alert.cause {
            AlertCause::PolicyOverrun { policy, meter, .. } => {
                let counter = (*policy, meter.clone());
                if let Some(open) = self.of_counters.get_mut(&counter) {
                    open.retain(|(_, id)| *id != alert.id);
                    if open.is_empty() {
                        self.of_counters.remove(&counter);
                    }
                }
            }
            // A later one may have taken the place of one that was acknowledged.
            AlertCause::AllocationOverrun { allocation }
                if self.of_allocations.get(allocation) == Some(&alert.id) =>
            {
                self.of_allocations.remove(allocation);
            }
            _ => {}
        }
    }
}

impl State {
    /// How many alerts are open for overruns that no policy met.
    pub fn unbudgeted_overruns(&self) -> usize {
        self.open_overruns.of_allocations.len()
    }

    /// Whether an alert is open for an allocation's overrun that no policy met.
    pub fn has_unbudgeted_overrun(&self, allocation: AllocationId) -> bool {
        self.open_overruns.of_allocations.contains_key(&allocation)
    }

    /// The spenders of a counter whose overruns have an open alert; none for one that does not say whose it is.
    pub fn open_overruns(&self, policy: PolicyId, meter: &MeterKey) -> Vec<Option<&str>> {
        let counter = (policy, meter.clone());
        let open = self.open_overruns.of_counters.get(&counter);
        let open = open.into_iter().flatten();
        open.map(|(spender, _)| spender.as_deref()).collect()
    }
}
