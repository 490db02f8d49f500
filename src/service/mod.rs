//! The operations and the faces that serve them.

pub mod caller;
pub mod front;
pub mod operation;

use tokio::sync::watch;

/// Everything that an operation works with.
pub struct Service {
    changes: watch::Sender<u64>,
}

impl Service {
    /// The sequence of the last event that is durable and applied; changes with each batch.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
