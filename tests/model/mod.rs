//! The ledger's meaning once more and as simply as can be: lists, walked from end to end for every question.
//!
//! Written from what the ledger is to mean and not from how it does it, so that the two can be held against each other.
//! It takes events in and says what must be so; it decides nothing.

pub mod account;
pub mod alerts;
pub mod calendar;
pub mod check;
pub mod crowd;
pub mod generator;
pub mod prices;
pub mod random;
pub mod scope;
pub mod sum;
pub mod verdict;
pub mod vocabulary;
pub mod world;

use jiff::Timestamp;
use std::cell::RefCell;
use std::collections::HashMap;
use sum::Sum;
use tekton_budget::core::alert::{AlertCause, MeterKey};
use tekton_budget::core::budget::Budget;
use tekton_budget::core::charge::ModelRef;
use tekton_budget::core::context::Context;
use tekton_budget::core::event::Recorded;
use tekton_budget::core::id::{AlertId, AllocationId, BudgetId, IncreaseId, PolicyId};
use tekton_budget::core::name::Name;
use tekton_budget::core::period::{Period, WeekStart, Window};
use tekton_budget::core::policy::Policy;

/// One posting, with the counters that it fell into when it was made.
#[derive(Clone, Debug)]
pub struct Charge {
    /// The event.
    pub event: u64,
    /// The counters.
    pub counters: Vec<(PolicyId, MeterKey)>,
    /// What it added.
    pub sum: Sum,
}

/// One hold.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Its id.
    pub id: AllocationId,
    /// The model that it is for.
    pub model: ModelRef,
    /// Who and what it is for.
    pub context: Context,
    /// Everything that it was given.
    pub granted: Sum,
    /// Everything that postings took from it.
    pub drawn: Sum,
    /// Everything that was posted to it.
    pub posted: Sum,
    /// When its time runs out.
    pub expires: Timestamp,
    /// Whether it holds.
    pub open: bool,
}

impl Hold {
    /// What it holds still.
    pub fn remaining(&self) -> Sum {
        self.granted - self.drawn
    }
}

/// One alert that stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its id.
    pub id: AlertId,
    /// What it is about.
    pub cause: AlertCause,
    /// When it was raised.
    pub raised: Timestamp,
    /// When it resolves by itself.
    pub ends: Timestamp,
    /// Whether somebody has acknowledged it.
    pub seen: bool,
}

/// One request for more that waits.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its id.
    pub id: IncreaseId,
    /// The counter.
    pub counter: (PolicyId, MeterKey),
    /// How much more.
    pub amount: Sum,
}

type Clock = (Period, String, WeekStart, Timestamp);

/// All events, and the lists that they make.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Every event.
    pub events: Vec<(u64, Recorded)>,
    /// Every budget, archived ones too.
    pub budgets: Vec<Budget>,
    /// Every policy that was not removed, as they were made.
    pub policies: Vec<(BudgetId, Policy)>,
    /// Every policy as it was saved each time, with when; the clock may have gone back, the order of saving did not.
    pub saved: Vec<(Timestamp, Policy)>,
    /// The event with which each policy began to count by the windows that it has.
    pub counted_since: HashMap<PolicyId, (u64, Timestamp)>,
    /// Every posting and correction.
    pub charges: Vec<Charge>,
    /// Every hold.
    pub holds: Vec<Hold>,
    /// Every grant.
    pub grants: Vec<((PolicyId, MeterKey), Sum)>,
    /// The requests that wait.
    pub wanted: Vec<Wanted>,
    /// The alerts that stand.
    pub alerts: Vec<Standing>,
    /// What there is of prices.
    pub prices: prices::Prices,
    /// What windows that were over have raised, and raise no more.
    pub over: Vec<AlertCause>,
    /// What the present command has to answer for.
    pub step: alerts::Step,
    windows: RefCell<HashMap<Clock, Option<Window>>>,
}

impl Model {
    /// A policy with its budget.
    pub fn policy(&self, id: PolicyId) -> Option<&(BudgetId, Policy)> {
        self.policies.iter().find(|(_, policy)| policy.id == id)
    }

    /// A budget.
    pub fn budget(&self, id: BudgetId) -> Option<&Budget> {
        self.budgets.iter().find(|budget| budget.id == id)
    }

    /// The window of a policy that holds an instant. The walk is remembered, as it depends on nothing else.
    pub fn window(&self, policy: &Policy, at: Timestamp) -> Option<Window> {
        let clock = (
            policy.period,
            policy.time_zone.clone(),
            policy.week_start,
            at,
        );
        *self
            .windows
            .borrow_mut()
            .entry(clock)
            .or_insert_with(|| calendar::window(policy, at))
    }

    /// Whether a counter is one of the period that a policy has now.
    pub fn is_own(&self, policy: &Policy, key: &MeterKey) -> bool {
        match (key, policy.period) {
            (MeterKey::Of(_), Period::PerSession | Period::PerTask) => true,
            (MeterKey::Of(_), _) | (_, Period::PerSession | Period::PerTask) => false,
            (MeterKey::Window(window), _) => self.window(policy, window.start) == Some(*window),
        }
    }

    /// The counter of a policy that a charge falls into.
    pub fn key(&self, policy: &Policy, context: &Context, at: Timestamp) -> MeterKey {
        let of = |id: &Option<Name>| MeterKey::Of(id.clone().unwrap_or_default().into());
        match policy.period {
            Period::PerSession => of(&context.session_id),
            Period::PerTask => of(&context.task_id),
            _ => MeterKey::Window(self.window(policy, at).unwrap()),
        }
    }
}

/// How many cases a property test runs: `TEKTON_BUDGET_CASES`, or this many.
pub fn cases(usual: u32) -> u32 {
    std::env::var("TEKTON_BUDGET_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(usual)
}
