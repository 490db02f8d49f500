//! OpenAI's own shapes, and the ones that follow them.

use super::*;

#[test]
fn openai_chat_completions() {
    let usage = json!({
        "prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
        "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 192, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}
    });
    let expected = [
        ("input_tokens", 86),
        ("cache_read_tokens", 1920),
        ("output_tokens", 108),
        ("reasoning_tokens", 192),
    ];
    takes(Some("openai"), &usage, Shape::OpenaiChat, &expected);
    let response = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-5-2025-08-07", "choices": [],
        "usage": usage, "service_tier": "flex"
    });
    let taken = takes(
        Some("azure-openai"),
        &response,
        Shape::OpenaiChat,
        &expected,
    );
    assert_eq!(taken.service_tier, Some(ServiceTier::Flex));
    assert_eq!(taken.model.as_deref(), Some("gpt-5-2025-08-07"));
}

#[test]
fn openai_audio_in_chat_and_realtime() {
    let usage = json!({
        "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 60},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 40}
    });
    takes(
        Some("openai"),
        &usage,
        Shape::OpenaiChat,
        &[
            ("input_tokens", 40),
            ("audio_input_tokens", 60),
            ("output_tokens", 10),
            ("audio_output_tokens", 40),
        ],
    );
    let realtime = json!({"type": "response.done", "response": {"usage": {
        "total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
        "input_token_details": {"text_tokens": 119, "audio_tokens": 13, "image_tokens": 0, "cached_tokens": 64,
            "cached_tokens_details": {"text_tokens": 60, "audio_tokens": 4, "image_tokens": 0}},
        "output_token_details": {"text_tokens": 30, "audio_tokens": 91}
    }}});
    takes(
        None,
        &realtime,
        Shape::OpenaiResponses,
        &[
            ("input_tokens", 59),
            ("audio_input_tokens", 9),
            ("cache_read_tokens", 60),
            ("cache_read_audio_tokens", 4),
            ("output_tokens", 30),
            ("audio_output_tokens", 91),
        ],
    );
}

#[test]
fn openai_responses() {
    let response = json!({
        "id": "resp_1", "object": "response", "model": "gpt-5.2-2025-12-11", "service_tier": "default",
        "output": [
            {"type": "web_search_call", "action": {"type": "search", "query": "x"}},
            {"type": "web_search_call", "action": {"type": "open_page"}},
            {"type": "message"}
        ],
        "usage": {"input_tokens": 328, "input_tokens_details": {"cached_tokens": 128},
            "output_tokens": 52, "output_tokens_details": {"reasoning_tokens": 30}, "total_tokens": 380}
    });
    let expected = [
        ("input_tokens", 200),
        ("cache_read_tokens", 128),
        ("output_tokens", 22),
        ("reasoning_tokens", 30),
        ("web_searches", 1),
    ];
    let taken = takes(None, &response, Shape::OpenaiResponses, &expected);
    assert_eq!(taken.service_tier, Some(ServiceTier::Standard));
    // As the last event of a stream holds it.
    let event = json!({"type": "response.completed", "response": response});
    takes(Some("openai"), &event, Shape::OpenaiResponses, &expected);
}

#[test]
fn openai_embeddings_images_and_transcriptions() {
    let embeddings = json!({"object": "list", "data": [], "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 8, "total_tokens": 8}});
    takes(
        Some("openai"),
        &embeddings,
        Shape::OpenaiChat,
        &[("input_tokens", 8)],
    );
    let image = json!({"input_tokens": 50, "output_tokens": 1056, "total_tokens": 1106,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}});
    takes(
        Some("openai"),
        &image,
        Shape::OpenaiResponses,
        &[("input_tokens", 50), ("output_tokens", 1056)],
    );
    let heard = json!({"text": "Hello", "usage": {"type": "tokens", "input_tokens": 14,
        "input_token_details": {"text_tokens": 4, "audio_tokens": 10}, "output_tokens": 45, "total_tokens": 59}});
    takes(
        Some("openai"),
        &heard,
        Shape::OpenaiResponses,
        &[
            ("input_tokens", 4),
            ("audio_input_tokens", 10),
            ("output_tokens", 45),
        ],
    );
    let timed = json!({"text": "Hello", "usage": {"type": "duration", "seconds": 9.2}});
    takes(None, &timed, Shape::OpenaiResponses, &[("seconds", 10)]);
}

#[test]
fn mistral_and_its_audio() {
    let usage = json!({"prompt_tokens": 13, "completion_tokens": 42, "total_tokens": 55,
        "prompt_audio_seconds": {}, "num_cached_tokens": 3});
    takes(
        Some("mistral"),
        &usage,
        Shape::Mistral,
        &[
            ("input_tokens", 10),
            ("cache_read_tokens", 3),
            ("output_tokens", 42),
        ],
    );
    let spoken = [
        ("input_tokens", 4),
        ("output_tokens", 635),
        ("seconds", 203),
    ];
    for beside in [
        json!({"total_tokens": 639}),
        json!({"total_tokens": 3264}),
        json!({"total_tokens": 3264, "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 2625}}),
        json!({"total_tokens": 3264, "prompt_tokens_details": {"cached_tokens": 2368}}),
    ] {
        let mut voxtral =
            json!({"prompt_tokens": 4, "completion_tokens": 635, "prompt_audio_seconds": 203});
        let members = voxtral.as_object_mut().unwrap();
        members.extend(beside.as_object().unwrap().clone());
        takes(None, &voxtral, Shape::Mistral, &spoken);
    }
}

#[test]
fn what_connectors_brought_in_is_input() {
    let usage = json!({"prompt_tokens": 188, "completion_tokens": 55, "total_tokens": 7355,
        "connector_tokens": 7112, "connectors": {"web_search": 1, "image_generation": 2}});
    let counts = [
        ("input_tokens", 7300),
        ("output_tokens", 55),
        ("web_searches", 1),
    ];
    for hint in [Some("mistral"), None] {
        let taken = takes(hint, &usage, Shape::Mistral, &counts);
        assert_eq!(taken.unpriced, ["image_generation"]);
    }
    let thought = json!({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 170, "connector_tokens": 20,
        "completion_tokens_details": {"reasoning_tokens": 30}});
    let counts = [
        ("input_tokens", 120),
        ("output_tokens", 20),
        ("reasoning_tokens", 30),
    ];
    takes(Some("mistral"), &thought, Shape::Mistral, &counts);
}

#[test]
fn tools_that_are_paid_for_have_no_price_of_their_own() {
    let response = json!({"output": [{"type": "file_search_call"}, {"type": "code_interpreter_call"},
        {"type": "file_search_call"}, {"type": "web_search_call", "action": {"type": "search"}},
        {"type": "web_search_call", "action": {"type": "open_page"}}, {"type": "message"}],
        "usage": {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 5, "total_tokens": 15}});
    let counts = [
        ("input_tokens", 10),
        ("output_tokens", 5),
        ("web_searches", 1),
    ];
    let taken = takes(Some("openai"), &response, Shape::OpenaiResponses, &counts);
    assert_eq!(
        taken.unpriced,
        ["code_interpreter_call", "file_search_call"]
    );
    let tools = json!({"web_search_calls": 1, "x_search_calls": 8, "code_interpreter_calls": 0});
    let xai = json!({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 5, "total_tokens": 15,
        "server_side_tool_usage_details": tools});
    let taken = takes(Some("xai"), &xai, Shape::OpenaiResponses, &counts);
    assert_eq!(taken.unpriced, ["x_search_calls"]);
    let chat = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
        "server_side_tool_usage_details": tools});
    let taken = takes(Some("xai"), &chat, Shape::Xai, &counts);
    assert_eq!(taken.unpriced, ["x_search_calls"]);
}

#[test]
fn tools_that_the_usage_counts_are_not_counted_by_the_outputs_too() {
    let response = json!({"output": [{"type": "web_search_call", "action": {"type": "search"}}, {"type": "code_interpreter_call"}],
        "usage": {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 5, "total_tokens": 15,
            "server_side_tool_usage_details": {"web_search_calls": 1, "code_interpreter_calls": 1}}});
    let counts = [
        ("input_tokens", 10),
        ("output_tokens", 5),
        ("web_searches", 1),
    ];
    let taken = takes(Some("xai"), &response, Shape::OpenaiResponses, &counts);
    assert_eq!(taken.unpriced, ["code_interpreter_calls"]);
    let chat = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "num_sources_used": 1,
        "server_side_tool_usage_details": {"web_search_calls": 1}});
    takes(Some("xai"), &chat, Shape::Xai, &counts);
}

#[test]
fn what_has_no_price_is_named_in_few_words() {
    let many: serde_json::Map<_, _> = (0..100)
        .map(|tool| (format!("{tool} {}", "x".repeat(9_000)), json!(1)))
        .collect();
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 1, "connector_tokens": 0, "connectors": many});
    let taken = parse(Some("mistral"), None, &usage).unwrap();
    assert_eq!(taken.unpriced.len(), 32);
    assert!(taken.unpriced.iter().all(|name| name.len() < 110));
}

#[test]
fn a_cost_alone_is_a_usage() {
    let usage = json!({"cost_in_usd_ticks": 700_000_000});
    let taken = takes(None, &usage, Shape::Xai, &[]);
    assert_eq!(taken.reported_cost.unwrap().to_string(), "0.07");
    let whole = json!({"data": [{"url": "x"}], "usage": usage});
    takes(Some("xai"), &whole, Shape::Xai, &[]);
    let taken = takes(
        Some("openrouter"),
        &json!({"cost": 0.04}),
        Shape::Openrouter,
        &[],
    );
    assert_eq!(taken.reported_cost.unwrap().to_string(), "0.04");
}

#[test]
fn deepseek_cache_hits_and_misses() {
    let usage = json!({"prompt_tokens": 1216, "completion_tokens": 500, "total_tokens": 1716,
        "prompt_cache_hit_tokens": 1152, "prompt_cache_miss_tokens": 64,
        "prompt_tokens_details": {"cached_tokens": 1152},
        "completion_tokens_details": {"reasoning_tokens": 350}});
    let expected = [
        ("input_tokens", 64),
        ("cache_read_tokens", 1152),
        ("output_tokens", 150),
        ("reasoning_tokens", 350),
    ];
    takes(None, &usage, Shape::Deepseek, &expected);
    let mut older = usage;
    older
        .as_object_mut()
        .unwrap()
        .remove("prompt_tokens_details");
    takes(Some("deepseek"), &older, Shape::Deepseek, &expected);
    older["prompt_cache_miss_tokens"] = json!(65);
    refuses(None, &older, "provider_usage.prompt_cache_miss_tokens");
}

#[test]
fn xai_counts_reasoning_beside_the_completion() {
    let usage = json!({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
        "prompt_tokens_details": {"text_tokens": 32, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 6},
        "completion_tokens_details": {"reasoning_tokens": 94, "audio_tokens": 0},
        "num_sources_used": 0, "cost_in_usd_ticks": 37_756_000});
    let expected = [
        ("input_tokens", 26),
        ("cache_read_tokens", 6),
        ("output_tokens", 9),
        ("reasoning_tokens", 94),
    ];
    let taken = takes(Some("xai"), &usage, Shape::Xai, &expected);
    assert_eq!(taken.reported_cost.unwrap().to_string(), "0.0037756");
    takes(Some("x-ai"), &usage, Shape::Xai, &expected);
    // Without a total the provider's habit decides.
    let mut bare = usage;
    bare.as_object_mut().unwrap().remove("total_tokens");
    takes(Some("grok"), &bare, Shape::Xai, &expected);
    // A proxy that has already added it up says so by its total.
    let added = json!({"prompt_tokens": 32, "completion_tokens": 103, "total_tokens": 135,
        "completion_tokens_details": {"reasoning_tokens": 94}});
    takes(
        Some("xai"),
        &added,
        Shape::Xai,
        &[
            ("input_tokens", 32),
            ("output_tokens", 9),
            ("reasoning_tokens", 94),
        ],
    );
}

#[test]
fn perplexity_counts_beside_each_other() {
    let usage = json!({"prompt_tokens": 33, "completion_tokens": 7163, "total_tokens": 7196, "citation_tokens": 20016,
        "num_search_queries": 18, "reasoning_tokens": 73997, "search_context_size": "low",
        "cost": {"input_tokens_cost": 0.0, "output_tokens_cost": 0.06, "total_cost": 0.409}});
    let taken = takes(
        Some("perplexity"),
        &usage,
        Shape::Perplexity,
        &[
            ("input_tokens", 20049),
            ("output_tokens", 7163),
            ("reasoning_tokens", 73997),
            ("web_searches", 18),
        ],
    );
    assert_eq!(taken.reported_cost.unwrap().to_string(), "0.409");
}

#[test]
fn openrouter_reports_its_cost() {
    let usage = json!({"prompt_tokens": 194, "completion_tokens": 2, "total_tokens": 196, "cost": 0.000_95, "is_byok": false,
        "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 50, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0}, "cost_details": {"upstream_inference_cost": null},
        "server_tool_use": {"web_search_requests": 1}});
    let expected = [
        ("input_tokens", 44),
        ("cache_read_tokens", 100),
        ("cache_write_tokens", 50),
        ("output_tokens", 2),
        ("web_searches", 1),
    ];
    let taken = takes(None, &usage, Shape::Openrouter, &expected);
    assert_eq!(taken.reported_cost.unwrap().to_string(), "0.00095");
    let mut own_key = usage;
    own_key["is_byok"] = json!(true);
    own_key["cost"] = json!(0.000_047_5);
    own_key["cost_details"] = json!({"upstream_inference_cost": 0.000_95});
    let taken = takes(Some("openrouter"), &own_key, Shape::Openrouter, &expected);
    assert_eq!(taken.reported_cost.unwrap().to_string(), "0.0009975");
    own_key["cost"] = json!(-1);
    refuses(None, &own_key, "provider_usage.cost");
}

#[test]
fn any_other_that_follows_openai() {
    let groq = json!({"queue_time": 0.1, "prompt_tokens": 24, "prompt_time": 0.0009, "completion_tokens": 377,
        "completion_time": 0.6, "total_tokens": 401, "total_time": 0.7});
    let expected = [("input_tokens", 24), ("output_tokens", 377)];
    takes(Some("groq"), &groq, Shape::OpenaiCompatible, &expected);
    takes(None, &groq, Shape::OpenaiCompatible, &expected);
    let kimi = json!({"prompt_tokens": 19, "completion_tokens": 21, "total_tokens": 40, "cached_tokens": 10});
    takes(
        Some("moonshot"),
        &kimi,
        Shape::OpenaiCompatible,
        &[
            ("input_tokens", 9),
            ("cache_read_tokens", 10),
            ("output_tokens", 21),
        ],
    );
    // Google's thoughts behind OpenAI's interface are in the total alone.
    let gemini = json!({"prompt_tokens": 8, "completion_tokens": 20, "total_tokens": 500});
    takes(
        Some("google"),
        &gemini,
        Shape::OpenaiCompatible,
        &[
            ("input_tokens", 8),
            ("output_tokens", 20),
            ("reasoning_tokens", 472),
        ],
    );
    let voyage = json!({"object": "list", "usage": {"total_tokens": 10}});
    takes(
        Some("voyage"),
        &voyage,
        Shape::OpenaiCompatible,
        &[("input_tokens", 10)],
    );
}

#[test]
fn what_a_cache_takes_behind_openais_names() {
    let qwen = json!({"prompt_tokens": 1100, "completion_tokens": 10, "total_tokens": 1110, "prompt_tokens_details":
        {"cached_tokens": 0, "cache_creation_input_tokens": 1024, "cache_creation": {"ephemeral_5m_input_tokens": 1024},
            "cache_type": "ephemeral"}});
    takes(
        Some("dashscope"),
        &qwen,
        Shape::OpenaiCompatible,
        &[
            ("input_tokens", 76),
            ("cache_write_tokens", 1024),
            ("output_tokens", 10),
        ],
    );
    let proxy = json!({"prompt_tokens": 1100, "completion_tokens": 10, "total_tokens": 1110,
        "cache_creation_input_tokens": 400, "cache_read_input_tokens": 500});
    let expected = [
        ("input_tokens", 200),
        ("cache_read_tokens", 500),
        ("cache_write_tokens", 400),
        ("output_tokens", 10),
    ];
    takes(
        Some("anthropic"),
        &proxy,
        Shape::OpenaiCompatible,
        &expected,
    );
    let mut detailed = proxy.clone();
    detailed["prompt_tokens_details"] = json!({"cached_tokens": null, "audio_tokens": null});
    takes(None, &detailed, Shape::OpenaiCompatible, &expected);
    detailed["prompt_tokens_details"] = json!({"cached_tokens": 500, "cache_creation_tokens": 400,
        "cache_creation_token_details": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 100}});
    takes(
        None,
        &detailed,
        Shape::OpenaiCompatible,
        &[
            ("input_tokens", 200),
            ("cache_read_tokens", 500),
            ("cache_write_tokens", 300),
            ("cache_write_1h_tokens", 100),
            ("output_tokens", 10),
        ],
    );
    let mut wrong = proxy;
    wrong["cache_creation_input_tokens"] = json!(601);
    refuses(None, &wrong, "provider_usage.cache_creation_input_tokens");
}
