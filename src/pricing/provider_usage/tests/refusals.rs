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

/// Each row: the total, the reasoning that is named, and what is counted of output and of reasoning, of 900 and 100.
#[test]
fn a_total_only_tells_where_reasoning_stands() {
    for (total, reasoning, counted) in [
        (Some(1000), 60, (40, 60)),
        (Some(1060), 60, (100, 60)),
        // Off by one.
        (Some(999), 60, (40, 60)),
        (Some(1001), 60, (40, 60)),
        (Some(1059), 60, (100, 60)),
        (Some(1061), 60, (100, 61)),
        (Some(999), 0, (100, 0)),
        (Some(1001), 0, (100, 1)),
        // Not counted at all.
        (Some(0), 60, (40, 60)),
        (None, 60, (40, 60)),
        // Anything else: the dearer.
        (Some(500), 60, (100, 60)),
        (Some(1030), 60, (100, 60)),
        (Some(1200), 60, (100, 200)),
        (Some(1200), 0, (100, 200)),
        (Some(500), 0, (100, 0)),
    ] {
        let usage = json!({"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": total,
            "completion_tokens_details": {"reasoning_tokens": reasoning}});
        let taken = parse(Some("groq"), None, &usage).unwrap().counts;
        let counts = (taken.output_tokens, taken.reasoning_tokens);
        assert_eq!(counts, counted, "{total:?} {reasoning}");
        let google = json!({"promptTokenCount": 900, "candidatesTokenCount": 100, "totalTokenCount": total,
            "thoughtsTokenCount": reasoning});
        let taken = parse(None, None, &google).unwrap().counts;
        let counts = (taken.output_tokens, taken.reasoning_tokens);
        // Google's thoughts stand beside its candidates where the total does not say otherwise.
        let beside = matches!(total, None | Some(0));
        let counted = if beside { (100, reasoning) } else { counted };
        assert_eq!(counts, counted, "{google}");
    }
    let xai = json!({"prompt_tokens": 3110, "completion_tokens": 673, "total_tokens": 4691,
        "completion_tokens_details": {"reasoning_tokens": 909}});
    let taken = parse(Some("xai"), None, &xai).unwrap().counts;
    assert_eq!((taken.output_tokens, taken.reasoning_tokens), (673, 909));
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
