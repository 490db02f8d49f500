//! What can't be, and what must hold of all that is taken.

use super::*;
use proptest::prelude::*;

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
        let taken = parse(None, None, &usage).unwrap().counts;
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
        if let Ok(taken) = parse(hint, None, &Value::Object(object)) {
            let said: u64 = values.iter().map(|value| value.unsigned_abs()).sum();
            prop_assert!(taken.counts.tokens() <= said);
        }
    }
}
