//! Lines that are no calls: each gets its answer, and the session goes on.

use super::client::Client;
use serde_json::{Value, json};

/// The answer to a line for which there is no id.
fn refused(client: &mut Client, line: &[u8]) -> Value {
    client.write(line).unwrap();
    client.write(b"\n").unwrap();
    client.message().unwrap()
}

fn assert_serves(client: &mut Client) {
    let answer = client.ask("ping", &json!({}));
    assert_eq!(answer["result"], json!({}), "{answer}");
}

#[test]
fn each_line_that_is_no_message_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Client::session(dir.path(), &["--role", "admin"]);
    let mut forwarder = Client::session(dir.path(), &["--role", "admin"]);
    let half = br#"{"jsonrpc":"2.0","id":5,"method":"tools/ca"#;
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let cases: [(&str, &[u8], i64); 7] = [
        ("not JSON", b"this is not JSON", -32700),
        ("half a line", half, -32700),
        ("not UTF-8", b"\xff\xfe", -32700),
        ("deep nesting", &deep, -32600),
        ("an empty batch", b"[]", -32600),
        ("a number", b"42", -32600),
        ("a text", b"\"initialize\"", -32600),
    ];
    for client in [&mut owner, &mut forwarder] {
        for (what, line, code) in cases {
            let answer = refused(client, line);
            let shown = answer.to_string();
            assert!(
                shown.len() < 1000,
                "{what}: an answer of {} bytes",
                shown.len()
            );
            assert_eq!(answer["error"]["code"], code, "{what}: {answer}");
            assert!(!answer["error"]["message"].as_str().unwrap().is_empty());
            assert_serves(client);
        }
    }
}

#[test]
fn a_request_that_can_not_be_served_is_answered_by_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let mut client = Client::session(dir.path(), &["--role", "admin"]);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases = [
        (
            r#"{"jsonrpc":"2.0","id":900,"method":"no/method"}"#.to_owned(),
            -32601,
        ),
        (
            format!(r#"{{"jsonrpc":"2.0","id":901,"method":"tools/call","params":{deep}}}"#),
            -32602,
        ),
        (
            r#"{"jsonrpc":"1.0","id":902,"method":"ping"}"#.to_owned(),
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":903,"method":"tools/call","params":{"name":7}}"#.to_owned(),
            -32602,
        ),
    ];
    for (id, (line, code)) in (900..).zip(&cases) {
        client.write_line(line).unwrap();
        let answer = client.answer(id).unwrap();
        assert_eq!(answer["error"]["code"], *code, "{answer}");
    }
    let nested = "[".repeat(5_000) + &"]".repeat(5_000);
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":904,"method":"tools/call","params":{{"name":"list_budgets","arguments":{{"limit":{nested}}}}}}}"#
    );
    client.write_line(&line).unwrap();
    let answer = client.answer(904).unwrap();
    let refused = answer.get("error").is_some() || answer["result"]["isError"] == true;
    assert!(refused, "{answer}");
    assert_serves(&mut client);
}

/// Lines whose answer has no id, and its code.
const NAMELESS: [(&str, i64); 6] = [
    (
        r#"{"jsonrpc":"2.0","id":null,"method":"initialize"}"#,
        -32600,
    ),
    (
        r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#,
        -32600,
    ),
    (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600),
    (
        r#"{"jsonrpc":"2.0","id":18446744073709551615,"method":"ping"}"#,
        -32600,
    ),
    (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600),
    ("junk", -32700),
];

#[test]
fn what_is_answered_without_an_id_is_answered_once_though_the_client_ends_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let _owner = Client::session(dir.path(), &[]);
    let alone = tempfile::tempdir().unwrap();
    for dir in [alone.path(), dir.path()] {
        for (line, code) in NAMELESS {
            let mut client = Client::start(dir, &[]);
            client.write_line(line).unwrap();
            client.close_input();
            let answer = client.message().expect(line);
            assert_eq!(answer["id"], Value::Null, "{line}: {answer}");
            assert_eq!(answer["error"]["code"], code, "{line}: {answer}");
            assert!(client.message().is_err(), "{line} was answered twice");
            assert!(client.wait().success());
        }
        let mut client = Client::start(dir, &[]);
        client
            .write_line(r#"{"jsonrpc":"2.0","id":7.0,"method":"ping"}"#)
            .unwrap();
        client.close_input();
        assert_eq!(client.message().unwrap()["id"], 7);
        assert!(client.message().is_err(), "it was answered twice");
    }
}

#[test]
fn an_unknown_tool_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut client = Client::session(dir.path(), &["--role", "admin"]);
    let answer = client.call("chek_budget", &json!({}));
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("chek_budget"), "{message}");
}

/// The bytes of the long line.
const LONG: usize = 100 << 20;

#[test]
fn a_line_of_a_hundred_megabytes_is_refused_in_little_memory() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Client::session(dir.path(), &["--role", "admin"]);
    let mut forwarder = Client::session(dir.path(), &["--role", "admin"]);
    let chunk = vec![b'x'; 1 << 20];
    for client in [&mut owner, &mut forwarder] {
        let head = br#"{"jsonrpc":"2.0","id":700,"method":"tools/call","params":{"name":""#;
        client.write(head).unwrap();
        for _ in 0..LONG / chunk.len() {
            client.write(&chunk).unwrap();
        }
        client.write(b"\"}}\n").unwrap();
        let answer = client.answer(700).unwrap();
        assert_eq!(answer["error"]["code"], -32600, "{answer}");
        assert_serves(client);
    }
    for client in [&owner, &forwarder] {
        if let Some(peak) = client.peak_memory() {
            assert!(
                peak < LONG as u64,
                "{peak} bytes of memory for a line that is not kept"
            );
        }
    }
}

#[test]
fn half_a_line_at_the_end_is_no_reason_to_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut client = Client::session(dir.path(), &["--role", "admin"]);
    assert_serves(&mut client);
    client.write(br#"{"jsonrpc":"2.0","id":1,"met"#).unwrap();
    client.close_input();
    // Nobody may be left to read an answer: one that comes all the same says what is wrong.
    if let Ok(answer) = client.message() {
        assert_eq!(answer["error"]["code"], -32700, "{answer}");
    }
    assert!(client.wait().success());
}
