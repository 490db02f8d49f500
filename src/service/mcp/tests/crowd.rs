//! Many requests of one client under way at once.

use super::Raw;
use crate::core::role::Role;
use serde_json::{Value, json};
use std::ops::Range;

/// The most that may be under way, as the client is told.
const MOST: u64 = 16_384;

/// A request that stays under way.
fn wait(id: u64) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {
        "name": "wait", "arguments": {},
    }})
}

fn cancel(id: u64) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})
}

async fn works(raw: &mut Raw, id: u64) {
    assert_eq!(raw.ask(id, "ping", json!({})).await["result"], json!({}));
}

/// Sends all in lines of a thousand, so that reading need not pause before each.
async fn send_all(raw: &mut Raw, ids: Range<u64>, message: fn(u64) -> Value) {
    let all: Vec<Value> = ids.map(message).collect();
    for batch in all.chunks(1000) {
        raw.send(batch.into()).await;
    }
}

#[tokio::test]
async fn requests_that_all_wait_for_something_do_not_keep_it_from_being_read() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    for id in 1001..=2100 {
        raw.send(wait(id)).await;
    }
    for id in 1001..=2100 {
        raw.send(cancel(id)).await;
    }
    works(&mut raw, 77).await;
}

#[tokio::test]
async fn one_more_than_the_most_is_refused_by_its_id_until_another_is_done() {
    let mut raw = Raw::session(Role::Agent, "2025-03-26").await;
    send_all(&mut raw, 1..MOST, wait).await;
    works(&mut raw, MOST).await;
    raw.send(wait(MOST)).await;
    let refused = raw.ask(MOST + 1, "ping", json!({})).await;
    assert_eq!(refused["error"]["code"], -32603, "{refused}");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains(&MOST.to_string()), "{message}");

    raw.send(cancel(MOST)).await;
    works(&mut raw, MOST + 2).await;
    raw.send(wait(MOST)).await;
    let refused = raw.ask(MOST + 3, "ping", json!({})).await;
    assert_eq!(refused["error"]["code"], -32603, "{refused}");
    send_all(&mut raw, 1..MOST + 1, cancel).await;
    works(&mut raw, MOST + 4).await;
}
