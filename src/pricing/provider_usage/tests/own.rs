//! Shapes that are a provider's own.

use super::*;

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
fn anthropic_with_several_runs() {
    let compacted = json!({"input_tokens": 23_000, "output_tokens": 1000, "server_tool_use": {"web_search_requests": 1},
        "iterations": [
            {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3500},
            {"type": "message", "input_tokens": 23_000, "output_tokens": 1000, "cache_read_input_tokens": 7,
                "cache_creation_input_tokens": 5, "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3}}]});
    let taken = takes(
        Some("anthropic"),
        &compacted,
        Shape::Anthropic,
        &[
            ("input_tokens", 203_000),
            ("output_tokens", 4500),
            ("cache_read_tokens", 7),
            ("cache_write_tokens", 2),
            ("cache_write_1h_tokens", 3),
            ("web_searches", 1),
        ],
    );
    assert!(taken.unpriced.is_empty());
    for none in [json!(null), json!([])] {
        let alone = json!({"input_tokens": 3, "output_tokens": 2, "iterations": none});
        takes(
            None,
            &alone,
            Shape::Anthropic,
            &[("input_tokens", 3), ("output_tokens", 2)],
        );
    }
    let advised = json!({"input_tokens": 10, "output_tokens": 2, "iterations": [
        {"type": "message", "input_tokens": 4, "output_tokens": 1},
        {"type": "advisor_message", "model": "claude-opus-4-6", "input_tokens": 100, "output_tokens": 50},
        {"type": "message", "input_tokens": 6, "output_tokens": 1}]});
    let taken = takes(
        None,
        &advised,
        Shape::Anthropic,
        &[("input_tokens", 110), ("output_tokens", 52)],
    );
    assert_eq!(taken.unpriced, ["advisor: claude-opus-4-6"]);
}

#[test]
fn what_anthropic_bills_beside_its_prices_is_named() {
    let usage = |speed: &str, place: &str| json!({"input_tokens": 3, "output_tokens": 2, "speed": speed, "inference_geo": place});
    for (speed, place, named) in [
        ("standard", "not_available", &[][..]),
        ("standard", "global", &[]),
        ("fast", "global", &["speed: fast"]),
        ("fast", "us", &["speed: fast", "inference_geo: us"]),
    ] {
        let taken = parse(Some("anthropic"), None, &usage(speed, place)).unwrap();
        assert_eq!(taken.unpriced, named, "{speed} {place}");
    }
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
            ("cache_read_tokens", 300),
            ("cache_read_audio_tokens", 100),
            ("audio_input_tokens", 200),
            ("output_tokens", 50),
            ("audio_output_tokens", 150),
            ("reasoning_tokens", 300),
            ("web_searches", 1),
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
}

#[test]
fn gemini_bills_a_grounded_prompt_or_each_search() {
    for (said, told, searches) in [
        (Some("gemini-2.5-flash"), None, 1),
        (Some("gemini-live-2.5-flash-preview"), None, 1),
        (Some("gemini-3.1-pro-preview"), Some("gemini-2.5-pro"), 3),
        (None, Some("google/gemini-2.0-flash"), 1),
        (None, Some("models/gemini-1.5-pro-002"), 1),
        (None, Some("gemini-3-flash-preview"), 3),
        (None, Some("gemini-flash-latest"), 3),
        (None, None, 3),
    ] {
        let response = json!({"modelVersion": said,
            "candidates": [{"groundingMetadata": {"webSearchQueries": ["a", "b"]}},
                {"grounding_metadata": {"web_search_queries": ["c"]}}],
            "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20, "totalTokenCount": 30}});
        let taken = parse(Some("google"), told, &response).unwrap();
        assert_eq!(taken.counts.web_searches, searches, "{said:?} {told:?}");
    }
    let ungrounded = json!({"modelVersion": "gemini-2.5-flash", "candidates": [{"groundingMetadata": {}}],
        "usageMetadata": {"promptTokenCount": 10, "totalTokenCount": 10}});
    let taken = parse(None, None, &ungrounded).unwrap();
    assert_eq!(taken.counts.web_searches, 0);
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
    let off = json!({"inputTokens": 30, "outputTokens": 628, "totalTokens": 600});
    takes(
        None,
        &off,
        Shape::Bedrock,
        &[("input_tokens", 30), ("output_tokens", 628)],
    );
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
    let pictures = json!({"meta": {"billed_units": {"input_tokens": 7, "image_tokens": 900}}});
    let taken = takes(None, &pictures, Shape::Cohere, &[("input_tokens", 907)]);
    assert_eq!(taken.unpriced, ["image_tokens"]);
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
