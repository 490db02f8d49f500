//! Budgets and policies on the wire.

use super::fields::arguments;
use super::schema::{Instant, Share};
use crate::core::budget::Budget;
use crate::core::id::{BudgetId, PolicyId};
use crate::core::period::{Period, WeekStart};
use crate::core::policy::{Enforcement, Policy, Rollover, THRESHOLD_SCALE};
use crate::core::quantity::Usd;
use crate::core::refusal::Refusal;
use crate::core::scope::Scope;
use crate::core::state::{BudgetState, State};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

arguments!(
    /// A policy to make or change.
    PolicyInput [policy] {}
);

/// A share as it is given, as the number that it is meant to be.
pub(crate) fn share(field: &str, share: Option<Share>) -> Result<Option<Decimal>, Refusal> {
    let Some(Share(share)) = share else {
        return Ok(None);
    };
    // A share is a threshold and no money: these places are what a person means by it.
    let decimal =
        Decimal::from_f64_retain(share).map(|share| share.round_dp(THRESHOLD_SCALE).normalize());
    decimal
        .map(Some)
        .ok_or_else(|| Refusal::invalid(field, "expects a share above 0 and up to 1"))
}

/// A policy as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyView {
    /// Its id.
    pub policy_id: PolicyId,
    /// How strictly it is kept.
    pub enforcement: Enforcement,
    /// How long a counter runs.
    pub period: Period,
    /// Most tokens in one window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_tokens: Option<u64>,
    /// Most USD in one window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_cost_usd: Option<Usd>,
    /// Most calls in one window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_requests: Option<u64>,
    /// Used share that warns.
    pub warning_threshold: Share,
    /// Used share that asks for action.
    pub action_threshold: Share,
    /// Time zone of its windows.
    pub time_zone: String,
    /// First day of its weeks.
    pub week_start: WeekStart,
    /// When it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Instant>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Instant>,
    /// What happens to what is left over.
    pub rollover: Rollover,
    /// Most USD that is carried over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollover_cap_usd: Option<Usd>,
    /// Whether priority 10 passes it.
    pub critical_bypass: bool,
    /// Whether it counts.
    pub enabled: bool,
}

impl From<&Policy> for PolicyView {
    fn from(policy: &Policy) -> Self {
        Self {
            policy_id: policy.id,
            enforcement: policy.enforcement,
            period: policy.period,
            limit_tokens: policy.limits.tokens,
            limit_cost_usd: policy.limits.cost,
            limit_requests: policy.limits.requests,
            warning_threshold: Share(policy.warning_threshold.to_f64().unwrap_or_default()),
            action_threshold: Share(policy.action_threshold.to_f64().unwrap_or_default()),
            time_zone: policy.time_zone.clone(),
            week_start: policy.week_start,
            start: policy.start.map(Instant),
            end: policy.end.map(Instant),
            rollover: policy.rollover,
            rollover_cap_usd: policy.rollover_cap,
            critical_bypass: policy.critical_bypass,
            enabled: policy.enabled,
        }
    }
}

/// A budget as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetView {
    /// Its id.
    pub budget_id: BudgetId,
    /// Its name.
    pub name: String,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The budget above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<BudgetId>,
    /// The usages that it covers; empty for all.
    pub scope: Scope,
    /// Whether it has been archived.
    pub archived: bool,
    /// Its policies.
    pub policies: Vec<PolicyView>,
}

impl BudgetView {
    /// A budget with its policies.
    pub fn of(known: &BudgetState, state: &State) -> Self {
        let policies = known
            .policies
            .iter()
            .filter_map(|id| state.policy(*id))
            .map(|known| (&known.policy).into());
        Self::with(&known.budget, policies.collect())
    }

    /// A budget with these policies.
    pub fn with(budget: &Budget, policies: Vec<PolicyView>) -> Self {
        Self {
            budget_id: budget.id,
            name: budget.name.clone(),
            owner: budget.owner.clone(),
            description: budget.description.clone(),
            parent_id: budget.parent,
            scope: budget.scope.clone(),
            archived: budget.archived,
            policies,
        }
    }
}
