//! The bytes of a segment: its header, and the frame around a batch. Integers are little-endian.
//!
//! ```text
//! segment   magic 8 · version u32 · header length u32 · first sequence u64 · chain hash before 32 ·
//!           previous segment: first u64, length u64, BLAKE3 of its header 32 · CRC32C u32 of all that
//! batch     start mark 4 · body length u32 · first sequence u64 · count u32 · zero sectors u32 ·
//!           chain hash after 32 · CRC32C u32 of the body · CRC32C u32 of all that · header's end mark 4
//!           body: per event, length u32 and bytes
//!           end mark 4
//! ```
//! The marks hold no zero byte: a sector that was never written is all zeros, so wherever the edge of a
//! sector falls, the first, the last and each header's piece of a batch tell written from not written. For
//! the sectors inside the body, the header says how many of them are zeros by right (see `tail.rs`).

use super::chain::ChainHash;

/// The format's version that this code writes, and the newest that it reads.
pub const VERSION: u32 = 1;
/// The most bytes of one event.
pub const MAX_EVENT: usize = 16 << 20;
/// The most bytes of one batch's body: its events, each with 4 bytes of length.
pub const MAX_BATCH: usize = 64 << 20;

pub(super) const SEGMENT_MAGIC: [u8; 8] = *b"TkBudLog";
/// Bytes of a segment's header.
pub(super) const SEGMENT_HEADER: usize = 108;
/// Bytes of a batch's header.
pub(super) const BATCH_HEADER: usize = 68;
/// Bytes of a batch beyond its body.
pub(super) const BATCH_FRAME: usize = BATCH_HEADER + 4;
/// The piece that a disk writes whole or not at all, in bytes; larger ones are multiples of it.
pub(super) const SECTOR: u64 = 512;

// No UTF-8 text holds any of these bytes side by side, so no event of text looks like a batch.
pub(super) const BATCH_START: [u8; 4] = [0xF5, 0xFE, 0xC1, 0xB3];
const BATCH_HEADER_END: [u8; 4] = [0xC0, 0xFF, 0xF9, 0x9D];
pub(super) const BATCH_END: [u8; 4] = [0xFB, 0xC1, 0xFF, 0xA7];

/// Takes fields off the front of bytes.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(super) fn hash(&mut self) -> Option<ChainHash> {
        self.take().map(ChainHash::from_bytes)
    }
}

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    /// The sequence of the first event.
    pub(super) first: u64,
    /// The chain's hash before it.
    pub(super) before: ChainHash,
    /// What is said of the segment before; all zeros in the first one.
    pub(super) previous: PreviousSegment,
}

/// What a segment says of the one before it, so that its loss or change shows from the headers alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PreviousSegment {
    pub(super) first: u64,
    pub(super) length: u64,
    pub(super) header: ChainHash,
}

/// Why a segment's header is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderFault {
    /// Of a version that only a newer program knows.
    Newer(u32),
    /// Short, altered or not a journal's.
    Broken,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SEGMENT_HEADER);
        bytes.extend(SEGMENT_MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(u32::try_from(SEGMENT_HEADER).unwrap_or(0).to_le_bytes());
        bytes.extend(self.first.to_le_bytes());
        bytes.extend(self.before.as_bytes());
        bytes.extend(self.previous.first.to_le_bytes());
        bytes.extend(self.previous.length.to_le_bytes());
        bytes.extend(self.previous.header.as_bytes());
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        let mut fields = Fields(bytes);
        let magic = fields.take::<8>().ok_or(HeaderFault::Broken)?;
        let version = fields.u32().ok_or(HeaderFault::Broken)?;
        if magic != SEGMENT_MAGIC {
            return Err(HeaderFault::Broken);
        }
        if version > VERSION && !Self::is_sound_as_ours(bytes) {
            return Err(HeaderFault::Newer(version));
        }
        if version != VERSION {
            return Err(HeaderFault::Broken);
        }
        Self::decode_fields(bytes, fields).ok_or(HeaderFault::Broken)
    }

    /// Whether only the version was altered: the checksum is that of a header of the present one.
    fn is_sound_as_ours(bytes: &[u8]) -> bool {
        let mut ours = bytes.get(..SEGMENT_HEADER).unwrap_or_default().to_vec();
        let Some(version) = ours.get_mut(SEGMENT_MAGIC.len()..SEGMENT_MAGIC.len() + 4) else {
            return false;
        };
        version.copy_from_slice(&VERSION.to_le_bytes());
        let fields = Fields(&ours[SEGMENT_MAGIC.len() + 4..]);
        Self::decode_fields(&ours, fields).is_some()
    }

    fn decode_fields(bytes: &[u8], mut fields: Fields<'_>) -> Option<Self> {
        let length = fields.u32()?;
        let header = Self {
            first: fields.u64()?,
            before: fields.hash()?,
            previous: PreviousSegment {
                first: fields.u64()?,
                length: fields.u64()?,
                header: fields.hash()?,
            },
        };
        let crc = fields.u32()?;
        let sound = usize::try_from(length) == Ok(SEGMENT_HEADER)
            && crc == crc32c::crc32c(bytes.get(..SEGMENT_HEADER - 4)?);
        sound.then_some(header)
    }

    /// The hash by which the next segment names this header.
    pub(super) fn hash(&self) -> ChainHash {
        ChainHash::from_bytes(*blake3::hash(&self.encode()).as_bytes())
    }
}

/// The header of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchHeader {
    /// Bytes of the body.
    pub(super) body: u32,
    /// The sequence of the first event.
    pub(super) first: u64,
    /// How many events.
    pub(super) count: u32,
    /// Sectors inside the body whose bytes are zeros by right.
    pub(super) zero_sectors: u32,
    /// The chain's hash after the batch.
    pub(super) hash: ChainHash,
    /// CRC32C of the body.
    pub(super) body_crc: u32,
}

impl BatchHeader {
    /// Reads a header off the front of `bytes`; `None` where there is none that is whole and sound.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let start = fields.take::<4>()?;
        let header = Self {
            body: fields.u32()?,
            first: fields.u64()?,
            count: fields.u32()?,
            zero_sectors: fields.u32()?,
            hash: fields.hash()?,
            body_crc: fields.u32()?,
        };
        let crc = fields.u32()?;
        let end = fields.take::<4>()?;
        let sound = start == BATCH_START
            && end == BATCH_HEADER_END
            && crc == crc32c::crc32c(bytes.get(..BATCH_HEADER - 8)?);
        (sound && header.within_limits()).then_some(header)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BATCH_HEADER);
        bytes.extend(BATCH_START);
        bytes.extend(self.body.to_le_bytes());
        bytes.extend(self.first.to_le_bytes());
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.zero_sectors.to_le_bytes());
        bytes.extend(self.hash.as_bytes());
        bytes.extend(self.body_crc.to_le_bytes());
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes.extend(BATCH_HEADER_END);
        bytes
    }

    fn within_limits(&self) -> bool {
        let count = u64::from(self.count);
        self.body as usize <= MAX_BATCH
            && (1..=u64::from(self.body) / 4).contains(&count)
            && self.first >= 1
            && self.first.checked_add(count).is_some()
    }

    /// The sequence of the last event.
    pub(super) fn last(&self) -> u64 {
        self.first + u64::from(self.count) - 1
    }

    /// Bytes of the whole batch.
    pub(super) fn total(&self) -> u64 {
        u64::from(self.body) + BATCH_FRAME as u64
    }
}

/// The buffer in which a batch is laid out, reused from one to the next.
#[derive(Debug, Default)]
pub(super) struct BatchBuffer {
    bytes: Vec<u8>,
}

/// The most bytes that the buffer keeps from one batch to the next.
const BUFFER_KEPT: usize = 4 << 20;

impl BatchBuffer {
    /// Lays out a batch that will stand at `offset`; the events are within the limits.
    pub(super) fn lay_out<E: AsRef<[u8]>>(
        &mut self,
        offset: u64,
        first: u64,
        before: ChainHash,
        events: &[E],
    ) -> BatchHeader {
        self.bytes.clear();
        self.bytes.shrink_to(BUFFER_KEPT);
        self.bytes.resize(BATCH_HEADER, 0xFF);
        for event in events {
            let event = event.as_ref();
            self.bytes.extend(small(event.len()).to_le_bytes());
            self.bytes.extend_from_slice(event);
        }
        let body = &self.bytes[BATCH_HEADER..];
        let header = BatchHeader {
            body: small(body.len()),
            first,
            count: small(events.len()),
            zero_sectors: zero_sectors(offset + BATCH_HEADER as u64, body),
            hash: before.after(body),
            body_crc: crc32c::crc32c(body),
        };
        self.bytes[..BATCH_HEADER].copy_from_slice(&header.encode());
        self.bytes.extend(BATCH_END);
        header
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A length that the limits keep within 32 bits.
fn small(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// How many whole sectors of the file, of those inside `bytes` at `offset`, are all zeros.
pub(super) fn zero_sectors(offset: u64, bytes: &[u8]) -> u32 {
    let lead = usize::try_from(offset.next_multiple_of(SECTOR) - offset).unwrap_or(usize::MAX);
    let whole = bytes.get(lead..).unwrap_or_default();
    let zeros = whole
        .chunks_exact(usize::try_from(SECTOR).unwrap_or(usize::MAX))
        .filter(|sector| is_zero(sector));
    small(zeros.count())
}

/// Whether all bytes are zero.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Whether a body is exactly `count` events, each with its length before it.
pub(super) fn is_well_formed(mut body: &[u8], count: u32) -> bool {
    for _ in 0..count {
        let Some((_, rest)) = split_event(body) else {
            return false;
        };
        body = rest;
    }
    body.is_empty()
}

/// Takes the first event off a body.
pub(super) fn split_event(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = body.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > MAX_EVENT {
        return None;
    }
    rest.split_at_checked(length)
}
