//! Why a ledger can't be opened.

use crate::core::codec::CodecError;
use crate::store::journal::{OpenError, ReadError};
use crate::store::lookup::LookupError;

/// Why a ledger can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal is damaged or can't be read.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// An event can't be read back.
    #[error("the journal can't be replayed: {0}")]
    Read(#[from] ReadError),
    /// An event is not one that this program knows.
    #[error("the event at sequence {sequence}: {error}")]
    Event {
        /// Its sequence.
        sequence: u64,
        /// What is wrong with it.
        error: CodecError,
    },
    /// The lookup store can't be used.
    #[error("the lookup store can't be used: {0}")]
    Lookup(#[from] LookupError),
    /// The system refused a thread.
    #[error("no thread for the ledger: {0}")]
    Thread(std::io::Error),
}
