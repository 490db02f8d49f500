//! Both lives of the protocol, in all of its versions.

use super::{Raw, caller, meta};
use crate::core::role::Role;
use crate::service::mcp::serve;
use crate::service::testing::{TOOLS, service};
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, Implementation, ProtocolVersion,
};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt};
use serde_json::json;

#[tokio::test]
async fn a_session_of_every_version_is_opened_and_served() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut raw = Raw::new(Role::Agent);
        let welcome = raw.initialize(version, json!({})).await;
        let result = &welcome["result"];
        assert_eq!(result["protocolVersion"], version);
        assert_eq!(result["serverInfo"]["name"], "tekton-budget");
        assert_eq!(result["serverInfo"]["title"], "Tekton Budget");
        assert_eq!(result["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
        let instructions = result["instructions"].as_str().unwrap();
        for word in [
            "allocate_budget",
            "check_budget",
            "record_usage",
            "provider_usage",
            "allocation_id",
            "final",
            "request_id",
            "fits",
            "alternatives",
            "retry_at",
            "request_increase",
        ] {
            assert!(instructions.contains(word), "{word}");
        }
        assert!(result.get("resultType").is_none());

        let arguments = json!({"provider": "openai", "model": "gpt-5"});
        let answer = raw.call(1, "check_budget", arguments).await;
        let result = &answer["result"];
        assert_eq!(result["structuredContent"], json!({"allowed": true}));
        assert_eq!(result["content"][0]["text"], "done");
        let second = &result["content"][1]["text"];
        if version < "2025-06-18" {
            assert_eq!(*second, r#"{"allowed":true}"#);
        } else {
            assert!(second.is_null(), "{version}");
        }
        assert_eq!(raw.ask(2, "ping", json!({})).await["result"], json!({}));
        assert!(raw.end().await.is_empty());
    }
}

#[tokio::test]
async fn a_version_that_nobody_knows_is_offered_the_newest_session() {
    for version in ["1999-01-01", "2026-07-28", "2099-01-01"] {
        let mut raw = Raw::new(Role::Agent);
        let welcome = raw.initialize(version, json!({})).await;
        assert_eq!(welcome["result"]["protocolVersion"], "2025-11-25");
    }
}

#[tokio::test]
async fn the_stateless_life_is_discovered_and_served() {
    let mut raw = Raw::new(Role::Agent);
    let found = raw
        .ask(1, "server/discover", json!({"_meta": meta(json!({}))}))
        .await;
    let result = &found["result"];
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["supportedVersions"].as_array().unwrap().len(), 5);
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "tekton-budget"
    );
    assert!(result["ttlMs"].as_u64().unwrap() > 0);

    let list = raw
        .ask(2, "tools/list", json!({"_meta": meta(json!({}))}))
        .await;
    assert_eq!(list["result"]["cacheScope"], "private");
    assert!(list["result"]["ttlMs"].as_u64().unwrap() > 0);
    let call = json!({
        "name": "check_budget",
        "arguments": {"provider": "openai", "model": "gpt-5", "input_tokens": 5000},
        "_meta": meta(json!({})),
    });
    let answer = raw.ask(3, "tools/call", call).await;
    assert_eq!(answer["result"]["structuredContent"]["allowed"], false);
    assert_eq!(answer["result"]["resultType"], "complete");

    let bare = raw.ask(4, "tools/list", json!({})).await;
    assert_eq!(bare["error"]["code"], -32602);
    let mut other = meta(json!({}));
    other["io.modelcontextprotocol/protocolVersion"] = "2099-01-01".into();
    let other = raw.ask(5, "tools/list", json!({ "_meta": other })).await;
    assert_eq!(other["error"]["code"], -32022);
    assert!(raw.end().await.is_empty());
}

#[tokio::test]
async fn a_client_that_only_discovers_may_still_open_a_session() {
    let mut raw = Raw::new(Role::Agent);
    let discover = json!({"_meta": meta(json!({}))});
    raw.ask(1, "server/discover", discover).await;
    let welcome = raw.initialize("2025-11-25", json!({})).await;
    assert_eq!(welcome["result"]["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn who_was_served_without_a_session_is_refused_one_and_served_on() {
    let mut raw = Raw::new(Role::Agent);
    let list = json!({"_meta": meta(json!({}))});
    assert!(raw.ask(1, "tools/list", list.clone()).await["result"].is_object());
    let refused = raw.initialize("2025-11-25", json!({})).await;
    assert_eq!(refused["error"]["code"], -32600);
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("initialize") && message.contains("params._meta"));
    assert!(raw.ask(2, "tools/list", list).await["result"].is_object());
    assert!(raw.end().await.is_empty());
}

#[tokio::test]
async fn a_second_initialize_is_answered_and_harms_nothing() {
    let mut raw = Raw::session(Role::Agent, "2025-06-18").await;
    let again = raw.initialize("2026-07-28", json!({})).await;
    assert_eq!(again["result"]["protocolVersion"], "2025-11-25");
    let answer = raw
        .call(1, "check_budget", json!({"provider": "a", "model": "b"}))
        .await;
    assert_eq!(answer["result"]["isError"], false);
}

#[tokio::test]
async fn the_client_of_rmcp_is_served_in_every_version() {
    for version in ProtocolVersion::KNOWN_VERSIONS {
        let (theirs, ours) = tokio::io::duplex(64 << 10);
        let (reader, writer) = tokio::io::split(ours);
        let serving = serve(service(), &TOOLS, caller(Role::Agent), reader, writer);
        let served = tokio::spawn(serving);
        let config = ClientConfig::new(
            ClientCapabilities::default(),
            Implementation::new("rmcp", "1"),
        )
        .with_protocol_version(version.clone());
        let lifecycle = if version.has_initialize() {
            ClientLifecycleMode::Initialize
        } else {
            ClientLifecycleMode::Discover {
                preferred_versions: vec![version.clone()],
            }
        };
        let client = config
            .serve_with_lifecycle(theirs, lifecycle)
            .await
            .unwrap();
        let agreed = client.peer_info().map(|info| info.protocol_version.clone());
        assert_eq!(agreed.as_ref(), Some(version));
        let tools = client.list_all_tools().await.unwrap();
        assert_eq!(tools.len(), 10, "{version}");
        let mut arguments = serde_json::Map::new();
        arguments.insert("provider".into(), "openai".into());
        arguments.insert("model".into(), "gpt-5".into());
        let call = CallToolRequestParams::new("check_budget").with_arguments(arguments);
        let result = client.call_tool(call).await.unwrap();
        assert_eq!(result.structured_content, Some(json!({"allowed": true})));
        client.cancel().await.unwrap();
        served.await.unwrap().unwrap();
    }
}
