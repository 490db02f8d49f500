//! Policies with very many counters: what is told of them is bound, and what an order comes to.

use super::*;
use crate::core::alert::{Alert, MeterKey};
use crate::core::command::Adjust;
use crate::core::decide::alert_bounds::{ALERTS_MOST, KEYED_ALERTS_MOST, RESOLVED_MOST};
use crate::core::event::UsageAdjusted;
use crate::core::id::{AlertId, RecordId};
use crate::core::price::{Rates, Unit};
use crate::core::usage::Correction;
use crate::core::weight;

const SESSIONS: usize = 250;

fn per_session(id: Option<PolicyId>, tokens: u64) -> Box<PolicyDraft> {
    Box::new(PolicyDraft {
        id,
        enforcement: Some(Enforcement::Warn),
        period: Some(Period::PerSession),
        limits: Limits {
            tokens: Some(tokens),
            ..Limits::default()
        },
        ..PolicyDraft::default()
    })
}

/// Saves so many budgets of 64 policies each.
fn policies(bench: &mut Bench, budgets: usize, policy: &PolicyDraft) {
    for _ in 0..budgets {
        let draft = SaveBudget {
            name: Some(format!("budget {}", bench.state.next_id())),
            policies: vec![policy.clone(); 64],
            ..SaveBudget::default()
        };
        let saved = bench.give(Command::SaveBudget(Box::new(draft)));
        saved.result.unwrap();
    }
}

/// The alerts that stand for other policies, by their levels.
fn of_other_policies(bench: &Bench) -> Vec<Level> {
    let level = |alert: &crate::core::alert::Alert| match alert.cause {
        AlertCause::LevelOfOtherPolicies { level } => Some(level),
        _ => None,
    };
    bench.state.alerts().filter_map(level).collect()
}

/// Records in so many sessions, all at once.
fn in_sessions(bench: &mut Bench, sessions: usize, name: &str) -> Decided {
    let postings = (0..sessions).map(|session| {
        let mut usage = usage(bench.now, "0", None, false);
        usage.context.session_id = Some(format!("{name} {session:05}").into());
        Posting {
            usage,
            request: None,
        }
    });
    let postings = postings.collect();
    bench.give(Command::Record(postings))
}

fn limit(bench: &mut Bench, policy: PolicyId, tokens: u64) -> Decided {
    let budget = bench.state.policy(policy).unwrap().budget;
    bench.give(Command::SavePolicy(
        budget,
        per_session(Some(policy), tokens),
    ))
}

/// The open alerts of one session each, and those of all others.
fn told(bench: &Bench) -> (usize, usize) {
    let others = of_others(bench).len();
    (bench.state.alerts().count() - others, others)
}

fn of_others(bench: &Bench) -> Vec<AlertId> {
    let others = |alert: &&Alert| {
        matches!(
            alert.cause,
            AlertCause::LevelOfOthers { .. } | AlertCause::OverrunOfOthers { .. }
        )
    };
    let alerts = bench.state.alerts().filter(others);
    alerts.map(|alert| alert.id).collect()
}

fn hard(tokens: u64) -> PolicyDraft {
    PolicyDraft {
        enforcement: Some(Enforcement::HardLimit),
        ..*per_session(None, tokens)
    }
}

#[test]
fn so_many_sessions_have_alerts_and_one_stands_for_the_others() {
    let mut bench = Bench::new();
    let policy = bench.budget(*per_session(None, 1_000));
    in_sessions(&mut bench, SESSIONS, "s").result.unwrap();
    assert_eq!(told(&bench), (0, 0));

    let all_levels = (3 * KEYED_ALERTS_MOST, 3);
    limit(&mut bench, policy, 5).result.unwrap();
    assert_eq!(told(&bench), all_levels);
    assert_eq!(limit(&mut bench, policy, 4).entries.len(), 1, "told twice");

    // Who has seen some sees others as soon as they are used.
    let own = bench.state.alerts().find(|alert| {
        matches!(
            alert.cause,
            AlertCause::Level {
                level: Level::Warning,
                ..
            }
        )
    });
    let (alert, note) = (own.unwrap().id, None);
    let seen = Command::AcknowledgeAlert { alert, note };
    bench.give(seen.clone()).result.unwrap();
    bench.give(seen).result.unwrap();
    let again = in_sessions(&mut bench, SESSIONS, "s");
    assert_eq!(levels(&again), [Level::Warning]);

    // No level holds any more; what was spent past the limit was.
    limit(&mut bench, policy, 1_000).result.unwrap();
    assert_eq!(told(&bench), (KEYED_ALERTS_MOST, 1));
}

#[test]
fn one_alert_stands_for_the_overruns_of_many_sessions_too() {
    let mut bench = Bench::new();
    bench.budget(hard(5));
    let decided = in_sessions(&mut bench, SESSIONS, "s");
    decided.result.unwrap();
    assert_eq!(told(&bench), (4 * KEYED_ALERTS_MOST, 4));
    // And after they were read from their rows again.
    let rows = bench.state.take_changed_rows();
    let rows = rows.into_iter().filter_map(|(key, row)| Some((key, row?)));
    let (sequence, next) = (bench.state.sequence(), bench.state.next_id());
    bench.state = State::from_rows(sequence, next, rows);
    in_sessions(&mut bench, SESSIONS, "t").result.unwrap();
    assert_eq!(told(&bench), (4 * KEYED_ALERTS_MOST, 4));
}

#[test]
fn records_that_may_come_to_more_than_a_batch_takes_are_refused_before_the_first() {
    let mut bench = Bench::new();
    let hourly = PolicyDraft {
        period: Some(Period::Hourly),
        ..*per_session(None, 1)
    };
    policies(&mut bench, 2, &hourly);
    let record = |bench: &mut Bench, count: i64| {
        let postings = (0..count).map(|hours| Posting {
            usage: usage(
                bench.now - SignedDuration::from_hours(hours),
                "0",
                None,
                false,
            ),
            request: None,
        });
        let postings = postings.collect();
        bench.give(Command::Record(postings))
    };
    let refused = record(&mut bench, 1_000);
    let refusal = refused.result.unwrap_err();
    assert_eq!(refusal.code, Code::InvalidArgument);
    assert!(refusal.to_string().contains("record fewer"), "{refusal}");
    assert_eq!(refused.entries, []);
    let few = record(&mut bench, 50);
    few.result.unwrap();
    let mut bytes = Vec::new();
    for entry in &few.entries {
        codec::encode(&entry.recorded, &mut bytes).unwrap();
    }
    assert!(few.entries.len() > 19_000, "{}", few.entries.len());
    assert!(bytes.len() < weight::ORDER_MOST, "{}", bytes.len());
}

#[test]
fn a_thousand_records_in_as_many_sessions_meet_many_policies() {
    let mut bench = Bench::new();
    let name = Some("agents".to_owned());
    let policies = (0..64).map(|_| *per_session(None, 1)).collect();
    let draft = SaveBudget {
        name,
        policies,
        ..SaveBudget::default()
    };
    bench
        .give(Command::SaveBudget(Box::new(draft)))
        .result
        .unwrap();
    let decided = in_sessions(&mut bench, 1_000, "s");
    decided.result.unwrap();
    assert_eq!(told(&bench).1, 64 * 4);
}

#[test]
fn one_record_that_meets_very_many_policies_raises_so_many_alerts_and_one_for_the_others() {
    let mut bench = Bench::new();
    let daily = PolicyDraft {
        period: Some(Period::Daily),
        ..*per_session(None, 1)
    };
    policies(&mut bench, 50, &daily);
    let decided = bench.spend("0", None, false);
    assert_eq!(decided.entries.len(), 1 + ALERTS_MOST + 1);
    assert_eq!(of_other_policies(&bench), [Level::Exceeded]);
    // The next one raises what is missing: an overrun and three levels of each.
    bench.spend("0", None, false).result.unwrap();
    assert_eq!(bench.state.alerts().count(), 4 * 50 * 64 + 1);
    assert_eq!(bench.spend("0", None, false).entries.len(), 1);

    // All of them are of a day, but for the one.
    bench.later(24).give(Command::Tick);
    assert_eq!(bench.state.alerts().count(), 1);
    bench.spend("0", None, false).result.unwrap();
    assert_eq!(of_other_policies(&bench), [Level::Exceeded], "told twice");
    let alert = bench.state.alerts().next().unwrap().id;
    let note = None;
    bench.give(Command::AcknowledgeAlert { alert, note });
    bench.later(24).spend("0", None, false).result.unwrap();
    assert_eq!(
        of_other_policies(&bench).len(),
        2,
        "what came after it was seen"
    );
}

#[test]
fn a_correction_that_meets_very_many_policies_raises_no_more_alerts_than_a_record() {
    let mut bench = Bench::new();
    let daily = PolicyDraft {
        period: Some(Period::Daily),
        ..*per_session(None, 1)
    };
    policies(&mut bench, 60, &daily);
    let adjusted = UsageAdjusted {
        named: None,
        record: None,
        counted: None,
        provider: "openai".into(),
        model: "gpt-4o".into(),
        tier: None,
        context: Context::default(),
        occurred: bench.now,
        correction: Correction {
            added: Counts {
                input_tokens: 10,
                ..Counts::default()
            },
            ..Correction::default()
        },
    };
    let recorded = None;
    let command = Command::Adjust(Box::new(Adjust { adjusted, recorded }));
    let decided = bench.give(command);
    decided.result.unwrap();
    assert_eq!(decided.entries.len(), 1 + ALERTS_MOST + 1);
    assert_eq!(of_other_policies(&bench), [Level::Exceeded]);
}

#[test]
fn what_is_told_of_all_others_is_told_anew_once_somebody_has_seen_it() {
    let mut bench = Bench::new();
    bench.budget(hard(5));
    in_sessions(&mut bench, SESSIONS, "s").result.unwrap();
    let first = of_others(&bench);
    assert_eq!(first.len(), 4);
    for alert in first.clone() {
        let seen = Command::AcknowledgeAlert { alert, note: None };
        bench.give(seen).result.unwrap();
    }
    in_sessions(&mut bench, 3, "new").result.unwrap();
    assert_eq!(of_others(&bench).len(), 8);
    in_sessions(&mut bench, 3, "newer").result.unwrap();
    assert_eq!(of_others(&bench).len(), 8, "told twice");
}

#[test]
fn the_levels_of_sessions_that_are_long_over_make_room_for_those_of_others() {
    let mut bench = Bench::new();
    bench.budget(*per_session(None, 12));
    in_sessions(&mut bench, KEYED_ALERTS_MOST, "old")
        .result
        .unwrap();
    assert_eq!(told(&bench), (KEYED_ALERTS_MOST, 0));
    bench.later(30 * 24);
    let decided = in_sessions(&mut bench, 1, "new");
    assert_eq!(levels(&decided), [Level::Warning]);
    assert_eq!(told(&bench), (KEYED_ALERTS_MOST + 1, 0));
}

#[test]
fn an_alert_says_which_session_it_is_about() {
    let mut bench = Bench::new();
    bench.budget(hard(5));
    in_sessions(&mut bench, 1, "run").result.unwrap();
    let mut posting = usage(bench.now, "0", None, false);
    posting.context.session_id = None;
    let request = None;
    let unnamed = Posting {
        usage: posting,
        request,
    };
    bench.give(Command::Record(vec![unnamed])).result.unwrap();
    let (named, unnamed): (Vec<_>, Vec<_>) = bench
        .state
        .alerts()
        .map(|alert| &*alert.message)
        .partition(|message| message.contains("in session \"run 00000\""));
    assert_eq!(named.len(), 4);
    assert_eq!(unnamed.len(), 4);
    for message in unnamed {
        assert!(message.contains("by what names no session"), "{message}");
    }
}

/// Corrects what every session of a name used to nothing.
fn correct(bench: &mut Bench, decided: Decided) {
    for entry in decided.entries {
        let Event::UsageRecorded(recorded) = entry.recorded.event else {
            continue;
        };
        let correction = Correction {
            removed: recorded.usage.counts,
            ..Correction::default()
        };
        let record = RecordId(entry.sequence);
        let adjusted = UsageAdjusted::of_record(record, *recorded, correction);
        let recorded = None;
        let adjust = Box::new(Adjust { adjusted, recorded });
        bench.give(Command::Adjust(adjust)).result.unwrap();
    }
}

#[test]
fn what_is_told_of_all_others_ends_with_the_last_of_them() {
    let mut bench = Bench::new();
    bench.budget(*per_session(None, 5));
    let decided = in_sessions(&mut bench, KEYED_ALERTS_MOST + 3, "s");
    assert_eq!(told(&bench), (4 * KEYED_ALERTS_MOST, 4));
    correct(&mut bench, decided);
    assert_eq!(told(&bench), (KEYED_ALERTS_MOST, 1), "those of overruns");
}

/// Raises alerts about as many sessions, as older versions did.
fn raise(bench: &mut Bench, count: usize, cause: impl Fn(MeterKey) -> AlertCause) {
    for place in 0..count {
        let recorded = Recorded {
            stamp: Stamp::of_time(bench.now),
            request: None,
            event: Event::AlertRaised {
                cause: cause(MeterKey::Of(format!("{place}").into())),
                message: String::new(),
            },
        };
        let sequence = bench.state.sequence() + 1;
        bench.state.apply(sequence, &recorded);
    }
}

fn disable(bench: &mut Bench, policy: PolicyId) -> Decided {
    let budget = bench.state.policy(policy).unwrap().budget;
    let draft = PolicyDraft {
        id: Some(policy),
        enabled: Some(false),
        ..PolicyDraft::default()
    };
    bench.give(Command::SavePolicy(budget, Box::new(draft)))
}

#[test]
fn a_policy_with_too_many_overruns_can_be_disabled_and_then_removed() {
    let mut bench = Bench::new();
    let policy = bench.budget(hard(5));
    let budget = bench.state.policy(policy).unwrap().budget;
    raise(&mut bench, RESOLVED_MOST + 1, |meter| {
        AlertCause::PolicyOverrun {
            budget,
            policy,
            meter,
            spender: None,
        }
    });
    let refused = bench.give(Command::RemovePolicy(policy)).result;
    assert_eq!(refused.unwrap_err().code, Code::Conflict);
    disable(&mut bench, policy).result.unwrap();
    assert_eq!(bench.state.alerts().count(), 2);
    let removed = bench.give(Command::RemovePolicy(policy)).result;
    removed.unwrap();
}

#[test]
fn what_was_due_does_not_count_against_what_a_command_resolves() {
    let mut bench = Bench::new();
    let policy = bench.budget(hard(5));
    let budget = bench.state.policy(policy).unwrap().budget;
    let half = RESOLVED_MOST * 3 / 5;
    raise(&mut bench, half, |meter| AlertCause::CriticalBypass {
        budget,
        policy,
        meter,
    });
    bench.later(30 * 24);
    raise(&mut bench, half, |meter| AlertCause::Level {
        budget,
        policy,
        meter,
        level: Level::Warning,
    });
    let decided = disable(&mut bench, policy);
    assert_eq!(decided.due, half);
    assert_eq!(bench.state.alerts().count(), 0);
}

/// Records of so many models at an unknown cost; gives back how many alerts were raised.
fn unpriced(bench: &mut Bench, models: std::ops::Range<usize>) -> usize {
    let postings = models.map(|model| {
        let mut usage = usage(bench.now, "0", None, false);
        usage.model = format!("unpriced-{model}").into();
        usage.cost.source = CostSource::Unknown;
        Posting {
            usage,
            request: None,
        }
    });
    let decided = bench.give(Command::Record(postings.collect()));
    decided.result.unwrap();
    let raised = decided.entries.iter();
    let raised = raised.filter(|entry| matches!(entry.recorded.event, Event::AlertRaised { .. }));
    raised.count()
}

fn acknowledge(bench: &mut Bench, alert: AlertId) {
    let seen = Command::AcknowledgeAlert { alert, note: None };
    bench.give(seen).result.unwrap();
}

#[test]
fn so_many_models_without_a_price_have_alerts_and_one_stands_for_the_others() {
    let mut bench = Bench::new();
    assert_eq!(unpriced(&mut bench, 0..1_000), 1_000);
    assert_eq!(unpriced(&mut bench, 0..1_000), 0, "they are known");
    assert_eq!(unpriced(&mut bench, 1_000..1_003), 1);
    let of_others = |bench: &Bench| {
        let mut alerts = bench.state.alerts();
        let of_others = alerts.rfind(|alert| alert.cause == AlertCause::CostUnknownOfOthers);
        of_others.map(|alert| alert.id)
    };
    let first = of_others(&bench).unwrap();
    acknowledge(&mut bench, first);
    assert_eq!(unpriced(&mut bench, 1_003..1_005), 1, "it is told anew");
    let own = bench.state.unknown_cost("openai", "unpriced-7").unwrap();
    acknowledge(&mut bench, own);
    assert_eq!(
        unpriced(&mut bench, 1_005..1_007),
        1,
        "there is room for one"
    );
    assert!(
        bench
            .state
            .unknown_cost("openai", "unpriced-1005")
            .is_some()
    );
    assert!(of_others(&bench).is_some());
    let mut rates = Rates::default();
    rates.standard.rates = [(Unit::Input, 1.into())].into();
    let set = Command::OverridePrice {
        provider: "openai".to_owned(),
        model: "unpriced-8".to_owned(),
        rates: Some(rates),
        effective_from: bench.now,
    };
    bench.give(set).result.unwrap();
    assert_eq!(of_others(&bench), None, "there is room for another");
}
