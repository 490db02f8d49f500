//! The session of a process's own client with a host of the same process.

use super::{Rooms, Stay, guest};
use crate::service::front::FrontOptions;
use crate::service::front::house::Host;
use crate::service::front::settle::Upstream;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How much may lie between a host and its process's own client, in bytes each way.
const BUFFER: usize = 256 * 1024;

/// A host that serves its process's own client, and, where it has the store, others beside it.
pub(in crate::service::front) struct Own<O> {
    pub(super) rooms: Arc<Rooms<O>>,
    session: Option<JoinHandle<()>>,
}

impl<O: Host> Own<O> {
    pub(in crate::service::front) fn new(host: O, options: &FrontOptions) -> Self {
        Self {
            rooms: Arc::new(Rooms {
                host: Arc::new(host),
                version: options.version.clone(),
                closing: watch::Sender::new(Stay::Stays),
            }),
            session: None,
        }
    }

    /// Opens the session.
    pub(in crate::service::front) fn session(&mut self, options: &FrontOptions) -> Upstream {
        let (near, far) = tokio::io::duplex(BUFFER);
        let (reader, writer) = tokio::io::split(near);
        let rooms = Arc::clone(&self.rooms);
        let caller = options.caller.clone();
        self.session = Some(tokio::spawn(async move {
            let (reader, writer) = tokio::io::split(far);
            guest::serve(&rooms, caller, reader, writer).await;
        }));
        Upstream {
            reader: Box::new(reader),
            writer: Box::new(writer),
        }
    }

    /// Takes no more calls, and has the client's relay look for another host.
    pub(in crate::service::front) fn close(&self) {
        self.rooms.close(None);
    }

    /// Lets the client finish, as long as there is patience.
    pub(in crate::service::front) async fn finish(&mut self, patience: Duration) {
        self.close();
        if let Some(mut session) = self.session.take()
            && timeout(patience, &mut session).await.is_err()
        {
            session.abort();
        }
    }
}
