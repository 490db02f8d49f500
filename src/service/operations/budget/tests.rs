//! The operations on budgets over a ledger in memory.

mod corrections;
mod estimates;
mod forecasts;
mod holds;
mod increases;
mod refusals;
mod repeats;
mod ways_out;

use crate::service::operations::testing::House;
use serde_json::{Value, json};

/// Saves a budget of this scope with one hard limit a day; gives back its policy's id.
async fn budget(house: &House, name: &str, scope: Value, limit: Value) -> Value {
    let mut policy = json!({"period": "daily"});
    let Value::Object(limit) = limit else {
        panic!("an object")
    };
    policy.as_object_mut().unwrap().extend(limit);
    let draft = json!({"name": name, "scope": scope, "policies": [policy]});
    let saved = house.done("save_budget", draft).await;
    saved["budget"]["policies"][0]["policy_id"].clone()
}

/// What is posted and held of the only policy of a budget.
async fn standing(house: &House, name: &str) -> (Value, Value) {
    let status = house
        .done("get_budget_status", json!({"budget_name": name}))
        .await;
    let policy = &status["budgets"][0]["policies"][0];
    (
        policy["posted"]["cost_usd"].clone(),
        policy["held"]["cost_usd"].clone(),
    )
}
