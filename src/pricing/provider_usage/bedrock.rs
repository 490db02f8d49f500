//! Amazon Bedrock's converse: `inputTokens` is what no cache has to do with.

use super::fields::Fields;
use super::{Shape, TakenUsage};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

/// Members that no other shape has.
pub(super) const MARKS: &[&str] = &["inputTokens", "outputTokens"];

pub(super) fn take(usage: &Fields<'_>) -> Result<TakenUsage, Refusal> {
    let written = usage.count(&["cacheWriteInputTokens", "cacheWriteInputTokenCount"])?;
    let read = usage.count(&["cacheReadInputTokens", "cacheReadInputTokenCount"])?;
    let mut by_time = [0_u64; 2];
    let details = usage.objects(&["cacheDetails"]);
    for detail in &details {
        let hour = usize::from(detail.text(&["ttl"]) == Some("1h"));
        by_time[hour] += detail.count(&["inputTokens"])?.or_zero();
    }
    let both = by_time[0] + by_time[1];
    if details.is_empty() {
        by_time[0] = written.or_zero();
    } else if written.given().is_some_and(|written| written != both) {
        return Err(written.refuse(&format!("{both}, what cacheDetails makes together")));
    }
    let counts = Counts {
        input_tokens: usage.count(&["inputTokens"])?.or_zero(),
        cache_read_tokens: read.or_zero(),
        cache_write_tokens: by_time[0],
        cache_write_1h_tokens: by_time[1],
        output_tokens: usage.count(&["outputTokens"])?.or_zero(),
        ..Counts::default()
    };
    check_total(usage, &counts)?;
    Ok(TakenUsage::of(Shape::Bedrock, counts))
}

/// The total counts what the cache served and took, or leaves it out: models differ. Nothing is taken from it.
fn check_total(usage: &Fields<'_>, counts: &Counts) -> Result<(), Refusal> {
    let total = usage.count(&["totalTokens"])?;
    let without = counts.input_tokens + counts.output_tokens;
    if let Some(given) = total.given()
        && given != counts.tokens()
        && given != without
    {
        total.doubt(counts.tokens());
    }
    Ok(())
}
