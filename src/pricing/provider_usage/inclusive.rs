//! The counts of OpenAI and of all that follow it: wholes that include their parts.

use super::fields::{Count, Fields};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

/// What the members are called.
pub(super) struct Names {
    pub(super) input: &'static str,
    pub(super) input_details: &'static [&'static str],
    pub(super) output: &'static str,
    pub(super) output_details: &'static [&'static str],
    /// Where cached tokens stand where they do not stand in the details.
    pub(super) cached: &'static [&'static str],
    /// The same for what was written to a cache.
    pub(super) written: &'static [&'static str],
}

/// Whether reasoning is a part of the output or stands beside it, where the total does not tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reasoning {
    Within,
    Beside,
}

/// Splits the wholes into counts that do not overlap.
///
/// The total tells where reasoning is counted: equal to input and output, reasoning is within the output;
/// larger by just the reasoning, beside it (xAI). Larger where no reasoning is named, the rest is taken for
/// reasoning (Google behind OpenAI's interface): it was spent. See [`place`] for a total that is anything else.
pub(super) fn split(
    usage: &Fields<'_>,
    names: &Names,
    otherwise: Reasoning,
) -> Result<Counts, Refusal> {
    split_beside(usage, names, otherwise, 0)
}

/// The same, where the total has so many tokens beside the two sides.
pub(super) fn split_beside(
    usage: &Fields<'_>,
    names: &Names,
    otherwise: Reasoning,
    beside: u64,
) -> Result<Counts, Refusal> {
    let total = usage.count(&["total_tokens"])?.less(beside);
    let mut input = usage.count(&[names.input])?;
    let output = usage.count(&[names.output])?;
    if input.given().is_none() && output.given().is_none() {
        // Embeddings of some providers tell the total alone.
        input = total.clone();
    }
    let parts = InputParts::read(usage, names)?;
    let OutputParts {
        reasoning: reasoning_part,
        audio: audio_output,
    } = OutputParts::read(usage, names)?;
    let sides = input.or_zero() + output.or_zero();
    let (reasoning, within) = place(&total, sides, reasoning_part.or_zero(), otherwise);
    let output_tokens = if within == Reasoning::Within {
        output.without(&[&reasoning_part, &audio_output])?
    } else {
        output.without(&[&audio_output])?
    };
    let audio_input = parts.audio.without(&[&parts.cached_audio])?;
    let cached_text = parts.cached.without(&[&parts.cached_audio])?;
    let input_tokens = input.without(&[
        &parts.audio,
        &parts.cached.holding(cached_text),
        &parts.written,
    ])?;
    Ok(Counts {
        input_tokens,
        cache_read_tokens: cached_text,
        cache_read_audio_tokens: parts.cached_audio.or_zero(),
        cache_write_tokens: parts.written.without(&[&parts.written_1h])?,
        cache_write_1h_tokens: parts.written_1h.or_zero(),
        audio_input_tokens: audio_input,
        output_tokens,
        reasoning_tokens: reasoning,
        audio_output_tokens: audio_output.or_zero(),
        ..Counts::default()
    })
}

struct InputParts {
    cached: Count,
    cached_audio: Count,
    written: Count,
    written_1h: Count,
    audio: Count,
}

impl InputParts {
    fn read(usage: &Fields<'_>, names: &Names) -> Result<Self, Refusal> {
        let mut parts = Self {
            cached: usage.count(names.cached)?,
            cached_audio: Count::default(),
            written: usage.count(names.written)?,
            written_1h: Count::default(),
            audio: Count::default(),
        };
        let Some(details) = usage.object(names.input_details) else {
            return Ok(parts);
        };
        let cached = details.count(&["cached_tokens", "cache_read_input_tokens"])?;
        let written = details.count(&[
            "cache_write_tokens",
            "cache_creation_tokens",
            "cache_creation_input_tokens",
        ])?;
        parts.cached = counted(cached, parts.cached);
        parts.written = counted(written, parts.written);
        if let Some(cached) = details.object(&["cached_tokens_details"]) {
            parts.cached_audio = cached.count(&["audio_tokens"])?;
        }
        if let Some(times) = details.object(&["cache_creation", "cache_creation_token_details"]) {
            parts.written_1h = times.count(&["ephemeral_1h_input_tokens"])?;
        }
        parts.audio = details.count(&["audio_tokens"])?;
        Ok(parts)
    }
}

/// What the details say, unless they count nothing and the usage itself does.
fn counted(in_details: Count, beside: Count) -> Count {
    if in_details.or_zero() > 0 || beside.or_zero() == 0 {
        in_details
    } else {
        beside
    }
}

struct OutputParts {
    reasoning: Count,
    audio: Count,
}

impl OutputParts {
    fn read(usage: &Fields<'_>, names: &Names) -> Result<Self, Refusal> {
        Ok(match usage.object(names.output_details) {
            Some(details) => Self {
                reasoning: details.count(&["reasoning_tokens"])?,
                audio: details.count(&["audio_tokens"])?,
            },
            None => Self {
                reasoning: usage.count(&["reasoning_tokens"])?,
                audio: Count::default(),
            },
        })
    }
}

/// How far a total may be off: some providers count the parts one by one and the whole by itself.
const SLACK: u64 = 8;

/// The most reasoning that a total may tell of without naming it: no model writes more in a call. A total beyond that is a
/// slip, and posting it would be one, too.
const UNNAMED_MOST: u64 = 1 << 20;

/// How much reasoning there was, and where it is counted, as the total tells: what it fits best, within a little. Where
/// it fits nothing the dearer holds: reasoning beside the output, and whatever no part names is reasoning.
pub(super) fn place(
    total: &Count,
    sides: u64,
    reasoning: u64,
    otherwise: Reasoning,
) -> (u64, Reasoning) {
    // A total of nothing is one that was not counted.
    let Some(total_tokens) = total.given().filter(|total| *total > 0) else {
        return (reasoning, otherwise);
    };
    let off_within = total_tokens.abs_diff(sides);
    let off_beside = total_tokens.abs_diff(sides + reasoning);
    let unnamed = total_tokens.saturating_sub(sides);
    let unnamed = if unnamed > UNNAMED_MOST { 0 } else { unnamed };
    let is_unnamed_reasoning = reasoning == 0 && unnamed > 0;
    if off_within.min(off_beside) > SLACK && !is_unnamed_reasoning {
        total.doubt(sides + reasoning);
    }
    if off_within <= SLACK && off_within < off_beside {
        return (reasoning, Reasoning::Within);
    }
    (reasoning.max(unnamed), Reasoning::Beside)
}
