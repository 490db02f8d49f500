//! Finds the budgets that may cover a charge without looking at the others.
//!
//! Each budget is filed under one dimension of its scope, the one that fewest others are filed under with it; a charge
//! looks only at what is filed under its own values.

use super::holds::Meets;
use super::model_part::{Part, Place, lower, parts};
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
    /// Where each budget is filed: which was best depends on what had been filed before it.
    filed: FxHashMap<BudgetId, Filed>,
    /// How many drawers there are for parts of models of this place and length.
    part_lengths: BTreeMap<PartLength, usize>,
}

type PartLength = (Place, usize);

/// The drawers of one budget, each with the place and length of the part where it is one of models.
type Filed = SmallVec<[(u64, Option<PartLength>); 2]>;

#[derive(Clone, Hash)]
pub(super) enum Label<'a> {
    Tag(&'a str, &'a str),
    User(&'a str),
    Project(&'a str),
    Component(&'a str),
    TaskType(&'a str),
    /// What is fixed of a pattern of models.
    Model(Part<'a>),
    Provider(&'a str),
    Tier(ModelTier),
}

impl Label<'_> {
    pub(super) fn drawer(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl ScopeIndex {
    pub(super) fn insert(&mut self, budget: BudgetId, scope: &Scope) {
        let choices = choices(scope);
        let crowd = |labels: &Vec<Label<'_>>| labels.iter().map(|label| self.beside(label)).sum();
        let Some(labels) = choices
            .iter()
            .min_by_key::<usize, _>(|labels| crowd(labels))
        else {
            self.everywhere.push(budget);
            return;
        };
        let mut filed = Filed::new();
        for label in labels {
            let length = match label {
                Label::Model(part) => Some((part.place, part.text.len())),
                _ => None,
            };
            if let Some(length) = length {
                *self.part_lengths.entry(length).or_default() += 1;
            }
            let drawer = label.drawer();
            self.drawers.entry(drawer).or_default().push(budget);
            filed.push((drawer, length));
        }
        self.filed.insert(budget, filed);
    }

    fn beside(&self, label: &Label<'_>) -> usize {
        self.drawers.get(&label.drawer()).map_or(0, SmallVec::len)
    }

    pub(super) fn remove(&mut self, budget: BudgetId) {
        let Some(filed) = self.filed.remove(&budget) else {
            self.everywhere.retain(|other| *other != budget);
            return;
        };
        for (drawer, length) in filed {
            if let Some(length) = length {
                self.forget_length(length);
            }
            if let Some(budgets) = self.drawers.get_mut(&drawer) {
                budgets.retain(|other| *other != budget);
                if budgets.is_empty() {
                    self.drawers.remove(&drawer);
                }
            }
        }
    }

    fn forget_length(&mut self, length: PartLength) {
        if let Some(count) = self.part_lengths.get_mut(&length) {
            *count -= 1;
            if *count == 0 {
                self.part_lengths.remove(&length);
            }
        }
    }

    /// Every budget that may cover the charge, some perhaps twice, among few that don't.
    pub(super) fn candidates(&self, facts: &Facts<'_>, found: &mut Meets) {
        found.extend_from_slice(&self.everywhere);
        if self.drawers.is_empty() {
            return;
        }
        let mut open = |label: Label<'_>| {
            if let Some(budgets) = self.drawers.get(&label.drawer()) {
                found.extend_from_slice(budgets);
            }
        };
        labels(facts, &mut open);
        for model in [facts.model, facts.named].into_iter().flatten().map(lower) {
            let lengths = self.part_lengths.keys();
            lengths
                .flat_map(|(place, length)| parts(*place, *length, &model))
                .map(Label::Model)
                .for_each(&mut open);
        }
    }
}

/// The labels of a charge, but for its model's.
pub(super) fn labels<'a>(facts: &Facts<'a>, mut each: impl FnMut(Label<'a>)) {
    let context = facts.context;
    for (name, value) in &context.tags {
        each(Label::Tag(name, value));
    }
    let named = [
        context.user.as_deref().map(Label::User),
        context.project.as_deref().map(Label::Project),
        context.component.as_deref().map(Label::Component),
        context.task_type.as_deref().map(Label::TaskType),
        facts.provider.map(Label::Provider),
        facts.tier.map(Label::Tier),
    ];
    named.into_iter().flatten().for_each(each);
}

/// The labels of each dimension that a scope names, those first that tend to tell budgets apart; none if it covers
/// everything.
pub(super) fn choices(scope: &Scope) -> Vec<Vec<Label<'_>>> {
    let mut models: Vec<_> = scope.model.iter().map(Part::of).collect();
    models.sort_unstable();
    models.dedup();
    let named = [
        scope.user.iter().map(Label::User).collect(),
        scope.project.iter().map(Label::Project).collect(),
        scope.component.iter().map(Label::Component).collect(),
        scope.task_type.iter().map(Label::TaskType).collect(),
        models.into_iter().map(Label::Model).collect(),
        scope.provider.iter().map(Label::Provider).collect(),
        scope.tier.iter().map(|tier| Label::Tier(*tier)).collect(),
    ];
    let tags = scope.tags.iter();
    tags.map(|(name, values)| values.iter().map(|value| Label::Tag(name, value)).collect())
        .chain(named)
        .filter(|labels: &Vec<_>| !labels.is_empty())
        .collect()
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
        let mut found = Meets::new();
        index.candidates(
            &Facts {
                provider: Some("openai"),
                model,
                named: None,
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
        assert_eq!(found(&index, Some("gpt-4o"), &apollo), [0, 1, 2, 4]);
        assert_eq!(found(&index, Some("o3"), &Context::default()), [0, 4]);
        let mini = found(&index, Some("gpt-4o-mini"), &Context::default());
        assert_eq!(mini, [0, 2, 3, 4]);
        index.remove(BudgetId(2));
        index.remove(BudgetId(0));
        assert_eq!(found(&index, Some("gpt-4o"), &apollo), [1, 4]);
    }

    #[test]
    fn budgets_of_patterns_are_told_apart_by_what_is_fixed_of_them() {
        let mut index = ScopeIndex::default();
        let scope = |pattern: &str| Scope {
            model: one(pattern),
            ..Scope::default()
        };
        for number in 0..1_000 {
            let own = [
                format!("*/model-{number}"),
                format!("*-special-{number}-*"),
                format!("of-{number}-*-z"),
            ];
            for (kind, pattern) in (0..).zip(own) {
                index.insert(BudgetId(number * 3 + kind), &scope(&pattern));
            }
        }
        let model = |number| found(&index, Some(number), &Context::default());
        assert_eq!(model("openai/model-7"), [21]);
        assert_eq!(model("a-special-8-b"), [25]);
        assert_eq!(model("of-9-special-8-z"), [25, 29]);
        assert_eq!(model("OF-9-Special-8-Z"), [25, 29]);
        assert!(model("\u{e9}").is_empty());
        for number in 0..3_000 {
            index.remove(BudgetId(number));
        }
        assert!(index.part_lengths.is_empty() && index.drawers.is_empty());
    }
}
