//! The rules of the ledger by example.

use super::*;
use crate::core::alert::{AlertCause, Level};
use crate::core::charge::{Amount, ModelRef};
use crate::core::codec;
use crate::core::command::{Allocate, Extend, PolicyDraft, Posting, RequestIncrease, SaveBudget};
use crate::core::context::{Context, Priority};
use crate::core::id::{AllocationId, IncreaseId, PolicyId};
use crate::core::period::Period;
use crate::core::policy::{Enforcement, Limits, Rollover};
use crate::core::price::ServiceTier;
use crate::core::quantity::{Counts, Usd};
use crate::core::refusal::Code;
use crate::core::role::{Interface, Role};
use crate::core::tally::Tally;
use crate::core::usage::{Cost, CostSource, Draw, Usage};
use crate::core::verdict::Outcome;
use jiff::SignedDuration;

mod many;
mod windows;

struct Bench {
    state: State,
    now: Timestamp,
}

fn usd(text: &str) -> Usd {
    Usd::parse(text).unwrap()
}

impl Bench {
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
        let decided = execute(
            &mut self.state,
            Order {
                stamp,
                request: None,
                command,
            },
        );
        for entry in &decided.entries {
            let mut bytes = Vec::new();
            codec::encode(&entry.recorded, &mut bytes).unwrap();
            assert_eq!(codec::decode(&bytes).unwrap(), entry.recorded);
        }
        decided
    }

    fn later(&mut self, hours: i64) -> &mut Self {
        self.now += SignedDuration::from_hours(hours);
        self
    }

    fn budget(&mut self, policy: PolicyDraft) -> PolicyId {
        let name = Some(format!("budget {}", self.state.next_id()));
        let draft = SaveBudget {
            name,
            policies: vec![policy],
            ..SaveBudget::default()
        };
        let decided = self.give(Command::SaveBudget(Box::new(draft)));
        decided.result.unwrap();
        let Event::BudgetSaved { policies, .. } = &decided.entries[0].recorded.event else {
            unreachable!()
        };
        policies[0].id
    }

    fn allocate(&mut self, cost: &str, context: Context) -> Result<Done, Refusal> {
        let amount = Amount {
            tokens: Some(100),
            requests: 1,
            cost: Some(usd(cost)),
        };
        let ttl = SignedDuration::from_hours(24);
        self.give(Command::Allocate(Allocate {
            model: ModelRef::default(),
            service_tier: ServiceTier::Standard,
            context,
            amount,
            estimated: false,
            ttl,
        }))
        .result
    }

    fn hold(&mut self, cost: &str) -> Option<AllocationId> {
        match self.allocate(cost, Context::default()).unwrap() {
            Done::Events(_) => self
                .state
                .open_allocations()
                .map(|allocation| allocation.id)
                .max(),
            Done::Denied(_) => None,
        }
    }

    fn spend(&mut self, cost: &str, allocation: Option<AllocationId>, is_final: bool) -> Decided {
        let usage = usage(self.now, cost, allocation, is_final);
        self.give(Command::Record(vec![Posting {
            usage,
            request: None,
        }]))
    }

    fn available(&self, policy: PolicyId) -> Tally {
        let state = self.state.policy(policy).unwrap();
        let key = state.meter_key(&Context::default(), self.now);
        self.state
            .standing(policy, key, self.now)
            .unwrap()
            .available()
    }
}

fn usage(at: Timestamp, cost: &str, allocation: Option<AllocationId>, is_final: bool) -> Usage {
    Usage {
        provider: "openai".into(),
        model: "gpt-4o".into(),
        release: None,
        named: None,
        tier: None,
        service_tier: None,
        context: Context::default(),
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
        occurred: at,
        allocation,
        is_final,
        metadata: serde_json::Map::default(),
    }
}

fn daily(cost: &str) -> PolicyDraft {
    PolicyDraft {
        period: Some(Period::Daily),
        limits: Limits {
            cost: Some(usd(cost)),
            ..Limits::default()
        },
        ..PolicyDraft::default()
    }
}

fn levels(decided: &Decided) -> Vec<Level> {
    let causes = decided
        .entries
        .iter()
        .filter_map(|entry| match &entry.recorded.event {
            Event::AlertRaised {
                cause: AlertCause::Level { level, .. },
                ..
            } => Some(*level),
            _ => None,
        });
    causes.collect()
}

fn recorded(decided: &Decided) -> &crate::core::event::UsageRecorded {
    let found = decided
        .entries
        .iter()
        .find_map(|entry| match &entry.recorded.event {
            Event::UsageRecorded(recorded) => Some(recorded),
            _ => None,
        });
    found.unwrap()
}

#[test]
fn holds_and_postings_within_them_never_pass_a_hard_limit() {
    let mut bench = Bench::new();
    let policy = bench.budget(daily("1"));
    let first = bench.hold("0.6").unwrap();
    assert_eq!(bench.hold("0.41"), None);
    assert_eq!(bench.available(policy).cost, usd("0.4"));
    let decided = bench.spend("0.5", Some(first), true);
    assert!(!recorded(&decided).overrun);
    assert_eq!(bench.available(policy).cost, usd("0.5"));
    assert!(bench.hold("0.5").is_some());
    assert_eq!(bench.hold("0.000000001"), None);
}

#[test]
fn what_a_hold_does_not_use_is_available_again_when_it_expires() {
    let mut bench = Bench::new();
    let policy = bench.budget(daily("1"));
    let hold = bench.hold("0.9").unwrap();
    bench.later(24).give(Command::Tick);
    assert_eq!(bench.available(policy).cost, usd("1"));
    let decided = bench.spend("0.3", Some(hold), false);
    assert_eq!(recorded(&decided).draw, Some(Draw::Ended));
    assert_eq!(bench.available(policy).cost, usd("0.7"));
    assert_eq!(
        bench.give(Command::Release(hold)).result.unwrap_err().code,
        Code::AllocationClosed
    );
}

#[test]
fn spending_past_a_hold_or_a_limit_is_recorded_as_an_overrun_and_alerted_once() {
    let mut bench = Bench::new();
    let policy = bench.budget(daily("1"));
    let hold = bench.hold("0.1").unwrap();
    let decided = bench.spend("0.2", Some(hold), false);
    assert!(recorded(&decided).overrun);
    let decided = bench.spend("5", None, false);
    assert!(recorded(&decided).overrun);
    assert_eq!(
        levels(&decided),
        [Level::Warning, Level::Action, Level::Exceeded]
    );
    let decided = bench.spend("5", None, false);
    assert_eq!(
        decided.entries.len(),
        1,
        "each level and the overrun were alerted once"
    );
    assert_eq!(bench.available(policy).cost, usd("-9.2"));
}

#[test]
fn critical_calls_pass_only_where_the_policy_says_so_and_are_alerted() {
    let mut bench = Bench::new();
    bench.budget(PolicyDraft {
        critical_bypass: Some(true),
        ..daily("1")
    });
    let critical = Context {
        priority: Some(Priority::CRITICAL),
        ..Context::default()
    };
    assert!(matches!(
        bench.allocate("2", Context::default()),
        Ok(Done::Denied(_))
    ));
    assert!(matches!(
        bench.allocate("2", critical.clone()),
        Ok(Done::Events(_))
    ));
    assert_eq!(bench.state.alerts().count(), 1);
    bench.budget(daily("1"));
    assert!(matches!(bench.allocate("2", critical), Ok(Done::Denied(_))));
}

#[test]
fn an_unknown_cost_does_not_pass_a_hard_limit_of_cost() {
    let mut bench = Bench::new();
    bench.budget(daily("1"));
    let amount = Amount {
        tokens: Some(1),
        requests: 1,
        cost: None,
    };
    let context = Context::default();
    let facts = ModelRef::default();
    let verdict = bench
        .state
        .weigh(&facts.facts(&context), &amount, bench.now, bench.now);
    assert_eq!(verdict.outcome, Outcome::Deny);
}

#[test]
fn a_budget_above_is_met_by_what_its_children_cover_and_no_budget_is_its_own_ancestor() {
    let mut bench = Bench::new();
    let top = bench.budget(daily("1"));
    let parent = bench.state.policy(top).unwrap().budget;
    let draft = SaveBudget {
        name: Some("child".into()),
        parent: Some(Some(parent)),
        ..SaveBudget::default()
    };
    bench
        .give(Command::SaveBudget(Box::new(draft)))
        .result
        .unwrap();
    let child = bench.state.budget_named("child").unwrap().budget.id;
    let circle = SaveBudget {
        id: Some(parent),
        parent: Some(Some(child)),
        ..SaveBudget::default()
    };
    let refusal = bench
        .give(Command::SaveBudget(Box::new(circle)))
        .result
        .unwrap_err();
    assert_eq!(refusal.code, Code::InvalidArgument);
    assert_eq!(refusal.details["field"], "parent_id");
    bench.spend("0.5", None, false);
    assert_eq!(
        bench.available(top).cost,
        usd("0.5"),
        "posted once, though it is met twice"
    );
}

#[test]
fn a_policy_made_later_counts_the_holds_that_are_open() {
    let mut bench = Bench::new();
    bench.budget(daily("10"));
    bench.hold("3").unwrap();
    let later = bench.budget(daily("5"));
    assert_eq!(bench.available(later).cost, usd("2"));
}

#[test]
fn extending_tops_up_like_a_new_hold() {
    let mut bench = Bench::new();
    let policy = bench.budget(daily("1"));
    let hold = bench.hold("0.5").unwrap();
    let more = |cost: &str| Amount {
        tokens: Some(0),
        requests: 0,
        cost: Some(usd(cost)),
    };
    let extend = |cost: &str| Extend {
        allocation: hold,
        ttl: None,
        more: more(cost),
    };
    assert!(matches!(
        bench.give(Command::Extend(extend("0.6"))).result,
        Ok(Done::Denied(_))
    ));
    assert!(matches!(
        bench.give(Command::Extend(extend("0.5"))).result,
        Ok(Done::Events(_))
    ));
    assert_eq!(bench.available(policy).cost, Usd::ZERO);
}

#[test]
fn a_batch_is_refused_whole_and_a_late_usage_counts_in_its_own_window() {
    let mut bench = Bench::new();
    let policy = bench.budget(daily("1"));
    let good = usage(bench.now, "0.1", None, false);
    let mut bad = good.clone();
    bad.occurred = bench.now + SignedDuration::from_mins(6);
    let postings = [good.clone(), bad]
        .map(|usage| Posting {
            usage,
            request: None,
        })
        .into();
    let refusal = bench.give(Command::Record(postings)).result.unwrap_err();
    assert_eq!(refusal.details["field"], "records[1].occurred_at");
    assert_eq!(bench.available(policy).cost, usd("1"));
    bench.later(24);
    bench
        .give(Command::Record(vec![Posting {
            usage: good,
            request: None,
        }]))
        .result
        .unwrap();
    assert_eq!(bench.available(policy).cost, usd("1"));
    let window = bench
        .state
        .policy(policy)
        .unwrap()
        .window(bench.now - SignedDuration::from_hours(24));
    let key = crate::core::alert::MeterKey::Window(window);
    assert_eq!(
        bench.state.policy(policy).unwrap().meter(&key).posted.cost,
        usd("0.1")
    );
}

#[test]
fn rows_make_the_same_state_again() {
    let mut bench = Bench::new();
    let policy = bench.budget(PolicyDraft {
        enforcement: Some(Enforcement::HardLimit),
        ..daily("1")
    });
    bench.hold("0.25").unwrap();
    bench.spend("0.96", None, false);
    let rows = bench.state.take_changed_rows();
    let rows = rows
        .into_iter()
        .filter_map(|(key, row)| row.map(|row| (key, row)));
    let again = State::from_rows(bench.state.sequence(), bench.state.next_id(), rows);
    let key = again
        .policy(policy)
        .unwrap()
        .meter_key(&Context::default(), bench.now);
    assert_eq!(
        again.standing(policy, key.clone(), bench.now),
        bench.state.standing(policy, key, bench.now)
    );
    assert_eq!(
        again.alerts().collect::<Vec<_>>(),
        bench.state.alerts().collect::<Vec<_>>()
    );
    assert_eq!(again.next_due(), bench.state.next_due());
}
