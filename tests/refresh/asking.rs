//! Who is asked, how often, and how that is told.

use crate::ground::{Ground, litellm, llm_prices, models_dev, refresher, states};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tekton_budget::core::decide::CHANGES_MOST;
use tekton_budget::pricing::sources::fetch::Shelf;
use tekton_budget::service::caller::Caller;
use tekton_budget::service::operation::{Call, Progress};
use tekton_budget::service::refresh::{Answered, Wanted};
use wiremock::matchers::header;
use wiremock::{Mock, ResponseTemplate};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_only_tells() {
    let ground = Ground::new().await;
    let before = ground.sequence();
    let told = ground
        .call("refresh_prices", json!({"dry_run": true}))
        .await;
    assert_eq!(
        (&told["dry_run"], &told["models"]["verified"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(ground.sequence(), before);
    assert!(
        ground
            .called(
                "get_price",
                json!({"provider": "xai", "model": "grok-test-9"}),
                Progress::default()
            )
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_a_refresh_is_known_again_and_asks_nobody() {
    let ground = Ground::new().await;
    let once = json!({"request_id": "r1"});
    // Nothing is done yet that a retry could be known by.
    let told = json!({"request_id": "r1", "dry_run": true});
    assert_eq!(
        ground.call("refresh_prices", told).await["duplicate"],
        false
    );
    let first = ground.call("refresh_prices", once.clone()).await;
    assert_eq!(first["duplicate"], false, "{first}");
    let sequence = ground.sequence();
    let asked = ground.server.received_requests().await.unwrap().len();

    ground.pass_hours(30);
    ground.say("litellm", &litellm("1e-06", "5e-06")).await;
    ground.say("models_dev", &models_dev("1", "5")).await;
    let again = ground.call("refresh_prices", once).await;
    assert_eq!(again["duplicate"], true, "{again}");
    assert_eq!(ground.sequence(), sequence);
    assert_eq!(
        ground.server.received_requests().await.unwrap().len(),
        asked
    );

    let other = json!({"request_id": "r1", "sources": ["litellm"]});
    let refusal = ground
        .called("refresh_prices", other, Progress::default())
        .await;
    assert!(refusal.unwrap_err().starts_with("conflict"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_refreshes_at_once_with_one_request_id_one_asks() {
    let ground = Ground::new().await;
    ground.pass_hours(1);
    for source in ["litellm", "models_dev", "llm_prices"] {
        let body = match source {
            "litellm" => litellm("2e-06", "1e-05"),
            "models_dev" => models_dev("2", "10"),
            _ => llm_prices("2", "10"),
        };
        let slow = ResponseTemplate::new(200).set_body_string(body);
        let slow = slow.set_delay(Duration::from_millis(300));
        ground.answer(source, slow).await;
    }
    let once = || ground.call("refresh_prices", json!({"request_id": "r1"}));
    let (one, other) = tokio::join!(once(), once());
    let duplicates = [&one, &other].map(|told| told["duplicate"] == json!(true));
    assert_eq!(
        duplicates.iter().filter(|own| **own).count(),
        1,
        "{one} {other}"
    );
    assert_eq!(ground.server.received_requests().await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_closed_waits_for_no_silent_source() {
    let ground = Ground::new().await;
    ground.pass_hours(1);
    let silent = ResponseTemplate::new(200).set_delay(Duration::from_mins(1));
    ground.answer("models_dev", silent).await;
    let sequence = ground.sequence();
    let refreshing = ground.call_refused("refresh_prices", json!({"request_id": "r1"}));
    let closing = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        ground.service.stop();
    };
    let within = Duration::from_secs(8);
    let (refused, ()) = tokio::time::timeout(within, async { tokio::join!(refreshing, closing) })
        .await
        .unwrap();
    assert!(
        refused.contains("the store is closing; call again"),
        "{refused}"
    );
    assert_eq!(ground.sequence(), sequence);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_source_alone_is_asked_and_the_others_keep_their_word() {
    let ground = Ground::new().await;
    ground.refresh().await;
    ground.pass_hours(1);
    ground.say("llm_prices", &llm_prices("7", "70")).await;
    let refreshed = ground
        .call("refresh_prices", json!({"sources": ["llm_prices"]}))
        .await;
    assert_eq!(
        states(&refreshed),
        [
            "litellm not_asked",
            "models_dev not_asked",
            "llm_prices fetched"
        ]
    );
    assert_eq!(
        ground.price().await["rates"]["standard"]["rates"]["input"],
        "2"
    );
    let wrong = ground.called(
        "refresh_prices",
        json!({"sources": ["litelm"]}),
        Progress::default(),
    );
    assert!(wrong.await.unwrap_err().contains("litelm"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_goes_on_where_this_one_ended() {
    let ground = Ground::new().await;
    let tagged = ResponseTemplate::new(200).insert_header("etag", "\"7\"");
    let tagged = tagged.set_body_string(litellm("2e-06", "1e-05"));
    ground.pass_hours(1);
    ground.answer("litellm", tagged).await;
    ground.refresh().await;
    let unchanged =
        Mock::given(header("if-none-match", "\"7\"")).respond_with(ResponseTemplate::new(304));
    unchanged.with_priority(1).mount(&ground.server).await;
    let fresh = refresher(ground.folder.path());
    let call = Call::new(Caller::default());
    let refreshed = fresh
        .refresh(&ground.desk, &call, &Wanted::default())
        .await
        .unwrap();
    assert_eq!(refreshed.sources[0].answered, Answered::Unchanged);
    let asked = ground.server.received_requests().await.unwrap();
    let tagged = asked
        .iter()
        .filter(|one| one.headers.contains_key("if-none-match"));
    assert_eq!(tagged.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unchanged_and_can_not_be_read_any_more_is_asked_for_whole() {
    let ground = Ground::new().await;
    ground.refresh().await;
    let shelf = Shelf::new(ground.folder.path().join("sources"));
    let mut kept = shelf.load("litellm", 1 << 20).unwrap();
    kept.body = b"[]".to_vec();
    kept.validators.etag = Some("\"7\"".to_owned());
    shelf.keep("litellm", &kept).unwrap();
    let unchanged =
        Mock::given(header("if-none-match", "\"7\"")).respond_with(ResponseTemplate::new(304));
    unchanged.with_priority(1).mount(&ground.server).await;
    ground.pass_hours(1);
    let refreshed = ground.refresh().await;
    assert_eq!(states(&refreshed)[0], "litellm fetched", "{refreshed}");
    let mut kept = shelf.load("litellm", 1 << 20).unwrap();
    assert_eq!(kept.body, litellm("2e-06", "1e-05").as_bytes());

    // Where the whole is refused too, nothing that it says counts, and that is told.
    kept.body = b"[]".to_vec();
    kept.validators.etag = Some("\"7\"".to_owned());
    shelf.keep("litellm", &kept).unwrap();
    ground.pass_hours(1);
    ground.answer("litellm", ResponseTemplate::new(304)).await;
    let refreshed = ground.refresh().await;
    assert_eq!(states(&refreshed)[0], "litellm failed", "{refreshed}");
    let error = refreshed["sources"][0]["error"].as_str().unwrap();
    assert!(error.contains("can't be read any more"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_is_told() {
    let ground = Ground::new().await;
    let steps = Arc::new(std::sync::Mutex::new(Vec::new()));
    let progress = {
        let steps = Arc::clone(&steps);
        Progress::to(move |step| steps.lock().unwrap().push(step))
    };
    ground
        .called("refresh_prices", json!({}), progress)
        .await
        .unwrap();
    let steps = steps.lock().unwrap();
    let done: Vec<u64> = steps.iter().map(|step| step.done).collect();
    assert_eq!(done, [0, 1, 2, 3, 4, 5]);
    assert!(steps.iter().all(|step| step.total == Some(5)));
    assert!(
        steps[..3]
            .iter()
            .any(|step| step.message == "litellm: fetched"),
        "{steps:?}"
    );
}

/// A list of more models than one order of the ledger takes.
fn very_many() -> String {
    let models: serde_json::Map<String, Value> = (0..MODELS)
        .map(|number| {
            let said = json!({"litellm_provider": "xai", "mode": "chat", "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05});
            (format!("xai/grok-many-{number}"), said)
        })
        .collect();
    Value::Object(models).to_string()
}

const MODELS: usize = CHANGES_MOST + 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_of_very_many_models_is_carried_out_whole() {
    let ground = Ground::new().await;
    ground.pass_hours(1);
    ground.say("litellm", &very_many()).await;
    let refreshed = ground.call("refresh_prices", json!({})).await;
    assert_eq!(refreshed["models"]["single_source"], MODELS);
    all_are_priced(&ground).await;
}

async fn all_are_priced(ground: &Ground) {
    for number in [0, MODELS - 1] {
        let model = format!("grok-many-{number}");
        let price = ground
            .call("get_price", json!({"provider": "xai", "model": model}))
            .await;
        assert_eq!(price["status"], "single_source", "{price}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_broke_off_is_finished_by_its_retry() {
    let ground = Ground::new().await;
    ground.pass_hours(1);
    ground.say("litellm", &very_many()).await;
    let once = json!({"request_id": "r1"});
    let broken_off = async {
        // As soon as anything of it is in the ledger.
        while ground.sequence() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = broken_off => {}
        _ = ground.call("refresh_prices", once.clone()) => panic!("it was not broken off"),
    }
    let retried = ground.call("refresh_prices", once.clone()).await;
    assert_eq!(retried["duplicate"], false, "{retried}");
    all_are_priced(&ground).await;
    let again = ground.call("refresh_prices", once).await;
    assert_eq!(again["duplicate"], true, "{again}");
}
