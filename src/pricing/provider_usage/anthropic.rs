//! Anthropic's messages: `input_tokens` is what no cache has to do with; thinking is within `output_tokens`.

use super::fields::{Count, Fields};
use super::{Shape, TakenUsage};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

/// What no other shape with `input_tokens` has.
pub(super) const MARKS: &[&str] = &[
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "cache_creation",
    "server_tool_use",
];

pub(super) fn take(usage: &Fields<'_>) -> Result<TakenUsage, Refusal> {
    let (five_minutes, one_hour) = written(usage)?;
    let output = usage.count(&["output_tokens"])?;
    let thinking = match usage.object(&["output_tokens_details"]) {
        Some(details) => details.count(&["thinking_tokens"])?,
        None => Count::default(),
    };
    let searches = match usage.object(&["server_tool_use"]) {
        Some(tools) => tools.count(&["web_search_requests"])?.or_zero(),
        None => 0,
    };
    let counts = Counts {
        input_tokens: usage.count(&["input_tokens"])?.or_zero(),
        cache_read_tokens: usage.count(&["cache_read_input_tokens"])?.or_zero(),
        cache_write_tokens: five_minutes,
        cache_write_1h_tokens: one_hour,
        output_tokens: output.without(&[&thinking])?,
        reasoning_tokens: thinking.or_zero(),
        web_searches: searches,
        ..Counts::default()
    };
    Ok(TakenUsage::of(Shape::Anthropic, counts))
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
