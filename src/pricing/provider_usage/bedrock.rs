//! Amazon Bedrock: Converse's `inputTokens`, and the metrics at the end of an InvokeModel stream.
//!
//! Input tokens exclude the cached ones; `cacheDetails` tells the writes by their time.

use super::fields::{Fields, count_of, part_of};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

const INPUT: [&str; 2] = ["inputTokens", "inputTokenCount"];
const OUTPUT: [&str; 2] = ["outputTokens", "outputTokenCount"];
const READ: [&str; 2] = ["cacheReadInputTokens", "cacheReadInputTokenCount"];
const WRITTEN: [&str; 2] = ["cacheWriteInputTokens", "cacheWriteInputTokenCount"];

pub(super) fn is(fields: &Fields<'_>) -> bool {
    fields.has_any(&INPUT) || fields.has_any(&OUTPUT)
}

pub(super) fn counts(fields: &Fields<'_>) -> Result<Counts, Refusal> {
    let written = count_of(fields.first(&WRITTEN)?);
    let mut for_an_hour = 0;
    for detail in fields.list("cacheDetails")? {
        let rest = written - for_an_hour;
        let part = part_of(detail.count("inputTokens")?, rest, "cacheWriteInputTokens")?;
        if detail.text("ttl") == Some("1h") {
            for_an_hour += part;
        }
    }
    Ok(Counts {
        input_tokens: count_of(fields.first(&INPUT)?),
        cache_read_tokens: count_of(fields.first(&READ)?),
        cache_write_tokens: written - for_an_hour,
        cache_write_1h_tokens: for_an_hour,
        output_tokens: count_of(fields.first(&OUTPUT)?),
        ..Counts::default()
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Shape, parse};
    use crate::core::price::ServiceTier;
    use crate::core::quantity::Counts;
    use serde_json::json;

    #[test]
    fn converse() {
        let taken = parse(
            Some("bedrock"),
            &json!({
                "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
                "stopReason": "end_turn", "metrics": {"latencyMs": 1275},
                "serviceTier": {"type": "flex"},
                "usage": {"inputTokens": 30, "outputTokens": 628, "totalTokens": 2158,
                    "cacheReadInputTokens": 1000, "cacheWriteInputTokens": 500,
                    "cacheDetails": [{"ttl": "5m", "inputTokens": 200}, {"ttl": "1h", "inputTokens": 300}]}
            }),
        )
        .unwrap();
        assert_eq!(taken.shape, Shape::Bedrock);
        assert_eq!(taken.service_tier, Some(ServiceTier::Flex));
        let expected = Counts {
            input_tokens: 30,
            cache_read_tokens: 1000,
            cache_write_tokens: 200,
            cache_write_1h_tokens: 300,
            output_tokens: 628,
            requests: 1,
            ..Counts::default()
        };
        assert_eq!(taken.counts, expected);
        assert_eq!(taken.counts.tokens(), 2158);
    }

    #[test]
    fn the_metrics_of_a_stream() {
        let taken = parse(
            None,
            &json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": {
                "inputTokenCount": 12, "outputTokenCount": 34, "invocationLatency": 2000,
                "firstByteLatency": 400, "cacheReadInputTokenCount": 5, "cacheWriteInputTokenCount": 0}}),
        )
        .unwrap();
        assert_eq!(taken.counts.tokens(), 51);
        assert_eq!(taken.counts.cache_read_tokens, 5);
    }

    #[test]
    fn details_above_their_sum_are_refused() {
        let refusal = parse(
            None,
            &json!({"inputTokens": 1, "outputTokens": 1, "cacheWriteInputTokens": 5,
                "cacheDetails": [{"ttl": "1h", "inputTokens": 6}]}),
        )
        .unwrap_err();
        assert_eq!(refusal.details["field"], "cacheDetails[0].inputTokens");
    }
}
