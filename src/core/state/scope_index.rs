//! Finds the budgets that may cover a charge without looking at the others.
//!
//! Each budget is filed under one dimension of its scope, the one that tells budgets apart best; a charge looks only at
//! what is filed under its own values.

use crate::core::charge::Facts;
use crate::core::id::BudgetId;
use crate::core::price::ModelTier;
use crate::core::scope::Scope;
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

type Drawer = SmallVec<[BudgetId; 2]>;

/// Budgets by a value of their scope.
#[derive(Clone, Debug, Default)]
pub(super) struct ScopeIndex {
    drawers: FxHashMap<u64, Drawer>,
    everywhere: Vec<BudgetId>,
    /// How many drawers there are for model patterns whose fixed beginning has this length.
    prefix_lengths: BTreeMap<usize, usize>,
}

#[derive(Hash)]
enum Label<'a> {
    Tag(&'a str, &'a str),
    User(&'a str),
    Project(&'a str),
    Component(&'a str),
    TaskType(&'a str),
    ModelPrefix(&'a str),
    Provider(&'a str),
    Tier(ModelTier),
}

impl Label<'_> {
    fn drawer(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl ScopeIndex {
    pub(super) fn insert(&mut self, budget: BudgetId, scope: &Scope) {
        let labels = labels(scope);
        if labels.is_empty() {
            self.everywhere.push(budget);
        }
        for label in labels {
            if let Label::ModelPrefix(prefix) = label {
                *self.prefix_lengths.entry(prefix.len()).or_default() += 1;
            }
            self.drawers.entry(label.drawer()).or_default().push(budget);
        }
    }

    pub(super) fn remove(&mut self, budget: BudgetId, scope: &Scope) {
        let labels = labels(scope);
        if labels.is_empty() {
            self.everywhere.retain(|other| *other != budget);
        }
        for label in labels {
            if let Label::ModelPrefix(prefix) = label {
                self.forget_prefix(prefix.len());
            }
            let drawer = label.drawer();
            if let Some(budgets) = self.drawers.get_mut(&drawer) {
                budgets.retain(|other| *other != budget);
                if budgets.is_empty() {
                    self.drawers.remove(&drawer);
                }
            }
        }
    }

    fn forget_prefix(&mut self, length: usize) {
        if let Some(count) = self.prefix_lengths.get_mut(&length) {
            *count -= 1;
            if *count == 0 {
                self.prefix_lengths.remove(&length);
            }
        }
    }

    /// Every budget that may cover the charge, some perhaps twice, among few that don't.
    pub(super) fn candidates(&self, facts: &Facts<'_>, found: &mut Vec<BudgetId>) {
        found.extend_from_slice(&self.everywhere);
        if self.drawers.is_empty() {
            return;
        }
        let mut open = |label: Label<'_>| {
            if let Some(budgets) = self.drawers.get(&label.drawer()) {
                found.extend_from_slice(budgets);
            }
        };
        let context = facts.context;
        context
            .tags
            .iter()
            .for_each(|(name, value)| open(Label::Tag(name, value)));
        context.user.iter().for_each(|user| open(Label::User(user)));
        context
            .project
            .iter()
            .for_each(|project| open(Label::Project(project)));
        context
            .component
            .iter()
            .for_each(|component| open(Label::Component(component)));
        context
            .task_type
            .iter()
            .for_each(|kind| open(Label::TaskType(kind)));
        facts
            .provider
            .iter()
            .for_each(|provider| open(Label::Provider(provider)));
        facts.tier.iter().for_each(|tier| open(Label::Tier(*tier)));
        if let Some(model) = facts.model {
            self.prefix_lengths
                .keys()
                .filter_map(|length| model.get(..*length))
                .for_each(|prefix| {
                    open(Label::ModelPrefix(prefix));
                });
        }
    }
}

/// The labels of the dimension that tells this scope's budget apart best; none if it covers everything.
fn labels(scope: &Scope) -> Vec<Label<'_>> {
    if let Some((name, values)) = scope.tags.iter().find(|(_, values)| !values.is_free()) {
        return values.iter().map(|value| Label::Tag(name, value)).collect();
    }
    if !scope.user.is_free() {
        return scope.user.iter().map(Label::User).collect();
    }
    if !scope.project.is_free() {
        return scope.project.iter().map(Label::Project).collect();
    }
    if !scope.component.is_free() {
        return scope.component.iter().map(Label::Component).collect();
    }
    if !scope.task_type.is_free() {
        return scope.task_type.iter().map(Label::TaskType).collect();
    }
    if !scope.model.is_free() {
        let mut prefixes: Vec<_> = scope.model.iter().map(fixed_beginning).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        return prefixes.into_iter().map(Label::ModelPrefix).collect();
    }
    if !scope.provider.is_free() {
        return scope.provider.iter().map(Label::Provider).collect();
    }
    scope.tier.iter().map(|tier| Label::Tier(*tier)).collect()
}

fn fixed_beginning(pattern: &str) -> &str {
    pattern
        .find(['*', '?'])
        .map_or(pattern, |wild| &pattern[..wild])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::context::Context;
    use crate::core::scope::Values;

    fn one(value: &str) -> Values {
        Values::new([value.to_owned()])
    }

    fn found(index: &ScopeIndex, model: Option<&str>, context: &Context) -> Vec<u64> {
        let mut found = Vec::new();
        index.candidates(
            &Facts {
                provider: Some("openai"),
                model,
                tier: None,
                context,
            },
            &mut found,
        );
        let mut found: Vec<_> = found.into_iter().map(|budget| budget.0).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn a_charge_looks_only_where_its_own_values_are() {
        let mut index = ScopeIndex::default();
        let scopes = [
            Scope::default(),
            Scope {
                project: one("apollo"),
                ..Scope::default()
            },
            Scope {
                model: one("gpt-4*"),
                ..Scope::default()
            },
            Scope {
                model: one("*mini"),
                ..Scope::default()
            },
            Scope {
                provider: one("openai"),
                ..Scope::default()
            },
            Scope {
                user: one("ann"),
                ..Scope::default()
            },
        ];
        for (number, scope) in (0..).zip(&scopes) {
            index.insert(BudgetId(number), scope);
        }
        let apollo = Context {
            project: Some("apollo".into()),
            ..Context::default()
        };
        assert_eq!(found(&index, Some("gpt-4o"), &apollo), [0, 1, 2, 3, 4]);
        assert_eq!(found(&index, Some("o3"), &Context::default()), [0, 3, 4]);
        index.remove(BudgetId(2), &scopes[2]);
        index.remove(BudgetId(0), &scopes[0]);
        assert_eq!(found(&index, Some("gpt-4o"), &apollo), [1, 3, 4]);
    }
}
