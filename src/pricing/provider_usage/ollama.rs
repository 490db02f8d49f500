//! Ollama: `prompt_eval_count` and `eval_count` in the last answer itself.

use super::fields::{Fields, count_of};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

pub(super) fn counts(fields: &Fields<'_>) -> Result<Counts, Refusal> {
    Ok(Counts {
        input_tokens: count_of(fields.count("prompt_eval_count")?),
        output_tokens: count_of(fields.count("eval_count")?),
        ..Counts::default()
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Shape, parse};
    use serde_json::json;

    #[test]
    fn the_last_answer_of_a_chat() {
        let taken = parse(
            Some("ollama"),
            &json!({
                "model": "llama3.2", "created_at": "2023-08-04T19:22:45.499127Z", "done": true,
                "message": {"role": "assistant", "content": "Hello!"},
                "total_duration": 4_883_583_458_u64, "load_duration": 1_334_875,
                "prompt_eval_count": 26, "prompt_eval_duration": 342_546_000,
                "eval_count": 282, "eval_duration": 4_535_599_000_u64
            }),
        )
        .unwrap();
        assert_eq!(taken.shape, Shape::Ollama);
        assert_eq!(taken.counts.input_tokens, 26);
        assert_eq!(taken.counts.output_tokens, 282);
        assert_eq!(taken.counts.requests, 1);
    }

    #[test]
    fn a_prompt_from_the_cache_is_left_out() {
        let taken = parse(None, &json!({"done": true, "eval_count": 3})).unwrap();
        assert_eq!(taken.counts.tokens(), 3);
    }
}
