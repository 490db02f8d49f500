//! Who knows what must be in the journal, and holding the journal against it.

use super::chain::{ChainHash, Position};
use super::error::{Damage, DamageKind, ReadError, Witness};
use super::expect::Expect;
use super::format::BatchHeader;
use super::inventory::{SegmentFile, segment_name};
use super::mark::MarkState;
use super::reader::JournalReader;

/// A sequence that must be there, and the chain's hash after it where it is known.
#[derive(Clone, Copy, Debug)]
struct Testimony {
    witness: Witness,
    sequence: u64,
    hash: Option<ChainHash>,
}

/// All that is known of the journal beside its own segments.
#[derive(Clone, Debug)]
pub(super) struct Witnesses(Vec<Testimony>);

impl Witnesses {
    pub(super) fn new(expect: Expect, mark: MarkState) -> Self {
        let mut testimonies = vec![
            Testimony {
                witness: Witness::Seen,
                sequence: expect.seen,
                hash: expect.seen_hash,
            },
            Testimony {
                witness: Witness::From,
                sequence: expect.from.saturating_sub(1),
                hash: None,
            },
        ];
        testimonies.extend(mark.position().map(|position| Testimony {
            witness: Witness::Mark,
            sequence: position.sequence,
            hash: Some(position.hash),
        }));
        Self(testimonies)
    }

    /// The highest sequence that was durable and so may have been answered.
    pub(super) fn acknowledged(&self) -> u64 {
        let sequences = self.0.iter().map(|testimony| testimony.sequence);
        sequences.max().unwrap_or(0)
    }

    /// Whether the journal reaches as far as every witness has seen; `last` is its last segment, `length` its good bytes.
    pub(super) fn check_end(
        &self,
        end: Position,
        last: Option<&SegmentFile>,
        length: u64,
    ) -> Result<(), Damage> {
        let beyond = |testimony: &&Testimony| testimony.sequence > end.sequence;
        let Some(testimony) = self.0.iter().find(beyond) else {
            return Ok(());
        };
        let first = Position::START.sequence + 1;
        Err(Damage {
            file: last.map_or_else(|| segment_name(first), |segment| segment.name.clone()),
            offset: length,
            sequence: end.sequence + 1,
            kind: DamageKind::EndBefore {
                end: end.sequence,
                seen: testimony.sequence,
                witness: testimony.witness,
            },
        })
    }

    /// Whether a batch ends as each witness has seen it that has seen an event of it.
    pub(super) fn contradicting(&self, batch: &BatchHeader) -> impl Iterator<Item = Witness> {
        let of_batch = batch.first..=batch.last();
        self.0
            .iter()
            .filter(move |testimony| of_batch.contains(&testimony.sequence))
            .filter(|testimony| {
                let expected = testimony.hash.map(|hash| (testimony.sequence, hash));
                expected.is_some_and(|expected| expected != (batch.last(), batch.hash))
            })
            .map(|testimony| testimony.witness)
    }

    /// Whether the journal's history is the one that each witness has seen; `known` are positions that need no look-up.
    pub(super) fn check_history(
        &self,
        reader: &JournalReader,
        known: &[Position],
    ) -> Result<(), ReadError> {
        for testimony in &self.0 {
            let Some(hash) = testimony.hash.filter(|_| testimony.sequence > 0) else {
                continue;
            };
            let seen = Position {
                sequence: testimony.sequence,
                hash,
            };
            if known.contains(&seen) {
                continue;
            }
            let kind = DamageKind::OtherHistory {
                witness: testimony.witness,
            };
            reader.check_end(seen, kind)?;
        }
        Ok(())
    }
}
