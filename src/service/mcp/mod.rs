//! The Model Context Protocol: one client on one stream, in whichever life of the protocol it leads.

mod ask;
mod call;
mod client;
mod completion;
mod face;
mod listing;
mod progress;
mod resources;
mod subscriptions;
mod wire;

pub use listing::list_bytes;

use super::Service;
use super::caller::Caller;
use super::operation::Tool;
use client::Client;
use face::Face;
use rmcp::service::{QuitReason, ServerInitializeError};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use wire::{Ended, Wire};

/// Why a client could not be served to its end.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The client and this server could not agree on how to speak.
    #[error("the client could not be welcomed: {0}")]
    Welcome(#[from] Box<ServerInitializeError>),
    /// The task that served it failed.
    #[error("serving the client failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Serves one client until its reader ends, and gets the last answers out before it returns.
///
/// The reader and the writer are of any kind: standard input and output, or the halves of a socket. Dropping the
/// future ends the service of this client; calls under way are cancelled.
///
/// # Errors
/// See [`ServeError`]; that the client goes away is none.
pub async fn serve<R, W>(
    service: Arc<Service>,
    tools: &'static [Tool],
    caller: Caller,
    reader: R,
    writer: W,
) -> Result<(), ServeError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let ended = Ended::new();
    let wire = Wire::new(reader, writer, ended.clone());
    let last_words = wire.last_words();
    let face = Face::new(Client::new(service, tools, caller, ended));
    let served = match rmcp::serve_server(face, wire).await {
        Ok(running) => running.waiting().await.map_err(ServeError::from),
        // It left before it said anything that opens a session.
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {
            Ok(QuitReason::Closed)
        }
        Err(error) => Err(ServeError::from(Box::new(error))),
    };
    last_words.say().await;
    match served? {
        QuitReason::JoinError(error) => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
