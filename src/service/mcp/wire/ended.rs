//! Tells everybody who serves a client that it has gone.

use std::sync::Arc;
use tokio::sync::watch;

/// Whether the client has gone; cheap to clone.
#[derive(Clone)]
pub(in crate::service::mcp) struct Ended(Arc<watch::Sender<bool>>);

impl Ended {
    pub(in crate::service::mcp) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Says that it has gone.
    pub(in crate::service::mcp) fn end(&self) {
        self.0.send_replace(true);
    }

    /// Whether it has gone.
    pub(in crate::service::mcp) fn has_gone(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it has gone.
    pub(in crate::service::mcp) async fn wait(&self) {
        // The sender lives in `self`, so waiting can't fail.
        let _ = self.0.subscribe().wait_for(|ended| *ended).await;
    }
}
