//! Sixty-four clients ask for the last cent at once.

use super::client::{Client, policy_status, save_budget};
use serde_json::json;
use std::path::Path;
use std::sync::Barrier;

const CLIENTS: usize = 64;
const PROCESSES: usize = 8;

/// Every client asks for the same hold at once; returns the ids of those that were given.
fn all_ask(dir: &Path, cost: &str, round: &str) -> Vec<String> {
    let barrier = Barrier::new(PROCESSES);
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..PROCESSES)
            .map(|process| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let mut client = Client::session(dir, &[]);
                    barrier.wait();
                    ask(&mut client, cost, &format!("{round}-{process}"))
                })
            })
            .collect();
        let given = asking.into_iter().flat_map(|client| client.join().unwrap());
        given.collect()
    })
}

/// One process's share of the calls, none of which waits for another.
fn ask(client: &mut Client, cost: &str, name: &str) -> Vec<String> {
    let sent: Vec<_> = (0..CLIENTS / PROCESSES)
        .map(|call| {
            let asked = json!({"cost_usd": cost, "request_id": format!("{name}-{call}")});
            client.send("allocate_budget", &asked)
        })
        .collect();
    let mut given = Vec::new();
    for id in sent {
        let answer = super::client::content(&client.answer(id).unwrap());
        match answer["allowed"].as_bool() {
            Some(true) => given.push(answer["allocation_id"].as_str().unwrap().to_owned()),
            Some(false) => assert!(answer.get("allocation_id").is_none(), "{answer}"),
            None => panic!("{answer}"),
        }
    }
    given
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
