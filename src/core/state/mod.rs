//! The ledger's state: what all events so far add up to.

mod apply;
mod changes;
mod corrections;
mod hold_index;
mod holds;
mod keyed_alerts;
mod meters;
mod model_part;
mod moved;
mod overriding;
mod overruns;
mod prices;
mod rows;
mod scope_index;
mod source_standing;
mod terms;

pub use changes::{Changes, RowKey};
pub use keyed_alerts::KeyedAlert;
pub use meters::{Meter, PolicyState, Raised};
pub use overriding::overriding_at;
pub use prices::{AppliedPrice, Declined, DeclinedPast, ImportedHistory, ModelPrices};
pub use rows::Row;
pub use source_standing::{Failing, SourceStanding};
pub use terms::Past;

use super::alert::{Alert, MeterKey};
use super::allocation::Allocation;
use super::budget::Budget;
use super::charge::{Amount, Facts};
use super::context::{Context, Priority};
use super::event::UsageAdjusted;
use super::id::{AlertId, AllocationId, BudgetId, ChangeId, IncreaseId, PolicyId, RecordId};
use super::increase::Increase;
use super::name::Name;
use super::price::Rates;
use super::scope::Scope;
use super::tally::Tally;
use super::usage::{Correction, Usage};
use super::verdict::{Finding, Outcome, Verdict, judge};
use hold_index::HoldIndex;
use holds::{Held, Meets};
use jiff::Timestamp;
use keyed_alerts::KeyedAlerts;
use overruns::OpenOverruns;
use prices::{ModelKey, PriceLog};
use rustc_hash::FxHashMap;
use scope_index::ScopeIndex;
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// What all events up to a sequence add up to.
#[derive(Clone, Debug, Default)]
pub struct State {
    sequence: u64,
    next_id: u64,
    budgets: BTreeMap<BudgetId, BudgetState>,
    names: FxHashMap<String, BudgetId>,
    /// The budgets right below each one, archived ones too.
    below: FxHashMap<BudgetId, BTreeSet<BudgetId>>,
    policies: FxHashMap<PolicyId, PolicyState>,
    index: ScopeIndex,
    allocations: FxHashMap<AllocationId, OpenAllocation>,
    hold_index: HoldIndex,
    expiries: BTreeSet<(Timestamp, AllocationId)>,
    alerts: BTreeMap<AlertId, Alert>,
    alert_ends: BTreeSet<(Timestamp, AlertId)>,
    policy_alerts: FxHashMap<PolicyId, BTreeSet<AlertId>>,
    unknown_costs: FxHashMap<ModelKey, AlertId>,
    open_overruns: OpenOverruns,
    keyed_alerts: KeyedAlerts,
    increases: BTreeMap<IncreaseId, Increase>,
    increase_ends: BTreeSet<(Timestamp, IncreaseId)>,
    overrides: BTreeMap<(String, String), Vec<PriceOverride>>,
    prices: BTreeMap<ModelKey, ModelPrices>,
    price_log: PriceLog,
    waiting_prices: BTreeMap<ChangeId, ModelKey>,
    price_alerts: FxHashMap<ChangeId, AlertId>,
    sources: BTreeMap<String, SourceStanding>,
    corrections: FxHashMap<RecordId, Correction>,
    moved_until: Option<Timestamp>,
    changes: Changes,
}

/// A budget with the ids of its policies, in the order in which they were made.
#[derive(Clone, Debug)]
pub struct BudgetState {
    /// The budget.
    pub budget: Budget,
    /// Its policies.
    pub policies: Vec<PolicyId>,
    held: Held,
}

/// A hold that has not ended, with the budgets that it holds of.
#[derive(Clone, Debug)]
struct OpenAllocation {
    allocation: Allocation,
    meets: Meets,
}

/// Counters of policies.
pub(super) type Counters = SmallVec<[(PolicyId, MeterKey); 8]>;

/// The prices that admins set for one model, in the order in which they were set.
pub type PriceOverrides = Vec<PriceOverride>;

/// A price that an admin set, or took away, from an instant on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PriceOverride {
    /// The sequence of its event, which is its version.
    pub version: u64,
    /// From when on.
    #[serde(with = "super::time")]
    pub effective_from: Timestamp,
    /// When it was set.
    #[serde(with = "super::time")]
    pub set_at: Timestamp,
    /// Who set it.
    pub actor: Name,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The rates; none takes the override away.
    pub rates: Option<Rates>,
}

impl State {
    /// The sequence of the last event in it.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The id that the next new budget or policy gets.
    pub const fn next_id(&self) -> u64 {
        self.next_id
    }

    /// A budget.
    pub fn budget(&self, id: BudgetId) -> Option<&BudgetState> {
        self.budgets.get(&id)
    }

    /// The active budget of that name.
    pub fn budget_named(&self, name: &str) -> Option<&BudgetState> {
        self.names.get(name).and_then(|id| self.budgets.get(id))
    }

    /// Every budget, archived ones too, by id.
    pub fn budgets(&self) -> impl Iterator<Item = &BudgetState> {
        self.budgets.values()
    }

    /// Those with later ids than one, in the order of their ids.
    pub fn budgets_after(&self, id: BudgetId) -> impl Iterator<Item = &BudgetState> {
        let after = (Bound::Excluded(id), Bound::Unbounded);
        self.budgets.range(after).map(|(_, own)| own)
    }

    /// The active budgets right below one.
    pub fn children(&self, parent: BudgetId) -> impl Iterator<Item = &BudgetState> {
        let below = self.below.get(&parent).into_iter().flatten();
        below
            .filter_map(|id| self.budgets.get(id))
            .filter(|child| !child.budget.archived)
    }

    /// How many levels of budgets there are below one, archived ones too.
    pub(super) fn height(&self, id: BudgetId) -> usize {
        let mut height = 0;
        let mut level: Vec<_> = self.below.get(&id).into_iter().flatten().collect();
        while !level.is_empty() {
            height += 1;
            let next = level.into_iter().filter_map(|id| self.below.get(id));
            level = next.flatten().collect();
        }
        height
    }

    /// A policy with its counters.
    pub fn policy(&self, id: PolicyId) -> Option<&PolicyState> {
        self.policies.get(&id)
    }

    /// How many policies there are.
    pub(super) fn policy_count(&self) -> usize {
        self.policies.len()
    }

    /// An allocation, as long as it holds, or has ended since the last checkpoint.
    pub fn allocation(&self, id: AllocationId) -> Option<&Allocation> {
        self.open_allocation(id)
            .or_else(|| self.changes.ended_allocation(id))
    }

    /// An allocation, as long as it holds.
    pub fn open_allocation(&self, id: AllocationId) -> Option<&Allocation> {
        self.allocations.get(&id).map(|open| &open.allocation)
    }

    /// Every allocation that holds, in no order.
    pub fn open_allocations(&self) -> impl Iterator<Item = &Allocation> {
        self.allocations.values().map(|open| &open.allocation)
    }

    /// Every alert that is not resolved, by id.
    pub fn alerts(&self) -> impl DoubleEndedIterator<Item = &Alert> {
        self.alerts.values()
    }

    /// An alert that is not resolved.
    pub fn alert(&self, id: AlertId) -> Option<&Alert> {
        self.alerts.get(&id)
    }

    /// The alerts about a policy that are not resolved, by id.
    pub fn alerts_about(&self, policy: PolicyId) -> impl Iterator<Item = &Alert> {
        let about = self.policy_alerts.get(&policy).into_iter().flatten();
        about.filter_map(|id| self.alerts.get(id))
    }

    /// How many alerts stand for models of unknown cost.
    pub fn unknown_costs(&self) -> usize {
        self.unknown_costs.len()
    }

    /// The standing alert of a model's unknown cost.
    pub fn unknown_cost(&self, provider: &str, model: &str) -> Option<AlertId> {
        let key = (provider.to_owned(), model.to_owned());
        self.unknown_costs.get(&key).copied()
    }

    /// Every standing alert of a model's unknown cost, in no order.
    pub fn all_unknown_costs(&self) -> impl Iterator<Item = (&(String, String), AlertId)> {
        let all = self.unknown_costs.iter();
        all.map(|(name, alert)| (name, *alert))
    }

    /// Every request for more that has no answer, by id.
    pub fn increases(&self) -> impl Iterator<Item = &Increase> {
        self.increases.values()
    }

    /// A request for more that has no answer.
    pub fn increase(&self, id: IncreaseId) -> Option<&Increase> {
        self.increases.get(&id)
    }

    /// Every model with prices that admins set.
    pub fn overrides(&self) -> impl Iterator<Item = (&str, &str, &[PriceOverride])> {
        self.overrides
            .iter()
            .map(|((provider, model), versions)| (&**provider, &**model, &**versions))
    }

    /// Whether something is due to end by an instant.
    pub fn is_due(&self, at: Timestamp) -> bool {
        self.next_due().is_some_and(|due| due <= at)
    }

    /// When the next thing is due to end.
    pub fn next_due(&self) -> Option<Timestamp> {
        let allocation = self.expiries.first().map(|(at, _)| *at);
        let alert = self.alert_ends.first().map(|(at, _)| *at);
        let increase = self.increase_ends.first().map(|(at, _)| *at);
        [allocation, alert, increase].into_iter().flatten().min()
    }

    /// The allocations whose time has run out by an instant, the earliest first.
    pub fn due_allocations(&self, at: Timestamp) -> impl Iterator<Item = &Allocation> {
        self.expiries
            .iter()
            .take_while(move |(due, _)| *due <= at)
            .filter_map(|(_, id)| self.open_allocation(*id))
    }

    /// The alerts whose window has ended by an instant, the earliest first.
    pub fn due_alerts(&self, at: Timestamp) -> impl Iterator<Item = AlertId> {
        self.alert_ends
            .iter()
            .take_while(move |(due, _)| *due <= at)
            .map(|(_, id)| *id)
    }

    /// The requests for more whose window has ended by an instant, the earliest first.
    pub fn due_increases(&self, at: Timestamp) -> impl Iterator<Item = &Increase> {
        self.increase_ends
            .iter()
            .take_while(move |(due, _)| *due <= at)
            .filter_map(|(_, id)| self.increase(*id))
    }

    /// The policies that a charge meets, whether they apply now or not: those of every active budget that covers it and
    /// of all that budget's ancestors, each once, by id.
    pub fn met(&self, facts: &Facts<'_>) -> SmallVec<[PolicyId; 8]> {
        self.covering(facts)
            .iter()
            .filter(|state| !state.budget.archived)
            .flat_map(|state| state.policies.iter().copied())
            .collect()
    }

    /// Whether a charge of this context, which may say more than is said here, can meet the policies of a budget: by the
    /// scope of the budget itself or of an active one below it.
    pub fn may_meet(&self, budget: BudgetId, context: &Context) -> bool {
        let mut open = vec![budget];
        while let Some(id) = open.pop() {
            let state = self.budgets.get(&id);
            let active = state.filter(|state| !state.budget.archived);
            if active.is_some_and(|state| state.budget.scope.admits(context)) {
                return true;
            }
            open.extend(self.below.get(&id).into_iter().flatten());
        }
        false
    }

    /// The counters that a charge falls into: of the policies that it meets and that apply then.
    pub(super) fn counters(&self, facts: &Facts<'_>, at: Timestamp) -> Counters {
        let met = self.met(facts);
        let policies = met.iter().filter_map(|id| self.policies.get(id));
        policies
            .filter(|state| state.policy.applies(at))
            .map(|state| (state.policy.id, state.meter_key(facts.context, at)))
            .collect()
    }

    /// The counters of the policies that counted a charge, as its event says; where it does not, of those that count it.
    pub(super) fn counted(
        &self,
        counted: Option<&[PolicyId]>,
        facts: &Facts<'_>,
        at: Timestamp,
    ) -> Counters {
        let Some(counted) = counted else {
            return self.counters(facts, at);
        };
        let policies = counted.iter().filter_map(|id| self.policies.get(id));
        policies
            .map(|state| (state.policy.id, state.meter_key(facts.context, at)))
            .collect()
    }

    /// The counters that a correction falls into: those that counted the record which it corrects, as far as they are
    /// counted still. What a counter never held it can't be given back.
    pub(super) fn corrected(&self, adjusted: &UsageAdjusted) -> Counters {
        let counted = adjusted.counted.as_deref();
        let mut counters = self.counted(counted, &adjusted.facts(), adjusted.occurred);
        if let Some(record) = adjusted.record {
            let counts = |id| self.policy(id).is_some_and(|state| state.counts(record));
            counters.retain(|(id, _)| counts(*id));
        }
        counters
    }

    /// The active budgets that cover a charge, and all above them, each once, by id.
    fn covering(&self, facts: &Facts<'_>) -> SmallVec<[&BudgetState; 8]> {
        let mut candidates = Meets::new();
        self.index.candidates(facts, &mut candidates);
        let mut found: SmallVec<[&BudgetState; 8]> = candidates
            .iter()
            .filter_map(|id| self.budgets.get(id))
            .filter(|state| state.budget.scope.covers(facts))
            .collect();
        let covering = found.len();
        for place in 0..covering {
            let mut above = found[place].budget.parent;
            while let Some(state) = above.and_then(|id| self.budgets.get(&id)) {
                found.push(state);
                above = state.budget.parent;
            }
        }
        found.sort_unstable_by_key(|state| state.budget.id);
        found.dedup_by_key(|state| state.budget.id);
        found
    }

    /// How many budgets are looked at to find those that cover a charge: what keeps decisions quick.
    #[doc(hidden)]
    pub fn looked_at(&self, facts: &Facts<'_>) -> usize {
        let mut found = Meets::new();
        self.index.candidates(facts, &mut found);
        found.len()
    }

    /// How many holds are looked at to find those that a scope covers: what keeps saving a budget quick.
    #[doc(hidden)]
    pub fn holds_looked_at(&self, scope: &Scope) -> usize {
        let found = self.hold_index.candidates(scope);
        found.map_or(self.allocations.len(), |found| found.len())
    }

    /// What the policies say of a charge at `at`, as things stand `now`.
    pub fn weigh(
        &self,
        facts: &Facts<'_>,
        asked: &Amount,
        at: Timestamp,
        now: Timestamp,
    ) -> Verdict {
        self.weigh_each(facts, at, now, |_, _| *asked)
    }

    /// What the policies say of a posting that took `taken` out of a hold: each is asked for what the hold does not
    /// cover of its counter.
    pub(super) fn weigh_posting(&self, usage: &Usage, taken: Tally, now: Timestamp) -> Verdict {
        let (whole, unheld) = (usage.tally(), (usage.tally() - taken).or_zero());
        self.weigh_each(&usage.facts(), usage.occurred, now, |policy, key| {
            let held = usage
                .allocation
                .is_some_and(|id| self.holds_of(id, policy, key, now));
            Amount::from(if held { unheld } else { whole })
        })
    }

    fn weigh_each(
        &self,
        facts: &Facts<'_>,
        at: Timestamp,
        now: Timestamp,
        asked: impl Fn(PolicyId, &MeterKey) -> Amount,
    ) -> Verdict {
        let critical = facts.context.priority == Some(Priority::CRITICAL);
        let met = self.met(facts);
        let policies = met
            .iter()
            .filter_map(|id| self.policies.get(id))
            .filter(|state| state.policy.applies(at));
        Verdict::of(
            policies
                .map(|state| {
                    let key = state.meter_key(facts.context, at);
                    let asked = asked(state.policy.id, &key);
                    self.finding(state, key, &asked, critical, now)
                })
                .collect(),
        )
    }

    /// When every policy that denied has a new window; none where one of them has no end, or would deny as much in an
    /// unused window: waiting does not help then.
    pub fn retry_at(&self, verdict: &Verdict, asked: &Amount) -> Option<Timestamp> {
        let helps = |finding: &Finding| {
            let policy = &self.policies.get(&finding.policy)?.policy;
            let (anew, _) = judge(policy, &policy.limits, Tally::ZERO, asked, false);
            finding.resets().filter(|_| anew != Outcome::Deny)
        };
        let mut latest = None;
        for refusal in verdict.refusals() {
            latest = latest.max(Some(helps(refusal)?));
        }
        latest
    }

    /// What a policy's counter stands at, with nothing asked.
    pub fn standing(&self, policy: PolicyId, key: MeterKey, now: Timestamp) -> Option<Finding> {
        let policy = self.policies.get(&policy);
        policy.map(|policy| self.standing_of(policy, key, now))
    }

    /// The same of a policy with counters that were recalled.
    pub fn standing_of(&self, policy: &PolicyState, key: MeterKey, now: Timestamp) -> Finding {
        let nothing = Amount {
            tokens: Some(0),
            requests: 0,
            cost: Some(super::quantity::Usd::ZERO),
        };
        self.finding(policy, key, &nothing, false, now)
    }

    fn finding(
        &self,
        state: &PolicyState,
        key: MeterKey,
        asked: &Amount,
        critical: bool,
        now: Timestamp,
    ) -> Finding {
        let (limits, posted) = (state.limits(&key), state.meter(&key).posted);
        let held = self.held(state, &key, now);
        let (outcome, cause) = judge(&state.policy, &limits, posted + held, asked, critical);
        Finding {
            budget: state.budget,
            policy: state.policy.id,
            enforcement: state.policy.enforcement,
            period: state.policy.period,
            meter: key,
            limits,
            posted,
            held,
            outcome,
            cause,
        }
    }
}
