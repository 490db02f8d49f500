//! What has ended: partly still in the state, the rest in the store alone.

use super::Desk;
use crate::core::refusal::Refusal;
use crate::core::state::{Row, RowKey};
use std::cmp::Reverse;

impl Desk {
    /// The newest of what has ended before `below`, at most so many: `recent`, which the state still knows, and what
    /// `take` keeps of the store's rows. `number` is the place of each in the order.
    ///
    /// # Errors
    /// `unavailable` where the store can't be read.
    pub fn newest_ended<T>(
        &self,
        below: &RowKey,
        recent: Vec<T>,
        most: usize,
        take: impl Fn(Row) -> Option<T>,
        number: impl Fn(&T) -> u64,
    ) -> Result<Vec<T>, Refusal> {
        let mut found = recent;
        let mut left = most;
        self.ledger().shared().each_ended(below, |row| {
            if let Some(taken) = take(row) {
                found.push(taken);
                left = left.saturating_sub(1);
            }
            left > 0
        })?;
        found.sort_unstable_by_key(|item| Reverse(number(item)));
        // One that has ended just now may stand in the state and in the store.
        found.dedup_by_key(|item| number(item));
        found.truncate(most);
        Ok(found)
    }
}
