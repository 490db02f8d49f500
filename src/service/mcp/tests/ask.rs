//! Questions to the person, in both lives.

use super::{Raw, caller, meta};
use crate::core::role::Role;
use crate::service::mcp::serve;
use crate::service::testing::{TOOLS, service};
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult,
    ElicitationAction, Implementation, ProtocolVersion,
};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RequestContext};
use rmcp::{ClientHandler, ErrorData, RoleClient};
use serde_json::{Value, json};

fn arguments() -> Value {
    json!({"provider": "openai", "model": "gpt-5"})
}

/// A client in a session, which is about to be asked: it has called for more under the id 1.
async fn asked(version: &str, capabilities: Value) -> Raw {
    let mut raw = Raw::new(Role::Agent);
    raw.initialize(version, capabilities).await;
    let params = json!({"name": "request_increase", "arguments": arguments()});
    raw.send(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
        .await;
    raw
}

#[tokio::test]
async fn a_session_is_asked_by_requests() {
    let mut raw = asked("2025-06-18", json!({"elicitation": {}})).await;
    for (part, action) in [("first", "accept"), ("second", "decline")] {
        let question = raw.next().await;
        assert_eq!(question["method"], "elicitation/create");
        let message = question["params"]["message"].as_str().unwrap();
        assert_eq!(message, format!("Grant more for gpt-5, {part} part?"));
        let schema = &question["params"]["requestedSchema"];
        assert_eq!(schema["properties"]["grant"]["type"], "boolean");
        let mut result = json!({ "action": action });
        if action == "accept" {
            result["content"] = json!({"grant": true});
        }
        raw.send(json!({"jsonrpc": "2.0", "id": question["id"], "result": result}))
            .await;
    }
    let answer = raw.next().await;
    assert_eq!(
        answer["result"]["structuredContent"]["replies"],
        json!([{"grant": true}, "Declined"])
    );
}

#[tokio::test]
async fn a_client_that_errs_or_answers_nonsense_could_not_ask() {
    let mut raw = asked("2025-11-25", json!({"elicitation": {"form": {}}})).await;
    let question = raw.next().await;
    let error = json!({"code": -32601, "message": "no"});
    raw.send(json!({"jsonrpc": "2.0", "id": question["id"], "error": error}))
        .await;
    let question = raw.next().await;
    raw.send(json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "dance"}}))
        .await;
    let answer = raw.next().await;
    assert_eq!(
        answer["result"]["structuredContent"]["replies"],
        json!(["Unsupported", "Unsupported"])
    );
}

#[tokio::test]
async fn a_stateless_client_is_asked_by_rounds_and_its_answers_are_kept() {
    let mut raw = Raw::new(Role::Agent);
    let mut params = json!({
        "name": "request_increase",
        "arguments": arguments(),
        "_meta": meta(json!({"elicitation": {}})),
    });
    for (id, part) in [(1, "first"), (2, "second")] {
        let answer = raw.ask(id, "tools/call", params.clone()).await;
        let result = &answer["result"];
        assert_eq!(result["resultType"], "input_required");
        let requests = result["inputRequests"].as_object().unwrap();
        let (key, request) = requests.iter().next().unwrap();
        assert_eq!(request["method"], "elicitation/create");
        let message = request["params"]["message"].as_str().unwrap();
        assert_eq!(message, format!("Grant more for gpt-5, {part} part?"));
        let reply = json!({"action": "accept", "content": {"grant": part == "first"}});
        params["inputResponses"] = json!({ key: reply });
        params["requestState"] = result.get("requestState").cloned().unwrap_or_default();
    }
    let answer = raw.ask(3, "tools/call", params.clone()).await;
    assert_eq!(
        answer["result"]["structuredContent"]["replies"],
        json!([{"grant": true}, {"grant": false}])
    );
    // An answer to one question is none to another.
    params["arguments"]["model"] = "o9".into();
    let answer = raw.ask(4, "tools/call", params).await;
    assert_eq!(answer["result"]["resultType"], "input_required");
}

#[tokio::test]
async fn who_can_not_ask_is_not_asked() {
    for capabilities in [json!({}), json!({"elicitation": {"url": {}}})] {
        let mut raw = Raw::new(Role::Agent);
        raw.initialize("2025-11-25", capabilities.clone()).await;
        let answer = raw.call(1, "request_increase", arguments()).await;
        let reply = &answer["result"]["structuredContent"]["reply"];
        assert_eq!(*reply, "nobody to ask");

        let mut raw = Raw::new(Role::Agent);
        let params = json!({
            "name": "request_increase", "arguments": arguments(), "_meta": meta(capabilities),
        });
        let answer = raw.ask(1, "tools/call", params).await;
        let reply = &answer["result"]["structuredContent"]["reply"];
        assert_eq!(*reply, "nobody to ask");
    }
}

#[tokio::test]
async fn a_question_ends_with_its_client() {
    let mut raw = asked("2025-11-25", json!({"elicitation": {}})).await;
    raw.next().await;
    let rest = raw.end().await;
    let replies = &rest[0]["result"]["structuredContent"]["replies"];
    assert_eq!(*replies, json!(["Cancelled", "Cancelled"]));
}

#[tokio::test]
async fn a_question_is_taken_back_with_the_call_that_asked_it() {
    let mut raw = asked("2025-11-25", json!({"elicitation": {}})).await;
    let question = raw.next().await;
    let cancelled =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    raw.send(cancelled).await;
    let taken_back = raw.next().await;
    assert_eq!(taken_back["method"], "notifications/cancelled");
    assert_eq!(taken_back["params"]["requestId"], question["id"]);
}

/// A person who grants the first part only.
struct Person;

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(capabilities, Implementation::new("person", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else {
            panic!("a form");
        };
        let grant = json!({"grant": message.contains("first")});
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(grant))
    }
}

#[tokio::test]
async fn the_person_behind_rmcps_client_is_asked_in_its_life() {
    let (theirs, ours) = tokio::io::duplex(64 << 10);
    let (reader, writer) = tokio::io::split(ours);
    let serving = serve(service(), &TOOLS, caller(Role::Agent), reader, writer);
    let served = tokio::spawn(serving);
    let lifecycle = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::LATEST],
    };
    let client = Person
        .serve_with_lifecycle(theirs, lifecycle)
        .await
        .unwrap();
    let version = client.peer_info().map(|info| info.protocol_version.clone());
    assert_eq!(version, Some(ProtocolVersion::LATEST));
    let Value::Object(arguments) = arguments() else {
        panic!("an object");
    };
    let call = CallToolRequestParams::new("request_increase").with_arguments(arguments);
    let result = client.call_tool(call).await.unwrap();
    assert_eq!(
        result.structured_content.unwrap()["replies"],
        json!([{"grant": true}, {"grant": false}])
    );
    client.cancel().await.unwrap();
    served.await.unwrap().unwrap();
}
