//! Where batches begin in a segment, for every few kilobytes one.

/// Bytes between two entries, at least: what a lookup reads beyond the batch that it wants.
const STRIDE: u64 = 4 << 10;

/// A sparse index of a segment's batches. 256 KB for a segment of 64 MB.
#[derive(Clone, Debug, Default)]
pub(super) struct SparseIndex {
    entries: Vec<Entry>,
}

/// A place where a batch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) first: u64,
    pub(super) offset: u64,
}

impl SparseIndex {
    /// Takes note of a batch; they come in their order.
    pub(super) fn note(&mut self, first: u64, offset: u64) {
        let due = |last: &Entry| offset >= last.offset + STRIDE;
        if self.entries.last().is_none_or(due) {
            self.entries.push(Entry { first, offset });
        }
    }

    /// The last noted batch that begins at or before a sequence.
    pub(super) fn at_or_before(&self, sequence: u64) -> Option<Entry> {
        let after = self
            .entries
            .partition_point(|entry| entry.first <= sequence);
        self.entries.get(after.checked_sub(1)?).copied()
    }
}
