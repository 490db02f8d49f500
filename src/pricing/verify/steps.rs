//! How far a quorum may move a rate by itself, at once and over a time.

use super::Subject;
use super::bounds::{CUT_LEAST, DRIFTS, Drift, RISE_MOST};
use super::nearness::{near, ratio};
use super::sanity::is_slip;
use crate::core::price_change::PriceRule;
use crate::pricing::points::{Place, points};
use jiff::SignedDuration;
use rust_decimal::Decimal;

/// The bound that a step would pass.
pub(super) fn against(
    subject: &Subject<'_>,
    place: Place,
    present: Decimal,
    rate: Decimal,
) -> Option<PriceRule> {
    // From nothing, and to nothing, is out of all proportion.
    let within = ratio(rate, present).is_some_and(|times| times >= CUT_LEAST && times <= RISE_MOST);
    if !within {
        return Some(PriceRule::StepTooLarge);
    }
    let beyond = |bound: &Drift| {
        let drift = drift(subject, place, present, rate, bound);
        drift.is_some_and(|times| times > bound.rise_most || times < bound.cut_least)
    };
    DRIFTS
        .iter()
        .any(beyond)
        .then_some(PriceRule::DriftTooLarge)
}

/// The bound that a rate would pass that comes back after the sources had dropped it: it is held against the last one.
pub(super) fn against_last(
    subject: &Subject<'_>,
    place: Place,
    last: Decimal,
    rate: Decimal,
) -> Option<PriceRule> {
    if near(rate, last) {
        return None;
    }
    if is_slip(rate, last) {
        return Some(PriceRule::UnitSlip);
    }
    against(subject, place, last, rate)
}

/// What the step comes to together with those before it within a time; none where it is the first of its direction.
///
/// It is taken from where the steps in its direction began, and from the price at that time's begin: a small step
/// back in between is no new beginning.
fn drift(
    subject: &Subject<'_>,
    place: Place,
    present: Decimal,
    rate: Decimal,
    bound: &Drift,
) -> Option<Decimal> {
    let held = held(subject, place, bound)?;
    let rises = rate > present;
    let mut run = present;
    for earlier in held.iter().rev().copied() {
        if (run > earlier) == rises || near(run, earlier) {
            run = earlier;
        } else {
            break;
        }
    }
    let steps = held.windows(2);
    let goes_on = steps.into_iter().any(|step| (step[1] > step[0]) == rises);
    let start = held.first().copied().filter(|_| goes_on);
    let run = (!near(run, present)).then_some(run);
    let bases = start.into_iter().chain(run);
    let times = bases.filter_map(|base| ratio(rate, base));
    if rises { times.max() } else { times.min() }
}

/// The rates that were in force within a time, each change once.
fn held(subject: &Subject<'_>, place: Place, bound: &Drift) -> Option<Vec<Decimal>> {
    let within = SignedDuration::from_hours(24 * bound.days);
    let since = subject.now.checked_sub(within).ok()?;
    let mut held: Vec<Decimal> = Vec::new();
    let anew = subject.standing.anew.get(&place).copied();
    let past = subject.standing.past.iter();
    for (from, rates) in past.filter(|(from, _)| anew.is_none_or(|anew| *from >= anew)) {
        let Some(rate) = points(rates).get(&place).copied() else {
            continue;
        };
        if *from <= since {
            held.clear();
        }
        if *from <= subject.now && held.last().is_none_or(|last| !near(*last, rate)) {
            held.push(rate);
        }
    }
    Some(held)
}
