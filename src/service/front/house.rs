//! What the front serves, as far as it has to know.

use crate::service::caller::Caller;
use std::future::Future;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// Where a session's lines come from.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// Where a session's lines go.
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A store that one process at a time may open.
pub trait House: Send + Sync + 'static {
    /// The opened store with its sessions.
    type Open: Host;

    /// Opens the store. Called on a thread of its own, while this process holds the owner's lock;
    /// clients wait until it returns, so what takes long belongs behind it. It is called again
    /// where the process gave the store away and later gets it back.
    ///
    /// # Errors
    /// In words for a person: why the store can't be opened.
    fn open(&self) -> Result<Self::Open, String>;

    /// A host without a store, in its place while the data directory can't be used: it serves sessions, and
    /// answers what needs the store with `why`, which says in words for a person what to do. It is not closed.
    fn shut(&self, why: &str) -> Self::Open;
}

/// An open store.
pub trait Host: Send + Sync + 'static {
    /// Serves one client's session of JSON lines until `reader` ends. Returning earlier ends the
    /// client's process. Calls that are under way when it returns are lost.
    fn serve(
        self: Arc<Self>,
        caller: Caller,
        reader: Reader,
        writer: Writer,
    ) -> impl Future<Output = ()> + Send;

    /// Has what takes long and can be asked for again end soon: the store is closed once the calls under way are answered. It may
    /// be told more than once.
    fn leave(&self) {}

    /// Closes the store after its last session. The owner's lock is released after it.
    ///
    /// # Errors
    /// In words for a person: what could not be written.
    fn close(self: Arc<Self>) -> impl Future<Output = Result<(), String>> + Send;
}
