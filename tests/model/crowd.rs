//! A policy with more sessions than have alerts of their own.

use super::alerts::CROWD;
use super::world::World;
use jiff::Timestamp;
use tekton_budget::core::alert::{Alert, AlertCause, Level};
use tekton_budget::core::command::{Adjust, Command, PolicyDraft, Posting, SaveBudget};
use tekton_budget::core::context::Context;
use tekton_budget::core::event::{Event, UsageAdjusted, UsageRecorded};
use tekton_budget::core::id::{AlertId, BudgetId, PolicyId, RecordId};
use tekton_budget::core::name::Name;
use tekton_budget::core::period::Period;
use tekton_budget::core::policy::{Enforcement, Limits};
use tekton_budget::core::quantity::{Counts, Usd};
use tekton_budget::core::usage::{Correction, Cost, CostSource, Usage};

/// How many sessions there are.
const SESSIONS: usize = CROWD + 20;

/// More models than have alerts of their own for their unknown costs.
const UNPRICED: usize = 1_001;

/// Ten tokens of a model, at no cost.
fn usage(model: Name, source: CostSource, context: Context, occurred: Timestamp) -> Usage {
    Usage {
        provider: "openai".into(),
        model,
        release: None,
        named: None,
        tier: None,
        service_tier: None,
        context,
        counts: Counts {
            input_tokens: 10,
            ..Counts::default()
        },
        cost: Cost {
            usd: Usd::ZERO,
            source,
            price_version: None,
            unpriced: Vec::new(),
            sellers: Vec::new(),
        },
        occurred,
        allocation: None,
        is_final: false,
        metadata: serde_json::Map::default(),
    }
}

/// A policy, and what its sessions have used.
pub struct Crowd {
    budget: BudgetId,
    policy: PolicyId,
    records: Vec<(RecordId, UsageRecorded)>,
}

impl Crowd {
    /// Makes the policy; any session that uses something passes its limit.
    pub fn new(world: &mut World) -> Self {
        let policy = PolicyDraft {
            enforcement: Some(Enforcement::HardLimit),
            period: Some(Period::PerSession),
            limits: Limits {
                tokens: Some(5),
                ..Limits::default()
            },
            ..PolicyDraft::default()
        };
        let draft = SaveBudget {
            name: Some("crowd".to_owned()),
            policies: vec![policy],
            ..SaveBudget::default()
        };
        let decided = world.give(Command::SaveBudget(Box::new(draft)));
        let saved = decided.entries.iter().find_map(|entry| {
            let Event::BudgetSaved {
                budget, policies, ..
            } = &entry.recorded.event
            else {
                return None;
            };
            Some((budget.id, policies[0].id))
        });
        let (budget, policy) = saved.unwrap();
        Self {
            budget,
            policy,
            records: Vec::new(),
        }
    }

    /// Records in every session, all at once.
    pub fn record(&mut self, world: &mut World) {
        let now = world.now();
        let posting = |session: usize| {
            let name = Some(format!("crowd {session:03}").into());
            let context = Context {
                session_id: name.clone(),
                task_id: name,
                ..Context::default()
            };
            Posting {
                usage: usage("gpt-4o".into(), CostSource::Reported, context, now),
                request: None,
            }
        };
        let postings = (0..SESSIONS).map(posting).collect();
        let decided = world.give(Command::Record(postings));
        decided.result.unwrap();
        let records = decided.entries.into_iter().filter_map(|entry| {
            let Event::UsageRecorded(recorded) = entry.recorded.event else {
                return None;
            };
            Some((RecordId(entry.sequence), *recorded))
        });
        self.records.extend(records);
    }

    /// Records of more models without a price than have alerts of their own.
    pub fn record_unpriced(world: &mut World) {
        let now = world.now();
        for models in (0..UNPRICED).collect::<Vec<_>>().chunks(SESSIONS) {
            let posting = |model: &usize| {
                let model = format!("unpriced {model}").into();
                Posting {
                    usage: usage(model, CostSource::Unknown, Context::default(), now),
                    request: None,
                }
            };
            let postings = models.iter().map(posting).collect();
            world.give(Command::Record(postings)).result.unwrap();
        }
    }

    /// Corrects every record to nothing, one by one.
    pub fn correct(&mut self, world: &mut World) {
        for (record, recorded) in self.records.drain(..) {
            let correction = Correction {
                removed: recorded.usage.counts,
                ..Correction::default()
            };
            let adjusted = UsageAdjusted::of_record(record, recorded, correction);
            let recorded = None;
            let adjust = Box::new(Adjust { adjusted, recorded });
            world.give(Command::Adjust(adjust)).result.unwrap();
        }
    }

    /// Has its policy count by another period.
    pub fn count_by(&self, world: &mut World, period: Period) {
        let draft = PolicyDraft {
            id: Some(self.policy),
            period: Some(period),
            ..PolicyDraft::default()
        };
        let saved = world.give(Command::SavePolicy(self.budget, Box::new(draft)));
        saved.result.unwrap();
    }

    /// The alerts that tell of all others.
    pub fn of_others(&self, world: &World) -> Vec<AlertId> {
        let others = |alert: &&Alert| match &alert.cause {
            AlertCause::LevelOfOthers { policy, .. }
            | AlertCause::OverrunOfOthers { policy, .. } => *policy == self.policy,
            _ => false,
        };
        let alerts = world.state.alerts().filter(others);
        alerts.map(|alert| alert.id).collect()
    }

    /// The alerts that tell of a level of one session.
    pub fn of_one(&self, world: &World, at: Level) -> Vec<AlertId> {
        let one = |alert: &&Alert| match &alert.cause {
            AlertCause::Level { policy, level, .. } => *policy == self.policy && *level == at,
            _ => false,
        };
        let alerts = world.state.alerts().filter(one);
        alerts.map(|alert| alert.id).collect()
    }
}

/// Has somebody see alerts.
pub fn acknowledge(world: &mut World, alerts: &[AlertId]) {
    for alert in alerts.iter().copied() {
        let seen = Command::AcknowledgeAlert { alert, note: None };
        world.give(seen).result.unwrap();
    }
}
