//! A budget: a container of policies with a scope and a place in a hierarchy.

use super::id::BudgetId;
use super::scope::Scope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most ancestors that a budget may have.
pub const DEPTH_MOST: usize = 16;

/// A part of a budget that it may be without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetField {
    /// Who answers for it.
    Owner,
    /// What it is for.
    Description,
}

/// A budget, as it is saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Its id.
    pub id: BudgetId,
    /// Its name, unlike that of any other active budget.
    pub name: String,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The budget above it, whose policies its charges meet as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<BudgetId>,
    /// The charges that it covers.
    #[serde(default)]
    pub scope: Scope,
    /// Whether it has been archived: its policies count no more.
    #[serde(default)]
    pub archived: bool,
}
