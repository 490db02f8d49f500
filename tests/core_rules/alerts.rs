//! What is alerted, how often, and what ends by itself.

use crate::ledger::{Ledger, cost, daily, of, usd};
use tekton_budget::core::alert::{AlertCause, Level};
use tekton_budget::core::command::{Command, PolicyDraft, SaveBudget};
use tekton_budget::core::context::Context;
use tekton_budget::core::period::Period;

#[test]
fn a_late_usage_raises_the_levels_of_the_window_that_it_leaves_less_to() {
    let mut ledger = Ledger::new();
    let policy = PolicyDraft {
        rollover: Some(tekton_budget::core::policy::Rollover::Unused),
        ..daily("1")
    };
    let (_, policy) = ledger.budget("apollo", policy);
    let late = ledger.usage("apollo", "1");
    ledger.later(24);
    let usage = ledger.usage("apollo", "0.9");
    ledger.record(usage);
    assert_eq!(ledger.levels(policy), []);
    ledger.record(late);
    let (yesterday, today) = ([Level::Warning, Level::Action], [Level::Warning]);
    assert_eq!(ledger.levels(policy), [&yesterday[..], &today].concat());
}

#[test]
fn a_budget_that_comes_back_has_its_levels_again_and_nobody_asks_for_more_in_between() {
    let mut ledger = Ledger::new();
    let (budget, policy) = ledger.budget("apollo", daily("1"));
    let usage = ledger.usage("apollo", "0.96");
    ledger.record(usage);
    ledger.give(Command::ArchiveBudget(budget)).result.unwrap();
    assert_eq!(ledger.levels(policy), []);
    let wanted = tekton_budget::core::command::RequestIncrease {
        policy,
        context: Context::default(),
        fixed: Context::default(),
        amount: tekton_budget::core::tally::Tally {
            cost: usd("1"),
            ..Default::default()
        },
    };
    let refusal = ledger.give(Command::RequestIncrease(wanted)).result;
    assert_eq!(refusal.unwrap_err().details["field"], "policy_id");
    let back = SaveBudget {
        id: Some(budget),
        ..SaveBudget::default()
    };
    ledger.save(back).result.unwrap();
    assert_eq!(ledger.levels(policy), [Level::Warning, Level::Action]);
}

#[test]
fn a_late_usage_is_alerted_once_for_each_level_of_its_window() {
    let mut ledger = Ledger::new();
    let (_, policy) = ledger.budget("apollo", daily("1"));
    let late = ledger.usage("apollo", "0.96");
    ledger.later(24);
    let usage = ledger.usage("apollo", "0.85");
    ledger.record(usage);
    assert_eq!(ledger.levels(policy), [Level::Warning]);
    ledger.record(late.clone());
    let both = [Level::Warning, Level::Warning, Level::Action];
    assert_eq!(ledger.levels(policy), both, "of both days");
    let overruns = |ledger: &Ledger| {
        let overrun = |alert: &&tekton_budget::core::alert::Alert| {
            matches!(alert.cause, AlertCause::PolicyOverrun { .. })
        };
        ledger.state.alerts().filter(overrun).count()
    };
    assert!(ledger.record(late.clone()).overrun);
    assert_eq!(overruns(&ledger), 1);
    assert_eq!(ledger.levels(policy).len(), 4);
    ledger.later(24);
    ledger.give(Command::Tick).result.unwrap();
    let yesterdays = [Level::Warning, Level::Action, Level::Exceeded];
    assert_eq!(ledger.levels(policy), yesterdays, "they stand for a while");
    ledger.later(30 * 24);
    ledger.give(Command::Tick).result.unwrap();
    assert_eq!(ledger.state.alerts().count(), 0);
    assert!(ledger.record(late).overrun);
    assert_eq!(ledger.state.alerts().count(), 0, "it was alerted once");
}

#[test]
fn a_level_of_a_counter_without_end_stands_as_long_as_it_holds() {
    let mut ledger = Ledger::new();
    let of_period = |period| PolicyDraft {
        period: Some(period),
        ..daily("1")
    };
    let (budget, total) = ledger.budget("apollo", of_period(Period::Total));
    let (_, session) = ledger.budget("apollo", of_period(Period::PerSession));
    let usage = ledger.usage("apollo", "0.85");
    ledger.record(usage);
    ledger.later(31 * 24);
    ledger.give(Command::Tick).result.unwrap();
    assert_eq!(ledger.levels(total), [Level::Warning]);
    assert_eq!(ledger.levels(session), [Level::Warning]);
    let usage = ledger.usage("apollo", "0.01");
    ledger.record(usage);
    assert_eq!(ledger.state.alerts().count(), 2, "each level once");
    let more = PolicyDraft {
        id: Some(total),
        limits: cost("2"),
        ..PolicyDraft::default()
    };
    ledger.change(budget, more).result.unwrap();
    assert_eq!(ledger.levels(total), []);
}

#[test]
fn a_request_for_more_ends_with_its_window() {
    let mut ledger = Ledger::new();
    let (budget, policy) = ledger.budget("apollo", daily("1"));
    let ask = |ledger: &mut Ledger| {
        let wanted = tekton_budget::core::command::RequestIncrease {
            policy,
            context: of("apollo"),
            fixed: Context::default(),
            amount: tekton_budget::core::tally::Tally {
                cost: usd("1"),
                ..Default::default()
            },
        };
        ledger
            .give(Command::RequestIncrease(wanted))
            .result
            .unwrap();
        ledger.state.increases().next().unwrap().id
    };
    let grant = |increase| Command::ReviewIncrease {
        increase,
        grant: true,
    };
    let increase = ask(&mut ledger);
    assert_eq!(
        ledger.state.next_due(),
        Some("2026-11-25T00:00:00Z".parse().unwrap())
    );
    ledger.later(24);
    let refusal = ledger.give(grant(increase)).result.unwrap_err();
    assert_eq!(refusal.code, tekton_budget::core::refusal::Code::Conflict);
    assert!(
        refusal.message.contains("ended with its window"),
        "{refusal}"
    );
    assert_eq!(ledger.state.increases().count(), 0);
    assert_eq!(ledger.state.alerts().count(), 0, "the alert went with it");
    let status = ledger.state.ended_increases().next().unwrap().status;
    assert_eq!(
        status,
        tekton_budget::core::increase::IncreaseStatus::Expired
    );
    let increase = ask(&mut ledger);
    let hourly = PolicyDraft {
        id: Some(policy),
        period: Some(Period::Hourly),
        ..PolicyDraft::default()
    };
    ledger.change(budget, hourly).result.unwrap();
    assert_eq!(ledger.state.increases().count(), 0, "its counter is gone");
    assert_eq!(ledger.state.alerts().count(), 0);
    let refusal = ledger.give(grant(increase)).result.unwrap_err();
    assert!(refusal.message.contains("declined"), "{refusal}");
}
