//! The bytes of a backup. Integers are little-endian.
//!
//! ```text
//! header    magic 8 · version u32 · header length u32 · last sequence u64 · chain hash there 32 · batches u64
//! batch     first sequence u64 · count u32 · body length u32 · chain hash after 32
//!           body: per event, length u32 and bytes
//! checksum  BLAKE3 of everything before it, 32
//! ```

use crate::store::journal::{Batch, ChainHash, MAX_BATCH, Position};

/// The format's version that this code writes, and the newest that it reads.
pub(super) const VERSION: u32 = 1;
pub(super) const MAGIC: [u8; 8] = *b"TkBudBak";
/// Bytes of the header.
pub(super) const HEADER: usize = 64;
/// Bytes of a batch before its body.
pub(super) const FRAME: usize = 48;
/// Bytes of the checksum.
pub(super) const CHECKSUM: usize = 32;

/// What a backup says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) end: Position,
    pub(super) batches: u64,
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoHeader {
    Magic,
    Version(u32),
    Length,
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn position(&mut self) -> Option<Position> {
        Some(Position {
            sequence: self.u64()?,
            hash: ChainHash::from_bytes(self.take()?),
        })
    }
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(small(HEADER).to_le_bytes());
        bytes.extend(self.end.sequence.to_le_bytes());
        bytes.extend(self.end.hash.as_bytes());
        bytes.extend(self.batches.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, NoHeader> {
        let mut fields = Fields(bytes);
        if fields.take() != Some(MAGIC) {
            return Err(NoHeader::Magic);
        }
        match fields.u32() {
            Some(VERSION) => {}
            Some(other) => return Err(NoHeader::Version(other)),
            None => return Err(NoHeader::Length),
        }
        let length = fields.u32().ok_or(NoHeader::Length)?;
        let end = fields.position().ok_or(NoHeader::Length)?;
        let batches = fields.u64().ok_or(NoHeader::Length)?;
        if length != small(HEADER) {
            return Err(NoHeader::Length);
        }
        Ok(Self { end, batches })
    }
}

/// What stands before a batch's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) first: u64,
    pub(super) count: u32,
    pub(super) body: u32,
    pub(super) hash: ChainHash,
}

impl Frame {
    pub(super) fn decode(bytes: &[u8; FRAME]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let frame = Self {
            first: fields.u64()?,
            count: fields.u32()?,
            body: fields.u32()?,
            hash: ChainHash::from_bytes(fields.take()?),
        };
        let within = frame.count >= 1 && frame.body as usize <= MAX_BATCH;
        within.then_some(frame)
    }
}

/// Lays out a batch with its frame.
pub(super) fn lay_out(batch: Batch<'_>, into: &mut Vec<u8>) {
    into.clear();
    into.resize(FRAME, 0);
    for event in batch.events() {
        into.extend(small(event.len()).to_le_bytes());
        into.extend_from_slice(event);
    }
    let mut frame = Vec::with_capacity(FRAME);
    frame.extend(batch.first().to_le_bytes());
    frame.extend(small(batch.len()).to_le_bytes());
    frame.extend(small(into.len() - FRAME).to_le_bytes());
    frame.extend(batch.end().hash.as_bytes());
    into[..FRAME].copy_from_slice(&frame);
}

/// The events of a body, where they are exactly `count`.
pub(super) fn events(mut body: &[u8], count: u32) -> Option<Vec<&[u8]>> {
    let mut events = Vec::new();
    while let Some((length, rest)) = body.split_first_chunk::<4>() {
        let (event, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        events.push(event);
        body = rest;
    }
    let whole = body.is_empty() && events.len() == count as usize;
    whole.then_some(events)
}

/// A length that the journal's limits keep within 32 bits.
fn small(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
