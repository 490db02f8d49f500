//! `save_budget`: make a budget, or change one.

use crate::core::budget::BudgetField;
use crate::core::command::{Command, SaveBudget};
use crate::core::count::counted;
use crate::core::decide::check_given_scope;
use crate::core::event::Event;
use crate::core::id::{BudgetId, PolicyId};
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::core::scope::{Scope, Values};
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::{request, unexpected};
use crate::service::scoping::{by_own_names, check_patterns, keep_one_up};
use crate::service::wire::budget::{BudgetView, PolicyInput};
use crate::service::{Desk, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Make a budget, or change one.
pub struct SaveBudgetOperation;

/// A budget to make or change; what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveBudgetInput {
    /// Its name, unlike that of any other active budget; needed for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The budget to change; leave out for a new one. An archived one is brought back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<BudgetId>,
    /// The budget above it, whose policies its usages meet as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<BudgetId>,
    /// Whether to take it from under its parent; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_parent: Option<bool>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The usages that it covers; default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// What it is to be without from now on, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clear: Option<Vec<BudgetField>>,
    /// Policies to make or change with it; the others stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<PolicyInput>>,
    /// Why, for the audit trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Makes a retry safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The budget as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SaveBudgetAnswer {
    /// The budget as it is now, after a repeat too.
    pub budget: BudgetView,
    /// Whether this request_id had saved it before.
    pub duplicate: bool,
}

impl Operation for SaveBudgetOperation {
    type Input = SaveBudgetInput;
    type Output = SaveBudgetAnswer;
    const CONTRACT: Contract = Contract {
        name: "save_budget",
        title: "Save a budget",
        description: "Make a budget with its scope and policies, or change one by budget_id. A policy counts from when \
            it is saved. Returns the budget with its ids.",
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
        let request = request(call, "save_budget", id.as_ref(), &input)?;
        let reason = input.reason.clone();
        let prices = desk.prices();
        let is_scoped = input.scope.is_some();
        if let Some(scope) = input.scope.take() {
            check_patterns(&scope, &prices)?;
            let kept = input.budget_id.map(|id| kept_scope(&desk, id));
            let kept = kept.unwrap_or_default();
            check_given(&scope, &kept)?;
            input.scope = Some(by_own_names(scope, &kept, &prices, desk.now()));
        }
        let command = Command::SaveBudget(Box::new(draft(input)?));
        let (entry, duplicate) = desk.give_unjudged(call, reason, request, command).await?;
        let Event::BudgetSaved { budget, anew, .. } = &entry.recorded.event else {
            return Err(unexpected());
        };
        // Prices may have changed meanwhile, or while it was archived.
        if !is_scoped || !Arc::ptr_eq(&prices, &desk.prices()) {
            keep_one_up(&desk, budget.id).await;
        }
        let state = desk.state();
        let budget = state.budget(budget.id).map_or_else(
            || BudgetView::with(budget, Vec::new()),
            |known| BudgetView::of(known, &state),
        );
        let text = format!(
            "{} {:?} is saved with {}.{}",
            budget.budget_id,
            budget.name,
            counted(budget.policies.len(), "policy", "policies"),
            begun_anew(anew)
        );
        Ok(Answer {
            text,
            content: SaveBudgetAnswer { budget, duplicate },
        })
    }
}

/// So many models may be given; those that are kept already are no more for it.
fn check_given(scope: &Scope, kept: &Scope) -> Result<(), Refusal> {
    let kept: BTreeSet<_> = kept.model.iter().collect();
    let new = scope.model.iter().filter(|model| !kept.contains(model));
    check_given_scope(&Scope {
        model: Values::new(new.map(str::to_owned)),
        ..scope.clone()
    })
}

/// The scope of a budget as it is kept.
fn kept_scope(desk: &Desk, id: BudgetId) -> Scope {
    let state = desk.state();
    let known = state.budget(id);
    known.map_or_else(Scope::default, |own| own.budget.scope.clone())
}

/// A sentence about the policies whose counters begin anew; nothing where there are none.
fn begun_anew(policies: &[PolicyId]) -> String {
    let ids: Vec<_> = policies.iter().map(ToString::to_string).collect();
    match ids.as_slice() {
        [] => String::new(),
        [one] => format!(" {one} cuts time anew, so its counters begin at nothing."),
        several => format!(
            " {} cut time anew, so their counters begin at nothing.",
            several.join(", ")
        ),
    }
}

fn draft(input: SaveBudgetInput) -> Result<SaveBudget, Refusal> {
    let parent = match (input.parent_id, input.without_parent.unwrap_or(false)) {
        (Some(_), true) => {
            return Err(Refusal::invalid(
                "without_parent",
                "expects no parent_id beside it",
            ));
        }
        (Some(parent), false) => Some(Some(parent)),
        (None, true) => Some(None),
        (None, false) => None,
    };
    let policies = input.policies.unwrap_or_default().into_iter().enumerate();
    let drafts = policies.map(|(place, policy)| {
        policy
            .draft()
            .map_err(|refusal| refusal.within(&format!("policies[{place}]")))
    });
    Ok(SaveBudget {
        id: input.budget_id,
        name: input.name,
        owner: input.owner,
        description: input.description,
        parent,
        scope: input.scope,
        policies: drafts.collect::<Result<_, _>>()?,
        clear: input.clear.unwrap_or_default(),
    })
}
