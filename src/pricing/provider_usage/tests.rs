use super::*;
use proptest::prelude::*;
use serde_json::json;

fn counts(named: &[(&str, u64)]) -> Counts {
    let mut object = serde_json::Map::new();
    for (name, count) in named {
        object.insert((*name).to_owned(), json!(count));
    }
    serde_json::from_value(Value::Object(object)).unwrap()
}

/// A usage object is taken with these counts, and one call.
fn takes(hint: Option<&str>, usage: &Value, shape: Shape, named: &[(&str, u64)]) -> TakenUsage {
    let taken = parse(hint, usage).unwrap_or_else(|refusal| panic!("{refusal}\n{usage}"));
    let mut expected = counts(named);
    expected.requests = expected.requests.max(1);
    assert_eq!(taken.counts, expected, "{usage}");
    assert_eq!(taken.shape, shape, "{usage}");
    taken
}

fn refuses(hint: Option<&str>, usage: &Value, field: &str) {
    let refusal = parse(hint, usage).expect_err(&usage.to_string());
    assert_eq!(refusal.details["field"], field, "{refusal}");
}

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
            ("cache_read_tokens", 64),
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
fn anthropic_with_caches_by_time() {
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": [],
        "usage": {"input_tokens": 2048, "cache_read_input_tokens": 1800, "cache_creation_input_tokens": 248,
            "output_tokens": 503, "service_tier": "priority",
            "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
            "server_tool_use": {"web_search_requests": 2}}
    });
    let taken = takes(
        Some("anthropic"),
        &message,
        Shape::Anthropic,
        &[
            ("input_tokens", 2048),
            ("cache_read_tokens", 1800),
            ("cache_write_tokens", 148),
            ("cache_write_1h_tokens", 100),
            ("output_tokens", 503),
            ("web_searches", 2),
        ],
    );
    assert_eq!(taken.service_tier, Some(ServiceTier::Priority));
    // Without the times, as older answers and Vertex AI have it.
    let older = json!({"input_tokens": 10, "cache_creation_input_tokens": 90, "output_tokens": 5,
        "cache_creation": null, "server_tool_use": null});
    takes(
        Some("vertex_ai"),
        &older,
        Shape::Anthropic,
        &[
            ("input_tokens", 10),
            ("cache_write_tokens", 90),
            ("output_tokens", 5),
        ],
    );
    let bare = json!({"input_tokens": 10, "output_tokens": 5});
    takes(
        None,
        &bare,
        Shape::Anthropic,
        &[("input_tokens", 10), ("output_tokens", 5)],
    );
    let mut wrong = message;
    wrong["usage"]["cache_creation_input_tokens"] = json!(100);
    refuses(
        None,
        &wrong,
        "provider_usage.usage.cache_creation_input_tokens",
    );
}

#[test]
fn gemini_with_thoughts_tools_and_modalities() {
    let response = json!({
        "candidates": [{"groundingMetadata": {"webSearchQueries": ["a", "b"]}}],
        "modelVersion": "gemini-2.5-flash",
        "usageMetadata": {"promptTokenCount": 1000, "cachedContentTokenCount": 400, "candidatesTokenCount": 200,
            "toolUsePromptTokenCount": 50, "thoughtsTokenCount": 300, "totalTokenCount": 1550,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 700}, {"modality": "AUDIO", "tokenCount": 300}],
            "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 300}, {"modality": "AUDIO", "tokenCount": 100}],
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 150}, {"modality": "TEXT", "tokenCount": 50}],
            "trafficType": "ON_DEMAND"}
    });
    let taken = takes(
        Some("google"),
        &response,
        Shape::Gemini,
        &[
            ("input_tokens", 450),
            ("cache_read_tokens", 400),
            ("audio_input_tokens", 200),
            ("output_tokens", 50),
            ("audio_output_tokens", 150),
            ("reasoning_tokens", 300),
            ("web_searches", 2),
        ],
    );
    assert_eq!(taken.model.as_deref(), Some("gemini-2.5-flash"));
    let python = json!({"prompt_token_count": 12, "candidates_token_count": null, "thoughts_token_count": 40,
        "total_token_count": 52, "cached_content_token_count": null});
    takes(
        None,
        &python,
        Shape::Gemini,
        &[("input_tokens", 12), ("reasoning_tokens", 40)],
    );
    refuses(
        None,
        &json!({"promptTokenCount": 12, "cachedContentTokenCount": 13, "totalTokenCount": 12}),
        "provider_usage.cachedContentTokenCount",
    );
    refuses(
        None,
        &json!({"promptTokenCount": 12, "candidatesTokenCount": 3, "totalTokenCount": 99}),
        "provider_usage.totalTokenCount",
    );
}

#[test]
fn bedrock_converse() {
    let response = json!({
        "output": {"message": {}}, "stopReason": "end_turn", "metrics": {"latencyMs": 1275},
        "serviceTier": {"type": "priority"},
        "usage": {"inputTokens": 30, "outputTokens": 628, "totalTokens": 1758,
            "cacheReadInputTokens": 1000, "cacheWriteInputTokens": 100,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 60}, {"ttl": "5m", "inputTokens": 40}]}
    });
    let taken = takes(
        Some("aws"),
        &response,
        Shape::Bedrock,
        &[
            ("input_tokens", 30),
            ("cache_read_tokens", 1000),
            ("cache_write_tokens", 40),
            ("cache_write_1h_tokens", 60),
            ("output_tokens", 628),
        ],
    );
    assert_eq!(taken.service_tier, Some(ServiceTier::Priority));
    let plain = json!({"inputTokens": 30, "outputTokens": 628, "totalTokens": 658});
    takes(
        Some("bedrock"),
        &plain,
        Shape::Bedrock,
        &[("input_tokens", 30), ("output_tokens", 628)],
    );
    let mut wrong = response;
    wrong["usage"]["cacheWriteInputTokens"] = json!(99);
    refuses(None, &wrong, "provider_usage.usage.cacheWriteInputTokens");
    refuses(
        None,
        &json!({"inputTokens": 30, "outputTokens": 628, "totalTokens": 600}),
        "provider_usage.totalTokens",
    );
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
    let voxtral = json!({"prompt_tokens": 4, "completion_tokens": 635, "total_tokens": 639, "prompt_audio_seconds": 203});
    takes(
        None,
        &voxtral,
        Shape::Mistral,
        &[
            ("input_tokens", 4),
            ("output_tokens", 635),
            ("seconds", 203),
        ],
    );
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
fn cohere_bills_units() {
    let chat = json!({"id": "1", "finish_reason": "COMPLETE", "message": {"role": "assistant"},
        "usage": {"billed_units": {"input_tokens": 5, "output_tokens": 418}, "tokens": {"input_tokens": 71, "output_tokens": 418}}});
    takes(
        Some("cohere"),
        &chat,
        Shape::Cohere,
        &[("input_tokens", 5), ("output_tokens", 418)],
    );
    let rerank = json!({"results": [], "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 2}}});
    takes(None, &rerank, Shape::Cohere, &[("requests", 2)]);
    let embed =
        json!({"embeddings": {}, "meta": {"billed_units": {"input_tokens": 7, "images": 1}}});
    takes(
        None,
        &embed,
        Shape::Cohere,
        &[("input_tokens", 7), ("images", 1)],
    );
}

#[test]
fn ollama_counts_in_the_response() {
    let response = json!({"model": "llama3.2", "done": true, "total_duration": 4_883_583_458_u64,
        "prompt_eval_count": 26, "prompt_eval_duration": 342_546_000, "eval_count": 282, "eval_duration": 4_535_599_000_u64});
    let taken = takes(
        Some("ollama"),
        &response,
        Shape::Ollama,
        &[("input_tokens", 26), ("output_tokens", 282)],
    );
    assert_eq!(taken.model.as_deref(), Some("llama3.2"));
    takes(
        None,
        &json!({"eval_count": 2}),
        Shape::Ollama,
        &[("output_tokens", 2)],
    );
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
fn what_contradicts_itself_is_refused_by_field() {
    for (usage, field) in [
        (json!(null), "provider_usage"),
        (json!([]), "provider_usage"),
        (json!({}), "provider_usage"),
        (json!({"usage": {}}), "provider_usage.usage"),
        (json!({"foo": 1}), "provider_usage"),
        (json!({"prompt_tokens": -1}), "provider_usage.prompt_tokens"),
        (
            json!({"prompt_tokens": 1.5}),
            "provider_usage.prompt_tokens",
        ),
        (
            json!({"prompt_tokens": "7"}),
            "provider_usage.prompt_tokens",
        ),
        (
            json!({"prompt_tokens": true}),
            "provider_usage.prompt_tokens",
        ),
        (
            json!({"prompt_tokens": u64::MAX}),
            "provider_usage.prompt_tokens",
        ),
        (
            json!({"prompt_tokens": 1e30}),
            "provider_usage.prompt_tokens",
        ),
        (
            json!({"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 9}),
            "provider_usage.total_tokens",
        ),
        (
            json!({"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 13,
                "completion_tokens_details": {"reasoning_tokens": 4}}),
            "provider_usage.total_tokens",
        ),
        (
            json!({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 10}}),
            "provider_usage.prompt_tokens_details.cached_tokens",
        ),
        (
            json!({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 5, "audio_tokens": 5}}),
            "provider_usage.prompt_tokens_details.cached_tokens",
        ),
        (
            json!({"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 10}}),
            "provider_usage.completion_tokens_details.reasoning_tokens",
        ),
        (
            json!({"input_tokens": 1, "output_tokens": 9, "total_tokens": 10, "output_tokens_details": {"reasoning_tokens": 10}}),
            "provider_usage.output_tokens_details.reasoning_tokens",
        ),
        (json!({"billed_units": 3}), "provider_usage"),
        (json!({"seconds": "long"}), "provider_usage.seconds"),
    ] {
        refuses(None, &usage, field);
    }
}

proptest! {
    #[test]
    fn an_inclusive_usage_keeps_every_token(
        input in 0_u64..1_000_000, cached in 0_u64..1_000_000, audio in 0_u64..1_000_000,
        output in 0_u64..1_000_000, reasoning in 0_u64..1_000_000,
    ) {
        let usage = json!({
            "prompt_tokens": input + cached + audio, "completion_tokens": output + reasoning,
            "total_tokens": input + cached + audio + output + reasoning,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": audio},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        });
        let taken = parse(None, &usage).unwrap().counts;
        prop_assert_eq!(taken.tokens(), input + cached + audio + output + reasoning);
        prop_assert_eq!((taken.input_tokens, taken.reasoning_tokens), (input, reasoning));
    }

    #[test]
    fn no_numbers_panic_or_make_more_than_they_say(
        names in proptest::collection::vec(proptest::sample::select(vec![
            "prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "cached_tokens",
            "promptTokenCount", "thoughtsTokenCount", "inputTokens", "cacheReadInputTokens", "eval_count",
            "reasoning_tokens", "cost", "cache_creation_input_tokens", "prompt_cache_hit_tokens",
        ]), 0..6),
        values in proptest::collection::vec(any::<i64>().prop_map(|n| n / 1_000_000), 6),
        hint in proptest::option::of(proptest::sample::select(vec!["xai", "openai", "perplexity", "mistral"])),
    ) {
        let object: serde_json::Map<String, Value> =
            names.iter().zip(&values).map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        if let Ok(taken) = parse(hint, &Value::Object(object)) {
            let said: u64 = values.iter().map(|value| value.unsigned_abs()).sum();
            prop_assert!(taken.counts.tokens() <= said);
        }
    }
}
