//! The process that has the store.

mod gate;
mod guest;
mod outlet;
mod own;
mod reception;

use super::house::{Host, House};
use super::lock::Lock;
use super::place::Place;
use super::settle::Upstream;
use super::unusable::unusable;
use super::{FrontError, FrontOptions};
pub(super) use own::Own;
use reception::Reception;
use semver::Version;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What the sessions of an owner share.
struct Rooms<O> {
    host: Arc<O>,
    version: Version,
    /// Whether the owner leaves.
    closing: watch::Sender<Stay>,
}

/// Whether an owner stays.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stay {
    Stays,
    /// It makes room for this newer version, if for one.
    Leaves(Option<Version>),
}

impl Stay {
    fn is_over(&self) -> bool {
        *self != Self::Stays
    }
}

impl<O: Host> Rooms<O> {
    fn is_closing(&self) -> bool {
        self.closing.borrow().is_over()
    }

    fn close(&self, to: Option<Version>) {
        let first = self.closing.send_if_modified(|closing| {
            let first = !closing.is_over();
            if first {
                *closing = Stay::Leaves(to);
            }
            first
        });
        if first {
            self.host.leave();
        }
    }
}

/// An owner at work.
pub(super) struct Owner<O> {
    own: Own<O>,
    reception: Reception,
    lock: Lock,
}

impl<O: Host> Owner<O> {
    /// Listens, opens the store, and lets others in.
    pub(super) async fn open<H>(
        lock: Lock,
        place: &Place,
        house: &Arc<H>,
        options: &FrontOptions,
    ) -> Result<Self, FrontError>
    where
        H: House<Open = O>,
    {
        let (listener, socket) = place.listen().map_err(unusable(place.dir()))?;
        let house = Arc::clone(house);
        let host = tokio::task::spawn_blocking(move || house.open())
            .await
            .map_err(|error| FrontError::Open(format!("the opening was broken off: {error}")))?
            .map_err(FrontError::Open)?;
        let own = Own::new(host, options);
        tracing::debug!(dir = %place.dir().display(), "this process owns the store");
        let reception = Reception::open(&own.rooms, listener, socket, options.drain)
            .map_err(|error| FrontError::Open(format!("no threads for other clients: {error}")))?;
        Ok(Self {
            own,
            reception,
            lock,
        })
    }

    /// A session for the owner's own client.
    pub(super) fn own_session(&mut self, options: &FrontOptions) -> Upstream {
        self.own.session(options)
    }

    /// Has what takes long end soon, for the process has been told to end.
    pub(super) fn hasten(&self) {
        self.own.rooms.host.leave();
    }

    /// Lets everybody finish, closes the store, and gives the lock away. The process's own client has had its time but for
    /// `patience`.
    pub(super) async fn leave(mut self, patience: Duration) -> Result<(), String> {
        self.own.finish(patience).await;
        self.reception.close().await;
        let closed = Arc::clone(&self.own.rooms.host).close().await;
        drop(self.lock);
        closed
    }
}
