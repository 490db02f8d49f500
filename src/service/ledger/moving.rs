//! Which counters of past windows go into the store, and when they are looked for.

use crate::core::state::{Meter, RowKey, State};
use jiff::{SignedDuration, Timestamp};

/// How often they are looked for.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How many one checkpoint moves.
const MOST: usize = 4_000;

/// When counters are looked for again.
pub(super) struct Moving(Timestamp);

impl Moving {
    /// They are looked for from now on.
    pub(super) const fn from(now: Timestamp) -> Self {
        Self(now)
    }

    /// The counters to move with a checkpoint that begins now: none as long as they were looked for lately.
    pub(super) fn begin(&mut self, state: &mut State, now: Timestamp) -> Vec<(RowKey, Meter)> {
        let soon = now.checked_add(EVERY).unwrap_or(Timestamp::MAX);
        if now < self.0 && self.0 <= soon {
            return Vec::new();
        }
        let (until, found) = state.movable(now, MOST);
        if !found.is_empty() {
            state.set_moved_until(Some(until));
        }
        if found.len() < MOST {
            self.0 = soon;
        }
        found
    }
}
