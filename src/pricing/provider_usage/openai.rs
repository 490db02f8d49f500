//! OpenAI and the many that speak as it does: chat completions, responses, embeddings, images, transcription.
//!
//! Prompt and completion include their parts: cached and written tokens, audio, reasoning. Where the
//! others differ:
//! - xAI's completion leaves reasoning out, which shows in `total_tokens`; without a total its name decides.
//! - Google's compatible endpoint leaves thoughts out and tells them by the total alone.
//! - Perplexity tells `reasoning_tokens` and `citation_tokens` beside prompt and completion, on top of them.
//! - DeepSeek tells hits and misses of the cache, Moonshot and Together `cached_tokens`, Mistral
//!   `num_cached_tokens` and seconds of audio, LiteLLM Anthropic's names, all beside the prompt and within it.
//! - LangChain has short names in its details (`cache_read`, `reasoning`).

use super::Hint;
use super::fields::{Fields, Told, count_of, larger, part_of};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

/// The two sides of a usage by their names.
struct Sides {
    input: &'static str,
    output: &'static str,
    input_details: [&'static str; 2],
    output_details: [&'static str; 2],
}

const CHAT: Sides = Sides {
    input: "prompt_tokens",
    output: "completion_tokens",
    input_details: ["prompt_tokens_details", "prompt_token_details"],
    output_details: ["completion_tokens_details", "completion_token_details"],
};

const RESPONSES: Sides = Sides {
    input: "input_tokens",
    output: "output_tokens",
    input_details: ["input_tokens_details", "input_token_details"],
    output_details: ["output_tokens_details", "output_token_details"],
};

/// Names of what a cache served, within the details and beside the prompt.
const READ: [&str; 3] = ["cached_tokens", "cache_read", "cache_read_tokens"];
const READ_BESIDE: [&str; 4] = [
    "prompt_cache_hit_tokens",
    "cached_tokens",
    "num_cached_tokens",
    "cache_read_input_tokens",
];
/// Names of what was written to a cache.
const WRITTEN: [&str; 3] = [
    "cache_write_tokens",
    "cache_creation",
    "cache_creation_tokens",
];
const WRITTEN_BESIDE: &str = "cache_creation_input_tokens";
const WRITTEN_5M: &str = "ephemeral_5m_input_tokens";
const WRITTEN_1H: &str = "ephemeral_1h_input_tokens";

pub(super) fn chat(fields: &Fields<'_>, hint: Hint) -> Result<Counts, Refusal> {
    of(fields, &CHAT, hint)
}

pub(super) fn responses(fields: &Fields<'_>) -> Result<Counts, Refusal> {
    of(fields, &RESPONSES, Hint::Nothing)
}

/// Transcription that is billed by time.
pub(super) fn duration(fields: &Fields<'_>) -> Result<Counts, Refusal> {
    let seconds = fields
        .seconds("seconds")?
        .ok_or_else(|| fields.refusal("seconds", "expects the length of the audio"))?;
    Ok(Counts {
        seconds,
        ..Counts::default()
    })
}

fn of(fields: &Fields<'_>, sides: &Sides, hint: Hint) -> Result<Counts, Refusal> {
    let total = fields.count("total_tokens")?;
    let input = fields.count(sides.input)?;
    let output = fields.count(sides.output)?;
    // Embeddings tell a total alone, or a prompt and a total.
    let rest = |side: Option<Told<'_>>| count_of(total).saturating_sub(count_of(side));
    let prompt = input.map_or_else(|| rest(output), |told| told.count);
    let completion =
        output.map_or_else(|| count_of(total).saturating_sub(prompt), |told| told.count);

    let mut counts = Counts::default();
    input_side(fields, sides, prompt, &mut counts)?;
    let total = total.map(|total| total.count);
    let sums = Sums {
        prompt,
        completion,
        total,
    };
    output_side(fields, sides, &sums, hint, &mut counts)?;
    counts.input_tokens += count_of(fields.count("citation_tokens")?);
    counts.web_searches = searches(fields)?;
    counts.seconds = audio_seconds(fields)?;
    Ok(counts)
}

fn input_side(
    fields: &Fields<'_>,
    sides: &Sides,
    prompt: u64,
    counts: &mut Counts,
) -> Result<(), Refusal> {
    let details = fields.details(&sides.input_details)?;
    let read = larger(details.largest(&READ)?, fields.largest(&READ_BESIDE)?);
    let read = part_of(read, prompt, sides.input)?;
    part_of(
        fields.count("prompt_cache_miss_tokens")?,
        prompt - read,
        sides.input,
    )?;

    let written = larger(details.largest(&WRITTEN)?, fields.count(WRITTEN_BESIDE)?);
    let by_time = (details.count(WRITTEN_5M)?, details.count(WRITTEN_1H)?);
    let hour = part_of(by_time.1, prompt - read, sides.input)?;
    let five_minutes = part_of(by_time.0, prompt - read - hour, sides.input)?;
    let written = part_of(written, prompt - read, sides.input)?;
    let five_minutes = five_minutes.max(written.saturating_sub(hour));

    // Audio from the cache is among the cached ones; what of it no detail tells shows where the prompt is too short.
    let rest = prompt - read - hour - five_minutes;
    let audio = part_of(
        details.largest(&["audio_tokens", "audio"])?,
        prompt,
        sides.input,
    )?;
    let of_cache = details.details(&["cached_tokens_details"])?;
    let cached_audio = part_of(of_cache.count("audio_tokens")?, read, "cached_tokens")?;
    let audio = audio.saturating_sub(cached_audio).min(rest);

    counts.cache_read_tokens = read;
    counts.cache_write_tokens = five_minutes;
    counts.cache_write_1h_tokens = hour;
    counts.audio_input_tokens = audio;
    counts.input_tokens = rest - audio;
    Ok(())
}

/// The sums that a usage tells.
struct Sums {
    prompt: u64,
    completion: u64,
    total: Option<u64>,
}

fn output_side(
    fields: &Fields<'_>,
    sides: &Sides,
    sums: &Sums,
    hint: Hint,
    counts: &mut Counts,
) -> Result<(), Refusal> {
    let details = fields.details(&sides.output_details)?;
    let within = details.largest(&["reasoning_tokens", "reasoning"])?;
    let reasoning = count_of(within);
    let completion = sums.completion;
    let of_completion = if on_top(sums, reasoning, hint) {
        0
    } else {
        part_of(within, completion, sides.output)?
    };
    let audio = details.largest(&["audio_tokens", "audio"])?;
    let audio = part_of(audio, completion - of_completion, sides.output)?;

    let beside = match within {
        None => count_of(fields.count("reasoning_tokens")?),
        Some(_) => 0,
    };
    let untold = match sums.total {
        Some(total) if hint == Hint::Google && reasoning + beside == 0 => {
            total.saturating_sub(sums.prompt + completion)
        }
        _ => 0,
    };
    counts.reasoning_tokens = reasoning + beside + untold;
    counts.audio_output_tokens = audio;
    counts.output_tokens = completion - of_completion - audio;
    Ok(())
}

/// Whether reasoning comes on top of the completion.
fn on_top(sums: &Sums, reasoning: u64, hint: Hint) -> bool {
    let told = sums.prompt + sums.completion;
    match sums.total {
        Some(total) if total == told => false,
        Some(total) if total == told + reasoning => true,
        _ => hint == Hint::Xai,
    }
}

/// Searches: xAI's calls of its tool or sources, Perplexity's queries.
fn searches(fields: &Fields<'_>) -> Result<u64, Refusal> {
    let tools = fields.details(&["server_side_tool_usage_details"])?;
    let told = fields.first(&["num_search_queries", "num_sources_used"])?;
    Ok(count_of(larger(tools.count("web_search_calls")?, told)))
}

/// Mistral's length of spoken input; an empty object stands for none.
fn audio_seconds(fields: &Fields<'_>) -> Result<u64, Refusal> {
    let name = "prompt_audio_seconds";
    if fields.get(name).is_some_and(serde_json::Value::is_object) {
        return Ok(0);
    }
    Ok(fields.seconds(name)?.unwrap_or_default())
}
