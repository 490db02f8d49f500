//! Models that no catalogue knows, under whatever name their provider goes by.

use super::*;

pub(super) fn set(provider: &str, model: &str) -> Value {
    json!({"provider": provider, "model": model, "effective_from": "2026-11-22T00:00:00Z", "reason": "contract",
        "rates": {"standard": {"rates": {"input": "3", "output": "9"}}}})
}

fn remove(provider: &str, model: &str) -> Value {
    json!({"provider": provider, "model": model, "remove": true, "reason": "over"})
}

async fn status(house: &House, provider: &str, model: &str) -> Result<Value, Code> {
    let ask = json!({"provider": provider, "model": model});
    let price = house.ask("get_price", ask).await;
    price
        .map(|price| price["status"].clone())
        .map_err(|refusal| refusal.code)
}

#[tokio::test]
async fn an_override_is_taken_away_under_every_name_of_its_provider() {
    let mut house = House::new();
    for (set_as, removed_as) in [
        ("ACME", "acme"),
        ("acme2", "ACME2"),
        ("Moonshot AI", "kimi"),
        ("x-ai", "Grok"),
    ] {
        let answer = house.done("override_price", set(set_as, "q")).await;
        assert_eq!(status(&house, removed_as, "q").await.unwrap(), "override");
        house.restart();
        let gone = house.done("override_price", remove(removed_as, "q")).await;
        assert_eq!(gone["provider"], answer["provider"]);
        assert_eq!(status(&house, set_as, "q").await, Err(Code::PriceUnknown));
    }
}

#[tokio::test]
async fn an_override_that_an_older_ledger_keeps_under_another_name_is_taken_away() {
    let mut house = House::new();
    let kept = Command::OverridePrice {
        provider: "ACME Labs".into(),
        model: "q".into(),
        rates: Some((*rates("3", "9")).clone()),
        effective_from: at("2026-11-22T00:00:00Z"),
    };
    let caller = Caller {
        role: Role::Admin,
        ..Caller::default()
    };
    let reason = Some("contract".to_owned());
    house
        .desk
        .give(&Call::new(caller), reason, None, kept)
        .await
        .unwrap();
    house.restart();
    assert_eq!(status(&house, "acme_labs", "q").await.unwrap(), "override");
    let gone = house.done("override_price", remove("Acme Labs", "q")).await;
    assert_eq!(gone["provider"], "acme_labs");
    house.restart();
    assert_eq!(
        status(&house, "ACME Labs", "q").await,
        Err(Code::PriceUnknown)
    );
}

#[tokio::test]
async fn a_limit_on_a_provider_holds_for_models_that_nobody_knows() {
    let house = House::new();
    let policies = json!([{"enforcement": "hard_limit", "period": "daily", "limit_tokens": 10}]);
    for (name, provider) in [("A", "openai"), ("B", "Gemini")] {
        let budget = json!({"name": name, "scope": {"provider": provider}, "policies": policies});
        house.done("save_budget", budget).await;
    }
    for (provider, model, allowed) in [
        (Some("openai"), "gpt-yyy", false),
        (Some("OpenAI"), "gpt-yyy", false),
        (Some(" OPENAI "), "gpt-yyy", false),
        (None, "openai/gpt-yyy", false),
        (None, "OpenAI/gpt-yyy", false),
        (Some("google"), "gemini-yyy", false),
        (Some("Google-AI-Studio"), "gemini-yyy", false),
        (Some("vertex"), "gemini-yyy", false),
        (Some("azure"), "gpt-yyy", true),
        (None, "meta-llama/yyy", true),
        // Nobody knows whose it is, so no limit on a provider is about it.
        (None, "gpt-yyy", true),
    ] {
        let call =
            json!({"provider": provider, "model": model, "input_tokens": 100, "output_tokens": 1});
        let checked = house.done("check_budget", call).await;
        assert_eq!(
            checked["allowed"], allowed,
            "{provider:?} {model}: {checked}"
        );
    }
    let call = json!({"provider": "OpenAI", "tokens": 100});
    let held = house.done("allocate_budget", call).await;
    assert_eq!(held["allowed"], false, "a hold without a model: {held}");
    let used = json!({"provider": "OPENAI", "model": "gpt-yyy", "input_tokens": 7});
    house.done("record_usage", used).await;
    let left = house
        .done("get_budget_status", json!({"budget_name": "A"}))
        .await;
    assert!(left.to_string().contains(r#""tokens":7"#), "{left}");
}

#[tokio::test]
async fn a_price_offers_to_cost_what_was_recorded_under_other_names() {
    let house = House::new();
    for (provider, model) in [
        (Some("OpenAI"), "gpt-zzz"),
        (None, "openai/gpt-zzz"),
        // Whose it was nobody said; now one provider alone has a model of that name.
        (None, "gpt-zzz"),
        (Some("azure"), "gpt-zzz"),
    ] {
        let used = json!({"provider": provider, "model": model, "input_tokens": 1_000_000, "occurred_at": "2026-11-23T00:00:00Z"});
        house.done("record_usage", used).await;
    }
    let answer = house.done("override_price", set("openai", "gpt-zzz")).await;
    assert_eq!(
        answer["repricing"]["adjustments"],
        json!([{"record_id": "use-1", "cost_usd": "3"}, {"record_id": "use-3", "cost_usd": "3"},
            {"record_id": "use-4", "cost_usd": "3"}]),
        "{answer}"
    );
}

#[tokio::test]
async fn a_name_as_an_api_frames_it_is_the_model_within() {
    let house = House::new();
    for (provider, framed, model) in [
        ("google", "models/gemini-2.5-flash", "gemini-2.5-flash"),
        (
            "vertex_ai",
            "publishers/google/models/gemini-2.5-flash",
            "gemini-2.5-flash",
        ),
    ] {
        let ask = json!({"provider": provider, "model": framed, "history": true});
        let price = house.done("get_price", ask).await;
        assert_eq!(price["model"], model);
        assert_eq!(price["history"][0]["model"], model, "{price}");
    }
    let usage = json!({"provider": "google", "model": "models/gemini-2.5-flash", "input_tokens": 1000, "output_tokens": 1});
    let recorded = house.done("record_usage", usage).await;
    assert_eq!(
        recorded["records"][0]["cost_source"], "catalogue",
        "{recorded}"
    );
}

#[tokio::test]
async fn every_argument_that_names_a_provider_takes_any_of_its_names() {
    let house = House::new();
    let proposed = PriceProposal {
        provider: "xai".into(),
        model: "grok-of-a-test".into(),
        apply: Some(applying("2", "8")),
        hold: Some(holding("9", "40")),
        present: None,
        ..proposal(NOW)
    };
    house.change(proposed).await;
    let own = json!({"provider": "x-ai", "model": "grok-of-a-test"});
    house
        .done("record_usage", usage("2026-11-24T11:00:00Z", own))
        .await;
    for name in ["xai", "x-ai", "X AI", "Grok"] {
        let ask = json!({"action": "list", "provider": name});
        let waiting = house.done("review_price_changes", ask).await;
        assert_eq!(waiting["waiting"], 1, "{name}");
        let ask = json!({"period": "today", "filters": {"provider": name}});
        let report = house.done("usage_report", ask).await;
        assert_eq!(report["totals"]["records"], 1, "{name}");
        let ask = json!({"subject": format!("{name}/grok-of-a-test")});
        let trail = house.done("audit_trail", ask).await;
        assert!(!trail["events"].as_array().unwrap().is_empty(), "{name}");
        let ask = json!({"provider": name, "query": "grok-of-a-test"});
        let found = house.done("search_models", ask).await;
        assert_eq!(found["models"].as_array().unwrap().len(), 1, "{name}");
    }
    let ask = json!({"action": "list", "provider": "openai"});
    let waiting = house.done("review_price_changes", ask).await;
    assert_eq!(waiting["waiting"], 0);
}

#[tokio::test]
async fn a_search_by_name_begins_with_that_model_and_with_who_makes_it() {
    let house = House::new();
    let found = async |ask: Value| {
        let found = house.done("search_models", ask).await;
        let models = found["models"].as_array().unwrap().iter();
        let name = |model: &Value| {
            let part = |field: &str| model[field].as_str().unwrap().to_owned();
            (part("provider"), part("model"))
        };
        models.map(name).collect::<Vec<_>>()
    };
    for query in ["gpt-4o", " GPT-4o", "openai/gpt-4o"] {
        let models = found(json!({"query": query, "limit": 100})).await;
        assert_eq!(
            models[0],
            ("openai".to_owned(), "gpt-4o".to_owned()),
            "{query}"
        );
    }
    let models = found(json!({"query": "gpt-4o", "limit": 100})).await;
    let exact = models.iter().take_while(|(_, model)| model == "gpt-4o");
    let exact = exact.count();
    assert!(models[exact..].iter().all(|(_, model)| model != "gpt-4o"));
    let of_maker = models[exact..].iter();
    assert!(
        of_maker.take(3).all(|(provider, _)| provider == "openai"),
        "{models:?}"
    );
    let models = found(json!({"query": "claude"})).await;
    assert_eq!(models[0].0, "anthropic");
    let by_name = found(json!({"query": "claude", "sort": "name"})).await;
    assert!(by_name.is_sorted());
    let none = house
        .said("search_models", json!({"query": "no such model"}))
        .await;
    assert_eq!(none, "0 models");
}

#[tokio::test]
async fn a_price_for_a_dated_state_is_that_states_alone() {
    let mut house = House::new();
    let of = |model: &str| json!({"provider": "openai", "model": model, "input_tokens": 1_000_000});
    let dated = "gpt-4o-2027-01-01";
    let cost = async |house: &House, model: &str| {
        let recorded = house.done("record_usage", of(model)).await;
        recorded["records"][0]["cost_usd"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let model = cost(&house, "gpt-4o").await;
    assert_eq!(
        cost(&house, dated).await,
        model,
        "the nearest that is known"
    );
    let answer = house.done("override_price", set("openai", dated)).await;
    assert_eq!(answer["model"], dated);
    for _ in 0..2 {
        assert_eq!(cost(&house, dated).await, "3");
        for other in [
            "openai/GPT-4o-20270101",
            "gpt-4o@20270101",
            "gpt-4o@2027-01-01",
        ] {
            assert_eq!(cost(&house, other).await, "3", "{other}");
        }
        assert_eq!(cost(&house, "gpt-4o").await, model);
        assert_eq!(cost(&house, "gpt-4o-2027-02-02").await, model);
        house.restart();
    }
    let again = house.said("override_price", set("openai", dated)).await;
    assert!(again.contains("counted as gpt-4o's"), "{again}");
    house.done("override_price", remove("openai", dated)).await;
    assert_eq!(cost(&house, dated).await, model);
    let refused = house.ask("override_price", remove("openai", dated)).await;
    assert_eq!(refused.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn a_caller_may_use_the_names_that_sources_use() {
    let house = House::new();
    for (provider, name, model) in [
        (Some("anthropic"), "claude-sonnet-4.5", "claude-sonnet-4-5"),
        (None, "claude-sonnet-4.5", "claude-sonnet-4-5"),
        (
            Some("bedrock"),
            "amazon.nova-pro-v1",
            "amazon.nova-pro-v1:0",
        ),
        (Some("anthropic"), "claude-4.5-haiku", "claude-haiku-4-5"),
    ] {
        let ask = json!({"provider": provider, "model": name});
        let price = house.done("get_price", ask).await;
        assert_eq!(price["model"], model, "{name}");
    }
}

#[tokio::test]
async fn budgets_of_a_model_cover_its_states_whatever_those_cost() {
    let mut house = House::new();
    let policies = json!([{"enforcement": "warn", "period": "daily", "limit_cost_usd": "100"}]);
    let budget = json!({"name": "A", "scope": {"model": "gpt-4o"}, "policies": policies});
    house.done("save_budget", budget).await;
    let dated = "gpt-4o-2027-01-01";
    let used = json!({"provider": "openai", "model": dated, "input_tokens": 1_000_000, "output_tokens": 0});
    let spent = async |house: &House| {
        let status = house
            .done("get_budget_status", json!({"budget_name": "A"}))
            .await;
        status["budgets"][0]["policies"][0]["posted"]["cost_usd"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    house.done("record_usage", used.clone()).await;
    assert_eq!(spent(&house).await, "2.5");
    let applied = PriceProposal {
        model: dated.into(),
        apply: Some(applying("5", "20")),
        ..proposal(NOW)
    };
    house.change(applied).await;
    let recorded = house.done("record_usage", used.clone()).await;
    assert_eq!(recorded["records"][0]["cost_usd"], "5", "{recorded}");
    assert_eq!(spent(&house).await, "7.5");
    // What an admin set for the model goes over what sources say of a state.
    house.done("override_price", set("openai", "gpt-4o")).await;
    house.restart();
    let recorded = house.done("record_usage", used).await;
    assert_eq!(recorded["records"][0]["cost_usd"], "3", "{recorded}");
}

#[tokio::test]
async fn a_price_under_another_name_of_a_model_is_the_models() {
    let house = House::new();
    let answer = house
        .done("override_price", set("anthropic", "claude-sonnet-4.5"))
        .await;
    assert_eq!(answer["model"], "claude-sonnet-4-5");
    assert_eq!(
        status(&house, "anthropic", "claude-sonnet-4-5")
            .await
            .unwrap(),
        "override"
    );
    house
        .done("override_price", remove("anthropic", "claude-sonnet-4.5"))
        .await;
    assert_eq!(
        status(&house, "anthropic", "claude-sonnet-4.5")
            .await
            .unwrap(),
        "bundled"
    );
}

#[tokio::test]
async fn what_several_sell_is_recorded_of_none_of_them_by_the_whole_name() {
    let house = House::new();
    let time = "2026-11-24T11:00:00Z";
    let used = json!({"model": "qwen/qwen3-32b", "input_tokens": 9, "occurred_at": time});
    let recorded = house.done("record_usage", used.clone()).await;
    let sellers = recorded["records"][0]["sellers"].as_array().unwrap();
    assert!(!sellers.contains(&json!("dashscope")), "{sellers:?}");
    let group = json!({"period": "today", "group_by": ["provider", "model"]});
    let report = house.done("usage_report", group).await;
    let text = report.to_string();
    assert!(text.contains("qwen/qwen3-32b"), "{text}");
    assert!(!text.contains("dashscope"), "{text}");
    let set = house.done("override_price", set("unknown", "qwen/qwen3-32b"));
    assert_eq!(set.await["model"], "qwen/qwen3-32b");
    let known = house.done("record_usage", used).await;
    assert_eq!(known["records"][0]["cost_usd"], "0.000027", "{known}");
}

#[tokio::test]
async fn a_limit_on_a_model_holds_for_its_aliases_and_states_however_they_are_written() {
    let house = House::new();
    let policies = json!([{"enforcement": "hard_limit", "period": "daily", "limit_tokens": 10}]);
    let models = ["claude-sonnet-4-5", "gpt-4o"];
    let budget = json!({"name": "A", "scope": {"model": models}, "policies": policies});
    house.done("save_budget", budget).await;
    for (provider, model) in [
        ("anthropic", "anthropic/claude-sonnet-4.5"),
        ("anthropic", "claude-sonnet-4.5-20290101"),
        ("openai", "GPT-4O-LATEST"),
        ("openai", "gpt-4o-Latest"),
    ] {
        let call = json!({"provider": provider, "model": model, "input_tokens": 11});
        let checked = house.done("check_budget", call).await;
        assert_eq!(checked["allowed"], false, "{model}: {checked}");
    }
}

#[tokio::test]
async fn it_is_said_why_a_name_means_a_model_and_who_else_has_one_of_it() {
    let house = House::new();
    for (provider, model, why) in [
        (
            "anthropic",
            "claude-4-sonnet",
            "It means anthropic/claude-sonnet-4-0: Anthropic's API has",
        ),
        (
            "openai",
            "gpt-4o-2027-01-01",
            "It means openai/gpt-4o: the date names a state",
        ),
        ("openai", "openai/gpt-4o", "the provider in front"),
    ] {
        let ask = json!({"provider": provider, "model": model});
        let said = house.said("get_price", ask).await;
        assert!(said.contains(why), "{said}");
    }
    let own = json!({"provider": "openai", "model": "gpt-4o"});
    let said = house.said("get_price", own).await;
    assert!(!said.contains("It means"), "{said}");
    let mistaken = json!({"provider": "opnai", "model": "gpt-4o"});
    let refused = house.ask("get_price", mistaken).await.unwrap_err();
    let told = "known of opnai, but of azure, openai";
    assert!(refused.message.contains(told), "{refused}");
}

#[tokio::test]
async fn an_override_says_that_nobody_knows_its_model() {
    let house = House::new();
    let said = house.said("override_price", set("opnai", "gpt-4o")).await;
    let told = "No price list knows a model of that name (near it: ";
    assert!(said.contains(told), "{said}");
    for (provider, model) in [("opnai", "gpt-4o"), ("openai", "gpt-4o")] {
        let said = house.said("override_price", set(provider, model)).await;
        assert!(!said.contains("No price list"), "{said}");
    }
}
