//! What comes of what the sources say.

use crate::ground::{Ground, litellm, models_dev, states};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn what_sources_agree_on_is_applied_and_said_with_its_sources() {
    let ground = Ground::new().await;
    let refreshed = ground.refresh().await;
    assert_eq!(
        states(&refreshed),
        [
            "litellm fetched",
            "models_dev fetched",
            "llm_prices fetched"
        ]
    );
    assert_eq!(refreshed["models"]["verified"], 1, "{refreshed}");
    let price = ground.price().await;
    assert_eq!(price["status"], "verified");
    assert_eq!(
        price["rates"]["standard"]["rates"],
        json!({"input": "2", "output": "10"})
    );
    assert_eq!(price["sources"].as_array().unwrap().len(), 3, "{price}");
    // The catalogue does not know the model; its name counts in whatever case.
    let shouted = json!({"provider": "xAI", "model": "Grok-Test-9"});
    assert_eq!(
        ground.call("get_price", shouted).await["version"],
        price["version"]
    );
    // Again, there is nothing new to say.
    let before = ground.sequence();
    let again = ground.refresh().await;
    assert_eq!(
        states(&again),
        [
            "litellm unchanged",
            "models_dev unchanged",
            "llm_prices unchanged"
        ]
    );
    assert_eq!(ground.sequence(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_cut_passes_and_a_slip_waits() {
    let ground = Ground::new().await;
    ground.refresh().await;
    ground.pass_hours(30);
    ground.say("litellm", &litellm("1e-06", "5e-06")).await;
    ground.say("models_dev", &models_dev("1", "5")).await;
    let cut = ground.refresh().await;
    assert_eq!(cut["models"]["verified"], 1, "{cut}");
    assert_eq!(
        ground.price().await["rates"]["standard"]["rates"]["input"],
        "1"
    );
    // One source takes a price per token for one per million.
    ground.pass_hours(30);
    ground
        .say("models_dev", &models_dev("0.000001", "0.000005"))
        .await;
    ground.refresh().await;
    assert_eq!(
        ground.price().await["rates"]["standard"]["rates"]["input"],
        "1"
    );
    // A name that looks like the model's is not the model.
    ground.pass_hours(1);
    let alike = models_dev("9", "90").replace("grok-test-9", "gr\u{43e}k-test-9");
    ground.say("models_dev", &alike).await;
    let refreshed = ground.refresh().await;
    let source = &refreshed["sources"][1];
    assert_eq!(source["state"], "failed", "it has no other: {source}");
    let told = source["error"].as_str().unwrap();
    assert!(told.contains("printable ASCII"), "{told}");
    assert_eq!(
        ground.price().await["rates"]["standard"]["rates"]["input"],
        "1"
    );
}
