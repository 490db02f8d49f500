//! Where what is appended may be parted, so that no order is durable by half.

use crate::core::decide::Entry;
use crate::core::event::Event;

/// Where a part may begin among the entries of an order: before each that was due, and before the order's own.
pub(super) fn beginnings(entries: &[Entry], due: usize) -> impl Iterator<Item = usize> {
    // The alert about a request for more ends with it.
    let goes_on = |place: usize| {
        let event = |place: usize| entries.get(place).map(|entry| &entry.recorded.event);
        let before = place.checked_sub(1).and_then(event);
        matches!(before, Some(Event::IncreaseReviewed { .. }))
            && matches!(event(place), Some(Event::AlertResolved { .. }))
    };
    let places = 0..entries.len().min(due + 1);
    places.filter(move |place| *place == due || !goes_on(*place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::allocation::AllocationStatus;
    use crate::core::event::{AllocationEnded, Recorded, Stamp};
    use crate::core::id::{AlertId, AllocationId, BudgetId, IncreaseId};
    use crate::core::tally::Tally;
    use jiff::Timestamp;

    #[test]
    fn what_was_due_may_be_parted_and_an_order_may_not() {
        let ended = |id| {
            Event::AllocationEnded(AllocationEnded {
                allocation: AllocationId(id),
                status: AllocationStatus::Expired,
                released: Tally::ZERO,
            })
        };
        let declined = Event::IncreaseReviewed {
            increase: IncreaseId(3),
            granted: false,
        };
        let resolved = |id| Event::AlertResolved { alert: AlertId(id) };
        let order = Event::BudgetArchived {
            budget: BudgetId(1),
        };
        let events = [
            ended(1),
            ended(2),
            declined,
            resolved(4),
            resolved(5),
            order,
        ];
        let events = events.into_iter().chain((6..9).map(resolved));
        let entries: Vec<_> = (1..)
            .zip(events)
            .map(|(sequence, event)| Entry {
                sequence,
                recorded: Recorded {
                    stamp: Stamp::of_time(Timestamp::UNIX_EPOCH),
                    request: None,
                    event,
                },
            })
            .collect();
        let begins = |due| beginnings(&entries, due).collect::<Vec<_>>();
        assert_eq!(begins(5), [0, 1, 2, 4, 5]);
        assert_eq!(begins(0), [0]);
        assert_eq!(
            beginnings(&entries[..5], 5).collect::<Vec<_>>(),
            [0, 1, 2, 4]
        );
    }
}
