//! A price that a source names in part, laid over the nearest one that is known whole.
//!
//! A history says what input and output cost at a time that is over, and hardly ever more. What it does not say is not free,
//! and not the price of input either: a cache, a batch and a long prompt keep their share of the rate that they go by, and
//! what has no such rate (a search, an image) costs what it costs in the nearest price.

use crate::core::price::{RATE_SCALE, Rates, ServiceTier, Unit};
use crate::pricing::points::{self, Place, Points};
use rust_decimal::Decimal;

/// What a time cost of which `row` is said, where `sheet` is the nearest price that is known whole.
pub(super) fn overlay(row: &Rates, sheet: &Rates) -> Rates {
    let (row, sheet) = (points::points(row), points::points(sheet));
    let mut whole = row.clone();
    for (place, rate) in &sheet {
        whole
            .entry(*place)
            .or_insert_with(|| scaled(*place, *rate, &row, &sheet));
    }
    points::rates(&whole)
}

/// A rate that the row does not name, as the same share of the first rate that it goes by and that both name.
fn scaled(place: Place, rate: Decimal, row: &Points, sheet: &Points) -> Decimal {
    let share = anchors(place).into_iter().flatten().find_map(|anchor| {
        let (then, now) = (row.get(&anchor)?, sheet.get(&anchor)?);
        rate.checked_mul(*then)?.checked_div(*now)
    });
    share.map_or(rate, |rate| rate.round_dp(RATE_SCALE).normalize())
}

/// The places whose rate one goes by, the nearest first.
fn anchors(place: Place) -> [Option<Place>; 3] {
    let side = match place.unit {
        Unit::Input | Unit::CacheRead | Unit::CacheWrite | Unit::CacheWrite1h => Some(Unit::Input),
        Unit::CacheReadAudio => Some(Unit::AudioInput),
        Unit::Output | Unit::Reasoning => Some(Unit::Output),
        Unit::AudioInput
        | Unit::AudioOutput
        | Unit::Image
        | Unit::Request
        | Unit::WebSearch
        | Unit::Second => None,
    };
    [
        Some(Place {
            tier: ServiceTier::Standard,
            ..place
        }),
        Some(Place::standard(place.unit)),
        side.map(Place::standard),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(text: &str) -> Rates {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_a_row_does_not_name_keeps_its_share_or_stays() {
        let sheet = rates(
            r#"{"standard":{"rates":{"input":"4","output":"20","cache_read":"0.4","cache_write_1h":"8","web_search":"10000"},
                "context_tiers":[{"above":200000,"rates":{"input":"8","output":"30"}}]},
                "service_tiers":{"batch":{"rates":{"input":"2","output":"10","cache_read":"0.2"}}}}"#,
        );
        let row = rates(r#"{"standard":{"rates":{"input":"2","output":"15","cache_read":"0.3"}}}"#);
        let whole = rates(
            r#"{"standard":{"rates":{"input":"2","output":"15","cache_read":"0.3","cache_write_1h":"4","web_search":"10000"},
                "context_tiers":[{"above":200000,"rates":{"input":"4","output":"22.5"}}]},
                "service_tiers":{"batch":{"rates":{"input":"1","output":"7.5","cache_read":"0.15"}}}}"#,
        );
        assert_eq!(overlay(&row, &sheet), whole);
    }

    #[test]
    fn a_share_of_nothing_is_no_share() {
        let sheet = rates(r#"{"standard":{"rates":{"input":"0","cache_read":"0.1"}}}"#);
        let row = rates(r#"{"standard":{"rates":{"input":"3"}}}"#);
        let whole = rates(r#"{"standard":{"rates":{"input":"3","cache_read":"0.1"}}}"#);
        assert_eq!(overlay(&row, &sheet), whole);
        let thirds = rates(r#"{"standard":{"rates":{"input":"3","cache_read":"1"}}}"#);
        let row = rates(r#"{"standard":{"rates":{"input":"1"}}}"#);
        assert_eq!(overlay(&row, &thirds).check(), Ok(()));
    }
}
