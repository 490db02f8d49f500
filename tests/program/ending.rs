//! How a process ends, and that nothing but messages is on its output.

use super::client::{Client, save_budget};
use serde_json::json;

/// Ends an owner and a forwarder alike, and sees that both end well.
fn both_end(end: impl Fn(&mut Client)) {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut owner, "team", "1.00");
    let mut forwarder = Client::session(dir.path(), &[]);
    forwarder.done(
        "check_budget",
        &json!({"model": "gpt-4o", "input_tokens": 1}),
    );
    for client in [&mut forwarder, &mut owner] {
        end(client);
        let status = client.wait();
        assert_eq!(status.code(), Some(0), "{status}: {}", client.errors());
    }
    let mut later = Client::session(dir.path(), &[]);
    let budgets = later.done("list_budgets", &json!({}));
    assert_eq!(budgets["budgets"][0]["name"], "team", "{budgets}");
    assert_eq!(
        later.errors(),
        "",
        "a store that was closed opens without a word"
    );
}

#[test]
fn it_ends_with_its_input() {
    both_end(Client::close_input);
}

#[test]
fn it_ends_on_sigterm() {
    both_end(|client| client.signal("TERM"));
}

#[test]
fn it_ends_on_sigint() {
    both_end(|client| client.signal("INT"));
}

#[test]
fn it_serves_and_ends_though_nothing_can_be_logged() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut first, "team", "1.00");
    assert!(first.close().success());
    std::fs::write(dir.path().join("lookup/db"), "rubbish").unwrap();
    // That it was set aside is logged.
    let mut untold = Client::start_untold(dir.path(), &["--role", "admin"]);
    untold.open().unwrap();
    let mut other = Client::session(dir.path(), &[]);
    for client in [&mut untold, &mut other] {
        let budgets = client.done("list_budgets", &json!({}));
        assert_eq!(budgets["budgets"][0]["name"], "team", "{budgets}");
    }
    untold.close_input();
    let status = untold.wait();
    assert_eq!(status.code(), Some(0), "{status}");
}

#[test]
fn it_ends_with_its_input_though_the_owner_of_the_store_is_silent() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Client::session(dir.path(), &[]);
    owner.signal("STOP");
    let mut waiting = Client::start(dir.path(), &[]);
    waiting.close_input();
    let status = waiting.wait();
    owner.signal("CONT");
    assert_eq!(status.code(), Some(0), "{status}: {}", waiting.errors());
}

#[test]
fn what_was_said_while_nobody_served_is_answered_as_not_done() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Client::session(dir.path(), &[]);
    owner.signal("STOP");
    let mut waiting = Client::start(dir.path(), &[]);
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}});
    let hello = waiting.request("initialize", &hello);
    let record = waiting.send(
        "record_usage",
        &json!({"model": "gpt-4o", "input_tokens": 1}),
    );
    waiting.close_input();
    let refused = waiting.answer(hello).unwrap();
    assert_eq!(refused["error"]["data"]["code"], "unavailable", "{refused}");
    let answer = waiting.answer(record).unwrap();
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("nothing was done"), "{text}");
    assert!(waiting.wait().success());
    owner.signal("CONT");
}

#[test]
fn the_last_calls_are_answered_after_the_input_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let mut client = Client::session(dir.path(), &["--role", "admin"]);
    let ids: Vec<_> = (0..20)
        .map(|n| {
            client.send(
                "record_usage",
                &json!({"model": "gpt-4o", "input_tokens": n + 1}),
            )
        })
        .collect();
    client.close_input();
    for id in ids {
        let answer = client.answer(id).unwrap();
        assert_eq!(answer["result"]["isError"], false, "{answer}");
    }
    assert!(client.wait().success());
}

#[test]
fn a_refresh_that_waits_for_a_silent_source_is_refused_on_sigterm() {
    let dir = tempfile::tempdir().unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let others = ["openrouter", "models_dev", "genai_prices", "llm_prices"];
    let others = others.map(|name| (name.to_owned(), json!({"asked": false})));
    let mut sources: serde_json::Map<_, _> = others.into_iter().collect();
    sources.insert("llm_prices_history".to_owned(), json!({"asked": false}));
    sources.insert("litellm".to_owned(), json!({"address": address}));
    let settings = json!({"refresh": false, "sources": sources});
    std::fs::write(dir.path().join("prices.json"), settings.to_string()).unwrap();
    let mut client = Client::session(dir.path(), &["--role", "admin"]);
    let refresh = client.send("refresh_prices", &json!({}));
    let asked = silent.accept().unwrap();
    client.signal("TERM");
    let answer = client.answer(refresh).unwrap();
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("the store is closing; call again"), "{text}");
    assert!(client.wait().success());
    drop(asked);
}

#[test]
fn a_log_filter_that_can_not_be_read_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = super::client::command(dir.path(), &[]);
    command.env("TEKTON_BUDGET_LOG", "tekton_budget=loud");
    let mut client = Client::spawn(command);
    client.open().unwrap();
    client.close_input();
    assert!(client.wait().success());
    let told = client.errors();
    assert!(
        told.contains("TEKTON_BUDGET_LOG=\"tekton_budget=loud\""),
        "{told}"
    );
}

#[test]
fn the_loudest_log_stays_off_the_output() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = super::client::command(dir.path(), &["--role", "admin"]);
    command.env("TEKTON_BUDGET_LOG", "trace");
    let mut client = Client::spawn(command);
    client.open().unwrap();
    save_budget(&mut client, "team", "0.01");
    client.done(
        "record_usage",
        &json!({"model": "gpt-4o", "input_tokens": 100_000}),
    );
    client.call("no_such_tool", &json!({}));
    client.write_line("nonsense").unwrap();
    client.done("list_alerts", &json!({}));
    client.close_input();
    // Every line on the way is parsed; one that is no message fails the test.
    assert!(client.wait().success());
    assert!(!client.errors().is_empty(), "the log goes to stderr");
}
