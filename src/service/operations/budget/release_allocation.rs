//! `release_allocation`: give a hold back.

use crate::core::command::Command;
use crate::core::event::Event;
use crate::core::id::AllocationId;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::service::Service;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::{request, unexpected};
use crate::service::wire::amounts::Amounts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Give a hold back.
pub struct ReleaseAllocation;

/// A hold to give back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseAllocationInput {
    /// The hold.
    pub allocation_id: AllocationId,
    /// Makes a retry safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// What was given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseAllocationAnswer {
    /// The hold.
    pub allocation_id: AllocationId,
    /// What it still held, and is available again.
    pub released: Amounts,
    /// Whether this request_id had released it before.
    pub duplicate: bool,
}

impl Operation for ReleaseAllocation {
    type Input = ReleaseAllocationInput;
    type Output = ReleaseAllocationAnswer;
    const CONTRACT: Contract = Contract {
        name: "release_allocation",
        title: "Release a hold",
        description: "Give a hold back when the call is not made after all. Returns what is available again.",
        toolset: Toolset::Budget,
        role: Role::Agent,
        effect: Effect::Ends,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        desk.own_hold(call, input.allocation_id)?;
        let request = request(
            call,
            "release_allocation",
            input.request_id.as_ref(),
            &input.allocation_id,
        )?;
        let command = Command::Release(input.allocation_id);
        let (entry, duplicate) = desk.give_unjudged(call, None, request, command).await?;
        let Event::AllocationEnded(ended) = entry.recorded.event else {
            return Err(unexpected());
        };
        let released = Amounts::all(ended.released);
        let text = format!(
            "{} is released: {} are available again.",
            ended.allocation,
            released.words()
        );
        let content = ReleaseAllocationAnswer {
            allocation_id: ended.allocation,
            released,
            duplicate,
        };
        Ok(Answer { content, text })
    }
}
