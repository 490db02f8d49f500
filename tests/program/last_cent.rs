//! Sixty-four clients, each with a process of its own, ask for the last cent at once.

use super::client::{Client, policy_status, save_budget};
use serde_json::json;
use std::path::Path;
use std::sync::Barrier;

const CLIENTS: usize = 64;

/// Every client asks for the same hold at once; returns the ids of those that were given.
fn all_ask(dir: &Path, cost: &str, round: &str) -> Vec<String> {
    let barrier = Barrier::new(CLIENTS);
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let mut client = Client::session(dir, &[]);
                    barrier.wait();
                    ask(&mut client, cost, &format!("{round}-{number}"))
                })
            })
            .collect();
        let given = asking
            .into_iter()
            .filter_map(|client| client.join().unwrap());
        given.collect()
    })
}

fn ask(client: &mut Client, cost: &str, request: &str) -> Option<String> {
    let asked = json!({"cost_usd": cost, "request_id": request});
    let answer = client.call("allocate_budget", &asked);
    let given = answer.get("allocation_id");
    match answer["allowed"].as_bool() {
        Some(true) => Some(given.unwrap().as_str().unwrap().to_owned()),
        Some(false) => {
            assert!(given.is_none(), "{answer}");
            None
        }
        None => panic!("{answer}"),
    }
}

#[test]
fn what_is_given_never_passes_the_limit_and_reaches_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut admin, "all", "1.00");
    let spent = json!({"model": "gpt-4o", "input_tokens": 1, "reported_cost_usd": "0.99"});
    admin.done("record_usage", &spent);

    let given = all_ask(dir.path(), "0.0005", "cent");
    assert_eq!(given.len(), 20, "twenty times 0.0005 is the last cent");
    let status = policy_status(&mut admin, "all");
    assert_eq!(status["held"]["cost_usd"], "0.01", "{status}");
    assert_eq!(status["available"]["cost_usd"], "0", "{status}");

    admin.done("release_allocation", &json!({"allocation_id": given[0]}));
    let again = all_ask(dir.path(), "0.0005", "again");
    assert_eq!(again.len(), 1, "one part came back");
    assert!(!given.contains(&again[0]));
    let status = policy_status(&mut admin, "all");
    assert_eq!(status["held"]["cost_usd"], "0.01", "{status}");
    assert_eq!(status["posted"]["cost_usd"], "0.99", "{status}");
}
