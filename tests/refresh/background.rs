//! The refresh that nobody asks for.

use crate::ground::{Ground, refresher};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tekton_budget::pricing::sources::fetch::Patience;
use tekton_budget::service::Opening;
use tekton_budget::service::refresh::{Background, Refresher, Settings};

#[tokio::test(flavor = "multi_thread")]
async fn in_the_background_stale_prices_are_refreshed_until_the_store_closes() {
    let ground = Ground::new().await;
    // Which fetches all of them, and leaves the prices as stale as they were.
    ground
        .call("refresh_prices", json!({"dry_run": true}))
        .await;
    let working = Background::start(
        Arc::new(refresher(ground.folder.path())),
        ground.opening.subscribe(),
    );
    let working = working.unwrap();
    let mut changes = ground.desk.ledger().shared().changes();
    tokio::time::timeout(Duration::from_mins(2), changes.changed())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ground.price().await["status"], "verified");
    let audit = ground
        .call("audit_trail", json!({"actor": "price-refresh"}))
        .await
        .to_string();
    assert!(audit.contains("price_applied"), "{audit}");
    ground.opening.send_replace(Opening::Closed);
    tokio::task::spawn_blocking(|| working.join())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_background_a_wrong_configuration_is_told_though_nothing_is_due() {
    let ground = Ground::new().await;
    ground.refresh().await;
    let pages = ground.folder.path().join("pages");
    std::fs::create_dir(&pages).unwrap();
    std::fs::write(pages.join("mine.json"), "{}").unwrap();
    let mut changes = ground.desk.ledger().shared().changes();
    changes.mark_unchanged();
    let working = Background::start(
        Arc::new(refresher(ground.folder.path())),
        ground.opening.subscribe(),
    );
    let working = working.unwrap();
    tokio::time::timeout(Duration::from_mins(2), changes.changed())
        .await
        .unwrap()
        .unwrap();
    let open = json!({"kind": "source_failed", "state": "open"});
    let alerts = ground.call("list_alerts", open).await.to_string();
    assert!(alerts.contains("pages/mine.json"), "{alerts}");
    ground.opening.send_replace(Opening::Closed);
    tokio::task::spawn_blocking(|| working.join())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_background_settings_that_can_not_be_used_are_told_and_end_no_other_alert() {
    let ground = Ground::new().await;
    ground.pass_hours(1);
    ground
        .answer("models_dev", wiremock::ResponseTemplate::new(404))
        .await;
    ground.refresh().await;
    let folder = ground.folder.path();
    std::fs::write(folder.join("prices.json"), r#"{"source": {}}"#).unwrap();
    let error = Settings::read(folder, None).err().unwrap();
    let unusable = Refresher::new(Settings::unusable(&error), folder, Patience::default());
    let mut changes = ground.desk.ledger().shared().changes();
    changes.mark_unchanged();
    let working = Background::start(Arc::new(unusable), ground.opening.subscribe()).unwrap();
    tokio::time::timeout(Duration::from_mins(2), changes.changed())
        .await
        .unwrap()
        .unwrap();
    let open = json!({"kind": "source_failed", "state": "open"});
    let alerts = ground.call("list_alerts", open.clone()).await.to_string();
    for told in ["prices.json fails", "unknown field", "models_dev fails"] {
        assert!(alerts.contains(told), "{told}: {alerts}");
    }
    ground.opening.send_replace(Opening::Closed);
    tokio::task::spawn_blocking(|| working.join())
        .await
        .unwrap();
}
