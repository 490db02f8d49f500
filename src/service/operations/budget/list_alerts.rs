//! `list_alerts`: what a person should see, the newest first.

use crate::core::alert::{Alert, AlertKind, AlertStatus, Severity};
use crate::core::count::counted;
use crate::core::id::AlertId;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::core::state::{Row, RowKey};
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::wire::alert::AlertView;
use crate::service::wire::fields::arguments;
use crate::service::wire::page;
use crate::service::wire::schema::Instant;
use crate::service::{Desk, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a person should see, the newest first.
pub struct ListAlerts;

arguments!(
    /// Which alerts.
    ListAlertsInput [page] {
        /// Only those of this state; default open and acknowledged.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<AlertStatus>,
        /// Only those that matter so much.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub severity: Option<Severity>,
        /// Only this kind.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub kind: Option<AlertKind>,
        /// Only those raised since then.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub since: Option<Instant>,
    }
);

/// A page of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListAlertsAnswer {
    /// The alerts.
    pub alerts: Vec<AlertView>,
    /// Next page's cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Operation for ListAlerts {
    type Input = ListAlertsInput;
    type Output = ListAlertsAnswer;
    const CONTRACT: Contract = Contract {
        name: "list_alerts",
        title: "List alerts",
        description: "List what a person should see, the newest first: thresholds reached, limits passed, overruns, \
            critical calls, requests for more.",
        toolset: Toolset::Budget,
        role: Role::Viewer,
        effect: Effect::Reads,
        open_world: false,
    };

    async fn run(
        service: &Service,
        _: &Call,
        input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        desk.end_what_is_due(desk.now()).await?;
        let length = page::length(input.limit);
        let below = page::position(input.cursor.as_ref())?.unwrap_or(u64::MAX);
        let mut found = find(&desk, &input, below, length + 1)?;
        let next_cursor = page::cut(&mut found, length, |alert| alert.id.0);
        let state = desk.state();
        let alerts: Vec<_> = found
            .iter()
            .map(|alert| AlertView::of(alert, &state))
            .collect();
        let lines = alerts
            .iter()
            .take(10)
            .map(|alert| format!("\n{} {}", alert.alert_id, alert.message));
        let text = format!(
            "{}.{}",
            counted(alerts.len(), "alert", "alerts"),
            lines.collect::<String>()
        );
        Ok(Answer {
            text,
            content: ListAlertsAnswer {
                alerts,
                next_cursor,
            },
        })
    }
}

fn find(
    desk: &Desk,
    input: &ListAlertsInput,
    below: u64,
    most: usize,
) -> Result<Vec<Alert>, Refusal> {
    let takes = |alert: &Alert| {
        alert.id.0 < below
            && input
                .severity
                .is_none_or(|severity| alert.cause.severity() == severity)
            && input.kind.is_none_or(|kind| alert.cause.kind() == kind)
            && input.since.is_none_or(|since| alert.raised >= since.time())
    };
    let state = desk.state();
    if input.state != Some(AlertStatus::Resolved) {
        let of_state = |alert: &&Alert| input.state.is_none_or(|wanted| alert.status == wanted);
        return Ok(state
            .alerts()
            .rev()
            .filter(of_state)
            .filter(|alert| takes(alert))
            .take(most)
            .cloned()
            .collect());
    }
    let recent = state
        .ended_alerts()
        .filter(|alert| takes(alert))
        .cloned()
        .collect();
    drop(state);
    let take = |row| match row {
        Row::Alert(alert) if takes(&alert) => Some(alert),
        _ => None,
    };
    let below = RowKey::Alert(AlertId(below));
    desk.newest_ended(&below, recent, most, take, |alert| alert.id.0)
}
