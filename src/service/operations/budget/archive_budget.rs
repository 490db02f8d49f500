//! `archive_budget`: a budget whose policies count no more.

use crate::core::command::Command;
use crate::core::id::BudgetId;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::service::Service;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A budget whose policies count no more.
pub struct ArchiveBudget;

/// A budget to archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveBudgetInput {
    /// The budget.
    pub budget_id: BudgetId,
    /// Why, for the audit trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Makes a retry safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The budget that was archived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveBudgetAnswer {
    /// The budget.
    pub budget_id: BudgetId,
    /// Always true.
    pub archived: bool,
    /// Whether this request_id had archived it before.
    pub duplicate: bool,
}

impl Operation for ArchiveBudget {
    type Input = ArchiveBudgetInput;
    type Output = ArchiveBudgetAnswer;
    const CONTRACT: Contract = Contract {
        name: "archive_budget",
        title: "Archive a budget",
        description: "Archive a budget: its policies count no more, what is recorded stays. save_budget with its id \
            brings it back.",
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
        let (id, content) = (input.budget_id, (input.budget_id, &input.reason));
        let request = request(call, "archive_budget", input.request_id.as_ref(), &content)?;
        let command = Command::ArchiveBudget(id);
        let (_, duplicate) = desk
            .give_unjudged(call, input.reason, request, command)
            .await?;
        let content = ArchiveBudgetAnswer {
            budget_id: id,
            archived: true,
            duplicate,
        };
        Ok(Answer {
            text: format!("{id} is archived."),
            content,
        })
    }
}
