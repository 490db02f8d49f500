//! Arguments that can't be: each refusal names its field and what it expects, and leaves nothing behind.

use super::client::{Client, policy_status, save_budget};
use serde_json::{Value, json};

/// One budget's policy with one more field.
fn policy(field: &str, value: &Value) -> Value {
    let mut policy = json!({"period": "daily", "limit_cost_usd": "1"});
    policy[field] = value.clone();
    json!({"name": "wrong", "policies": [policy]})
}

/// A usage with one more field.
fn usage(field: &str, value: &Value) -> Value {
    let mut usage = json!({"model": "gpt-4o", "input_tokens": 1});
    usage[field] = value.clone();
    usage
}

/// What a time looks like.
const EXAMPLE: &str =
    "expects a date and time with its offset, such as \"2026-05-01T12:30:00Z\", got";

/// Calls, the field that each refusal names, and a part of what it says.
#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let long = json!("x".repeat(10_000));
    let beyond: Value = serde_json::from_str("18446744073709551616").unwrap();
    let mut backwards = policy("start", &json!("2026-02-01T00:00:00Z"));
    backwards["policies"][0]["end"] = json!("2026-01-01T00:00:00Z");
    vec![
        (
            "save_budget",
            json!({"nam": "x"}),
            "nam",
            "did you mean name",
        ),
        (
            "save_budget",
            policy("limit_cots_usd", &json!("1")),
            "policies[0].limit_cots_usd",
            "limit_cost_usd",
        ),
        ("save_budget", json!({"name": ""}), "name", "not empty"),
        ("save_budget", json!({"name": long}), "name", "at most"),
        ("save_budget", json!({"name": 7}), "name", "expects"),
        (
            "save_budget",
            policy("time_zone", &json!("Mars/Olympus")),
            "policies[0].time_zone",
            "IANA",
        ),
        (
            "save_budget",
            policy("time_zone", &json!("Etc/Unknown")),
            "policies[0].time_zone",
            "IANA",
        ),
        (
            "save_budget",
            policy("time_zone", &json!("localtime")),
            "policies[0].time_zone",
            "IANA",
        ),
        (
            "save_budget",
            policy("limit_cost_usd", &json!("NaN")),
            "policies[0].limit_cost_usd",
            "decimal",
        ),
        (
            "save_budget",
            policy("limit_cost_usd", &json!(" 1")),
            "policies[0].limit_cost_usd",
            "such as \"0.25\"",
        ),
        (
            "save_budget",
            policy("limit_cost_usd", &json!("+1")),
            "policies[0].limit_cost_usd",
            "such as \"0.25\"",
        ),
        (
            "override_price",
            json!({"provider": "xai", "model": "grok-x", "reason": "test",
                "rates": {"standard": {"rates": {"input": "-0", "output": "1"}}}}),
            "rates.standard.rates.input",
            "minus sign",
        ),
        (
            "save_budget",
            policy("limit_cost_usd", &json!("-1")),
            "policies[0].limit_cost_usd",
            "",
        ),
        (
            "save_budget",
            policy("limit_cost_usd", &json!("Infinity")),
            "policies[0].limit_cost_usd",
            "decimal",
        ),
        (
            "save_budget",
            policy("period", &json!("fortnightly")),
            "policies[0].period",
            "weekly",
        ),
        ("save_budget", backwards, "policies[0].end", "after start"),
        (
            "record_usage",
            usage("input_tokens", &json!(-1)),
            "input_tokens",
            "at least 0",
        ),
        (
            "record_usage",
            usage("input_tokens", &json!("many")),
            "input_tokens",
            "whole number",
        ),
        (
            "record_usage",
            usage("input_tokens", &json!(1.5)),
            "input_tokens",
            "whole number",
        ),
        (
            "record_usage",
            usage("input_tokens", &json!(u64::MAX)),
            "input_tokens",
            "at most",
        ),
        (
            "record_usage",
            usage("input_tokens", &beyond),
            "input_tokens",
            "at most",
        ),
        (
            "record_usage",
            usage("reported_cost_usd", &json!("NaN")),
            "reported_cost_usd",
            "decimal",
        ),
        (
            "record_usage",
            usage("reported_cost_usd", &json!("1e400")),
            "reported_cost_usd",
            "",
        ),
        (
            "record_usage",
            usage("model", &json!("")),
            "model",
            "not empty",
        ),
        ("record_usage", usage("model", &long), "model", "at most"),
        (
            "record_usage",
            usage("component", &long),
            "component",
            "at most",
        ),
        (
            "record_usage",
            usage("request_id", &long),
            "request_id",
            "256 bytes",
        ),
        (
            "record_usage",
            usage("occurred_at", &json!("2999-01-01T00:00:00Z")),
            "occurred_at",
            "",
        ),
        (
            "record_usage",
            usage("occurred_at", &json!("yesterday")),
            "occurred_at",
            EXAMPLE,
        ),
        (
            "record_usage",
            usage("occurred_at", &json!("2026-02-30T00:00:00Z")),
            "occurred_at",
            EXAMPLE,
        ),
        (
            "record_usage",
            usage("occurred_at", &json!("2026-02-20T00:00:00")),
            "occurred_at",
            EXAMPLE,
        ),
        (
            "record_usage",
            usage("occurred_at", &json!(1_700_000_000)),
            "occurred_at",
            EXAMPLE,
        ),
        (
            "record_usage",
            json!({"records": [usage("occurred_at", &json!("yesterday"))]}),
            "records[0].occurred_at",
            EXAMPLE,
        ),
        (
            "save_budget",
            policy("start", &json!("soon")),
            "policies[0].start",
            EXAMPLE,
        ),
        ("usage_report", json!({"from": "May"}), "from", EXAMPLE),
        ("get_budget_status", json!({"at": ""}), "at", EXAMPLE),
        ("audit_trail", json!({"since": "May"}), "since", EXAMPLE),
        (
            "get_price",
            json!({"model": "gpt-4o", "at": "now"}),
            "at",
            EXAMPLE,
        ),
        (
            "record_usage",
            usage("priority", &json!(11)),
            "priority",
            "",
        ),
        (
            "allocate_budget",
            json!({"cost_usd": "NaN"}),
            "cost_usd",
            "decimal",
        ),
        (
            "allocate_budget",
            json!({"cost_usd": "0.1", "ttl_seconds": -1}),
            "ttl_seconds",
            "expects",
        ),
        (
            "allocate_budget",
            usage("input_tokens", &json!(u64::MAX)),
            "input_tokens",
            "at most",
        ),
        ("allocate_budget", usage("model", &long), "model", "at most"),
        ("check_budget", usage("model", &long), "model", "at most"),
        (
            "check_budget",
            usage("input_tokens", &json!(null)),
            "input_tokens",
            "",
        ),
    ]
}

#[test]
fn each_refusal_names_the_field_and_what_it_expects() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    let budget = save_budget(&mut admin, "all", "1.00");
    let mut wrong = Vec::new();
    for (tool, arguments, field, part) in cases() {
        let refused = admin.call(tool, &arguments);
        let message = refused["message"].as_str().unwrap_or_default();
        let named = refused["code"] == "invalid_argument" && refused["details"]["field"] == field;
        if !named || !message.contains(part) || message.len() > 1000 {
            let mut shown = refused.to_string();
            shown.truncate(400);
            wrong.push(format!("{tool} {field}: {shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        admin.done("list_budgets", &json!({}))["budgets"],
        json!([budget])
    );
    assert_eq!(policy_status(&mut admin, "all")["posted"]["cost_usd"], "0");
}

#[test]
fn one_bad_record_refuses_all_of_its_call() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut admin, "all", "1.00");
    let records = json!([
        usage("reported_cost_usd", &json!("0.5")),
        usage("input_tokens", &json!(-1))
    ]);
    let refused = admin.call("record_usage", &json!({"records": records}));
    assert_eq!(refused["code"], "invalid_argument", "{refused}");
    assert_eq!(
        refused["details"]["field"], "records[1].input_tokens",
        "{refused}"
    );
    assert_eq!(policy_status(&mut admin, "all")["posted"]["cost_usd"], "0");
}

#[test]
fn a_parent_that_makes_a_circle_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    let top = save_budget(&mut admin, "top", "1.00")["budget_id"].clone();
    let below = admin.done("save_budget", &json!({"name": "below", "parent_id": top}));
    let below = &below["budget"]["budget_id"];
    for parent in [&top, below] {
        let circle = json!({"budget_id": top, "name": "top", "parent_id": parent});
        let refused = admin.call("save_budget", &circle);
        assert_eq!(refused["code"], "invalid_argument", "{refused}");
        assert_eq!(refused["details"]["field"], "parent_id", "{refused}");
    }
    let nobody = json!({"name": "lost", "parent_id": "bud-999"});
    assert_eq!(admin.call("save_budget", &nobody)["code"], "not_found");
}

#[test]
fn an_unknown_model_is_denied_with_the_way_out_and_recorded_in_full() {
    let dir = tempfile::tempdir().unwrap();
    let mut admin = Client::session(dir.path(), &["--role", "admin"]);
    save_budget(&mut admin, "all", "1.00");
    let asked = json!({"model": "nobody-has-this", "input_tokens": 10, "max_output_tokens": 5});
    for tool in ["check_budget", "allocate_budget"] {
        let denied = admin.done(tool, &asked);
        assert_eq!(denied["allowed"], false, "{tool}: {denied}");
        let reasons = denied["reasons"].to_string();
        assert!(reasons.contains("override_price"), "{tool}: {reasons}");
    }
    let spent = json!({"model": "nobody-has-this", "input_tokens": 10, "output_tokens": 5});
    let recorded = admin.done("record_usage", &spent);
    assert_eq!(
        recorded["records"][0]["cost_source"], "unknown",
        "{recorded}"
    );
    let mut given = asked;
    given["cost_usd"] = json!("0.25");
    let allowed = admin.done("allocate_budget", &given);
    assert_eq!(allowed["held_cost_usd"], "0.25", "{allowed}");
}

#[test]
fn a_configured_name_that_no_call_could_carry_ends_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let long = "x".repeat(300);
    for (arguments, variable) in [
        (["--actor", ""], None),
        (["--actor", "a\nb"], None),
        (["--user", &*long], None),
        (["--tag", "team="], None),
        (["--role", "agent"], Some(("TEKTON_BUDGET_USER", ""))),
        (["--role", "agent"], Some(("TEKTON_BUDGET_PROJECT", &*long))),
    ] {
        let mut command = super::client::command(dir.path(), &arguments);
        if let Some((name, value)) = variable {
            command.env(name, value);
        }
        let ended = command.output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(
            ended.status.code(),
            Some(2),
            "{arguments:?} {variable:?}: {said}"
        );
        assert!(said.contains("expects"), "{said}");
    }
}
