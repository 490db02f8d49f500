//! Limits on models and providers, by whatever name a call has for them.

use super::scopes::{is_allowed, outdated};
use super::*;

#[tokio::test]
async fn a_limit_on_a_provider_holds_for_all_that_calls_by_its_name_mean() {
    let house = House::new();
    let limit = json!([{"enforcement": "hard_limit", "period": "total", "limit_tokens": 10}]);
    let of =
        |provider: &str| json!({"name": "A", "scope": {"provider": provider}, "policies": limit});
    for (provider, model) in [
        ("azure", "mistral-small-2503"),
        ("google", "codestral-2501"),
        ("bedrock", "openai.gpt-5.6-sol"),
    ] {
        let saved = house.done("save_budget", of(provider)).await;
        let allowed = is_allowed(&house, Some(provider), model).await;
        assert_eq!(allowed, false, "{provider}");
        let budget = &saved["budget"];
        let mut again = of(provider);
        again["budget_id"] = budget["budget_id"].clone();
        again["policies"] = json!([]);
        let again = house.done("save_budget", again).await;
        assert_eq!(again["budget"]["scope"], budget["scope"]);
        let id = json!({"budget_id": budget["budget_id"], "reason": "next"});
        house.done("archive_budget", id).await;
    }
}

/// One of several that a name may mean stays alone once it was saved so, though the name that it is kept by may mean them all.
#[tokio::test]
async fn a_limit_on_one_provider_alone_stays_so() {
    let house = House::new();
    let given = json!({"name": "A", "scope": {"provider": "azure_openai"}});
    let budget = &house.done("save_budget", given).await["budget"];
    assert_eq!(budget["scope"]["provider"], json!(["azure"]));
    assert_eq!(outdated(&house).await, []);
    let mut again = json!({"budget_id": budget["budget_id"], "scope": budget["scope"]});
    let saved = house.done("save_budget", again.clone()).await;
    assert_eq!(saved["budget"]["scope"], budget["scope"]);
    again["scope"]["provider"] = json!(["azure", "azure_ai"]);
    house.done("save_budget", again.clone()).await;
    again["scope"]["provider"] = json!("azure_openai");
    let narrowed = house.done("save_budget", again).await;
    assert_eq!(narrowed["budget"]["scope"], budget["scope"]);
}

#[tokio::test]
async fn a_limit_on_a_provider_holds_for_what_it_alone_frames() {
    let house = House::new();
    let limit = json!([{"enforcement": "hard_limit", "period": "total", "limit_cost_usd": "1"}]);
    for provider in ["vertex", "bedrock"] {
        let budget = json!({"name": provider, "scope": {"provider": provider}, "policies": limit});
        house.done("save_budget", budget).await;
    }
    for model in [
        "publishers/google/models/gemini-unheard-of",
        "projects/p/locations/l/publishers/anthropic/models/claude-unheard-of@20250805",
        "arn:aws:bedrock:eu-west-1::foundation-model/openai.gpt-unheard-of",
        "arn:aws:bedrock:eu-west-1:1:inference-profile/us.anthropic.claude-opus-99-v1:0",
        "arn:aws:bedrock:eu-west-1:1:provisioned-model/x1y2",
        "bedrock/converse/unheard-of",
    ] {
        assert_eq!(is_allowed(&house, None, model).await, false, "{model}");
    }
}

#[tokio::test]
async fn a_limit_on_a_model_holds_at_every_provider_however_it_is_written_there() {
    let house = House::new();
    let limit = json!([{"enforcement": "hard_limit", "period": "total", "limit_tokens": 10}]);
    for (scope, provider, model) in [
        (
            json!("moonshotai/kimi-k3"),
            "together_ai",
            "moonshotai/kimi-k3",
        ),
        (json!("deepseek-v3.2"), "sambanova", "deepseek-v3.2"),
        (
            json!("claude-sonnet-4-5-20250929"),
            "vertex_ai",
            "claude-sonnet-4-5-20250929",
        ),
        (json!("codestral-2501"), "azure_ai", "codestral-2501"),
        // The maker's, also where a reseller has the whole name.
        (
            json!("google/gemini-2.5-pro-preview-03-25"),
            "google",
            "google/gemini-2.5-pro-preview-03-25",
        ),
        (
            json!("nvidia/nemotron-nano-9b-v2"),
            "nvidia",
            "nvidia/nemotron-nano-9b-v2",
        ),
        // In a region with a price of its own, by the resource's name and by an inference profile's.
        (
            json!("mistral.mistral-7b-instruct-v0:2"),
            "bedrock",
            "arn:aws:bedrock:eu-west-3::foundation-model/mistral.mistral-7b-instruct-v0:2",
        ),
        (
            json!("anthropic.claude-sonnet-4-20250514-v1:0"),
            "aws",
            "eu.anthropic.claude-sonnet-4-20250514-v1:0",
        ),
        (
            json!("anthropic.claude-sonnet-4-5-20250929-v1:0"),
            "bedrock",
            "us-west-2/anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        // With a provider in front, at another who writes it otherwise.
        (json!("kyma/kimi-k3"), "scx_ai", "kimi-k3"),
        (
            json!("openai/gpt-5.5-2026-09-01"),
            "groq",
            "gpt-5.5-2026-09-01",
        ),
        (
            json!("claude-*-20250514"),
            "anthropic",
            "claude-sonnet-4-20250514",
        ),
        // What a seller records as another of its models.
        (json!("claude-sonnet-5"), "bedrock", "claude-sonnet-5"),
        (
            json!("openai/gpt-5-codex"),
            "openrouter",
            "openrouter/openai/gpt-5-codex",
        ),
        (json!("gpt-5.5-*"), "openai", "gpt-5.5-2026-12-24"),
        // Patterns, in whatever case, and of dates that are recorded otherwise or not at all.
        (json!("minimax-m2.7*"), "minimax", "MiniMax-M2.7"),
        (json!("gpt-5.5-2026-*"), "openai", "gpt-5.5-2026-12-24"),
        (
            json!("claude-opus-4-2025*"),
            "anthropic",
            "claude-opus-4-20250514",
        ),
        (
            json!("claude-sonnet-4-2025*"),
            "vertex_ai",
            "claude-sonnet-4@20250514",
        ),
        // A name beside another takes nothing away.
        (
            json!(["bedrock/claude-sonnet-4.5", "claude-sonnet-4.5"]),
            "anthropic",
            "claude-sonnet-4-5",
        ),
    ] {
        let budget =
            json!({"name": scope.to_string(), "scope": {"model": scope}, "policies": limit});
        let saved = house.done("save_budget", budget).await;
        let allowed = is_allowed(&house, Some(provider), model).await;
        assert_eq!(allowed, false, "{scope}");
        let id = json!({"budget_id": saved["budget"]["budget_id"], "reason": "next"});
        house.done("archive_budget", id).await;
    }
}

/// A limit on a name is for calls by that name, and not for others of the model that they are recorded as.
#[tokio::test]
async fn a_limit_on_a_name_holds_for_what_it_is_recorded_as_and_for_nothing_else_of_that() {
    let house = House::new();
    let limit = json!([{"enforcement": "hard_limit", "period": "total", "limit_tokens": 1500}]);
    let scope = json!({"model": "openai/gpt-5-codex"});
    let given = json!({"name": "A", "scope": scope, "policies": limit});
    house.done("save_budget", given).await;
    let held = json!({"provider": "openrouter", "model": "openai/gpt-5-codex", "tokens": 600});
    let held = house.done("allocate_budget", held).await;
    let used = json!({"allocation_id": held["allocation_id"], "input_tokens": 600, "final": true});
    house.done("record_usage", used).await;
    let mut other = json!({"provider": "openrouter", "model": "openai/gpt-5", "input_tokens": 5000, "output_tokens": 0});
    house.done("record_usage", other.clone()).await;
    assert_eq!(
        house.done("check_budget", other.clone()).await["policies"],
        json!([])
    );
    other["model"] = json!("openai/gpt-5-codex");
    other["input_tokens"] = json!(1000);
    assert_eq!(
        house.done("check_budget", other.clone()).await["allowed"],
        false
    );
    other["input_tokens"] = json!(900);
    assert_eq!(house.done("check_budget", other).await["allowed"], true);
    let corrected = json!({"model": "openai/gpt-5-codex", "provider": "openrouter", "input_tokens": -100, "reason": "counted twice"});
    house.done("adjust_usage", corrected).await;
    house.pass(SignedDuration::from_hours(1));
    let report = json!({"group_by": ["budget", "model"]});
    let report = house.done("usage_report", report).await;
    let rows = report["rows"].as_array().unwrap();
    let of_budget = rows
        .iter()
        .filter(|row| row["group"].get("budget").is_some());
    let tokens: Vec<_> = of_budget
        .map(|row| row["metrics"]["tokens"].clone())
        .collect();
    assert_eq!(tokens, [json!(500)], "{report}");
}

/// A region is a part of a name: what is for one denies no call in another.
#[tokio::test]
async fn a_limit_on_a_model_in_a_region_holds_there_alone() {
    let house = House::new();
    let arn =
        |region: &str, model: &str| format!("arn:aws:bedrock:{region}::foundation-model/{model}");
    let model = "mistral.mistral-7b-instruct-v0:2";
    let limit = json!([{"enforcement": "hard_limit", "period": "total", "limit_tokens": 10}]);
    // In the last one it has no price of its own, and nobody knows the other model.
    for (region, model) in [
        ("eu-west-3", model),
        ("eu-north-1", model),
        ("eu-north-1", "acme.q-v1:0"),
    ] {
        let budget =
            json!({"name": region, "scope": {"model": arn(region, model)}, "policies": limit});
        let saved = house.done("save_budget", budget).await;
        let asked =
            |model: String| json!({"model": model, "input_tokens": 1_000, "output_tokens": 1});
        for (place, allowed) in [(region, false), ("us-east-1", true), ("ap-south-1", true)] {
            let checked = house.done("check_budget", asked(arn(place, model))).await;
            assert_eq!(checked["allowed"], allowed, "{place}/{model} by {region}");
        }
        let id = json!({"budget_id": saved["budget"]["budget_id"], "reason": "next"});
        house.done("archive_budget", id).await;
    }
}

/// Its name would be read as another's, without the provider in front, if it were read again.
#[tokio::test]
async fn what_draws_on_a_hold_is_of_the_model_that_was_held() {
    let house = House::new();
    let limit = json!([{"enforcement": "hard_limit", "period": "total", "limit_tokens": 1_000}]);
    let name = "openrouter/openrouter/horizon-zork";
    let budget = json!({"name": "A", "scope": {"model": name}, "policies": limit});
    house.done("save_budget", budget).await;
    let hold = json!({"model": name, "tokens": 900});
    let held = house.done("allocate_budget", hold.clone()).await;
    let used = json!({"allocation_id": held["allocation_id"], "input_tokens": 900, "final": true});
    house.done("record_usage", used).await;
    let again = house.done("allocate_budget", hold).await;
    assert_eq!(again["allowed"], false, "{again}");
}
