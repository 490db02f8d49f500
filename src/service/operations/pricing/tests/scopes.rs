//! Limits on models and providers, while prices change what their names mean.

use super::names::set;
use super::*;
use crate::core::command::{KeepScope, PolicyDraft, SaveBudget};
use crate::core::period::Period;
use crate::core::policy::Limits;
use crate::core::scope::{Scope, Values};
use crate::service::scoping::{Coming, Scopes, rename};

pub(super) async fn outdated(house: &House) -> Vec<KeepScope> {
    let scopes = Scopes::of(&house.desk).await;
    scopes.outdated(&house.desk.prices(), house.desk.now())
}

#[tokio::test]
async fn a_scope_of_an_older_program_is_renamed_and_holds() {
    let house = House::new();
    let call = Call::new(Caller {
        role: Role::Admin,
        ..Caller::default()
    });
    let scope = Scope {
        provider: Values::new(["InHouse".to_owned()]),
        ..Scope::default()
    };
    let saved = SaveBudget {
        name: Some("A".to_owned()),
        scope: Some(scope),
        policies: vec![PolicyDraft {
            period: Some(Period::Total),
            limits: Limits {
                tokens: Some(10),
                ..Limits::default()
            },
            ..PolicyDraft::default()
        }],
        ..SaveBudget::default()
    };
    let command = Command::SaveBudget(Box::new(saved));
    house.desk.give(&call, None, None, command).await.unwrap();
    let check =
        json!({"provider": "InHouse", "model": "zz", "input_tokens": 1000, "output_tokens": 0});
    assert_eq!(
        house.done("check_budget", check.clone()).await["allowed"],
        true
    );
    let found = outdated(&house).await;
    assert_eq!(found.len(), 1);
    rename(&house.desk, found).await.unwrap();
    assert_eq!(house.done("check_budget", check).await["allowed"], false);
    assert_eq!(outdated(&house).await, []);
}

/// Whether a call of a million tokens is let through.
pub(super) async fn is_allowed(house: &House, provider: Option<&str>, model: &str) -> Value {
    let call = json!({"provider": provider, "model": model, "input_tokens": 1_000_000, "output_tokens": 1});
    let checked = house.done("check_budget", call).await;
    assert_ne!(checked["policies"], json!([]), "{provider:?} {model}");
    checked["allowed"].clone()
}

#[tokio::test]
async fn a_limit_on_a_model_holds_once_its_price_is_known_under_another_writing() {
    let mut house = House::new();
    let limit = json!([{"enforcement": "hard_limit", "period": "total", "limit_cost_usd": "1"}]);
    for (name, model) in [
        ("A", "my-deployment"),
        ("B", "My-Deploy*"),
        ("C", "my-model-20260101"),
        ("D", "azure/My-Other@2026-01-01"),
    ] {
        let budget = json!({"name": name, "scope": {"model": model}, "policies": limit});
        house.done("save_budget", budget).await;
    }
    let calls = [
        (Some("azure"), "my-deployment"),
        (Some("Azure"), "MY-DEPLOYMENT"),
        (Some("azure"), "my-model@20260101"),
        (None, "azure/my-other-20260101"),
    ];
    // Nobody knows what they cost, so that a hard limit of cost lets none through.
    for (provider, model) in calls {
        assert_eq!(is_allowed(&house, provider, model).await, false);
    }
    for model in ["My-Deployment", "my-model-2026-01-01", "My-Other-20260101"] {
        house.done("override_price", set("azure", model)).await;
    }
    for _ in 0..2 {
        for (provider, model) in calls {
            assert_eq!(is_allowed(&house, provider, model).await, false);
        }
        house.restart();
    }
    assert_eq!(outdated(&house).await, []);
}

/// A model that openrouter sells under its whole name, and its company once a price is known there.
const WHOLE: &str = "01-ai/yi-large";

/// Saves a budget of one request of that model.
async fn one_request(house: &House) -> Value {
    let limit = json!([{"enforcement": "hard_limit", "period": "total", "limit_requests": 1}]);
    let budget = json!({"name": "A", "scope": {"model": WHOLE}, "policies": limit});
    let saved = house.done("save_budget", budget).await;
    saved["budget"]["budget_id"].clone()
}

/// A refresh, or a person, gives the company's own model a price, under a name that the scope does not have yet.
fn own_price() -> PriceProposal {
    PriceProposal {
        provider: "01-ai".into(),
        model: "Yi-Large".into(),
        present: None,
        ..proposal("2026-11-24T10:00:00Z")
    }
}

/// A person approves that.
async fn approve_own_price(house: &House) {
    let held = PriceProposal {
        hold: Some(holding("2", "8")),
        ..own_price()
    };
    house.change(held).await;
    let list = json!({"action": "list"});
    let listed = house.done("review_price_changes", list).await;
    let id = &listed["changes"][0]["change_id"];
    let approve = json!({"action": "approve", "change_id": id, "reason": "so it is"});
    house.done("review_price_changes", approve).await;
}

/// Uses the one request; no other is let through, neither by a hold nor by a check.
async fn is_used_up(house: &House) {
    let usage = json!({"model": WHOLE, "input_tokens": 1000});
    let recorded = house.done("record_usage", usage).await;
    assert_eq!(recorded["records"][0]["overrun"], false, "{recorded}");
    for (provider, model) in [(None, WHOLE), (Some("01-ai"), "yi-large")] {
        assert_eq!(is_allowed(house, provider, model).await, false, "{model}");
    }
    assert_eq!(outdated(house).await, []);
}

#[tokio::test]
async fn a_limit_holds_when_an_override_changes_what_its_name_means() {
    let house = House::new();
    one_request(&house).await;
    let set = set("01-ai", "yi-large");
    house.done("override_price", set).await;
    let meant = house.done("get_price", json!({"model": WHOLE})).await;
    assert_eq!(meant["provider"], "01_ai");
    is_used_up(&house).await;
}

#[tokio::test]
async fn a_limit_holds_when_an_override_begins_later() {
    let house = House::new();
    one_request(&house).await;
    let mut set = set("01-ai", "yi-large");
    set["effective_from"] = json!("2026-11-24T13:00:00Z");
    house.done("override_price", set).await;
    house.pass(SignedDuration::from_hours(2));
    is_used_up(&house).await;
}

#[tokio::test]
async fn a_limit_holds_when_an_approval_changes_what_its_name_means() {
    let house = House::new();
    one_request(&house).await;
    approve_own_price(&house).await;
    is_used_up(&house).await;
}

#[tokio::test]
async fn a_limit_that_was_archived_holds_for_what_its_name_means_by_now() {
    let house = House::new();
    let id = one_request(&house).await;
    let id = json!({"budget_id": id, "reason": "so it is"});
    house.done("archive_budget", id.clone()).await;
    let applied = PriceProposal {
        apply: Some(applying("2", "8")),
        ..own_price()
    };
    house.change(applied).await;
    house.done("save_budget", id).await;
    is_used_up(&house).await;
}

#[tokio::test]
async fn a_refresh_knows_which_scopes_it_will_leave_behind() {
    let house = House::new();
    one_request(&house).await;
    let applied = PriceProposal {
        apply: Some(applying("2", "8")),
        ..own_price()
    };
    let (prices, now) = (house.desk.prices(), house.desk.now());
    let scopes = Scopes::of(&house.desk).await;
    assert_eq!(scopes.outdated(&prices, now), []);
    let coming = Coming::of_a_refresh(&prices, std::slice::from_ref(&applied), &[]);
    let outdated = scopes.outdated_by(coming, &prices, now);
    let [keep] = outdated.as_slice() else {
        panic!("{outdated:?}")
    };
    assert!(keep.to.model.iter().any(|model| model == "Yi-Large"));
    rename(&house.desk, outdated).await.unwrap();
    house.change(applied).await;
    is_used_up(&house).await;
}

#[tokio::test]
async fn a_scope_that_was_changed_meanwhile_stays_as_it_is() {
    let house = House::new();
    let id = one_request(&house).await;
    let seen = Scopes::of(&house.desk).await;
    let changed = json!({"budget_id": id, "scope": {"model": "gpt-4o"}});
    house.done("save_budget", changed).await;
    house
        .change(PriceProposal {
            apply: Some(applying("2", "8")),
            ..own_price()
        })
        .await;
    let outdated = seen.outdated(&house.desk.prices(), house.desk.now());
    assert_eq!(outdated.len(), 1);
    let sequence = house.desk.state().sequence();
    rename(&house.desk, outdated).await.unwrap();
    assert_eq!(house.desk.state().sequence(), sequence);
}

/// A scope of as many names as it may have, one of which will get another.
#[tokio::test]
async fn a_full_scope_keeps_the_names_that_prices_add() {
    let house = House::new();
    let limit = json!([{"enforcement": "hard_limit", "period": "total", "limit_requests": 1}]);
    let mut models: Vec<_> = (0..1022).map(|place| format!("m-{place}")).collect();
    models.push(WHOLE.to_owned());
    let budget = json!({"name": "A", "scope": {"model": models}, "policies": limit});
    house.done("save_budget", budget).await;
    approve_own_price(&house).await;
    is_used_up(&house).await;
    // And it can be changed in all else, or saved as it is.
    let owner = json!({"budget_id": "bud-1", "owner": "ann"});
    let budget = &house.done("save_budget", owner).await["budget"];
    let again = json!({"budget_id": "bud-1", "scope": budget["scope"]});
    house.done("save_budget", again).await;
}

/// The names that a model has beside the one that is given are no more for who gives it.
#[tokio::test]
async fn as_many_models_are_given_as_may_be_whatever_names_they_have() {
    let house = House::new();
    let models = |many: usize| (0..many).map(|place| format!("foo/M-{place}"));
    let given =
        |many: usize| json!({"name": "A", "scope": {"model": models(many).collect::<Vec<_>>()}});
    let saved = house.done("save_budget", given(640)).await;
    let kept = saved["budget"]["scope"]["model"].as_array().unwrap().len();
    assert!(kept > 1024, "{kept}");
    let refused = house.ask("save_budget", given(1025)).await.unwrap_err();
    assert!(
        refused
            .message
            .contains("at most 1024 values, and has 1025"),
        "{refused}"
    );
}

/// What a scope is kept as.
async fn kept(house: &House, more: Value) -> Value {
    let mut budget = json!({"budget_id": "bud-1"});
    if more["scope"].is_object() {
        budget["scope"] = more["scope"].clone();
    }
    let saved = house.done("save_budget", budget).await;
    saved["budget"]["scope"]["model"].clone()
}

#[tokio::test]
async fn a_scope_that_is_narrowed_covers_no_other_model() {
    let house = House::new();
    let first = json!(["openrouter/anthropic/claude-opus-4.5", "gemini-3.6-flash"]);
    let budget = json!({"name": "A", "scope": {"model": first}});
    house.done("save_budget", budget).await;
    let all = kept(&house, json!({})).await;
    let reseller = json!([
        "anthropic/claude-opus-4.5",
        "openrouter/anthropic/claude-opus-4.5"
    ]);
    let narrow = json!({"scope": {"model": reseller}});
    assert_eq!(kept(&house, narrow).await, reseller, "{all}");
    // What is given for the first time is taken at its word.
    let given = json!({"scope": {"model": ["claude-opus-4.5"]}});
    let given = kept(&house, given).await;
    assert_eq!(given, json!(["claude-opus-4-5", "claude-opus-4.5"]));
}

#[tokio::test]
async fn a_pattern_of_all_that_a_provider_has_is_refused() {
    let house = House::new();
    for (model, provider, fits) in [
        ("openai/*", None, false),
        ("openai:*", None, false),
        ("openai/*", Some("openrouter"), true),
        ("meta-llama/*", None, true),
        ("openai/gpt-4*", None, true),
        ("*", None, true),
    ] {
        let mut budget = json!({"name": model, "scope": {"model": model}});
        if let Some(provider) = provider {
            budget["scope"]["provider"] = json!(provider);
        }
        let saved = house.ask("save_budget", budget).await;
        assert_eq!(saved.is_ok(), fits, "{model} {provider:?} {saved:?}");
    }
}
