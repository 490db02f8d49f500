//! Open holds, and the counters that they hold of.

use super::{OpenAllocation, State};
use crate::core::alert::MeterKey;
use crate::core::allocation::Allocation;
use crate::core::id::{AllocationId, PolicyId};
use crate::core::tally::Tally;
use jiff::Timestamp;
use smallvec::SmallVec;
use std::sync::Arc;

/// The counters that an allocation holds of: policies, each with the session or task where it counts by those.
pub(super) type Meets = SmallVec<[(PolicyId, Option<Arc<str>>); 4]>;

impl OpenAllocation {
    fn holds_of(&self, policy: PolicyId, key: &MeterKey, now: Timestamp) -> bool {
        let own = self.meets.iter().find(|(own, _)| *own == policy);
        match (own, key) {
            (Some((_, None)), MeterKey::Window(window)) => window.end > now,
            (Some((_, Some(own))), MeterKey::Of(id)) => own == id,
            _ => false,
        }
    }
}

impl State {
    /// Whether an open allocation holds of a policy's counter, so that a posting to it may draw on the hold. It does
    /// not of a window that is over, nor of policies that its own context does not meet.
    pub(super) fn holds_of(
        &self,
        id: AllocationId,
        policy: PolicyId,
        key: &MeterKey,
        now: Timestamp,
    ) -> bool {
        let open = self.allocations.get(&id);
        open.is_some_and(|open| open.holds_of(policy, key, now))
    }

    /// What is held of a counter by allocations whose time has run out by now, and which nobody has ended yet: usually
    /// by none.
    pub(super) fn due_held(&self, policy: PolicyId, key: &MeterKey, now: Timestamp) -> Tally {
        let due = self.expiries.iter().take_while(|(due, _)| *due <= now);
        due.filter_map(|(_, id)| self.allocations.get(id))
            .filter(|open| open.holds_of(policy, key, now))
            .fold(Tally::ZERO, |sum, open| sum + open.allocation.remaining)
    }

    pub(super) fn open_hold(&mut self, allocation: Allocation) {
        let meets = self.meets(&allocation);
        self.hold(&meets, allocation.remaining);
        self.expiries.insert((allocation.expires, allocation.id));
        self.allocations
            .insert(allocation.id, OpenAllocation { allocation, meets });
    }

    /// Changes what an allocation holds by `more`, which may take away.
    pub(super) fn change_hold(&mut self, id: AllocationId, more: Tally) {
        let Some(open) = self.allocations.get_mut(&id) else {
            return;
        };
        open.allocation.remaining += more;
        let meets = open.meets.clone();
        self.hold(&meets, more);
    }

    pub(super) fn change_expiry(&mut self, id: AllocationId, expires: Timestamp) {
        let Some(open) = self.allocations.get_mut(&id) else {
            return;
        };
        self.expiries.remove(&(open.allocation.expires, id));
        open.allocation.expires = expires;
        self.expiries.insert((expires, id));
    }

    /// Ends a hold, and gives back the allocation with nothing left in it.
    pub(super) fn close_hold(&mut self, id: AllocationId) -> Option<Allocation> {
        let OpenAllocation {
            mut allocation,
            meets,
        } = self.allocations.remove(&id)?;
        self.hold(&meets, -allocation.remaining);
        self.expiries.remove(&(allocation.expires, id));
        allocation.remaining = Tally::ZERO;
        Some(allocation)
    }

    /// Finds anew what each open hold holds of, after budgets or policies have changed.
    pub(super) fn match_holds_anew(&mut self) {
        self.policies
            .values_mut()
            .for_each(super::PolicyState::forget_holds);
        let ids: Vec<_> = self.allocations.keys().copied().collect();
        for id in ids {
            let Some(open) = self.allocations.get(&id) else {
                continue;
            };
            let (meets, remaining) = (self.meets(&open.allocation), open.allocation.remaining);
            self.hold(&meets, remaining);
            if let Some(open) = self.allocations.get_mut(&id) {
                open.meets = meets;
            }
        }
    }

    fn meets(&self, allocation: &Allocation) -> Meets {
        let met = self.met(&allocation.model.facts(&allocation.context));
        met.into_iter()
            .filter_map(|id| self.policies.get(&id))
            .map(|state| (state.policy.id, state.key(&allocation.context)))
            .collect()
    }

    fn hold(&mut self, meets: &Meets, more: Tally) {
        for (policy, key) in meets {
            if let Some(state) = self.policies.get_mut(policy) {
                state.hold(key.as_ref(), more);
            }
        }
    }
}
