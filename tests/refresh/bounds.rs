//! What is more than a price has room for, and a rate that the sources say no more.

use crate::ground::{Ground, litellm, llm_prices, models_dev};
use serde_json::{Value, json};

async fn waiting(ground: &Ground) -> Value {
    let list = json!({"action": "list"});
    ground.call("review_price_changes", list).await["changes"].clone()
}

async fn alerts(ground: &Ground, kind: &str) -> Value {
    let open = json!({"kind": kind, "state": "open"});
    ground.call("list_alerts", open).await["alerts"].clone()
}

/// models.dev's word with long-prompt tiers at the same price.
fn with_tiers(input: &str, output: &str, tiers: u32) -> String {
    let tiers: Vec<_> = (1..=tiers)
        .map(|tier| {
            let above = tier * 1_000;
            format!(r#"{{"tier": {{"size": {above}}}, "input": {input}, "output": {output}}}"#)
        })
        .collect();
    let tiers = format!(r#""output": {output}, "tiers": [{}]}}"#, tiers.join(", "));
    models_dev(input, output).replace(&format!(r#""output": {output}}}"#), &tiers)
}

/// One source that adds long-prompt tiers stops nothing that the others say.
#[tokio::test(flavor = "multi_thread")]
async fn tiers_that_a_price_has_no_room_for_stop_no_change() {
    let ground = Ground::new().await;
    ground.pass_hours(1);
    let long = r#""input_cost_per_token_above_200k_tokens": 4e-06, "output_cost_per_token""#;
    let with_long =
        |input, output| litellm(input, output).replace(r#""output_cost_per_token""#, long);
    ground.say("litellm", &with_long("2e-06", "1e-05")).await;
    ground.refresh().await;
    let known = ground.price().await["rates"]["standard"]["long_prompts"].clone();
    assert_eq!(known.as_array().map(Vec::len), Some(1), "{known}");
    ground.pass_hours(30);
    ground.say("litellm", &with_long("1e-06", "5e-06")).await;
    ground.say("llm_prices", &llm_prices("1", "5")).await;
    ground.say("models_dev", &with_tiers("1", "5", 16)).await;
    let cut = ground.refresh().await;
    assert_eq!(cut["models"]["held_back"], 1, "{cut}");
    assert_eq!(cut["sources"][1]["left_out"], 1, "{cut}");
    let price = ground.price().await;
    let rates = &price["rates"]["standard"]["rates"];
    assert_eq!(*rates, json!({"input": "1", "output": "5"}));
    let waiting = waiting(&ground).await;
    let reason = waiting[0]["reason"].as_str().unwrap();
    assert!(reason.contains("has no room for"), "{reason}");
    let told = alerts(&ground, "price_held_back").await;
    assert_eq!(told.as_array().map(Vec::len), Some(1), "{told}");
}

/// A price of audio that two sources say.
async fn with_audio() -> Ground {
    let ground = Ground::new().await;
    ground.pass_hours(1);
    let audio = r#""input_cost_per_audio_token": 1.1e-04, "output_cost_per_token""#;
    let spoken = litellm("2e-06", "1e-05").replace(r#""output_cost_per_token""#, audio);
    ground.say("litellm", &spoken).await;
    let spoken = models_dev("2", "10").replace(r#""output""#, r#""input_audio": 110, "output""#);
    ground.say("models_dev", &spoken).await;
    ground.refresh().await;
    ground
}

/// Charged as text, audio would cost a fiftieth from one refresh to the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_rate_that_all_drop_waits_where_what_stands_in_for_it_is_far_cheaper() {
    let ground = with_audio().await;
    let rates = json!({"input": "2", "output": "10", "audio_input": "110"});
    let price = ground.price().await;
    assert_eq!(price["rates"]["standard"]["rates"], rates, "{price}");
    ground.pass_hours(30);
    ground.say("litellm", &litellm("1e-06", "5e-06")).await;
    ground.say("llm_prices", &llm_prices("1", "5")).await;
    ground.say("models_dev", &models_dev("1", "5")).await;
    ground.refresh().await;
    let rates = json!({"input": "1", "output": "5", "audio_input": "110"});
    let price = ground.price().await;
    assert_eq!(price["rates"]["standard"]["rates"], rates, "{price}");
    let change = waiting(&ground).await[0].clone();
    assert_eq!(change["rule"], "step_too_large", "{change}");
    let told = alerts(&ground, "price_held_back").await;
    assert_eq!(told.as_array().map(Vec::len), Some(1), "{told}");
    // It waits on, under the same id, while the sources say the same.
    ground.pass_hours(30);
    ground.refresh().await;
    assert_eq!(
        waiting(&ground).await[0]["change_id"],
        change["change_id"],
        "{change}"
    );
    let approve = json!({"action": "approve", "change_id": change["change_id"], "reason": "their page says so"});
    ground.call("review_price_changes", approve).await;
    ground.refresh().await;
    let price = ground.price().await;
    let rates = json!({"input": "1", "output": "5"});
    assert_eq!(price["rates"]["standard"]["rates"], rates, "{price}");
}

/// What a person turned down is not asked again.
#[tokio::test(flavor = "multi_thread")]
async fn a_drop_that_was_rejected_does_not_wait_again() {
    let ground = with_audio().await;
    ground.pass_hours(30);
    ground.say("litellm", &litellm("2e-06", "1e-05")).await;
    ground.say("models_dev", &models_dev("2", "10")).await;
    ground.refresh().await;
    let change = waiting(&ground).await[0]["change_id"].clone();
    let reject = json!({"action": "reject", "change_id": change, "reason": "still sold"});
    ground.call("review_price_changes", reject).await;
    ground.pass_hours(30);
    ground.say("litellm", &litellm("1e-06", "5e-06")).await;
    ground.say("models_dev", &models_dev("1", "5")).await;
    ground.say("llm_prices", &llm_prices("1", "5")).await;
    ground.refresh().await;
    assert_eq!(waiting(&ground).await, json!([]));
    let rates = json!({"input": "1", "output": "5", "audio_input": "110"});
    assert_eq!(ground.price().await["rates"]["standard"]["rates"], rates);
}
