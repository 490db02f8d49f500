//! Letting other processes in.
//!
//! Their sessions have threads of their own: a process's own client is served on the one thread that reads its input, since
//! each change of thread costs a call more than what it does, and must not wait for what others ask.

use super::{Rooms, Stay, guest};
use crate::service::front::house::Host;
use crate::service::front::place::Socket;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// The most clients that an owner serves at a time; others wait in the socket's queue.
const MOST_GUESTS: usize = 512;

/// How long an owner waits where it has no descriptor left for another connection.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// The threads that serve others.
pub(super) struct Reception {
    /// Always there but while it is dropped.
    threads: Option<Runtime>,
    /// Ends when the last guest has left.
    over: Option<JoinHandle<()>>,
}

impl Reception {
    /// Lets others in, until the rooms close.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(super) fn open<O: Host>(
        rooms: &Arc<Rooms<O>>,
        listener: UnixListener,
        socket: Socket,
        drain: Duration,
    ) -> io::Result<Self> {
        let threads = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("guests")
            .enable_all()
            .build()?;
        let receiving = receive_all(Arc::clone(rooms), listener, socket, drain);
        let over = threads.spawn(receiving);
        Ok(Self {
            threads: Some(threads),
            over: Some(over),
        })
    }

    /// Waits for the last guest to leave.
    pub(super) async fn close(mut self) {
        if let Some(over) = self.over.take()
            && let Err(error) = over.await
        {
            tracing::error!(%error, "the reception broke off");
        }
    }
}

impl Drop for Reception {
    fn drop(&mut self) {
        // Whoever drops it serves a client, and waits for nothing.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
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
