//! A request id is remembered across restarts.

use super::client::{Client, policy_status, save_budget};
use serde_json::json;

#[test]
fn a_repeated_request_is_answered_as_before_and_another_is_a_conflict() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut admin, "all", "1.00");
    let usage = json!({"model": "gpt-4o", "input_tokens": 1000, "request_id": "one"});
    let first = admin.done("record_usage", &usage)["records"][0].clone();
    assert_eq!(first["duplicate"], false, "{first}");
    let hold = json!({"cost_usd": "0.10", "request_id": "hold"});
    let held = admin.done("allocate_budget", &hold);
    assert!(admin.close().success());

    let mut later = Client::session(dir.path(), &[]);
    let again = later.done("record_usage", &usage)["records"][0].clone();
    assert_eq!(again["duplicate"], true, "{again}");
    assert_eq!(again["record_id"], first["record_id"]);
    assert_eq!(again["cost_usd"], first["cost_usd"]);
    let held_again = later.done("allocate_budget", &hold);
    assert_eq!(held_again["duplicate"], true, "{held_again}");
    assert_eq!(held_again["allocation_id"], held["allocation_id"]);

    let other = json!({"model": "gpt-4o", "input_tokens": 1001, "request_id": "one"});
    let refused = later.call("record_usage", &other);
    assert_eq!(refused["code"], "conflict", "{refused}");
    let other = json!({"cost_usd": "0.11", "request_id": "hold"});
    let refused = later.call("allocate_budget", &other);
    assert_eq!(refused["code"], "conflict", "{refused}");
    let status = policy_status(&mut later, "all");
    assert_eq!(status["posted"]["cost_usd"], "0.0025", "{status}");
    assert_eq!(status["held"]["cost_usd"], "0.1", "{status}");
}

#[test]
fn a_refusal_is_not_remembered_as_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    let wrong = json!({"model": "gpt-4o", "input_tokens": -1, "request_id": "one"});
    assert_eq!(
        admin.call("record_usage", &wrong)["code"],
        "invalid_argument"
    );
    let right = json!({"model": "gpt-4o", "input_tokens": 1, "request_id": "one"});
    let recorded = admin.done("record_usage", &right);
    assert_eq!(recorded["records"][0]["duplicate"], false, "{recorded}");
}
