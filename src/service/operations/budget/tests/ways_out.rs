//! What is offered where a call does not simply fit.

use super::*;

/// A house with limits on the cost of a day, each of an enforcement, of which some is used.
async fn used(limits: &[(&str, &str)], cost: &str) -> House {
    let house = House::new();
    let policies = limits.iter().map(|(enforcement, limit)| {
        json!({"enforcement": enforcement, "period": "daily", "limit_cost_usd": limit})
    });
    let policies: Vec<_> = policies.collect();
    house
        .done("save_budget", json!({"name": "all", "policies": policies}))
        .await;
    let record = json!({"provider": "openai", "model": "gpt-4o", "reported_cost_usd": cost, "input_tokens": 1});
    house.done("record_usage", record).await;
    house
}

fn call(output: u64) -> Value {
    json!({"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "max_output_tokens": output})
}

#[tokio::test]
async fn a_soft_limit_that_is_used_up_hides_nothing_that_a_hard_one_leaves() {
    let hard = ("hard_limit", "0.02");
    let alone = used(&[hard], "0.001").await;
    let alone = alone.done("allocate_budget", call(10_000)).await;
    let beside = used(&[hard, ("soft_limit", "0.001")], "0.001").await;
    let denied = beside.done("allocate_budget", call(10_000)).await;
    assert_eq!(denied["allowed"], false, "{denied}");
    for field in ["fits", "alternatives"] {
        assert_eq!(denied[field], alone[field], "{field}");
    }
    let fits = denied["fits"].as_u64().unwrap();
    let shorter = beside.done("check_budget", call(fits)).await;
    assert_eq!(shorter["outcome"], "soft_limit", "{shorter}");
    let longer = beside.done("check_budget", call(fits + 1)).await;
    assert_eq!(longer["outcome"], "deny", "{longer}");
    let other = &denied["alternatives"][0];
    let mut cheaper = call(10_000);
    for field in ["provider", "model"] {
        cheaper[field] = other[field].clone();
    }
    let cheaper = beside.done("allocate_budget", cheaper).await;
    assert_eq!(cheaper["allowed"], true, "{cheaper}");
}

#[tokio::test]
async fn a_soft_limit_recommends_what_is_below_it_before_what_is_only_cheaper() {
    let roomy = used(&[("soft_limit", "1")], "0.94").await;
    let below = roomy.done("check_budget", call(2000)).await;
    assert_eq!(below["outcome"], "soft_limit");
    for other in below["alternatives"].as_array().unwrap() {
        let cost: f64 = other["estimated_cost_usd"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(cost < 0.01, "{other}");
    }
    assert!(below["fits"].as_u64().unwrap() < 2000);

    let full = used(&[("soft_limit", "1")], "0.96").await;
    let above = full.done("check_budget", call(2000)).await;
    assert_eq!(above["outcome"], "soft_limit");
    assert_eq!(above.get("fits"), None, "no output is below it: {above}");
    let others = above["alternatives"].as_array().unwrap();
    assert!(!others.is_empty(), "{above}");
    let said = full.said("check_budget", call(2000)).await;
    assert!(said.contains("\nCheaper: "), "{said}");
}

#[tokio::test]
async fn what_a_hard_limit_denies_is_not_recommended_under_a_soft_one() {
    let limits = [("soft_limit", "1"), ("hard_limit", "1")];
    let house = used(&limits, "0.96").await;
    let answer = house.done("check_budget", call(3000)).await;
    assert_eq!(answer["outcome"], "soft_limit", "{answer}");
    let others = answer["alternatives"].as_array().unwrap();
    assert!(!others.is_empty(), "{answer}");
    for other in others {
        let cost: f64 = other["estimated_cost_usd"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(cost < 0.04, "{other}");
    }
}
