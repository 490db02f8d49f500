//! Windows, their limits and their counters.

use crate::ledger::{Ledger, cost, daily, of, usd};
use crate::model;
use jiff::{SignedDuration, Timestamp};
use tekton_budget::core::alert::{Level, MeterKey};
use tekton_budget::core::charge::{Amount, ModelRef};
use tekton_budget::core::codec;
use tekton_budget::core::command::{Command, PolicyDraft, Posting, SaveBudget};
use tekton_budget::core::period::Period;
use tekton_budget::core::state::State;
use tekton_budget::core::usage::Usage;

#[test]
fn an_event_is_as_fine_as_the_journal_keeps_it() {
    let mut ledger = Ledger::new();
    ledger.now += SignedDuration::from_nanos(1_234);
    let policy = PolicyDraft {
        start: Some(ledger.now),
        ..daily("1")
    };
    ledger.budget("apollo", policy);
    ledger.hold("apollo", "0.5");
    let usage = ledger.usage("apollo", "0.5");
    let request = None;
    let decided = ledger.give(Command::Record(vec![Posting { usage, request }]));
    for entry in decided.entries {
        let mut bytes = Vec::new();
        codec::encode(&entry.recorded, &mut bytes).unwrap();
        assert_eq!(codec::decode(&bytes).unwrap(), entry.recorded);
    }
    let due = ledger.state.next_due().unwrap();
    assert_eq!(due.subsec_nanosecond() % 1000, 0);
}

#[test]
fn an_event_at_the_end_of_the_calendar_can_be_read_again() {
    let mut ledger = Ledger::new();
    let policy = PolicyDraft {
        period: Some(Period::Total),
        end: Some("9999-12-30T22:00:00.5Z".parse().unwrap()),
        ..daily("1")
    };
    let mut entries = ledger
        .save(SaveBudget {
            name: Some("apollo".into()),
            policies: vec![policy],
            ..SaveBudget::default()
        })
        .entries;
    let usage = ledger.usage("apollo", "0.9");
    let request = None;
    entries.extend(
        ledger
            .give(Command::Record(vec![Posting { usage, request }]))
            .entries,
    );
    assert!(entries.len() > 2, "a level was raised");
    let mut again = State::default();
    for entry in entries {
        let mut bytes = Vec::new();
        codec::encode(&entry.recorded, &mut bytes).unwrap();
        let read = codec::decode(&bytes).unwrap();
        assert_eq!(read, entry.recorded);
        again.apply(entry.sequence, &read);
    }
    let id = again.budgets().next().unwrap().policies[0];
    let policy = again.policy(id).unwrap();
    let all_time = MeterKey::Window(policy.window(ledger.now));
    assert_eq!(policy.meter(&all_time).posted.cost, usd("0.9"));
}

#[test]
fn a_changed_period_counts_by_its_own_windows_whatever_old_ones_do() {
    let mut ledger = Ledger::new();
    let (budget, policy) = ledger.budget("apollo", daily("1"));
    let usage = ledger.usage("apollo", "0.96");
    ledger.record(usage);
    assert_eq!(ledger.levels(policy), [Level::Warning, Level::Action]);
    let hourly = |limit| PolicyDraft {
        id: Some(policy),
        period: Some(Period::Hourly),
        limits: cost(limit),
        ..PolicyDraft::default()
    };
    // The higher limit resolves the alerts of the day's counter.
    for limit in ["1", "5"] {
        ledger.change(budget, hourly(limit)).result.unwrap();
    }
    assert_eq!(ledger.levels(policy), []);
    let window = ledger.state.policy(policy).unwrap().window(ledger.now);
    assert_eq!(window.start, ledger.now);
    assert_eq!(window.end, ledger.now + SignedDuration::from_hours(1));
}

#[test]
fn a_window_leaves_over_what_was_left_of_the_limit_that_it_had() {
    use tekton_budget::core::policy::Rollover;
    let mut ledger = Ledger::new();
    let (budget, policy) = ledger.budget(
        "apollo",
        PolicyDraft {
            rollover: Some(Rollover::Unused),
            ..daily("10")
        },
    );
    let available = |ledger: &Ledger| {
        let state = ledger.state.policy(policy).unwrap();
        let key = state.meter_key(&of("apollo"), ledger.now);
        let standing = ledger.state.standing(policy, key, ledger.now);
        standing.unwrap().available().cost.to_string()
    };
    let usage = ledger.usage("apollo", "4");
    let late = ledger.usage("apollo", "7");
    ledger.record(usage);
    ledger.later(24);
    assert_eq!(available(&ledger), "16");
    let change = |ledger: &mut Ledger, draft| {
        let id = Some(policy);
        ledger
            .change(budget, PolicyDraft { id, ..draft })
            .result
            .unwrap();
    };
    let limit = |limit| PolicyDraft {
        limits: cost(limit),
        ..PolicyDraft::default()
    };
    change(&mut ledger, limit("1"));
    assert_eq!(available(&ledger), "7", "6 of yesterday's 10 are left");
    assert!(
        ledger.record(late).overrun,
        "11 of the 10 that yesterday had"
    );
    assert_eq!(available(&ledger), "1");
    ledger.later(24);
    change(&mut ledger, limit("20"));
    assert_eq!(available(&ledger), "21", "yesterday had 1 and used nothing");
    let weekly = PolicyDraft {
        period: Some(Period::Weekly),
        ..PolicyDraft::default()
    };
    change(&mut ledger, weekly);
    assert_eq!(available(&ledger), "20", "there was no week before");
    ledger.later(7 * 24);
    assert_eq!(available(&ledger), "40");
    let off = PolicyDraft {
        enabled: Some(false),
        ..PolicyDraft::default()
    };
    change(&mut ledger, off);
    ledger.later(7 * 24);
    let on = PolicyDraft {
        enabled: Some(true),
        ..PolicyDraft::default()
    };
    change(&mut ledger, on);
    assert_eq!(available(&ledger), "20", "it did not count the week before");
}

#[test]
fn a_counter_of_a_window_long_over_can_be_moved_and_recalled() {
    let mut ledger = Ledger::new();
    let rolls = PolicyDraft {
        rollover: Some(tekton_budget::core::policy::Rollover::Unused),
        ..daily("1")
    };
    let (_, policy) = ledger.budget("apollo", rolls);
    let (_, total) = ledger.budget(
        "apollo",
        PolicyDraft {
            period: Some(Period::Total),
            ..daily("100")
        },
    );
    let late = ledger.usage("apollo", "0.6");
    for _ in 0..10 {
        let usage = ledger.usage("apollo", "0.6");
        ledger.record(usage);
        ledger.later(24);
    }
    ledger.give(Command::Tick).result.unwrap();
    let changed = ledger.state.take_changed_rows();
    assert!(!changed.is_empty());
    let (until, movable) = ledger.state.movable(ledger.now, 100);
    let days: Vec<_> = movable.iter().map(|(_, meter)| meter.posted.cost).collect();
    assert_eq!(
        days,
        [usd("0.6"), usd("0.6")],
        "the third day's carries into one that isn't over"
    );
    let keys: Vec<_> = movable.iter().map(|(key, _)| key.clone()).collect();
    let usage = |usage: &Usage| {
        let (usage, request) = (usage.clone(), None);
        Command::Record(vec![Posting { usage, request }])
    };
    let whole = ledger.state.clone();
    ledger.state.set_moved_until(Some(until));
    assert_eq!(ledger.state.forget_moved(keys.clone()), keys);
    let (state, now) = (&ledger.state, ledger.now);
    assert_eq!(state.policy(policy).unwrap().meters().count(), 8);
    assert_eq!(state.policy(total).unwrap().meters().count(), 1);
    assert_eq!(
        state.missing_for(&usage(&ledger.usage("apollo", "1")), now),
        []
    );
    let missing = state.missing_for(&usage(&late), now);
    assert!(missing.len() == 3 && keys.iter().all(|key| missing.contains(key)));
    assert_eq!(state.missing_at(policy, late.occurred).len(), 3);
    for (key, meter) in movable {
        ledger.state.recall(&key, meter);
    }
    assert!(ledger.record(late.clone()).overrun, "1.2 of 1");
    ledger.state.stop_tracking();
    let mut again = Ledger { state: whole, now };
    again.record(late);
    let seen = |ledger: &Ledger| model::check::see(&ledger.state, now);
    assert_eq!(seen(&ledger), seen(&again));
    let gone = ledger.state.forget_moved(vec![keys[0].clone()]);
    assert_eq!(gone, [keys[0].clone()], "it tracks no changes");
    assert_eq!(
        again.state.forget_moved(vec![keys[0].clone()]),
        [],
        "it has changed"
    );
}

#[test]
fn every_instant_of_the_calendar_has_a_window() {
    let mut ledger = Ledger::new();
    for number in 0..9 {
        let period = model::vocabulary::PERIODS[number];
        for zone in model::vocabulary::ZONES {
            let policy = PolicyDraft {
                period: Some(period),
                time_zone: Some(zone.into()),
                rollover: Some(tekton_budget::core::policy::Rollover::Unused),
                ..daily("1")
            };
            ledger.budget("apollo", policy);
        }
    }
    let asked = Amount {
        tokens: Some(1),
        requests: 1,
        cost: Some(usd("0.1")),
    };
    let context = of("apollo");
    let facts = ModelRef::default();
    let edges = [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH];
    let inside = [
        Timestamp::MIN + SignedDuration::from_hours(30),
        Timestamp::MAX - SignedDuration::from_hours(30),
    ];
    for at in edges.into_iter().chain(inside) {
        for now in edges {
            ledger.state.weigh(&facts.facts(&context), &asked, at, now);
        }
        let usage = Usage {
            occurred: at.min(ledger.now),
            ..ledger.usage("apollo", "0.1")
        };
        ledger.record(usage);
    }
    for budget in ledger.state.budgets() {
        let own = ledger.state.policy(budget.policies[0]).unwrap();
        let window = model::calendar::window(&own.policy, ledger.now);
        assert_eq!(
            window.unwrap_or(own.window(ledger.now)),
            own.window(ledger.now)
        );
    }
    for now in [Timestamp::MIN, Timestamp::MAX] {
        ledger.now = now;
        ledger.give(Command::Tick).result.unwrap();
        let usage = ledger.usage("apollo", "0.1");
        ledger.record(usage);
        ledger.budget("apollo", daily("1"));
    }
}

#[test]
fn a_total_counter_carries_nothing_even_where_the_clock_is_far_behind() {
    let mut ledger = Ledger::new();
    ledger.now = "1969-07-20T20:17:00Z".parse().unwrap();
    let policy = PolicyDraft {
        period: Some(Period::Total),
        rollover: Some(tekton_budget::core::policy::Rollover::Unused),
        ..daily("1")
    };
    let (_, policy) = ledger.budget("apollo", policy);
    let state = ledger.state.policy(policy).unwrap();
    let key = state.meter_key(&of("apollo"), ledger.now);
    assert_eq!(state.limits(&key).cost, Some(usd("1")));
}

#[test]
fn a_level_stands_when_its_policy_is_saved_though_the_window_before_was_moved() {
    let mut ledger = Ledger::new();
    let rolls = PolicyDraft {
        rollover: Some(tekton_budget::core::policy::Rollover::Unused),
        rollover_cap: Some(usd("6")),
        ..daily("10")
    };
    let (budget, policy) = ledger.budget("apollo", rolls);
    let first = ledger.usage("apollo", "7");
    ledger.record(first);
    ledger.later(24);
    let late = ledger.usage("apollo", "11");
    ledger.later(24 * 12);
    ledger.record(late);
    let warned = [Level::Warning];
    assert_eq!(ledger.levels(policy), warned, "11 of 13");
    ledger.state.take_changed_rows();
    let (until, movable) = ledger.state.movable(ledger.now, 100);
    let keys: Vec<_> = movable.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(keys.len(), 1, "the day before the one with the alert");
    ledger.state.set_moved_until(Some(until));
    ledger.state.forget_moved(keys.clone());
    let draft = PolicyDraft {
        id: Some(policy),
        critical_bypass: Some(true),
        ..PolicyDraft::default()
    };
    let with_budget = SaveBudget {
        id: Some(budget),
        policies: vec![draft.clone()],
        ..SaveBudget::default()
    };
    let saving = [
        Command::SavePolicy(budget, Box::new(draft)),
        Command::SaveBudget(Box::new(with_budget)),
    ];
    let moved = ledger.state.clone();
    for command in saving {
        ledger.state = moved.clone();
        let missing = ledger.state.missing_for(&command, ledger.now);
        assert!(keys.iter().all(|key| missing.contains(key)), "{missing:?}");
        for (key, meter) in &movable {
            ledger.state.recall(key, *meter);
        }
        ledger.give(command).result.unwrap();
        assert_eq!(ledger.levels(policy), warned);
    }
}
