//! How far a quorum may move a rate by itself, at once and over a time.

use super::Subject;
use super::bounds::{CUT_LEAST, DRIFT_CUT_LEAST, DRIFT_RISE_MOST, DRIFT_WITHIN, RISE_MOST};
use super::nearness::{near, ratio};
use crate::core::price_change::PriceRule;
use crate::pricing::points::{Place, points};
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
    let drift = drift(subject, place, present, rate)?;
    let too_far = drift > DRIFT_RISE_MOST || drift < DRIFT_CUT_LEAST;
    too_far.then_some(PriceRule::DriftTooLarge)
}

/// What the step comes to together with those before it that went the same way; none where there was none.
fn drift(subject: &Subject<'_>, place: Place, present: Decimal, rate: Decimal) -> Option<Decimal> {
    let since = subject.now.checked_sub(DRIFT_WITHIN).ok()?;
    let mut held = Vec::new();
    for (from, rates) in &subject.standing.past {
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
    let rises = rate > present;
    // Back to where the steps in this direction began.
    let mut base = present;
    for earlier in held.into_iter().rev() {
        if (base > earlier) == rises || near(base, earlier) {
            base = earlier;
        } else {
            break;
        }
    }
    (!near(base, present)).then(|| ratio(rate, base)).flatten()
}
