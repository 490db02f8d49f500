//! A price taken apart into single rates, and put together again.

use crate::core::price::{ContextTier, Rates, ServiceTier, TierRates, Unit, UnitRates};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fmt;

/// Where a rate holds: the service tier, and the prompt above which it does (0 for any).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The service tier.
    pub tier: ServiceTier,
    /// The prompt must have more tokens than this.
    pub above: u64,
    /// The unit.
    pub unit: Unit,
}

/// Single rates by their place.
pub(crate) type Points = BTreeMap<Place, Decimal>;

impl Place {
    /// The place of a unit in the standard tier, for any prompt.
    pub const fn standard(unit: Unit) -> Self {
        Self {
            tier: ServiceTier::Standard,
            above: 0,
            unit,
        }
    }

    /// Whether all else rests on it: the standard tier's rates for any prompt.
    pub fn is_standard(self) -> bool {
        self.tier == ServiceTier::Standard && self.above == 0
    }

    /// The places whose rate this one is usually a share of, the nearest first.
    pub(crate) fn anchors(self) -> [Self; 3] {
        let side = match self.unit {
            Unit::Output | Unit::Reasoning | Unit::AudioOutput => Unit::Output,
            _ => Unit::Input,
        };
        [
            Self {
                tier: ServiceTier::Standard,
                ..self
            },
            Self::standard(self.unit),
            Self::standard(side),
        ]
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tier != ServiceTier::Standard {
            write!(f, "{} ", self.tier.as_str())?;
        }
        f.write_str(self.unit.as_str())?;
        if self.above > 0 {
            write!(f, " above {} tokens", self.above)?;
        }
        Ok(())
    }
}

/// Every single rate.
pub(crate) fn points(rates: &Rates) -> Points {
    let mut points = Points::new();
    let mut take = |tier: ServiceTier, rates: &TierRates| {
        let mut state = |above: u64, rates: &UnitRates| {
            for (unit, rate) in rates {
                let unit = *unit;
                points.insert(Place { tier, above, unit }, *rate);
            }
        };
        state(0, &rates.rates);
        for long in &rates.context_tiers {
            state(long.above, &long.rates);
        }
    };
    take(ServiceTier::Standard, &rates.standard);
    for (tier, rates) in &rates.service_tiers {
        take(*tier, rates);
    }
    points
}

/// The price of single rates.
pub(crate) fn rates(points: &Points) -> Rates {
    let mut rates = Rates::default();
    for (place, rate) in points {
        let tier = match place.tier {
            ServiceTier::Standard => &mut rates.standard,
            tier => rates.service_tiers.entry(tier).or_default(),
        };
        units_of(tier, place.above).insert(place.unit, rate.normalize());
    }
    rates
}

fn units_of(tier: &mut TierRates, above: u64) -> &mut UnitRates {
    if above == 0 {
        return &mut tier.rates;
    }
    let tiers = &mut tier.context_tiers;
    let at = tiers.partition_point(|known| known.above < above);
    if tiers.get(at).is_none_or(|known| known.above != above) {
        let rates = UnitRates::new();
        tiers.insert(at, ContextTier { above, rates });
    }
    &mut tiers[at].rates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_the_same_after_it_was_taken_apart() {
        let text = r#"{"standard":{"rates":{"input":"2.5","output":"10"},
            "context_tiers":[{"above":128000,"rates":{"input":"5"}},{"above":200000,"rates":{"output":"20"}}]},
            "service_tiers":{"batch":{"rates":{"input":"1.25"},"context_tiers":[{"above":9,"rates":{"input":"1"}}]}}}"#;
        let whole: Rates = serde_json::from_str(text).unwrap();
        let apart = points(&whole);
        assert_eq!(apart.len(), 6);
        assert_eq!(rates(&apart), whole);
    }

    #[test]
    fn a_place_is_named_in_full() {
        let place = Place {
            tier: ServiceTier::Batch,
            above: 200_000,
            unit: Unit::CacheRead,
        };
        assert_eq!(place.to_string(), "batch cache_read above 200000 tokens");
        assert_eq!(Place::standard(Unit::Input).to_string(), "input");
    }
}
