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
    let later = text(set(Some("2026-12-24T00:00:00Z"), &json!({"input": "6"}))).await;
    assert!(!later.contains("does not hold"), "{later}");
}
