//! Many clients, one store.
//!
//! Each MCP client starts a process of its own, and one process at a time may open the store. The
//! one that holds the lock of the data directory is its owner; the others forward their client's
//! lines to it over a Unix socket. When the owner goes away, however it goes, one of the others
//! takes over; each repeats its client's handshake to the new owner and sends again what was not
//! answered, so that the client notices nothing. What is not safe to send again is answered
//! `unavailable`.
//!
//! `settle` finds out which of the two a process is; `relay` is the client's end in both; `owner`
//! is the store's.

#[cfg(unix)]
mod control;
#[cfg(unix)]
mod exclusive;
#[cfg(unix)]
mod hello;
mod house;
#[cfg(unix)]
mod lock;
#[cfg(unix)]
mod owner;
#[cfg(unix)]
mod place;
#[cfg(unix)]
mod relay;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod settle;
#[cfg(unix)]
pub mod stdio;
mod unusable;

#[cfg(unix)]
pub use exclusive::{Exclusive, exclusively, is_owned};
pub use house::{Host, House, Reader, Writer};

use super::caller::Caller;
use semver::Version;
use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;

/// How a process takes part.
#[derive(Clone, Debug)]
pub struct FrontOptions {
    /// Where the store is. Made, for this user alone, where it is not there.
    pub data_dir: PathBuf,
    /// This program's version. An owner makes room for a newer one.
    pub version: Version,
    /// Who this process's client is.
    pub caller: Caller,
    /// The tools that change nothing, by name: their calls are sent again without a `request_id`.
    pub read_only: BTreeSet<&'static str>,
    /// Whether this process stays for a client's life: a newer one that only makes a call does not
    /// have the owner make room.
    pub stays: bool,
    /// How long to wait for an owner that holds the lock but does not answer.
    pub patience: Duration,
    /// How long calls under way may take to end when the client or the owner leaves.
    pub drain: Duration,
}

impl FrontOptions {
    /// A process that stays, with a patience of 30 seconds and 10 seconds to drain.
    pub fn new(
        data_dir: PathBuf,
        version: Version,
        caller: Caller,
        read_only: BTreeSet<&'static str>,
    ) -> Self {
        Self {
            data_dir,
            version,
            caller,
            read_only,
            stays: true,
            patience: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// Why a process ended as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client closed its end, or reads no more.
    ClientEnded,
    /// It was told to stop.
    Stopped,
    /// The session ended itself.
    SessionOver,
}

/// Why a process can't take part.
#[derive(Debug, thiserror::Error)]
pub enum FrontError {
    /// The platform lacks what clients share a store by.
    #[error(
        "this platform has no Unix domain sockets, by which clients share one store; \
         use a Unix system (on Windows: WSL)"
    )]
    Platform,
    /// The data directory, its lock or its socket.
    #[error(
        "the data directory {} can't be used: {source}; {}", .dir.display(), unusable::remedy(.source)
    )]
    Place {
        /// The data directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store can't be opened.
    #[error("the store can't be opened: {0}")]
    Open(String),
    /// The store could not be closed properly; it is checked at its next opening.
    #[error("the store could not be closed: {0}")]
    Close(String),
    /// The owner does not let this process in.
    #[error("the owner of the store refuses: {0}")]
    Refused(String),
    /// A fault of this program.
    #[error("serving the client broke off: {0}")]
    Broken(#[source] tokio::task::JoinError),
    /// The store has an owner, and what was asked for needs it alone.
    #[error(
        "a running tekton-budget{} has the store in {} open; end its client first",
        .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default(), .dir.display()
    )]
    Owned {
        /// The data directory.
        dir: PathBuf,
        /// The owner.
        pid: Option<u32>,
    },
    /// Somebody holds the lock, but does not answer.
    #[error(
        "another process{} holds {}/owner.lock but does not answer ({why}); end it, or wait until it is done",
        .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default(), .dir.display()
    )]
    Silent {
        /// The data directory.
        dir: PathBuf,
        /// The process that took the lock last.
        pid: Option<u32>,
        /// What the last attempt met.
        why: String,
    },
}

/// Serves one client as owner or forwarder, whichever it takes, until the client ends or `stop`
/// does. As owner it serves the other processes of the data directory too. Where the directory can't
/// be used, the client is served without the store ([`House::shut`]) until it can.
///
/// Before it returns, calls under way are answered (up to the options' `drain`), and as owner the
/// store is closed, the socket removed and the lock released.
///
/// # Errors
/// Where this process can be neither owner nor forwarder, or stops to be; the client's waiting
/// calls are answered `unavailable` first.
#[cfg(unix)]
pub async fn run<H: House>(
    options: FrontOptions,
    house: H,
    input: Reader,
    output: Writer,
    stop: impl Future<Output = ()>,
) -> Result<Ended, FrontError> {
    serve::run(options, house, input, output, stop).await
}

/// Says that this platform can't.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub async fn run<H: House>(
    _: FrontOptions,
    _: H,
    _: Reader,
    _: Writer,
    _: impl Future<Output = ()>,
) -> Result<Ended, FrontError> {
    Err(FrontError::Platform)
}

/// The store of a data directory, for this process alone: never to be had here.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Exclusive(std::convert::Infallible);

/// Says that this platform can't.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn exclusively(_: &std::path::Path) -> Result<Exclusive, FrontError> {
    Err(FrontError::Platform)
}

/// Nobody owns a store on this platform.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn is_owned(_: &std::path::Path) -> io::Result<bool> {
    Ok(false)
}

/// A session of this process's own, for a call from the command line.
pub struct Session {
    /// JSON lines each way. Shut down the writing side to end the session.
    pub stream: DuplexStream,
    /// Ends with the session.
    pub ended: JoinHandle<Result<Ended, FrontError>>,
}

/// Opens a session through the owner where there is one, and as the owner where there is none.
/// Set `stays` to false for a call or two.
pub fn connect<H: House>(options: FrontOptions, house: H) -> Session {
    let (stream, far) = tokio::io::duplex(SESSION_BUFFER);
    let (input, output) = tokio::io::split(far);
    let ended = tokio::spawn(async move {
        let never = std::future::pending();
        run(options, house, Box::new(input), Box::new(output), never).await
    });
    Session { stream, ended }
}

/// What may lie in a session of this process's own, in bytes each way.
const SESSION_BUFFER: usize = 256 * 1024;

/// Ends when the process is told to, by SIGTERM or SIGINT.
///
/// # Errors
/// Where the signals can't be listened to.
#[cfg(unix)]
pub fn signalled() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
