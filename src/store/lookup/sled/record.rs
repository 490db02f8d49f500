//! The row that holds the head: format version, sequence, a digest of all other rows, and the owner's note.
//!
//! The digest is why a store can be trusted. When sled reads its log at the start it passes over what it can't read, in
//! silence: a flipped bit in it takes back the newest state of some pages and leaves the others. Only a sum over all rows
//! that was committed with them tells.

use super::super::{Head, LookupError};

/// Where the head is kept. Rows of callers have keys of at least one byte.
pub(super) const KEY: &[u8] = b"";
/// The format that is written now. Also what the owner's rows are of changes it: a store of another version is made again.
/// Since version 3 there are the sums of corrections; since version 4 every import of a history, and what was turned down
/// of a price; since version 5 corrections of the past that wait, and words that decided nothing; since version 6
/// usage is summed up by quarters of an hour; since version 7 alerts that stand for many sessions or tasks; since version 8
/// counters begin anew only where time is cut in another way; since version 9 holds and usage have the names that were given for
/// their models, and a program that does not know them would not cover them by those.
pub(super) const VERSION: u16 = 9;

const FIXED: usize = 2 + 8 + 16;

/// A sum over rows, to and from which single rows can be added and taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest(u128);

impl Digest {
    /// Adds a row.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.0 = self.0.wrapping_add(of_row(key, value));
    }

    /// Takes a row away.
    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) {
        self.0 = self.0.wrapping_sub(of_row(key, value));
    }
}

/// The first 128 bits of BLAKE3 over key and value, with the key's length before them.
fn of_row(key: &[u8], value: &[u8]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_be_bytes());
    hasher.update(key);
    hasher.update(value);
    hasher
        .finalize()
        .as_bytes()
        .iter()
        .take(16)
        .fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

/// The head and the digest that were committed with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Committed {
    pub(super) head: Option<Head>,
    pub(super) digest: Digest,
}

impl Committed {
    /// As bytes, for a head that is there.
    pub(super) fn encode(head: &Head, digest: Digest) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FIXED + head.note.len());
        bytes.extend_from_slice(&VERSION.to_be_bytes());
        bytes.extend_from_slice(&head.sequence.to_be_bytes());
        bytes.extend_from_slice(&digest.0.to_be_bytes());
        bytes.extend_from_slice(&head.note);
        bytes
    }

    /// From bytes; none of them in a new store.
    pub(super) fn decode(bytes: Option<&[u8]>) -> Result<Self, LookupError> {
        let Some(bytes) = bytes else {
            return Ok(Self::default());
        };
        let (version, bytes) = bytes.split_first_chunk().ok_or_else(short)?;
        let found = u16::from_be_bytes(*version);
        if found != VERSION {
            return Err(LookupError::OtherVersion {
                found,
                known: VERSION,
            });
        }
        let (sequence, bytes) = bytes.split_first_chunk().ok_or_else(short)?;
        let (digest, note) = bytes.split_first_chunk().ok_or_else(short)?;
        let head = Head {
            sequence: u64::from_be_bytes(*sequence),
            note: note.to_vec(),
        };
        Ok(Self {
            head: Some(head),
            digest: Digest(u128::from_be_bytes(*digest)),
        })
    }
}

fn short() -> LookupError {
    LookupError::Damaged("its head is too short".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::codec;

    #[test]
    fn rows_are_made_again_where_events_have_another_version() {
        // A program of former events would read what it does not know, and serve by that, before it comes to the journal.
        assert_eq!((codec::VERSION, VERSION), (5, 9), "raise both");
    }
}
