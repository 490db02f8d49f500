//! Finds the open holds that a budget's scope may cover without looking at the others.
//!
//! Each hold is filed under every value that a scope may name; a scope looks at what is filed under one of its
//! dimensions, the one with the fewest holds.

use super::model_part::{Part, Place, lower};
use super::scope_index::{Label, choices, labels};
use crate::core::charge::Facts;
use crate::core::id::AllocationId;
use crate::core::scope::Scope;
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;
use std::collections::BTreeMap;

type Drawer = FxHashSet<AllocationId>;

/// Open holds by what they are for.
#[derive(Clone, Debug, Default)]
pub(super) struct HoldIndex {
    drawers: FxHashMap<u64, Drawer>,
    /// By the names of the model in lower case.
    models: BTreeMap<String, Drawer>,
}

impl HoldIndex {
    pub(super) fn insert(&mut self, id: AllocationId, facts: &Facts<'_>) {
        labels(facts, |label| {
            self.drawers.entry(label.drawer()).or_default().insert(id);
        });
        for model in names(facts) {
            if let Some(known) = self.models.get_mut(&*model) {
                known.insert(id);
            } else {
                let drawer = Drawer::from_iter([id]);
                self.models.insert(model.into_owned(), drawer);
            }
        }
    }

    pub(super) fn remove(&mut self, id: AllocationId, facts: &Facts<'_>) {
        labels(facts, |label| {
            let drawer = label.drawer();
            if let Some(holds) = self.drawers.get_mut(&drawer) {
                holds.remove(&id);
                if holds.is_empty() {
                    self.drawers.remove(&drawer);
                }
            }
        });
        for model in names(facts) {
            if let Some(holds) = self.models.get_mut(&*model) {
                holds.remove(&id);
                if holds.is_empty() {
                    self.models.remove(&*model);
                }
            }
        }
    }

    /// Every hold that the scope may cover, some perhaps twice, among some that it doesn't; nothing where it may cover
    /// any.
    pub(super) fn candidates(&self, scope: &Scope) -> Option<Vec<AllocationId>> {
        let under = |labels: Vec<Label<'_>>| {
            let drawers = labels.iter().flat_map(|label| self.under(label));
            drawers.collect::<Vec<_>>()
        };
        let crowd = |drawers: &Vec<&Drawer>| drawers.iter().map(|own| own.len()).sum::<usize>();
        let fewest = choices(scope).into_iter().map(under).min_by_key(crowd);
        fewest.map(|drawers| drawers.into_iter().flatten().copied().collect())
    }

    fn under(&self, label: &Label<'_>) -> Vec<&Drawer> {
        match label {
            Label::Model(Part {
                place: Place::First,
                text,
            }) => {
                let from = self.models.range(text.to_string()..);
                let own = from.take_while(|(model, _)| model.starts_with(&**text));
                own.map(|(_, drawer)| drawer).collect()
            }
            // There are far fewer models than holds.
            Label::Model(part) => {
                let own = self.models.iter();
                let own = own.filter(|(model, _)| part.is_in(model));
                own.map(|(_, drawer)| drawer).collect()
            }
            other => self.drawers.get(&other.drawer()).into_iter().collect(),
        }
    }
}

/// The names of a hold's model, in lower case: its own and the one that was given for it.
fn names<'a>(facts: &Facts<'a>) -> impl Iterator<Item = Cow<'a, str>> {
    [facts.model, facts.named].into_iter().flatten().map(lower)
}
