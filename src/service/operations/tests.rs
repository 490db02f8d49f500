//! What holds of every operation, and of several at once, over a ledger in memory.

use super::testing::House;
use super::{TOOLS, find};
use crate::core::refusal::{Code, Refusal};
use crate::core::role::Role;
use crate::service::Service;
use crate::service::caller::Caller;
use crate::service::contract::{Annotations, input_schema, output_schema};
use crate::service::operation::{Call, Tool};
use serde_json::{Map, Value, json};
use std::sync::Arc;

fn admin() -> Call {
    Call::new(Caller {
        role: Role::Admin,
        ..Caller::default()
    })
}

/// The arguments of every object within a schema, with a list in its place, and the name of its field.
fn lists_for_objects(schema: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let within = |found: &mut Vec<_>, inner: &Value, path: &str, wrap: &dyn Fn(Value) -> Value| {
        let Some(inner) = inner.as_object() else {
            return;
        };
        if inner.get("type") == Some(&json!("object")) {
            found.push((path.to_owned(), wrap(json!([]))));
        }
        for (rest, value) in lists_for_objects(inner) {
            let joint = if rest.starts_with('[') { "" } else { "." };
            found.push((format!("{path}{joint}{rest}"), wrap(value)));
        }
    };
    if let Some(Value::Object(fields)) = schema.get("properties") {
        for (name, inner) in fields {
            within(&mut found, inner, name, &|value| json!({ name: value }));
        }
    }
    if let Some(inner) = schema.get("items") {
        within(&mut found, inner, "[0]", &|value| json!([value]));
    }
    if let Some(inner) = schema.get("additionalProperties") {
        // The one map of objects is by service tier.
        within(&mut found, inner, "batch", &|value| json!({"batch": value}));
    }
    found
}

async fn refused(tool: &Tool, arguments: Value) -> Refusal {
    let service = Arc::new(Service::for_tests());
    tool.run(service, admin(), arguments).await.unwrap_err()
}

#[tokio::test]
async fn a_list_is_taken_for_no_object_at_any_depth() {
    let mut tried = Vec::new();
    for tool in TOOLS {
        let name = tool.contract.name;
        for (field, arguments) in lists_for_objects(&input_schema(tool)) {
            let refusal = refused(tool, arguments.clone()).await;
            assert_eq!(refusal.code, Code::InvalidArgument, "{name}: {arguments}");
            assert_eq!(refusal.details["field"], field, "{name}: {refusal}");
            assert!(refusal.message.contains("an object"), "{name}: {refusal}");
            tried.push(format!("{name} {field}"));
        }
    }
    for known in [
        "record_usage records[0]",
        "save_budget scope",
        "save_budget policies[0]",
        "override_price rates.standard.long_prompts[0]",
        "override_price rates.service_tiers.batch.rates",
        "usage_report filters",
    ] {
        assert!(tried.iter().any(|it| it == known), "{known}: {tried:#?}");
    }
}

/// Walks every schema within one.
fn each(schema: &Map<String, Value>, path: &str, look: &mut dyn FnMut(&str, &Map<String, Value>)) {
    look(path, schema);
    for keyword in ["properties", "patternProperties"] {
        for (name, inner) in schema
            .get(keyword)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if let Some(inner) = inner.as_object() {
                each(inner, &format!("{path}/{name}"), look);
            }
        }
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(Value::Object(inner)) = schema.get(keyword) {
            each(inner, &format!("{path}/{keyword}"), look);
        }
    }
}

#[test]
fn every_schema_has_one_type_in_each_place_and_no_alternatives() {
    for tool in TOOLS {
        let name = tool.contract.name;
        for (side, schema) in [("in", input_schema(tool)), ("out", output_schema(tool))] {
            each(&schema, &format!("{name} {side}"), &mut |path, schema| {
                let kind = schema.get("type");
                assert!(kind.is_none_or(Value::is_string), "{path}: {kind:?}");
                for word in ["anyOf", "oneOf", "allOf", "not", "$ref"] {
                    assert!(!schema.contains_key(word), "{path}: {word}");
                }
            });
        }
    }
}

#[test]
fn what_an_operation_always_asks_for_is_published_as_needed() {
    let required = |name: &str| input_schema(find(name).unwrap())["required"].clone();
    assert_eq!(required("check_budget"), json!(["model"]));
    assert_eq!(required("estimate_cost"), json!(["model"]));
    assert_eq!(required("request_increase"), json!(["policy_id", "reason"]));
    assert_eq!(required("adjust_usage"), json!(["reason"]));
}

#[test]
fn every_operation_that_changes_something_takes_a_request_id() {
    for tool in TOOLS {
        let name = tool.contract.name;
        let takes = input_schema(tool)["properties"].get("request_id").is_some();
        let gives = output_schema(tool);
        assert_eq!(takes, !Annotations::of(tool).read_only_hint, "{name}");
        let says = gives["properties"].get("duplicate").is_some();
        assert_eq!(says, takes && name != "record_usage", "{name}");
    }
}

#[test]
fn the_hints_promise_no_more_than_is_so() {
    let hints = |name: &str| {
        let hints = Annotations::of(find(name).unwrap());
        (
            hints.read_only_hint,
            hints.destructive_hint,
            hints.idempotent_hint,
        )
    };
    assert_eq!(hints("check_budget"), (true, false, true));
    // The same call again, without a request_id, holds and records again.
    assert_eq!(hints("allocate_budget"), (false, false, false));
    assert_eq!(hints("record_usage"), (false, false, false));
    for overwrites in ["save_budget", "save_policy", "override_price"] {
        assert_eq!(hints(overwrites), (false, true, false), "{overwrites}");
    }
    for ends in ["archive_budget", "remove_policy", "release_allocation"] {
        assert_eq!(hints(ends), (false, true, true), "{ends}");
    }
}

#[tokio::test]
async fn a_check_refuses_what_a_hold_would() {
    let house = House::new();
    let tags: Map<String, Value> = (0..200).map(|n| (n.to_string(), json!("x"))).collect();
    let cases = [
        ("cost_usd", json!("-5")),
        ("component", json!("")),
        ("component", json!("x".repeat(10_000))),
        ("component", json!("a\n")),
        ("tags", json!({"": "x"})),
        ("tags", tags.into()),
        ("requests", json!(2_000_000_000_000_u64)),
        ("max_output_tokens", json!(1_u64 << 63)),
    ];
    for (field, value) in cases {
        let mut arguments = json!({"model": "gpt-4o", "input_tokens": 1});
        arguments[field] = value;
        let mut said = Vec::new();
        for tool in ["check_budget", "allocate_budget"] {
            let refusal = house.ask(tool, arguments.clone()).await.unwrap_err();
            assert_eq!(refusal.code, Code::InvalidArgument, "{tool} {field}");
            assert_eq!(refusal.details["field"], field, "{tool}: {refusal}");
            said.push(refusal);
        }
        assert_eq!(said[0], said[1]);
    }
}

#[tokio::test]
async fn a_field_is_named_with_what_it_expects() {
    let house = House::new();
    let cases = [
        (
            "check_budget",
            json!({"model": "gpt-4o", "input_tokens": 1, "service_tier": 5}),
            "service_tier: expects one of standard, batch, flex, priority, got the number `5`",
        ),
        (
            "save_policy",
            json!({"budget_id": "bud-1", "enforcement": []}),
            "enforcement: expects one of ignore, warn, soft_limit, hard_limit, got a list",
        ),
        (
            "check_budget",
            json!({"model": "gpt-4o", "priority": -1}),
            "priority: expects a whole number from 1 to 10, got the number `-1`",
        ),
        (
            "check_budget",
            json!({"model": "gpt-4o", "priority": 256}),
            "priority: expects a whole number from 1 to 10, got the number `256`",
        ),
        (
            "allocate_budget",
            json!({"tokens": 5, "ttl_seconds": -1}),
            "ttl_seconds: expects a whole number from 1 to 2678400, got the number `-1`",
        ),
        (
            "allocate_budget",
            json!({"tokens": 5, "ttl_seconds": 2_678_401}),
            "ttl_seconds: expects a whole number from 1 to 2678400, got the number `2678401`",
        ),
        (
            "list_budgets",
            json!({"limit": 0}),
            "limit: expects a whole number from 1 to 1000, got the number `0`",
        ),
        (
            "list_alerts",
            json!({"kind": "limit_exceded"}),
            "kind: \"limit_exceded\" is not a value here; did you mean limit_exceeded? The values are \
             threshold_warning, threshold_action, limit_exceeded, overrun, critical_bypass, increase_requested, \
             cost_unknown, price_changed, price_held_back, source_failed, source_outvoted",
        ),
        (
            "get_price",
            json!({"model": ""}),
            "model: expects a text that is not empty",
        ),
        (
            "estimate_cost",
            json!({"model": "x".repeat(10_000), "input_tokens": 1}),
            "model: expects at most 256 bytes, and has 10000",
        ),
        (
            "check_budget",
            json!({"model": "gpt-4o", "max_output_tokens": 1_u64 << 63}),
            "max_output_tokens: expects at most 10^12",
        ),
        (
            "record_usage",
            json!({"records": [
                {"model": "gpt-4o", "input_tokens": 1},
                {"model": "gpt-4o", "input_tokens": 1, "component": 5},
            ]}),
            "records[1].component: expects a string, got the number `5`",
        ),
    ];
    for (tool, arguments, message) in cases {
        let refusal = house.ask(tool, arguments).await.unwrap_err();
        assert_eq!(refusal.code, Code::InvalidArgument, "{tool}: {refusal}");
        assert_eq!(refusal.message, message, "{tool}");
        let field = message.split(':').next().unwrap();
        assert_eq!(refusal.details["field"], field);
    }
    let refusal = house
        .ask("audit_trail", json!({"kind": "budget_save"}))
        .await;
    let message = refusal.unwrap_err().message;
    assert!(message.contains("did you mean budget_saved?"), "{message}");
    for (rates, field) in [
        (json!({"inpt": "1"}), "rates.standard.rates.inpt"),
        (json!({"input": 1}), "rates.standard.rates.input"),
    ] {
        let arguments = json!({
            "provider": "p", "model": "m", "reason": "r", "rates": {"standard": {"rates": rates}},
        });
        let refusal = house.ask("override_price", arguments).await.unwrap_err();
        assert_eq!(refusal.details["field"], field, "{refusal}");
    }
}

#[tokio::test]
async fn calls_alone_are_a_workload_of_what_is_sold_by_the_call() {
    let house = House::new();
    let call = json!({"provider": "cohere", "model": "rerank-v3.5", "requests": 3});
    let cost = house.done("estimate_cost", call.clone()).await;
    assert_eq!(cost["lines"][0]["unit"], "request", "{cost}");
    assert_eq!(cost["lines"][0]["count"], 3);
    let checked = house.done("check_budget", call.clone()).await;
    assert_eq!(checked["estimated_cost_usd"], cost["cost_usd"]);
    let held = house.done("allocate_budget", call).await;
    assert_eq!(held["held_cost_usd"], cost["cost_usd"]);
    // Of a model that is sold by the token they say nothing of what it costs.
    let chat = json!({"model": "gpt-4o", "requests": 1});
    for tool in ["estimate_cost", "check_budget", "allocate_budget"] {
        let refusal = house.ask(tool, chat.clone()).await.unwrap_err();
        assert_eq!(
            refusal.details["field"], "input_tokens",
            "{tool}: {refusal}"
        );
    }
}

#[tokio::test]
async fn a_policy_that_nothing_has_used_is_in_the_status_with_its_whole_limit() {
    let house = House::new();
    let policies = json!([{"period": "per_session", "limit_tokens": 5000}]);
    let saved = house
        .done("save_budget", json!({"name": "team", "policies": policies}))
        .await;
    let policy = &saved["budget"]["policies"][0]["policy_id"];
    let status = house
        .done("get_budget_status", json!({"budget_name": "team"}))
        .await;
    let counters = status["budgets"][0]["policies"].as_array().unwrap();
    assert_eq!(counters.len(), 1, "{status}");
    assert_eq!(counters[0]["policy_id"], *policy);
    assert_eq!(counters[0]["available"]["tokens"], 5000);
    assert_eq!(counters[0].get("counts_for"), None);
    assert_eq!(counters[0]["state"], "ok");

    let usage = json!({"model": "gpt-4o", "input_tokens": 100, "session_id": "s1"});
    house.done("record_usage", usage).await;
    let status = house
        .done("get_budget_status", json!({"budget_name": "team"}))
        .await;
    let counters = status["budgets"][0]["policies"].as_array().unwrap();
    assert_eq!(counters.len(), 1, "{status}");
    assert_eq!(counters[0]["counts_for"], "s1");
    assert_eq!(counters[0]["available"]["tokens"], 4900);
}

#[tokio::test]
async fn an_alert_about_a_session_says_which() {
    let house = House::new();
    let policies = json!([
        {"period": "per_session", "limit_tokens": 100, "enforcement": "warn"},
        {"period": "daily", "limit_tokens": 100, "enforcement": "warn"},
    ]);
    house
        .done("save_budget", json!({"name": "team", "policies": policies}))
        .await;
    let usage = json!({"model": "gpt-4o", "input_tokens": 85, "session_id": "run-1"});
    house.done("record_usage", usage).await;
    let listed = house.done("list_alerts", json!({})).await;
    let alerts = listed["alerts"].as_array().unwrap();
    assert_eq!(alerts.len(), 2, "{listed}");
    let of_session = alerts.iter().filter(|alert| alert["counts_for"] == "run-1");
    assert_eq!(of_session.count(), 1, "{listed}");
    let of_day = alerts
        .iter()
        .filter(|alert| alert.get("counts_for").is_none());
    assert_eq!(of_day.count(), 1, "{listed}");
}

#[tokio::test]
async fn a_scope_may_be_given_short_and_comes_back_as_it_is_published() {
    let house = House::new();
    let scope = json!({"project": "apollo", "model": ["gpt-*", "o3"], "tags": {"team": "red"}});
    let saved = house
        .done("save_budget", json!({"name": "team", "scope": scope}))
        .await;
    assert_eq!(
        saved["budget"]["scope"],
        json!({"project": ["apollo"], "model": ["gpt-*", "o3"], "tags": {"team": ["red"]}})
    );
}

#[tokio::test]
async fn a_price_of_a_time_before_all_that_is_known_is_said_to_be_one() {
    let house = House::new();
    let now = house.done("get_price", json!({"model": "gpt-4o"})).await;
    assert_eq!(now.get("earliest_known"), None);
    let then = json!({"model": "gpt-4o", "at": "1999-01-01T00:00:00Z"});
    let then = house.done("get_price", then).await;
    assert_eq!(then["earliest_known"], true, "{then}");
}

#[tokio::test]
async fn the_alternatives_to_an_unknown_model_are_models_that_chat() {
    let house = House::new();
    let policies = json!([{"period": "daily", "limit_cost_usd": "1"}]);
    house
        .done("save_budget", json!({"name": "team", "policies": policies}))
        .await;
    let call = json!({
        "provider": "nowhere", "model": "nomodel", "input_tokens": 1000, "max_output_tokens": 1000,
    });
    let checked = house.done("check_budget", call).await;
    assert_eq!(checked["allowed"], false);
    let others = checked["alternatives"].as_array().unwrap();
    assert!(!others.is_empty(), "{checked}");
    for other in others {
        let (provider, model) = (&other["provider"], &other["model"]);
        let price = house
            .done("get_price", json!({"provider": provider, "model": model}))
            .await;
        assert!(price["rates"]["standard"]["rates"].get("output").is_some());
        let name = model.as_str().unwrap();
        for task in ["flux", "guard", "ocr", "embed", "bge-", "tts"] {
            assert!(!name.contains(task), "{other}");
        }
    }
}

#[tokio::test]
async fn what_is_not_found_is_not_echoed_at_length() {
    let house = House::new();
    let refusal = house
        .ask(
            "get_budget_status",
            json!({"budget_name": "x".repeat(100_000)}),
        )
        .await
        .unwrap_err();
    assert_eq!(refusal.code, Code::NotFound);
    let text = serde_json::to_string(&refusal).unwrap();
    assert!(text.len() < 500, "{}", text.len());
    assert!(refusal.message.ends_with("list_budgets names them"));
}
