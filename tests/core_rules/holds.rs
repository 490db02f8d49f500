//! What holds pay for.

use crate::ledger::{Ledger, cost, daily, of, usd};
use tekton_budget::core::alert::AlertCause;
use tekton_budget::core::charge::{Amount, ModelRef};
use tekton_budget::core::command::PolicyDraft;
use tekton_budget::core::id::PolicyId;
use tekton_budget::core::period::Period;
use tekton_budget::core::policy::Limits;
use tekton_budget::core::quantity::{Counts, Usd};
use tekton_budget::core::usage::Usage;

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
