//! Starting: the state as the store has it, caught up from the journal.

use super::checkpoint::{self, Checkpoint};
use super::decoding::{Decoded, Decoding};
use super::error::StartError;
use super::requests::RequestIndex;
use super::shared::Shared;
use super::writer::Writer;
use crate::core::event::Event;
use crate::core::state::{RowKey, State};
use crate::reporting::rollup::Rollups;
use crate::store::files::Files;
use crate::store::journal::{
    Expect, Journal, JournalReader, Options, Position, SealedScan, TornTail,
};
use crate::store::lookup::{Lookup, LookupError};
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

/// After how many events a rebuild writes a checkpoint, so that what is not saved stays small.
const SAVE_EVERY: usize = 100_000;
/// After how many buckets of usage it does so as well: they are written at once.
const BUCKETS_MOST: usize = 20_000;

/// A ledger that was brought to the journal's end.
pub struct Started {
    /// What writes on.
    pub writer: Writer,
    /// What readers see.
    pub shared: Arc<Shared>,
    /// How many events were replayed.
    pub replayed: u64,
    /// The check of the sealed segments, which opening did not read, under way.
    pub scan: Arc<SealedScan>,
    /// A torn end of the journal that was cut.
    pub torn: Option<TornTail>,
}

/// Opens the journal and brings the state to its end. Tells `progress` how many of how many events are replayed.
///
/// # Errors
/// [`StartError`]; where the lookup store is damaged, it can be set aside and an empty one used in its place.
pub fn start(
    files: Arc<dyn Files>,
    dir: &Path,
    store: Arc<dyn Lookup>,
    now: Timestamp,
    progress: &dyn Fn(u64, u64),
) -> Result<Started, StartError> {
    start_with(files, dir, Options::default(), store, now, progress)
}

/// The same as [`start`], with a journal of other settings.
///
/// # Errors
/// As of [`start`].
pub fn start_with(
    files: Arc<dyn Files>,
    dir: &Path,
    options: Options,
    store: Arc<dyn Lookup>,
    now: Timestamp,
    progress: &dyn Fn(u64, u64),
) -> Result<Started, StartError> {
    let (state, expect) = match checkpoint::load(&*store)? {
        Some((state, position)) => (state, Expect::after(position)),
        None => (State::default(), Expect::NOTHING),
    };
    let opened = Journal::open_with(files, dir, expect, options)?;
    if opened.mark.position().is_none() && opened.end.sequence > 0 {
        tracing::warn!(
            mark = ?opened.mark,
            "the journal's mark is gone or broken, so nothing but the lookup store proves that its end is there"
        );
    }
    let scan = Arc::new(opened.journal.scan_sealed());
    let reader = opened.journal.reader();
    let mut replay = Replay {
        state,
        rollups: Rollups::default(),
        requests: RequestIndex::load(Arc::clone(&store)),
        store: Arc::clone(&store),
        unsaved: 0,
        saving: None,
        now,
    };
    let from = replay.state.sequence() + 1;
    let ran = replay.run(&reader, from, opened.end, progress);
    // Nothing may write on to a store that is about to be set aside.
    let saved = replay.end_saving();
    ran.and(saved)?;
    let saved = checkpoint::seen(&*store)?.map_or(0, |at| at.sequence);
    let replayed = replay.state.sequence() + 1 - from;
    let shared = Arc::new(Shared::new(
        replay.state.clone(),
        replay.rollups,
        store,
        reader,
    ));
    let writer = Writer::new(
        opened.journal,
        replay.state,
        replay.requests,
        Arc::clone(&shared),
        saved,
        now,
    );
    Ok(Started {
        writer,
        shared,
        replayed,
        scan,
        torn: opened.torn,
    })
}

struct Replay {
    state: State,
    rollups: Rollups,
    requests: RequestIndex,
    store: Arc<dyn Lookup>,
    unsaved: usize,
    saving: Option<Saving>,
    now: Timestamp,
}

/// A checkpoint that is being written while events are taken in, and what may be forgotten then.
struct Saving {
    writing: JoinHandle<Result<(), LookupError>>,
    ended: Vec<RowKey>,
    corrections: Vec<RowKey>,
}

impl Replay {
    /// Decoding and taking in go on side by side.
    fn run(
        &mut self,
        reader: &JournalReader,
        from: u64,
        end: Position,
        progress: &dyn Fn(u64, u64),
    ) -> Result<(), StartError> {
        let total = end.sequence.saturating_sub(from - 1);
        if total == 0 {
            return Ok(());
        }
        self.requests.expect(total);
        std::thread::scope(|scope| {
            for decoded in Decoding::start(scope, reader, from)? {
                self.take(&decoded?)?;
                progress(self.state.sequence() + 1 - from, total);
            }
            Ok(())
        })
    }

    fn take(&mut self, decoded: &Decoded) -> Result<(), StartError> {
        for entry in &decoded.entries {
            let missing = self.state.missing_of(&entry.recorded.event);
            for (key, meter) in checkpoint::moved(&*self.store, missing)? {
                self.state.recall(&key, meter);
            }
            if let Event::UsageAdjusted(adjusted) = &entry.recorded.event
                && let Some(record) = self.state.missing_correction(adjusted)
                && let Some(sum) = checkpoint::correction(&*self.store, record)?
            {
                self.state.recall_correction(record, sum);
            }
            self.state.apply(entry.sequence, &entry.recorded);
            self.rollups.take(&entry.recorded.event);
        }
        self.requests.note(&decoded.noted);
        self.unsaved += decoded.entries.len();
        if self.unsaved >= SAVE_EVERY || self.rollups.len() >= BUCKETS_MOST {
            self.end_saving()?;
            self.begin_saving(decoded.at)?;
        }
        Ok(())
    }

    fn begin_saving(&mut self, at: Position) -> Result<(), StartError> {
        let ended = self.state.ended_keys();
        let corrections: Vec<_> = self.state.correction_keys().collect();
        let saved = Checkpoint {
            at,
            next_id: self.state.next_id(),
            rows: self.state.take_changed_rows(),
            moved: Vec::new(),
            moved_until: self.state.moved_until(),
            requests: self.requests.take_rows(self.now),
            rollups: Arc::new(std::mem::take(&mut self.rollups)),
            now: self.now,
        };
        let store = Arc::clone(&self.store);
        let writing = std::thread::Builder::new()
            .name("checkpoints".into())
            .spawn(move || saved.write(&*store))
            .map_err(StartError::Thread)?;
        self.saving = Some(Saving {
            writing,
            ended,
            corrections,
        });
        self.unsaved = 0;
        Ok(())
    }

    /// Waits for the checkpoint that is being written, if there is one.
    fn end_saving(&mut self) -> Result<(), StartError> {
        let Some(saving) = self.saving.take() else {
            return Ok(());
        };
        let panicked = || LookupError::Damaged("writing a checkpoint ended by a panic".into());
        saving.writing.join().unwrap_or_else(|_| Err(panicked()))?;
        self.state.forget_ended(&saving.ended);
        self.state.forget_corrections(&saving.corrections);
        Ok(())
    }
}
