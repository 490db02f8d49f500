//! `save_policy`: make a policy of a budget, or change one.

use crate::core::command::Command;
use crate::core::event::Event;
use crate::core::id::{BudgetId, PolicyId};
use crate::core::period::{Period, WeekStart};
use crate::core::policy::{Enforcement, Rollover};
use crate::core::quantity::Usd;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::service::Service;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::{Ordered, request};
use crate::service::wire::budget::{PolicyInput, PolicyView};
use crate::service::wire::schema::{Instant, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Make a policy of a budget, or change one.
pub struct SavePolicy;

/// A policy to make or change; what is left out stays as it is, or has its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SavePolicyInput {
    /// Its budget.
    pub budget_id: BudgetId,
    /// The policy to change; leave out for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<PolicyId>,
    /// How strictly it is kept; default hard_limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforcement: Option<Enforcement>,
    /// How long a counter runs; needed for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Most tokens in one window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_tokens: Option<u64>,
    /// Most USD in one window, a decimal string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_cost_usd: Option<Usd>,
    /// Most calls in one window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_requests: Option<u64>,
    /// Used share that warns; default 0.8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning_threshold: Option<Share>,
    /// Used share that asks for action; default 0.95.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_threshold: Option<Share>,
    /// IANA time zone of its windows; default UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// First day of its weeks; default monday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub week_start: Option<WeekStart>,
    /// When it begins; default at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Instant>,
    /// When it ends; default never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Instant>,
    /// Whether what is left over is carried into the next window; default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollover: Option<Rollover>,
    /// Most USD that is carried over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollover_cap_usd: Option<Usd>,
    /// Whether priority 10 passes it; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical_bypass: Option<bool>,
    /// Whether it counts; default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Why, for the audit trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Makes a retry safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The policy as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SavePolicyAnswer {
    /// Its budget.
    pub budget_id: BudgetId,
    /// The policy.
    pub policy: PolicyView,
    /// Whether this request_id had saved it before.
    pub duplicate: bool,
}

impl Operation for SavePolicy {
    type Input = SavePolicyInput;
    type Output = SavePolicyAnswer;
    const CONTRACT: Contract = Contract {
        name: "save_policy",
        title: "Save a policy",
        description: "Add a policy to a budget, or change one by policy_id: a limit of cost, tokens or calls in a \
            period, and how strictly it is kept.",
        toolset: Toolset::Budget,
        role: Role::Admin,
        effect: Effect::Changes,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        mut input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        let id = input.request_id.take();
        let request = request(call, "save_policy", id.as_ref(), &input)?;
        let (budget, reason) = (input.budget_id, input.reason.clone());
        let command = Command::SavePolicy(budget, Box::new(PolicyInput::from(input).draft()?));
        let Ordered::Done { entry, duplicate } =
            desk.give_one(call, reason, request, command).await?
        else {
            return Err(Refusal::unavailable("the ledger denied a policy"));
        };
        let Event::PolicySaved { budget, policy } = &entry.recorded.event else {
            return Err(Refusal::unavailable(
                "the ledger answered with another event",
            ));
        };
        let text = format!("{} of {budget} is saved.", policy.id);
        Ok(Answer {
            text,
            content: SavePolicyAnswer {
                budget_id: *budget,
                policy: policy.into(),
                duplicate,
            },
        })
    }
}

impl From<SavePolicyInput> for PolicyInput {
    fn from(input: SavePolicyInput) -> Self {
        Self {
            policy_id: input.policy_id,
            enforcement: input.enforcement,
            period: input.period,
            limit_tokens: input.limit_tokens,
            limit_cost_usd: input.limit_cost_usd,
            limit_requests: input.limit_requests,
            warning_threshold: input.warning_threshold,
            action_threshold: input.action_threshold,
            time_zone: input.time_zone,
            week_start: input.week_start,
            start: input.start,
            end: input.end,
            rollover: input.rollover,
            rollover_cap_usd: input.rollover_cap_usd,
            critical_bypass: input.critical_bypass,
            enabled: input.enabled,
        }
    }
}
