//! What readers see: the durable state, the usage that is not in the store yet, and the store.

use super::checkpoint::{self, ended_kind};
use super::keys;
use crate::core::codec;
use crate::core::decide::Entry;
use crate::core::event::Recorded;
use crate::core::id::RecordId;
use crate::core::refusal::Refusal;
use crate::core::state::{Meter, Row, RowKey, State};
use crate::core::usage::Correction;
use crate::pricing::book::PriceBook;
use crate::reporting::rollup::{Dimensions, Rollups, Sums};
use crate::service::prices::Prices;
use crate::store::journal::JournalReader;
use crate::store::lookup::{Lookup, LookupError};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::watch;

/// How often a read of usage begins anew because a checkpoint came between.
const TRIES: usize = 8;

/// What readers and the writer share.
pub struct Shared {
    state: RwLock<State>,
    usage: Mutex<Unsaved>,
    store: Arc<dyn Lookup>,
    journal: JournalReader,
    changes: watch::Sender<u64>,
    prices: Prices,
}

/// Usage that is durable in the journal and not yet in the store.
#[derive(Default)]
struct Unsaved {
    open: Rollups,
    /// What a checkpoint is writing, and the sequence that the store is true of once it has.
    saving: VecDeque<(u64, Arc<Rollups>)>,
}

/// One bucket of usage.
pub struct Bucket {
    /// Slots since 1970.
    pub slot: i64,
    /// What it is of.
    pub dimensions: Dimensions,
    /// What was used.
    pub sums: Sums,
}

impl Shared {
    pub(super) fn new(
        mut state: State,
        rollups: Rollups,
        store: Arc<dyn Lookup>,
        journal: JournalReader,
    ) -> Self {
        state.stop_tracking();
        let prices = Prices::of(&state);
        let changes = watch::Sender::new(state.sequence());
        let usage = Mutex::new(Unsaved {
            open: rollups,
            saving: VecDeque::new(),
        });
        Self {
            state: RwLock::new(state),
            usage,
            store,
            journal,
            changes,
            prices,
        }
    }

    /// The prices that hold in the durable state.
    pub fn prices(&self) -> Arc<PriceBook> {
        self.prices.current()
    }

    /// The durable state. Hold it briefly: the writer waits.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sequence of the last durable event; changes with each batch.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Takes in counters that were recalled for events that are about to be published.
    pub(super) fn recall(&self, recalled: Vec<(RowKey, Meter)>) {
        if !recalled.is_empty() {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            for (key, meter) in recalled {
                state.recall(&key, meter);
            }
        }
    }

    /// The counters among these that were moved into the store.
    ///
    /// # Errors
    /// `unavailable` where the store can't be read.
    pub fn moved(&self, keys: Vec<RowKey>) -> Result<Vec<(RowKey, Meter)>, Refusal> {
        checkpoint::moved(&*self.store, keys).map_err(unreadable)
    }

    /// What a record was corrected by, as the store has it.
    pub(super) fn correction(&self, record: RecordId) -> Result<Option<Correction>, Refusal> {
        checkpoint::correction(&*self.store, record).map_err(unreadable)
    }

    /// Takes in events that are durable now.
    pub(super) fn publish(&self, entries: &[Entry]) {
        let Some(last) = entries.last() else { return };
        {
            let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
            for entry in entries {
                usage.open.take(&entry.recorded.event);
            }
        }
        // Readers get in between, so that a check does not wait for a batch of a thousand.
        for some in entries.chunks(64) {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            for entry in some {
                state.apply(entry.sequence, &entry.recorded);
            }
        }
        self.prices.catch_up(&self.state());
        self.changes.send_replace(last.sequence);
    }

    /// How many buckets of usage no checkpoint has begun to write.
    pub(super) fn unsaved_buckets(&self) -> usize {
        let usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.open.len()
    }

    pub(super) fn begin_saving_rollups(&self, through: u64) -> Arc<Rollups> {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let saving = Arc::new(std::mem::take(&mut usage.open));
        usage.saving.push_back((through, Arc::clone(&saving)));
        saving
    }

    /// Forgets what has ended, and the counters that were moved, now that the store has it.
    pub(super) fn end_saving(
        &self,
        ended: &[RowKey],
        moved: Vec<RowKey>,
        until: Option<Timestamp>,
    ) {
        self.usage
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .saving
            .clear();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.forget_ended(ended);
        state.set_moved_until(until);
        state.forget_moved(moved);
    }

    /// The buckets of usage of the slots `from` up to but without `to`; a bucket may come in parts.
    ///
    /// # Errors
    /// `unavailable` where the store can't be read.
    pub fn usage(&self, from: i64, to: i64) -> Result<Vec<Bucket>, Refusal> {
        for _ in 0..TRIES {
            let before = self.saved_sequence()?;
            let mut found = self.unsaved_usage(before, from, to);
            self.saved_usage(from, to, &mut found)?;
            if self.saved_sequence()? == before {
                return Ok(found);
            }
        }
        Err(Refusal::unavailable(
            "usage is being written too fast to be read; try again",
        ))
    }

    fn saved_sequence(&self) -> Result<u64, Refusal> {
        Ok(self
            .store
            .head()
            .map_err(unreadable)?
            .map_or(0, |head| head.sequence))
    }

    fn unsaved_usage(&self, saved: u64, from: i64, to: i64) -> Vec<Bucket> {
        let usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let saving = usage
            .saving
            .iter()
            .filter(|(through, _)| *through > saved)
            .map(|(_, rollups)| &**rollups);
        let rollups = saving.chain(std::iter::once(&usage.open));
        let within = rollups
            .flat_map(Rollups::iter)
            .filter(|(slot, ..)| (from..to).contains(slot));
        let bucket = |(slot, dimensions, sums): (i64, &Dimensions, &Sums)| Bucket {
            slot,
            dimensions: dimensions.clone(),
            sums: *sums,
        };
        within.map(bucket).collect()
    }

    fn saved_usage(&self, from: i64, to: i64, found: &mut Vec<Bucket>) -> Result<(), Refusal> {
        for row in self.store.scan(&keys::slot(from), &keys::slot(to), false) {
            let (key, value) = row.map_err(unreadable)?;
            let slot = keys::read_slot(&key).unwrap_or_default();
            let (dimensions, sums) = checkpoint::read_rollup(&value).map_err(unreadable)?;
            found.push(Bucket {
                slot,
                dimensions,
                sums,
            });
        }
        Ok(())
    }

    /// What has ended and stands only in the store: an allocation, an alert or a request for more.
    ///
    /// # Errors
    /// `unavailable` where the store can't be read.
    pub fn ended(&self, key: &RowKey) -> Result<Option<Row>, Refusal> {
        checkpoint::ended_row(&*self.store, key).map_err(unreadable)
    }

    /// Goes through what has ended of the kind of `below`, the newest first, from before `below` on.
    ///
    /// # Errors
    /// `unavailable` where the store can't be read.
    pub fn each_ended(
        &self,
        below: &RowKey,
        mut visit: impl FnMut(Row) -> bool,
    ) -> Result<(), Refusal> {
        let Some(kind) = ended_kind(below) else {
            return Ok(());
        };
        for row in self
            .store
            .scan(&keys::range(kind).0, &keys::row(below, false), true)
        {
            let (_, value) = row.map_err(unreadable)?;
            if !visit(checkpoint::read_row(&value).map_err(unreadable)?) {
                break;
            }
        }
        Ok(())
    }

    /// The journal, to be read up to its durable end.
    pub fn journal(&self) -> &JournalReader {
        &self.journal
    }

    /// An event, read back from the journal.
    ///
    /// # Errors
    /// `unavailable` where the journal can't be read there.
    pub fn event(&self, sequence: u64) -> Result<Recorded, Refusal> {
        let bytes = self
            .journal
            .read_event(sequence)
            .map_err(|error| Refusal::unavailable(error.to_string()))?;
        codec::decode(&bytes).map_err(|error| Refusal::unavailable(error.to_string()))
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what `map_err` hands over"
)]
fn unreadable(error: LookupError) -> Refusal {
    Refusal::unavailable(format!(
        "the lookup store can't be read: {error}; end process {}, which has it: the next one makes it again",
        std::process::id()
    ))
}
