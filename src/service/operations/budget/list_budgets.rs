//! `list_budgets`: the budgets with their policies.

use crate::core::count::{counted, listed};
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::service::Service;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::wire::budget::BudgetView;
use crate::service::wire::fields::arguments;
use crate::service::wire::page;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The budgets with their policies.
pub struct ListBudgets;

arguments!(
    /// Which budgets.
    ListBudgetsInput [page] {
        /// Whether to list archived ones too; default false.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub include_archived: Option<bool>,
    }
);

/// A page of budgets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListBudgetsAnswer {
    /// The budgets.
    pub budgets: Vec<BudgetView>,
    /// Next page's cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Operation for ListBudgets {
    type Input = ListBudgetsInput;
    type Output = ListBudgetsAnswer;
    const CONTRACT: Contract = Contract {
        name: "list_budgets",
        title: "List budgets",
        description: "List the budgets with their scopes and policies, in the order in which they were made. \
            get_budget_status says what is left of them.",
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
        let length = page::length(input.limit);
        let after = page::position(input.cursor.as_ref())?.unwrap_or(0);
        let archived_too = input.include_archived.unwrap_or(false);
        let state = desk.state();
        let wanted = state.budgets().filter(|known| known.budget.id.0 > after);
        let wanted = wanted.filter(|known| archived_too || !known.budget.archived);
        let mut budgets: Vec<_> = wanted
            .take(length + 1)
            .map(|known| BudgetView::of(known, &state))
            .collect();
        let next_cursor = page::cut(&mut budgets, length, |budget| budget.budget_id.0);
        let mut number = counted(budgets.len(), "budget", "budgets");
        if next_cursor.is_some() {
            number.push_str(", and more");
        }
        let names = budgets.iter().map(|budget| budget.name.as_str());
        let text = listed(number, names);
        Ok(Answer {
            text,
            content: ListBudgetsAnswer {
                budgets,
                next_cursor,
            },
        })
    }
}
