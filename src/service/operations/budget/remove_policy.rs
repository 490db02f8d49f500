//! `remove_policy`: take a policy away.

use crate::core::command::Command;
use crate::core::id::PolicyId;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::service::Service;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Take a policy away.
pub struct RemovePolicy;

/// A policy to take away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemovePolicyInput {
    /// The policy.
    pub policy_id: PolicyId,
    /// Why, for the audit trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Makes a retry safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The policy that was taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemovePolicyAnswer {
    /// The policy.
    pub policy_id: PolicyId,
    /// Always true.
    pub removed: bool,
    /// Whether this request_id had removed it before.
    pub duplicate: bool,
}

impl Operation for RemovePolicy {
    type Input = RemovePolicyInput;
    type Output = RemovePolicyAnswer;
    const CONTRACT: Contract = Contract {
        name: "remove_policy",
        title: "Remove a policy",
        description: "Take a policy of a budget away, with its counters. save_policy with enabled=false only pauses one.",
        toolset: Toolset::Budget,
        role: Role::Admin,
        effect: Effect::Ends,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        let (id, content) = (input.policy_id, (input.policy_id, &input.reason));
        let request = request(call, "remove_policy", input.request_id.as_ref(), &content)?;
        let command = Command::RemovePolicy(id);
        let (_, duplicate) = desk
            .give_unjudged(call, input.reason, request, command)
            .await?;
        let content = RemovePolicyAnswer {
            policy_id: id,
            removed: true,
            duplicate,
        };
        Ok(Answer {
            text: format!("{id} is removed."),
            content,
        })
    }
}
