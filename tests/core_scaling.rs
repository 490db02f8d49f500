//! Ten thousand budgets and fifty thousand holds: a decision looks at few of them, and time ends only what is due.
//! Looked-at budgets are counted, not seconds.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

#[allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "shared by several test binaries, each of which uses a part"
)]
mod model;

use jiff::{SignedDuration, Timestamp};
use model::Model;
use model::random::Random;
use tekton_budget::core::charge::{Amount, ModelRef};
use tekton_budget::core::command::{Allocate, Command, PolicyDraft, SaveBudget};
use tekton_budget::core::context::Context;
use tekton_budget::core::decide::{Decided, Done, Order, execute};
use tekton_budget::core::event::{Event, Stamp};
use tekton_budget::core::id::BudgetId;
use tekton_budget::core::name::Name;
use tekton_budget::core::period::Period;
use tekton_budget::core::policy::Limits;
use tekton_budget::core::price::ServiceTier;
use tekton_budget::core::quantity::Usd;
use tekton_budget::core::scope::{Scope, Values};
use tekton_budget::core::state::State;
use tekton_budget::core::tally::Tally;

const BUDGETS: u64 = 10_000;
const HOLDS: u64 = 50_000;
const CHARGES: u64 = 200;
/// The most budgets that a decision may look at: a handful for each dimension of a charge.
const LOOKED_AT_MOST: usize = 60;
/// The most holds that saving a budget with a scope may look at.
const HOLDS_LOOKED_AT_MOST: usize = 100;

fn one(value: String) -> Values {
    Values::new([value])
}

/// Scopes as organisations have them: by person, project, component and so on, many with a value that thousands share
/// beside one that is their own.
fn scope(number: u64) -> Scope {
    let own = |what: &str| one(format!("{what}-{number}"));
    let mut scope = Scope::default();
    match number % 8 {
        0 => scope.user = own("user"),
        1 => scope.project = own("project"),
        2 => scope.component = own("component"),
        3 => scope.task_type = own("task"),
        4 => scope.model = one(models(number)),
        5 => {
            scope.tags.insert("env".into(), one("production".into()));
            scope.project = own("project");
        }
        6 => {
            scope.tags.insert("env".into(), one("production".into()));
            scope.tags.insert("team".into(), own("team"));
            scope.provider = one("openai".into());
        }
        _ => {
            scope.project = one("moon".into());
            scope.user = own("user");
            scope.component = one("rhetor".into());
        }
    }
    scope
}

/// Patterns with a wildcard at the end, at the beginning, at both, and with little that is fixed before it.
fn models(number: u64) -> String {
    match number / 8 % 4 {
        0 => format!("model-{number}-*"),
        1 => format!("*-{number}-mini"),
        2 => format!("*-{number}-*"),
        _ => format!("m*-{number}-m?n*"),
    }
}

fn charge(random: &mut Random) -> (ModelRef, Context) {
    let mut some = |what: &str| Some(Name::from(format!("{what}-{}", random.below(BUDGETS))));
    let (user, project, component) = (some("user"), some("project"), some("component"));
    let (task_type, team, name) = (some("task"), some("team").unwrap(), some("model"));
    let mut context = Context {
        user,
        project,
        component,
        task_type,
        ..Context::default()
    };
    context.tags.insert("env".into(), "production".into());
    context.tags.insert("team".into(), team);
    if random.chance(30) {
        context.project = Some("moon".into());
        context.component = Some("rhetor".into());
    }
    let model = ModelRef {
        provider: Some("openai".into()),
        model: name.map(|name| format!("{name}-mini").into()),
        tier: None,
        release: None,
        named: None,
    };
    (model, context)
}

fn give(state: &mut State, at: Timestamp, command: Command) -> Decided {
    let order = Order {
        stamp: Stamp::of_time(at),
        request: None,
        command,
    };
    execute(state, order)
}

fn budgets(state: &mut State, model: &mut Model, at: Timestamp) {
    let limits = Limits {
        cost: Usd::parse("1000").ok(),
        ..Limits::default()
    };
    let policy = PolicyDraft {
        period: Some(Period::Monthly),
        limits,
        ..PolicyDraft::default()
    };
    for number in 0..BUDGETS {
        let parent = (number % 10 == 9).then_some(Some(BudgetId(1)));
        let draft = SaveBudget {
            name: Some(format!("budget {number}")),
            scope: Some(scope(number)),
            parent,
            policies: vec![policy.clone()],
            ..SaveBudget::default()
        };
        let decided = give(state, at, Command::SaveBudget(Box::new(draft)));
        assert!(decided.result.is_ok());
        let Event::BudgetSaved {
            budget, policies, ..
        } = &decided.entries[0].recorded.event
        else {
            panic!("{decided:?}");
        };
        model.budgets.push(budget.clone());
        let policies = policies.iter().cloned();
        model
            .policies
            .extend(policies.map(|policy| (budget.id, policy)));
    }
}

/// Saving a budget looks at the holds that it covers and few others, and finds them all.
fn check_saving(state: &mut State, model: &mut Model, at: Timestamp) {
    for number in 0..CHARGES {
        let scope = scope(number);
        let covered = state
            .open_allocations()
            .filter(|hold| model::scope::covers(&scope, &hold.model.facts(&hold.context)))
            .count();
        let looked_at = state.holds_looked_at(&scope);
        assert!(looked_at >= covered);
        assert!(
            looked_at <= HOLDS_LOOKED_AT_MOST,
            "{looked_at} for {scope:?}"
        );
    }
    let moved = SaveBudget {
        id: Some(model.budgets[1].id),
        scope: Some(scope(10)),
        ..SaveBudget::default()
    };
    let decided = give(state, at, Command::SaveBudget(Box::new(moved)));
    let Event::BudgetSaved { budget, .. } = &decided.entries[0].recorded.event else {
        panic!("{decided:?}");
    };
    model.budgets[1] = budget.clone();
    let policy = model.policies[1].1.id;
    let holds = state.open_allocations();
    let held: Tally = holds
        .filter(|hold| {
            let met = state.met(&hold.model.facts(&hold.context));
            met.contains(&policy)
        })
        .fold(Tally::ZERO, |sum, hold| sum + hold.remaining);
    let own = state.policy(policy).unwrap();
    let key = own.meter_key(&Context::default(), at);
    assert_eq!(state.held(own, &key, at), held);
    assert!(!held.is_zero());
}

#[test]
fn a_decision_looks_at_few_budgets_and_time_ends_only_what_is_due() {
    let at: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let (mut state, mut model, mut random) = (State::default(), Model::default(), Random::new(1));
    budgets(&mut state, &mut model, at);
    for _ in 0..CHARGES {
        let (model_ref, context) = charge(&mut random);
        let facts = model_ref.facts(&context);
        let looked_at = state.looked_at(&facts);
        assert!(looked_at <= LOOKED_AT_MOST, "{looked_at} for {facts:?}");
        assert_eq!(state.met(&facts).to_vec(), model.met(&facts));
    }
    let amount = Amount {
        tokens: Some(1),
        requests: 1,
        cost: Usd::parse("0.01").ok(),
    };
    for number in 0..HOLDS {
        let (model, context) = charge(&mut random);
        let ttl = SignedDuration::from_secs(3600 + i64::try_from(number).unwrap());
        let wanted = Allocate {
            model,
            service_tier: ServiceTier::Standard,
            context,
            amount,
            estimated: false,
            ttl,
        };
        let decided = give(&mut state, at, Command::Allocate(wanted));
        assert!(matches!(decided.result, Ok(Done::Events(_))));
    }
    check_saving(&mut state, &mut model, at);
    let _ = state.take_changed_rows();
    let due = SignedDuration::from_secs(3600 + 9);
    let decided = give(&mut state, at + due, Command::Tick);
    assert_eq!(decided.entries.len(), 10);
    assert_eq!(state.changed(), 10, "nothing but what was due has changed");
    assert_eq!(state.open_allocations().count() as u64, HOLDS - 10);
    let held: Tally = state
        .open_allocations()
        .filter(|hold| {
            state
                .met(&hold.model.facts(&hold.context))
                .contains(&model.policies[0].1.id)
        })
        .fold(Tally::ZERO, |sum, hold| sum + hold.remaining);
    let first = state.policy(model.policies[0].1.id).unwrap();
    let key = first.meter_key(&Context::default(), at + due);
    assert_eq!(state.held(first, &key, at + due), held);
}
