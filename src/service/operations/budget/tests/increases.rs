//! More is asked of a policy that the caller's charges can meet.

use super::*;
use crate::core::context::Context;
use crate::core::refusal::Code;
use crate::core::role::Role;
use crate::service::caller::Caller;
use crate::service::operations::testing::admin;

#[tokio::test]
async fn more_of_anothers_budget_is_not_asked_for() {
    let house = House::new();
    let parent = json!({"name": "house", "scope": {"project": "none"}, "policies": [{"period": "daily", "limit_cost_usd": "10"}]});
    let parent = house.done("save_budget", parent).await["budget"].clone();
    let child = json!({"name": "rhetor", "parent_id": parent["budget_id"], "scope": {"project": ["rhetor", "other"]}, "policies": [{"period": "daily", "limit_cost_usd": "1"}]});
    let own = house.done("save_budget", child).await["budget"]["policies"][0]["policy_id"].clone();
    let above = parent["policies"][0]["policy_id"].clone();
    let limit = json!({"limit_cost_usd": "1"});
    let others = budget(
        &house,
        "apollo",
        json!({"project": "apollo"}),
        limit.clone(),
    )
    .await;
    let by_tag = budget(
        &house,
        "red",
        json!({"tags": {"team": "red"}}),
        limit.clone(),
    )
    .await;
    let all = budget(&house, "all", json!({}), limit.clone()).await;
    let model = budget(
        &house,
        "model",
        json!({"model": "gpt-*", "user": "ann"}),
        limit,
    )
    .await;
    let rhetor = Caller {
        role: Role::Agent,
        fixed: Context {
            project: Some("rhetor".into()),
            tags: [("team".into(), "blue".into())].into(),
            ..Context::default()
        },
        ..admin()
    };
    for (policy, meets) in [
        (&own, true),
        (&above, true),
        (&others, false),
        (&by_tag, false),
        (&all, true),
        (&model, true),
    ] {
        let ask = json!({"policy_id": policy, "cost_usd": "1", "reason": "more work"});
        let asked = house.ask_as(&rhetor, "request_increase", ask.clone()).await;
        match asked {
            Ok(_) => assert!(meets, "{policy}"),
            Err(refusal) => {
                assert!(!meets, "{policy}: {refusal}");
                assert_eq!(refusal.code, Code::PermissionDenied);
            }
        }
        house.done("request_increase", ask).await;
    }
}
