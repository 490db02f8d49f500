//! Newer and older programs over one store, and owners that are told to stop.

use crate::client::{open, waits_at};
use crate::member::Member;
use crate::toy::counted;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tekton_budget::service::front::{Ended, FrontError};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

#[tokio::test(flavor = "multi_thread")]
async fn an_older_owner_makes_room_for_a_newer_program_and_no_client_notices() {
    let dir = tempfile::tempdir().unwrap();
    let mut old = Member::start(dir.path(), "1.0.0");
    old.client.initialize().await;
    let mut guest = Member::start(dir.path(), "1.0.0");
    guest.client.initialize().await;
    // Neither is safe to repeat; both are under way when the newer one comes.
    let olds = old.client.call("add", json!({"until": "go"})).await;
    let guests = guest.client.call("add", json!({"until": "go"})).await;
    waits_at(dir.path(), "go", 2).await;

    let mut new = Member::start(dir.path(), "1.1.0");
    let greeting = tokio::spawn(async move { (new.client.initialize().await, new) });
    wait_for_no_socket(dir.path()).await;
    // These come after the owner has stopped to take lines: they go to the next one.
    let later = old.client.call("add", json!({})).await;
    open(dir.path(), "go");

    let (_, mut new) = greeting.await.unwrap();
    assert!(old.client.result(olds).await["count"].is_number());
    assert!(guest.client.result(guests).await["count"].is_number());
    assert_eq!(old.client.result(later).await["count"], 3);
    for client in [&mut old.client, &mut guest.client, &mut new.client] {
        assert_eq!(client.count().await, 3);
    }
    assert_eq!(counted(dir.path(), "openings").values().sum::<usize>(), 2);

    // The newest stays the owner whatever comes.
    let mut older = Member::start(dir.path(), "0.9.0");
    assert_eq!(older.client.count().await, 3);
    assert_eq!(counted(dir.path(), "openings").values().sum::<usize>(), 2);
    new.client.end().await;
    assert_eq!(older.client.count().await, 3);
}

async fn wait_for_no_socket(dir: &std::path::Path) {
    while dir.join("owner.sock").exists() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_is_told_to_stop_closes_the_store_and_another_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Member::start(dir.path(), "1.0.0");
    owner.client.initialize().await;
    let mut other = Member::start(dir.path(), "1.0.0");
    other.client.initialize().await;
    let id = owner.client.call("add", json!({"until": "go"})).await;
    waits_at(dir.path(), "go", 1).await;
    let stopping = tokio::spawn(owner.stop());
    open(dir.path(), "go");
    let (mut client, ended) = stopping.await.unwrap();
    assert_eq!(ended.unwrap(), Ended::Stopped);
    assert_eq!(client.result(id).await["count"], 1);
    assert_eq!(other.client.count().await, 1);
    let (_, ended) = other.stop().await;
    assert_eq!(ended.unwrap(), Ended::Stopped);
    assert!(!dir.path().join("owner.sock").exists());
    assert!(!dir.path().join("in-use").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_client_ends_answers_another_s_batch_before_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Member::start(dir.path(), "1.0.0");
    owner.client.initialize().await;
    let mut other = Member::start(dir.path(), "1.0.0");
    other.client.initialize_with_batches().await;
    // Neither is safe to repeat.
    let calls = ["a", "b"].map(|id| (id, "add", json!({"until": "go"})));
    other.client.call_all(&calls).await;
    waits_at(dir.path(), "go", 1).await;
    let ending = tokio::spawn(async move { (owner.client.end().await, owner.ended.await) });
    wait_for_no_socket(dir.path()).await;
    open(dir.path(), "go");
    let results = other.client.results(&["a", "b"]).await;
    assert_eq!(results[1]["count"], 2);
    let (rest, ended) = ending.await.unwrap();
    assert!(rest.is_empty());
    assert_eq!(ended.unwrap().unwrap(), Ended::ClientEnded);
    assert_eq!(other.client.count().await, 2);
    assert_eq!(counted(dir.path(), "openings").values().sum::<usize>(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_an_owner_that_left_is_taken_back_and_its_answer_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Member::start(dir.path(), "1.0.0");
    owner.client.initialize().await;
    let mut options = crate::member::options(dir.path(), "1.0.0");
    options.drain = Duration::from_millis(50);
    let mut other = Member::with(options);
    other.client.initialize().await;
    let id = other.client.request("ask", json!({"until": "go"})).await;
    assert_eq!(other.client.next().await.unwrap()["id"], 0);
    waits_at(dir.path(), "go", 1).await;
    owner.client.end().await;
    let taken_back = other.client.next().await.unwrap();
    assert_eq!(taken_back["method"], "notifications/cancelled");
    assert_eq!(taken_back["params"]["requestId"], 0);
    let again = other.client.next().await.unwrap();
    assert_eq!(again["method"], "elicitation/create");
    assert_ne!(again["id"], 0);
    other
        .client
        .send_text("{\"id\":0,\"result\":\"late\"}\n")
        .await;
    let answer = json!({"id": again["id"], "result": "in time"});
    other.client.send_text(&format!("{answer}\n")).await;
    let heard = other.client.next().await.unwrap();
    assert_eq!(heard["params"], json!({"id": 0, "result": "in time"}));
    open(dir.path(), "go");
    assert_eq!(other.client.result(id).await["asked"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_slowly_gets_whole_lines_whoever_leaves_meanwhile() {
    const SIZE: usize = 3_000_000;
    let dir = tempfile::tempdir().unwrap();
    let brief = |version| {
        let mut options = crate::member::options(dir.path(), version);
        options.drain = Duration::from_millis(20);
        options.read_only.insert("fill");
        options
    };
    let mut owner = Member::with(brief("1.0.0"));
    owner.client.initialize().await;
    let mut slow = Member::with(brief("1.0.0"));
    slow.client.initialize().await;
    let mut calls = Vec::new();
    for _ in 0..5 {
        calls.push(slow.client.call("fill", json!({"size": SIZE})).await);
    }
    owner.client.end().await;
    owner.ended.await.unwrap().unwrap();
    let mut texts = BTreeMap::new();
    while texts.len() < calls.len() {
        let answer = slow.client.next().await.unwrap();
        let text = answer["result"]["text"].as_str().unwrap().len();
        assert_eq!(texts.insert(answer["id"].as_u64().unwrap(), text), None);
    }
    assert!(texts.values().all(|len| *len == SIZE));
    assert!(slow.client.end().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_may_come_faster_than_their_answers_are_taken() {
    const CALLS: u64 = 5_000;
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Member::start(dir.path(), "1.0.0");
    owner.client.initialize().await;
    let Member { client, ended, .. } = Member::start(dir.path(), "1.0.0");
    let (mut asking, mut hearing) = client.split();
    let sending = tokio::spawn(async move {
        for _ in 0..CALLS {
            asking.request("ping", json!({})).await;
        }
        asking
    });
    let mut ids = std::collections::BTreeSet::new();
    while ids.len() < usize::try_from(CALLS).unwrap() {
        assert!(ids.insert(hearing.next().await.unwrap()["id"].as_u64().unwrap()));
    }
    sending.await.unwrap().end().await;
    assert_eq!(ended.await.unwrap().unwrap(), Ended::ClientEnded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_stops_though_its_owner_does_not_answer() {
    let dir = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(dir.path().join("owner.lock")).unwrap();
    lock.lock().unwrap();
    let listener = tokio::net::UnixListener::bind(dir.path().join("owner.sock")).unwrap();
    let mut options = crate::member::options(dir.path(), "1.0.0");
    options.drain = Duration::from_millis(20);
    let mut member = Member::with(options);
    let id = member.client.call("add", json!({"request_id": "a"})).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let welcome = json!({"protocol": 1, "version": "1.0.0", "pid": 1, "answer": "accepted"});
    stream
        .write_all(format!("{welcome}\n").as_bytes())
        .await
        .unwrap();
    let mut lines = BufReader::new(stream).lines();
    lines.next_line().await.unwrap();
    assert!(
        lines
            .next_line()
            .await
            .unwrap()
            .unwrap()
            .contains("tools/call")
    );
    let (mut client, ended) = member.stop().await;
    assert_eq!(ended.unwrap(), Ended::Stopped);
    let answer = client.result(id).await;
    let refusal = answer["content"][1]["text"].as_str().unwrap();
    assert!(refusal.contains(r#""code":"unavailable""#), "{refusal}");
}

/// What an owner answers a first line.
async fn say(dir: &Path, hello: &str) -> String {
    let mut stream = UnixStream::connect(dir.join("owner.sock")).await.unwrap();
    stream.write_all(hello.as_bytes()).await.unwrap();
    stream.write_all(b"\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_of_another_protocol_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Member::start(dir.path(), "1.0.0");
    owner.client.initialize().await;
    let answer = say(dir.path(), r#"{"protocol":99,"version":"9.0.0"}"#).await;
    assert!(
        answer.contains("refused") && answer.contains("9.0.0"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_program_of_a_later_protocol_is_made_room_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Member::start(dir.path(), "1.0.0");
    owner.client.initialize().await;
    let hello = r#"{"protocol":99,"version":"9.0.0","stays":true}"#;
    let answer = say(dir.path(), hello).await;
    assert!(answer.contains("handing_over"), "{answer}");
    // The newer one does not come after all: the older one goes on.
    assert_eq!(owner.client.count().await, 0);
    assert_eq!(counted(dir.path(), "openings").values().sum::<usize>(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_of_another_protocol_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(dir.path().join("owner.lock")).unwrap();
    lock.lock().unwrap();
    let listener = tokio::net::UnixListener::bind(dir.path().join("owner.sock")).unwrap();
    let member = Member::start(dir.path(), "1.0.0");
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut hello = String::new();
    stream.read_line(&mut hello).await.unwrap();
    assert!(
        hello.contains(r#""protocol":1"#) && hello.contains("1.0.0"),
        "{hello}"
    );
    stream
        .write_all(b"{\"protocol\":99,\"version\":\"9.0.0\"}\n")
        .await
        .unwrap();
    let error = member.ended.await.unwrap().unwrap_err();
    assert!(matches!(error, FrontError::Refused(_)));
    assert!(error.to_string().contains("9.0.0"), "{error}");
}
