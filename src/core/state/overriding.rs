//! Which of the prices that admins set for a model holds at a time.

use super::{PriceOverride, State};
use crate::core::price::Rates;
use jiff::Timestamp;

/// The place of the override that holds at a time, among all of one model in the order in which they were set, each by
/// when it begins and whether it sets rates: of those that were not taken away by then, the one from the last time; of two
/// from the same time, the one that was set later. A removal takes away what was set before it, also what would begin
/// later, and what began before it.
pub fn overriding_at(
    set: impl Iterator<Item = (Timestamp, bool)> + Clone,
    at: Timestamp,
) -> Option<usize> {
    let begun = set.enumerate().filter(|(_, (from, _))| *from <= at);
    let removals = begun.clone().filter(|(_, (_, sets))| !sets);
    let last_set = removals.clone().map(|(place, _)| place).max();
    let last_begun = removals.map(|(_, (from, _))| from).max();
    let standing = begun.filter(|(place, (from, sets))| {
        *sets && Some(*place) > last_set && Some(*from) >= last_begun
    });
    let last = standing.max_by_key(|(place, (from, _))| (*from, *place));
    last.map(|(place, _)| place)
}

impl State {
    /// What an admin's price that holds at a time says.
    pub fn override_at(&self, provider: &str, model: &str, at: Timestamp) -> Option<&Rates> {
        let set = self.overrides_of(provider, model);
        let of = |set: &PriceOverride| (set.effective_from, set.rates.is_some());
        let place = overriding_at(set.iter().map(of), at)?;
        set[place].rates.as_ref()
    }
}
