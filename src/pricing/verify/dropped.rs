//! Rates that were said and are said no more.

use super::nearness::near;
use super::quorum::{Voice, winner};
use super::voices::{Speaker, Speakers};
use super::{Subject, steps};
use crate::core::price::{Rates, ServiceTier, Unit};
use crate::core::price_change::PriceRule;
use crate::pricing::cost::rate_of;
use crate::pricing::points::{Place, Points, points, rates};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Whether a quorum said the rate that is in force at a place, and now speaks of the model and not of it, while nobody
/// else does. Whoever never said it has not dropped it; what a price stands by (`main`) is never dropped.
pub(super) fn is_dropped(
    subject: &Subject<'_>,
    speakers: &Speakers<'_>,
    main: &BTreeSet<Place>,
    (place, present): (Place, Option<Decimal>),
) -> bool {
    let Some(present) = present.filter(|_| !main.contains(&place)) else {
        return false;
    };
    let mut all = speakers.0.iter();
    if all.any(|speaker| speaker.points.contains_key(&place)) {
        return false;
    }
    let heard = |speaker: &Speaker<'_>| main.iter().any(|main| speaker.is_heard(*main));
    let said = |speaker: &Speaker<'_>| {
        let said = subject.standing.said.iter();
        let mut own = said.filter(|(source, _)| **source == *speaker.quote.source);
        let before = own.find_map(|(_, rates)| points(rates).get(&place).copied());
        before.is_some_and(|rate| near(rate, present))
    };
    let dropping = speakers.0.iter().filter(|one| heard(one) && said(one));
    let voices: Vec<_> = dropping
        .map(|speaker| Voice {
            rate: present,
            weight: speaker.quote.weight,
        })
        .collect();
    winner(&voices, None).is_some_and(|all| all.has_quorum())
}

/// Of the rates that go, those that may not by themselves, with the bound: without one its usage is costed by what stands
/// in for it, and that is a step like any other. `price` is what is decided, with those that go still in it.
pub(super) fn out_of_bounds(
    subject: &Subject<'_>,
    price: &Points,
    mut going: BTreeSet<Place>,
) -> BTreeMap<Place, PriceRule> {
    let mut out = BTreeMap::new();
    loop {
        let mut without = price.clone();
        without.retain(|place, _| !going.contains(place));
        let bound = |place: &Place| {
            let rate = *price.get(place)?;
            Some((*place, step_without(subject, &without, *place, rate)?))
        };
        // What stays may stand in for another that goes, so those are looked at again.
        let stay: Vec<_> = going.iter().filter_map(bound).collect();
        if stay.is_empty() {
            return out;
        }
        for (place, _) in &stay {
            going.remove(place);
        }
        out.extend(stay);
    }
}

/// The bound that it would pass to charge whatever a rate was for without it.
fn step_without(
    subject: &Subject<'_>,
    without: &Points,
    place: Place,
    rate: Decimal,
) -> Option<PriceRule> {
    let mut with = without.clone();
    with.insert(place, rate);
    let usages = usages(&with);
    let (with, without) = (rates(&with), rates(without));
    usages.into_iter().find_map(|usage| {
        let before = charged(&with, usage)?;
        match charged(&without, usage) {
            Some(after) if after == before => None,
            Some(after) => steps::against(subject, place, before, after),
            // Nothing stands in for it: what it costs would be unknown, and so nothing is counted.
            None => Some(PriceRule::StepTooLarge),
        }
    })
}

/// A place for each usage that rates can tell apart.
fn usages(price: &Points) -> Vec<Place> {
    let tiers: BTreeSet<ServiceTier> = price.keys().map(|place| place.tier).collect();
    let lengths: BTreeSet<u64> = price.keys().map(|place| place.above).collect();
    let of_tier = |tier: ServiceTier| {
        let of_length = move |above: u64| Unit::ALL.map(|unit| Place { tier, above, unit });
        lengths.iter().copied().flat_map(of_length)
    };
    tiers.into_iter().flat_map(of_tier).collect()
}

/// What a million of a unit is charged at; a call without a rate is free.
fn charged(rates: &Rates, usage: Place) -> Option<Decimal> {
    let prompt = match usage.above {
        0 => 0,
        above => above.saturating_add(1),
    };
    let rate = rate_of(rates, usage.unit, prompt, usage.tier).map(|(_, rate)| rate);
    rate.or_else(|| (usage.unit == Unit::Request).then_some(Decimal::ZERO))
}
