//! The owner of the store is killed, and the client of another process does not notice.

use super::client::{Client, content, policy_status, save_budget};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

fn hello(version: &str) -> String {
    let params = json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    });
    let hello = json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": params});
    hello.to_string()
}

/// A client of an owner that serves, which says this first.
fn forwarder(dir: &Path, hello: &str) -> Client {
    let mut client = Client::start(dir, &[]);
    client.write_line(hello).unwrap();
    assert_eq!(client.message().unwrap()["id"], "hello");
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    client.write_line(&initialized.to_string()).unwrap();
    client
}

#[test]
fn a_handshake_with_a_byte_order_mark_is_repeated_to_the_next_owner() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Client::session(dir.path(), &["--role", "admin"]);
    let hello = format!("\u{feff}{}", hello("2025-06-18"));
    let mut client = forwarder(dir.path(), &hello);
    let check = json!({"model": "gpt-4o", "input_tokens": 1});
    client.done("check_budget", &check);
    owner.signal("KILL");
    owner.wait();
    for _ in 0..2 {
        client.done("check_budget", &check);
    }
    assert!(client.close().success());
}

/// A batch of records, each of which may name itself.
fn batch(records: usize, request_ids: bool) -> String {
    let calls = (0..records).map(|number| {
        let mut usage = json!({"model": "gpt-4o", "reported_cost_usd": "0.001"});
        if request_ids {
            usage["request_id"] = json!(format!("record-{number}"));
        }
        let params = json!({"name": "record_usage", "arguments": usage});
        json!({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})
    });
    calls.collect::<Value>().to_string()
}

fn answers(client: &mut Client, records: usize) -> Vec<Value> {
    let message = client.message().unwrap();
    let mut answers = message.as_array().expect("the answer to a batch").clone();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    assert_eq!(answers.len(), records);
    for (answer, number) in answers.iter().zip(0u64..) {
        assert_eq!(answer["id"], number);
    }
    answers
}

#[test]
fn a_batch_is_answered_whatever_has_become_of_the_owner() {
    const RECORDS: usize = 200;
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut owner, "all", "1000");
    let mut client = forwarder(dir.path(), &hello("2025-03-26"));
    for signal in ["KILL", "TERM"] {
        client.write_line(&batch(RECORDS, true)).unwrap();
        owner.signal(signal);
        owner.wait();
        for answer in answers(&mut client, RECORDS) {
            assert!(content(&answer)["records"][0]["record_id"].is_string());
        }
        // The client's process has the store now; another one gets it.
        let mut next = Client::session(dir.path(), &["--role", "admin"]);
        client.close_input();
        assert!(client.wait().success());
        next.done("list_budgets", &json!({}));
        client = forwarder(dir.path(), &hello("2025-03-26"));
        owner = next;
    }
    let status = policy_status(&mut owner, "all");
    assert_eq!(status["posted"]["cost_usd"], "0.2", "{status}");

    // An owner that hangs has done nothing of it, which nobody but itself can know.
    owner.signal("STOP");
    client.write_line(&batch(3, false)).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    owner.signal("KILL");
    for answer in answers(&mut client, 3) {
        assert_eq!(content(&answer)["code"], "unavailable", "{answer}");
    }
    assert!(client.close().success());
}

#[test]
fn a_batch_right_behind_the_handshake_is_answered_by_the_next_owner() {
    const RECORDS: usize = 3;
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut owner, "all", "1000");
    let mut client = Client::start(dir.path(), &[]);
    client.ask("ping", &json!({}));
    // Nothing of it is answered, so that the next owner gets it from the first line on.
    owner.signal("STOP");
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let (hello, batch) = (hello("2025-03-26"), batch(RECORDS, true));
    client
        .write_line(&format!("{hello}\n{initialized}\n{batch}"))
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    owner.signal("KILL");
    assert_eq!(client.message().unwrap()["id"], "hello");
    for answer in answers(&mut client, RECORDS) {
        assert!(content(&answer)["records"][0]["record_id"].is_string());
    }
    assert!(client.close().success());
}

#[test]
fn who_has_seen_the_list_of_resources_hears_of_its_changes_from_the_next_owner() {
    const NEWS: &str = "notifications/resources/list_changed";
    for end in ["of its input", "by a signal"] {
        let dir = tempfile::tempdir().unwrap();
        let mut owner = Client::session(dir.path(), &["--role", "admin"]);
        save_budget(&mut owner, "first", "1");
        let mut clients = [(); 2].map(|()| forwarder(dir.path(), &hello("2025-06-18")));
        for client in &mut clients {
            client.ask("resources/list", &json!({}));
        }
        if end == "of its input" {
            owner.close_input();
        } else {
            owner.signal("KILL");
        }
        owner.wait();
        for client in &mut clients {
            assert_eq!(client.message().unwrap()["method"], NEWS, "the end {end}");
        }
        let mut admin = Client::session(dir.path(), &["--role", "admin"]);
        save_budget(&mut admin, "second", "1");
        for client in &mut clients {
            assert_eq!(client.message().unwrap()["method"], NEWS, "the end {end}");
        }
    }
}
