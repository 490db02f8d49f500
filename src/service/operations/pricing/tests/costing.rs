//! What a provider's usage object is recorded at, where the price does not say it all.

use super::*;
use jiff::SignedDuration;

/// What xAI sends of a call with live search, whose sources litellm and genai-prices have no price for.
fn searched() -> Value {
    json!({"provider": "xai", "model": "grok-4", "occurred_at": "2026-11-24T10:00:00Z", "provider_usage": {
        "prompt_tokens": 1_000_000, "completion_tokens": 10, "total_tokens": 1_000_010, "num_sources_used": 4}})
}

#[tokio::test]
async fn what_has_a_price_is_posted_and_what_has_none_is_named() {
    let mut house = House::new();
    let budget = json!({"name": "A", "policies": [{"enforcement": "hard_limit", "period": "daily", "limit_cost_usd": "1"}]});
    house.done("save_budget", budget).await;
    let recorded = house.done("record_usage", searched()).await;
    let record = &recorded["records"][0];
    assert_eq!(record["cost_usd"], "3.00015", "{recorded}");
    assert_eq!(record["cost_source"], "unknown");
    assert_eq!(record["unpriced"], json!(["web_search"]));
    assert_eq!(record["overrun"], true);
    house.restart();
    let status = house
        .done("get_budget_status", json!({"budget_name": "A"}))
        .await;
    assert!(status.to_string().contains("3.00015"), "{status}");
    let report = house.done("usage_report", json!({"period": "today"})).await;
    assert_eq!(report["totals"]["cost_usd"], "3.00015", "{report}");
}

#[tokio::test]
async fn a_price_for_the_rest_offers_the_rest() {
    let house = House::new();
    house.done("record_usage", searched()).await;
    let whole = json!({"provider": "xai", "model": "grok-4", "effective_from": "2026-11-23T00:00:00Z", "reason": "search",
        "rates": {"standard": {"rates": {"input": "3", "output": "15", "web_search": "25000"}}}});
    let answer = house.done("override_price", whole).await;
    let offered = answer["repricing"]["adjustments"].as_array();
    let offered: Vec<_> = offered
        .into_iter()
        .flatten()
        .map(|one| &one["cost_usd"])
        .collect();
    assert_eq!(offered, [&json!("0.1")], "{answer}");
}

#[tokio::test]
async fn a_mode_that_costs_more_than_the_price_says_so() {
    let house = House::new();
    let fast = json!({"provider": "anthropic", "model": "claude-opus-4-6", "provider_usage": {
        "input_tokens": 1000, "output_tokens": 1000, "cache_read_input_tokens": 0, "speed": "fast"}});
    let recorded = house.done("record_usage", fast.clone()).await;
    let record = &recorded["records"][0];
    assert_eq!(record["cost_usd"], "0.03", "{recorded}");
    assert_eq!(record["cost_source"], "unknown");
    assert_eq!(record["unpriced"], json!(["speed: fast"]));
    let mut told = fast;
    told["reported_cost_usd"] = json!("0.18");
    let recorded = house.done("record_usage", told).await;
    assert_eq!(recorded["records"][0]["cost_source"], "reported");
    assert_eq!(recorded["records"][0].get("unpriced"), None);
}

#[tokio::test]
async fn cached_audio_is_costed_at_its_own_rate() {
    let house = House::new();
    let heard = json!({"provider": "google", "model": "gemini-2.5-flash", "occurred_at": "2026-11-24T10:00:00Z", "provider_usage": {
        "promptTokenCount": 1000, "cachedContentTokenCount": 800, "candidatesTokenCount": 10, "totalTokenCount": 1010,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 900}, {"modality": "TEXT", "tokenCount": 100}],
        "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 800}]}});
    let recorded = house.done("record_usage", heard).await;
    // 100 of text at 0.3, 100 of audio at 1, 800 of cached audio at 0.1, 10 of output at 2.5.
    assert_eq!(recorded["records"][0]["cost_usd"], "0.000235", "{recorded}");
    let ask = json!({"period": "today", "metrics": ["tokens", "cache_read_tokens", "audio_input_tokens"]});
    let report = house.done("usage_report", ask).await;
    assert_eq!(
        report["totals"],
        json!({"tokens": 1010, "cache_read_tokens": 800, "audio_input_tokens": 100})
    );
}

#[tokio::test]
async fn an_unknown_cost_is_alerted_once_until_the_model_has_a_price() {
    let mut house = House::new();
    let standing = json!({"kind": "cost_unknown", "state": "open"});
    let first = house.done("record_usage", searched()).await;
    let message = &first["alerts"][0]["message"];
    assert!(
        message.as_str().unwrap().contains("xai/grok-4")
            && message.to_string().contains("web_search"),
        "{first}"
    );
    house.restart();
    let again = house.done("record_usage", searched()).await;
    assert_eq!(again["alerts"], json!([]), "it stands already");
    let nobodys = json!({"model": "nobodys", "input_tokens": 1});
    house.done("record_usage", nobodys).await;
    let alerts = house.done("list_alerts", standing.clone()).await;
    assert_eq!(alerts["alerts"].as_array().unwrap().len(), 2, "{alerts}");
    let set = |units: Value| {
        json!({"provider": "xai", "model": "grok-4", "reason": "search", "effective_from": "2026-11-24T09:00:00Z",
            "rates": {"standard": {"rates": units}}})
    };
    let without = set(json!({"input": "3", "output": "15"}));
    house.done("override_price", without).await;
    let alerts = house.done("list_alerts", standing.clone()).await;
    assert_eq!(
        alerts["alerts"].as_array().unwrap().len(),
        2,
        "no price of searches yet: {alerts}"
    );
    let doubted = house.done("record_usage", searched()).await;
    assert_eq!(doubted["alerts"], json!([]), "it stands already");
    let whole = set(json!({"input": "3", "output": "15", "web_search": "25000"}));
    house.done("override_price", whole).await;
    let known = house.done("record_usage", searched()).await;
    assert_eq!(known["records"][0]["cost_usd"], "3.10015");
    assert_eq!(known["alerts"], json!([]));
    let alerts = house.done("list_alerts", standing).await;
    assert_eq!(alerts["alerts"].as_array().unwrap().len(), 1, "{alerts}");
}

#[tokio::test]
async fn an_unknown_cost_stands_until_all_that_was_used_has_a_price() {
    let mut house = House::new();
    let standing = json!({"kind": "cost_unknown", "state": "open"});
    let used = |counts: Value| {
        let mut usage = json!({"provider": "inhouse", "model": "tuned"});
        usage
            .as_object_mut()
            .unwrap()
            .extend(counts.as_object().unwrap().clone());
        usage
    };
    let set = |units: Value| json!({"provider": "inhouse", "model": "tuned", "reason": "list", "rates": {"standard": {"rates": units}}});
    let text = used(json!({"input_tokens": 9, "cache_read_tokens": 2}));
    house.done("record_usage", text.clone()).await;
    let image = house.done("record_usage", used(json!({"images": 1}))).await;
    let message = image["alerts"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("cache_read, image, input"), "{message}");
    let again = house.done("record_usage", text).await;
    assert_eq!(again["alerts"], json!([]));
    let output = set(json!({"output": "5"}));
    house.done("override_price", output).await;
    let input = set(json!({"input": "5"}));
    house.done("override_price", input).await;
    house.restart();
    let alerts = house.done("list_alerts", standing.clone()).await;
    let alerts = alerts["alerts"].as_array().unwrap();
    assert_eq!(alerts.len(), 1, "one says both: {alerts:?}");
    let applied = PriceProposal {
        provider: "inhouse".into(),
        model: "tuned".into(),
        apply: Some(applying("2", "8")),
        ..proposal(NOW)
    };
    house.change(applied).await;
    let alerts = house.done("list_alerts", standing.clone()).await;
    assert_eq!(alerts["alerts"].as_array().unwrap().len(), 1, "{alerts}");
    let whole = set(json!({"input": "5", "image": "1000"}));
    house.done("override_price", whole).await;
    let alerts = house.done("list_alerts", standing).await;
    assert_eq!(alerts["alerts"], json!([]));
}

/// The messages of the alerts of unknown costs that stand.
async fn unknown(house: &House) -> Vec<String> {
    let standing = json!({"kind": "cost_unknown", "state": "open"});
    let alerts = house.done("list_alerts", standing).await;
    let alerts = alerts["alerts"].as_array().unwrap().iter();
    alerts
        .map(|alert| alert["message"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_price_of_a_later_time_answers_no_unknown_cost_until_it_has_begun() {
    let house = House::new();
    let used = json!({"provider": "inhouse", "model": "tuned", "input_tokens": 9});
    house.done("record_usage", used.clone()).await;
    let later = json!({"provider": "inhouse", "model": "tuned", "reason": "list",
        "effective_from": "2026-11-24T18:00:00Z", "rates": {"standard": {"rates": {"input": "5"}}}});
    house.done("override_price", later).await;
    assert_eq!(unknown(&house).await.len(), 1, "it has not begun");
    house.pass(SignedDuration::from_hours(7));
    house.done("record_usage", used).await;
    assert!(unknown(&house).await.is_empty());
}

#[tokio::test]
async fn a_refresh_sees_a_price_that_has_begun_since() {
    let house = House::new();
    let used = json!({"provider": "inhouse", "model": "tuned", "input_tokens": 9});
    house.done("record_usage", used).await;
    let later = json!({"provider": "inhouse", "model": "tuned", "reason": "list",
        "effective_from": "2026-11-24T18:00:00Z", "rates": {"standard": {"rates": {"input": "5"}}}});
    house.done("override_price", later).await;
    house.apply(ApplyPrices::default()).await;
    assert_eq!(unknown(&house).await.len(), 1, "it has not begun");
    house.pass(SignedDuration::from_hours(7));
    house.apply(ApplyPrices::default()).await;
    assert!(unknown(&house).await.is_empty());
}

/// What the one alert says that is left once a model has a price of text.
async fn left_when_priced(house: &House) -> String {
    let applied = PriceProposal {
        provider: "inhouse".into(),
        model: "tuned".into(),
        present: None,
        apply: Some(applying("2", "8")),
        ..proposal(NOW)
    };
    house.change(applied).await;
    let [left] = &*unknown(house).await else {
        panic!()
    };
    left.clone()
}

#[tokio::test]
async fn an_unknown_cost_names_what_still_has_no_price() {
    let house = House::new();
    let used = json!({"provider": "inhouse", "model": "tuned", "input_tokens": 9, "output_tokens": 1, "images": 3});
    house.done("record_usage", used).await;
    let [whole] = &*unknown(&house).await else {
        panic!()
    };
    assert!(whole.contains("image, input, output"), "{whole}");
    let left = left_when_priced(&house).await;
    assert!(left.contains(": image;"), "{left}");
}

#[tokio::test]
async fn a_first_price_answers_the_names_that_a_model_was_recorded_by() {
    let house = House::new();
    for name in [
        json!({"provider": "inhouse", "model": "TUNED"}),
        json!({"model": "tuned"}),
        json!({"provider": "elsewhere", "model": "tuned"}),
    ] {
        let mut used = name;
        used["input_tokens"] = json!(9);
        house.done("record_usage", used).await;
    }
    assert_eq!(unknown(&house).await.len(), 3);
    let left = left_when_priced(&house).await;
    assert!(left.contains("elsewhere/tuned"), "{left}");
}

#[tokio::test]
async fn an_amount_in_another_form_is_refused_by_its_field() {
    let house = House::new();
    for amount in ["1e3", ".5", "1.", "$2"] {
        let set = json!({"provider": "inhouse", "model": "tuned", "reason": "list",
            "rates": {"standard": {"rates": {"input": amount}}}});
        let refused = house.ask("override_price", set).await.unwrap_err();
        assert_eq!(refused.code, Code::InvalidArgument);
        for told in ["rates.standard.rates.input", amount, "expects digits"] {
            assert!(refused.to_string().contains(told), "{told}: {refused}");
        }
    }
}

#[tokio::test]
async fn a_model_of_several_providers_asks_for_the_provider() {
    let house = House::new();
    let used = json!({"model": "llama-3.3-70b-versatile", "input_tokens": 1_000_000});
    let recorded = house.done("record_usage", used.clone()).await;
    let record = &recorded["records"][0];
    assert_eq!(record["cost_source"], "unknown", "{recorded}");
    let sellers = record["sellers"].as_array().unwrap();
    assert!(
        sellers.len() > 1 && sellers.contains(&json!("groq")),
        "{sellers:?}"
    );
    let [told] = &*unknown(&house).await else {
        panic!()
    };
    assert!(
        told.contains("names the provider") && told.contains("groq"),
        "{told}"
    );
    let set = |provider: &str, rate: &str| {
        json!({"provider": provider, "model": "llama-3.3-70b-versatile", "reason": "list",
            "rates": {"standard": {"rates": {"input": rate}}}})
    };
    house.done("override_price", set("groq", "1")).await;
    assert_eq!(unknown(&house).await.len(), 1, "it may be another's");
    house.done("override_price", set("unknown", "2")).await;
    assert_eq!(unknown(&house).await, [""; 0]);
    let known = house.done("record_usage", used).await;
    assert_eq!(known["records"][0]["cost_usd"], "2", "{known}");
    assert_eq!(known["records"][0].get("sellers"), None);
}

#[tokio::test]
async fn what_a_release_has_no_price_for_is_asked_of_its_own_price_where_it_has_one() {
    let house = House::new();
    let set = |model: &str, units: Value| {
        json!({"provider": "openai", "model": model, "reason": "list", "effective_from": "2026-11-20T00:00:00Z",
            "rates": {"standard": {"rates": units}}})
    };
    let used = |model: &str| json!({"provider": "openai", "model": model, "input_tokens": 1, "web_searches": 1});
    let standing = async || {
        let open = json!({"kind": "cost_unknown", "state": "open"});
        let alerts = house.done("list_alerts", open).await["alerts"].clone();
        let alerts = alerts.as_array().unwrap().clone().into_iter();
        let said = alerts.map(|alert| alert["message"].as_str().unwrap().to_owned());
        said.collect::<Vec<_>>()
    };
    let release = "gpt-4o-2027-01-01";
    let text = json!({"input": "8", "output": "20"});
    house
        .done("override_price", set("gpt-4o", text.clone()))
        .await;
    house.done("override_price", set(release, text)).await;
    for (model, named) in [(release, release), ("gpt-4o-2027-02-02", "gpt-4o")] {
        house.done("record_usage", used(model)).await;
        let said = standing().await;
        let sentence = format!("openai/{named} has no price for all it was used for: web_search");
        assert!(
            said.iter().any(|one| one.starts_with(&sentence)),
            "{said:?}"
        );
    }
    let whole = json!({"input": "8", "output": "20", "web_search": "1"});
    for (model, left) in [("gpt-4o", 1), (release, 0)] {
        house
            .done("override_price", set(model, whole.clone()))
            .await;
        house.done("record_usage", used(model)).await;
        let said = standing().await;
        assert_eq!(said.len(), left, "{said:?}");
    }
}

#[tokio::test]
async fn what_a_provider_counts_by_the_call_is_no_less_than_it_says() {
    let house = House::new();
    let rerank = |requests: Option<u64>, units: u64| {
        json!({"provider": "cohere", "model": "rerank-v3.5", "requests": requests,
            "provider_usage": {"billed_units": {"search_units": units}}})
    };
    for (requests, units, cost) in [
        (None, 3, "0.006"),
        (Some(1), 3, "0.006"),
        (Some(4), 3, "0.008"),
        (Some(1), 0, "0.002"),
    ] {
        let recorded = house.done("record_usage", rerank(requests, units)).await;
        assert_eq!(recorded["records"][0]["cost_usd"], cost, "{recorded}");
    }
}
