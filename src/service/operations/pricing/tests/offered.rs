//! What is offered where a price changes for a time that is over, and how it is said.

use super::*;

fn set(from: Option<&str>, rates: &Value) -> Value {
    json!({"provider": "inhouse", "model": "tuned", "effective_from": from, "reason": "list",
        "rates": {"standard": {"rates": rates}}})
}

#[tokio::test]
async fn a_price_that_names_less_than_what_was_priced_is_not_compared() {
    let house = House::new();
    let input = set(Some("2026-11-20T00:00:00Z"), &json!({"input": "5"}));
    house.done("override_price", input).await;
    let both = json!({"provider": "inhouse", "model": "tuned", "input_tokens": 1_000_000, "output_tokens": 1_000_000,
        "occurred_at": "2026-11-23T00:00:00Z"});
    let recorded = house.done("record_usage", both).await;
    assert_eq!(recorded["records"][0]["unpriced"], json!(["output"]));
    let output = set(Some("2026-11-21T00:00:00Z"), &json!({"output": "7"}));
    let answer = house.done("override_price", output).await;
    let repricing = &answer["repricing"];
    assert_eq!(
        (&repricing["adjustments"], &repricing["not_comparable"]),
        (&json!([]), &json!(1)),
        "{answer}"
    );
    let whole = set(
        Some("2026-11-22T00:00:00Z"),
        &json!({"input": "5", "output": "7"}),
    );
    let answer = house.done("override_price", whole).await;
    let offered = &answer["repricing"]["adjustments"][0]["cost_usd"];
    assert_eq!(offered, "7", "{answer}");
}

#[tokio::test]
async fn of_many_corrections_the_next_are_listed_once_the_first_are_made() {
    let house = House::new();
    let first = set(Some("2026-11-20T00:00:00Z"), &json!({"input": "5"}));
    house.done("override_price", first).await;
    let one = json!({"provider": "inhouse", "model": "tuned", "input_tokens": 1_000_000, "occurred_at": "2026-11-23T00:00:00Z"});
    let records = vec![one; 130];
    house
        .done("record_usage", json!({"records": records}))
        .await;
    let dearer = set(Some("2026-11-21T00:00:00Z"), &json!({"input": "6"}));
    let mut answer = house.done("override_price", dearer).await["repricing"].clone();
    for listed in [100, 30] {
        let hint = answer["hint"].as_str().unwrap().to_owned();
        assert_eq!(hint.contains("lists the next"), listed == 100, "{hint}");
        let offered = answer["adjustments"].as_array().unwrap().clone();
        assert_eq!(offered.len(), listed);
        for mut one in offered {
            one["reason"] = json!("price");
            house.done("adjust_usage", one).await;
        }
        let ask = json!({"provider": "inhouse", "model": "tuned", "corrections": true});
        answer = house.done("get_price", ask).await["repricing"].clone();
    }
    assert_eq!(answer, Value::Null, "nothing is left");
}

#[tokio::test]
async fn a_price_that_does_not_hold_for_a_later_removal_says_so() {
    let house = House::new();
    let text = async |arguments: Value| house.said("override_price", arguments).await;
    let now = text(set(None, &json!({"input": "5"}))).await;
    assert!(!now.contains("does not hold"), "{now}");
    let remove = json!({"provider": "inhouse", "model": "tuned", "remove": true, "reason": "over"});
    text(remove).await;
    let earlier = text(set(Some("2026-11-23T00:00:00Z"), &json!({"input": "6"}))).await;
    assert!(earlier.contains("It does not hold now"), "{earlier}");
    let earliest = set(Some("2026-11-22T00:00:00Z"), &json!({"input": "6"}));
    let earliest = house.done("override_price", earliest).await;
    assert_eq!(earliest["until"], "2026-11-23T00:00:00Z");
    let later = text(set(Some("2026-12-24T00:00:00Z"), &json!({"input": "6"}))).await;
    assert!(!later.contains("does not hold"), "{later}");
    let until_then = text(set(None, &json!({"input": "7"}))).await;
    let ends = "It ends at 2026-12-24T00:00:00Z: a price or a removal of yours";
    assert!(until_then.contains(ends), "{until_then}");
}

/// Sets the price of a model's input at OpenAI.
fn openai(model: &str, input: &str, from: &str) -> Value {
    json!({"provider": "openai", "model": model, "effective_from": from, "reason": "list",
        "rates": {"standard": {"rates": {"input": input, "output": "10"}}}})
}

#[tokio::test]
async fn a_release_with_a_price_of_its_own_is_offered_what_that_makes_of_it() {
    let mut house = House::new();
    let release = "gpt-4o-2027-01-01";
    house
        .done(
            "override_price",
            openai(release, "8", "2026-11-20T00:00:00Z"),
        )
        .await;
    // The one has a price of its own, the other its model's; and the model itself.
    let mut records = Vec::new();
    for model in ["gpt-4o-20270101", "gpt-4o-2027-02-02", "gpt-4o"] {
        let usage = json!({"provider": "openai", "model": model, "input_tokens": 1_000_000,
            "occurred_at": "2026-11-23T00:00:00Z"});
        let recorded = house.done("record_usage", usage).await;
        records.push(recorded["records"][0]["record_id"].clone());
    }
    house.restart();
    let offered = async |model, input, from| {
        let answer = house
            .done("override_price", openai(model, input, from))
            .await;
        let offered = answer["repricing"]["adjustments"].as_array().cloned();
        let offered = offered.unwrap_or_default().into_iter();
        let one = |one: Value| (one["record_id"].clone(), one["cost_usd"].clone());
        assert!(
            answer["repricing"]["not_comparable"]
                .as_u64()
                .is_none_or(|count| count == 0),
            "{answer}"
        );
        offered.map(one).collect::<Vec<_>>()
    };
    let of_model = offered("gpt-4o", "3.5", "2026-11-21T00:00:00Z").await;
    let of_model_by_hand = [1, 2].map(|place: usize| (records[place].clone(), json!("1")));
    assert_eq!(of_model, of_model_by_hand);
    let of_release = offered(release, "9", "2026-11-21T00:00:00Z").await;
    assert_eq!(of_release, [(records[0].clone(), json!("1"))]);
    // One that was charged as its model before has its own from now on.
    let of_other = offered("gpt-4o-2027-02-02", "5.5", "2026-11-21T00:00:00Z").await;
    assert_eq!(of_other, [(records[1].clone(), json!("3"))]);
    // What a release's own price says stays offered by that alone.
    let of_model = offered("gpt-4o", "4", "2026-11-21T00:00:00Z").await;
    assert_eq!(of_model, [(records[2].clone(), json!("1.5"))]);
}

/// What an answer offers to correct: records and what to add.
fn offered(answer: &Value) -> Vec<(Value, Value)> {
    let offered = answer["repricing"]["adjustments"].as_array().cloned();
    let one = |one: Value| (one["record_id"].clone(), one["cost_usd"].clone());
    offered.unwrap_or_default().into_iter().map(one).collect()
}

#[tokio::test]
async fn what_was_counted_wrong_is_offered_at_its_corrected_counts() {
    let house = House::new();
    let usage = json!({"provider": "openai", "model": "gpt-4o", "input_tokens": 1_000_000,
        "occurred_at": "2026-11-23T00:00:00Z"});
    let recorded = house.done("record_usage", usage).await;
    let record = recorded["records"][0]["record_id"].clone();
    let twice = json!({"record_id": record, "input_tokens": -500_000, "cost_usd": "-1.25", "reason": "counted twice"});
    house.done("adjust_usage", twice).await;
    let ask = json!({"provider": "openai", "model": "gpt-4o", "corrections": true});
    let asked = house.done("get_price", ask).await;
    assert_eq!(asked.get("repricing"), None, "no price has changed");
    let dearer = openai("gpt-4o", "5", "2026-11-21T00:00:00Z");
    let answer = house.done("override_price", dearer).await;
    assert_eq!(offered(&answer), [(record, json!("1.25"))], "{answer}");
}

#[tokio::test]
async fn of_many_corrections_of_a_release_the_next_are_listed_too() {
    let house = House::new();
    let release = "gpt-4o-2027-01-01";
    let one = json!({"provider": "openai", "model": release, "input_tokens": 1_000_000,
        "occurred_at": "2026-11-23T00:00:00Z"});
    let other = json!({"provider": "openai", "model": "gpt-4o", "input_tokens": 1_000_000,
        "occurred_at": "2026-11-23T00:00:00Z"});
    let records = [vec![one; 75], vec![other]].concat();
    for _ in 0..2 {
        house
            .done("record_usage", json!({"records": records.clone()}))
            .await;
    }
    let dearer = openai(release, "6", "2026-11-21T00:00:00Z");
    let first = offered(&house.done("override_price", dearer).await);
    assert_eq!(first.len(), 100);
    for (record, cost) in first {
        let made = json!({"record_id": record, "cost_usd": cost, "reason": "price"});
        house.done("adjust_usage", made).await;
    }
    for model in [release, "gpt-4o-20270101", "gpt-4o"] {
        let ask = json!({"provider": "openai", "model": model, "corrections": true});
        let asked = house.done("get_price", ask).await;
        assert_eq!(offered(&asked).len(), 50, "{model}");
    }
}

#[tokio::test]
async fn a_removal_offers_back_what_was_recorded_under_another_writing() {
    let house = House::new();
    let set = |model: &str| {
        json!({"provider": "acme", "model": model, "effective_from": "2026-11-20T00:00:00Z", "reason": "list",
            "rates": {"standard": {"rates": {"input": "2"}}}})
    };
    for (used, priced) in [("theta-1", "Theta-1"), ("iota-20260101", "iota@2026-01-01")] {
        let usage = json!({"provider": "acme", "model": used, "input_tokens": 1_000_000,
            "occurred_at": "2026-11-23T00:00:00Z"});
        house.done("record_usage", usage).await;
        let more = offered(&house.done("override_price", set(priced)).await);
        let [(record, cost)] = more.as_slice() else {
            panic!("{more:?}");
        };
        assert_eq!(*cost, "2");
        let made = json!({"record_id": record, "cost_usd": "2", "reason": "price"});
        house.done("adjust_usage", made).await;
        let remove = json!({"provider": "acme", "model": priced, "remove": true, "reason": "over",
            "effective_from": "2026-11-20T00:00:00Z"});
        let back = offered(&house.done("override_price", remove).await);
        assert_eq!(back, [(record.clone(), json!("-2"))], "{used}");
    }
}

/// A first price that two sources contradict each other on.
fn first(apply: Option<Applying>) -> PriceProposal {
    PriceProposal {
        provider: "inhouse".into(),
        model: "tuned".into(),
        hold: apply.is_none().then(|| holding("2", "8")),
        apply,
        present: None,
        ..proposal("2026-11-24T11:00:00Z")
    }
}

#[tokio::test]
async fn the_first_price_of_a_model_offers_all_that_was_used_before() {
    let used = json!({"provider": "inhouse", "model": "tuned", "input_tokens": 1_000_000,
        "occurred_at": "2026-11-24T06:00:00Z"});
    let house = House::new();
    house.done("record_usage", used.clone()).await;
    house.change(first(None)).await;
    let approve = json!({"action": "approve", "change_id": "chg-3", "reason": "list"});
    let approved = house.done("review_price_changes", approve).await;
    assert_eq!(approved["repricing"]["records"], 1, "{approved}");

    // A refresh that brings it says where to look.
    let house = House::new();
    house.done("record_usage", used).await;
    house.change(first(Some(applying("2", "8")))).await;
    let alerts = house.done("list_alerts", json!({"state": "open"})).await;
    let alerts = alerts["alerts"].as_array().unwrap();
    let [alert] = alerts.as_slice() else {
        panic!("{alerts:?}")
    };
    let message = alert["message"].as_str().unwrap();
    assert!(
        message.contains("have a price: inhouse/tuned;"),
        "{message}"
    );
}

#[tokio::test]
async fn an_approval_beneath_an_override_says_what_is_charged() {
    let house = House::new();
    house
        .done(
            "override_price",
            set(None, &json!({"input": "7", "output": "9"})),
        )
        .await;
    house.change(first(None)).await;
    let change = house
        .done("review_price_changes", json!({"action": "list"}))
        .await;
    let change = &change["changes"][0]["change_id"];
    let approve = json!({"action": "approve", "change_id": change, "reason": "list"});
    let said = house.said("review_price_changes", approve).await;
    assert!(said.contains("beneath an override of yours"), "{said}");
}
