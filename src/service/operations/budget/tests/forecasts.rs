//! When a limit would run out.

use super::*;
use crate::service::operations::testing::{NOW, at};
use jiff::SignedDuration;

/// What of a limit has run out when, after one record of half of it and some time.
async fn forecast(period: &str, after: SignedDuration) -> Value {
    let house = House::new();
    let policy = json!({"enforcement": "warn", "period": period, "limit_cost_usd": "1"});
    let policies = json!([policy]);
    house
        .done("save_budget", json!({"name": "all", "policies": policies}))
        .await;
    let record = json!({"provider": "openai", "model": "gpt-4o", "reported_cost_usd": "0.5", "input_tokens": 1});
    house.done("record_usage", record).await;
    house.pass(after);
    let status = house.done("get_budget_status", json!({})).await;
    let counter = &status["budgets"][0]["policies"][0];
    counter.get("runs_out_at").cloned().unwrap_or_default()
}

#[tokio::test]
async fn nothing_follows_from_the_first_moments_of_a_window() {
    for (period, enough) in [
        ("hourly", SignedDuration::from_mins(3)),
        ("daily", SignedDuration::from_mins(72)),
        ("monthly", SignedDuration::from_hours(24)),
        ("total", SignedDuration::from_hours(24)),
    ] {
        let early = enough - SignedDuration::from_secs(1);
        assert_eq!(forecast(period, early).await, Value::Null, "{period}");
        let late = forecast(period, enough).await;
        let end = at(NOW) + enough * 2;
        assert_eq!(late, json!(end.to_string()), "{period}");
    }
}

#[tokio::test]
async fn a_forecast_counts_from_when_a_policy_of_another_period_began() {
    let house = House::new();
    let policy = json!({"enforcement": "warn", "period": "daily", "limit_cost_usd": "1"});
    let policies = json!([policy]);
    let saved = house
        .done("save_budget", json!({"name": "all", "policies": policies}))
        .await;
    house.pass(SignedDuration::from_hours(24 * 10));
    let changed = json!({
        "budget_id": saved["budget"]["budget_id"],
        "policy_id": saved["budget"]["policies"][0]["policy_id"],
        "period": "total"
    });
    house.done("save_policy", changed).await;
    let record = json!({"provider": "openai", "model": "gpt-4o", "reported_cost_usd": "0.5", "input_tokens": 1});
    house.done("record_usage", record).await;
    house.pass(SignedDuration::from_hours(48));
    let status = house.done("get_budget_status", json!({})).await;
    let end = at(NOW) + SignedDuration::from_hours(24 * 14);
    assert_eq!(
        status["budgets"][0]["policies"][0]["runs_out_at"],
        json!(end.to_string())
    );
}

#[tokio::test]
async fn who_saves_a_policy_of_another_period_hears_that_its_counters_begin_anew() {
    let house = House::new();
    let policy = json!({"period": "daily", "limit_cost_usd": "1"});
    let saved = house
        .done(
            "save_budget",
            json!({"name": "all", "policies": [policy, policy]}),
        )
        .await;
    let budget = &saved["budget"]["budget_id"];
    let ids = [0, 1].map(|place| &saved["budget"]["policies"][place]["policy_id"]);
    let [first, second] = ids.map(|id| id.as_str().unwrap());
    let both = format!(" {first}, {second} cut time anew, so their counters begin at nothing.");
    let one = format!(" {second} cuts time anew, so its counters begin at nothing.");
    for (periods, ending) in [
        (["weekly", "weekly"], both.as_str()),
        (["weekly", "hourly"], &one),
        (["weekly", "hourly"], ""),
    ] {
        let policies =
            [0, 1].map(|place| json!({"policy_id": ids[place], "period": periods[place]}));
        let said = house
            .said(
                "save_budget",
                json!({"budget_id": budget, "policies": policies}),
            )
            .await;
        assert!(
            said.ends_with(&format!("with 2 policies.{ending}")),
            "{said}"
        );
    }
}
