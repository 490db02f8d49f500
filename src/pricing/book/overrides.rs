//! What admins set for one model, and took away.

use super::origin::{Origin, Override};
use jiff::Timestamp;
use std::sync::Arc;

/// Every override of one model, in the order in which they were set.
#[derive(Clone, Debug, Default)]
pub(super) struct Overrides(Vec<Arc<Override>>);

impl Overrides {
    pub(super) fn set(&mut self, change: Override) {
        let known = self.0.iter().any(|known| known.version == change.version);
        if !known {
            self.0.push(Arc::new(change));
        }
    }

    /// The override that holds at a time.
    pub(super) fn at(&self, at: Timestamp) -> Option<Origin<'_>> {
        self.place_at(at).map(|place| self.origin(place))
    }

    /// Every override, with its end.
    pub(super) fn origins(&self) -> impl Iterator<Item = Origin<'_>> {
        let places = 0..self.0.len();
        places.map(|place| self.origin(place))
    }

    /// Of those that were not taken away by then, the one from the last time; of two from the same time, the one that was set
    /// later.
    fn place_at(&self, at: Timestamp) -> Option<usize> {
        let begun = || {
            let set = self.0.iter().enumerate();
            set.filter(|(_, change)| change.effective_from <= at)
        };
        let removals = || begun().filter(|(_, change)| change.rates.is_none());
        // A removal takes away what was set before it, also what would begin later, and what began before it.
        let last_set = removals().map(|(place, _)| place).max();
        let last_begun = removals().map(|(_, change)| change.effective_from).max();
        begun()
            .filter(|(place, change)| change.rates.is_some() && Some(*place) > last_set)
            .filter(|(_, change)| Some(change.effective_from) >= last_begun)
            .max_by_key(|(place, change)| (change.effective_from, *place))
            .map(|(place, _)| place)
    }

    fn origin(&self, place: usize) -> Origin<'_> {
        Origin::Override {
            set: &self.0[place],
            until: self.until(place),
        }
    }

    /// When an override ends; where it begins, if it was taken away before that.
    fn until(&self, place: usize) -> Option<Timestamp> {
        let from = self.0[place].effective_from;
        let (mut end, mut removed) = (None, None);
        for (other, change) in self.0.iter().enumerate().rev() {
            let time = change.effective_from;
            let ends = if change.rates.is_none() {
                removed = Some(earlier(removed, time));
                other > place || time > from
            } else {
                // One that is taken away before it begins ends none.
                removed.is_none_or(|removed| removed > time) && (time, other) > (from, place)
            };
            if ends {
                end = Some(earlier(end, time.max(from)));
            }
        }
        end
    }
}

fn earlier(known: Option<Timestamp>, time: Timestamp) -> Timestamp {
    known.map_or(time, |known| known.min(time))
}
