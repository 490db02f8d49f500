use super::*;
use serde_json::{Value, json};

fn client(memory: &mut Memory, message: &Value) -> String {
    let mut out = Vec::new();
    memory.pass_to_owner(format!("{message}\n").as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

fn owner(memory: &mut Memory, message: &Value) -> String {
    let mut out = Vec::new();
    memory.pass_to_client(format!("{message}\n").as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

fn messages(script: Script) -> Vec<Value> {
    let lines = script.first.into_iter().chain(script.rest);
    lines
        .map(|line| serde_json::from_slice(&line).unwrap())
        .collect()
}

#[test]
fn a_new_owner_hears_the_handshake_then_the_wishes_then_what_waits() {
    let mut memory = Memory::new(ReadOnly::new());
    assert!(messages(memory.attach()).is_empty());
    let initialize = json!({"id": 1, "method": "initialize"});
    let initialized = json!({"method": "notifications/initialized"});
    let level = json!({"id": 2, "method": "logging/setLevel", "params": {"level": "info"}});
    let budgets =
        json!({"id": 3, "method": "resources/subscribe", "params": {"uri": "budget://status"}});
    let alerts =
        json!({"id": 4, "method": "resources/subscribe", "params": {"uri": "budget://alerts"}});
    let list = json!({"id": 5, "method": "tools/list"});
    for message in [&initialize, &initialized, &level, &budgets, &alerts, &list] {
        client(&mut memory, message);
    }
    for id in 1..=4 {
        assert!(!owner(&mut memory, &json!({"id": id, "result": {}})).is_empty());
    }
    let unsubscribe =
        json!({"id": 6, "method": "resources/unsubscribe", "params": {"uri": "budget://alerts"}});
    client(&mut memory, &unsubscribe);
    owner(&mut memory, &json!({"id": 6, "result": {}}));

    assert_eq!(memory.lose(Loss::Abrupt), "");
    let script = messages(memory.attach());
    assert_eq!(script, [initialize, initialized, level, budgets, list]);
    assert!(!memory.may_go_on());
    assert_eq!(owner(&mut memory, &json!({"id": 1, "result": {}})), "");
    assert!(memory.may_go_on());
    let told = owner(&mut memory, &json!({"id": 3, "result": {}}));
    assert!(told.contains("resources/updated") && told.contains("budget://status"));
    assert!(owner(&mut memory, &json!({"id": 5, "result": {}})).contains(r#""id":5"#));
}

#[test]
fn an_initialize_without_its_answer_is_sent_once_and_answered_once() {
    let mut memory = Memory::new(ReadOnly::new());
    memory.attach();
    client(&mut memory, &json!({"id": 1, "method": "initialize"}));
    client(&mut memory, &json!({"method": "notifications/initialized"}));
    memory.lose(Loss::Abrupt);
    assert_eq!(messages(memory.attach()).len(), 2);
    assert!(!owner(&mut memory, &json!({"id": 1, "result": {}})).is_empty());
}

#[test]
fn an_open_subscription_is_opened_again_without_a_word_but_of_what_may_have_changed() {
    let mut memory = Memory::new(ReadOnly::new());
    memory.attach();
    let listen = json!({"id": "s", "method": LISTEN, "params": {
        "notifications": {"resourceSubscriptions": ["budget://status"], "resourcesListChanged": true}}});
    let acknowledged = json!({"method": ACKNOWLEDGED, "params": {
        "_meta": {"io.modelcontextprotocol/subscriptionId": "s"}}});
    client(&mut memory, &listen);
    assert!(!owner(&mut memory, &acknowledged).is_empty());
    assert!(memory.is_settled(Loss::Abrupt) && memory.waits_for_nothing());
    memory.lose(Loss::Abrupt);
    assert_eq!(messages(memory.attach()), [listen]);
    let told = owner(&mut memory, &acknowledged);
    assert!(told.contains("resources/updated") && told.contains("resources/list_changed"));
    assert!(told.lines().count() == 2 && told.lines().all(|line| line.contains(r#""s""#)));
    client(
        &mut memory,
        &json!({"method": CANCELLED, "params": {"requestId": "s"}}),
    );
    memory.lose(Loss::Abrupt);
    assert!(messages(memory.attach()).is_empty());
}

/// A session that is open.
fn plain_session() -> Memory {
    let mut memory = Memory::new(ReadOnly::new());
    memory.attach();
    client(&mut memory, &json!({"id": 1, "method": "initialize"}));
    owner(&mut memory, &json!({"id": 1, "result": {}}));
    memory
}

#[test]
fn who_has_seen_the_list_of_resources_is_told_once_that_it_may_have_changed() {
    let mut memory = plain_session();
    for (id, params) in [(2, json!({})), (3, json!({"cursor": "bud_9"}))] {
        let list = json!({"id": id, "method": "resources/list", "params": params});
        client(&mut memory, &list);
        assert!(!owner(&mut memory, &json!({"id": id, "result": {}})).is_empty());
    }
    for _ in 0..2 {
        assert_eq!(memory.lose(Loss::Abrupt), "");
        let list = json!({"jsonrpc": "2.0", "id": 3, "method": "resources/list"});
        assert_eq!(messages(memory.attach())[1..], [list]);
        owner(&mut memory, &json!({"id": 1, "result": {}}));
        let told = owner(&mut memory, &json!({"id": 3, "result": {}}));
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["method"], "notifications/resources/list_changed");
    }
}

#[test]
fn a_list_of_resources_that_waits_is_asked_for_once() {
    let mut memory = plain_session();
    let list = json!({"id": 2, "method": "resources/list"});
    client(&mut memory, &list);
    memory.lose(Loss::Abrupt);
    assert_eq!(messages(memory.attach())[1..], [list]);
    owner(&mut memory, &json!({"id": 1, "result": {}}));
    let answer = json!({"id": 2, "result": {}});
    assert_eq!(owner(&mut memory, &answer), format!("{answer}\n"));
}

#[test]
fn who_has_no_session_has_asked_for_the_list_of_resources_that_one_time() {
    let mut memory = Memory::new(ReadOnly::new());
    memory.attach();
    client(&mut memory, &json!({"id": 2, "method": "resources/list"}));
    owner(&mut memory, &json!({"id": 2, "result": {}}));
    memory.lose(Loss::Abrupt);
    assert!(messages(memory.attach()).is_empty());
}

#[test]
fn a_cancelled_request_is_not_sent_again() {
    let mut memory = Memory::new(ReadOnly::new());
    memory.attach();
    client(&mut memory, &json!({"id": 1, "method": "ping"}));
    client(
        &mut memory,
        &json!({"method": CANCELLED, "params": {"requestId": 1}}),
    );
    assert_eq!(memory.lose(Loss::Abrupt), "");
    assert!(messages(memory.attach()).is_empty());
}

/// A session of the protocol that has batches.
fn session() -> Memory {
    let mut memory = Memory::new(["check_budget"].into());
    memory.attach();
    client(&mut memory, &json!({"id": 0, "method": "initialize"}));
    let agreed = json!({"id": 0, "result": {"protocolVersion": "2025-03-26"}});
    assert!(!owner(&mut memory, &agreed).is_empty());
    memory
}

fn check(id: u64) -> Value {
    json!({"id": id, "method": "tools/call", "params": {"name": "check_budget"}})
}

#[test]
fn a_batch_is_waited_for_until_its_answer_and_sent_again_with_what_is_to_be_answered() {
    let mut memory = session();
    let level = json!({"id": 3, "method": "logging/setLevel", "params": {"level": "info"}});
    let batch = json!([check(1), {"method": "notifications/initialized"}, check(2), level]);
    assert_eq!(client(&mut memory, &batch), format!("{batch}\n"));
    assert!(!memory.is_settled(Loss::Abrupt));
    assert_eq!(memory.lose(Loss::Abrupt), "");
    let script = messages(memory.attach());
    let initialized = json!({"method": "notifications/initialized"});
    assert_eq!(
        script[1..],
        [initialized, json!([check(1), check(2), level])]
    );
    client(
        &mut memory,
        &json!({"method": CANCELLED, "params": {"requestId": 2}}),
    );
    let answer = json!([{"id": 3, "result": {}}, {"id": 1, "result": {}}]);
    assert_eq!(owner(&mut memory, &answer), format!("{answer}\n"));
    assert!(memory.is_settled(Loss::Abrupt) && memory.waits_for_nothing());
    // The wish in it stands.
    memory.lose(Loss::Abrupt);
    assert_eq!(messages(memory.attach()).last(), Some(&level));
}

#[test]
fn a_batch_that_may_not_be_repeated_is_answered_as_one() {
    let mut memory = session();
    let change = json!({"id": 2, "method": "tools/call", "params": {"name": "save_budget"}});
    client(&mut memory, &json!([check(1), change]));
    let told: Value = serde_json::from_str(&memory.lose(Loss::Abrupt)).unwrap();
    assert_eq!((&told[0]["id"], &told[1]["id"]), (&json!(1), &json!(2)));
    assert!(memory.waits_for_nothing());
    client(&mut memory, &json!([change]));
    assert!(memory.lose_all().starts_with("[{"));
}

#[test]
fn a_batch_that_the_owner_refuses_as_a_whole_is_not_waited_for() {
    let batch = json!([check(1)]);
    let mut memory = Memory::new(ReadOnly::new());
    memory.attach();
    assert_eq!(client(&mut memory, &batch), format!("{batch}\n"));
    assert!(memory.waits_for_nothing());
    let mut memory = session();
    for refused in [json!([]), vec![check(1); 1001].into()] {
        client(&mut memory, &refused);
    }
    client(&mut memory, &json!([{"method": "notifications/x"}, 7]));
    assert!(memory.waits_for_nothing());
}

/// A client that asks for this version, and sends a batch before it has its answer.
fn hasty(version: &str) -> (Memory, [Value; 2]) {
    let mut memory = Memory::new(["check_budget"].into());
    memory.attach();
    let params = json!({"protocolVersion": version});
    let initialize = json!({"id": 0, "method": "initialize", "params": params});
    let batch = json!([check(1), check(2)]);
    client(&mut memory, &initialize);
    assert_eq!(client(&mut memory, &batch), format!("{batch}\n"));
    (memory, [initialize, batch])
}

#[test]
fn a_batch_from_before_the_agreement_is_waited_for_where_the_version_asked_for_has_batches() {
    let (mut memory, said) = hasty("2025-03-26");
    memory.lose(Loss::Abrupt);
    assert_eq!(messages(memory.attach()), said);
    let agreed = json!({"id": 0, "result": {"protocolVersion": "2025-03-26"}});
    assert!(!owner(&mut memory, &agreed).is_empty());
    assert!(!memory.waits_for_nothing());
    let answer = json!([{"id": 1, "result": {}}, {"id": 2, "result": {}}]);
    assert_eq!(owner(&mut memory, &answer), format!("{answer}\n"));
    assert!(memory.waits_for_nothing());
}

#[test]
fn a_batch_from_before_an_agreement_without_batches_is_not_waited_for() {
    let agreed = |version| json!({"id": 0, "result": {"protocolVersion": version}});
    let refused = json!({"id": 0, "error": {"code": -32602, "message": "no"}});
    for (asked, answer) in [
        ("2025-06-18", agreed("2025-06-18")),
        ("2025-03-26", agreed("2025-11-25")),
        ("2025-03-26", refused),
    ] {
        let (mut memory, _) = hasty(asked);
        assert!(!owner(&mut memory, &answer).is_empty());
        assert!(memory.waits_for_nothing(), "{answer}");
        client(&mut memory, &json!([check(3)]));
        assert!(memory.waits_for_nothing(), "{answer}");
    }
}

#[test]
fn an_initialize_that_was_refused_is_not_repeated_to_a_new_owner() {
    let (mut memory, _) = hasty("2025-11-25");
    owner(
        &mut memory,
        &json!({"id": 0, "error": {"code": -32600, "message": "no"}}),
    );
    memory.lose(Loss::Abrupt);
    assert!(messages(memory.attach()).is_empty());
}

#[test]
fn answers_to_questions_find_their_owner_in_a_batch_too() {
    let mut memory = session();
    owner(
        &mut memory,
        &json!({"id": 0, "method": "elicitation/create"}),
    );
    memory.lose(Loss::Abrupt);
    memory.attach();
    let question = owner(
        &mut memory,
        &json!({"id": 0, "method": "elicitation/create"}),
    );
    let name = serde_json::from_str::<Value>(&question).unwrap()["id"].clone();
    let (dead, live) = (
        json!({"id": 0, "result": 1}),
        json!({"id": name, "result": 2}),
    );
    let passed = client(&mut memory, &json!([dead, check(1), live]));
    let passed: Value = serde_json::from_str(&passed).unwrap();
    assert_eq!(passed, json!([check(1), {"id": 0, "result": 2}]));
    memory.lose(Loss::Abrupt);
    assert_eq!(
        client(&mut memory, &json!([{"id": 9, "result": 1}])),
        "[{\"id\":9,\"result\":1}]\n"
    );
    let question = owner(
        &mut memory,
        &json!({"id": 1, "method": "elicitation/create"}),
    );
    let name = serde_json::from_str::<Value>(&question).unwrap()["id"].clone();
    memory.lose(Loss::Abrupt);
    assert_eq!(client(&mut memory, &json!([{"id": name, "result": 1}])), "");
}

#[test]
fn a_line_with_a_byte_order_mark_is_read_as_the_owner_reads_it() {
    let mut memory = Memory::new(ReadOnly::new());
    memory.attach();
    let text = r#"{"id":1,"method":"initialize"}"#;
    let line = format!("\u{feff} {text}\r\n");
    let mut out = Vec::new();
    memory.pass_to_owner(line.as_bytes(), &mut out);
    assert_eq!(out, line.as_bytes());
    let script = memory.attach();
    assert_eq!(script.first.as_deref(), Some(text.as_bytes()));
    memory.long_line_to_owner("\u{feff}{\"id\":2,\"method\":\"ping\"".as_bytes());
    assert!(memory.unanswered.has(&json!(2)));
}
