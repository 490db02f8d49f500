//! Rules of the ledger that the model or a reading of them found broken once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
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
use tekton_budget::core::alert::{AlertCause, Level, MeterKey};
use tekton_budget::core::charge::{Amount, ModelRef};
use tekton_budget::core::codec;
use tekton_budget::core::command::{Allocate, Command, PolicyDraft, Posting, SaveBudget};
use tekton_budget::core::context::Context;
use tekton_budget::core::decide::{Decided, Order, execute};
use tekton_budget::core::event::{Event, Stamp, UsageRecorded};
use tekton_budget::core::id::{AllocationId, BudgetId, PolicyId};
use tekton_budget::core::period::Period;
use tekton_budget::core::policy::Limits;
use tekton_budget::core::quantity::{Counts, Usd};
use tekton_budget::core::role::{Interface, Role};
use tekton_budget::core::scope::{Scope, Values};
use tekton_budget::core::state::State;
use tekton_budget::core::usage::{Cost, CostSource, Usage};

struct Ledger {
    state: State,
    now: Timestamp,
}

impl Ledger {
    fn new() -> Self {
        Self {
            state: State::default(),
            now: "2026-11-24T10:00:00Z".parse().unwrap(),
        }
    }

    fn give(&mut self, command: Command) -> Decided {
        let stamp = Stamp {
            tenant: "default".into(),
            at: self.now,
            actor: "ann".into(),
            role: Role::Admin,
            interface: Interface::Mcp,
            reason: Some("because".into()),
        };
        let request = None;
        execute(
            &mut self.state,
            Order {
                stamp,
                request,
                command,
            },
        )
    }

    fn save(&mut self, draft: SaveBudget) -> Decided {
        self.give(Command::SaveBudget(Box::new(draft)))
    }

    /// Makes a budget for a component with one policy.
    fn budget(&mut self, component: &str, policy: PolicyDraft) -> (BudgetId, PolicyId) {
        let scope = Scope {
            component: Values::new([component.to_owned()]),
            ..Scope::default()
        };
        let decided = self.save(SaveBudget {
            name: Some(format!("{component} {}", self.state.next_id())),
            scope: Some(scope),
            policies: vec![policy],
            ..SaveBudget::default()
        });
        decided.result.unwrap();
        match &decided.entries[0].recorded.event {
            Event::BudgetSaved { budget, policies } => (budget.id, policies[0].id),
            other => panic!("{other:?}"),
        }
    }

    fn change(&mut self, budget: BudgetId, draft: PolicyDraft) -> Decided {
        self.give(Command::SavePolicy(budget, Box::new(draft)))
    }

    fn hold(&mut self, component: &str, cost: &str) -> AllocationId {
        let amount = Amount {
            tokens: Some(10),
            requests: 1,
            cost: Some(usd(cost)),
        };
        self.hold_of(component, amount)
    }

    fn hold_of(&mut self, component: &str, amount: Amount) -> AllocationId {
        let decided = self.give(Command::Allocate(Allocate {
            model: ModelRef::default(),
            context: of(component),
            amount,
            ttl: SignedDuration::from_hours(72),
        }));
        let place = decided
            .entries
            .iter()
            .find(|entry| matches!(entry.recorded.event, Event::AllocationMade(_)));
        AllocationId(place.expect("it is allowed").sequence)
    }

    fn usage(&self, component: &str, cost: &str) -> Usage {
        Usage {
            provider: "openai".into(),
            model: "gpt-4o".into(),
            tier: None,
            context: of(component),
            counts: Counts {
                input_tokens: 10,
                requests: 1,
                ..Counts::default()
            },
            cost: Cost {
                usd: usd(cost),
                source: CostSource::Reported,
                price_version: None,
            },
            occurred: self.now,
            allocation: None,
            is_final: false,
            metadata: serde_json::Map::default(),
        }
    }

    fn record(&mut self, usage: Usage) -> UsageRecorded {
        let request = None;
        let decided = self.give(Command::Record(vec![Posting { usage, request }]));
        let mut events = decided.entries.into_iter().map(|own| own.recorded.event);
        events
            .find_map(|event| match event {
                Event::UsageRecorded(recorded) => Some(recorded),
                _ => None,
            })
            .unwrap()
    }

    fn levels(&self, of: PolicyId) -> Vec<Level> {
        let causes = self.state.alerts().map(|alert| &alert.cause);
        causes
            .filter_map(|cause| match cause {
                AlertCause::Level { policy, level, .. } if *policy == of => Some(*level),
                _ => None,
            })
            .collect()
    }

    fn later(&mut self, hours: i64) {
        self.now += SignedDuration::from_hours(hours);
    }
}

fn usd(text: &str) -> Usd {
    Usd::parse(text).unwrap()
}

fn of(component: &str) -> Context {
    Context {
        component: Some(component.to_owned()),
        ..Context::default()
    }
}

fn cost(limit: &str) -> Limits {
    Limits {
        cost: Some(usd(limit)),
        ..Limits::default()
    }
}

fn daily(limit: &str) -> PolicyDraft {
    PolicyDraft {
        period: Some(Period::Daily),
        limits: cost(limit),
        ..PolicyDraft::default()
    }
}

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
fn a_hold_of_one_budget_does_not_pay_for_a_charge_to_another() {
    let mut ledger = Ledger::new();
    ledger.budget("apollo", daily("10"));
    let (_, other) = ledger.budget("rhetor", daily("1"));
    let hold = ledger.hold("apollo", "5");
    let usage = Usage {
        allocation: Some(hold),
        ..ledger.usage("rhetor", "5")
    };
    assert!(ledger.record(usage).overrun);
    let alerted = ledger.state.alerts().any(
        |alert| matches!(alert.cause, AlertCause::PolicyOverrun { policy, .. } if policy == other),
    );
    assert!(alerted);
}

#[test]
fn what_a_hold_never_held_is_weighed_as_spent_without_one() {
    let mut ledger = Ledger::new();
    let (_, policy) = ledger.budget("apollo", daily("1"));
    let only_tokens = Amount {
        tokens: Some(10),
        requests: 1,
        cost: Some(Usd::ZERO),
    };
    let hold = ledger.hold_of("apollo", only_tokens);
    let drawn = |ledger: &Ledger, cost| Usage {
        allocation: Some(hold),
        ..ledger.usage("apollo", cost)
    };
    let usage = drawn(&ledger, "0.6");
    assert!(!ledger.record(usage).overrun, "it fits the limit of cost");
    let usage = drawn(&ledger, "0.3");
    assert!(ledger.record(usage).overrun, "the tokens were all drawn");
    let only_cost = Amount {
        tokens: None,
        requests: 1,
        cost: Some(usd("0.05")),
    };
    let other = ledger.hold_of("apollo", only_cost);
    let usage = Usage {
        allocation: Some(other),
        ..ledger.usage("apollo", "0.05")
    };
    assert!(!ledger.record(usage).overrun, "it held no tokens");
    let usage = Usage {
        counts: Counts::default(),
        ..drawn(&ledger, "0.3")
    };
    assert!(ledger.record(usage).overrun, "it passes the limit of cost");
    let alerted = ledger.state.alerts().any(
        |alert| matches!(alert.cause, AlertCause::PolicyOverrun { policy: own, .. } if own == policy),
    );
    assert!(alerted);
}

#[test]
fn a_hold_made_later_does_not_pay_for_a_window_that_was_over() {
    let mut ledger = Ledger::new();
    ledger.budget("apollo", daily("1"));
    let yesterday = ledger.usage("apollo", "0.9");
    ledger.record(yesterday.clone());
    ledger.later(24);
    let late = Usage {
        allocation: Some(ledger.hold("apollo", "0.9")),
        ..yesterday
    };
    assert!(ledger.record(late).overrun);
}

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
fn a_budget_under_an_archived_one_can_still_be_changed() {
    let mut ledger = Ledger::new();
    let (parent, _) = ledger.budget("apollo", daily("1"));
    let (child, _) = ledger.budget("rhetor", daily("1"));
    let under = |parent| SaveBudget {
        id: Some(child),
        parent: Some(Some(parent)),
        ..SaveBudget::default()
    };
    ledger.save(under(parent)).result.unwrap();
    ledger.give(Command::ArchiveBudget(parent)).result.unwrap();
    let renamed = SaveBudget {
        id: Some(child),
        name: Some("another".into()),
        ..SaveBudget::default()
    };
    ledger.save(renamed).result.unwrap();
    assert!(ledger.save(under(BudgetId(99))).result.is_err());
    let (other, _) = ledger.budget("apollo", daily("1"));
    ledger.give(Command::ArchiveBudget(other)).result.unwrap();
    assert!(ledger.save(under(other)).result.is_err());
}

#[test]
fn what_a_budget_or_a_policy_has_can_be_taken_from_it() {
    use tekton_budget::core::budget::BudgetField;
    use tekton_budget::core::policy::PolicyField;
    let mut ledger = Ledger::new();
    let whole = PolicyDraft {
        limits: Limits {
            tokens: Some(10),
            requests: Some(1),
            ..cost("1")
        },
        start: Some(ledger.now),
        end: Some(ledger.now + SignedDuration::from_hours(1)),
        rollover_cap: Some(usd("1")),
        ..daily("1")
    };
    let (budget, policy) = ledger.budget("apollo", whole);
    let clear = |clear: &[PolicyField]| PolicyDraft {
        id: Some(policy),
        clear: clear.to_vec(),
        ..PolicyDraft::default()
    };
    let most = [
        PolicyField::LimitTokens,
        PolicyField::LimitRequests,
        PolicyField::Start,
        PolicyField::End,
        PolicyField::RolloverCapUsd,
    ];
    ledger.change(budget, clear(&most)).result.unwrap();
    let own = ledger.state.policy(policy).unwrap().policy.clone();
    assert_eq!(own.limits, cost("1"));
    assert_eq!((own.start, own.end, own.rollover_cap), (None, None, None));
    let last = clear(&[PolicyField::LimitCostUsd]);
    let refusal = ledger.change(budget, last).result.unwrap_err();
    assert_eq!(refusal.details["field"], "limit_cost_usd");
    let both = PolicyDraft {
        limits: cost("2"),
        ..clear(&[PolicyField::LimitCostUsd])
    };
    let refusal = ledger.change(budget, both).result.unwrap_err();
    assert!(refusal.message.contains("clear"), "{refusal}");
    let named = SaveBudget {
        id: Some(budget),
        owner: Some("ann".into()),
        description: Some("what for".into()),
        ..SaveBudget::default()
    };
    ledger.save(named.clone()).result.unwrap();
    let unnamed = SaveBudget {
        id: Some(budget),
        clear: vec![BudgetField::Owner, BudgetField::Description],
        ..SaveBudget::default()
    };
    ledger.save(unnamed.clone()).result.unwrap();
    let own = &ledger.state.budget(budget).unwrap().budget;
    assert_eq!((&own.owner, &own.description), (&None, &None));
    let both = SaveBudget {
        owner: Some("ann".into()),
        ..unnamed
    };
    let refusal = ledger.save(both).result.unwrap_err();
    assert_eq!(refusal.details["field"], "owner");
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

#[test]
fn a_subtree_does_not_move_deeper_than_a_budget_may_be() {
    let mut ledger = Ledger::new();
    let mut chain = |length: usize, name: &str| {
        let mut ids: Vec<BudgetId> = Vec::new();
        for number in 0..length {
            let draft = SaveBudget {
                name: Some(format!("{name} {number}")),
                parent: ids.last().map(|above| Some(*above)),
                ..SaveBudget::default()
            };
            let decided = ledger.save(draft);
            decided.result.unwrap();
            match &decided.entries[0].recorded.event {
                Event::BudgetSaved { budget, .. } => ids.push(budget.id),
                other => panic!("{other:?}"),
            }
        }
        ids
    };
    let (upper, lower) = (chain(10, "upper"), chain(8, "lower"));
    let under = |parent| SaveBudget {
        id: Some(lower[0]),
        parent: Some(Some(parent)),
        ..SaveBudget::default()
    };
    let refusal = ledger.save(under(upper[9])).result.unwrap_err();
    assert_eq!(refusal.details["field"], "parent_id");
    ledger.save(under(upper[8])).result.unwrap();
    let children = |id| {
        let below = ledger.state.children(id);
        below.map(|child| child.budget.id).collect::<Vec<_>>()
    };
    assert_eq!(children(upper[8]), [upper[9], lower[0]]);
    assert_eq!(children(lower[7]), []);
}

#[test]
fn what_is_due_holds_nothing_though_nobody_has_ended_it_yet() {
    let mut ledger = Ledger::new();
    let (_, policy) = ledger.budget("apollo", daily("1"));
    let session = PolicyDraft {
        period: Some(Period::PerSession),
        ..daily("1")
    };
    let (_, session) = ledger.budget("apollo", session);
    ledger.hold("apollo", "0.9");
    ledger.later(71);
    ledger.hold("apollo", "0.05");
    let held = |ledger: &Ledger| {
        let asked = Amount {
            tokens: Some(1),
            requests: 1,
            cost: Some(usd("0.1")),
        };
        let (model, context) = (ModelRef::default(), of("apollo"));
        let facts = model.facts(&context);
        let verdict = ledger.state.weigh(&facts, &asked, ledger.now, ledger.now);
        let found = verdict.findings.iter().map(|found| {
            assert!([policy, session].contains(&found.policy));
            found.held.cost.to_string()
        });
        (verdict.allows(), found.collect::<Vec<_>>())
    };
    assert_eq!(held(&ledger), (false, vec!["0.95".into(), "0.95".into()]));
    ledger.later(1);
    assert_eq!(held(&ledger), (true, vec!["0.05".into(), "0.05".into()]));
    let standing = |policy: PolicyId| {
        let state = ledger.state.policy(policy).unwrap();
        let key = state.meter_key(&of("apollo"), ledger.now);
        let standing = ledger.state.standing(policy, key, ledger.now);
        standing.unwrap().held.cost
    };
    assert_eq!(standing(policy), usd("0.05"));
    assert_eq!(standing(session), usd("0.05"));
}

#[test]
fn amounts_and_shares_have_bounds() {
    let mut ledger = Ledger::new();
    let limits = Limits {
        tokens: Some(1000),
        requests: Some(1000),
        ..cost("1")
    };
    let (budget, policy) = ledger.budget(
        "apollo",
        PolicyDraft {
            limits,
            ..daily("1")
        },
    );
    let too_much = tekton_budget::core::tally::Tally {
        tokens: 1_000_000_000_001,
        requests: 1_000_000_000_001,
        cost: Usd::new(rust_decimal::Decimal::from(1_000_000_001)),
    };
    let nothing = tekton_budget::core::tally::Tally::ZERO;
    for (amount, field) in [
        (
            tekton_budget::core::tally::Tally {
                tokens: too_much.tokens,
                ..nothing
            },
            "tokens",
        ),
        (
            tekton_budget::core::tally::Tally {
                requests: too_much.requests,
                ..nothing
            },
            "requests",
        ),
        (
            tekton_budget::core::tally::Tally {
                cost: too_much.cost,
                ..nothing
            },
            "cost_usd",
        ),
    ] {
        let wanted = tekton_budget::core::command::RequestIncrease {
            policy,
            context: of("apollo"),
            amount,
        };
        let refusal = ledger.give(Command::RequestIncrease(wanted)).result;
        assert_eq!(refusal.unwrap_err().details["field"], field);
    }
    let share = rust_decimal::Decimal::from_parts(123_456, 0, 0, false, 6);
    let drafts = [
        (
            PolicyDraft {
                warning_threshold: Some(share),
                ..daily("1")
            },
            "warning_threshold",
        ),
        (
            PolicyDraft {
                action_threshold: Some(share),
                ..daily("1")
            },
            "action_threshold",
        ),
        (
            PolicyDraft {
                limits: Limits {
                    cost: Some(too_much.cost),
                    ..Limits::default()
                },
                ..daily("1")
            },
            "limit_cost_usd",
        ),
        (
            PolicyDraft {
                rollover_cap: Some(too_much.cost),
                ..daily("1")
            },
            "rollover_cap_usd",
        ),
    ];
    for (draft, field) in drafts {
        let refusal = ledger.change(budget, draft).result.unwrap_err();
        assert_eq!(refusal.details["field"], field);
    }
    let adjusted = tekton_budget::core::event::UsageAdjusted {
        record: None,
        provider: "openai".into(),
        model: "gpt-4o".into(),
        tier: None,
        context: of("apollo"),
        occurred: ledger.now,
        correction: tekton_budget::core::usage::Correction {
            cost: -too_much.cost,
            ..Default::default()
        },
    };
    let refusal = ledger.give(Command::Adjust(Box::new(adjusted))).result;
    assert_eq!(refusal.unwrap_err().details["field"], "cost_usd");
    let counts = Counts {
        input_tokens: u64::MAX,
        output_tokens: 1,
        cache_read_tokens: 1,
        ..Counts::default()
    };
    assert_eq!(counts.tokens(), u64::MAX);
    assert_eq!(counts.prompt_tokens(), u64::MAX);
}

#[test]
fn a_soft_limit_recommends_a_cheaper_model_though_the_cost_is_not_known() {
    let mut ledger = Ledger::new();
    let soft = PolicyDraft {
        enforcement: Some(tekton_budget::core::policy::Enforcement::SoftLimit),
        limits: Limits {
            tokens: Some(100),
            ..cost("1")
        },
        ..daily("1")
    };
    ledger.budget("apollo", soft);
    let asked = Amount {
        tokens: Some(96),
        requests: 1,
        cost: None,
    };
    let context = of("apollo");
    let facts = ModelRef::default();
    let verdict = ledger
        .state
        .weigh(&facts.facts(&context), &asked, ledger.now, ledger.now);
    assert_eq!(
        verdict.outcome,
        tekton_budget::core::verdict::Outcome::SoftLimit
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
fn a_long_reason_is_refused_whatever_it_is_for() {
    let mut ledger = Ledger::new();
    let (budget, _) = ledger.budget("apollo", daily("1"));
    let stamp = Stamp {
        reason: Some("r".repeat(10_000)),
        ..Stamp::of_time(ledger.now)
    };
    let order = Order {
        stamp,
        request: None,
        command: Command::ArchiveBudget(budget),
    };
    let refusal = execute(&mut ledger.state, order).result.unwrap_err();
    assert_eq!(refusal.details["field"], "reason");
}
