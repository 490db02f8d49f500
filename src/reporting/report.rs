//! Usage summed up by groups and steps of time: the rows, totals and comparison of a report.

mod budgets;
mod dimension;
mod metric;

pub use budgets::Budgets;
pub use dimension::Dimension;
pub use metric::{Figure, Metric};

use super::rollup::{Dimensions, SLOT, Sums};
use crate::core::charge::Facts;
use crate::core::context::Context;
use crate::core::name::Name;
use crate::core::period::Calendar;
use crate::core::scope::Scope;
use jiff::Timestamp;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// The most rows that a report may come to; past it a question has to be narrower.
pub const ROWS_MOST: usize = 100_000;

/// What is asked of the usage.
#[derive(Debug, Default)]
pub struct Question {
    /// What the rows are grouped by, in this order.
    pub group_by: Vec<Dimension>,
    /// The steps of time of the rows; none for one row a group. A slot counts for the step that holds its start.
    pub steps: Option<Calendar>,
    /// The usage that counts.
    pub scope: Scope,
    /// The budgets that usage can count for.
    pub budgets: Budgets,
}

/// One row: a group in a step of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// When the step begins.
    pub start: Option<Timestamp>,
    /// A value for each of the question's dimensions; none where the usage has none.
    pub values: Vec<Option<Name>>,
    /// What was used.
    pub sums: Sums,
}

/// The rows of a report and their total.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The rows: by start, then the dearest first, then by values.
    pub rows: Vec<Row>,
    /// Everything that the scope covers, each usage once.
    pub totals: Sums,
}

/// There are more rows than [`ROWS_MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {ROWS_MOST} rows; ask for a shorter time, longer buckets or fewer groups")]
pub struct TooManyRows;

type RowKey = (Option<Timestamp>, Vec<Option<Name>>);

/// A report while usage is added to it, in any order.
#[derive(Debug)]
pub struct Summing {
    question: Question,
    rows: FxHashMap<RowKey, Sums>,
    totals: Sums,
    /// The last step found: usage comes slot by slot, so it mostly is the one that is needed.
    step: Option<(i64, Timestamp)>,
}

impl Summing {
    /// A report without usage.
    pub fn new(question: Question) -> Self {
        Self {
            question,
            rows: FxHashMap::default(),
            totals: Sums::default(),
            step: None,
        }
    }

    /// Adds what was used in a slot, where the question covers it.
    ///
    /// # Errors
    /// [`TooManyRows`].
    pub fn add(
        &mut self,
        slot: i64,
        dimensions: &Dimensions,
        sums: &Sums,
    ) -> Result<(), TooManyRows> {
        let context = context_of(dimensions);
        let facts = facts_of(dimensions, &context);
        if !self.question.scope.covers(&facts) {
            return Ok(());
        }
        self.totals.add(sums);
        let start = self.start_of(slot);
        for values in self.groups(dimensions, &context) {
            self.rows.entry((start, values)).or_default().add(sums);
        }
        if self.rows.len() > ROWS_MOST {
            return Err(TooManyRows);
        }
        Ok(())
    }

    /// The report.
    pub fn finish(self) -> Report {
        let rows = self.rows.into_iter();
        let mut rows: Vec<_> = rows
            .map(|((start, values), sums)| Row {
                start,
                values,
                sums,
            })
            .collect();
        rows.sort_unstable_by(|one, other| {
            let place = |row: &Row| (row.start, Reverse(row.sums.cost));
            place(one)
                .cmp(&place(other))
                .then_with(|| one.values.cmp(&other.values))
        });
        Report {
            rows,
            totals: self.totals,
        }
    }

    fn start_of(&mut self, slot: i64) -> Option<Timestamp> {
        let calendar = self.question.steps.as_ref()?;
        if let Some((_, start)) = self.step.filter(|(known, _)| *known == slot) {
            return Some(start);
        }
        let start = calendar.window(instant(slot)).start;
        self.step = Some((slot, start));
        Some(start)
    }

    /// The groups that usage counts for: several only by budget.
    fn groups(&mut self, dimensions: &Dimensions, context: &Context) -> Vec<Vec<Option<Name>>> {
        let mut groups = vec![Vec::with_capacity(self.question.group_by.len())];
        for dimension in &self.question.group_by {
            let values = if *dimension == Dimension::Budget {
                let covering = self.question.budgets.covering(dimensions, context);
                let names = covering.iter().map(|id| Some(id.to_string().into()));
                let names: Vec<_> = names.collect();
                if names.is_empty() { vec![None] } else { names }
            } else {
                vec![dimension.value(dimensions)]
            };
            groups = groups
                .into_iter()
                .flat_map(|group| {
                    values.iter().map(move |value| {
                        let mut group = group.clone();
                        group.push(value.clone());
                        group
                    })
                })
                .collect();
        }
        groups
    }
}

/// When a slot since 1970 begins.
pub fn instant(slot: i64) -> Timestamp {
    Timestamp::from_second(slot.saturating_mul(SLOT)).unwrap_or(if slot < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

fn context_of(dimensions: &Dimensions) -> Context {
    Context {
        component: dimensions.component.clone(),
        task_type: dimensions.task_type.clone(),
        user: dimensions.user.clone(),
        project: dimensions.project.clone(),
        tags: dimensions.tags.clone(),
        ..Context::default()
    }
}

fn facts_of<'a>(dimensions: &'a Dimensions, context: &'a Context) -> Facts<'a> {
    Facts {
        provider: Some(&dimensions.provider),
        model: Some(&dimensions.model),
        named: dimensions.named.as_deref(),
        tier: dimensions.tier,
        context,
    }
}

#[cfg(test)]
mod tests;
