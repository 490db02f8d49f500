//! The main job, by the client of rmcp: ask, hold, record, see what is left; for two clients at once, and for later ones.

use rmcp::model::CallToolRequestParams;
use rmcp::serve_client;
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};
use std::path::Path;

type Session = RunningService<RoleClient, ()>;

async fn session(data_dir: &Path, args: &[&str]) -> Session {
    let command = tokio::process::Command::from(super::client::command(data_dir, args));
    serve_client((), TokioChildProcess::new(command).unwrap())
        .await
        .unwrap()
}

async fn done(session: &Session, tool: &'static str, arguments: Value) -> Value {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object")
    };
    let request = CallToolRequestParams::new(tool).with_arguments(arguments);
    let answer = session.call_tool(request).await.unwrap();
    assert_eq!(answer.is_error, Some(false), "{tool}: {answer:?}");
    answer.structured_content.unwrap()
}

async fn money(session: &Session) -> Value {
    let status = done(session, "get_budget_status", json!({"budget_name": "team"})).await;
    let policy = &status["budgets"][0]["policies"][0];
    json!([
        policy["posted"]["cost_usd"],
        policy["held"]["cost_usd"],
        policy["available"]["cost_usd"]
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_see_the_same_money_and_a_later_one_too() {
    let dir = tempfile::tempdir().unwrap();
    let admin_args = ["--role", "admin", "--actor", "ada"];
    let (admin, agent) = tokio::join!(
        session(dir.path(), &admin_args),
        session(dir.path(), &["--component", "worker"]),
    );
    let policies = json!([{"period": "monthly", "limit_cost_usd": "1.00"}]);
    done(
        &admin,
        "save_budget",
        json!({"name": "team", "policies": policies}),
    )
    .await;

    let workload = json!({"model": "gpt-4o", "input_tokens": 1000, "max_output_tokens": 1000});
    let checked = done(&agent, "check_budget", workload.clone()).await;
    assert_eq!(checked["allowed"], true, "{checked}");
    assert_eq!(checked["estimated_cost_usd"], "0.0125");
    assert_eq!(money(&admin).await, json!(["0", "0", "1"]));

    let mut asked = workload;
    asked["request_id"] = json!("hold-1");
    let held = done(&agent, "allocate_budget", asked).await;
    assert_eq!(held["held_cost_usd"], "0.0125", "{held}");
    assert_eq!(money(&admin).await, json!(["0", "0.0125", "0.9875"]));

    let recorded = done(
        &agent,
        "record_usage",
        json!({
            "allocation_id": held["allocation_id"],
            "final": true,
            "request_id": "call-1",
            "model": "gpt-4o",
            "provider_usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 200,
                "total_tokens": 1200,
                "prompt_tokens_details": {"cached_tokens": 400},
            },
        }),
    )
    .await;
    // 600 at 2.50, 400 cached at 1.25, 200 at 10.00 a million.
    assert_eq!(recorded["records"][0]["cost_usd"], "0.004", "{recorded}");
    assert_eq!(recorded["records"][0]["overrun"], false);
    let left = json!(["0.004", "0", "0.996"]);
    assert_eq!(money(&admin).await, left);
    assert_eq!(money(&agent).await, left);

    admin.cancel().await.unwrap();
    agent.cancel().await.unwrap();
    let later = session(dir.path(), &["--role", "viewer"]).await;
    assert_eq!(money(&later).await, left);
    later.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_hold_says_what_would_fit_and_holds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let admin = session(dir.path(), &["--role", "admin"]).await;
    let policies = json!([{"period": "monthly", "limit_cost_usd": "1.00"}]);
    done(
        &admin,
        "save_budget",
        json!({"name": "team", "policies": policies}),
    )
    .await;
    let asked = json!({"model": "gpt-4o", "input_tokens": 1000, "max_output_tokens": 200_000});
    let denied = done(&admin, "allocate_budget", asked).await;
    assert_eq!(denied["allowed"], false, "{denied}");
    assert!(denied.get("allocation_id").is_none(), "{denied}");
    // What is left after 0.0025 of input, at 10.00 a million.
    assert_eq!(denied["fits"], 99_750, "{denied}");
    assert_eq!(money(&admin).await, json!(["0", "0", "1"]));
    admin.cancel().await.unwrap();
}
