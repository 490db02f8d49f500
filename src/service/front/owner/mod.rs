//! The process that has the store.

mod gate;
mod guest;
mod outlet;
mod own;

use super::house::{Host, House};
use super::lock::Lock;
use super::place::{Place, Socket};
use super::settle::Upstream;
use super::unusable::unusable;
use super::{FrontError, FrontOptions};
pub(super) use own::Own;
use semver::Version;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// The most clients that an owner serves at a time; others wait in the socket's queue.
const MOST_GUESTS: usize = 512;

/// How long an owner waits where it has no descriptor left for another connection.
const EXHAUSTED: Duration = Duration::from_millis(100);

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
    /// Ends when the last guest has left.
    reception: JoinHandle<()>,
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
        let reception = tokio::spawn(receive_all(
            Arc::clone(&own.rooms),
            listener,
            socket,
            options.drain,
        ));
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

    /// Lets everybody finish, closes the store, and gives the lock away. The process's own client has had its time but for
    /// `patience`.
    pub(super) async fn leave(mut self, patience: Duration) -> Result<(), String> {
        self.own.finish(patience).await;
        if let Err(error) = self.reception.await {
            tracing::error!(%error, "the reception broke off");
        }
        let closed = Arc::clone(&self.own.rooms.host).close().await;
        drop(self.lock);
        closed
    }
}

async fn receive_all<O: Host>(
    rooms: Arc<Rooms<O>>,
    listener: UnixListener,
    socket: Socket,
    drain: Duration,
) {
    let mut closing = rooms.closing.subscribe();
    let mut guests = JoinSet::new();
    loop {
        tokio::select! {
            _ = closing.wait_for(Stay::is_over) => break,
            stream = accept(&listener), if guests.len() < MOST_GUESTS => {
                guests.spawn(guest::receive(Arc::clone(&rooms), stream));
            }
            Some(_) = guests.join_next() => {}
        }
    }
    drop(listener);
    drop(socket);
    // A little longer than the relays wait: they are to leave, not to be cut off.
    let all = async { while guests.join_next().await.is_some() {} };
    if timeout(drain + Duration::from_secs(1), all).await.is_err() {
        tracing::warn!(left = guests.len(), "sessions were cut off");
    }
    guests.shutdown().await;
}

/// The next connection. A failure to take one is no reason to take none after it.
async fn accept(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}
