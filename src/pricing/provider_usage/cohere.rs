//! Cohere's: what is billed counts, and only where that is missing what the model saw. A search unit of a rerank
//! is priced as a call. Tokens of pictures are input that costs more than text does, by a rate of their own that prices
//! here have no place for.

use super::fields::Fields;
use super::{Shape, TakenUsage};
use crate::core::quantity::Counts;
use crate::core::refusal::Refusal;

/// Members that no other shape has.
pub(super) const MARKS: &[&str] = &["billed_units", "tokens"];

pub(super) fn take(usage: &Fields<'_>) -> Result<TakenUsage, Refusal> {
    let empty = || Refusal::invalid(usage.path(), "billed_units or tokens, as an object");
    let counted = usage.object(&["billed_units"]);
    let counted = counted
        .or_else(|| usage.object(&["tokens"]))
        .ok_or_else(empty)?;
    let of_pictures = counted.count(&["image_tokens"])?.or_zero();
    let counts = Counts {
        input_tokens: counted.count(&["input_tokens"])?.or_zero() + of_pictures,
        output_tokens: counted.count(&["output_tokens"])?.or_zero(),
        images: counted.count(&["images"])?.or_zero(),
        requests: counted.count(&["search_units"])?.or_zero(),
        ..Counts::default()
    };
    let mut taken = TakenUsage::of(Shape::Cohere, counts);
    if of_pictures > 0 {
        taken.unpriced.push("image_tokens".to_owned());
    }
    Ok(taken)
}
