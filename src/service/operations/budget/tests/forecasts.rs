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
