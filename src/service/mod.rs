//! The operations and the faces that serve them.

pub mod arguments;
pub mod caller;
pub mod contract;
pub mod mcp;
pub mod nearest;
pub mod operation;
#[cfg(test)]
mod testing;

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

#[cfg(test)]
impl Service {
    /// A service without a ledger, for tests of the faces.
    pub(crate) fn for_tests() -> Self {
        Self {
            changes: watch::Sender::new(0),
        }
    }

    /// Says that something has changed.
    pub(crate) fn change_for_tests(&self) {
        self.changes.send_modify(|sequence| *sequence += 1);
    }
}
