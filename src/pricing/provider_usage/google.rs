//! Google Gemini: `usageMetadata`, in camel case or, from the Python client, in snake case.
//!
//! The prompt includes cached tokens; what tools brought back and thoughts come on top. A backend that counts
//! thoughts among the candidates is told by its total.

use super::fields::{Fields, count_of, part_of};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

const PROMPT: [&str; 2] = ["promptTokenCount", "prompt_token_count"];
const CACHED: [&str; 2] = ["cachedContentTokenCount", "cached_content_token_count"];
const TOOL: [&str; 2] = ["toolUsePromptTokenCount", "tool_use_prompt_token_count"];
const THOUGHTS: [&str; 2] = ["thoughtsTokenCount", "thoughts_token_count"];
const TOTAL: [&str; 2] = ["totalTokenCount", "total_token_count"];
/// The live API calls candidates a response.
const CANDIDATES: [&str; 4] = [
    "candidatesTokenCount",
    "candidates_token_count",
    "responseTokenCount",
    "response_token_count",
];

const PROMPT_DETAILS: [&str; 2] = ["promptTokensDetails", "prompt_tokens_details"];
const CACHE_DETAILS: [&str; 2] = ["cacheTokensDetails", "cache_tokens_details"];
const TOOL_DETAILS: [&str; 2] = [
    "toolUsePromptTokensDetails",
    "tool_use_prompt_tokens_details",
];
const CANDIDATES_DETAILS: [&str; 4] = [
    "candidatesTokensDetails",
    "candidates_tokens_details",
    "responseTokensDetails",
    "response_tokens_details",
];

pub(super) fn is(fields: &Fields<'_>) -> bool {
    fields.has_any(&PROMPT) || fields.has_any(&CANDIDATES) || fields.has_any(&TOTAL)
}

pub(super) fn counts(fields: &Fields<'_>) -> Result<Counts, Refusal> {
    let prompt = count_of(fields.first(&PROMPT)?);
    let tool = count_of(fields.first(&TOOL)?);
    let cached = part_of(fields.first(&CACHED)?, prompt, PROMPT[0])?;
    let (audio_in, cached_audio) = input_audio(fields, prompt, tool, cached)?;
    let input = prompt + tool - cached;
    // Cached audio that no detail tells apart is a cached token like the others.
    let audio_in = (audio_in - cached_audio).min(input);

    let candidates = count_of(fields.first(&CANDIDATES)?);
    let thoughts = fields.first(&THOUGHTS)?;
    let reasoning = count_of(thoughts);
    let total = count_of(fields.first(&TOTAL)?);
    let within = reasoning > 0 && total == prompt + tool + candidates;
    let answer = if within {
        candidates - part_of(thoughts, candidates, CANDIDATES[0])?
    } else {
        candidates
    };
    let audio_out = audio(fields, &CANDIDATES_DETAILS, answer, CANDIDATES[0])?;
    Ok(Counts {
        input_tokens: input - audio_in,
        cache_read_tokens: cached,
        output_tokens: answer - audio_out,
        reasoning_tokens: reasoning,
        audio_input_tokens: audio_in,
        audio_output_tokens: audio_out,
        ..Counts::default()
    })
}

/// The audio tokens of prompt and tools, and those of them that a cache served.
fn input_audio(
    fields: &Fields<'_>,
    prompt: u64,
    tool: u64,
    cached: u64,
) -> Result<(u64, u64), Refusal> {
    let of_prompt = audio(fields, &PROMPT_DETAILS, prompt, PROMPT[0])?;
    let of_tool = audio(fields, &TOOL_DETAILS, tool, TOOL[0])?;
    let of_cache = audio(fields, &CACHE_DETAILS, cached, CACHED[0])?;
    Ok((of_prompt + of_tool, of_cache.min(of_prompt)))
}

/// The audio tokens that a list of modalities tells.
fn audio(fields: &Fields<'_>, names: &[&str], most: u64, whole: &str) -> Result<u64, Refusal> {
    let mut audio = 0;
    for name in names {
        for detail in fields.list(name)? {
            let told = detail.first(&["tokenCount", "token_count"])?;
            if detail.text("modality") == Some("AUDIO") {
                audio += part_of(told, most - audio, whole)?;
            }
        }
    }
    Ok(audio)
}

#[cfg(test)]
mod tests {
    use super::super::{Shape, parse};
    use crate::core::price::ServiceTier;
    use crate::core::quantity::Counts;
    use serde_json::json;

    #[test]
    fn cached_thinking_and_tools() {
        let taken = parse(
            Some("google"),
            &json!({"candidates": [], "modelVersion": "gemini-2.5-pro", "usageMetadata": {
                "promptTokenCount": 1000, "cachedContentTokenCount": 600, "candidatesTokenCount": 50,
                "thoughtsTokenCount": 200, "toolUsePromptTokenCount": 70, "totalTokenCount": 1320,
                "trafficType": "ON_DEMAND",
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1000}]}}),
        )
        .unwrap();
        assert_eq!(taken.shape, Shape::Google);
        assert_eq!(taken.service_tier, Some(ServiceTier::Standard));
        let expected = Counts {
            input_tokens: 470,
            cache_read_tokens: 600,
            output_tokens: 50,
            reasoning_tokens: 200,
            requests: 1,
            ..Counts::default()
        };
        assert_eq!(taken.counts, expected);
        assert_eq!(taken.counts.tokens(), 1320);
    }

    #[test]
    fn audio_in_snake_case() {
        let taken = parse(
            None,
            &json!({"usage_metadata": {
                "prompt_token_count": 300, "cached_content_token_count": 100, "candidates_token_count": 40,
                "total_token_count": 340,
                "prompt_tokens_details": [{"modality": "TEXT", "token_count": 50}, {"modality": "AUDIO", "token_count": 250}],
                "cache_tokens_details": [{"modality": "AUDIO", "token_count": 100}],
                "candidates_tokens_details": [{"modality": "AUDIO", "token_count": 30}]}}),
        )
        .unwrap();
        let expected = Counts {
            input_tokens: 50,
            cache_read_tokens: 100,
            audio_input_tokens: 150,
            output_tokens: 10,
            audio_output_tokens: 30,
            requests: 1,
            ..Counts::default()
        };
        assert_eq!(taken.counts, expected);
    }

    #[test]
    fn thoughts_among_the_candidates_are_told_by_the_total() {
        let taken = parse(
            None,
            &json!({"promptTokenCount": 10, "candidatesTokenCount": 90, "thoughtsTokenCount": 80, "totalTokenCount": 100}),
        )
        .unwrap();
        assert_eq!(taken.counts.output_tokens, 10);
        assert_eq!(taken.counts.tokens(), 100);
    }

    #[test]
    fn contradictions_are_refused_by_name() {
        for (usage, field) in [
            (
                json!({"promptTokenCount": 5, "cachedContentTokenCount": 6}),
                "cachedContentTokenCount",
            ),
            (json!({"promptTokenCount": -5}), "promptTokenCount"),
            (
                json!({"promptTokenCount": 5, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 6}]}),
                "promptTokensDetails[0].tokenCount",
            ),
            (
                json!({"promptTokenCount": 5, "promptTokensDetails": {}}),
                "promptTokensDetails",
            ),
        ] {
            assert_eq!(parse(None, &usage).unwrap_err().details["field"], field);
        }
    }
}
