//! What is looked up, in one ordered set of rows that knows nothing of what a row means.
//!
//! It is derived: written behind, true of the sequence in its head, caught up from the journal where it is behind, and
//! made again from the journal where it is damaged.

use std::io;

pub mod memory;
mod set_aside;
mod sled;

pub use self::set_aside::{SetAside, open_or_set_aside, set_aside};
pub use self::sled::SledLookup;

/// What everything in a lookup is true of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The last sequence of the journal whose effect is in the rows.
    pub sequence: u64,
    /// A few bytes that the owner wants kept beside it. Keep it small: every commit writes it.
    pub note: Vec<u8>,
}

/// A row: its key, never empty, and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// A change of a row: its key, and its new value or nothing to delete it.
pub type Change = (Vec<u8>, Option<Vec<u8>>);

/// Rows in order, one at a time.
pub type Rows<'a> = Box<dyn Iterator<Item = Result<Row, LookupError>> + 'a>;

/// Why a lookup does not answer.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// What is stored can't be trusted any more. It has to be made again from the journal.
    #[error("the lookup store is damaged: {0}")]
    Damaged(String),
    /// It was written in another format.
    #[error("the lookup store has format version {found}; this program reads {known}")]
    OtherVersion {
        /// The version in the store.
        found: u16,
        /// The version that this program reads and writes.
        known: u16,
    },
    /// The system does not let us: a full or read-only disk, another process that holds the store, missing rights.
    #[error("the lookup store is unavailable: {0}")]
    Unavailable(#[from] io::Error),
    /// A row without a key was to be written.
    #[error("a row needs a key of at least one byte")]
    NoKey,
}

/// Ordered rows under one head, changed by whole commits.
///
/// After damage or a commit that failed nothing more is answered: what is in memory may be ahead of the disk. After damage,
/// drop it, put it aside ([`set_aside`]) and open a new one; after a commit that failed for another reason, it may take a
/// new process to open it again.
pub trait Lookup: Send + Sync {
    /// What everything in it is true of, or nothing for a new one. It changes together with the rows, which may be read before
    /// they are durable: where it is the same before and after a scan, so were they. After a crash it may be an earlier head than the last
    /// one that was committed only where that commit was not answered.
    fn head(&self) -> Result<Option<Head>, LookupError>;

    /// The value of a row.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LookupError>;

    /// Rows with `low <= key < high`, ascending, or descending if `backwards`. One row is in memory at a time. Rows that
    /// are committed during a scan may be in it or not; the iterator ends after an error.
    fn scan<'a>(&'a self, low: &[u8], high: &[u8], backwards: bool) -> Rows<'a>;

    /// Puts and deletes rows and moves the head, all of it or nothing, durable when it returns. Where a key is named
    /// twice, the last one counts.
    ///
    /// One that fails is the last one of this handle. The next opening finds all of it, or all of the commit before it, or
    /// a store that it says is damaged; never a part of it as if it were whole.
    fn commit(&self, rows: Vec<Change>, head: &Head) -> Result<(), LookupError>;

    /// The same, with rows that may be read before the head has moved, some of them before others; none of them may be
    /// among the others. It is for what is many: in sled a row takes about 5 kB of memory until what it is changed with
    /// has been, and some 20 µs. Put what is small and many into blocks of a few kB under one key.
    fn commit_many(
        &self,
        ahead: Vec<Change>,
        mut rows: Vec<Change>,
        head: &Head,
    ) -> Result<(), LookupError> {
        rows.extend(ahead);
        self.commit(rows, head)
    }
}
