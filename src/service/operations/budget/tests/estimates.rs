//! What is held and checked is an upper bound.

use super::*;
use crate::core::refusal::Code;

async fn held(house: &House, ask: Value) -> Value {
    house.done("allocate_budget", ask).await["held_cost_usd"].clone()
}

#[tokio::test]
async fn tokens_of_no_stated_kind_hold_at_the_dearest_rate_of_the_model() {
    let house = House::new();
    for (model, tokens, cost) in [
        // It writes nothing: what it reads costs.
        ("text-embedding-3-small", 1_000_000_000, "20"),
        // Audio is its dearest token.
        ("gpt-audio", 1_000_000, "64"),
        // After a long prompt all of it is dearer.
        ("gemini-2.5-pro", 1_000_000, "15"),
        ("claude-sonnet-4-5", 1_000_000, "22.5"),
    ] {
        let provider = match model.split_once('-').unwrap().0 {
            "gemini" => "google",
            "claude" => "anthropic",
            _ => "openai",
        };
        let ask = json!({"provider": provider, "model": model, "tokens": tokens});
        assert_eq!(held(&house, ask).await, cost, "{model}");
    }
}

#[tokio::test]
async fn more_of_a_hold_is_costed_in_its_own_service_tier() {
    let mut house = House::new();
    let rates = json!({
        "standard": {"rates": {"input": "1", "output": "4"}},
        "service_tiers": {"priority": {"rates": {"input": "2", "output": "8"}}},
    });
    let price = json!({"provider": "house", "model": "swift", "rates": rates, "reason": "test"});
    house.done("override_price", price).await;
    let ask = json!({"model": "swift", "tokens": 1_000_000, "service_tier": "priority"});
    let made = house.done("allocate_budget", ask).await;
    assert_eq!(made["held_cost_usd"], "8");
    let more = json!({"allocation_id": made["allocation_id"], "tokens": 1_000_000});
    let extended = house.done("extend_allocation", more.clone()).await;
    assert_eq!(extended["remaining"]["cost_usd"], "16");
    house.restart();
    let extended = house.done("extend_allocation", more).await;
    assert_eq!(extended["remaining"]["cost_usd"], "24");
}

#[tokio::test]
async fn an_input_without_a_word_of_the_output_is_bounded_by_what_the_model_writes() {
    let house = House::new();
    let call = |more: Value| {
        let mut call = json!({"provider": "openai", "model": "gpt-4o", "input_tokens": 1000});
        let Value::Object(more) = more else {
            panic!("an object")
        };
        call.as_object_mut().unwrap().extend(more);
        call
    };
    for tool in ["check_budget", "allocate_budget"] {
        let bounded = house.done(tool, call(json!({}))).await;
        // 1,000 in and 16,384 out.
        assert_eq!(bounded["estimated_cost_usd"], "0.16634", "{tool}");
        assert_eq!(bounded["estimated"], true, "{tool}");
        for said in [json!({"output_tokens": 0}), json!({"max_output_tokens": 0})] {
            let said = house.done(tool, call(said)).await;
            assert_eq!(said["estimated_cost_usd"], "0.0025", "{tool}");
            assert_eq!(said["estimated"], false, "{tool}");
        }
    }
    let counted = house.done("estimate_cost", call(json!({}))).await;
    assert_eq!(
        counted["cost_usd"], "0.0025",
        "a calculator takes the counts as they are"
    );
    let vectors =
        json!({"provider": "openai", "model": "text-embedding-3-small", "input_tokens": 1_000_000});
    let vectors = house.done("check_budget", vectors).await;
    assert_eq!(vectors["estimated_cost_usd"], "0.02", "it writes nothing");
}

#[tokio::test]
async fn the_callers_word_for_a_cost_takes_nothing_off_a_known_price() {
    let house = House::new();
    budget(&house, "all", json!({}), json!({"limit_cost_usd": "2"})).await;
    let gpt = |cost: &str| json!({"provider": "openai", "model": "gpt-4o", "input_tokens": 1_000_000, "output_tokens": 0, "cost_usd": cost});
    for tool in ["check_budget", "allocate_budget"] {
        let answer = house.done(tool, gpt("0")).await;
        assert_eq!(answer["estimated_cost_usd"], "2.5", "{tool}");
        assert_eq!(answer["allowed"], false, "{tool}");
        let dearer = house.done(tool, gpt("3")).await;
        assert_eq!(dearer["estimated_cost_usd"], "3", "{tool}");
    }
    for (tool, call) in [
        ("check_budget", gpt("-1")),
        ("allocate_budget", gpt("-1")),
        (
            "allocate_budget",
            json!({"provider": "openai", "model": "gpt-4o", "tokens": 1000, "cost_usd": "-1"}),
        ),
    ] {
        let refused = house.ask(tool, call).await.unwrap_err();
        assert_eq!(refused.details["field"], "cost_usd", "{tool}");
    }
    let tokens =
        json!({"provider": "openai", "model": "gpt-4o", "tokens": 1_000_000, "cost_usd": "0"});
    assert_eq!(
        house.done("allocate_budget", tokens).await["allowed"],
        false
    );
    let unknown = json!({"model": "nobody-knows", "input_tokens": 1000, "cost_usd": "0.5"});
    let made = house.done("allocate_budget", unknown).await;
    assert_eq!(
        made["held_cost_usd"], "0.5",
        "a model without a price costs what they say"
    );
    let more = json!({"allocation_id": made["allocation_id"], "tokens": 1000});
    let refused = house.done("extend_allocation", more).await;
    assert_eq!(refused["allowed"], false, "{refused}");
    let never = house.ask(
        "extend_allocation",
        json!({"allocation_id": "all-999", "tokens": 1}),
    );
    assert_eq!(never.await.unwrap_err().code, Code::NotFound);
}
