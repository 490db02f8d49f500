//! What one source says of one model, in one shape for all sources.

use super::points::{self, Place, Points};
use super::verify::bounds::rate_most;
use crate::core::price::{CONTEXT_TIERS_MOST, RATES_MOST, Rates, ServiceTier, Unit};
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Every rate that a source states for a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sheet(Points);

/// Rates from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DatedSheet {
    /// The day, in UTC; none for the rates before the first day that is known.
    pub(crate) since: Option<Date>,
    /// The rates.
    pub(crate) sheet: Sheet,
}

impl Sheet {
    /// States a rate; of two for the same place, the dearer counts.
    pub(crate) fn state(&mut self, tier: ServiceTier, above: u64, unit: Unit, rate: Decimal) {
        let known = self.0.entry(Place { tier, above, unit }).or_insert(rate);
        *known = rate.max(*known);
    }

    /// States a rate unless one is stated already.
    pub(crate) fn state_if_new(
        &mut self,
        tier: ServiceTier,
        above: u64,
        unit: Unit,
        rate: Decimal,
    ) {
        self.0.entry(Place { tier, above, unit }).or_insert(rate);
    }

    pub(crate) fn get(&self, tier: ServiceTier, above: u64, unit: Unit) -> Option<Decimal> {
        self.0.get(&Place { tier, above, unit }).copied()
    }

    /// Whether it says nothing of short prompts in the standard tier, on which all else rests.
    pub(crate) fn is_empty(&self) -> bool {
        !self.0.keys().any(|place| place.is_standard())
    }

    /// What of it is more than a price may have.
    pub(crate) fn beyond_bounds(&self) -> Option<String> {
        if self.0.len() > RATES_MOST {
            return Some(format!("has more than {RATES_MOST} rates"));
        }
        let mut long: BTreeMap<ServiceTier, BTreeSet<u64>> = BTreeMap::new();
        for place in self.0.keys().filter(|place| place.above > 0) {
            long.entry(place.tier).or_default().insert(place.above);
        }
        let many = long.values().any(|tiers| tiers.len() > CONTEXT_TIERS_MOST);
        many.then(|| format!("has more than {CONTEXT_TIERS_MOST} long-prompt tiers"))
    }

    /// Whether it says that everything is free.
    pub(crate) fn is_free(&self) -> bool {
        self.0.values().all(Decimal::is_zero)
    }

    /// The first rate that can't be meant.
    pub(crate) fn slip(&self) -> Option<(Place, Decimal)> {
        self.0
            .iter()
            .find(|(place, rate)| rate.is_sign_negative() || **rate > rate_most(place.unit))
            .map(|(place, rate)| (*place, *rate))
    }

    /// Leaves out a rate of reasoning that is always the rate of output, which stands in for it: kept, it
    /// would hide a dearer output rate of a tier or a long prompt.
    pub(crate) fn tidy(&mut self) {
        let needless = self.0.iter().all(|(place, rate)| {
            place.unit != Unit::Reasoning
                || self.get(place.tier, place.above, Unit::Output) == Some(*rate)
        });
        if needless {
            self.0.retain(|place, _| place.unit != Unit::Reasoning);
        }
    }

    /// Leaves out a unit that is free where the one that it goes with is not, unless calls cost or both sources
    /// say so.
    ///
    /// The price of a free side is somewhere else (a router states its own fee), a cache's is not known, and
    /// unknown is not free.
    pub(crate) fn doubt_free_sides(&mut self, both: Option<(&Self, &Self)>) {
        let of = |sheet: &Self, unit| sheet.get(ServiceTier::Standard, 0, unit);
        let is_free = |rate: Option<Decimal>| rate.is_some_and(|rate| rate.is_zero());
        if of(self, Unit::Request).is_some() {
            return;
        }
        for (unit, across) in [
            (Unit::Input, Unit::Output),
            (Unit::Output, Unit::Input),
            (Unit::CacheRead, Unit::Input),
            (Unit::CacheReadAudio, Unit::Input),
            (Unit::CacheWrite, Unit::Input),
            (Unit::CacheWrite1h, Unit::Input),
            (Unit::Reasoning, Unit::Output),
            (Unit::AudioInput, Unit::Input),
            (Unit::AudioOutput, Unit::Output),
        ] {
            let costs_across = of(self, across).is_some_and(|rate| !rate.is_zero());
            let said_twice =
                both.is_some_and(|(one, other)| is_free(of(one, unit)) && is_free(of(other, unit)));
            if is_free(of(self, unit)) && costs_across && !said_twice {
                self.0.retain(|place, _| place.unit != unit);
            }
        }
    }

    /// Whether both say the same wherever both say something, and both say something somewhere.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        let mut shared = self.shared(other).peekable();
        shared.peek().is_some() && shared.all(|(_, own, others)| own == others)
    }

    /// The places that both state, with both rates.
    fn shared<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (Place, Decimal, Decimal)> + 'a {
        self.0.iter().filter_map(|(place, own)| {
            let others = other.0.get(place)?;
            Some((*place, *own, *others))
        })
    }

    /// What an ordinary usage costs by either, over the rates that both state.
    pub(crate) fn weigh(&self, other: &Self) -> (Decimal, Decimal) {
        self.shared(other).fold(
            (Decimal::ZERO, Decimal::ZERO),
            |sums, (place, own, others)| {
                let weight = Decimal::from(ordinary(place));
                (sums.0 + own * weight, sums.1 + others * weight)
            },
        )
    }

    /// What either says.
    pub(crate) fn joined(mut self, other: &Self) -> Self {
        for (place, rate) in &other.0 {
            self.0.entry(*place).or_insert(*rate);
        }
        self
    }

    /// The same as the ledger's rates.
    pub(crate) fn rates(&self) -> Rates {
        points::rates(&self.0)
    }
}

/// How many of a unit an ordinary short usage has; only the standard tier counts.
const fn ordinary(place: Place) -> u32 {
    if !matches!(place.tier, ServiceTier::Standard) || place.above > 0 {
        return 0;
    }
    match place.unit {
        Unit::Input | Unit::CacheRead => 3_000,
        Unit::Output => 1_000,
        Unit::CacheWrite | Unit::Reasoning => 500,
        Unit::CacheReadAudio | Unit::CacheWrite1h | Unit::AudioInput | Unit::AudioOutput => 100,
        Unit::Image | Unit::Request | Unit::Second => 1,
        Unit::WebSearch => 0,
    }
}
