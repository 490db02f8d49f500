//! One portable, checked file of everything that is true: the journal's events in their batches.
//!
//! What is looked up is not in it: it is made again from the events.

mod deferred;
mod error;
mod format;
mod read;
mod restore;
mod write;

pub use error::{BackupError, Flaw};
pub use read::{Summary, check};
pub use restore::restore;
pub use write::{Existing, write};
