//! A batch as it is read: its events as slices of the reader's buffer.

use super::chain::Position;
use super::format::{BatchHeader, split_event};

/// The events of one batch, or those from the asked-for one on.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    first: u64,
    count: u32,
    events: &'a [u8],
    end: Position,
}

impl<'a> Batch<'a> {
    /// All events of a batch whose body is well-formed.
    pub(super) fn whole(header: &BatchHeader, body: &'a [u8]) -> Self {
        Self {
            first: header.first,
            count: header.count,
            events: body,
            end: header.end(),
        }
    }

    /// Leaves out the events before `sequence`.
    #[must_use]
    pub fn starting_at(mut self, sequence: u64) -> Self {
        while self.first < sequence {
            let Some((_, rest)) = split_event(self.events) else {
                break;
            };
            self.events = rest;
            self.first += 1;
            self.count -= 1;
        }
        self
    }

    /// The sequence of the first event.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The position after the last event.
    pub fn end(&self) -> Position {
        self.end
    }

    /// How many events.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is none; never so for a batch that was read.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The events in their order; the first has the sequence [`Batch::first`].
    pub fn events(&self) -> Events<'a> {
        Events {
            left: self.count as usize,
            rest: self.events,
        }
    }

    /// Copies it.
    pub fn to_owned(&self) -> OwnedBatch {
        OwnedBatch {
            first: self.first,
            count: self.count,
            events: self.events.into(),
            end: self.end,
        }
    }
}

/// The events of a batch, one after the other.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    left: usize,
    rest: &'a [u8],
}

impl<'a> Iterator for Events<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (event, rest) = split_event(self.rest)?;
        self.rest = rest;
        self.left = self.left.saturating_sub(1);
        Some(event)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Events<'_> {}

/// A batch with its own bytes.
#[derive(Clone, Debug)]
pub struct OwnedBatch {
    first: u64,
    count: u32,
    events: Box<[u8]>,
    end: Position,
}

impl OwnedBatch {
    /// The batch, to be read.
    pub fn as_batch(&self) -> Batch<'_> {
        Batch {
            first: self.first,
            count: self.count,
            events: &self.events,
            end: self.end,
        }
    }
}
