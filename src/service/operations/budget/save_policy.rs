//! `save_policy`: make a policy of a budget, or change one.

use crate::core::command::Command;
use crate::core::event::Event;
use crate::core::id::BudgetId;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::service::Service;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::{request, unexpected};
use crate::service::wire::budget::PolicyView;
use crate::service::wire::fields::arguments;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Make a policy of a budget, or change one.
pub struct SavePolicy;

arguments!(
    /// A policy to make or change; what is left out stays as it is, or has its default.
    SavePolicyInput [policy] {
        /// Its budget.
        pub budget_id: BudgetId,
        /// Why, for the audit trail.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
        /// Makes a retry safe.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub request_id: Option<String>,
    }
);

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
        effect: Effect::Overwrites,
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
        let command = Command::SavePolicy(budget, Box::new(input.draft()?));
        let (entry, duplicate) = desk.give_unjudged(call, reason, request, command).await?;
        let Event::PolicySaved {
            budget,
            policy,
            anew,
            ..
        } = &entry.recorded.event
        else {
            return Err(unexpected());
        };
        let anew = if *anew {
            " It cuts time anew, so its counters begin at nothing."
        } else {
            ""
        };
        let text = format!("{} of {budget} is saved.{anew}", policy.id);
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
