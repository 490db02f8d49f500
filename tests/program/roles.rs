//! What a role may do, and what a configuration fixes.

use super::client::{Client, save_budget};
use serde_json::{Value, json};

fn tools(client: &mut Client) -> (Vec<String>, usize) {
    let answer = client.ask("tools/list", &json!({}));
    let tools = answer["result"]["tools"].as_array().unwrap();
    let names = tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap().to_owned());
    (names.collect(), answer.to_string().len())
}

fn has(tools: &[String], name: &str) -> bool {
    tools.iter().any(|tool| tool == name)
}

#[test]
fn a_role_sees_the_tools_that_it_may_call() {
    let dir = tempfile::tempdir().unwrap();
    let listed: Vec<_> = ["viewer", "agent", "operator", "admin"]
        .map(|role| tools(&mut Client::session(dir.path(), &["--role", role])).0)
        .into();
    let [viewer, agent, operator, admin] = &listed[..] else {
        unreachable!()
    };
    for pair in listed.windows(2) {
        assert!(pair[0].len() < pair[1].len(), "{pair:?}");
        assert!(pair[0].iter().all(|tool| has(&pair[1], tool)), "{pair:?}");
    }
    assert!(has(viewer, "get_budget_status") && !has(viewer, "record_usage"));
    assert!(has(agent, "allocate_budget") && !has(agent, "adjust_usage"));
    assert!(has(operator, "adjust_usage") && !has(operator, "save_budget"));
    assert!(has(admin, "save_budget") && has(admin, "override_price"));

    let mut silent = Client::session(dir.path(), &[]);
    let (names, size) = tools(&mut silent);
    assert_eq!(
        names, *agent,
        "an agent unless told otherwise, in the same order"
    );
    let meta = json!({"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }});
    let stateless = silent.ask("tools/list", &meta).to_string().len();
    for size in [size, stateless] {
        assert!(size < 31_950, "{size} bytes of tools for an agent");
    }
}

#[test]
fn an_agent_can_not_raise_its_own_limit() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    let budget = save_budget(&mut admin, "team", "1.00");
    let mut agent = Client::session(dir.path(), &[]);
    let policy = &budget["policies"][0]["policy_id"];
    let raised =
        json!({"budget_id": budget["budget_id"], "policy_id": policy, "limit_cost_usd": "9"});
    let calls = [
        ("save_budget", json!({"name": "mine"})),
        ("save_policy", raised),
        (
            "remove_policy",
            json!({"policy_id": policy, "reason": "in the way"}),
        ),
        (
            "archive_budget",
            json!({"budget_id": budget["budget_id"], "reason": "in the way"}),
        ),
    ];
    for (tool, arguments) in calls {
        let refused = agent.call(tool, &arguments);
        assert_eq!(refused["code"], "permission_denied", "{tool}: {refused}");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains("admin"), "{message}");
    }
    let listed = admin.done("list_budgets", &json!({}));
    assert_eq!(listed["budgets"], json!([budget]));
}

#[test]
fn a_fixed_context_fills_what_is_left_out_and_refuses_another() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    let policies = json!([{"period": "total", "limit_cost_usd": "1.00"}]);
    for component in ["x", "y"] {
        let scope = json!({"component": [component]});
        let budget = json!({"name": component, "scope": scope, "policies": policies});
        admin.done("save_budget", &budget);
    }
    let mut agent = Client::session(dir.path(), &["--component", "x"]);
    let silent = json!({"model": "gpt-4o", "input_tokens": 1, "reported_cost_usd": "0.25"});
    agent.done("record_usage", &silent);
    for tool in ["record_usage", "check_budget", "allocate_budget"] {
        let claim = json!({"model": "gpt-4o", "input_tokens": 1, "component": "y"});
        let refused = agent.call(tool, &claim);
        assert_eq!(refused["code"], "permission_denied", "{tool}: {refused}");
        assert!(
            refused["message"].as_str().unwrap().contains("component"),
            "{refused}"
        );
    }
    let mut own = silent;
    own["component"] = json!("x");
    agent.done("record_usage", &own);
    assert_eq!(posted(&mut admin, "x"), "0.5");
    assert_eq!(posted(&mut admin, "y"), "0");
}

fn posted(client: &mut Client, budget: &str) -> Value {
    super::client::policy_status(client, budget)["posted"]["cost_usd"].clone()
}

#[test]
fn a_client_with_a_fixed_context_has_no_use_of_a_hold_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut admin, "team", "10.00");
    let silent = json!({"model": "gpt-4o", "tokens": 10, "cost_usd": "1.00"});
    let mut free = Client::session(dir.path(), &[]);
    let hold = &free.done("allocate_budget", &silent)["allocation_id"].clone();
    let mut fixed = Client::session(dir.path(), &["--component", "x"]);
    let record = json!({
        "allocation_id": hold, "model": "gpt-4o", "input_tokens": 1, "reported_cost_usd": "0.25", "final": true
    });
    let calls = [
        ("release_allocation", json!({"allocation_id": hold})),
        (
            "extend_allocation",
            json!({"allocation_id": hold, "ttl_seconds": 60}),
        ),
        ("record_usage", record.clone()),
    ];
    for (tool, arguments) in calls {
        let refused = fixed.call(tool, &arguments);
        assert_eq!(refused["code"], "permission_denied", "{tool}: {refused}");
    }
    let own = &fixed.done("allocate_budget", &silent)["allocation_id"].clone();
    fixed.done("release_allocation", &json!({"allocation_id": own}));
    free.done("record_usage", &record);
}
