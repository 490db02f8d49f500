//! What speaks against a source's word, whatever the others say.

use super::bounds::{
    FIRST_INPUT, FIRST_INPUT_ALONE, FIRST_OUTPUT, OUTPUT_SHARE_LEAST, SLIP, SWAP_TOLERANCE,
    TOKEN_RATE_LEAST, rate_most,
};
use super::nearness::{ratio, within};
use crate::core::price::Unit;
use crate::core::price_change::PriceRule;
use crate::pricing::points::{Place, Points};
use rust_decimal::Decimal;

/// What a price says of itself that can't be: the whole of it is wrong.
pub(super) fn whole(points: &Points) -> Option<PriceRule> {
    let negative = points.values().any(Decimal::is_sign_negative);
    if negative {
        return Some(PriceRule::Negative);
    }
    if points
        .iter()
        .any(|(place, rate)| is_out_of_range(*place, *rate))
    {
        return Some(PriceRule::OutOfRange);
    }
    match sides(points) {
        Some((input, output)) if output < input.saturating_mul(OUTPUT_SHARE_LEAST) => {
            Some(PriceRule::OutputBelowInput)
        }
        _ => None,
    }
}

/// Whether a single rate of a price can't be beside the others of it.
pub(super) fn single(points: &Points, place: Place) -> Option<PriceRule> {
    let saved = match place.unit {
        Unit::CacheRead => Unit::Input,
        Unit::CacheReadAudio => Unit::AudioInput,
        _ => return None,
    };
    let input = points.get(&Place {
        unit: saved,
        ..place
    })?;
    let read = points.get(&place)?;
    (read > input).then_some(PriceRule::CacheAboveInput)
}

/// Whether a rate is a power of ten off another.
pub(super) fn is_slip(rate: Decimal, reference: Decimal) -> bool {
    let times = |one, other| ratio(one, other).is_some_and(|times| times >= SLIP);
    !rate.is_zero() && !reference.is_zero() && (times(rate, reference) || times(reference, rate))
}

/// Whether input and output stand in each other's place, beside another price of the model.
pub(super) fn is_swapped(points: &Points, reference: &Points) -> bool {
    let (Some((input, output)), Some((true_input, true_output))) =
        (sides(points), sides(reference))
    else {
        return false;
    };
    let same = |one, other| within(one, other, SWAP_TOLERANCE);
    same(input, true_output) && same(output, true_input) && !same(input, output)
}

/// What speaks against a lone source's first price of a model.
pub(super) fn first_word(price: &Points) -> Option<PriceRule> {
    let outside = |rate: Decimal, (least, most): (Decimal, Decimal)| rate < least || rate > most;
    let Some((input, output)) = sides(price) else {
        let is_outside = |unit, bounds| side(price, unit).is_some_and(|rate| outside(rate, bounds));
        let is_outside =
            is_outside(Unit::Input, FIRST_INPUT_ALONE) || is_outside(Unit::Output, FIRST_OUTPUT);
        return is_outside.then_some(PriceRule::OutOfRange);
    };
    if outside(input, FIRST_INPUT) || outside(output, FIRST_OUTPUT) {
        return Some(PriceRule::OutOfRange);
    }
    (output < input).then_some(PriceRule::Swapped)
}

/// The rates of input and output, where both cost something.
pub(super) fn sides(points: &Points) -> Option<(Decimal, Decimal)> {
    side(points, Unit::Input).zip(side(points, Unit::Output))
}

/// The rate of one side, where it costs something.
fn side(points: &Points, unit: Unit) -> Option<Decimal> {
    let rate = points.get(&Place::standard(unit)).copied();
    rate.filter(|rate| !rate.is_zero())
}

fn is_out_of_range(place: Place, rate: Decimal) -> bool {
    // A cache costs a fraction of a cheap rate, and pieces may cost anything below their bound.
    let has_least = matches!(
        place.unit,
        Unit::Input | Unit::Output | Unit::Reasoning | Unit::AudioInput | Unit::AudioOutput
    );
    rate > rate_most(place.unit) || (has_least && !rate.is_zero() && rate < TOKEN_RATE_LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::price::Rates;
    use crate::pricing::points::points;

    fn price(units: &str) -> Points {
        let rates: Rates =
            serde_json::from_str(&format!(r#"{{"standard":{{"rates":{units}}}}}"#)).unwrap();
        points(&rates)
    }

    #[test]
    fn a_price_that_can_not_be_is_told_by_its_rule() {
        for (units, rule) in [
            (r#"{"input":"2.5","output":"10"}"#, None),
            (r#"{"input":"2","output":"0.3"}"#, None),
            (r#"{"input":"0","output":"10"}"#, None),
            (
                r#"{"input":"0.0000025","output":"0.00001"}"#,
                Some(PriceRule::OutOfRange),
            ),
            (
                r#"{"input":"2500","output":"10000"}"#,
                Some(PriceRule::OutOfRange),
            ),
            (r#"{"image":"40000"}"#, None),
            (r#"{"image":"10000001"}"#, Some(PriceRule::OutOfRange)),
            (
                r#"{"input":"-2.5","output":"10"}"#,
                Some(PriceRule::Negative),
            ),
            (
                r#"{"input":"2.5","output":"0.2"}"#,
                Some(PriceRule::OutputBelowInput),
            ),
        ] {
            assert_eq!(whole(&price(units)), rule, "{units}");
        }
        let mut minus_zero = price(r#"{"input":"0"}"#);
        for rate in minus_zero.values_mut() {
            rate.set_sign_negative(true);
        }
        assert_eq!(whole(&minus_zero), Some(PriceRule::Negative));
    }

    #[test]
    fn a_cache_read_is_not_dearer_than_what_it_saves() {
        let read = Place::standard(Unit::CacheRead);
        let dear = price(r#"{"input":"2","cache_read":"2.1"}"#);
        assert_eq!(single(&dear, read), Some(PriceRule::CacheAboveInput));
        let audio =
            price(r#"{"input":"2","audio_input":"9","cache_read":"1","cache_read_audio":"9.1"}"#);
        let read_audio = Place::standard(Unit::CacheReadAudio);
        assert_eq!(single(&audio, read_audio), Some(PriceRule::CacheAboveInput));
        assert_eq!(single(&audio, read), None);
        let fair = price(r#"{"input":"2","cache_read":"2"}"#);
        assert_eq!(single(&fair, read), None);
        assert_eq!(single(&price(r#"{"cache_read":"2"}"#), read), None);
    }

    #[test]
    fn slips_and_swaps_are_seen_beside_another_price() {
        let rate = |text: &str| text.parse::<Decimal>().unwrap();
        assert!(is_slip(rate("0.0025"), rate("2.5")));
        assert!(is_slip(rate("2500"), rate("2.5")));
        assert!(!is_slip(rate("0.26"), rate("2.5")));
        assert!(!is_slip(rate("0"), rate("2.5")));
        let known = price(r#"{"input":"2.5","output":"10"}"#);
        assert!(is_swapped(
            &price(r#"{"input":"10","output":"2.5"}"#),
            &known
        ));
        assert!(!is_swapped(&known, &known));
        let level = price(r#"{"input":"2","output":"2"}"#);
        assert!(!is_swapped(&level, &level));
    }
}
