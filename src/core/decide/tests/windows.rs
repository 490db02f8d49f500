//! What counts in which window, and how one follows another.

use super::*;
use crate::core::command::Adjust;
use crate::core::event::UsageAdjusted;
use crate::core::id::{BudgetId, RecordId};
use crate::core::period::WeekStart;
use crate::core::usage::Correction;

#[test]
fn a_hold_counts_in_the_window_that_follows_until_it_ends() {
    let mut bench = Bench::new();
    let policy = bench.budget(daily("1"));
    let hold = bench.hold("0.9").unwrap();
    bench.later(15);
    assert_eq!(bench.available(policy).cost, usd("0.1"));
    bench.spend("0.9", Some(hold), true);
    assert_eq!(bench.available(policy).cost, usd("0.1"));
    bench.later(24);
    assert_eq!(bench.available(policy).cost, usd("1"));
}

#[test]
fn levels_resolve_when_the_limit_is_raised_and_when_the_window_ends() {
    let mut bench = Bench::new();
    let policy = bench.budget(daily("1"));
    assert_eq!(
        levels(&bench.spend("0.96", None, false)),
        [Level::Warning, Level::Action]
    );
    let budget = bench.state.policy(policy).unwrap().budget;
    let raised = PolicyDraft {
        id: Some(policy),
        limits: Limits {
            cost: Some(usd("1.1")),
            ..Limits::default()
        },
        ..PolicyDraft::default()
    };
    bench
        .give(Command::SavePolicy(budget, Box::new(raised)))
        .result
        .unwrap();
    assert_eq!(bench.state.alerts().count(), 1);
    bench.later(24).give(Command::Tick);
    assert_eq!(bench.state.alerts().count(), 0);
}

#[test]
fn a_grant_adds_to_its_window_only() {
    let mut bench = Bench::new();
    let policy = bench.budget(daily("1"));
    let amount = Tally {
        cost: usd("2"),
        ..Tally::ZERO
    };
    let wanted = RequestIncrease {
        policy,
        context: Context::default(),
        fixed: Context::default(),
        amount,
    };
    bench.give(Command::RequestIncrease(wanted)).result.unwrap();
    let increase = bench.state.increases().next().unwrap().id;
    bench
        .give(Command::ReviewIncrease {
            increase,
            grant: true,
        })
        .result
        .unwrap();
    assert_eq!(bench.available(policy).cost, usd("3"));
    assert_eq!(
        bench.state.alerts().count(),
        0,
        "the request's alert is resolved by its answer"
    );
    bench.later(24);
    assert_eq!(bench.available(policy).cost, usd("1"));
    let answered_twice = bench.give(Command::ReviewIncrease {
        increase: IncreaseId(2),
        grant: true,
    });
    assert_eq!(answered_twice.result.unwrap_err().code, Code::Conflict);
}

#[test]
fn what_is_left_over_rolls_into_the_next_window_only() {
    let mut bench = Bench::new();
    let draft = PolicyDraft {
        rollover: Some(Rollover::Unused),
        rollover_cap: Some(usd("0.5")),
        ..daily("1")
    };
    let policy = bench.budget(draft);
    bench.spend("0.7", None, false);
    bench.later(24);
    assert_eq!(bench.available(policy).cost, usd("1.3"));
    bench.later(24);
    assert_eq!(
        bench.available(policy).cost,
        usd("1.5"),
        "the cap, and nothing from two days before"
    );
}

#[test]
fn sessions_are_counted_apart() {
    let mut bench = Bench::new();
    let policy = PolicyDraft {
        period: Some(Period::PerSession),
        ..daily("1")
    };
    bench.budget(policy);
    let of = |session: &str| Context {
        session_id: Some(session.into()),
        ..Context::default()
    };
    assert!(matches!(
        bench.allocate("0.9", of("a")),
        Ok(Done::Events(_))
    ));
    assert!(matches!(
        bench.allocate("0.9", of("a")),
        Ok(Done::Denied(_))
    ));
    assert!(matches!(
        bench.allocate("0.9", of("b")),
        Ok(Done::Events(_))
    ));
}

#[test]
fn a_policy_of_another_period_begins_with_counters_of_its_own() {
    let mut bench = Bench::new();
    let policy = bench.budget(PolicyDraft {
        period: Some(Period::PerSession),
        limits: Limits {
            tokens: Some(12),
            ..Limits::default()
        },
        ..PolicyDraft::default()
    });
    let budget = bench.state.policy(policy).unwrap().budget;
    let spend = |bench: &mut Bench| {
        let mut usage = usage(bench.now, "0", None, false);
        usage.context.session_id = Some("x".into());
        usage.context.task_id = Some("x".into());
        let request = None;
        let posting = Posting { usage, request };
        bench.give(Command::Record(vec![posting])).result.unwrap();
    };
    let ask = Command::RequestIncrease(RequestIncrease {
        policy,
        amount: Tally {
            tokens: 5,
            ..Tally::ZERO
        },
        context: Context {
            session_id: Some("x".into()),
            ..Context::default()
        },
        fixed: Context::default(),
    });
    let periods = [
        Period::PerTask,
        Period::Daily,
        Period::Weekly,
        Period::Daily,
        Period::PerSession,
    ];
    for period in periods {
        spend(&mut bench);
        if period == Period::PerTask {
            bench.give(ask.clone()).result.unwrap();
            assert_eq!(bench.state.increases().count(), 1);
        }
        let draft = PolicyDraft {
            id: Some(policy),
            period: Some(period),
            ..PolicyDraft::default()
        };
        let saved = bench.give(Command::SavePolicy(budget, Box::new(draft)));
        saved.result.unwrap();
        let state = bench.state.policy(policy).unwrap();
        assert_eq!(state.meters().count(), 0, "before {period:?}");
        assert_eq!(bench.state.alerts().count(), 0, "before {period:?}");
        assert_eq!(bench.state.increases().count(), 0, "before {period:?}");
    }
}

#[test]
fn counters_go_on_where_a_policy_cuts_time_as_it_did() {
    for (period, goes_on) in [
        (Period::Total, true),
        (Period::PerSession, true),
        (Period::Daily, false),
    ] {
        let mut bench = Bench::new();
        let policy = bench.budget(PolicyDraft {
            period: Some(period),
            limits: Limits {
                tokens: Some(12),
                ..Limits::default()
            },
            ..PolicyDraft::default()
        });
        let budget = bench.state.policy(policy).unwrap().budget;
        let mut usage = usage(bench.now, "0", None, false);
        usage.context.session_id = Some("x".into());
        let request = None;
        let postings = vec![Posting { usage, request }];
        bench.give(Command::Record(postings)).result.unwrap();
        for (zone, week_start) in [
            ("Asia/Tokyo", None),
            ("Asia/Tokyo", Some(WeekStart::Sunday)),
        ] {
            let draft = PolicyDraft {
                id: Some(policy),
                time_zone: Some(zone.to_owned()),
                week_start,
                ..PolicyDraft::default()
            };
            let saved = bench.give(Command::SavePolicy(budget, Box::new(draft)));
            saved.result.unwrap();
            let counters = bench.state.policy(policy).unwrap().meters().count();
            assert_eq!(counters > 0, goes_on, "{period:?} {zone} {week_start:?}");
        }
    }
}

/// A policy of single sessions that allows so many tokens of each, and its budget.
fn per_session(bench: &mut Bench, tokens: u64) -> (PolicyId, BudgetId) {
    let policy = bench.budget(PolicyDraft {
        period: Some(Period::PerSession),
        limits: Limits {
            tokens: Some(tokens),
            ..Limits::default()
        },
        ..PolicyDraft::default()
    });
    (policy, bench.state.policy(policy).unwrap().budget)
}

fn save(bench: &mut Bench, budget: BudgetId, draft: PolicyDraft) {
    let saved = bench.give(Command::SavePolicy(budget, Box::new(draft)));
    saved.result.unwrap();
}

#[test]
fn a_record_is_corrected_in_its_counter_where_a_policy_was_saved_that_cuts_time_as_it_did() {
    let mut bench = Bench::new();
    let (policy, budget) = per_session(&mut bench, 100);
    let decided = bench.spend("0", None, false);
    let entry = decided.entries.first().unwrap();
    let record = RecordId(entry.sequence);
    let usage = recorded(&decided).clone();
    save(
        &mut bench,
        budget,
        PolicyDraft {
            id: Some(policy),
            time_zone: Some("Asia/Tokyo".to_owned()),
            ..PolicyDraft::default()
        },
    );
    let correction = Correction {
        removed: usage.usage.counts,
        ..Correction::default()
    };
    let adjusted = UsageAdjusted::of_record(record, usage, correction);
    let recorded = None;
    let adjust = Box::new(Adjust { adjusted, recorded });
    bench.give(Command::Adjust(adjust)).result.unwrap();
    let state = bench.state.policy(policy).unwrap();
    let posted: Vec<_> = state.meters().map(|(_, meter)| meter.posted).collect();
    assert_eq!(posted, [Tally::ZERO]);
}

#[test]
fn the_overruns_of_counters_that_a_policy_counts_no_more_are_resolved() {
    let mut bench = Bench::new();
    let (policy, budget) = per_session(&mut bench, 5);
    let overruns = |bench: &Bench| {
        let causes = bench.state.alerts().map(|alert| &alert.cause);
        causes
            .filter(|cause| matches!(cause, AlertCause::PolicyOverrun { .. }))
            .count()
    };
    for period in [Period::Daily, Period::PerSession, Period::PerTask] {
        bench.spend("0", None, false);
        assert_eq!(overruns(&bench), 1, "before {period:?}");
        // What is saved with the same period leaves them.
        for (period, left) in [(None, 1), (Some(period), 0)] {
            let draft = PolicyDraft {
                id: Some(policy),
                period,
                ..PolicyDraft::default()
            };
            save(&mut bench, budget, draft);
            assert_eq!(overruns(&bench), left, "at {period:?}");
        }
    }
}
