//! A repeat answers what was answered first, whatever has changed since.

use super::*;
use crate::core::refusal::Code;
use jiff::SignedDuration;

async fn set_price(house: &House, provider: &str, model: &str, input: &str) {
    let rates = json!({"standard": {"rates": {"input": input, "output": input}}});
    let price = json!({"provider": provider, "model": model, "rates": rates, "reason": "test"});
    house.done("override_price", price).await;
}

/// Makes the model's name one of two providers.
async fn make_ambiguous(house: &House) {
    set_price(house, "p1", "nomodel9", "1").await;
    set_price(house, "p2", "nomodel9", "2").await;
    let check = json!({"model": "nomodel9", "input_tokens": 1});
    let refused = house.ask("check_budget", check).await.unwrap_err();
    assert_eq!(refused.details["field"], "provider");
}

#[tokio::test]
async fn a_retry_is_answered_though_its_model_names_several_by_now() {
    let house = House::new();
    let usage = json!({"model": "nomodel9", "input_tokens": 1000, "request_id": "one"});
    let other =
        json!({"model": "gpt-4o", "provider": "openai", "input_tokens": 1000, "request_id": "two"});
    let ask = json!({"model": "nomodel9", "tokens": 1000, "cost_usd": "0.5", "request_id": "hold"});
    let first = house.done("record_usage", usage.clone()).await;
    let second = house.done("record_usage", other.clone()).await;
    let held = house.done("allocate_budget", ask.clone()).await;
    let hold = &held["allocation_id"];
    let more =
        json!({"allocation_id": hold, "tokens": 1000, "cost_usd": "0.5", "request_id": "more"});
    let extended = house.done("extend_allocation", more.clone()).await;
    let change =
        json!({"model": "nomodel9", "cost_usd": "1", "reason": "test", "request_id": "change"});
    let changed = house.done("adjust_usage", change.clone()).await;
    make_ambiguous(&house).await;

    let same = |mut first: Value| {
        first["duplicate"] = true.into();
        first
    };
    let again = house.done("record_usage", usage.clone()).await;
    assert_eq!(again["records"][0], same(first["records"][0].clone()));
    assert_eq!(
        house.done("allocate_budget", ask.clone()).await,
        same(held.clone())
    );
    assert_eq!(house.done("extend_allocation", more).await, same(extended));
    assert_eq!(house.done("adjust_usage", change).await, same(changed));

    // Among others each answer has its place.
    let fresh = json!({"model": "gpt-4o", "provider": "openai", "input_tokens": 1});
    let records = json!({"records": [fresh, usage, other, usage]});
    let all = house.done("record_usage", records).await;
    let ids = |answer: &Value| answer["record_id"].clone();
    assert_eq!(all["records"].as_array().unwrap().len(), 4);
    assert_eq!(all["records"][0]["duplicate"], false);
    for (place, first) in [(1, &first), (2, &second), (3, &first)] {
        assert_eq!(
            ids(&all["records"][place]),
            ids(&first["records"][0]),
            "{place}"
        );
        assert_eq!(all["records"][place]["duplicate"], true, "{place}");
    }

    // Another content is a conflict.
    let another = json!({"model": "nomodel9", "input_tokens": 1001, "request_id": "one"});
    let refused = house.ask("record_usage", another).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
}

#[tokio::test]
async fn what_was_spent_is_recorded_though_its_model_names_several() {
    let house = House::new();
    make_ambiguous(&house).await;
    let used = |provider: Option<&str>| json!({"provider": provider, "model": "nomodel9", "input_tokens": 1_000_000});
    let records = json!({"records": [used(Some("p1")), used(None)]});
    let recorded = house.done("record_usage", records).await;
    let cost = |at: usize| recorded["records"][at]["cost_source"].clone();
    assert_eq!([cost(0), cost(1)], ["catalogue", "unknown"]);
    let alert = &recorded["alerts"][0];
    assert_eq!(alert["kind"], "cost_unknown");
    assert!(
        alert["message"]
            .as_str()
            .unwrap()
            .contains("nomodel9 was used without a provider, and its name alone does not tell who sold it (p1, p2)")
    );
    let reported = json!({"model": "nomodel9", "reported_cost_usd": "2"});
    let recorded = house.done("record_usage", reported).await;
    assert_eq!(recorded["records"][0]["cost_usd"], "2");

    // One of a company's names means the first of its providers that has the model.
    set_price(&house, "google", "zz-flash", "1").await;
    set_price(&house, "vertex_ai", "zz-flash", "2").await;
    for (provider, cost) in [("google", "1"), ("gemini", "1"), ("vertex", "2")] {
        let used = json!({"provider": provider, "model": "zz-flash", "input_tokens": 1_000_000});
        let recorded = house.done("record_usage", used.clone()).await;
        assert_eq!(recorded["records"][0]["cost_usd"], cost, "{provider}");
        house.done("check_budget", used).await;
    }
    set_price(&house, "google", "zz-flash", "3").await;
}

#[tokio::test]
async fn a_repeated_hold_says_what_was_estimated_at_its_own_price() {
    let house = House::new();
    budget(&house, "all", json!({}), json!({"limit_cost_usd": "10"})).await;
    set_price(&house, "house", "swift", "1").await;
    let known = json!({"model": "swift", "input_text": "some words", "max_output_tokens": 1000, "request_id": "known"});
    let unknown = json!({"cost_usd": "1", "request_id": "unknown"});
    let firsts = [
        house.done("allocate_budget", known.clone()).await,
        house.done("allocate_budget", unknown.clone()).await,
    ];
    assert_eq!(firsts[0]["estimated"], true);
    assert_eq!(firsts[1].get("estimated_tokens"), None);
    set_price(&house, "house", "swift", "5").await;
    for (ask, first) in [known, unknown].into_iter().zip(firsts) {
        let mut again = house.done("allocate_budget", ask).await;
        assert_eq!(again["duplicate"], true);
        again["duplicate"] = false.into();
        assert_eq!(again, first);
    }
}

#[tokio::test]
async fn a_repeated_record_tells_the_alerts_that_it_raised() {
    let mut house = House::new();
    budget(&house, "all", json!({}), json!({"limit_cost_usd": "1"})).await;
    let one = json!({"model": "gpt-4o", "provider": "openai", "reported_cost_usd": "2", "request_id": "one"});
    let quiet = json!({"model": "gpt-4o", "provider": "openai", "reported_cost_usd": "1", "request_id": "two"});
    let first = house.done("record_usage", one.clone()).await;
    let kinds = first["alerts"].as_array().unwrap().len();
    assert!(kinds > 1, "an overrun and a limit that is passed: {first}");
    let second = house.done("record_usage", quiet.clone()).await;
    assert_eq!(second["alerts"], json!([]));
    house.pass(SignedDuration::from_hours(48));
    for _ in 0..2 {
        let again = house.done("record_usage", one.clone()).await;
        assert_eq!(again["alerts"], first["alerts"]);
        let both = house
            .done("record_usage", json!({"records": [quiet, one, one]}))
            .await;
        assert_eq!(both["alerts"], first["alerts"], "each once");
        house.restart();
    }
}

#[tokio::test]
async fn a_repeated_review_names_the_request_that_it_answered() {
    let house = House::new();
    let policy = budget(&house, "all", json!({}), json!({"limit_cost_usd": "1"})).await;
    let ask = json!({"policy_id": policy, "cost_usd": "1", "reason": "more work"});
    let asked = house.done("request_increase", ask).await;
    let grant =
        json!({"action": "grant", "increase_id": asked["increase_id"], "request_id": "yes"});
    let first = house.done("review_increase", grant.clone()).await;
    house.checkpoint().await;
    assert_eq!(house.desk.state().ended_increases().count(), 0);
    let again = house.done("review_increase", grant).await;
    assert_eq!(again["duplicate"], true);
    assert_eq!(again["increases"], first["increases"]);
    assert_eq!(again["increases"][0]["status"], "granted");
}

#[tokio::test]
async fn a_repeated_price_says_from_when_it_holds() {
    let house = House::new();
    let rates = json!({"standard": {"rates": {"input": "1"}}});
    let price = json!({"provider": "house", "model": "swift", "rates": rates, "reason": "test", "request_id": "one"});
    let first = house.done("override_price", price.clone()).await;
    house.pass(SignedDuration::from_hours(1));
    let again = house.done("override_price", price).await;
    assert_eq!(again["duplicate"], true);
    assert_eq!(again["effective_from"], first["effective_from"]);
    assert_eq!(again["version"], first["version"]);
}

#[tokio::test]
async fn a_batch_that_mixes_what_earlier_batches_recorded_is_answered_from_each() {
    let mut house = House::new();
    let record = |number: u64| json!({"provider": "openai", "model": "gpt-4o", "input_tokens": 1000 * number, "request_id": format!("r{number}")});
    let batch = |numbers: &[u64]| json!({"records": numbers.iter().map(|number| record(*number)).collect::<Vec<_>>()});
    let first = house.done("record_usage", batch(&[1, 2, 3])).await;
    let second = house.done("record_usage", batch(&[4, 5, 6])).await;
    for restarted in [false, true] {
        if restarted {
            house.restart();
        }
        let again = house.done("record_usage", batch(&[6, 1, 5, 2, 4, 3])).await;
        let answers = again["records"].as_array().unwrap();
        let known = |number: usize| match number {
            1..=3 => &first["records"][number - 1],
            _ => &second["records"][number - 4],
        };
        for (answer, number) in answers.iter().zip([6, 1, 5, 2, 4, 3]) {
            assert_eq!(answer["duplicate"], true);
            for field in ["record_id", "cost_usd"] {
                assert_eq!(answer[field], known(number)[field], "{number}");
            }
        }
    }
}
