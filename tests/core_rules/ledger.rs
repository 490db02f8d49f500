//! A ledger to give commands to, and short words for what is given.

use jiff::{SignedDuration, Timestamp};
use tekton_budget::core::alert::{AlertCause, Level};
use tekton_budget::core::charge::{Amount, ModelRef};
use tekton_budget::core::command::{Allocate, Command, PolicyDraft, Posting, SaveBudget};
use tekton_budget::core::context::Context;
use tekton_budget::core::decide::{Decided, Order, execute};
use tekton_budget::core::event::{Event, Stamp, UsageRecorded};
use tekton_budget::core::id::{AllocationId, BudgetId, PolicyId};
use tekton_budget::core::period::Period;
use tekton_budget::core::policy::Limits;
use tekton_budget::core::price::ServiceTier;
use tekton_budget::core::quantity::{Counts, Usd};
use tekton_budget::core::role::{Interface, Role};
use tekton_budget::core::scope::{Scope, Values};
use tekton_budget::core::state::State;
use tekton_budget::core::usage::{Cost, CostSource, Usage};

pub struct Ledger {
    pub state: State,
    pub now: Timestamp,
}

impl Ledger {
    pub fn new() -> Self {
        Self {
            state: State::default(),
            now: "2026-11-24T10:00:00Z".parse().unwrap(),
        }
    }

    pub fn give(&mut self, command: Command) -> Decided {
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

    pub fn save(&mut self, draft: SaveBudget) -> Decided {
        self.give(Command::SaveBudget(Box::new(draft)))
    }

    /// Makes a budget for a component with one policy.
    pub fn budget(&mut self, component: &str, policy: PolicyDraft) -> (BudgetId, PolicyId) {
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
            Event::BudgetSaved {
                budget, policies, ..
            } => (budget.id, policies[0].id),
            other => panic!("{other:?}"),
        }
    }

    pub fn change(&mut self, budget: BudgetId, draft: PolicyDraft) -> Decided {
        self.give(Command::SavePolicy(budget, Box::new(draft)))
    }

    pub fn hold(&mut self, component: &str, cost: &str) -> AllocationId {
        let amount = Amount {
            tokens: Some(10),
            requests: 1,
            cost: Some(usd(cost)),
        };
        self.hold_of(component, amount)
    }

    pub fn hold_of(&mut self, component: &str, amount: Amount) -> AllocationId {
        let decided = self.give(Command::Allocate(Allocate {
            model: ModelRef::default(),
            service_tier: ServiceTier::Standard,
            context: of(component),
            amount,
            estimated: false,
            ttl: SignedDuration::from_hours(72),
        }));
        let place = decided
            .entries
            .iter()
            .find(|entry| matches!(entry.recorded.event, Event::AllocationMade(_)));
        AllocationId(place.expect("it is allowed").sequence)
    }

    pub fn usage(&self, component: &str, cost: &str) -> Usage {
        Usage {
            provider: "openai".into(),
            model: "gpt-4o".into(),
            release: None,
            named: None,
            tier: None,
            service_tier: None,
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
                unpriced: Vec::new(),
                sellers: Vec::new(),
            },
            occurred: self.now,
            allocation: None,
            is_final: false,
            metadata: serde_json::Map::default(),
        }
    }

    pub fn record(&mut self, usage: Usage) -> UsageRecorded {
        let request = None;
        let decided = self.give(Command::Record(vec![Posting { usage, request }]));
        let mut events = decided.entries.into_iter().map(|own| own.recorded.event);
        events
            .find_map(|event| match event {
                Event::UsageRecorded(recorded) => Some(*recorded),
                _ => None,
            })
            .unwrap()
    }

    pub fn levels(&self, of: PolicyId) -> Vec<Level> {
        let causes = self.state.alerts().map(|alert| &alert.cause);
        causes
            .filter_map(|cause| match cause {
                AlertCause::Level { policy, level, .. } if *policy == of => Some(*level),
                _ => None,
            })
            .collect()
    }

    pub fn later(&mut self, hours: i64) {
        self.now += SignedDuration::from_hours(hours);
    }
}

pub fn usd(text: &str) -> Usd {
    Usd::parse(text).unwrap()
}

pub fn of(component: &str) -> Context {
    Context {
        component: Some(component.into()),
        ..Context::default()
    }
}

pub fn cost(limit: &str) -> Limits {
    Limits {
        cost: Some(usd(limit)),
        ..Limits::default()
    }
}

pub fn daily(limit: &str) -> PolicyDraft {
    PolicyDraft {
        period: Some(Period::Daily),
        limits: cost(limit),
        ..PolicyDraft::default()
    }
}
