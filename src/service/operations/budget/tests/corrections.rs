//! All corrections of a record together leave no less than nothing of it.

use super::*;
use crate::core::refusal::Code;

async fn record(house: &House) -> Value {
    let usage = json!({"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "reported_cost_usd": "6"});
    house.done("record_usage", usage).await["records"][0]["record_id"].clone()
}

#[tokio::test]
async fn a_record_is_not_corrected_below_zero_in_steps() {
    for rest in ["none", "checkpoint", "restart"] {
        let mut house = House::new();
        budget(&house, "all", json!({}), json!({"limit_cost_usd": "10"})).await;
        let record = record(&house).await;
        let change = |field: &str, by: Value| {
            let mut change = json!({"record_id": record, "reason": "test"});
            change[field] = by;
            change
        };
        house
            .done("adjust_usage", change("cost_usd", json!("-4")))
            .await;
        house
            .done("adjust_usage", change("input_tokens", json!(-600)))
            .await;
        match rest {
            "checkpoint" => house.checkpoint().await,
            "restart" => house.restart(),
            _ => {}
        }
        for (field, by, left) in [
            ("cost_usd", json!("-2.01"), "-2:"),
            ("input_tokens", json!(-401), "-400:"),
            ("output_tokens", json!(-1), "nothing of it is left"),
        ] {
            let refused = house
                .ask("adjust_usage", change(field, by))
                .await
                .unwrap_err();
            assert_eq!(refused.code, Code::InvalidArgument, "{rest}");
            assert_eq!(refused.details["field"], field, "{rest}");
            assert!(
                refused.message.contains(left),
                "{rest}: {}",
                refused.message
            );
        }
        // What was added may be taken again, and the rest to the last cent.
        house
            .done("adjust_usage", change("cost_usd", json!("1")))
            .await;
        house
            .done("adjust_usage", change("cost_usd", json!("-3")))
            .await;
        house
            .done("adjust_usage", change("input_tokens", json!(-400)))
            .await;
        let more = house
            .ask("adjust_usage", change("cost_usd", json!("-0.01")))
            .await;
        assert_eq!(more.unwrap_err().details["field"], "cost_usd", "{rest}");
        assert_eq!(standing(&house, "all").await.0, "0", "{rest}");
    }
}

#[tokio::test]
async fn corrections_at_the_same_time_leave_no_less_than_nothing() {
    let house = House::new();
    let record = record(&house).await;
    let change = || {
        let change = json!({"record_id": record, "cost_usd": "-6", "reason": "test"});
        house.ask("adjust_usage", change)
    };
    let (one, two, three) = tokio::join!(change(), change(), change());
    let done = [one, two, three]
        .iter()
        .filter(|given| given.is_ok())
        .count();
    assert_eq!(done, 1);
}

#[tokio::test]
async fn every_count_of_a_record_can_be_taken_back() {
    let house = House::new();
    let usage = json!({"provider": "openai", "model": "gpt-4o-audio-preview", "reported_cost_usd": "1", "provider_usage": {
        "prompt_tokens": 1000, "completion_tokens": 300,
        "prompt_tokens_details": {
            "audio_tokens": 400, "cached_tokens": 300, "cached_tokens_details": {"text_tokens": 100, "audio_tokens": 200},
        },
        "completion_tokens_details": {"audio_tokens": 100, "reasoning_tokens": 50},
    }});
    let recorded = house.done("record_usage", usage).await["records"][0]["record_id"].clone();
    let said = house
        .done("audit_trail", json!({"kind": "usage_recorded"}))
        .await;
    let counts = said["events"][0]["event"]["usage"]["counts"]
        .as_object()
        .unwrap()
        .clone();
    assert_eq!(counts["cache_read_audio_tokens"], 200);
    let mut change = json!({"record_id": recorded, "reason": "test", "cost_usd": "-1"});
    for (count, of) in &counts {
        change[count] = json!(-of.as_i64().unwrap());
    }
    house.done("adjust_usage", change.clone()).await;
    for count in counts.keys() {
        let more = json!({"record_id": recorded, "reason": "test", count: -1});
        let refused = house.ask("adjust_usage", more).await.unwrap_err();
        assert_eq!(refused.code, Code::InvalidArgument, "{count}");
    }
}
