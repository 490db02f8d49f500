//! The journal: the log of events, which is the truth. It knows nothing of what an event means.
//!
//! A folder of segment files, each a header and batches one after the other (`format.rs`), and the mark
//! (`mark.rs`). A batch is written with one write, made durable with one fdatasync, and only then is it
//! served and answered. Sealed segments are never touched again.
//!
//! # What opening can tell
//! - Anything wrong in a batch that has another one behind it, in a header, or between two segments is a
//!   [`Damage`], named by file, offset and sequence, and the journal is not served.
//! - A broken last batch is *torn*, cut and reported, only where its bytes say so (`tail.rs`: it is short, or
//!   whole sectors of it are missing) and neither the caller's store nor the mark knows its sequence.
//!   Broken in any other way it may have been answered, and it is a damage.
//! - An end before what the caller's store or the mark has seen, and another history than theirs, is a damage.
//!
//! So a kill or a power cut never needs a `repair`, on disks that write a sector of 512 bytes whole or not
//! at all and keep what they said was flushed, and on file systems that show zeros where they grew a file
//! but had not written it. What can't be told: an end cut off by hand together with the mark's going back, as
//! far as the caller's store lags behind it.

mod aside;
mod batch;
mod chain;
mod durable;
mod error;
mod expect;
mod format;
mod index;
mod inventory;
mod mark;
mod reader;
mod recovery;
mod repair;
mod report;
mod scan;
mod shared;
mod stream;
mod survey;
mod tail;
mod verify;
mod walk;
mod witness;
mod writer;

pub use batch::{Batch, Events, OwnedBatch};
pub use chain::{ChainHash, Position};
pub use durable::{DurableBatches, read_durable};
pub use error::{AppendError, Damage, DamageKind, IoFailure, OpenError, ReadError, Witness};
pub use expect::Expect;
pub use format::{MAX_BATCH, MAX_EVENT, VERSION};
pub use mark::MarkState;
pub use reader::{Batches, JournalReader};
pub use recovery::{Opened, Options};
pub use repair::{Choice, RepairError, Repaired, repair};
pub use report::Report;
pub use scan::{ScanState, SealedScan};
pub use survey::TornTail;
pub use tail::Torn;
pub use verify::{SoundBatch, verify, verify_each};
pub use walk::Check;
pub use writer::{Journal, batches};
