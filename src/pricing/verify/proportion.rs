//! What a rate may be beside the price's other rates, where none of its own was ever known to hold it against.

use super::bounds::{SAME_UNIT_SHARE, share_of_side};
use super::nearness::ratio;
use crate::core::price::Unit;
use crate::pricing::points::{Place, Points};
use rust_decimal::Decimal;

/// Whether a rate can't be beside the others: a cache write at hundreds of times the input, say.
///
/// A zero is no question of proportion, and what is sold by the piece has none.
pub(super) fn is_out(price: &Points, place: Place, rate: Decimal) -> bool {
    let Some((anchor, (least, most))) = anchor(price, place).filter(|_| !rate.is_zero()) else {
        return false;
    };
    // Nothing is in proportion to what is free.
    ratio(rate, anchor).is_none_or(|share| share < least || share > most)
}

/// The nearest rate that one is usually a share of, and how large the share may be.
fn anchor(price: &Points, place: Place) -> Option<(Decimal, (Decimal, Decimal))> {
    let same = [Place { above: 0, ..place }, Place::standard(place.unit)];
    let mut same = same.into_iter().filter(|same| *same != place);
    if let Some(rate) = same.find_map(|same| price.get(&same)) {
        return is_by_token(place.unit).then_some((*rate, SAME_UNIT_SHARE));
    }
    let (unit, share) = share_of_side(place.unit)?;
    let sides = [
        Place { unit, ..place },
        Place {
            unit,
            above: 0,
            ..place
        },
        Place::standard(unit),
    ];
    let rate = sides.iter().find_map(|side| price.get(side))?;
    Some((*rate, share))
}

const fn is_by_token(unit: Unit) -> bool {
    !matches!(
        unit,
        Unit::Image | Unit::Request | Unit::WebSearch | Unit::Second
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::price::{Rates, ServiceTier};
    use crate::pricing::points::points;

    fn is_out_at(place: Place, rate: &str) -> bool {
        let price = r#"{"standard":{"rates":{"input":"2","output":"10"},"context_tiers":[{"above":200000,"rates":{"input":"4"}}]}}"#;
        let price: Rates = serde_json::from_str(price).unwrap();
        is_out(&points(&price), place, rate.parse().unwrap())
    }

    #[test]
    fn a_rate_is_a_likely_share_of_what_it_goes_by() {
        let long = |unit| Place {
            above: 200_000,
            ..Place::standard(unit)
        };
        let batch = |unit| Place {
            tier: ServiceTier::Batch,
            ..Place::standard(unit)
        };
        for (place, likely, out) in [
            (
                Place::standard(Unit::CacheWrite),
                ["2.5", "0.2"],
                ["900", "0.002"],
            ),
            (
                Place::standard(Unit::CacheWrite1h),
                ["4", "2.5"],
                ["20.1", "0.002"],
            ),
            (
                Place::standard(Unit::CacheRead),
                ["0.2", "0.016"],
                ["21", "0.0002"],
            ),
            (
                Place::standard(Unit::Reasoning),
                ["33", "0.83"],
                ["101", "0.01"],
            ),
            (
                Place::standard(Unit::AudioInput),
                ["133", "1.4"],
                ["401", "0.01"],
            ),
            (
                Place::standard(Unit::AudioOutput),
                ["566", "10"],
                ["999999", "0.05"],
            ),
            (long(Unit::Output), ["15", "120"], ["201", "0.1"]),
            (long(Unit::CacheWrite), ["5", "0.25"], ["900", "0.004"]),
            (batch(Unit::Input), ["1", "0.2"], ["41", "0.01"]),
            (batch(Unit::CacheWrite), ["1.25", "5"], ["900", "0.001"]),
        ] {
            for rate in likely {
                assert!(!is_out_at(place, rate), "{place} {rate}");
            }
            for rate in out {
                assert!(is_out_at(place, rate), "{place} {rate}");
            }
        }
        assert!(!is_out_at(Place::standard(Unit::CacheWrite), "0"));
        assert!(!is_out_at(Place::standard(Unit::WebSearch), "10000"));
        assert!(!is_out_at(Place::standard(Unit::Input), "900"));
    }

    #[test]
    fn nothing_is_in_proportion_to_what_is_free() {
        let free: Rates = serde_json::from_str(r#"{"standard":{"rates":{"input":"0"}}}"#).unwrap();
        let write = Place::standard(Unit::CacheWrite);
        assert!(is_out(&points(&free), write, Decimal::ONE));
        assert!(!is_out(&points(&free), write, Decimal::ZERO));
        assert!(!is_out(&Points::new(), write, Decimal::ONE));
    }
}
