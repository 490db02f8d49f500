//! Cohere: `billed_units` and `tokens`, in `meta` (v1, rerank, embed) or `usage` (v2 chat).
//!
//! Billed tokens are taken before all tokens, which include what Cohere adds of its own and does not ask for.
//! A rerank is billed by search units, so each of them is a request.

use super::fields::{Fields, count_of, part_of};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

pub(super) fn counts(fields: &Fields<'_>) -> Result<Counts, Refusal> {
    let billed = fields.details(&["billed_units"])?;
    let all = fields.details(&["tokens"])?;
    let input = billed.count("input_tokens")?.or(all.count("input_tokens")?);
    let output = billed
        .count("output_tokens")?
        .or(all.count("output_tokens")?);
    let whole = count_of(all.count("input_tokens")?.or(input));
    let cached = part_of(fields.count("cached_tokens")?, whole, "input_tokens")?;
    // What is billed may be less than what was cached.
    let cached = cached.min(count_of(input));
    Ok(Counts {
        input_tokens: count_of(input) - cached + count_of(billed.count("image_tokens")?),
        cache_read_tokens: cached,
        output_tokens: count_of(output),
        images: count_of(billed.count("images")?),
        requests: count_of(billed.count("search_units")?),
        ..Counts::default()
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Shape, parse};
    use serde_json::json;

    #[test]
    fn chat_v2() {
        let taken = parse(
            Some("cohere"),
            &json!({
                "id": "c14c80c3", "finish_reason": "COMPLETE",
                "usage": {"billed_units": {"input_tokens": 5, "output_tokens": 418},
                    "tokens": {"input_tokens": 71, "output_tokens": 420}, "cached_tokens": 0}
            }),
        )
        .unwrap();
        assert_eq!(taken.shape, Shape::Cohere);
        assert_eq!(taken.counts.input_tokens, 5);
        assert_eq!(taken.counts.output_tokens, 418);
    }

    #[test]
    fn chat_v1_with_whole_numbers_as_floats() {
        let taken = parse(
            None,
            &json!({"text": "Hi", "meta": {"api_version": {"version": "1"},
                "billed_units": {"input_tokens": 17.0, "output_tokens": 12.0}}}),
        )
        .unwrap();
        assert_eq!(taken.counts.tokens(), 29);
    }

    #[test]
    fn rerank_counts_search_units() {
        let taken = parse(
            None,
            &json!({"results": [], "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 3}}}),
        )
        .unwrap();
        assert_eq!(taken.counts.requests, 3);
        assert_eq!(taken.counts.tokens(), 0);
    }

    #[test]
    fn embed_with_images() {
        let taken = parse(
            None,
            &json!({"billed_units": {"images": 2, "input_tokens": 4}}),
        )
        .unwrap();
        assert_eq!(taken.counts.images, 2);
        assert_eq!(taken.counts.input_tokens, 4);
    }

    #[test]
    fn more_cached_than_there_was_is_refused() {
        let refusal = parse(
            None,
            &json!({"usage": {"tokens": {"input_tokens": 3, "output_tokens": 1}, "cached_tokens": 4}}),
        )
        .unwrap_err();
        assert_eq!(refusal.details["field"], "usage.cached_tokens");
    }
}
