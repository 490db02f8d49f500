//! Anthropic: `input_tokens` is what no cache read or wrote.
//!
//! A call that compacts its context or asks an adviser lists further rounds in `iterations`, which the outer
//! counts leave out though they are billed: they are added. An adviser of another model is counted as this one.

use super::Hint;
use super::fields::{Fields, count_of, part_of};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

pub(super) fn is(fields: &Fields<'_>, hint: Hint) -> bool {
    let marks = [
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cache_creation",
        "server_tool_use",
    ];
    let counts = fields.has_any(&["input_tokens", "output_tokens"]);
    let bare = !fields.has_any(&[
        "total_tokens",
        "input_tokens_details",
        "input_token_details",
    ]);
    counts && (fields.has_any(&marks) || (hint == Hint::Anthropic && bare))
}

pub(super) fn counts(fields: &Fields<'_>) -> Result<Counts, Refusal> {
    let mut counts = round(fields)?;
    for further in fields.list("iterations")? {
        if further.text("type") != Some("message") {
            add(&mut counts, &round(&further)?);
        }
    }
    let tools = fields.details(&["server_tool_use"])?;
    counts.web_searches = count_of(tools.count("web_search_requests")?);
    Ok(counts)
}

fn round(fields: &Fields<'_>) -> Result<Counts, Refusal> {
    let (five_minutes, hour) = written(fields)?;
    let output = count_of(fields.count("output_tokens")?);
    let details = fields.details(&["output_tokens_details"])?;
    let thinking = details.first(&["thinking_tokens", "reasoning_tokens"])?;
    let thinking = part_of(thinking, output, "output_tokens")?;
    Ok(Counts {
        input_tokens: count_of(fields.count("input_tokens")?),
        cache_read_tokens: count_of(fields.count("cache_read_input_tokens")?),
        cache_write_tokens: five_minutes,
        cache_write_1h_tokens: hour,
        output_tokens: output - thinking,
        reasoning_tokens: thinking,
        ..Counts::default()
    })
}

/// The tokens written to a cache for five minutes and for an hour; those of no stated time are of the shorter.
fn written(fields: &Fields<'_>) -> Result<(u64, u64), Refusal> {
    let by_time = fields.details(&["cache_creation"])?;
    let five_minutes = by_time.count("ephemeral_5m_input_tokens")?;
    let hour = by_time.count("ephemeral_1h_input_tokens")?;
    let Some(all) = fields.count("cache_creation_input_tokens")? else {
        return Ok((count_of(five_minutes), count_of(hour)));
    };
    let whole = "cache_creation_input_tokens";
    let hour = part_of(hour, all.count, whole)?;
    part_of(five_minutes, all.count - hour, whole)?;
    Ok((all.count - hour, hour))
}

fn add(counts: &mut Counts, further: &Counts) {
    for (sum, part) in [
        (&mut counts.input_tokens, further.input_tokens),
        (&mut counts.cache_read_tokens, further.cache_read_tokens),
        (&mut counts.cache_write_tokens, further.cache_write_tokens),
        (
            &mut counts.cache_write_1h_tokens,
            further.cache_write_1h_tokens,
        ),
        (&mut counts.output_tokens, further.output_tokens),
        (&mut counts.reasoning_tokens, further.reasoning_tokens),
    ] {
        *sum = sum.saturating_add(part);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Shape, parse};
    use crate::core::price::ServiceTier;
    use crate::core::quantity::Counts;
    use serde_json::json;

    #[test]
    fn a_whole_message() {
        let taken = parse(
            Some("anthropic"),
            &json!({
                "id": "msg_013Zva2CMHLNnXjNJJKqJ2EF", "type": "message", "model": "claude-opus-4-6",
                "usage": {
                    "cache_creation": {"ephemeral_1h_input_tokens": 148, "ephemeral_5m_input_tokens": 456},
                    "cache_creation_input_tokens": 604, "cache_read_input_tokens": 2051,
                    "inference_geo": "global", "input_tokens": 2095, "output_tokens": 503,
                    "server_tool_use": {"web_fetch_requests": 2, "web_search_requests": 3},
                    "service_tier": "batch"
                }
            }),
        )
        .unwrap();
        assert_eq!(taken.shape, Shape::Anthropic);
        assert_eq!(taken.service_tier, Some(ServiceTier::Batch));
        let expected = Counts {
            input_tokens: 2095,
            cache_read_tokens: 2051,
            cache_write_tokens: 456,
            cache_write_1h_tokens: 148,
            output_tokens: 503,
            web_searches: 3,
            requests: 1,
            ..Counts::default()
        };
        assert_eq!(taken.counts, expected);
    }

    #[test]
    fn writes_of_no_stated_time_and_nulls() {
        let taken = parse(
            None,
            &json!({"input_tokens": 21, "cache_creation_input_tokens": 188_086, "cache_read_input_tokens": 0,
                "cache_creation": null, "server_tool_use": null, "output_tokens": 393}),
        )
        .unwrap();
        assert_eq!(taken.shape, Shape::Anthropic);
        assert_eq!(taken.counts.cache_write_tokens, 188_086);
        assert_eq!(taken.counts.input_tokens, 21);
    }

    #[test]
    fn a_bare_object_is_the_provider_s() {
        let usage = json!({"input_tokens": 10, "output_tokens": 20});
        let own = parse(Some("anthropic"), &usage).unwrap();
        let other = parse(Some("openai"), &usage).unwrap();
        assert_eq!(own.shape, Shape::Anthropic);
        assert_eq!(other.shape, Shape::OpenAiResponses);
        assert_eq!(own.counts, other.counts);
    }

    #[test]
    fn a_compaction_is_billed_on_top() {
        let taken = parse(
            None,
            &json!({"input_tokens": 23_000, "output_tokens": 1000, "cache_read_input_tokens": 0, "iterations": [
                {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3500},
                {"type": "message", "input_tokens": 23_000, "output_tokens": 1000}]}),
        )
        .unwrap();
        assert_eq!(taken.counts.input_tokens, 203_000);
        assert_eq!(taken.counts.output_tokens, 4500);
    }

    #[test]
    fn contradictions_are_refused_by_name() {
        for (usage, field) in [
            (
                json!({"usage": {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 5,
                "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 3}}}),
                "usage.cache_creation.ephemeral_5m_input_tokens",
            ),
            (
                json!({"input_tokens": 1.5, "output_tokens": 1, "cache_read_input_tokens": 0}),
                "input_tokens",
            ),
            (
                json!({"input_tokens": 1, "output_tokens": 1, "cache_read_input_tokens": "3"}),
                "cache_read_input_tokens",
            ),
        ] {
            assert_eq!(parse(None, &usage).unwrap_err().details["field"], field);
        }
    }
}
