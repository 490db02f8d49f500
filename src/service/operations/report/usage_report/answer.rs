//! A report on the wire.

use super::span::Slots;
use crate::core::state::State;
use crate::reporting::report::{Dimension, Figure, Metric, Report, Row, instant};
use crate::reporting::rollup::Sums;
use crate::service::wire::schema::Instant;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// A metric's values by name: cost_usd a decimal string, the others integers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Figures(
    #[schemars(with = "BTreeMap<String, serde_json::Value>")] BTreeMap<&'static str, Figure>,
);

/// The usage of a time, summed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct UsageReportAnswer {
    /// Start of what is counted: from, rounded down to a quarter of an hour.
    pub from: Instant,
    /// End of what is counted: to, rounded up.
    pub to: Instant,
    /// By time, then the dearest first. A usage counts under each budget that covers it.
    pub rows: Vec<RowView>,
    /// How many rows there are on all pages.
    pub row_count: usize,
    /// Everything that matches, each usage once.
    pub totals: Figures,
    /// As long a time before.
    pub previous: PreviousView,
    /// Next page's cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A group in a step of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct RowView {
    /// When the bucket begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_start: Option<Instant>,
    /// Its values by dimension; one that the usage lacks is left out. budget_name comes with budget.
    pub group: BTreeMap<String, String>,
    /// Its figures.
    pub metrics: Figures,
}

/// The time before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct PreviousView {
    /// Its start.
    pub from: Instant,
    /// Its end.
    pub to: Instant,
    /// Its totals.
    pub totals: Figures,
    /// What the totals are more than these, signed.
    pub change: Figures,
}

/// Which part of a report is shown.
pub(crate) struct Page {
    pub slots: Slots,
    pub offset: usize,
    pub length: usize,
    pub metrics: Vec<Metric>,
    pub group_by: Vec<Dimension>,
}

impl Page {
    /// The page of a report, with the totals of the time before.
    pub(crate) fn answer(
        &self,
        report: &Report,
        before: &Sums,
        state: &State,
    ) -> UsageReportAnswer {
        let shown = report.rows.iter().skip(self.offset).take(self.length);
        let end = self.offset.saturating_add(self.length);
        let earlier = self.slots.before();
        UsageReportAnswer {
            from: Instant(instant(self.slots.from)),
            to: Instant(instant(self.slots.to)),
            rows: shown.map(|row| self.row(row, state)).collect(),
            row_count: report.rows.len(),
            totals: self.figures(|metric| metric.of(&report.totals)),
            previous: PreviousView {
                from: Instant(instant(earlier.from)),
                to: Instant(instant(earlier.to)),
                totals: self.figures(|metric| metric.of(before)),
                change: self.figures(|metric| metric.change(&report.totals, before)),
            },
            next_cursor: (end < report.rows.len()).then(|| self.slots.cursor(end)),
        }
    }

    fn figures(&self, value: impl Fn(Metric) -> Figure) -> Figures {
        let figures = self.metrics.iter();
        Figures(
            figures
                .map(|metric| (metric.as_str(), value(*metric)))
                .collect(),
        )
    }

    fn row(&self, row: &Row, state: &State) -> RowView {
        let mut group = BTreeMap::new();
        for (dimension, value) in self.group_by.iter().zip(&row.values) {
            let Some(value) = value else { continue };
            if *dimension == Dimension::Budget {
                let known = value.parse().ok().and_then(|id| state.budget(id));
                let name = known.map(|known| known.budget.name.clone());
                group.extend(name.map(|name| ("budget_name".to_owned(), name)));
            }
            group.insert(dimension.to_string(), value.to_string());
        }
        RowView {
            bucket_start: row.start.map(Instant),
            group,
            metrics: self.figures(|metric| metric.of(&row.sums)),
        }
    }
}

impl UsageReportAnswer {
    /// The report in a few lines.
    pub(crate) fn words(&self) -> String {
        use std::fmt::Write;
        let mut text = format!(
            "{} to {}: {}; change {}.",
            self.from.0,
            self.to.0,
            self.totals.words(),
            self.previous.change.words()
        );
        for row in self.rows.iter().take(10) {
            let start = row.bucket_start.map(|start| start.0.to_string());
            let place = start.iter().chain(row.group.values()).cloned();
            let place: Vec<_> = place.collect();
            let (place, figures) = (place.join(" "), row.metrics.words());
            // Writing to a string can't fail.
            let _ = write!(text, "\n{place}: {figures}");
        }
        text
    }
}

impl Figures {
    fn words(&self) -> String {
        let words = self.0.iter().map(|(name, figure)| match figure {
            Figure::Usd(usd) => format!("{name} {usd}"),
            Figure::Count(count) => format!("{name} {count}"),
        });
        words.collect::<Vec<_>>().join(", ")
    }
}
