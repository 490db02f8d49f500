//! A hold that has ended is known as long as the ledger is.

use super::*;
use crate::core::context::Context;
use crate::core::refusal::Code;
use crate::core::role::Role;
use crate::service::caller::Caller;
use crate::service::operations::testing::admin;

/// A client whose project is fixed.
fn of_project(project: &str) -> Caller {
    Caller {
        role: Role::Agent,
        fixed: Context {
            project: Some(project.into()),
            ..Context::default()
        },
        ..admin()
    }
}

/// A hold of apollo's that its last posting has ended.
async fn ended(house: &House) -> Value {
    budget(
        house,
        "apollo",
        json!({"project": "apollo"}),
        json!({"limit_cost_usd": "10"}),
    )
    .await;
    let ask = json!({"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 0, "project": "apollo"});
    let hold = house.done("allocate_budget", ask).await["allocation_id"].clone();
    let last = json!({"allocation_id": hold, "final": true, "provider_usage": {"prompt_tokens": 1000, "completion_tokens": 0}});
    house.done("record_usage", last).await;
    hold
}

/// Forgets the hold in either way.
async fn forget(house: &mut House, restart: bool) {
    if restart {
        house.restart();
    } else {
        house.checkpoint().await;
    }
    assert_eq!(house.desk.state().ended_allocations().count(), 0);
}

#[tokio::test]
async fn late_usage_of_an_ended_hold_has_its_model_and_its_context() {
    for restart in [false, true] {
        let mut house = House::new();
        let hold = ended(&house).await;
        forget(&mut house, restart).await;
        let late = json!({"allocation_id": hold, "provider_usage": {"prompt_tokens": 2000, "completion_tokens": 0}});
        let recorded = house.done("record_usage", late).await;
        assert_eq!(recorded["records"][0]["cost_usd"], "0.005");
        assert_eq!(recorded["records"][0]["allocation_closed"], hold);
        let named = json!({"allocation_id": hold, "provider": "openai", "model": "gpt-4o", "input_tokens": 1000});
        house.done("record_usage", named).await;
        let (posted, held) = standing(&house, "apollo").await;
        assert_eq!(
            (posted, held),
            (json!("0.01"), json!("0")),
            "after a restart: {restart}"
        );
    }
}

#[tokio::test]
async fn a_retry_is_a_duplicate_after_its_hold_has_ended() {
    for restart in [false, true] {
        let mut house = House::new();
        budget(&house, "all", json!({}), json!({"limit_cost_usd": "10"})).await;
        let ask = json!({"provider": "openai", "model": "gpt-4o", "tokens": 1000});
        let hold = house.done("allocate_budget", ask).await["allocation_id"].clone();
        let usage = json!({"allocation_id": hold, "final": true, "request_id": "one", "provider_usage": {"prompt_tokens": 1000, "completion_tokens": 0}});
        let first = house.done("record_usage", usage.clone()).await;
        forget(&mut house, restart).await;
        let again = house.done("record_usage", usage).await;
        assert_eq!(again["records"][0]["duplicate"], true);
        assert_eq!(
            again["records"][0]["record_id"],
            first["records"][0]["record_id"]
        );
        assert_eq!(standing(&house, "all").await.0, "0.0025");
    }
}

#[tokio::test]
async fn an_ended_hold_stays_its_owners() {
    for restart in [false, true] {
        let mut house = House::new();
        let hold = ended(&house).await;
        forget(&mut house, restart).await;
        let rhetor = of_project("rhetor");
        let usage = json!({"allocation_id": hold, "provider": "openai", "model": "gpt-4o", "input_tokens": 1000});
        for (tool, arguments) in [
            ("record_usage", usage),
            (
                "extend_allocation",
                json!({"allocation_id": hold, "ttl_seconds": 60}),
            ),
            ("release_allocation", json!({"allocation_id": hold})),
        ] {
            let refused = house.ask_as(&rhetor, tool, arguments.clone()).await;
            assert_eq!(refused.unwrap_err().code, Code::PermissionDenied, "{tool}");
            let own = house.ask_as(&of_project("apollo"), tool, arguments).await;
            if tool == "record_usage" {
                assert_eq!(own.unwrap()["records"][0]["allocation_closed"], hold);
            } else {
                assert_eq!(own.unwrap_err().code, Code::AllocationClosed, "{tool}");
            }
        }
    }
}

#[tokio::test]
async fn a_hold_that_never_was_is_not_found() {
    let house = House::new();
    // Event 1 is a budget.
    budget(&house, "all", json!({}), json!({"limit_cost_usd": "10"})).await;
    for never in ["all-1", "all-999"] {
        let usage = json!({"allocation_id": never, "provider": "openai", "model": "gpt-4o", "input_tokens": 1000});
        for (tool, arguments) in [
            ("record_usage", usage),
            (
                "extend_allocation",
                json!({"allocation_id": never, "ttl_seconds": 60}),
            ),
            ("release_allocation", json!({"allocation_id": never})),
        ] {
            let refused = house.ask(tool, arguments).await.unwrap_err();
            assert_eq!(refused.code, Code::NotFound, "{tool}");
            assert_eq!(refused.details["field"], "allocation_id", "{tool}");
        }
    }
    assert_eq!(standing(&house, "all").await.0, "0");
}

#[tokio::test]
async fn usage_that_names_the_model_of_its_hold_alone_is_of_its_provider() {
    let house = House::new();
    let asked =
        json!({"provider": "azure", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 0});
    let other = json!({"provider": "groq", "model": "llama-3.3-70b-versatile", "input_tokens": 1000, "output_tokens": 0});
    for (ask, used, of) in [
        (&asked, "gpt-4o", "azure"),
        (&asked, "gpt-4o-mini", "azure"),
        (&asked, "claude-3-haiku", "anthropic"),
        (&other, "llama-3.3-70b-versatile", "groq"),
    ] {
        let hold = house.done("allocate_budget", ask.clone()).await["allocation_id"].clone();
        let usage =
            json!({"allocation_id": hold, "model": used, "input_tokens": 1000, "final": true});
        let recorded = house.done("record_usage", usage).await;
        assert_eq!(recorded["records"][0]["cost_source"], "catalogue", "{used}");
        let said = house
            .done("audit_trail", json!({"kind": "usage_recorded"}))
            .await;
        let usage = &said["events"][0]["event"]["usage"];
        assert_eq!(
            (&usage["provider"], &usage["model"]),
            (&json!(of), &json!(used))
        );
    }
}

#[tokio::test]
async fn usage_of_a_hold_is_priced_as_the_release_that_was_held() {
    let mut house = House::new();
    let release = "gpt-4o-2027-01-01";
    let price = json!({"provider": "openai", "model": release, "reason": "list",
        "rates": {"standard": {"rates": {"input": "8", "output": "20"}}}});
    house.done("override_price", price).await;
    let ask = json!({"provider": "openai", "model": release, "input_tokens": 1_000_000, "output_tokens": 0});
    for _ in 0..2 {
        let hold = house.done("allocate_budget", ask.clone()).await;
        assert_eq!(hold["held_cost_usd"], "8", "{hold}");
        let id = hold["allocation_id"].clone();
        house.restart();
        let usage =
            json!({"prompt_tokens": 1_000_000, "completion_tokens": 0, "total_tokens": 1_000_000});
        let usage = json!({"allocation_id": id, "provider_usage": usage, "final": true});
        let recorded = house.done("record_usage", usage).await;
        assert_eq!(recorded["records"][0]["cost_usd"], "8", "{recorded}");
    }
    let said = house
        .done("audit_trail", json!({"kind": "usage_recorded"}))
        .await;
    assert_eq!(said["events"][0]["event"]["usage"]["model"], "gpt-4o");
    // Of one that has no price of its own yet, too.
    let later = "gpt-4o-2027-02-02";
    let ask = json!({"provider": "openai", "model": later, "input_tokens": 1_000_000, "output_tokens": 0});
    let hold = house.done("allocate_budget", ask).await;
    assert_eq!(hold["held_cost_usd"], "2.5", "{hold}");
    let price = json!({"provider": "openai", "model": "gpt-4o-20270202", "reason": "list",
        "rates": {"standard": {"rates": {"input": "9", "output": "20"}}}});
    assert_eq!(house.done("override_price", price).await["model"], later);
    let usage =
        json!({"allocation_id": hold["allocation_id"], "input_tokens": 1_000_000, "final": true});
    let recorded = house.done("record_usage", usage).await;
    assert_eq!(recorded["records"][0]["cost_usd"], "9", "{recorded}");
}

#[tokio::test]
async fn usage_stays_with_the_model_of_its_hold_whatever_a_response_names() {
    let house = House::new();
    let policies = json!([{"enforcement": "hard_limit", "period": "daily", "limit_cost_usd": "1"}]);
    let budget = json!({"name": "A", "scope": {"provider": "openai", "model": "gpt-4o"}, "policies": policies});
    house.done("save_budget", budget).await;
    let ask = json!({"provider": "openai", "model": "gpt-4o", "input_tokens": 200_000, "output_tokens": 0});
    let usage = json!({"prompt_tokens": 200_000, "completion_tokens": 0, "total_tokens": 200_000});
    let response = json!({"model": "gpt-4o-2024-08-06", "usage": usage});
    for allowed in [true, true, false] {
        let hold = house.done("allocate_budget", ask.clone()).await;
        assert_eq!(hold["allowed"], allowed, "{hold}");
        if allowed {
            let usage = json!({"allocation_id": hold["allocation_id"], "provider_usage": response, "final": true});
            house.done("record_usage", usage).await;
        }
    }
}
