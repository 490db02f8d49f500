//! OpenAI's responses, images, transcriptions and realtime: `input_tokens` and `output_tokens` that include
//! their parts, or the seconds of a transcription.

use super::chat::{XAI_SEARCHES, XAI_TOOLS, openrouter_cost, ticks};
use super::fields::Fields;
use super::inclusive::{Names, Reasoning, split};
use super::tools::{take_calls, take_outputs};
use super::{Shape, TakenUsage};
use crate::core::refusal::Refusal;

/// What no other shape with `input_tokens` has.
pub(super) const MARKS: &[&str] = &[
    "input_tokens_details",
    "input_token_details",
    "output_token_details",
    "seconds",
    "cost_in_usd_ticks",
    "cost_details",
];

const NAMES: Names = Names {
    input: "input_tokens",
    input_details: &["input_tokens_details", "input_token_details"],
    output: "output_tokens",
    output_details: &["output_tokens_details", "output_token_details"],
    cached: &[],
    written: &[],
};

pub(super) fn take(usage: &Fields<'_>, response: &Fields<'_>) -> Result<TakenUsage, Refusal> {
    let mut counts = split(usage, &NAMES, Reasoning::Within)?;
    counts.seconds = usage.seconds(&["seconds"])?;
    let mut taken = TakenUsage::of(Shape::OpenaiResponses, counts);
    // Where the usage counts the tools that ran, the outputs tell of the same ones.
    match usage.object(&[XAI_TOOLS]) {
        Some(tools) => take_calls(&tools, XAI_SEARCHES, &mut taken)?,
        None => take_outputs(response, &mut taken),
    }
    taken.reported_cost = if usage.has_any(&["cost_details", "is_byok"]) {
        openrouter_cost(usage)?
    } else {
        ticks(usage)?
    };
    Ok(taken)
}
