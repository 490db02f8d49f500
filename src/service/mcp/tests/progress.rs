//! Progress and cancellation.

use super::Raw;
use crate::core::role::Role;
use crate::service::testing::WAITING;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test]
async fn each_step_comes_once_and_before_the_answer() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    let params = json!({
        "name": "wait",
        "arguments": {"limit": 5, "query": "and return"},
        "_meta": {"progressToken": "t"},
    });
    raw.send(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
        .await;
    for step in 0..5 {
        let news = raw.next().await;
        assert_eq!(news["method"], "notifications/progress");
        assert_eq!(
            news["params"],
            json!({"progressToken": "t", "progress": f64::from(step), "total": 5.0, "message": "waiting"})
        );
    }
    assert_eq!(raw.next().await["id"], 1);
}

#[tokio::test]
async fn without_a_token_there_is_no_progress() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    let answer = raw
        .call(1, "wait", json!({"limit": 5, "query": "and return"}))
        .await;
    assert_eq!(answer["result"]["isError"], false);
}

#[tokio::test]
async fn a_cancelled_call_is_dropped_and_not_answered() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    let waiting = || WAITING.load(Ordering::SeqCst);
    let params = json!({"name": "wait", "arguments": {"limit": 1}, "_meta": {"progressToken": 1}});
    raw.send(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
        .await;
    raw.next().await;
    let before = waiting();
    assert!(before > 0);
    let params = json!({"requestId": 1, "reason": "no longer"});
    raw.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}))
        .await;
    // Other tests wait too, so only that fewer do can be seen.
    for _ in 0..1000 {
        if waiting() < before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(raw.end().await.is_empty());
}
