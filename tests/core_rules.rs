//! Rules of the ledger that the model or a reading of them found broken once.

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
        let decided = self.give(Command::Allocate(Allocate {
            model: ModelRef::default(),
            context: of(component),
            amount: Amount {
                tokens: Some(10),
                requests: 1,
                cost: Some(usd(cost)),
            },
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
