//! Owners in processes of their own, killed.

use crate::client::{open, waits_at};
use crate::member::{Member, Process};
use crate::toy::counted;
use rustix::process::Signal;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixListener;

async fn owner_and_forwarder(dir: &Path) -> (Process, Process) {
    let mut owner = Process::start(dir);
    assert_eq!(owner.client.initialize().await["pid"], owner.pid());
    let mut other = Process::start(dir);
    assert_eq!(other.client.initialize().await["pid"], owner.pid());
    (owner, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_owner_is_killed_each_waiting_call_gets_one_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, mut other) = owner_and_forwarder(dir.path()).await;
    let read = other.client.call("count", json!({"until": "go"})).await;
    let named = other
        .client
        .call("add", json!({"request_id": "r1", "until": "go"}))
        .await;
    let unnamed = other.client.call("add", json!({"until": "go"})).await;
    let cancelled = other.client.call("count", json!({"until": "go"})).await;
    let cancel = json!({"requestId": cancelled});
    waits_at(dir.path(), "go", 4).await;
    other.client.notify("notifications/cancelled", cancel).await;
    other.client.ask("ping").await;

    owner.kill().await;
    let refused = other.client.result(unnamed).await;
    assert_eq!(refused["isError"], true);
    let refusal = refused["content"][1]["text"].as_str().unwrap();
    assert!(refusal.contains(r#""code":"unavailable""#), "{refusal}");
    waits_at(dir.path(), "go", 6).await;
    open(dir.path(), "go");
    let mut answers = BTreeMap::new();
    for _ in 0..2 {
        let answer = other.client.next().await.unwrap();
        answers.insert(answer["id"].as_u64().unwrap(), answer["result"].clone());
    }
    assert_eq!(answers[&read]["count"], 2);
    assert_eq!(answers[&named]["duplicate"], true);
    // The new owner is this one, and it has no answers left over.
    assert_eq!(other.client.ask("ping").await["pid"], other.pid());
    assert_eq!(
        counted(dir.path(), "ledger"),
        [("r1".into(), 1), (String::new(), 1)].into()
    );
    assert!(other.client.end().await.is_empty());
    assert!(other.child.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_owner_is_killed_each_waiting_batch_gets_one_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Process::start(dir.path());
    owner.client.initialize().await;
    let mut other = Process::start(dir.path());
    other.client.initialize_with_batches().await;
    let client = &mut other.client;
    let named = json!({"request_id": "r1", "until": "go"});
    let wait = json!({"until": "go"});
    let safe = [("a", "add", named), ("b", "count", wait.clone())];
    let unsafe_ = [("c", "add", wait.clone()), ("d", "count", wait)];
    client.call_all(&safe).await;
    client.call_all(&unsafe_).await;
    waits_at(dir.path(), "go", 2).await;

    owner.kill().await;
    for refused in client.results(&["c", "d"]).await {
        let refusal = refused["content"][1]["text"].as_str().unwrap();
        assert!(refusal.contains(r#""code":"unavailable""#), "{refusal}");
    }
    waits_at(dir.path(), "go", 3).await;
    open(dir.path(), "go");
    let results = client.results(&["a", "b"]).await;
    assert_eq!(results[0]["duplicate"], true);
    assert_eq!(results[1]["count"], 2);
    assert_eq!(other.client.ask("ping").await["pid"], other.pid());
    assert!(other.client.end().await.is_empty());
    assert!(other.child.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn through_many_kills_nothing_acknowledged_is_lost_and_nothing_is_done_twice() {
    const ROUNDS: usize = 6;
    const CALLS: usize = 40;
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    let mut survivor = Member::start(dir.path(), "1.0.0");
    survivor.client.initialize().await;
    let mut owner = Process::start(dir.path());
    owner.client.initialize().await;
    survivor.client.end().await;
    let mut forwarder = Process::start(dir.path());
    forwarder.client.initialize().await;
    for round in 0..ROUNDS {
        let mut next = Process::start(dir.path());
        next.client.initialize().await;
        let mut waiting = BTreeMap::new();
        for call in 0..CALLS {
            let name = format!("{round}-{call}");
            let id = forwarder
                .client
                .call("add", json!({"request_id": name}))
                .await;
            waiting.insert(id, name);
            if call == CALLS / 2 {
                owner.child.start_kill().unwrap();
            }
        }
        owner.kill().await;
        while !waiting.is_empty() {
            let answer = forwarder.client.next().await.unwrap();
            assert!(answer["result"]["count"].is_number(), "{answer}");
            let name = waiting.remove(&answer["id"].as_u64().unwrap());
            acknowledged.push(name.expect("answered twice"));
        }
        let pid = forwarder.client.ask("ping").await["pid"].as_u64().unwrap();
        // Whoever is the owner now is the next to be killed.
        owner = std::mem::replace(&mut forwarder, next);
        if pid != owner.pid() {
            std::mem::swap(&mut owner, &mut forwarder);
        }
        assert_eq!(pid, owner.pid());
    }
    let ledger = counted(dir.path(), "ledger");
    assert_eq!(ledger.len(), ROUNDS * CALLS);
    assert!(ledger.values().all(|times| *times == 1), "{ledger:?}");
    assert!(acknowledged.iter().all(|name| ledger.contains_key(name)));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_answer_of_a_dead_owner_is_dropped_and_the_whole_one_given_once() {
    let dir = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(dir.path().join("owner.lock")).unwrap();
    lock.lock().unwrap();
    let listener = UnixListener::bind(dir.path().join("owner.sock")).unwrap();
    let mut member = Member::start(dir.path(), "1.0.0");
    let first = member.client.request("ping", json!({})).await;
    let second = member.client.request("ping", json!({})).await;

    let (stream, _) = listener.accept().await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    lines.next_line().await.unwrap();
    let welcome = json!({"protocol": 1, "version": "1.0.0", "pid": 1, "answer": "accepted"});
    let stream = lines.get_mut();
    stream
        .write_all(format!("{welcome}\n").as_bytes())
        .await
        .unwrap();
    for _ in [first, second] {
        assert!(lines.next_line().await.unwrap().is_some());
    }
    let whole = json!({"id": first, "result": "of the dead owner"});
    let half = r#"{"jsonrpc":"2.0","id":2,"resu"#;
    let stream = lines.get_mut();
    stream
        .write_all(format!("{whole}\n{half}").as_bytes())
        .await
        .unwrap();
    assert_eq!(member.client.result(first).await, "of the dead owner");
    drop((lines, listener, lock));

    assert!(member.client.result(second).await["pid"].is_number());
    assert!(member.client.end().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_an_owner_with_its_store_closed() {
    for signal in [Signal::TERM, Signal::INT] {
        let dir = tempfile::tempdir().unwrap();
        let (mut owner, mut other) = owner_and_forwarder(dir.path()).await;
        owner.signal(signal);
        assert!(owner.child.wait().await.unwrap().success());
        assert!(owner.client.end().await.is_empty());
        assert_eq!(other.client.ask("ping").await["pid"], other.pid());
        other.signal(signal);
        assert!(other.child.wait().await.unwrap().success());
        assert!(!dir.path().join("in-use").exists());
        assert!(!dir.path().join("owner.sock").exists());
    }
}
