//! Google's `usageMetadata`: the prompt includes what the cache served; thoughts, and the prompt of tools, stand
//! beside it and the candidates. Names are taken in camel case and, as from the Python library, in snake case.

use super::fields::{Count, Fields};
use super::inclusive::{Reasoning, place};
use super::{Shape, TakenUsage};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

/// Members that no other shape has.
pub(super) const MARKS: &[&str] = &[
    "promptTokenCount",
    "prompt_token_count",
    "candidatesTokenCount",
    "candidates_token_count",
    "totalTokenCount",
    "total_token_count",
];

pub(super) fn take(
    usage: &Fields<'_>,
    response: &Fields<'_>,
    model: Option<&str>,
) -> Result<TakenUsage, Refusal> {
    let prompt = usage.count(&["promptTokenCount", "prompt_token_count"])?;
    let cached = usage.count(&["cachedContentTokenCount", "cached_content_token_count"])?;
    let tools = usage.count(&["toolUsePromptTokenCount", "tool_use_prompt_token_count"])?;
    let thoughts = usage.count(&["thoughtsTokenCount", "thoughts_token_count"])?;
    let output = usage.count(&[
        "candidatesTokenCount",
        "candidates_token_count",
        "responseTokenCount",
        "response_token_count",
    ])?;
    let heard = audio(usage, &["promptTokensDetails", "prompt_tokens_details"])?;
    let heard_from_cache = audio(usage, &["cacheTokensDetails", "cache_tokens_details"])?;
    let heard_by_tools = audio(
        usage,
        &[
            "toolUsePromptTokensDetails",
            "tool_use_prompt_tokens_details",
        ],
    )?;
    let spoken = audio(
        usage,
        &[
            "candidatesTokensDetails",
            "candidates_tokens_details",
            "responseTokensDetails",
            "response_tokens_details",
        ],
    )?;
    let heard_anew = heard.without(&[&heard_from_cache])?;
    let (reasoning_tokens, place) = placed(usage, [&prompt, &tools, &output], &thoughts)?;
    let output_tokens = if place == Reasoning::Within {
        output.without(&[&spoken, &thoughts])?
    } else {
        output.without(&[&spoken])?
    };
    let counts = Counts {
        input_tokens: prompt.without(&[&cached, &heard.holding(heard_anew)])?
            + tools.without(&[&heard_by_tools])?,
        cache_read_tokens: cached.without(&[&heard_from_cache])?,
        cache_read_audio_tokens: heard_from_cache.or_zero(),
        audio_input_tokens: heard_anew + heard_by_tools.or_zero(),
        output_tokens,
        reasoning_tokens,
        audio_output_tokens: spoken.or_zero(),
        web_searches: searches(response, model),
        ..Counts::default()
    };
    Ok(TakenUsage::of(Shape::Gemini, counts))
}

/// How many thoughts there were, and where they are counted, as the total tells.
fn placed(
    usage: &Fields<'_>,
    parts: [&Count; 3],
    thoughts: &Count,
) -> Result<(u64, Reasoning), Refusal> {
    let total = usage.count(&["totalTokenCount", "total_token_count"])?;
    let sides = parts.iter().map(|part| part.or_zero()).sum();
    let placed = place(&total, sides, thoughts.or_zero(), Reasoning::Beside);
    // Google names all the parts there are.
    if placed.0 > thoughts.or_zero() {
        total.doubt(sides + thoughts.or_zero());
    }
    Ok(placed)
}

/// The tokens of a modality list that are audio.
fn audio(usage: &Fields<'_>, names: &[&str]) -> Result<Count, Refusal> {
    let mut sum = Count::default();
    for part in usage.objects(names) {
        if part
            .text(&["modality"])
            .is_some_and(|m| m.eq_ignore_ascii_case("audio"))
        {
            let count = part.count(&["tokenCount", "token_count"])?;
            sum = count.holding(sum.or_zero() + count.or_zero());
        }
    }
    Ok(sum)
}

/// The searches that the answers were grounded in, as they are billed: until the second generation a grounded prompt
/// once, however often it was searched for; since then each search.
fn searches(response: &Fields<'_>, model: Option<&str>) -> u64 {
    let candidates = response.objects(&["candidates"]);
    let grounds = candidates
        .iter()
        .filter_map(|candidate| candidate.object(&["groundingMetadata", "grounding_metadata"]));
    let searches: u64 = grounds
        .map(|ground| {
            let camel = ground.list_length("webSearchQueries");
            camel.max(ground.list_length("web_search_queries"))
        })
        .sum();
    match model.and_then(generation) {
        Some(..=2) => searches.min(1),
        _ => searches,
    }
}

/// The generation in a model's name, as 2 in `models/gemini-2.5-flash`; none where it has none.
fn generation(model: &str) -> Option<u32> {
    let (_, name) = model.split_once("gemini-")?;
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit());
    digits[..end.unwrap_or(digits.len())].parse().ok()
}
