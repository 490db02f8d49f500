//! What a price has room for: so many long-prompt tiers and rates as the ledger takes. Without that, one source that names
//! one more would have all refused that the others say of the model.

use super::verdict::Verdict;
use crate::core::price::{CONTEXT_TIERS_MOST, RATES_MOST, ServiceTier};
use crate::pricing::points::{Place, Points};
use std::collections::{BTreeMap, BTreeSet};

/// What is taken of a price so far.
#[derive(Default)]
struct Room {
    rates: BTreeSet<Place>,
    long: BTreeMap<ServiceTier, BTreeSet<u64>>,
}

impl Room {
    /// Takes a rate in, if there is room for it.
    fn take(&mut self, place: Place) -> bool {
        let long = self.long.entry(place.tier).or_default();
        let is_long = place.above > 0;
        let is_full = long.len() >= CONTEXT_TIERS_MOST && !long.contains(&place.above);
        if (is_long && is_full) || self.rates.len() >= RATES_MOST {
            return false;
        }
        if is_long {
            long.insert(place.above);
        }
        self.rates.insert(place);
        true
    }
}

/// The new rates that the price has no room for. What is in force stays; then those that are taken come, and then those that
/// wait, each for shorter prompts first.
pub(super) fn without(present: &Points, verdicts: &BTreeMap<Place, Verdict>) -> Vec<Place> {
    if verdicts.len() <= CONTEXT_TIERS_MOST {
        return Vec::new();
    }
    let mut room = Room::default();
    let stays = |place: &&Place| verdicts.get(place) != Some(&Verdict::Drop);
    for place in present.keys().filter(stays) {
        room.take(*place);
    }
    let new = |kind: fn(Verdict) -> bool| {
        let all = verdicts.iter();
        let of_kind = all.filter(move |(_, verdict)| kind(**verdict));
        of_kind.map(|(place, _)| *place)
    };
    let taken = new(|verdict| verdict.taken().is_some());
    let held = new(|verdict| matches!(verdict, Verdict::Hold(..)));
    taken
        .chain(held)
        .filter(|place| !present.contains_key(place) && !room.take(*place))
        .collect()
}
