//! Whatever comes over the line has its answer, and the next line is served.

use super::{Raw, meta};
use crate::core::role::Role;
use serde_json::{Value, json};
use std::time::Duration;

/// Asks for something that works.
async fn works(raw: &mut Raw) {
    assert_eq!(raw.ask(77, "ping", json!({})).await["result"], json!({}));
}

async fn answered(raw: &mut Raw, line: &[u8], id: Value, code: i64, says: &str) {
    raw.write(line).await;
    raw.write(b"\n").await;
    let shown = String::from_utf8_lossy(&line[..line.len().min(80)]);
    let answer = raw.next().await;
    assert_eq!(answer["jsonrpc"], "2.0", "{shown}");
    assert_eq!(answer.get("id"), Some(&id), "{shown}: {answer}");
    assert_eq!(answer["error"]["code"], code, "{shown}: {answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains(says), "{shown}: {message}");
    works(raw).await;
}

/// Lines that can't be taken, with the id, the code and a part of the message that answer each.
#[expect(clippy::too_many_lines, reason = "a table")]
fn bad_lines() -> Vec<(Vec<u8>, Value, i64, &'static str)> {
    let deep = |open: &str, close: &str| open.repeat(200_000) + &close.repeat(200_000);
    let with_params = |params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":5,"method":"tools/list","params":{params}}}"#)
    };
    let text = |line: &str| line.as_bytes().to_vec();
    vec![
        (text("hello"), Value::Null, -32700, "not JSON"),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"#),
            Value::Null,
            -32700,
            "EOF",
        ),
        (text(r#"{"id":NaN}"#), Value::Null, -32700, "not JSON"),
        (text("{} {}"), Value::Null, -32700, "trailing"),
        (
            b"{\"id\":\xff}".to_vec(),
            Value::Null,
            -32700,
            "not UTF-8 at byte 6",
        ),
        (text("7"), Value::Null, -32600, "JSON object"),
        (text("null"), Value::Null, -32600, "JSON object"),
        (text("{}"), Value::Null, -32600, "jsonrpc"),
        (text("[]"), Value::Null, -32600, "at least one"),
        (text(&deep("[", "]")), Value::Null, -32600, "batch"),
        (text(&"[".repeat(500_000)), Value::Null, -32700, "EOF"),
        (
            with_params(&deep("[", "]")).into_bytes(),
            json!(5),
            -32602,
            "tools/list: params: expects an object",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"method":"ping","params":[]}"#),
            json!(5),
            -32602,
            "ping: params: expects an object",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":["ping"]}"#),
            json!(5),
            -32602,
            "tools/call: params: expects an object",
        ),
        (
            with_params(&deep(r#"{"a":"#, "}").replace(":}", ":1}")).into_bytes(),
            json!(5),
            -32602,
            "recursion",
        ),
        (
            text(r#"{"jsonrpc":"1.0","id":5,"method":"ping"}"#),
            json!(5),
            -32600,
            "2.0",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#),
            Value::Null,
            -32600,
            "id",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#),
            Value::Null,
            -32600,
            "id",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#),
            Value::Null,
            -32600,
            "id",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":99999999999999999999,"method":"ping"}"#),
            Value::Null,
            -32600,
            "id",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"id":6,"method":"ping"}"#),
            Value::Null,
            -32600,
            "duplicate field `id`",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"method":"ping","method":"x"}"#),
            Value::Null,
            -32600,
            "duplicate",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"method":7}"#),
            json!(5),
            -32600,
            "method",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"method":"ping","result":{}}"#),
            json!(5),
            -32600,
            "one of",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5}"#),
            json!(5),
            -32600,
            "one of",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":"a","method":"no/such"}"#),
            json!("a"),
            -32601,
            "no/such",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"method":"tasks/get","params":{}}"#),
            json!(5),
            -32601,
            "tasks/get",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{}}"#),
            json!(5),
            -32602,
            "name",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"method":"tools/call"}"#),
            json!(5),
            -32602,
            "name",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":7}}"#),
            json!(5),
            -32602,
            "string",
        ),
        (
            text(
                r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"a","_meta":7}}"#,
            ),
            json!(5),
            -32602,
            "map",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"method":"resources/read","params":{}}"#),
            json!(5),
            -32602,
            "uri",
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":5,"method":"initialize","params":{}}"#),
            json!(5),
            -32602,
            "initialize",
        ),
    ]
}

#[tokio::test]
async fn every_bad_line_of_a_session_is_answered() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    for (line, id, code, says) in bad_lines() {
        answered(&mut raw, &line, id, code, says).await;
    }
    assert!(raw.end().await.is_empty());
}

#[tokio::test]
async fn every_bad_line_before_a_session_is_answered_and_one_can_still_be_opened() {
    let mut raw = Raw::new(Role::Agent);
    for (line, id, code, says) in bad_lines() {
        answered(&mut raw, &line, id, code, says).await;
    }
    let early = br#"{"jsonrpc":"2.0","id":5,"method":"tools/list"}"#;
    answered(&mut raw, early, json!(5), -32600, "initialize first").await;
    raw.initialize("2025-11-25", json!({})).await;
    works(&mut raw).await;
}

#[tokio::test]
async fn what_needs_no_answer_gets_none() {
    for opened in [false, true] {
        let mut raw = Raw::new(Role::Agent);
        if opened {
            raw.initialize("2025-11-25", json!({})).await;
        }
        for line in [
            "",
            "\r",
            "   \t",
            "\u{feff}",
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","method":"no/such"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":7}"#,
            r#"{"jsonrpc":"2.0","id":99,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":99,"error":{"code":1,"message":"m"}}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}"#,
            r#"{"jsonrpc":"2.0","error":{"code":1,"message":"m"}}"#,
        ] {
            raw.write(format!("{line}\n").as_bytes()).await;
        }
        works(&mut raw).await;
        assert!(raw.end().await.is_empty());
    }
}

#[tokio::test]
async fn lines_may_end_and_begin_as_windows_has_it() {
    let mut raw = Raw::new(Role::Agent);
    raw.write(b"\xEF\xBB\xBF{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\\u006eg\"}\r\n")
        .await;
    assert_eq!(raw.next().await["id"], 1);
}

#[tokio::test]
async fn half_a_line_at_the_end_is_answered_and_a_whole_one_without_its_end_is_served() {
    for opened in [false, true] {
        let open = || async {
            let mut raw = Raw::new(Role::Agent);
            if opened {
                raw.initialize("2025-11-25", json!({})).await;
            }
            raw
        };
        let mut raw = open().await;
        raw.write(br#"{"jsonrpc":"2.0","id":1,"meth"#).await;
        let rest = raw.end().await;
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0]["error"]["code"], -32700);
        assert!(rest[0]["id"].is_null());

        let mut raw = open().await;
        raw.write(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
            .await;
        assert_eq!(
            raw.end().await,
            [json!({"jsonrpc": "2.0", "id": 1, "result": {}})]
        );
    }
}

#[tokio::test]
async fn a_line_of_100_mb_is_answered_and_goes_by() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    let filling = vec![b'x'; 1 << 20];
    for (start, end, id) in [
        (
            &br#"{"jsonrpc":"2.0","id":8,"params":""#[..],
            &b"\"}\n"[..],
            json!(8),
        ),
        (
            br#"{"method":"ping","params":""#,
            b"\",\"jsonrpc\":\"2.0\",\"id\":\"z\"}\n",
            json!("z"),
        ),
        (b"", b"\n", Value::Null),
    ] {
        raw.write(start).await;
        for _ in 0..100 {
            raw.write(&filling).await;
        }
        raw.write(end).await;
        let answer = raw.next().await;
        assert_eq!(answer["id"], id);
        assert_eq!(answer["error"]["code"], -32600);
        assert!(
            answer["error"]["message"]
                .as_str()
                .unwrap()
                .contains("16777216 bytes")
        );
        works(&mut raw).await;
    }
}

#[tokio::test]
async fn an_id_that_is_still_under_way_is_not_taken_again() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    let wait = json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {
        "name": "wait", "arguments": {},
    }});
    raw.send(wait.clone()).await;
    raw.send(wait).await;
    let answer = raw.next().await;
    assert_eq!(answer["error"]["code"], -32600);
    assert!(answer["id"].is_null());
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}});
    raw.send(cancel).await;
    works(&mut raw).await;
}

fn batch() -> Value {
    json!([
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "no/such"},
        7,
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
            "name": "check_budget", "arguments": {"provider": "a", "model": "b"},
        }},
        {"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {
            "name": "wait", "arguments": {},
        }},
    ])
}

#[tokio::test]
async fn a_batch_is_answered_with_one_line_where_the_protocol_has_batches() {
    let mut raw = Raw::session(Role::Agent, "2025-03-26").await;
    raw.send(batch()).await;
    // The fourth is never answered by itself; once nobody waits for it the rest goes out.
    raw.send(json!({"jsonrpc": "2.0", "id": 9, "method": "ping"}))
        .await;
    assert_eq!(raw.next().await["id"], 9);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 4}});
    raw.send(cancel).await;
    let answers = raw.next().await;
    let mut ids: Vec<&Value> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    ids.sort_by_key(|id| id.as_u64());
    assert_eq!(ids, [&Value::Null, &json!(1), &json!(2), &json!(3)]);

    raw.send(json!([{"jsonrpc": "2.0", "method": "notifications/initialized"}]))
        .await;
    raw.send(json!([7])).await;
    assert_eq!(raw.next().await[0]["error"]["code"], -32600);
    works(&mut raw).await;
    let long = Value::from(vec![batch()[0].clone(); 1001]);
    raw.send(long).await;
    assert!(
        raw.next().await["error"]["message"]
            .as_str()
            .unwrap()
            .contains("1000")
    );
}

#[tokio::test]
async fn a_batch_that_cancels_a_request_of_its_own_is_answered_without_it() {
    let mut raw = Raw::session(Role::Agent, "2025-03-26").await;
    let mut batch = batch();
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 4}});
    batch.as_array_mut().unwrap().push(cancel);
    raw.send(batch).await;
    let answers = raw.next().await;
    assert_eq!(answers.as_array().map(Vec::len), Some(4), "{answers}");
    works(&mut raw).await;
}

#[tokio::test]
async fn a_batch_is_refused_where_the_protocol_has_none() {
    for version in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let mut raw = Raw::session(Role::Agent, version).await;
        raw.send(batch()).await;
        let answer = raw.next().await;
        assert_eq!(answer["error"]["code"], -32600);
        assert!(
            answer["error"]["message"]
                .as_str()
                .unwrap()
                .contains("2025-03-26")
        );
        works(&mut raw).await;
    }
    let mut raw = Raw::new(Role::Agent);
    raw.send(batch()).await;
    assert_eq!(raw.next().await["error"]["code"], -32600);
}

#[tokio::test]
async fn a_client_that_writes_everything_before_it_reads_is_served() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    // Far more of both than the pipe holds.
    for id in 1..=3000 {
        raw.send(json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"}))
            .await;
        raw.write(b"not JSON\n").await;
    }
    assert_eq!(raw.end().await.len(), 6000);
}

#[tokio::test]
async fn a_client_that_can_not_be_written_to_is_let_go() {
    let raw = Raw::session(Role::Agent, "2025-11-25").await;
    let Raw {
        writer,
        lines,
        served,
        ..
    } = raw;
    drop(lines);
    let mut writer = writer.unwrap();
    let ping = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
    tokio::io::AsyncWriteExt::write_all(&mut writer, ping)
        .await
        .unwrap();
    tokio::time::timeout(super::PATIENCE, served)
        .await
        .expect("serve returns")
        .unwrap();
}

#[tokio::test]
async fn serving_ends_with_the_input_whatever_is_under_way() {
    let mut raw = Raw::new(Role::Agent);
    raw.ask(1, "tools/list", json!({"_meta": meta(json!({}))}))
        .await;
    let listen = json!({"notifications": {"resourcesListChanged": true}, "_meta": meta(json!({}))});
    raw.send(
        json!({"jsonrpc": "2.0", "id": 2, "method": "subscriptions/listen", "params": listen}),
    )
    .await;
    raw.next().await;
    let start = std::time::Instant::now();
    let rest = raw.end().await;
    assert_eq!(rest.len(), 1, "the end of the subscription");
    eprintln!("ended after {:?}", start.elapsed());
}
