//! `tools/list` and `tools/call`.

use super::{Raw, refusal};
use crate::core::role::Role;
use crate::service::mcp::list_bytes;
use crate::service::testing::TOOLS;
use serde_json::{Value, json};

async fn names(role: Role) -> Vec<String> {
    let mut raw = Raw::session(role, "2025-11-25").await;
    let list = raw.ask(1, "tools/list", json!({})).await;
    let tools = list["result"]["tools"].as_array().unwrap();
    let name = |tool: &Value| tool["name"].as_str().unwrap().to_owned();
    tools.iter().map(name).collect()
}

#[tokio::test]
async fn a_role_sees_its_tools_by_toolset_and_then_as_declared() {
    assert_eq!(
        names(Role::Viewer).await,
        [
            "get_budget_status",
            "list_budgets",
            "list_alerts",
            "get_price",
            "search_models"
        ]
    );
    let agent = names(Role::Agent).await;
    assert_eq!(agent[0], "check_budget");
    assert!(!agent.contains(&"save_budget".to_owned()));
    assert_eq!(names(Role::Admin).await.len(), TOOLS.len());
}

#[tokio::test]
async fn a_listed_tool_says_what_it_takes_gives_and_does() {
    let mut raw = Raw::session(Role::Admin, "2025-11-25").await;
    let list = raw.ask(1, "tools/list", json!({})).await;
    let tools = list["result"]["tools"].as_array().unwrap();
    let tool = |name: &str| tools.iter().find(|tool| tool["name"] == name).unwrap();
    let hints = |name: &str| {
        let hints = &tool(name)["annotations"];
        [
            "readOnlyHint",
            "destructiveHint",
            "idempotentHint",
            "openWorldHint",
        ]
        .map(|hint| hints[hint].as_bool().unwrap())
    };
    assert_eq!(hints("check_budget"), [true, false, true, false]);
    assert_eq!(hints("save_budget"), [false, false, false, false]);
    assert_eq!(hints("archive_budget"), [false, true, true, false]);
    assert_eq!(
        tool("check_budget")["inputSchema"],
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "provider": {"type": "string", "description": "Who sells it."},
                "model": {"type": "string", "description": "Its name."},
                "input_tokens": {
                    "type": "integer", "minimum": 0, "default": 0, "description": "The input.",
                },
            },
            "required": ["provider", "model"],
        })
    );
    assert_eq!(tool("record_usage")["outputSchema"]["type"], "object");
    // What is measured has `resultType` and no cache hints, a session's list the hints.
    let bytes = list["result"].to_string().len();
    assert!(bytes.abs_diff(list_bytes(&TOOLS, Role::Admin).unwrap()) < 100);
}

#[tokio::test]
async fn the_list_has_one_page() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    let answer = raw.ask(1, "tools/list", json!({"cursor": "x"})).await;
    assert_eq!(answer["error"]["code"], -32602);
    raw.send(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}))
        .await;
    assert!(raw.next().await["result"]["tools"].is_array());
}

#[tokio::test]
async fn a_refusal_is_a_tool_error_for_people_and_programs() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    let arguments = json!({"budget_id": "bud_9"});
    let answer = raw.call(1, "get_budget_status", arguments).await;
    let result = &answer["result"];
    assert_eq!(result["isError"], true);
    assert_eq!(
        result["content"][0]["text"],
        "not_found: there is no budget bud_9"
    );
    assert_eq!(
        refusal(&answer),
        json!({
            "code": "not_found",
            "message": "there is no budget bud_9",
            "details": {"budget": "bud_9"},
        })
    );
    let answer = raw.call(2, "save_budget", json!({})).await;
    assert_eq!(
        answer["result"]["content"][0]["text"],
        "permission_denied: save_budget needs the role admin; this client has agent"
    );
}

#[tokio::test]
async fn bad_arguments_are_a_tool_error_that_names_the_field() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    let cases = [
        (json!({}), "provider", "is missing"),
        (json!(null), "provider", "is missing"),
        (json!([]), "arguments", "expects an object"),
        (
            json!({"provider": "a", "model": "b", "tokens": 1}),
            "tokens",
            "input_tokens",
        ),
        (
            json!({"provider": "a", "model": 5}),
            "model",
            "expects a string",
        ),
        (
            json!({"provider": "a", "model": "b", "input_tokens": -5}),
            "input_tokens",
            "a whole number of at least 0, got the number `-5`",
        ),
    ];
    for (id, (arguments, field, says)) in (1..).zip(cases) {
        let answer = raw.call(id, "check_budget", arguments).await;
        let content = refusal(&answer);
        assert_eq!(content["code"], "invalid_argument");
        assert_eq!(content["details"]["field"], field);
        assert!(
            content["message"].as_str().unwrap().contains(says),
            "{content}"
        );
    }
    let twice = r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"check_budget","arguments":{"provider":"a","provider":"b","model":"c"}}}"#;
    raw.write(format!("{twice}\n").as_bytes()).await;
    let answer = raw.next().await;
    assert_eq!(refusal(&answer)["message"], "provider: is given twice");
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error_that_names_the_near_ones() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    let answer = raw.call(1, "budget_check", json!({})).await;
    assert_eq!(answer["error"]["code"], -32602);
    assert_eq!(
        answer["error"]["message"],
        "there is no tool \"budget_check\"; did you mean check_budget?"
    );
    let long = raw.call(2, &"x".repeat(10_000), json!({})).await;
    assert!(long["error"]["message"].as_str().unwrap().len() < 200);
}

#[tokio::test]
async fn an_operation_that_panics_is_answered() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    let answer = raw.call(1, "panic", json!({})).await;
    assert_eq!(refusal(&answer)["code"], "unavailable");
    assert_eq!(raw.ask(2, "ping", json!({})).await["result"], json!({}));
}

#[tokio::test]
async fn many_calls_at_once_are_each_answered_once() {
    let mut raw = Raw::session(Role::Agent, "2025-11-25").await;
    let arguments = json!({"provider": "a", "model": "b"});
    for id in 1..=1000 {
        let params = json!({"name": "check_budget", "arguments": arguments});
        raw.send(json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}))
            .await;
    }
    let mut ids: Vec<u64> = raw
        .end()
        .await
        .iter()
        .map(|answer| answer["id"].as_u64().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=1000).collect::<Vec<_>>());
}
