//! What admins set for one model, and took away.

use super::origin::{Origin, Override};
use crate::core::state::overriding_at;
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

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The override that holds at a time.
    pub(super) fn at(&self, at: Timestamp) -> Option<Origin<'_>> {
        let of = |set: &Arc<Override>| (set.effective_from, set.rates.is_some());
        let place = overriding_at(self.0.iter().map(of), at)?;
        Some(self.origin(place))
    }

    /// Every override, with its end.
    pub(super) fn origins(&self) -> impl Iterator<Item = Origin<'_>> {
        let places = 0..self.0.len();
        places.map(|place| self.origin(place))
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
