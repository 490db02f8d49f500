//! Limits on models whose names mean another once prices are known.

use crate::ground::Ground;
use serde_json::json;

/// A model that openrouter sells under its whole name, and its company once sources agree on a price there.
const MODEL: &str = "yi-large";

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_when_a_refresh_changes_what_its_name_means() {
    let ground = Ground::new().await;
    let whole = format!("01-ai/{MODEL}");
    let limit = json!([{"enforcement": "hard_limit", "period": "total", "limit_requests": 1}]);
    let budget = json!({"name": "A", "scope": {"model": whole}, "policies": limit});
    ground.call("save_budget", budget).await;
    ground.pass_hours(1);
    let litellm = json!({format!("01-ai/{MODEL}"): {"litellm_provider": "01-ai", "mode": "chat",
        "input_cost_per_token": 2e-6, "output_cost_per_token": 1e-5}});
    let models_dev = json!({"01-ai": {"models": {MODEL: {"cost": {"input": 2, "output": 10}}}}});
    ground.say("litellm", &litellm.to_string()).await;
    ground.say("models_dev", &models_dev.to_string()).await;
    let told = ground.refresh().await;
    assert_eq!(told["models"]["verified"], 1, "{told}");
    let price = ground.call("get_price", json!({"model": whole})).await;
    assert_eq!(price["provider"], "01_ai");

    let usage = json!({"model": whole, "input_tokens": 1000});
    ground.call("record_usage", usage.clone()).await;
    let checked = ground.call("check_budget", usage).await;
    assert_eq!(checked["allowed"], false, "{checked}");
}
