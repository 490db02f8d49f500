//! OpenAI's shapes, those that speak as it does, and what holds for every object.

use super::{Shape, TakenUsage, parse};
use crate::core::quantity::Counts;
use crate::core::refusal::Code;
use proptest::prelude::*;
use serde_json::{Value, json};

fn counts(provider: &str, usage: &Value) -> Counts {
    taken(provider, usage).counts
}

fn taken(provider: &str, usage: &Value) -> TakenUsage {
    parse(Some(provider), usage).unwrap()
}

fn one() -> Counts {
    Counts {
        requests: 1,
        ..Counts::default()
    }
}

#[test]
fn openai_chat_completion() {
    let taken = taken(
        "openai",
        &json!({"id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "chat.completion", "service_tier": "default",
            "usage": {"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
                "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 192, "audio_tokens": 0,
                    "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}}),
    );
    assert_eq!(taken.shape, Shape::OpenAiChat);
    assert_eq!(taken.reported_cost, None);
    let expected = Counts {
        input_tokens: 86,
        cache_read_tokens: 1920,
        output_tokens: 108,
        reasoning_tokens: 192,
        ..one()
    };
    assert_eq!(taken.counts, expected);
}

#[test]
fn openai_audio_both_ways() {
    let counts = counts(
        "openai",
        &json!({"prompt_tokens": 117, "completion_tokens": 135, "total_tokens": 252,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 92},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 102}}),
    );
    let expected = Counts {
        input_tokens: 25,
        audio_input_tokens: 92,
        output_tokens: 33,
        audio_output_tokens: 102,
        ..one()
    };
    assert_eq!(counts, expected);
}

#[test]
fn openai_response() {
    let taken = taken(
        "openai",
        &json!({"object": "response", "service_tier": "priority", "usage": {
            "input_tokens": 328, "input_tokens_details": {"cached_tokens": 128}, "output_tokens": 52,
            "output_tokens_details": {"reasoning_tokens": 30}, "total_tokens": 380}}),
    );
    assert_eq!(taken.shape, Shape::OpenAiResponses);
    let expected = Counts {
        input_tokens: 200,
        cache_read_tokens: 128,
        output_tokens: 22,
        reasoning_tokens: 30,
        ..one()
    };
    assert_eq!(taken.counts, expected);
}

#[test]
fn openai_realtime_with_cached_audio() {
    let counts = counts(
        "openai",
        &json!({"total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
            "input_token_details": {"text_tokens": 32, "audio_tokens": 100, "cached_tokens": 64,
                "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 64}},
            "output_token_details": {"text_tokens": 30, "audio_tokens": 91}}),
    );
    let expected = Counts {
        input_tokens: 32,
        cache_read_tokens: 64,
        audio_input_tokens: 36,
        output_tokens: 30,
        audio_output_tokens: 91,
        ..one()
    };
    assert_eq!(counts, expected);
}

#[test]
fn cached_audio_that_no_detail_tells_counts_once() {
    let counts = counts(
        "openai",
        &json!({"prompt_tokens": 100, "completion_tokens": 1,
            "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 90}}),
    );
    assert_eq!(counts.prompt_tokens(), 100);
    assert_eq!(counts.audio_input_tokens, 36);
}

#[test]
fn openai_embeddings_and_totals_alone() {
    let openai = counts("openai", &json!({"prompt_tokens": 8, "total_tokens": 8}));
    let voyage = counts(
        "voyage",
        &json!({"object": "list", "data": [], "usage": {"total_tokens": 8}}),
    );
    let expected = Counts {
        input_tokens: 8,
        ..one()
    };
    assert_eq!((openai, voyage), (expected, expected));
}

#[test]
fn openai_transcription_by_time_and_by_token() {
    let taken = taken(
        "openai",
        &json!({"text": "Hi", "usage": {"type": "duration", "seconds": 27}}),
    );
    assert_eq!(taken.shape, Shape::OpenAiDuration);
    assert_eq!(
        taken.counts,
        Counts {
            seconds: 27,
            ..one()
        }
    );
    let counts = counts(
        "openai",
        &json!({"type": "tokens", "input_tokens": 14, "input_token_details": {"text_tokens": 4, "audio_tokens": 10},
            "output_tokens": 45, "total_tokens": 59}),
    );
    let expected = Counts {
        input_tokens: 4,
        audio_input_tokens: 10,
        output_tokens: 45,
        ..one()
    };
    assert_eq!(counts, expected);
}

#[test]
fn deepseek_hits_and_misses() {
    let counts = counts(
        "deepseek",
        &json!({"prompt_tokens": 2200, "completion_tokens": 500, "total_tokens": 2700,
            "prompt_tokens_details": {"cached_tokens": 1984}, "completion_tokens_details": {"reasoning_tokens": 300},
            "prompt_cache_hit_tokens": 1984, "prompt_cache_miss_tokens": 216}),
    );
    let expected = Counts {
        input_tokens: 216,
        cache_read_tokens: 1984,
        output_tokens: 200,
        reasoning_tokens: 300,
        ..one()
    };
    assert_eq!(counts, expected);
}

#[test]
fn xai_reasons_on_top_as_its_total_says() {
    let usage = json!({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
        "prompt_tokens_details": {"text_tokens": 32, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 6},
        "completion_tokens_details": {"reasoning_tokens": 94, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}, "num_sources_used": 2});
    let expected = Counts {
        input_tokens: 26,
        cache_read_tokens: 6,
        output_tokens: 9,
        reasoning_tokens: 94,
        web_searches: 2,
        ..one()
    };
    assert_eq!(counts("xai", &usage), expected);
    assert_eq!(parse(None, &usage).unwrap().counts, expected);
    let mut without = usage;
    without["total_tokens"] = Value::Null;
    assert_eq!(counts("xai", &without), expected);
    assert!(parse(Some("openai"), &without).is_err());
}

#[test]
fn mistral_with_and_without_audio() {
    let chat = json!({"prompt_tokens": 16, "completion_tokens": 34, "total_tokens": 50,
        "num_cached_tokens": 10, "prompt_audio_seconds": null});
    assert_eq!(counts("mistral", &chat).input_tokens, 6);
    assert_eq!(counts("mistral", &chat).cache_read_tokens, 10);
    let speech = json!({"prompt_audio_seconds": 203, "prompt_tokens": 4, "total_tokens": 3264, "completion_tokens": 635});
    let expected = Counts {
        input_tokens: 4,
        output_tokens: 635,
        seconds: 203,
        ..one()
    };
    assert_eq!(counts("mistral", &speech), expected);
}

#[test]
fn others_that_are_compatible() {
    let moonshot = json!({"prompt_tokens": 19, "completion_tokens": 21, "total_tokens": 40, "cached_tokens": 10});
    assert_eq!(counts("moonshot", &moonshot).cache_read_tokens, 10);
    let groq = json!({"queue_time": 0.0378, "prompt_tokens": 18, "prompt_time": 0.0006, "completion_tokens": 556,
        "completion_time": 0.463, "total_tokens": 574, "total_time": 0.464});
    assert_eq!(counts("groq", &groq).tokens(), 574);
    let google = json!({"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 530});
    assert_eq!(counts("google", &google).reasoning_tokens, 500);
    assert_eq!(counts("somebody", &google).reasoning_tokens, 0);
    let litellm = json!({"prompt_tokens": 1000, "completion_tokens": 5, "total_tokens": 1005,
        "cache_creation_input_tokens": 300, "cache_read_input_tokens": 600, "prompt_tokens_details": {"cached_tokens": 600}});
    let counts = counts("anthropic", &litellm);
    assert_eq!(
        (
            counts.input_tokens,
            counts.cache_read_tokens,
            counts.cache_write_tokens
        ),
        (100, 600, 300)
    );
}

#[test]
fn perplexity_reasons_and_cites_on_top() {
    let counts = counts(
        "perplexity",
        &json!({"prompt_tokens": 33, "completion_tokens": 7163, "total_tokens": 7196, "citation_tokens": 20_016,
            "num_search_queries": 18, "reasoning_tokens": 68_305, "search_context_size": "low"}),
    );
    let expected = Counts {
        input_tokens: 20_049,
        output_tokens: 7163,
        reasoning_tokens: 68_305,
        web_searches: 18,
        ..one()
    };
    assert_eq!(counts, expected);
}

#[test]
fn langchain_has_short_names() {
    let counts = counts(
        "",
        &json!({"usage_metadata": {"input_tokens": 350, "output_tokens": 240, "total_tokens": 590,
            "input_token_details": {"audio": 10, "cache_creation": 200, "cache_read": 100},
            "output_token_details": {"audio": 10, "reasoning": 200}}}),
    );
    let expected = Counts {
        input_tokens: 40,
        cache_read_tokens: 100,
        cache_write_tokens: 200,
        audio_input_tokens: 10,
        output_tokens: 30,
        reasoning_tokens: 200,
        audio_output_tokens: 10,
        ..one()
    };
    assert_eq!(counts, expected);
}

#[test]
fn contradictions_are_refused_by_name() {
    for (usage, field) in [
        (
            json!({"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 6}}),
            "prompt_tokens_details.cached_tokens",
        ),
        (
            json!({"usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6,
            "completion_tokens_details": {"reasoning_tokens": 2}}}),
            "usage.completion_tokens_details.reasoning_tokens",
        ),
        (
            json!({"prompt_tokens": 5, "prompt_cache_hit_tokens": 3, "prompt_cache_miss_tokens": 3}),
            "prompt_cache_miss_tokens",
        ),
        (
            json!({"prompt_tokens": -5, "completion_tokens": 1}),
            "prompt_tokens",
        ),
        (
            json!({"prompt_tokens": 5, "completion_tokens": 0.5}),
            "completion_tokens",
        ),
        (
            json!({"prompt_tokens": "5", "completion_tokens": 1}),
            "prompt_tokens",
        ),
        (
            json!({"prompt_tokens": 2_000_000_000_000_u64}),
            "prompt_tokens",
        ),
        (
            json!({"prompt_tokens": 5, "prompt_tokens_details": [1]}),
            "prompt_tokens_details",
        ),
        (json!({"type": "duration"}), "seconds"),
    ] {
        let refusal = parse(None, &usage).unwrap_err();
        assert_eq!(refusal.code, Code::InvalidArgument);
        assert_eq!(refusal.details["field"], field, "{usage}");
    }
}

#[test]
fn what_is_no_usage_is_refused() {
    for usage in [
        json!(null),
        json!([]),
        json!(12),
        json!({}),
        json!({"usage": null}),
        json!({"usage": {}}),
        json!({"usage": 5}),
        json!({"hello": "world"}),
        json!({"prompt_tokens": null}),
    ] {
        let refusal = parse(Some("openai"), &usage).unwrap_err();
        assert_eq!(refusal.details["field"], "usage", "{usage}");
    }
}

/// Every name that any reader knows.
const NAMES: [&str; 59] = [
    "usage",
    "usageMetadata",
    "usage_metadata",
    "meta",
    "type",
    "seconds",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_tokens_details",
    "completion_tokens_details",
    "cached_tokens",
    "audio_tokens",
    "reasoning_tokens",
    "cache_write_tokens",
    "input_tokens",
    "output_tokens",
    "input_tokens_details",
    "input_token_details",
    "output_tokens_details",
    "output_token_details",
    "cached_tokens_details",
    "cache_creation",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "ephemeral_5m_input_tokens",
    "ephemeral_1h_input_tokens",
    "iterations",
    "server_tool_use",
    "web_search_requests",
    "promptTokenCount",
    "cachedContentTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "toolUsePromptTokenCount",
    "totalTokenCount",
    "promptTokensDetails",
    "cacheTokensDetails",
    "candidatesTokensDetails",
    "tokenCount",
    "modality",
    "inputTokens",
    "outputTokens",
    "cacheReadInputTokens",
    "cacheWriteInputTokens",
    "cacheDetails",
    "ttl",
    "billed_units",
    "tokens",
    "search_units",
    "prompt_eval_count",
    "eval_count",
    "cost",
    "is_byok",
    "cost_details",
    "upstream_inference_cost",
    "total_cost",
    "prompt_cache_hit_tokens",
    "citation_tokens",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u64..100).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof!["AUDIO", "1h", "duration", "compaction", ".{0,8}"].prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(NAMES.as_slice()), inner), 0..8).prop_map(
                |members| members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            ),
        ]
    })
}

fn providers() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![
        None,
        Some("openai"),
        Some("anthropic"),
        Some("google"),
        Some("xai"),
    ])
}

proptest! {
    #[test]
    fn nothing_makes_it_panic_or_pass_the_bounds(provider in providers(), usage in any_json()) {
        if let Ok(taken) = parse(provider, &usage) {
            prop_assert_eq!(taken.counts.within_bounds(), Ok(()));
            prop_assert!(taken.counts.requests >= 1);
            prop_assert!(taken.reported_cost.is_none_or(|cost| !cost.is_negative()));
        }
    }

    #[test]
    fn the_parts_make_the_whole(
        prompt in 0_u64..50, completion in 0_u64..50, cached in 0_u64..60, written in 0_u64..20, audio in 0_u64..60,
        reasoning in 0_u64..60, spoken in 0_u64..20, chat in any::<bool>(),
    ) {
        let (input, output) = if chat { ("prompt", "completion") } else { ("input", "output") };
        let usage = json!({
            format!("{input}_tokens"): prompt, format!("{output}_tokens"): completion, "total_tokens": prompt + completion,
            format!("{input}_tokens_details"): {"cached_tokens": cached, "cache_write_tokens": written, "audio_tokens": audio},
            format!("{output}_tokens_details"): {"reasoning_tokens": reasoning, "audio_tokens": spoken},
        });
        let whole = cached + written <= prompt && audio <= prompt && reasoning + spoken <= completion;
        let taken = parse(None, &usage);
        prop_assert_eq!(taken.is_ok(), whole);
        if let Ok(taken) = taken {
            prop_assert_eq!(taken.counts.prompt_tokens(), prompt);
            prop_assert_eq!(taken.counts.completion_tokens(), completion);
        }
    }

    #[test]
    fn google_s_parts_make_its_whole(
        prompt in 0_u64..50, cached in 0_u64..60, tool in 0_u64..20, candidates in 0_u64..50, thoughts in 1_u64..50,
        audio in 0_u64..60,
    ) {
        let usage = json!({
            "promptTokenCount": prompt, "cachedContentTokenCount": cached, "toolUsePromptTokenCount": tool,
            "candidatesTokenCount": candidates, "thoughtsTokenCount": thoughts,
            "totalTokenCount": prompt + tool + candidates + thoughts,
            "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": audio}],
        });
        let taken = parse(None, &usage);
        prop_assert_eq!(taken.is_ok(), cached <= prompt && audio <= prompt);
        if let Ok(taken) = taken {
            prop_assert_eq!(taken.counts.tokens(), prompt + tool + candidates + thoughts);
        }
    }
}
