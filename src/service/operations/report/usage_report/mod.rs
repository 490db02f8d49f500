//! `usage_report`: where the money went.

mod answer;
mod span;

use crate::core::period::{Calendar, Period, WeekStart};
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::core::scope::Scope;
use crate::reporting::report::{Budgets, Dimension, Metric, Question, Report, Summing};
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::scoping::by_own_names;
use crate::service::wire::page;
use crate::service::wire::schema::Instant;
use crate::service::{Desk, Service};
use answer::{Page, UsageReportAnswer};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use span::{ReportPeriod, Slots};

/// The slots that are read from the store at once: a week, so that a long report takes little memory.
const STRIDE: i64 = 4 * 24 * 7;
/// The most dimensions of a group.
const GROUP_MOST: usize = 3;

/// Where the money went.
pub(crate) struct UsageReport;

/// Which usage, and how to sum it up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageReportInput {
    /// Start, rounded down to a quarter of an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    /// End, rounded up to one; default now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Instant>,
    /// Instead of from and to; default this_month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<ReportPeriod>,
    /// IANA time zone of period and bucket; default UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Up to 3 of provider, model, tier, component, task_type, user, project, budget, tag:NAME.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    pub group_by: Option<Vec<Dimension>>,
    /// Rows by time too; default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<BucketLength>,
    /// Only usage that matches; as a budget's scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<Scope>,
    /// Figures; default cost_usd, tokens, requests, records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Vec<Metric>>,
    /// Page length; default 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<page::PageLength>,
    /// next_cursor of the page before; keeps its times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The step of time of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BucketLength {
    Hour,
    Day,
    Week,
    Month,
}

impl BucketLength {
    const fn period(self) -> Period {
        match self {
            Self::Hour => Period::Hourly,
            Self::Day => Period::Daily,
            Self::Week => Period::Weekly,
            Self::Month => Period::Monthly,
        }
    }
}

impl Operation for UsageReport {
    type Input = UsageReportInput;
    type Output = UsageReportAnswer;
    const CONTRACT: Contract = Contract {
        name: "usage_report",
        title: "Report usage",
        description: "Report where money and tokens went: sums by group and time, totals, and the change from the \
            period before.",
        toolset: Toolset::Report,
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
        let zone = zone(input.time_zone.as_deref())?;
        let (slots, offset) = match &input.cursor {
            Some(cursor) => Slots::of_cursor(cursor)?,
            None => (Slots::asked(&input, &zone, desk.now())?, 0),
        };
        let metrics = distinct(input.metrics.unwrap_or_else(|| Metric::DEFAULT.to_vec()));
        let group_by = group_by(input.group_by)?;
        let filters = input.filters.unwrap_or_default();
        let scope = by_own_names(filters, &Scope::default(), &desk.prices(), desk.now());
        let steps = input
            .bucket
            .map(|bucket| Calendar::new(bucket.period(), zone, WeekStart::Monday));
        let page = Page {
            slots,
            offset,
            length,
            metrics,
            group_by: group_by.clone(),
        };
        let counting = tokio::task::spawn_blocking(move || {
            let now = rows(&desk, slots, group_by, steps, scope.clone())?;
            let before = sum(
                &desk,
                slots.before(),
                Question {
                    scope,
                    ..Question::default()
                },
            )?;
            Ok(page.answer(&now, &before.totals, &desk.state()))
        });
        let content = counting.await.map_err(broken_off)??;
        Ok(Answer {
            text: content.words(),
            content,
        })
    }
}

fn rows(
    desk: &Desk,
    slots: Slots,
    group_by: Vec<Dimension>,
    steps: Option<Calendar>,
    scope: Scope,
) -> Result<Report, Refusal> {
    let budgets = if group_by.contains(&Dimension::Budget) {
        let state = desk.state();
        Budgets::new(state.budgets().map(|known| known.budget.clone()))
    } else {
        Budgets::default()
    };
    let question = Question {
        group_by,
        steps,
        scope,
        budgets,
    };
    sum(desk, slots, question)
}

fn sum(desk: &Desk, slots: Slots, question: Question) -> Result<Report, Refusal> {
    let mut summing = Summing::new(question);
    let mut from = slots.from;
    while from < slots.to {
        let to = slots.to.min(from + STRIDE);
        for bucket in desk.ledger().shared().usage(from, to)? {
            summing
                .add(bucket.slot, &bucket.dimensions, &bucket.sums)
                .map_err(|error| Refusal::invalid("group_by", error))?;
        }
        from = to;
    }
    Ok(summing.finish())
}

fn zone(name: Option<&str>) -> Result<TimeZone, Refusal> {
    let Some(name) = name else {
        return Ok(TimeZone::UTC);
    };
    crate::core::time::zone(name).ok_or_else(|| {
        Refusal::invalid(
            "time_zone",
            "expects an IANA time zone such as Europe/Berlin",
        )
    })
}

fn group_by(asked: Option<Vec<Dimension>>) -> Result<Vec<Dimension>, Refusal> {
    let asked = distinct(asked.unwrap_or_default());
    if asked.len() > GROUP_MOST {
        return Err(Refusal::invalid(
            "group_by",
            format!("expects at most {GROUP_MOST}"),
        ));
    }
    Ok(asked)
}

/// Without repeats, in the order in which they were given.
fn distinct<T: PartialEq>(given: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(given.len());
    for one in given {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what `map_err` hands over"
)]
fn broken_off(error: tokio::task::JoinError) -> Refusal {
    Refusal::unavailable(format!("the report broke off: {error}"))
}
