//! One owner, and how processes begin and end beside each other.

use crate::client::{open, waits_at};
use crate::member::{Member, options};
use crate::toy::{Toy, counted};
use serde_json::json;
use tekton_budget::service::front::{self, Ended, FrontError};
use tokio::io::AsyncBufReadExt as _;
use tokio::io::AsyncWriteExt as _;

#[tokio::test(flavor = "multi_thread")]
async fn all_that_start_at_once_see_one_store() {
    let dir = tempfile::tempdir().unwrap();
    let mut members: Vec<_> = (0..64)
        .map(|_| Member::start(dir.path(), "1.0.0"))
        .collect();
    for member in &mut members {
        let result = member.client.initialize().await;
        assert_eq!(result["actor"], "client of 1.0.0");
    }
    for member in &mut members {
        member.client.call("add", json!({})).await;
    }
    let mut counts = Vec::new();
    for member in &mut members {
        let answer = member.client.next().await.unwrap();
        counts.push(answer["result"]["count"].as_u64().unwrap());
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=64).collect::<Vec<_>>());
    assert_eq!(counted(dir.path(), "openings").values().sum::<usize>(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_client_ends_answers_it_and_another_takes_over() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Member::start(dir.path(), "1.0.0");
    owner.client.initialize().await;
    let mut other = Member::start(dir.path(), "1.0.0");
    other.client.initialize().await;

    let last = owner.client.call("add", json!({"until": "go"})).await;
    waits_at(dir.path(), "go", 1).await;
    let ending =
        tokio::spawn(async move { (owner.client.end().await, owner.ended.await.unwrap()) });
    // Not yet through, and not to be lost.
    let open_call = other.client.call("count", json!({"until": "go"})).await;
    waits_at(dir.path(), "go", 2).await;
    open(dir.path(), "go");
    let (rest, ended) = ending.await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0]["id"], last);
    assert_eq!(ended.unwrap(), Ended::ClientEnded);

    assert_eq!(other.client.result(open_call).await["count"], 1);
    let id = other.client.call("add", json!({})).await;
    assert_eq!(other.client.result(id).await["count"], 2);
    assert_eq!(counted(dir.path(), "openings").values().sum::<usize>(), 2);
    assert!(other.client.end().await.is_empty());
    assert_eq!(other.ended.await.unwrap().unwrap(), Ended::ClientEnded);
    assert!(!dir.path().join("owner.sock").exists());
    assert!(!dir.path().join("in-use").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_the_end_is_answered_by_a_forwarder_too_even_without_its_line_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Member::start(dir.path(), "1.0.0");
    owner.client.initialize().await;
    let mut other = Member::start(dir.path(), "1.0.0");
    other.client.initialize().await;
    let asked = r#"{"id":"a","method":"ping"}"#;
    other
        .client
        .send_text(&format!("{asked}\n{}", asked.replace("\"a\"", "\"b\"")))
        .await;
    let rest = other.client.end().await;
    let mut ids: Vec<_> = rest
        .iter()
        .map(|answer| answer["id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_socket_and_a_long_path_are_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    let near = dir.path().join("near");
    std::fs::create_dir(&near).unwrap();
    drop(std::os::unix::net::UnixListener::bind(near.join("owner.sock")).unwrap());
    for place in [near, dir.path().join("far".repeat(60))] {
        let mut owner = Member::start(&place, "1.0.0");
        owner.client.initialize().await;
        let mut other = Member::start(&place, "1.0.0");
        other.client.initialize().await;
        assert_eq!(other.client.count().await, 0);
        owner.client.end().await;
        assert_eq!(other.client.count().await, 0);
        assert_eq!(counted(&place, "openings").values().sum::<usize>(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_any_length_passes() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Member::start(dir.path(), "1.0.0");
    owner.client.initialize().await;
    let mut other = Member::start(dir.path(), "1.0.0");
    other.client.initialize().await;
    for size in [1_000, 1_000_000, 20_000_000] {
        let id = other
            .client
            .call("count", json!({"text": "x".repeat(size)}))
            .await;
        assert_eq!(other.client.result(id).await["size"], size);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_itself_ends_its_process_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Member::start(dir.path(), "1.0.0");
    owner.client.initialize().await;
    let mut other = Member::start(dir.path(), "1.0.0");
    other.client.initialize().await;
    other.client.notify("leave", json!({})).await;
    assert!(other.client.next().await.is_none());
    assert_eq!(other.ended.await.unwrap().unwrap(), Ended::SessionOver);
    assert_eq!(owner.client.count().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_from_the_command_line_goes_through_the_owner_or_opens_the_store_itself() {
    let dir = tempfile::tempdir().unwrap();
    let call = async |version: &str| {
        let mut once = options(dir.path(), version);
        once.stays = false;
        let session = front::connect(once, Toy(dir.path().into()));
        let (reader, mut writer) = tokio::io::split(session.stream);
        let line = r#"{"id":1,"method":"tools/call","params":{"name":"add","arguments":{}}}"#;
        writer
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
        let mut lines = tokio::io::BufReader::new(reader).lines();
        let answer = lines.next_line().await.unwrap().unwrap();
        writer.shutdown().await.unwrap();
        assert_eq!(session.ended.await.unwrap().unwrap(), Ended::ClientEnded);
        serde_json::from_str::<serde_json::Value>(&answer).unwrap()["result"]["count"].clone()
    };
    assert_eq!(call("1.0.0").await, 1);
    let mut owner = Member::start(dir.path(), "1.0.0");
    assert_eq!(owner.client.count().await, 1);
    // A newer program that makes one call does not have the owner make room.
    assert_eq!(call("2.0.0").await, 2);
    assert_eq!(counted(dir.path(), "openings").values().sum::<usize>(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_whose_holder_does_not_answer_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("owner.lock");
    let file = std::fs::File::create(&path).unwrap();
    file.lock().unwrap();
    std::fs::write(&path, "4242\n").unwrap();
    let mut impatient = options(dir.path(), "1.0.0");
    impatient.patience = std::time::Duration::ZERO;
    let error = Member::with(impatient).ended.await.unwrap().unwrap_err();
    assert!(matches!(
        error,
        FrontError::Silent {
            pid: Some(4242),
            ..
        }
    ));
    assert!(error.to_string().contains("owner.lock"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_open_is_said_and_the_place_left_clean() {
    let dir = tempfile::tempdir().unwrap();
    let in_use = std::fs::File::create(dir.path().join("in-use")).unwrap();
    in_use.lock().unwrap();
    let error = Member::start(dir.path(), "1.0.0")
        .ended
        .await
        .unwrap()
        .unwrap_err();
    assert!(matches!(error, FrontError::Open(_)), "{error}");
    assert!(!dir.path().join("owner.sock").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_goes_away_is_not_made_anew_and_is_found_again() {
    let place = tempfile::tempdir().unwrap();
    let (dir, away) = (place.path().join("data"), place.path().join("away"));
    let mut owner = Member::start(&dir, "1.0.0");
    owner.client.initialize().await;
    let mut other = Member::start(&dir, "1.0.0");
    other.client.initialize().await;
    let id = other.client.call("add", json!({})).await;
    other.client.result(id).await;
    std::fs::rename(&dir, &away).unwrap();
    owner.client.end().await;
    let ended = owner.ended.await.unwrap();
    assert!(matches!(ended, Err(FrontError::Close(_))), "{ended:?}");

    let id = other.client.call("count", json!({})).await;
    let shut = other.client.result(id).await;
    let why = shut["shut"].as_str().unwrap();
    assert!(why.contains(dir.to_str().unwrap()), "{why}");
    assert!(!dir.exists());
    std::fs::rename(&away, &dir).unwrap();
    let count = loop {
        let id = other.client.call("count", json!({})).await;
        let result = other.client.result(id).await;
        if result.get("shut").is_none() {
            break result["count"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(count, 1);
    assert!(other.client.end().await.is_empty());
    assert_eq!(other.ended.await.unwrap().unwrap(), Ended::ClientEnded);
}
