//! Alerts on the wire.

use super::schema::Instant;
use super::verdict::name_of;
use crate::core::alert::{Alert, AlertKind, AlertStatus, MeterKey, Severity};
use crate::core::id::{AlertId, BudgetId, PolicyId};
use crate::core::name::Name;
use crate::core::state::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something a person should see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertView {
    /// Its id.
    pub alert_id: AlertId,
    /// What it is about.
    pub kind: AlertKind,
    /// How much it matters.
    pub severity: Severity,
    /// Where it is in its life.
    pub state: AlertStatus,
    /// What there is to see.
    pub message: String,
    /// When it was raised.
    pub raised_at: Instant,
    /// Budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<BudgetId>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_name: Option<String>,
    /// Policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<PolicyId>,
    /// Session or task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts_for: Option<String>,
    /// Who acknowledged it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<Name>,
    /// What they had to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Instant>,
}

impl AlertView {
    /// An alert on the wire.
    pub fn of(alert: &Alert, state: &State) -> Self {
        let policy = alert.cause.policy();
        let acknowledged = alert.acknowledged.as_ref();
        Self {
            alert_id: alert.id,
            kind: alert.cause.kind(),
            severity: alert.cause.severity(),
            state: alert.status,
            message: alert.message.clone(),
            raised_at: Instant(alert.raised),
            budget_id: policy.map(|(budget, _)| budget),
            budget_name: policy.map(|(budget, _)| name_of(state, budget)),
            policy_id: policy.map(|(_, policy)| policy),
            counts_for: match alert.cause.meter() {
                Some((_, MeterKey::Of(id))) => Some(id.to_string()),
                _ => None,
            },
            acknowledged_by: acknowledged.map(|note| note.actor.clone()),
            note: acknowledged.and_then(|note| note.note.clone()),
            resolved_at: alert.resolved.map(Instant),
        }
    }
}
