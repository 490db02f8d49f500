//! What each record was corrected by, so that all corrections together leave no less than nothing of it.
//!
//! Sums rest in the store; one is recalled when its record is corrected again, and forgotten once the store has it anew.
//! Copies that make no checkpoints keep none: nothing is decided by them.

use super::{RowKey, State};
use crate::core::event::UsageAdjusted;
use crate::core::id::RecordId;
use crate::core::usage::Correction;

impl State {
    /// What a record was corrected by, as far as the sum is here.
    pub fn correction(&self, record: RecordId) -> Option<&Correction> {
        self.corrections.get(&record)
    }

    /// The record of a correction, where what it was corrected by before may rest in the store.
    pub fn missing_correction(&self, adjusted: &UsageAdjusted) -> Option<RecordId> {
        let here = |record: &RecordId| self.corrections.contains_key(record);
        adjusted.record.filter(|record| !here(record))
    }

    /// Puts a sum back, as the store has it.
    pub fn recall_correction(&mut self, record: RecordId, sum: Correction) {
        self.corrections.insert(record, sum);
    }

    /// The sums that are here, by key.
    pub fn correction_keys(&self) -> impl Iterator<Item = RowKey> {
        self.corrections.keys().copied().map(RowKey::Correction)
    }

    /// Forgets sums that a store has, but for those that have changed since.
    pub fn forget_corrections(&mut self, saved: &[RowKey]) {
        for key in saved {
            if let RowKey::Correction(record) = key
                && !self.changes.has(key)
            {
                self.corrections.remove(record);
            }
        }
    }

    pub(super) fn add_correction(&mut self, adjusted: &UsageAdjusted) {
        if let Some(record) = adjusted.record.filter(|_| self.changes.are_tracked()) {
            let sum = self.corrections.entry(record).or_default();
            *sum = sum.and(&adjusted.correction);
            self.changes.note(RowKey::Correction(record));
        }
    }
}
