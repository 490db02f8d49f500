//! The journal's events, decoded by several threads and handed over in order: decoding costs more than all the rest of a
//! replay.

use super::error::StartError;
use super::requests::{Noted, noted};
use crate::core::codec;
use crate::core::decide::Entry;
use crate::store::journal::{Check, JournalReader, Position};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, Scope, available_parallelism};

/// How many events are decoded at a time, at least; a batch is never split.
const CHUNK: usize = 512;
/// The room for their bytes, which are some hundreds each.
const CHUNK_BYTES: usize = 512 << 10;
/// How many such chunks wait for each thread at the most.
const AHEAD: usize = 8;

/// Events that follow each other.
pub(super) struct Decoded {
    pub(super) entries: Vec<Entry>,
    /// The request ids that they used.
    pub(super) noted: Vec<Noted>,
    /// Where the journal stands after them.
    pub(super) at: Position,
    back: Sender<Vec<Entry>>,
}

impl Drop for Decoded {
    /// What a thread allocated is freed fastest by itself, and the one that takes the events in has enough to do.
    fn drop(&mut self) {
        let _ = self.back.send(std::mem::take(&mut self.entries));
    }
}

/// What was decoded, or why it could not be.
type Outcome = Result<Decoded, StartError>;

/// Batches that follow each other, as bytes.
struct Chunk {
    first: u64,
    bytes: Vec<u8>,
    /// Where each event ends.
    ends: Vec<usize>,
    at: Position,
}

/// A chunk on its way to whichever thread is free, and where the outcome goes.
type Task = (Chunk, SyncSender<Outcome>);

/// The outcomes of the chunks, in the order of the journal.
pub(super) struct Decoding(Receiver<Receiver<Outcome>>);

impl Decoding {
    /// Decodes what the journal has from a sequence on.
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        reader: &'scope JournalReader,
        from: u64,
    ) -> Result<Self, StartError> {
        let threads = available_parallelism().map_or(1, usize::from);
        // What waits is bounded, so that a journal of any size takes little memory.
        let (tasks, waiting) = sync_channel::<Task>(threads * AHEAD);
        let (in_order, outcomes) = sync_channel(threads * AHEAD);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads {
            let waiting = Arc::clone(&waiting);
            spawn(scope, move || decode_tasks(&waiting))?;
        }
        spawn(scope, move || {
            if let Err(error) = read(reader, from, &tasks, &in_order) {
                let _ = settled(Err(error)).map(|outcome| in_order.send(outcome));
            }
        })?;
        Ok(Self(outcomes))
    }
}

impl Iterator for Decoding {
    type Item = Outcome;

    fn next(&mut self) -> Option<Outcome> {
        let outcome = self.0.recv().ok()?;
        // A thread that ended without an outcome has panicked, which the scope passes on.
        outcome.recv().ok()
    }
}

fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() + Send + 'scope,
) -> Result<(), StartError> {
    Builder::new()
        .name("replay".into())
        .spawn_scoped(scope, work)
        .map(drop)
        .map_err(StartError::Thread)
}

/// An outcome that waits to be received.
fn settled(outcome: Outcome) -> Option<Receiver<Outcome>> {
    let (sender, receiver) = sync_channel(1);
    sender.send(outcome).ok()?;
    Some(receiver)
}

fn read(
    reader: &JournalReader,
    from: u64,
    tasks: &SyncSender<Task>,
    in_order: &SyncSender<Receiver<Outcome>>,
) -> Result<(), StartError> {
    let hand_over = |chunk: Chunk| {
        let (outcome, receiver) = sync_channel(1);
        // Both fail only where nobody waits for more.
        tasks.send((chunk, outcome)).is_ok() && in_order.send(receiver).is_ok()
    };
    let mut batches = reader.read(from, Check::Checksums)?;
    let mut open: Option<Chunk> = None;
    while let Some(batch) = batches.next_batch()? {
        let chunk = open.get_or_insert_with(|| Chunk {
            first: batch.first(),
            bytes: Vec::with_capacity(CHUNK_BYTES),
            ends: Vec::with_capacity(CHUNK),
            at: batch.end(),
        });
        for event in batch.events() {
            chunk.bytes.extend_from_slice(event);
            chunk.ends.push(chunk.bytes.len());
        }
        chunk.at = batch.end();
        if chunk.ends.len() >= CHUNK
            && let Some(full) = open.take()
            && !hand_over(full)
        {
            return Ok(());
        }
    }
    if let Some(last) = open {
        hand_over(last);
    }
    Ok(())
}

fn decode_tasks(waiting: &Mutex<Receiver<Task>>) {
    let (back, done) = channel();
    loop {
        done.try_iter().for_each(drop);
        let task = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok((chunk, outcome)) = task else {
            return;
        };
        // A receiver that is gone has failed itself, and says so.
        let _ = outcome.send(decode(&chunk, back.clone()));
    }
}

fn decode(chunk: &Chunk, back: Sender<Vec<Entry>>) -> Outcome {
    let mut start = 0;
    let entries = (chunk.first..).zip(&chunk.ends).map(|(sequence, end)| {
        let bytes = &chunk.bytes[start..*end];
        start = *end;
        codec::decode(bytes)
            .map(|recorded| Entry { sequence, recorded })
            .map_err(|error| StartError::Event { sequence, error })
    });
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    Ok(Decoded {
        noted: noted(&entries),
        entries,
        at: chunk.at,
        back,
    })
}
