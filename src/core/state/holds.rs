//! Open holds, and the budgets that they hold of.

use super::{OpenAllocation, PolicyState, State};
use crate::core::alert::MeterKey;
use crate::core::allocation::Allocation;
use crate::core::charge::Facts;
use crate::core::context::Context;
use crate::core::id::{AllocationId, BudgetId, PolicyId};
use crate::core::period::Period;
use crate::core::tally::Tally;
use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::sync::Arc;

/// The budgets that an allocation holds of: the active ones that cover it, and all above them.
pub(super) type Meets = SmallVec<[BudgetId; 4]>;

/// What is held of a budget, whatever its policies are: in all, by which holds, and by session and task where a policy
/// counts by those.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    whole: Tally,
    by: FxHashSet<AllocationId>,
    sessions: Option<ByKey>,
    tasks: Option<ByKey>,
}

type ByKey = FxHashMap<Arc<str>, Tally>;

impl Held {
    fn begin(&mut self, hold: &Allocation) {
        self.by.insert(hold.id);
        self.add(&hold.context, hold.remaining);
    }

    fn end(&mut self, hold: &Allocation) {
        self.by.remove(&hold.id);
        self.add(&hold.context, -hold.remaining);
    }

    fn add(&mut self, context: &Context, more: Tally) {
        self.whole += more;
        for (held, id) in [
            (&mut self.sessions, &context.session_id),
            (&mut self.tasks, &context.task_id),
        ] {
            if let Some(held) = held {
                add_to(held, id.as_deref().unwrap_or_default(), more);
            }
        }
    }

    fn keyed(&self, period: Period) -> Option<&ByKey> {
        match period {
            Period::PerSession => self.sessions.as_ref(),
            Period::PerTask => self.tasks.as_ref(),
            _ => None,
        }
    }
}

fn add_to(held: &mut ByKey, id: &str, more: Tally) {
    let Some(known) = held.get_mut(id) else {
        if !more.is_zero() {
            held.insert(id.into(), more);
        }
        return;
    };
    *known += more;
    if known.is_zero() {
        held.remove(id);
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
        let state = self.policies.get(&policy);
        open.zip(state).is_some_and(|(open, state)| {
            self.is_active(state.budget) && open.holds_of(state, key, now)
        })
    }

    /// Whether a budget is there and not archived.
    pub(in crate::core) fn is_active(&self, budget: BudgetId) -> bool {
        let state = self.budgets.get(&budget);
        state.is_some_and(|state| !state.budget.archived)
    }

    /// What is held of a counter: open holds count in whichever window is now, so that what they post later fits too.
    pub fn held(&self, policy: &PolicyState, key: &MeterKey, now: Timestamp) -> Tally {
        let budget = self.budgets.get(&policy.budget);
        let Some(budget) = budget.filter(|state| !state.budget.archived) else {
            return Tally::ZERO;
        };
        let held = match key {
            MeterKey::Window(_) if policy.policy.period.is_keyed() || key.is_over(now) => {
                return Tally::ZERO;
            }
            MeterKey::Window(_) => budget.held.whole,
            MeterKey::Of(id) => {
                let held = budget.held.keyed(policy.policy.period);
                let held = held.and_then(|held| held.get(id));
                held.copied().unwrap_or_default()
            }
        };
        held - self.due_held(policy, key, now)
    }

    /// What is held of a counter by allocations whose time has run out by now, and which nobody has ended yet: usually
    /// by none.
    fn due_held(&self, policy: &PolicyState, key: &MeterKey, now: Timestamp) -> Tally {
        let due = self.expiries.iter().take_while(|(due, _)| *due <= now);
        due.filter_map(|(_, id)| self.allocations.get(id))
            .filter(|open| open.holds_of(policy, key, now))
            .fold(Tally::ZERO, |sum, open| sum + open.allocation.remaining)
    }

    /// The sessions or tasks of a policy that have used or hold something.
    pub fn used_keys<'a>(&'a self, policy: &'a PolicyState) -> impl Iterator<Item = MeterKey> {
        let budget = self.budgets.get(&policy.budget);
        let held = budget.and_then(|state| state.held.keyed(policy.policy.period));
        let holding = held.into_iter().flat_map(FxHashMap::keys);
        let holding = holding.map(|id| MeterKey::Of(Arc::clone(id)));
        let used = policy.used_keys();
        used.chain(holding.filter(|key| !policy.has_used(key)))
    }

    fn meets(&self, facts: &Facts<'_>) -> Meets {
        let covering = self.covering(facts);
        covering.iter().map(|state| state.budget.id).collect()
    }

    pub(super) fn open_hold(&mut self, allocation: Allocation) {
        let facts = allocation.model.facts(&allocation.context);
        let meets = self.meets(&facts);
        self.hold_index.insert(allocation.id, &facts);
        for budget in &meets {
            if let Some(state) = self.budgets.get_mut(budget) {
                state.held.begin(&allocation);
            }
        }
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
        for budget in &open.meets {
            if let Some(state) = self.budgets.get_mut(budget) {
                state.held.add(&open.allocation.context, more);
            }
        }
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
        let facts = allocation.model.facts(&allocation.context);
        self.hold_index.remove(id, &facts);
        for budget in meets {
            if let Some(state) = self.budgets.get_mut(&budget) {
                state.held.end(&allocation);
            }
        }
        self.expiries.remove(&(allocation.expires, id));
        allocation.remaining = Tally::ZERO;
        Some(allocation)
    }

    /// Finds anew what those open holds hold of that a budget covers, or covered before its scope or its place changed.
    pub(super) fn match_holds_of(&mut self, budget: BudgetId) {
        let Some(state) = self.budgets.get(&budget) else {
            return;
        };
        let mut concerned: Vec<_> = state.held.by.iter().copied().collect();
        if !state.budget.archived {
            let scope = &state.budget.scope;
            let candidates = self.hold_index.candidates(scope);
            let candidates =
                candidates.unwrap_or_else(|| self.allocations.keys().copied().collect());
            let covered = candidates.into_iter().filter(|id| {
                let own = self.open_allocation(*id);
                own.is_some_and(|own| scope.covers(&own.model.facts(&own.context)))
            });
            concerned.extend(covered);
        }
        concerned.sort_unstable();
        concerned.dedup();
        for id in concerned {
            self.match_hold(id);
        }
    }

    fn match_hold(&mut self, id: AllocationId) {
        let Some(open) = self.allocations.get(&id) else {
            return;
        };
        let own = &open.allocation;
        let meets = self.meets(&own.model.facts(&own.context));
        let Some(open) = self.allocations.get_mut(&id) else {
            return;
        };
        let before = std::mem::replace(&mut open.meets, meets);
        for budget in before.iter().filter(|own| !open.meets.contains(own)) {
            if let Some(state) = self.budgets.get_mut(budget) {
                state.held.end(&open.allocation);
            }
        }
        for budget in open.meets.iter().filter(|own| !before.contains(own)) {
            if let Some(state) = self.budgets.get_mut(budget) {
                state.held.begin(&open.allocation);
            }
        }
    }

    /// Begins or ends to add up by session and task what is held of a budget, as its policies need it.
    pub(super) fn key_holds_of(&mut self, budget: BudgetId) {
        let Some(state) = self.budgets.get(&budget) else {
            return;
        };
        let policies = state.policies.iter();
        let periods: SmallVec<[Period; 8]> = policies
            .filter_map(|id| Some(self.policies.get(id)?.policy.period))
            .collect();
        let held = &state.held;
        let (sessions, tasks) = (
            periods.contains(&Period::PerSession),
            periods.contains(&Period::PerTask),
        );
        if (held.sessions.is_some(), held.tasks.is_some()) == (sessions, tasks) {
            return;
        }
        let mut anew = Held {
            sessions: sessions.then(ByKey::default),
            tasks: tasks.then(ByKey::default),
            ..Held::default()
        };
        let own = held.by.iter().filter_map(|id| self.open_allocation(*id));
        own.for_each(|open| anew.begin(open));
        if let Some(state) = self.budgets.get_mut(&budget) {
            state.held = anew;
        }
    }
}

impl OpenAllocation {
    fn holds_of(&self, policy: &PolicyState, key: &MeterKey, now: Timestamp) -> bool {
        self.meets.contains(&policy.budget)
            && match (policy.key(&self.allocation.context), key) {
                (None, MeterKey::Window(window)) => window.end > now,
                (Some(own), MeterKey::Of(id)) => own == *id,
                _ => false,
            }
    }
}
