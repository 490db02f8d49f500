//! `acknowledge_alert`: a person has seen it.

use crate::core::command::Command;
use crate::core::id::AlertId;
use crate::core::name::Name;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::service::Service;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A person has seen it.
pub struct AcknowledgeAlert;

/// An alert that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeAlertInput {
    /// The alert.
    pub alert_id: AlertId,
    /// What there is to say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Makes a retry safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The alert that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AcknowledgeAlertAnswer {
    /// The alert.
    pub alert_id: AlertId,
    /// Who acknowledged it.
    pub acknowledged_by: Name,
    /// Whether this request_id had acknowledged it before.
    pub duplicate: bool,
}

impl Operation for AcknowledgeAlert {
    type Input = AcknowledgeAlertInput;
    type Output = AcknowledgeAlertAnswer;
    const CONTRACT: Contract = Contract {
        name: "acknowledge_alert",
        title: "Acknowledge an alert",
        description: "Note in your name that an alert was seen. It stays until what it is about no longer holds.",
        toolset: Toolset::Budget,
        role: Role::Operator,
        effect: Effect::Adds,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        let alert_id = input.alert_id;
        let request = request(
            call,
            "acknowledge_alert",
            input.request_id.as_ref(),
            &(alert_id, &input.note),
        )?;
        let command = Command::AcknowledgeAlert {
            alert: alert_id,
            note: input.note,
        };
        let (entry, duplicate) = desk.give_unjudged(call, None, request, command).await?;
        let acknowledged_by = entry.recorded.stamp.actor;
        let text = format!("{alert_id} is acknowledged by {acknowledged_by}.");
        Ok(Answer {
            text,
            content: AcknowledgeAlertAnswer {
                alert_id,
                acknowledged_by,
                duplicate,
            },
        })
    }
}
