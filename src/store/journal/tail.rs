//! Telling the torn end of a batch that was never answered from damage.
//!
//! A batch is answered only after its fdatasync, so a batch with another one behind it is proven. Only the
//! very last one can be torn, and it shows as one of two things, on any disk that writes a sector of 512
//! bytes whole or not at all and on any file system that shows zeros, never foreign bytes, where it grew a
//! file but did not get to write it (ext4, xfs, btrfs, APFS):
//!
//! - *it is short*: the file ends inside it, or
//! - *sectors of it are missing*: the file has its full length or less, and at least one sector that the
//!   batch reaches into reads as zeros though it had other bytes.
//!
//! A batch whose bytes are all there and are wrong otherwise was written whole and changed later: that is
//! damage, as is anything behind it. Whether zeros in a sector are by right is known from the batch's
//! header, which counts them.
//!
//! A torn end is cut only where neither the caller nor the mark knows its sequence; see `recovery.rs`.

use super::error::{Damage, IoFailure, failed};
use super::format::{
    BATCH_FRAME, BATCH_HEADER, BATCH_START, BatchHeader, MAX_BATCH, SECTOR, is_zero, zero_sectors,
};
use super::stream::Fault;
use crate::store::files::{Access, Files};
use serde::Serialize;
use std::path::Path;

/// How a torn end shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Torn {
    /// The file ends inside the batch.
    Short,
    /// Sectors of the batch were not written.
    MissingSectors,
}

/// The end of the last segment, from where the walk found a fault.
pub(super) struct End {
    /// Where the faulty batch begins.
    offset: u64,
    /// The sequence that it must begin with.
    sequence: u64,
    /// The file's bytes from there on.
    bytes: Vec<u8>,
}

/// What the end can be.
pub(super) enum Verdict {
    Torn(Torn),
    Damaged,
}

impl End {
    /// Reads the end from where a walk was stopped; `None` where it is longer than any batch.
    pub(super) fn read(
        files: &dyn Files,
        path: &Path,
        stopped_at: &Damage,
        length: u64,
    ) -> Result<Option<Self>, IoFailure> {
        let offset = stopped_at.offset;
        let left = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
        if left > MAX_BATCH + BATCH_FRAME {
            return Ok(None);
        }
        let file = files
            .open(path, Access::Read)
            .map_err(failed("open", path))?;
        let mut bytes = vec![0; left];
        let read = file
            .read_full_at(offset, &mut bytes)
            .map_err(failed("read", path))?;
        bytes.truncate(read);
        Ok(Some(Self {
            offset,
            sequence: stopped_at.sequence,
            bytes,
        }))
    }

    /// Judges the end by its fault.
    pub(super) fn judge(&self, fault: Fault) -> Verdict {
        let torn = match fault {
            Fault::Short => Some(Torn::Short),
            Fault::ShortHeader => self.header_is_torn().then_some(Torn::Short),
            Fault::Header => self.lost_header(),
            Fault::Checksum(header) => self.lost_sectors(&header),
            Fault::Structure(_) => None,
        };
        torn.map_or(Verdict::Damaged, Verdict::Torn)
    }

    /// The header's bytes are broken: torn where a sector under it is missing and no batch follows.
    fn lost_header(&self) -> Option<Torn> {
        let missing = self.header_is_torn() && !self.holds_later_batch();
        missing.then_some(Torn::MissingSectors)
    }

    /// The header is sound and the body is not: torn where the batch ends the file and misses a sector.
    fn lost_sectors(&self, header: &BatchHeader) -> Option<Torn> {
        let ends_file = header.total() == self.bytes.len() as u64;
        let body = self
            .bytes
            .get(BATCH_HEADER..BATCH_HEADER + header.body as usize)?;
        let missing = self.edge_is_missing()
            || zero_sectors(self.offset + BATCH_HEADER as u64, body) > header.zero_sectors;
        (ends_file && missing).then_some(Torn::MissingSectors)
    }

    /// Whether the piece in the last sector, which ends in an end mark, reads as zeros.
    fn edge_is_missing(&self) -> bool {
        let end = self.offset + self.bytes.len() as u64;
        let reach = (end - 1) % SECTOR + 1;
        let piece = usize::try_from(reach)
            .unwrap_or(usize::MAX)
            .min(self.bytes.len());
        is_zero(&self.bytes[self.bytes.len() - piece..])
    }

    /// Whether each piece of the header that was written is right, and at least one was not or the file ends.
    fn header_is_torn(&self) -> bool {
        let edge = usize::try_from(self.offset.next_multiple_of(SECTOR) - self.offset);
        let edge = edge.unwrap_or(usize::MAX).min(self.bytes.len());
        let (one, other) = self.bytes.split_at(edge);
        let sector = usize::try_from(SECTOR).unwrap_or(usize::MAX);
        let other = &other[..other.len().min(sector)];
        let mut missing = self.bytes.len() < BATCH_HEADER;
        for (from, piece) in [(0, one), (edge, other)] {
            if piece.is_empty() || from >= BATCH_HEADER {
                continue;
            }
            if is_zero(piece) {
                missing = true;
            } else if !self.is_header_piece(from, piece) {
                return false;
            }
        }
        missing
    }

    /// Whether a piece of the header has the bytes that are known beforehand.
    fn is_header_piece(&self, from: usize, piece: &[u8]) -> bool {
        let mut known = [None; 16];
        for (at, byte) in BATCH_START.into_iter().enumerate() {
            known[at] = Some(byte);
        }
        for (at, byte) in self.sequence.to_le_bytes().into_iter().enumerate() {
            known[8 + at] = Some(byte);
        }
        let expected = known.get(from..).unwrap_or_default();
        expected
            .iter()
            .zip(piece)
            .all(|(known, byte)| known.is_none_or(|known| known == *byte))
    }

    /// Whether a batch with a later sequence stands somewhere in the bytes.
    fn holds_later_batch(&self) -> bool {
        let starts = self.bytes.windows(BATCH_START.len()).enumerate();
        starts
            .filter(|(_, bytes)| *bytes == BATCH_START)
            .filter_map(|(at, _)| BatchHeader::decode(&self.bytes[at..]))
            .any(|header| header.first > self.sequence)
    }
}
