//! Anthropic's messages: `input_tokens` is what no cache has to do with; thinking is within `output_tokens`.
//!
//! Where the provider ran the model several times for one answer, as to compact a long conversation, the usage says
//! only what the last run took; `iterations` has them all, and they are billed.

use super::fields::{Count, Fields};
use super::tools::name_unpriced;
use super::{Shape, TakenUsage};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

/// What no other shape with `input_tokens` has.
pub(super) const MARKS: &[&str] = &[
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "cache_creation",
    "server_tool_use",
    "iterations",
];

pub(super) fn take(usage: &Fields<'_>) -> Result<TakenUsage, Refusal> {
    let mut counts = one_run(usage)?;
    let mut advisors = Vec::new();
    let runs = usage.objects(&["iterations"]);
    if !runs.is_empty() {
        counts = Counts::default();
    }
    for run in &runs {
        counts = counts.plus(&one_run(run)?);
        // An advisor is a model of its own, with a price of its own; here it counts as the one that asked it.
        if let Some(model) = run.text(&["model"])
            && run.text(&["type"]) == Some("advisor_message")
        {
            advisors.push(format!("advisor: {model}"));
        }
    }
    if let Some(tools) = usage.object(&["server_tool_use"]) {
        counts.web_searches = tools.count(&["web_search_requests"])?.or_zero();
    }
    let mut taken = TakenUsage::of(Shape::Anthropic, counts);
    taken.unpriced = surcharges(usage);
    for advisor in &advisors {
        name_unpriced(&mut taken, advisor);
    }
    Ok(taken)
}

fn one_run(usage: &Fields<'_>) -> Result<Counts, Refusal> {
    let (five_minutes, one_hour) = written(usage)?;
    let output = usage.count(&["output_tokens"])?;
    let thinking = match usage.object(&["output_tokens_details"]) {
        Some(details) => details.count(&["thinking_tokens"])?,
        None => Count::default(),
    };
    Ok(Counts {
        input_tokens: usage.count(&["input_tokens"])?.or_zero(),
        cache_read_tokens: usage.count(&["cache_read_input_tokens"])?.or_zero(),
        cache_write_tokens: five_minutes,
        cache_write_1h_tokens: one_hour,
        output_tokens: output.without(&[&thinking])?,
        reasoning_tokens: thinking.or_zero(),
        ..Counts::default()
    })
}

/// What makes the same tokens dearer, by a factor that no price list states.
fn surcharges(usage: &Fields<'_>) -> Vec<String> {
    let dearer = [("speed", "fast"), ("inference_geo", "us")];
    let said = dearer
        .iter()
        .filter(|(name, word)| usage.text(&[name]) == Some(*word));
    said.map(|(name, word)| format!("{name}: {word}")).collect()
}

/// What was written to the caches of five minutes and of one hour; without the times, to that of five minutes.
fn written(usage: &Fields<'_>) -> Result<(u64, u64), Refusal> {
    let whole = usage.count(&["cache_creation_input_tokens"])?;
    let Some(by_time) = usage.object(&["cache_creation"]) else {
        return Ok((whole.or_zero(), 0));
    };
    let five_minutes = by_time.count(&["ephemeral_5m_input_tokens"])?;
    let one_hour = by_time.count(&["ephemeral_1h_input_tokens"])?;
    let both = five_minutes.or_zero() + one_hour.or_zero();
    match whole.given() {
        Some(given) if given != both => {
            Err(whole.refuse(&format!("{both}, what cache_creation makes together")))
        }
        _ => Ok((five_minutes.or_zero(), one_hour.or_zero())),
    }
}
