use super::*;
use crate::core::budget::Budget;
use crate::core::id::BudgetId;
use crate::core::name::Name;
use crate::core::period::{Period, WeekStart};
use crate::core::quantity::{Counts, Usd};
use crate::reporting::rollup::slot_of;
use jiff::tz::TimeZone;

fn of(model: &str, user: Option<&str>) -> Dimensions {
    Dimensions {
        provider: "openai".into(),
        model: model.into(),
        user: user.map(Name::from),
        ..Dimensions::default()
    }
}

fn cost(usd: &str) -> Sums {
    Sums {
        cost: Usd::parse(usd).unwrap(),
        counts: Counts {
            input_tokens: 10,
            requests: 1,
            ..Counts::default()
        },
        records: 1,
        ..Sums::default()
    }
}

fn report(question: Question, usage: &[(i64, Dimensions, Sums)]) -> Report {
    let mut summing = Summing::new(question);
    for (slot, dimensions, sums) in usage {
        summing.add(*slot, dimensions, sums).unwrap();
    }
    summing.finish()
}

fn lines(report: &Report) -> Vec<(String, String)> {
    let line = |row: &Row| {
        let values: Vec<_> = row
            .values
            .iter()
            .map(|v| v.clone().unwrap_or_default())
            .collect();
        (values.join("/"), row.sums.cost.to_string())
    };
    report.rows.iter().map(line).collect()
}

fn pair(group: &str, cost: &str) -> (String, String) {
    (group.to_owned(), cost.to_owned())
}

#[test]
fn rows_are_the_dearest_first_then_by_name() {
    let question = Question {
        group_by: vec![Dimension::Model, Dimension::User],
        ..Question::default()
    };
    let usage = [
        (1, of("b", Some("ann")), cost("1")),
        (2, of("a", None), cost("1")),
        (3, of("c", None), cost("2")),
        (4, of("b", Some("ann")), cost("0")),
    ];
    let report = report(question, &usage);
    assert_eq!(
        lines(&report),
        [pair("c/", "2"), pair("a/", "1"), pair("b/ann", "1")]
    );
    assert_eq!(report.rows[2].sums.records, 2);
    assert_eq!(report.totals.cost, Usd::parse("4").unwrap());
}

#[test]
fn a_day_begins_at_the_zones_midnight() {
    for (zone, before, midnight) in [
        (
            "Europe/Berlin",
            "2026-06-30T22:00:00Z",
            "2026-07-01T22:00:00Z",
        ),
        (
            "Asia/Kolkata",
            "2026-06-30T18:30:00Z",
            "2026-07-01T18:30:00Z",
        ),
        (
            "Asia/Kathmandu",
            "2026-06-30T18:15:00Z",
            "2026-07-01T18:15:00Z",
        ),
    ] {
        let zone = TimeZone::get(zone).unwrap();
        let question = Question {
            steps: Some(Calendar::new(Period::Daily, zone, WeekStart::Monday)),
            ..Question::default()
        };
        let slot = slot_of(midnight.parse().unwrap());
        let usage = [
            (slot, of("a", None), cost("2")),
            (slot - 1, of("a", None), cost("1")),
        ];
        let starts: Vec<_> = report(question, &usage)
            .rows
            .iter()
            .map(|row| (row.start.unwrap().to_string(), row.sums.cost.to_string()))
            .collect();
        assert_eq!(starts, [pair(before, "1"), pair(midnight, "2")]);
    }
}

fn budget(id: u64, parent: Option<u64>, model: &str) -> Budget {
    let scope = serde_json::json!({ "model": model });
    Budget {
        id: BudgetId(id),
        name: format!("budget {id}"),
        owner: None,
        description: None,
        parent: parent.map(BudgetId),
        scope: serde_json::from_value(scope).unwrap(),
        archived: false,
    }
}

#[test]
fn usage_counts_for_each_budget_and_its_ancestors_but_once_in_the_total() {
    let archived = Budget {
        archived: true,
        ..budget(2, Some(1), "x*")
    };
    let budgets = [
        budget(1, None, "none"),
        archived,
        budget(3, Some(2), "a*"),
        budget(4, None, "ab"),
    ];
    let question = Question {
        group_by: vec![Dimension::Budget],
        budgets: Budgets::new(budgets),
        ..Question::default()
    };
    let usage = [
        (1, of("ab", None), cost("2")),
        (1, of("aa", None), cost("1")),
        (1, of("xx", None), cost("5")),
    ];
    let report = report(question, &usage);
    assert_eq!(
        lines(&report),
        [
            pair("", "5"),
            pair("bud-1", "3"),
            pair("bud-3", "3"),
            pair("bud-4", "2")
        ]
    );
    assert_eq!(report.totals.cost, Usd::parse("8").unwrap());
}

#[test]
fn what_the_filter_does_not_cover_counts_nowhere() {
    let scope = serde_json::json!({"model": "a*", "user": ["ann", "bob"]});
    let question = Question {
        scope: serde_json::from_value(scope).unwrap(),
        ..Question::default()
    };
    let usage = [
        (1, of("a1", Some("ann")), cost("1")),
        (1, of("a2", Some("eve")), cost("2")),
        (1, of("b1", Some("bob")), cost("4")),
        (1, of("a3", None), cost("8")),
    ];
    let report = report(question, &usage);
    assert_eq!(lines(&report), [pair("", "1")]);
    assert_eq!(report.totals.records, 1);
}

#[test]
fn a_question_with_too_many_rows_is_refused() {
    let mut summing = Summing::new(Question {
        group_by: vec![Dimension::Tag("run".to_owned())],
        ..Question::default()
    });
    let mut dimensions = of("a", None);
    let mut add = |run: usize| {
        dimensions.tags.insert("run".into(), run.to_string().into());
        summing.add(1, &dimensions, &cost("1"))
    };
    for run in 0..ROWS_MOST {
        assert_eq!(add(run), Ok(()));
    }
    assert_eq!(add(0), Ok(()));
    assert_eq!(add(ROWS_MOST), Err(TooManyRows));
}

#[test]
fn corrections_are_in_every_figure() {
    let mut sums = cost("1");
    sums.removed.input_tokens = 25;
    assert_eq!(Metric::InputTokens.of(&sums), Figure::Count(-15));
    assert_eq!(Metric::Tokens.of(&sums), Figure::Count(-15));
    assert_eq!(Metric::Tokens.change(&sums, &cost("2")), Figure::Count(-25));
    let change = Metric::CostUsd.change(&sums, &cost("3"));
    assert_eq!(change, Figure::Usd(Usd::parse("-2").unwrap()));
}

#[test]
fn a_metric_is_read_by_the_name_that_it_is_written_with() {
    for name in ["cost_usd", "cache_write_1h_tokens", "unknown_costs"] {
        let metric: Metric = serde_json::from_value(name.into()).unwrap();
        assert_eq!(metric.as_str(), name);
    }
}

#[test]
fn a_dimension_is_read_back_from_its_text() {
    for name in ["provider", "task_type", "budget", "tag:team"] {
        assert_eq!(name.parse::<Dimension>().unwrap().to_string(), name);
    }
    for wrong in ["tag:", "tags", "", "Model"] {
        assert!(wrong.parse::<Dimension>().is_err(), "{wrong}");
    }
}
