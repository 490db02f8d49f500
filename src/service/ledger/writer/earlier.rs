//! Looking back at what was recorded.

use crate::core::codec;
use crate::core::event::Recorded;
use crate::core::refusal::Refusal;
use crate::service::ledger::shared::Shared;
use crate::store::journal::OwnedBatch;
use std::fmt;

/// Looks events up one after the other. Those of one batch are read from the journal once, for a batch is often repeated as
/// a whole.
#[derive(Default)]
pub(super) struct Earlier(Option<OwnedBatch>);

impl Earlier {
    /// An event of the journal.
    ///
    /// # Errors
    /// `unavailable` where the journal can't be read there.
    pub(super) fn event(&mut self, shared: &Shared, sequence: u64) -> Result<Recorded, Refusal> {
        if !self.holds(sequence) {
            let batch = shared.journal().read_batch_of(sequence);
            self.0 = Some(batch.map_err(unavailable)?);
        }
        let batch = self.0.as_ref().map(OwnedBatch::as_batch);
        let bytes = batch.and_then(|batch| batch.starting_at(sequence).events().next());
        codec::decode(bytes.unwrap_or_default()).map_err(unavailable)
    }

    fn holds(&self, sequence: u64) -> bool {
        self.0.as_ref().is_some_and(|batch| {
            let batch = batch.as_batch();
            (batch.first()..=batch.end().sequence).contains(&sequence)
        })
    }
}

fn unavailable(error: impl fmt::Display) -> Refusal {
    Refusal::unavailable(error.to_string())
}
