//! What sources say of times that are over.

use super::*;

/// What a model cost in the summer of 2023, by one source.
fn history(model: &str) -> PriceHistory {
    PriceHistory {
        provider: "openai".into(),
        model: model.into(),
        source: "llm-prices".into(),
        fetched_at: at("2026-11-24T11:00:00Z"),
        content: Digest(1),
        weight: Decimal::new(5, 1),
        prices: vec![PastPrice {
            from: at("2023-05-13T00:00:00Z"),
            until: at("2023-08-06T00:00:00Z"),
            rates: rates("5", "15"),
        }],
    }
}

#[tokio::test]
async fn a_history_of_what_was_used_is_told_and_offers_corrections() {
    let house = House::new();
    let used_at = json!({"model": "gpt-4o", "provider": "openai", "input_tokens": 1_000_000, "occurred_at": "2023-06-01T10:00:00Z"});
    house.done("record_usage", used_at).await;
    let told = vec![history("gpt-4o"), history("gpt-4o-mini")];
    let used = past::used(&house.desk, &told).unwrap();
    assert_eq!(used, [("openai".into(), "gpt-4o".into())].into());
    let mut same = history("gpt-4o");
    same.prices[0].rates = rates("2.5", "10");
    assert!(
        past::used(&house.desk, &[same]).unwrap().is_empty(),
        "it is what was charged"
    );
    let refresh = ApplyPrices {
        history: told.clone(),
        used,
        ..ApplyPrices::default()
    };
    house.apply(refresh).await;
    assert!(
        past::used(&house.desk, &told).unwrap().is_empty(),
        "it is no news"
    );
    let alerts = house
        .done("list_alerts", json!({"kind": "price_changed"}))
        .await;
    let message = alerts["alerts"][0]["message"].as_str().unwrap();
    assert!(message.contains("openai/gpt-4o;"), "{message}");
    let ask = json!({"model": "gpt-4o", "provider": "openai", "corrections": true});
    let price = house.done("get_price", ask).await;
    assert_eq!(
        price["repricing"]["adjustments"],
        json!([{"record_id": "use-1", "cost_usd": "2.5"}]),
        "{price}"
    );
}

#[tokio::test]
async fn a_sources_history_is_shown_and_costs_what_lies_in_it() {
    let mut house = House::new();
    house
        .apply(ApplyPrices {
            history: vec![history("gpt-4o")],
            ..ApplyPrices::default()
        })
        .await;
    house.restart();
    let ask = json!({"model": "gpt-4o", "provider": "openai", "history": true, "at": "2023-06-01T00:00:00Z"});
    let price = house.done("get_price", ask).await;
    assert_eq!(
        (&price["version"], &price["rule"]),
        (&json!("history-llm-prices-1"), &json!("imported_history"))
    );
    assert_eq!(price["until"], "2023-08-06T00:00:00Z");
    assert_eq!(price["sources"][0]["name"], "llm-prices");
    let all = price["history"].as_array().unwrap();
    assert!(
        all.iter()
            .any(|price| price["version"] == "history-llm-prices-1")
    );
}

#[tokio::test]
async fn a_history_of_a_release_is_that_releases_and_costs_what_lies_in_it() {
    const RELEASE: &str = "gpt-4o-2027-01-01";
    let mut house = House::new();
    house
        .apply(ApplyPrices {
            history: vec![history(RELEASE)],
            ..ApplyPrices::default()
        })
        .await;
    house.restart();
    let at = "2023-06-01T00:00:00Z";
    let ask = |model: &str| json!({"model": model, "history": true, "at": at});
    let price = house.done("get_price", ask(RELEASE)).await;
    assert_eq!(price["version"], "history-llm-prices-1", "{price}");
    assert_eq!(
        (&price["model"], &price["release"]),
        (&json!("gpt-4o"), &json!(RELEASE))
    );
    let all = price["history"].as_array().unwrap().iter();
    let past: Vec<_> = all
        .filter(|price| price["version"] == "history-llm-prices-1")
        .collect();
    assert!(!past.is_empty());
    assert!(past.iter().all(|price| price.get("superseded").is_none()));
    let of_model = house.done("get_price", ask("gpt-4o")).await;
    assert_eq!(of_model["status"], "bundled", "{of_model}");
    assert_eq!(of_model.get("release"), None);
    let usage = json!({"model": RELEASE, "input_tokens": 1_000_000, "occurred_at": at});
    let recorded = house.done("record_usage", usage).await;
    let input = &price["rates"]["standard"]["rates"]["input"];
    assert_eq!(recorded["records"][0]["cost_usd"], *input, "{recorded}");
}

/// The alert names the model, and asks for nothing but its name.
#[tokio::test]
async fn a_model_that_is_sold_no_more_has_a_history_and_corrections() {
    let house = House::new();
    let model = json!({"model": "gone-1", "provider": "openai"});
    let mut used = model.clone();
    used["input_tokens"] = json!(1_000_000);
    used["occurred_at"] = json!("2023-06-01T10:00:00Z");
    house.done("record_usage", used).await;
    let refresh = ApplyPrices {
        history: vec![history("gone-1")],
        ..ApplyPrices::default()
    };
    house.apply(refresh).await;
    let refused = house.ask("get_price", model.clone()).await.unwrap_err();
    assert_eq!(refused.code, Code::PriceUnknown, "nobody sells it by now");
    let mut ask = model.clone();
    ask["corrections"] = json!(true);
    let offered = house.done("get_price", ask).await;
    assert_eq!(offered["latest_known"], true, "{offered}");
    assert_eq!(
        offered["repricing"]["adjustments"],
        json!([{"record_id": "use-1", "cost_usd": "5"}]),
    );
    let mut ask = model;
    ask["history"] = json!(true);
    let versions = house.done("get_price", ask).await;
    assert_eq!(versions["history"].as_array().map(Vec::len), Some(1));
}
