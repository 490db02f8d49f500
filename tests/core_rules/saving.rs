//! What may be saved.

use crate::ledger::{Ledger, cost, daily, of, usd};
use jiff::SignedDuration;
use tekton_budget::core::command::{Adjust, Command, PolicyDraft, SaveBudget};
use tekton_budget::core::context::Context;
use tekton_budget::core::decide::{Order, execute};
use tekton_budget::core::event::{Event, Stamp};
use tekton_budget::core::id::BudgetId;
use tekton_budget::core::policy::Limits;
use tekton_budget::core::quantity::{Counts, Usd};

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
fn amounts_and_shares_have_bounds() {
    let mut ledger = Ledger::new();
    let limits = Limits {
        tokens: Some(1000),
        requests: Some(1000),
        ..cost("1")
    };
    let (_, policy) = ledger.budget(
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
            fixed: Context::default(),
            amount,
        };
        let refusal = ledger.give(Command::RequestIncrease(wanted)).result;
        assert_eq!(refusal.unwrap_err().details["field"], field);
    }
}

#[test]
fn limits_shares_and_corrections_have_bounds() {
    let mut ledger = Ledger::new();
    let (budget, _) = ledger.budget("apollo", daily("1"));
    let too_much = Usd::new(rust_decimal::Decimal::from(1_000_000_001));
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
                    cost: Some(too_much),
                    ..Limits::default()
                },
                ..daily("1")
            },
            "limit_cost_usd",
        ),
        (
            PolicyDraft {
                rollover_cap: Some(too_much),
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
        named: None,
        record: None,
        counted: None,
        provider: "openai".into(),
        model: "gpt-4o".into(),
        tier: None,
        context: of("apollo"),
        occurred: ledger.now,
        correction: tekton_budget::core::usage::Correction {
            cost: -too_much,
            ..Default::default()
        },
    };
    let refusal = ledger
        .give(Command::Adjust(Box::new(Adjust {
            adjusted,
            recorded: None,
        })))
        .result;
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
