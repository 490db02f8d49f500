//! Holds a state against the lists, and one state against another.

use super::Model;
use super::verdict::decimals;
use jiff::Timestamp;
use std::collections::BTreeMap;
use tekton_budget::core::alert::{Alert, MeterKey};
use tekton_budget::core::allocation::Allocation;
use tekton_budget::core::budget::Budget;
use tekton_budget::core::id::PolicyId;
use tekton_budget::core::increase::Increase;
use tekton_budget::core::period::Window;
use tekton_budget::core::policy::{Limits, Policy};
use tekton_budget::core::state::{Meter, State};
use tekton_budget::core::tally::Tally;

/// Everything of a state that can be seen from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    numbers: (u64, u64, u64, usize),
    due: Option<Timestamp>,
    budgets: Vec<(Budget, Vec<PolicyId>)>,
    named: Vec<Option<u64>>,
    policies: BTreeMap<PolicyId, SeenPolicy>,
    allocations: BTreeMap<u64, Allocation>,
    due_allocations: Vec<u64>,
    due_alerts: Vec<u64>,
    alerts: Vec<Alert>,
    increases: Vec<Increase>,
    overrides: String,
    prices: String,
}

#[derive(Clone, Debug, PartialEq)]
struct SeenPolicy {
    policy: Policy,
    window: Window,
    meters: BTreeMap<MeterKey, (Meter, Tally, Tally, Limits)>,
}

/// Looks at everything.
pub fn see(state: &State, now: Timestamp) -> Seen {
    let budgets: Vec<_> = state
        .budgets()
        .map(|own| (own.budget.clone(), own.policies.clone()))
        .collect();
    let named = budgets
        .iter()
        .map(|(budget, _)| state.budget_named(&budget.name).map(|own| own.budget.id.0));
    let policies = budgets.iter().flat_map(|(_, policies)| policies);
    Seen {
        numbers: (
            state.sequence(),
            state.next_id(),
            state.prices_set(),
            state.unbudgeted_overruns(),
        ),
        due: state.next_due(),
        named: named.collect(),
        policies: policies
            .map(|id| (*id, see_policy(state, *id, now)))
            .collect(),
        allocations: state
            .open_allocations()
            .map(|own| (own.id.0, own.clone()))
            .collect(),
        due_allocations: state
            .due_allocations(Timestamp::MAX)
            .map(|own| own.id.0)
            .collect(),
        due_alerts: state.due_alerts(Timestamp::MAX).map(|own| own.0).collect(),
        alerts: state.alerts().cloned().collect(),
        increases: state.increases().cloned().collect(),
        overrides: format!("{:?}", state.overrides().collect::<Vec<_>>()),
        prices: see_prices(state),
        budgets,
    }
}

fn see_prices(state: &State) -> String {
    let set: Vec<_> = state
        .prices_set_after(0)
        .map(|(provider, model)| (provider, model, state.prices(provider, model)))
        .collect();
    let waiting: Vec<_> = state
        .waiting_prices()
        .map(|open| (open, state.price_alert(open.id)))
        .collect();
    let sources: Vec<_> = state.sources().collect();
    format!("{set:?} {waiting:?} {sources:?}")
}

fn see_policy(state: &State, id: PolicyId, now: Timestamp) -> SeenPolicy {
    let own = state.policy(id).unwrap();
    let meters = own.meters().map(|(key, meter)| {
        let (held, carried, limits) = (
            state.held(own, &key, now),
            own.carried(&key),
            own.limits(&key),
        );
        (key, (*meter, held, carried, limits))
    });
    SeenPolicy {
        policy: own.policy.clone(),
        window: own.window(now),
        // A counter that is empty is none.
        meters: meters
            .filter(|(_, (meter, ..))| *meter != Meter::default())
            .collect(),
    }
}

impl Model {
    /// Holds every counter, allocation, alert and request of a state against the lists.
    pub fn check(&self, state: &State, now: Timestamp) {
        assert_eq!(state.sequence(), self.events.len() as u64);
        let budgets: Vec<_> = state.budgets().map(|own| own.budget.clone()).collect();
        let mut ours = self.budgets.clone();
        ours.sort_by_key(|budget| budget.id);
        assert_eq!(budgets, ours);
        for (budget, policy) in &self.policies {
            let own = state.policy(policy.id).unwrap();
            assert_eq!((own.budget, &own.policy), (*budget, policy));
            self.check_counters(state, policy, now);
        }
        self.check_open(state, now);
        let standing: Vec<_> = state
            .alerts()
            .map(|alert| (alert.id, &alert.cause))
            .collect();
        let ours: Vec<_> = self.alerts.iter().map(|own| (own.id, &own.cause)).collect();
        assert_eq!(standing, ours);
        let waiting: Vec<_> = state.increases().map(|own| own.id).collect();
        let ours: Vec<_> = self.wanted.iter().map(|want| want.id).collect();
        assert_eq!(waiting, ours);
        self.check_prices(state);
    }

    fn check_counters(&self, state: &State, policy: &Policy, now: Timestamp) {
        let own = state.policy(policy.id).unwrap();
        let mut keys = self.counters_of(policy.id);
        for (key, meter) in own.meters() {
            assert!(
                keys.contains(&key) || *meter == Meter::default(),
                "a counter that nothing fell into: {key:?}"
            );
        }
        if let Some(window) = self.window(policy, now) {
            assert_eq!(own.window(now), window, "the window of {policy:?} at {now}");
            keys.push(MeterKey::Window(window));
        } else {
            let holds = self.holds.iter().filter(|hold| hold.open);
            keys.extend(holds.map(|hold| self.key(policy, &hold.context, now)));
        }
        for key in keys {
            let id = policy.id;
            let place = || format!("{id} {key:?} of {policy:?}");
            let meter = own.meter(&key);
            assert_eq!(meter.posted, self.posted(id, &key).tally(), "{}", place());
            assert_eq!(meter.granted, self.granted(id, &key).tally(), "{}", place());
            assert_eq!(
                state.held(own, &key, now),
                self.held(id, &key, now).tally(),
                "{}",
                place()
            );
            assert_eq!(
                own.carried(&key),
                self.carried(id, &key).tally(),
                "{}",
                place()
            );
            assert_eq!(
                decimals(&own.limits(&key)),
                self.limits(id, &key),
                "{}",
                place()
            );
        }
    }

    fn check_open(&self, state: &State, now: Timestamp) {
        let open: Vec<_> = self.holds.iter().filter(|hold| hold.open).collect();
        assert_eq!(state.open_allocations().count(), open.len());
        for hold in open {
            let own = state.open_allocation(hold.id).unwrap();
            assert!(hold.expires > now, "{} holds past its time", hold.id);
            assert_eq!(own.expires, hold.expires);
            assert_eq!(own.granted, hold.granted.tally());
            assert_eq!(own.posted, hold.posted.tally());
            assert_eq!(own.remaining, hold.remaining().tally());
            assert_eq!(hold.remaining(), hold.remaining().not_below_zero());
        }
    }
}
