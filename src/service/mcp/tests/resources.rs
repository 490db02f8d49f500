//! Resources: lists, templates, reading, completion.

use super::{Raw, meta};
use crate::core::role::Role;
use crate::service::testing::save;
use serde_json::{Value, json};

#[tokio::test]
async fn the_fixed_resources_and_every_budget_are_listed_page_by_page() {
    let mut raw = Raw::session(Role::Viewer, "2025-11-25").await;
    for number in 0..450 {
        save(&raw.service, &format!("b{number:03}"), "many");
    }
    let mut uris: Vec<String> = Vec::new();
    let mut params = json!({});
    for page in 1..10 {
        let answer = raw.ask(page, "resources/list", params).await;
        let result = &answer["result"];
        assert!(result["ttlMs"].as_u64().unwrap() > 0);
        let resources = result["resources"].as_array().unwrap();
        uris.extend(
            resources
                .iter()
                .map(|it| it["uri"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = result.get("nextCursor") else {
            break;
        };
        params = json!({ "cursor": cursor });
    }
    assert_eq!(uris.len(), 2 + 451);
    assert_eq!(
        uris[..3],
        [
            "budget://status",
            "budget://alerts",
            "budget://budgets/b000"
        ]
    );
    let wrong = raw.ask(20, "resources/list", json!({"cursor": "x"})).await;
    assert_eq!(wrong["error"]["code"], -32602);

    let templates = raw.ask(21, "resources/templates/list", json!({})).await;
    let templates = templates["result"]["resourceTemplates"].as_array().unwrap();
    let uris: Vec<&Value> = templates.iter().map(|it| &it["uriTemplate"]).collect();
    assert_eq!(
        uris,
        [
            "budget://budgets/{id}",
            "budget://prices/{provider}/{model}"
        ]
    );
}

#[tokio::test]
async fn a_resource_is_what_its_tool_answers() {
    let mut raw = Raw::session(Role::Viewer, "2025-11-25").await;
    let budget = json!({"budget_id": "bud_1", "name": "team red"});
    for (id, (uri, expected)) in (1..).zip([
        ("budget://status", json!({ "budgets": [budget] })),
        ("budget://budgets/bud_1", json!({ "budgets": [budget] })),
        ("budget://alerts", json!({"alerts": []})),
        (
            "budget://prices/openrouter/meta%2Fllama%3Afree",
            json!({"provider": "openrouter", "model": "meta/llama:free"}),
        ),
    ]) {
        let answer = raw.ask(id, "resources/read", json!({ "uri": uri })).await;
        let contents = &answer["result"]["contents"][0];
        assert_eq!(contents["uri"], uri);
        assert_eq!(contents["mimeType"], "application/json");
        let text = contents["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), expected);
    }
}

#[tokio::test]
async fn a_resource_of_a_list_is_the_whole_of_it() {
    let mut raw = Raw::session(Role::Viewer, "2025-11-25").await;
    for number in 0..2_100 {
        save(&raw.service, &format!("b{number:04}"), "many");
    }
    let params = json!({"uri": "budget://status"});
    let answer = raw.ask(1, "resources/read", params).await;
    let text = answer["result"]["contents"][0]["text"].as_str().unwrap();
    let content: Value = serde_json::from_str(text).unwrap();
    assert_eq!(content["budgets"].as_array().unwrap().len(), 2_101);
    assert_eq!(content.get("next_cursor"), None);
}

#[tokio::test]
async fn what_is_not_there_has_the_code_of_its_protocol() {
    let missing = [
        "budget://budgets/bud_9",
        "budget://prices/openai/none",
        "budget://other",
        "no uri at all",
    ];
    let mut session = Raw::session(Role::Viewer, "2025-11-25").await;
    let mut stateless = Raw::new(Role::Viewer);
    for (id, uri) in (1..).zip(missing) {
        let answer = session
            .ask(id, "resources/read", json!({ "uri": uri }))
            .await;
        assert_eq!(answer["error"]["code"], -32002, "{uri}");
        let params = json!({"uri": uri, "_meta": meta(json!({}))});
        let answer = stateless.ask(id, "resources/read", params).await;
        assert_eq!(answer["error"]["code"], -32602, "{uri}");
    }
}

#[tokio::test]
async fn names_in_templates_are_completed() {
    let mut raw = Raw::session(Role::Viewer, "2025-11-25").await;
    save(&raw.service, "bud_7", "Team Blue");
    let budgets = "budget://budgets/{id}";
    let prices = "budget://prices/{provider}/{model}";
    let cases = [
        (budgets, "id", "", json!({}), json!(["bud_1", "bud_7"])),
        (budgets, "id", "blue", json!({}), json!(["bud_7"])),
        (
            prices,
            "provider",
            "OPEN",
            json!({}),
            json!(["openai", "openrouter"]),
        ),
        (prices, "provider", "x", json!({}), json!([])),
        (
            prices,
            "model",
            "",
            json!({}),
            json!(["gpt-5", "meta/llama:free", "o9"]),
        ),
        (
            prices,
            "model",
            "g",
            json!({"provider": "openai"}),
            json!(["gpt-5"]),
        ),
    ];
    for (id, (uri, name, value, arguments, expected)) in (1..).zip(cases) {
        let params = json!({
            "ref": {"type": "ref/resource", "uri": uri},
            "argument": {"name": name, "value": value},
            "context": {"arguments": arguments},
        });
        let answer = raw.ask(id, "completion/complete", params).await;
        let completion = &answer["result"]["completion"];
        assert_eq!(completion["values"], expected, "{name} {value:?}");
        assert_eq!(completion["hasMore"], false);
    }
    let wrong = [
        json!({"type": "ref/resource", "uri": "budget://other/{id}"}),
        json!({"type": "ref/prompt", "name": "x"}),
        json!({"type": "ref/resource", "uri": prices}),
    ];
    for (id, reference) in (10..).zip(wrong) {
        let params = json!({"ref": reference, "argument": {"name": "id", "value": ""}});
        let answer = raw.ask(id, "completion/complete", params).await;
        assert_eq!(answer["error"]["code"], -32602);
    }
}

#[tokio::test]
async fn a_long_completion_is_cut_at_a_hundred_and_says_so() {
    let mut raw = Raw::session(Role::Viewer, "2025-11-25").await;
    for number in 0..1500 {
        save(&raw.service, &format!("b{number:04}"), "many");
    }
    let params = json!({
        "ref": {"type": "ref/resource", "uri": "budget://budgets/{id}"},
        "argument": {"name": "id", "value": "many"},
    });
    let answer = raw.ask(1, "completion/complete", params).await;
    let completion = &answer["result"]["completion"];
    assert_eq!(completion["values"].as_array().unwrap().len(), 100);
    assert_eq!(completion["hasMore"], true);
    assert_eq!(completion["total"], 1500);
}
