//! What a caller knows of a journal before it is opened.

use super::chain::{ChainHash, Position};

/// What the caller knows of the journal that it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The highest sequence that the caller's own store has seen; 0 where it has seen none.
    pub seen: u64,
    /// The chain's hash there, where the caller kept it: finds a journal of another history.
    pub seen_hash: Option<ChainHash>,
    /// The first event that the caller wants to read back, at most one behind the end; 1 for all.
    pub from: u64,
}

impl Expect {
    /// Of a caller that knows nothing and reads everything.
    pub const NOTHING: Self = Self {
        seen: 0,
        seen_hash: None,
        from: 1,
    };

    /// Of a caller whose store is true of `position`, and who reads on from there.
    pub const fn after(position: Position) -> Self {
        Self {
            seen: position.sequence,
            seen_hash: Some(position.hash),
            from: position.sequence + 1,
        }
    }
}
