//! What a person turned down: it neither waits again nor comes into force by itself, unless more speaks for it now or it is
//! another change.

use super::Standing;
use super::nearness::near;
use super::verdict::Verdict;
use crate::core::price_change::Evidence;
use crate::pricing::points::{Place, Points};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// A change of a price that a person turned down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnedDown {
    /// What it cost then; nothing where it had no price.
    pub before: Points,
    /// What it would have cost.
    pub after: Points,
    /// How much spoke for that.
    pub evidence: Evidence,
}

impl TurnedDown {
    /// Whether it was about that rate, or that there is none any more.
    fn says(&self, place: Place, rate: Option<Decimal>) -> bool {
        let (before, after) = (self.before.get(&place), self.after.get(&place));
        before != after && is_same(after.copied(), rate)
    }

    /// Whether it was about that rate in place of this one.
    fn says_from(&self, place: Place, present: Option<Decimal>, rate: Option<Decimal>) -> bool {
        self.says(place, rate) && is_same(self.before.get(&place).copied(), present)
    }

    fn is_of_a_first_price(&self) -> bool {
        self.before.is_empty()
    }
}

fn is_same(one: Option<Decimal>, other: Option<Decimal>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => near(one, other),
        (one, other) => one == other,
    }
}

/// Whether a person turned down what is decided of a rate, on no less evidence. What would go into force by itself is held only
/// against the same step: from another price it is another, which its own bounds are for.
pub(super) fn covers(standing: &Standing, place: Place, verdict: Verdict) -> bool {
    let has_price = standing.present.is_some();
    let present = standing.rate(place);
    let mut declined = standing.declined.iter();
    match verdict {
        Verdict::Hold(_, rule) | Verdict::HoldDrop(rule) => {
            let rate = verdict.held().and_then(|(rate, _)| rate);
            let evidence = Evidence::behind(rule, has_price);
            declined.any(|one| evidence <= one.evidence && one.says(place, rate))
        }
        Verdict::Take(rate) if has_price => declined.any(|one| {
            one.evidence == Evidence::Quorum && one.says_from(place, present, Some(rate))
        }),
        Verdict::Drop => declined.any(|one| one.says_from(place, present, None)),
        _ => false,
    }
}

/// How much of a first price a person turned down before, on no less evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// Nothing that it stands by.
    None,
    /// Some of it: it is another price, and a person looks at it.
    Some,
    /// All.
    All,
}

/// How much of the rates that a first price stands by was turned down.
pub(super) fn share(
    standing: &Standing,
    price: &Points,
    main: &BTreeSet<Place>,
    evidence: Evidence,
) -> Share {
    let of_first = standing.declined.iter();
    let of_first = of_first.filter(|one| one.is_of_a_first_price() && evidence <= one.evidence);
    let rates = || {
        main.iter()
            .filter_map(|place| Some((*place, *price.get(place)?)))
    };
    let mut share = Share::None;
    for one in of_first {
        let said = rates()
            .filter(|(place, rate)| one.says(*place, Some(*rate)))
            .count();
        if said == rates().count() {
            return Share::All;
        }
        if said > 0 {
            share = Share::Some;
        }
    }
    share
}
