//! Sources that give no answer, or are configured as none can be.

use crate::ground::{Ground, litellm, refresher, states};
use serde_json::json;
use tekton_budget::service::caller::Caller;
use tekton_budget::service::operation::Call;
use tekton_budget::service::refresh::{Answered, Wanted, word};
use wiremock::{MockServer, ResponseTemplate};

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_is_told_and_what_it_said_last_serves() {
    let ground = Ground::new().await;
    ground.refresh().await;
    ground.pass_hours(26);
    ground.answer("litellm", ResponseTemplate::new(404)).await;
    ground.say("models_dev", "{\"busy\": true}").await;
    let refreshed = ground.refresh().await;
    assert_eq!(
        states(&refreshed),
        [
            "litellm failed",
            "models_dev failed",
            "llm_prices unchanged"
        ]
    );
    let [gone, changed] = [&refreshed["sources"][0], &refreshed["sources"][1]];
    assert_eq!(gone["error"], "it answered with status 404");
    assert_eq!(gone["age_seconds"], 26 * 3_600);
    assert_eq!(gone["models"], 1, "its last word counts");
    assert!(
        changed["error"]
            .as_str()
            .unwrap()
            .contains("changed its shape"),
        "{changed}"
    );
    assert_eq!(ground.price().await["status"], "verified");
    let alerts = ground.call("list_alerts", json!({"state": "open"})).await;
    let told = alerts.to_string();
    assert!(
        told.contains("litellm fails") && told.contains("models_dev fails"),
        "{told}"
    );
    // It works again, and the alert is gone.
    ground.pass_hours(1);
    ground.say("litellm", &litellm("2e-06", "1e-05")).await;
    ground.refresh().await;
    let alerts = ground
        .call("list_alerts", json!({"state": "open"}))
        .await
        .to_string();
    assert!(
        !alerts.contains("litellm fails") && alerts.contains("models_dev fails"),
        "{alerts}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_of_which_nothing_can_be_taken_fails_and_its_last_word_serves() {
    let ground = Ground::new().await;
    ground.refresh().await;
    ground.pass_hours(26);
    let cost = |input| json!({"cost": {"input": input, "output": 10}});
    let models = json!({"grok-test-9": cost(2), "Grok-Test-9": cost(3)});
    let contradicts_itself = json!({"xai": {"models": models}}).to_string();
    ground.say("models_dev", &contradicts_itself).await;
    for expected in ["failed", "failed"] {
        let refreshed = ground.refresh().await;
        let source = &refreshed["sources"][1];
        assert_eq!(source["state"], expected, "{source}");
        assert_eq!(source["models"], 1, "its last word counts: {source}");
        let error = source["error"].as_str().unwrap();
        assert!(error.contains("contradicts itself"), "{error}");
        ground.pass_hours(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_failing_source_said_is_used_as_long_as_it_is_fresh() {
    let ground = Ground::new().await;
    ground.refresh().await;
    for (hours, becomes) in [
        (26, "26 h ago is used"),
        (150, "176 h ago is too old to count"),
    ] {
        ground.pass_hours(hours);
        ground.answer("litellm", ResponseTemplate::new(404)).await;
        let told = ground.refresh_told().await;
        assert!(told.contains(becomes), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_nothing_is_lost_and_nobody_is_blamed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ground = Ground::over(&nobody, MockServer::start().await);
    let before = ground.sequence();
    // From the fourth time on the sources rest, and are not even asked.
    for _ in 0..5 {
        let refreshed = ground.refresh().await;
        assert_eq!(refreshed["offline"], true, "{refreshed}");
    }
    assert_eq!(ground.sequence(), before);
    let known = ground
        .call(
            "get_price",
            json!({"provider": "openai", "model": "gpt-4o"}),
        )
        .await;
    assert_eq!(known["status"], "bundled");
}

/// In the background often only one source is due.
#[tokio::test(flavor = "multi_thread")]
async fn of_one_that_can_not_be_reached_another_is_asked_before_it_is_blamed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let call = Call::new(Caller::default());
    let wanted = Wanted {
        sources: vec!["models_dev".to_owned()],
        doubts: true,
        ..Wanted::default()
    };
    let ground = Ground::over(&nobody, MockServer::start().await);
    let before = ground.sequence();
    let offline = refresher(ground.folder.path());
    let offline = offline.refresh(&ground.desk, &call, &wanted).await.unwrap();
    assert!(offline.offline);
    assert_eq!(ground.sequence(), before);
    // The others can be reached.
    let file = ground.folder.path().join("prices.json");
    let settings = std::fs::read_to_string(&file).unwrap();
    let settings = settings.replace(&nobody, &ground.server.uri());
    let dead = format!("{nobody}/models_dev");
    let settings = settings.replace(&format!("{}/models_dev", ground.server.uri()), &dead);
    std::fs::write(&file, settings).unwrap();
    ground
        .say("litellm", &litellm("0.0000025", "0.00001"))
        .await;
    let failing = refresher(ground.folder.path());
    let failing = failing.refresh(&ground.desk, &call, &wanted).await.unwrap();
    assert!(!failing.offline);
    let asked = failing.sources.iter();
    let asked: Vec<_> = asked.map(|one| (&*one.name, word(&one.answered))).collect();
    assert_eq!(asked, [("litellm", "fetched"), ("models_dev", "failed")]);
    let open = json!({"kind": "source_failed", "state": "open"});
    let alerts = ground.call("list_alerts", open).await.to_string();
    assert!(alerts.contains("models_dev"), "{alerts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_may_not_be_asked_again_yet_has_not_failed() {
    let ground = Ground::new().await;
    let file = ground.folder.path().join("prices.json");
    let settings = std::fs::read_to_string(&file)
        .unwrap()
        .replace(":100", ":1");
    std::fs::write(&file, settings).unwrap();
    let fresh = refresher(ground.folder.path());
    let call = Call::new(Caller::default());
    for _ in 0..2 {
        fresh
            .refresh(&ground.desk, &call, &Wanted::default())
            .await
            .unwrap();
    }
    let last = fresh
        .refresh(&ground.desk, &call, &Wanted::default())
        .await
        .unwrap();
    assert!(!last.offline);
    for source in &last.sources {
        assert!(
            matches!(source.answered, Answered::Spared { .. }),
            "{source:?}"
        );
        assert_eq!(last.appraisal.shares[&*source.name].models, 1);
    }
    let alerts = ground
        .call("list_alerts", json!({"state": "open"}))
        .await
        .to_string();
    assert!(!alerts.contains("fails"), "{alerts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_rest_after_an_answer_do_not_make_this_machine_offline() {
    let ground = Ground::new().await;
    ground.pass_hours(1);
    for source in ["litellm", "models_dev", "llm_prices"] {
        ground.answer(source, ResponseTemplate::new(500)).await;
    }
    for _ in 0..5 {
        let refreshed = ground.refresh().await;
        assert_eq!(refreshed["offline"], false, "{refreshed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_configured_wrong_is_left_out_and_told_and_the_others_serve() {
    let ground = Ground::new().await;
    let file = ground.folder.path().join("prices.json");
    let right = std::fs::read_to_string(&file).unwrap();
    let mut wrong: serde_json::Value = serde_json::from_str(&right).unwrap();
    wrong["sources"]["litellm"]["address"] = json!("http://example.org/litellm");
    std::fs::write(&file, wrong.to_string()).unwrap();
    let pages = ground.folder.path().join("pages");
    std::fs::create_dir(&pages).unwrap();
    std::fs::write(pages.join("mine.json"), "{}").unwrap();
    let ground = ground.configured_anew();
    let refreshed = ground.refresh().await;
    assert_eq!(
        states(&refreshed),
        [
            "models_dev fetched",
            "llm_prices fetched",
            "pages/mine.json failed",
            "litellm failed"
        ]
    );
    let error = refreshed["sources"][3]["error"].as_str().unwrap();
    assert!(error.contains("sources.litellm.address"), "{error}");
    assert_eq!(refreshed["models"]["verified"], 1, "{refreshed}");
    let asked = json!({"sources": ["pages/mine.json"]});
    let refused = ground.call_refused("refresh_prices", asked).await;
    assert!(refused.contains("description of a page"), "{refused}");
    let open = json!({"kind": "source_failed", "state": "open"});
    let alerts = ground.call("list_alerts", open.clone()).await.to_string();
    for told in [
        "sources.litellm.address",
        "pages/mine.json fails: it is not a description of a page: missing field `name` at line 1 column 2; it is left out, and has no word",
    ] {
        assert!(alerts.contains(told), "{told}: {alerts}");
    }
    std::fs::write(&file, &right).unwrap();
    std::fs::remove_file(pages.join("mine.json")).unwrap();
    let ground = ground.configured_anew();
    ground.refresh().await;
    let alerts = ground.call("list_alerts", open).await;
    assert_eq!(alerts["alerts"], json!([]), "it is mended, and gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_mended_and_not_asked_is_blamed_no_more() {
    let ground = Ground::new().await;
    let file = ground.folder.path().join("prices.json");
    let right = std::fs::read_to_string(&file).unwrap();
    let mut wrong: serde_json::Value = serde_json::from_str(&right).unwrap();
    for source in ["litellm", "models_dev", "llmprices.com"] {
        wrong["sources"][source]["weight"] = json!("3");
    }
    std::fs::write(&file, wrong.to_string()).unwrap();
    let ground = ground.configured_anew();
    ground.refresh().await;
    let open = json!({"kind": "source_failed", "state": "open"});
    let alerts = ground.call("list_alerts", open.clone()).await;
    assert_eq!(alerts["alerts"].as_array().unwrap().len(), 3, "{alerts}");
    let mut mended: serde_json::Value = serde_json::from_str(&right).unwrap();
    mended["sources"]["litellm"]["asked"] = json!(false);
    std::fs::write(&file, mended.to_string()).unwrap();
    ground.pass_hours(1);
    ground
        .answer("models_dev", ResponseTemplate::new(404))
        .await;
    let ground = ground.configured_anew();
    ground.refresh().await;
    let alerts = ground.call("list_alerts", open.clone()).await;
    let [one] = &**alerts["alerts"].as_array().unwrap() else {
        panic!("{alerts}");
    };
    let told = one["message"].as_str().unwrap();
    assert!(
        told.contains("models_dev fails: it answered with status 404"),
        "{told}"
    );
    // Asked by hand it fails all the same; asked no more at all it does not.
    mended["sources"]["models_dev"]["asked"] = json!(false);
    std::fs::write(&file, mended.to_string()).unwrap();
    let ground = ground.configured_anew();
    let by_hand = json!({"sources": ["models_dev", "llm_prices"]});
    ground.call("refresh_prices", by_hand).await;
    let alerts = ground.call("list_alerts", open.clone()).await;
    assert_eq!(alerts["alerts"].as_array().unwrap().len(), 1, "{alerts}");
    ground.refresh().await;
    let alerts = ground.call("list_alerts", open).await;
    assert_eq!(alerts["alerts"], json!([]), "{alerts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_often_outvoted_is_blamed_no_more_once_it_is_not_asked() {
    let ground = Ground::new().await;
    ground.pass_hours(1);
    let many = |entry: &dyn Fn(usize) -> String| (0..40).map(entry).collect::<Vec<_>>().join(", ");
    let rated = |rate: &str| {
        many(&|n| format!(r#""grok-{n}": {{"cost": {{"input": {rate}, "output": 10}}}}"#))
    };
    let dev = |rate: &str| format!(r#"{{"xai": {{"models": {{{}}}}}}}"#, rated(rate));
    let right = many(&|n| {
        format!(
            r#""xai/grok-{n}": {{"litellm_provider": "xai", "mode": "chat", "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05}}"#
        )
    });
    let row = |n| {
        format!(r#"{{"id": "grok-{n}", "vendor": "xai", "name": "G", "input": 2, "output": 10}}"#)
    };
    ground.say("litellm", &format!("{{{right}}}")).await;
    ground
        .say("llm_prices", &format!(r#"{{"prices": [{}]}}"#, many(&row)))
        .await;
    ground.say("models_dev", &dev("1")).await;
    ground.refresh().await;
    let open = json!({"kind": "source_outvoted", "state": "open"});
    let told = |alerts: &serde_json::Value| alerts["alerts"].as_array().unwrap().len();
    assert_eq!(told(&ground.call("list_alerts", open.clone()).await), 1);
    let file = ground.folder.path().join("prices.json");
    let asked = std::fs::read_to_string(&file).unwrap();
    let mut not_asked: serde_json::Value = serde_json::from_str(&asked).unwrap();
    not_asked["sources"]["models_dev"]["asked"] = json!(false);
    std::fs::write(&file, not_asked.to_string()).unwrap();
    let ground = ground.configured_anew();
    let dry = json!({"dry_run": true});
    ground.call("refresh_prices", dry).await;
    assert_eq!(told(&ground.call("list_alerts", open.clone()).await), 1);
    ground.refresh().await;
    assert_eq!(told(&ground.call("list_alerts", open.clone()).await), 0);
    let sequence = ground.sequence();
    ground.refresh().await;
    assert_eq!(ground.sequence(), sequence, "once");
    // Its record is kept for when it is asked again.
    std::fs::write(&file, &asked).unwrap();
    let ground = ground.configured_anew();
    ground.pass_hours(30);
    ground.say("models_dev", &dev("1.1")).await;
    ground.refresh().await;
    assert_eq!(told(&ground.call("list_alerts", open).await), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_which_most_can_not_be_read_fails_and_its_last_word_serves() {
    let ground = Ground::new().await;
    ground.refresh().await;
    ground.pass_hours(26);
    let entry = |number: usize, input: serde_json::Value| {
        let said = json!({"litellm_provider": "xai", "mode": "chat", "input_cost_per_token": input,
            "output_cost_per_token": 1e-5});
        (format!("xai/grok-test-{number}"), said)
    };
    let as_texts = (0..9).map(|number| entry(number, json!("2e-06")));
    let list: serde_json::Map<_, _> = as_texts.chain([entry(9, json!(3e-6))]).collect();
    ground.say("litellm", &json!(list).to_string()).await;
    let refreshed = ground.refresh().await;
    let litellm = &refreshed["sources"][0];
    let error = litellm["error"].as_str().unwrap();
    assert!(
        error.contains("1 of its models can be taken, and 9 can't"),
        "{error}"
    );
    assert_eq!(litellm["models"], 1, "its last word counts");
    assert_eq!(ground.price().await["status"], "verified");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_asked_alone_and_can_not_be_reached_is_told() {
    let server = MockServer::start().await;
    let ground = Ground::over("http://127.0.0.1:9", server);
    let alone = json!({"sources": ["litellm"]});
    let told = ground.call("refresh_prices", alone).await;
    assert_eq!(told["offline"], false, "{told}");
    let alerts = ground.call("list_alerts", json!({"state": "open"})).await;
    assert!(alerts.to_string().contains("litellm fails"), "{alerts}");
}

/// It would be fetched whole at every try otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_whose_answer_can_not_be_used_rests_as_any_other_that_fails() {
    let ground = Ground::new().await;
    ground.pass_hours(1);
    ground.say("models_dev", "{\"busy\": true}").await;
    for _ in 0..3 {
        let refreshed = ground.refresh().await;
        assert_eq!(states(&refreshed)[1], "models_dev failed");
    }
    let refreshed = ground.refresh().await;
    assert_eq!(states(&refreshed)[1], "models_dev not_asked");
    let error = refreshed["sources"][1]["error"].as_str().unwrap();
    assert!(
        error.contains("rests for 900 s; the last time: it has changed its shape"),
        "{error}"
    );
}
