//! Which budgets usage counts for.

use super::facts_of;
use crate::core::budget::Budget;
use crate::core::context::Context;
use crate::core::id::BudgetId;
use crate::core::name::Name;
use crate::core::price::ModelTier;
use crate::reporting::rollup::Dimensions;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// By the provider, the names of the model, its tier and the context.
type Known = FxHashMap<(Name, Name, Option<Name>, Option<ModelTier>, Context), Rc<[BudgetId]>>;

/// The budgets that usage can count for: the active ones, with the archived ones as links between them.
#[derive(Debug, Default)]
pub struct Budgets {
    all: FxHashMap<BudgetId, Budget>,
    known: Known,
}

impl Budgets {
    /// Of these budgets, archived ones too.
    pub fn new(budgets: impl IntoIterator<Item = Budget>) -> Self {
        let all = budgets.into_iter().map(|budget| (budget.id, budget));
        Self {
            all: all.collect(),
            known: Known::default(),
        }
    }

    /// The active budgets whose scope covers usage, and their ancestors, as policies are met; by id.
    pub fn covering(&mut self, dimensions: &Dimensions, context: &Context) -> Rc<[BudgetId]> {
        let key = (
            dimensions.provider.clone(),
            dimensions.model.clone(),
            dimensions.named.clone(),
            dimensions.tier,
            context.clone(),
        );
        if let Some(known) = self.known.get(&key) {
            return Rc::clone(known);
        }
        let found = self.find(dimensions, context);
        self.known.insert(key, Rc::clone(&found));
        found
    }

    fn find(&self, dimensions: &Dimensions, context: &Context) -> Rc<[BudgetId]> {
        let facts = facts_of(dimensions, context);
        let covers = |budget: &&Budget| !budget.archived && budget.scope.covers(&facts);
        let mut found = BTreeSet::new();
        for budget in self.all.values().filter(covers) {
            let mut above = Some(budget);
            while let Some(budget) = above.filter(|budget| found.insert(budget.id)) {
                above = budget.parent.and_then(|parent| self.all.get(&parent));
            }
        }
        let active = |id: &BudgetId| self.all.get(id).is_some_and(|budget| !budget.archived);
        found.into_iter().filter(active).collect()
    }
}
