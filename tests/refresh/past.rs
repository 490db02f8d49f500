//! A source that contradicts what it said of a time that is over.

use crate::ground::Ground;
use serde_json::{Value, json};

/// What the history says that the model cost until March.
fn history(input: &str, output: &str) -> String {
    format!(
        r#"{{"prices": [{{"id": "grok-test-9", "vendor": "xai", "name": "G", "input": {input}, "output": {output}, "from_date": "2026-01-01", "to_date": "2026-03-01"}}]}}"#
    )
}

/// A ledger whose history has been heard once, with a usage of that time.
async fn heard() -> Ground {
    let ground = Ground::new().await;
    let file = ground.folder.path().join("prices.json");
    let mut settings: Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let address = format!("{}/history", ground.server.uri());
    settings["sources"]["llm_prices_history"] =
        json!({"address": address, "requests_an_hour": 100});
    std::fs::write(&file, settings.to_string()).unwrap();
    let ground = ground.configured_anew();
    ground.say("history", &history("3", "15")).await;
    ground.refresh().await;
    let usage = json!({"provider": "xai", "model": "grok-test-9", "input_tokens": 1_000_000, "occurred_at": "2026-02-01T00:00:00Z"});
    let recorded = ground.call("record_usage", usage).await;
    assert_eq!(recorded["records"][0]["cost_usd"], "3", "{recorded}");
    ground
}

async fn says(ground: &Ground, input: &str, output: &str) -> Value {
    ground.pass_hours(1);
    ground.say("history", &history(input, output)).await;
    ground.refresh().await
}

async fn cost_then(ground: &Ground) -> Value {
    let ask = json!({"provider": "xai", "model": "grok-test-9", "at": "2026-02-01T00:00:00Z"});
    let price = ground.call("get_price", ask).await;
    price["rates"]["standard"]["rates"]["input"].clone()
}

async fn waiting(ground: &Ground) -> Value {
    let list = json!({"action": "list"});
    ground.call("review_price_changes", list).await["changes"].clone()
}

async fn alerts(ground: &Ground) -> Value {
    let open = json!({"kind": "price_held_back", "state": "open"});
    ground.call("list_alerts", open).await["alerts"].clone()
}

async fn spent(ground: &Ground) -> Value {
    let report = json!({"from": "2026-01-01T00:00:00Z"});
    ground.call("usage_report", report).await["totals"]["cost_usd"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_of_the_past_waits_and_an_approval_offers_adjustments() {
    let ground = heard().await;
    let refreshed = says(&ground, "2.5", "12").await;
    let source = &refreshed["sources"][3];
    assert_eq!(source["held_back"], 1, "{source}");
    assert_eq!(source["left_out"], 0, "{source}");
    let models = &refreshed["models"];
    assert_eq!(
        (&models["held_back"], &models["past_held_back"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(cost_then(&ground).await, "3", "its first word holds");
    let changes = waiting(&ground).await;
    let change = &changes[0];
    assert_eq!(change["effective_from"], "2026-01-01T00:00:00Z", "{change}");
    assert_eq!(change["until"], "2026-03-01T00:00:00Z");
    let input = json!({"rate": "input", "from": "3", "to": "2.5"});
    assert_eq!(change["changes"][0], input);
    let reason = change["reason"].as_str().unwrap();
    assert!(reason.contains("contradicts itself") && reason.contains("Approve it"));
    assert!(
        alerts(&ground)
            .await
            .to_string()
            .contains("had said input 3")
    );
    // The same word again is no other change.
    ground.refresh().await;
    assert_eq!(waiting(&ground).await, changes);

    let approve =
        json!({"action": "approve", "change_id": change["change_id"], "reason": "as announced"});
    let approved = ground.call("review_price_changes", approve).await;
    let version = approved["version"].as_str().unwrap();
    assert!(
        version.starts_with("history-llm_prices_history-"),
        "{version}"
    );
    let offered = &approved["repricing"]["adjustments"][0];
    assert_eq!(offered["cost_usd"], "-0.5", "{approved}");
    assert_eq!(
        spent(&ground).await,
        "3",
        "nothing is costed anew by itself"
    );
    assert_eq!(cost_then(&ground).await, "2.5");
    assert_eq!(alerts(&ground).await, json!([]));
    let ask = json!({"provider": "xai", "model": "grok-test-9", "history": true});
    let told = ground.call("get_price", ask).await;
    let all = told["history"].as_array().unwrap().iter();
    let of_the_past = all.filter(|one| one["rule"] == "imported_history");
    let marked: Vec<_> = of_the_past
        .map(|one| {
            (
                &one["rates"]["standard"]["rates"]["input"],
                &one["superseded"],
            )
        })
        .collect();
    assert_eq!(
        marked,
        [(&json!("3"), &json!(true)), (&json!("2.5"), &json!(null))]
    );
    let before = ground.sequence();
    let again = ground.refresh().await;
    assert_eq!(ground.sequence(), before, "it is known now");
    assert_eq!(again["models"]["held_back"], 0, "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_of_the_past_is_withdrawn_or_turned_down() {
    let ground = heard().await;
    says(&ground, "2.5", "12").await;
    says(&ground, "3", "15").await;
    assert_eq!(waiting(&ground).await, json!([]), "it says it no more");
    assert_eq!(alerts(&ground).await, json!([]));
    says(&ground, "2.5", "12").await;
    let change = waiting(&ground).await[0]["change_id"].clone();
    let reject = json!({"action": "reject", "change_id": change, "reason": "no announcement"});
    ground.call("review_price_changes", reject).await;
    let again = ground.refresh().await;
    assert_eq!(waiting(&ground).await, json!([]));
    assert_eq!(again["sources"][3]["left_out"], 1, "{again}");
    assert_eq!(cost_then(&ground).await, "3");
    // What can't have been is not even asked.
    let slipped = says(&ground, "0.003", "0.015").await;
    assert_eq!(slipped["sources"][3]["left_out"], 1, "{slipped}");
    assert_eq!(waiting(&ground).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_usage_that_would_be_charged_by_a_told_past_is_said_to_be_concerned() {
    let ground = heard().await;
    let month = |input, from, to| {
        json!({"id": "grok-test-9", "vendor": "xai", "name": "G", "input": input, "output": 15,
            "from_date": from, "to_date": to})
    };
    let known = month(3, "2026-01-01", "2026-03-01");
    for day in ["2026-03-15T00:00:00Z", "2026-04-15T00:00:00Z"] {
        let usage = json!({"provider": "xai", "model": "grok-test-9", "input_tokens": 1_000_000, "occurred_at": day});
        ground.call("record_usage", usage).await;
    }
    let rates = json!({"standard": {"rates": {"input": "4", "output": "20"}}});
    let set = json!({"provider": "xai", "model": "grok-test-9", "effective_from": "2026-04-01T00:00:00Z",
        "reason": "contract", "rates": rates});
    ground.call("override_price", set).await;
    for (told, concerned) in [
        (month(2, "2026-04-01", "2026-05-01"), json!([])),
        (
            month(2, "2026-03-01", "2026-04-01"),
            json!(["xai/grok-test-9"]),
        ),
    ] {
        ground.pass_hours(1);
        let all = json!({"prices": [known, told]}).to_string();
        ground.say("history", &all).await;
        let refreshed = ground.refresh().await;
        let said = refreshed.get("repriced_past").cloned();
        assert_eq!(said.unwrap_or(json!([])), concerned, "{refreshed}");
    }
}
