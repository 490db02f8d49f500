//! OpenAI's responses, images, transcriptions and realtime: `input_tokens` and `output_tokens` that include
//! their parts, or the seconds of a transcription.

use super::chat::{openrouter_cost, ticks};
use super::fields::Fields;
use super::inclusive::{Names, Reasoning, split};
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
    counts.web_searches = searches(response);
    let mut taken = TakenUsage::of(Shape::OpenaiResponses, counts);
    taken.reported_cost = if usage.has_any(&["cost_details", "is_byok"]) {
        openrouter_cost(usage)?
    } else {
        ticks(usage)?
    };
    Ok(taken)
}

/// The searches among a response's output; opening a page that was found is none.
fn searches(response: &Fields<'_>) -> u64 {
    let outputs = response.objects(&["output"]);
    let searches = outputs.iter().filter(|output| {
        let action = output.object(&["action"]);
        let action = action.and_then(|action| action.text(&["type"]));
        output.text(&["type"]) == Some("web_search_call") && action.is_none_or(|a| a == "search")
    });
    u64::try_from(searches.count()).unwrap_or(u64::MAX)
}
