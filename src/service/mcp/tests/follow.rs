//! Change notifications in both lives.

use super::{Raw, meta};
use crate::core::role::Role;
use crate::service::testing::save;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Longer than changes are gathered.
const A_WHILE: Duration = Duration::from_millis(600);

#[tokio::test]
async fn a_session_is_told_of_what_it_subscribed_to_and_only_when_that_differs() {
    let mut raw = Raw::session(Role::Admin, "2025-11-25").await;
    let uri = "budget://budgets/bud_1";
    let answer = raw
        .ask(1, "resources/subscribe", json!({ "uri": uri }))
        .await;
    assert_eq!(answer["result"], json!({}));

    save(&raw.service, "bud_5", "another");
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(raw.ask(2, "ping", json!({})).await["id"], 2);

    // Several changes in a row are one piece of news.
    for name in ["a", "b", "c"] {
        save(&raw.service, "bud_1", name);
    }
    let news = raw.next().await;
    assert_eq!(news["method"], "notifications/resources/updated");
    assert_eq!(news["params"]["uri"], uri);
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(raw.ask(3, "ping", json!({})).await["id"], 3);

    for id in [4, 5] {
        let answer = raw
            .ask(id, "resources/unsubscribe", json!({ "uri": uri }))
            .await;
        assert_eq!(answer["result"], json!({}));
    }
    save(&raw.service, "bud_1", "d");
    tokio::time::sleep(A_WHILE).await;
    assert!(raw.end().await.is_empty());
}

#[tokio::test]
async fn what_is_not_there_can_not_be_subscribed_to() {
    let mut raw = Raw::session(Role::Admin, "2025-11-25").await;
    for (id, uri) in (1..).zip(["budget://budgets/bud_9", "budget://other"]) {
        let answer = raw
            .ask(id, "resources/subscribe", json!({ "uri": uri }))
            .await;
        assert_eq!(answer["error"]["code"], -32002);
    }
}

#[tokio::test]
async fn a_session_that_has_seen_the_list_is_told_when_it_changes() {
    let mut raw = Raw::session(Role::Admin, "2025-11-25").await;
    raw.ask(1, "resources/list", json!({})).await;
    // The first reading happens beside the answer.
    tokio::time::sleep(Duration::from_millis(100)).await;
    save(&raw.service, "bud_2", "new");
    let news = raw.next().await;
    assert_eq!(news["method"], "notifications/resources/list_changed");
}

#[tokio::test]
async fn a_listener_is_told_under_the_id_of_its_request_and_only_what_it_asked_for() {
    let mut raw = Raw::new(Role::Admin);
    let listen = json!({
        "notifications": {
            "resourceSubscriptions": ["budget://budgets/bud_1", "budget://status", "file:///x"],
            "resourcesListChanged": true,
            "toolsListChanged": true,
        },
        "_meta": meta(json!({})),
    });
    raw.send(
        json!({"jsonrpc": "2.0", "id": "sub", "method": "subscriptions/listen", "params": listen}),
    )
    .await;
    let acknowledged = raw.next().await;
    assert_eq!(
        acknowledged["method"],
        "notifications/subscriptions/acknowledged"
    );
    assert_eq!(
        acknowledged["params"]["notifications"],
        json!({
            "resourceSubscriptions": ["budget://budgets/bud_1", "budget://status"],
            "resourcesListChanged": true,
        })
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    save(&raw.service, "bud_2", "new");
    let status = raw.next().await;
    assert_eq!(status["method"], "notifications/resources/updated");
    assert_eq!(status["params"]["uri"], "budget://status");
    assert_eq!(
        status["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"],
        "sub"
    );
    let list = raw.next().await;
    assert_eq!(list["method"], "notifications/resources/list_changed");

    raw.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "sub"}}))
        .await;
    let read = json!({"uri": "budget://status", "_meta": meta(json!({}))});
    raw.ask(1, "resources/read", read).await;
    save(&raw.service, "bud_1", "other");
    tokio::time::sleep(A_WHILE).await;
    assert!(raw.end().await.is_empty());
}

#[tokio::test]
async fn a_change_right_after_the_acknowledgement_is_not_lost() {
    let mut raw = Raw::new(Role::Admin);
    let listen = json!({
        "notifications": {"resourceSubscriptions": ["budget://budgets/bud_1"]},
        "_meta": meta(json!({})),
    });
    for round in 0..50 {
        let id = format!("sub{round}");
        raw.send(
            json!({"jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": listen}),
        )
        .await;
        raw.next().await;
        save(&raw.service, "bud_1", &id);
        let news = raw.next().await;
        assert_eq!(news["method"], "notifications/resources/updated");
        raw.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}))
            .await;
        let read = json!({"uri": "budget://status", "_meta": meta(json!({}))});
        let mut answer = raw.ask_past_news(1, "resources/read", read).await;
        assert!(answer["result"].take().is_object());
    }
}

#[tokio::test]
async fn following_ends_with_its_client() {
    let mut raw = Raw::session(Role::Admin, "2025-11-25").await;
    raw.ask(1, "resources/list", json!({})).await;
    let uri = json!({"uri": "budget://status"});
    raw.ask(2, "resources/subscribe", uri).await;
    let service = Arc::clone(&raw.service);
    raw.end().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        Arc::strong_count(&service),
        1,
        "nobody else holds the service"
    );
}
