//! What is alerted, how often, and what ends by itself.

use crate::ledger::{Ledger, cost, daily, of, usd};
use tekton_budget::core::alert::AlertStatus::Open;
use tekton_budget::core::alert::{AlertCause, Level};
use tekton_budget::core::command::{Command, PolicyDraft, SaveBudget};
use tekton_budget::core::context::Context;
use tekton_budget::core::name::Name;
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
    assert_eq!(ledger.levels(policy), [], "each was alerted once");
    assert_eq!(overruns(&ledger), 1, "money that was spent since");
}

/// The spenders of the overruns that nobody has acknowledged.
fn open_spenders(ledger: &Ledger) -> Vec<Name> {
    let open = ledger.state.alerts().filter(|alert| alert.status == Open);
    open.filter_map(|alert| match &alert.cause {
        AlertCause::PolicyOverrun { spender, .. } => Some(spender.clone().unwrap_or_default()),
        _ => None,
    })
    .collect()
}

fn acknowledge(ledger: &mut Ledger, which: impl Fn(&AlertCause) -> bool) {
    let found = ledger.state.alerts().rfind(|alert| which(&alert.cause));
    let alert = found.unwrap().id;
    let seen = Command::AcknowledgeAlert { alert, note: None };
    ledger.give(seen).result.unwrap();
}

/// A budget of every component.
fn of_all(ledger: &mut Ledger, policy: PolicyDraft) {
    let draft = SaveBudget {
        name: Some("all".into()),
        policies: vec![policy],
        ..SaveBudget::default()
    };
    ledger.save(draft).result.unwrap();
}

#[test]
fn an_overrun_is_alerted_again_for_another_spender_and_once_the_alert_was_acknowledged() {
    let mut ledger = Ledger::new();
    let yearly = PolicyDraft {
        period: Some(Period::Yearly),
        ..daily("1")
    };
    of_all(&mut ledger, yearly);
    let spend = |ledger: &mut Ledger, component: &str| {
        let usage = ledger.usage(component, "2");
        assert!(ledger.record(usage).overrun);
    };
    spend(&mut ledger, "apollo");
    spend(&mut ledger, "apollo");
    assert_eq!(open_spenders(&ledger), ["apollo"], "one for one spender");
    spend(&mut ledger, "rhetor");
    assert_eq!(open_spenders(&ledger), ["apollo", "rhetor"]);
    let overrun = |cause: &AlertCause| matches!(cause, AlertCause::PolicyOverrun { .. });
    acknowledge(&mut ledger, overrun);
    assert_eq!(open_spenders(&ledger), ["apollo"]);
    spend(&mut ledger, "rhetor");
    spend(&mut ledger, "rhetor");
    assert_eq!(open_spenders(&ledger), ["apollo", "rhetor"], "again, once");
}

#[test]
fn however_many_spenders_overrun_a_window_few_alerts_are_open() {
    let mut ledger = Ledger::new();
    of_all(&mut ledger, daily("1"));
    for number in 0..30 {
        let usage = ledger.usage(&format!("component {number}"), "2");
        assert!(ledger.record(usage).overrun);
    }
    let open = open_spenders(&ledger);
    assert_eq!(open.len(), 17);
    assert_eq!(open.last().unwrap(), "", "one of all further spenders");
}

#[test]
fn an_overrun_of_a_hold_that_no_policy_met_is_alerted_again_once_that_was_acknowledged() {
    let mut ledger = Ledger::new();
    let hold = ledger.hold("apollo", "1");
    let overruns = |ledger: &mut Ledger| {
        let usage = tekton_budget::core::usage::Usage {
            allocation: Some(hold),
            ..ledger.usage("apollo", "2")
        };
        assert!(ledger.record(usage).overrun);
        let open = ledger.state.alerts().filter(|alert| alert.status == Open);
        open.count()
    };
    assert_eq!(overruns(&mut ledger), 1);
    assert_eq!(overruns(&mut ledger), 1);
    acknowledge(&mut ledger, |_| true);
    assert_eq!(overruns(&mut ledger), 1);
    assert_eq!(ledger.state.alerts().count(), 2);
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
