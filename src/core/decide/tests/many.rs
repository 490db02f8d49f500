//! Policies with very many counters: what is told of them is bound, and what an order comes to.

use super::*;
use crate::core::command::Adjust;
use crate::core::decide::alerts::KEYED_ALERTS_MOST;
use crate::core::decide::room::ALERTS_MOST;
use crate::core::event::UsageAdjusted;
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
    let of_others = |alert: &&crate::core::alert::Alert| {
        matches!(
            alert.cause,
            AlertCause::LevelOfOthers { .. } | AlertCause::OverrunOfOthers { .. }
        )
    };
    let others = bench.state.alerts().filter(of_others).count();
    (bench.state.alerts().count() - others, others)
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
    let hard = PolicyDraft {
        enforcement: Some(Enforcement::HardLimit),
        ..*per_session(None, 5)
    };
    bench.budget(hard);
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
