//! What a refusal offers helps.

use super::*;

const TOMORROW: &str = "2026-11-25T00:00:00Z";

#[tokio::test]
async fn waiting_is_offered_only_where_it_helps() {
    let house = House::new();
    budget(
        &house,
        "tokens",
        json!({"component": "a"}),
        json!({"limit_tokens": 1000}),
    )
    .await;
    budget(
        &house,
        "cost",
        json!({"component": "b"}),
        json!({"limit_cost_usd": "10"}),
    )
    .await;
    for (ask, retry_at, why) in [
        (
            json!({"component": "a", "cost_usd": "0.5"}),
            None,
            "the tokens are not said",
        ),
        (
            json!({"component": "b", "model": "nobody-knows", "tokens": 10}),
            None,
            "the price is not known",
        ),
        (
            json!({"component": "b", "cost_usd": "50"}),
            None,
            "no window has so much",
        ),
        (
            json!({"component": "a", "tokens": 1001}),
            None,
            "no window has so many",
        ),
    ] {
        let refused = house.done("allocate_budget", ask).await;
        assert_eq!(refused["allowed"], false, "{why}");
        assert_eq!(refused.get("retry_at"), retry_at, "{why}");
    }
    house
        .done(
            "allocate_budget",
            json!({"component": "b", "cost_usd": "9"}),
        )
        .await;
    let refused = house
        .done(
            "allocate_budget",
            json!({"component": "b", "cost_usd": "9"}),
        )
        .await;
    assert_eq!(refused["retry_at"], TOMORROW, "{refused}");
}

#[tokio::test]
async fn a_grant_of_this_window_is_no_promise_of_the_next() {
    let house = House::new();
    let policy = budget(&house, "all", json!({}), json!({"limit_cost_usd": "10"})).await;
    let ask = json!({"policy_id": policy, "cost_usd": "10", "reason": "more work"});
    let asked = house.done("request_increase", ask).await;
    let grant = json!({"action": "grant", "increase_id": asked["increase_id"]});
    house.done("review_increase", grant).await;
    house
        .done("allocate_budget", json!({"cost_usd": "15"}))
        .await;
    let refused = house
        .done("allocate_budget", json!({"cost_usd": "15"}))
        .await;
    assert_eq!(refused.get("retry_at"), None, "{refused}");
}

#[tokio::test]
async fn what_would_fit_minds_the_callers_own_cost() {
    let house = House::new();
    budget(&house, "all", json!({}), json!({"limit_cost_usd": "1"})).await;
    let ask = json!({"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "max_output_tokens": 1000, "cost_usd": "5"});
    let refused = house.done("check_budget", ask).await;
    assert_eq!(refused["allowed"], false);
    assert_eq!(
        refused.get("fits"),
        None,
        "no output makes it cost less than 5: {refused}"
    );
    let ask = json!({"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "max_output_tokens": 200_000, "cost_usd": "0.5"});
    let refused = house.done("check_budget", ask.clone()).await;
    let mut fitting = ask;
    fitting["max_output_tokens"] = refused["fits"].clone();
    let allowed = house.done("check_budget", fitting).await;
    assert_eq!(allowed["allowed"], true, "{refused} {allowed}");
}
