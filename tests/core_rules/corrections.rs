//! Where a correction counts.

use crate::ledger::{Ledger, cost, daily, of, usd};
use tekton_budget::core::alert::{Level, MeterKey};
use tekton_budget::core::charge::{Amount, ModelRef};
use tekton_budget::core::command::{Adjust, Allocate, Command, PolicyDraft, SaveBudget};
use tekton_budget::core::decide::Done;
use tekton_budget::core::event::UsageAdjusted;
use tekton_budget::core::id::{PolicyId, RecordId};
use tekton_budget::core::period::Period;
use tekton_budget::core::price::ServiceTier;
use tekton_budget::core::quantity::Usd;
use tekton_budget::core::scope::{Scope, Values};
use tekton_budget::core::usage::{Correction, Usage};

/// Records a usage, and gives back a correction of it by an amount.
fn record(ledger: &mut Ledger, usage: Usage, by: Usd) -> UsageAdjusted {
    let record = RecordId(ledger.state.sequence() + 1);
    let recorded = ledger.record(usage);
    assert!(recorded.counted.is_some());
    let correction = Correction {
        cost: by,
        ..Correction::default()
    };
    UsageAdjusted::of_record(record, recorded, correction)
}

fn correct(ledger: &mut Ledger, adjusted: UsageAdjusted) {
    let recorded = None;
    let command = Command::Adjust(Box::new(Adjust { adjusted, recorded }));
    ledger.give(command).result.unwrap();
}

fn key(ledger: &Ledger, policy: PolicyId) -> MeterKey {
    let state = ledger.state.policy(policy).unwrap();
    MeterKey::Window(state.window(ledger.now))
}

fn posted(ledger: &Ledger, policy: PolicyId) -> Usd {
    let key = key(ledger, policy);
    ledger.state.policy(policy).unwrap().meter(&key).posted.cost
}

fn fits(ledger: &mut Ledger, cost: &str) -> bool {
    let decided = ledger.give(Command::Allocate(Allocate {
        model: ModelRef::default(),
        context: of("apollo"),
        amount: Amount {
            tokens: Some(10),
            requests: 1,
            cost: Some(usd(cost)),
        },
        service_tier: ServiceTier::Standard,
        estimated: false,
        ttl: jiff::SignedDuration::from_hours(1),
    }));
    matches!(decided.result.unwrap(), Done::Events(_))
}

#[test]
fn a_policy_that_was_saved_after_a_record_takes_no_correction_of_it() {
    let mut ledger = Ledger::new();
    let usage = ledger.usage("apollo", "5");
    let adjusted = record(&mut ledger, usage, -usd("5"));
    let (_, policy) = ledger.budget("apollo", daily("10"));
    correct(&mut ledger, adjusted);
    assert_eq!(posted(&ledger, policy), Usd::ZERO);
    assert!(!fits(&mut ledger, "10.01"));
    assert!(fits(&mut ledger, "10"));
}

#[test]
fn a_correction_counts_where_its_record_did_whatever_was_saved_since() {
    let mut ledger = Ledger::new();
    let (budget, policy) = ledger.budget("apollo", daily("10"));
    let (other, others) = ledger.budget("rhetor", daily("10"));
    let usage = ledger.usage("apollo", "5");
    let adjusted = record(&mut ledger, usage, -usd("4"));
    let scoped = |id, component: &str| SaveBudget {
        id: Some(id),
        scope: Some(Scope {
            component: Values::new([component.to_owned()]),
            ..Scope::default()
        }),
        ..SaveBudget::default()
    };
    ledger.save(scoped(budget, "another")).result.unwrap();
    ledger.save(scoped(other, "apollo")).result.unwrap();
    correct(&mut ledger, adjusted);
    assert_eq!(posted(&ledger, policy), usd("1"));
    assert_eq!(posted(&ledger, others), Usd::ZERO);
}

#[test]
fn a_counter_of_windows_that_were_cut_later_takes_no_correction() {
    let mut ledger = Ledger::new();
    let (budget, policy) = ledger.budget("apollo", daily("10"));
    let usage = ledger.usage("apollo", "5");
    let adjusted = record(&mut ledger, usage, -usd("5"));
    let monthly = PolicyDraft {
        id: Some(policy),
        period: Some(Period::Monthly),
        ..PolicyDraft::default()
    };
    ledger.change(budget, monthly).result.unwrap();
    correct(&mut ledger, adjusted);
    assert_eq!(posted(&ledger, policy), Usd::ZERO);
}

#[test]
fn a_correction_of_a_record_of_an_archived_budget_counts_and_alerts_nobody() {
    let mut ledger = Ledger::new();
    let (budget, policy) = ledger.budget("apollo", daily("10"));
    let usage = ledger.usage("apollo", "5");
    let adjusted = record(&mut ledger, usage, usd("4"));
    ledger.give(Command::ArchiveBudget(budget)).result.unwrap();
    correct(&mut ledger, adjusted);
    assert_eq!(posted(&ledger, policy), usd("9"));
    assert_eq!(ledger.levels(policy), []);
    let back = SaveBudget {
        id: Some(budget),
        ..SaveBudget::default()
    };
    ledger.save(back).result.unwrap();
    assert_eq!(ledger.levels(policy), [Level::Warning]);
}

#[test]
fn what_is_credited_beyond_what_is_posted_is_available_as_it_is_shown() {
    let mut ledger = Ledger::new();
    let (_, policy) = ledger.budget("apollo", daily("10"));
    let credit = UsageAdjusted {
        named: None,
        record: None,
        counted: None,
        provider: "openai".into(),
        model: "gpt-4o".into(),
        tier: None,
        context: of("apollo"),
        occurred: ledger.now,
        correction: Correction {
            cost: -usd("5"),
            ..Correction::default()
        },
    };
    correct(&mut ledger, credit);
    let key = key(&ledger, policy);
    let standing = ledger.state.standing(policy, key, ledger.now).unwrap();
    assert_eq!(standing.limits, cost("10"));
    assert_eq!(standing.available().cost, usd("15"));
    assert!(!fits(&mut ledger, "15.01"));
    assert!(fits(&mut ledger, "15"));
}
