//! Ollama's: the counts stand in the response itself; a prompt that was cached is left out of it.

use super::fields::Fields;
use super::{Shape, TakenUsage};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

/// Members that no other shape has.
pub(super) const MARKS: &[&str] = &["prompt_eval_count", "eval_count"];

pub(super) fn take(usage: &Fields<'_>) -> Result<TakenUsage, Refusal> {
    let counts = Counts {
        input_tokens: usage.count(&["prompt_eval_count"])?.or_zero(),
        output_tokens: usage.count(&["eval_count"])?.or_zero(),
        ..Counts::default()
    };
    Ok(TakenUsage::of(Shape::Ollama, counts))
}
