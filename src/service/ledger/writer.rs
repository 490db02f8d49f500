//! The one writer: takes whatever has queued, decides one after the other, makes it durable with one sync, and only then
//! answers.

mod earlier;
mod known;
mod parts;

use super::checkpoint::Checkpoint;
use super::moving::Moving;
use super::requests::{RequestIndex, noted};
use super::shared::Shared;
use crate::core::codec;
use crate::core::command::{Command, Posting};
use crate::core::decide::{Decided, Done, Entry, Order, execute};
use crate::core::event::{Event, Stamp};
use crate::core::name::Name;
use crate::core::refusal::Refusal;
use crate::core::state::{Meter, RowKey, State};
use crate::core::verdict::Verdict;
use crate::store::journal::{Journal, batches};
use crate::store::lookup::LookupError;
use earlier::Earlier;
use jiff::Timestamp;
use known::same_content;
use parts::beginnings;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// How much of a batch's bytes may be full before the next order waits for the next batch.
const BATCH_BYTES: usize = 8 << 20;
/// How many changed rows make a checkpoint due at once.
const CHANGES_MOST: usize = 20_000;

/// What an order came to, once that is durable.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What was done.
    pub outcome: Outcome,
    /// The alerts that it raised.
    pub alerts: Vec<Entry>,
}

/// What was done for an order.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// These events say it: one, or one for each posting.
    Done(Vec<Receipt>),
    /// The policies deny it; nothing was changed.
    Denied(Verdict),
}

/// The event that says what was done.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The event.
    pub entry: Entry,
    /// Whether it was done before, by the same request id.
    pub duplicate: bool,
}

/// Where the answer to an order goes.
pub type Respond = Box<dyn FnOnce(Result<Reply, Refusal>) + Send>;

/// The writer's state. It does no waiting of its own: a thread or a simulation drives it.
pub struct Writer {
    journal: Journal,
    state: State,
    requests: RequestIndex,
    shared: Arc<Shared>,
    checkpointing: Checkpointing,
    /// The sequence that the store is true of, or will be once the checkpoint that is being written is there.
    saved: u64,
    stopped: Option<String>,
    arena: Vec<u8>,
    moving: Moving,
}

/// Where checkpoints stand.
enum Checkpointing {
    Idle {
        since: Timestamp,
    },
    Writing {
        ended: Vec<RowKey>,
        moved: Vec<RowKey>,
        corrections: Vec<RowKey>,
    },
    /// The lookup store can't be written; the journal goes on without it and catches it up at the next start.
    GivenUp,
}

/// Events of one batch, and what waits for them to be durable.
#[derive(Default)]
struct Batch {
    entries: Vec<Entry>,
    ranges: Vec<Range<usize>>,
    /// The entries before which all that came is whole.
    begins: Vec<usize>,
    recalled: Vec<(RowKey, Meter)>,
    waiting: Vec<(Respond, Settled)>,
    earlier: Earlier,
}

/// What an order came to, in places among its batch's entries.
enum Settled {
    Refused(Refusal),
    Denied(Verdict),
    Done {
        slots: Vec<Slot>,
        alerts: Vec<usize>,
    },
}

enum Slot {
    Fresh(usize),
    /// It was done before: by an earlier batch, or earlier in this one.
    Known(Box<Entry>),
}

impl Writer {
    /// A writer that goes on from a state that is true of the journal's end.
    pub(super) fn new(
        journal: Journal,
        state: State,
        requests: RequestIndex,
        shared: Arc<Shared>,
        saved: u64,
        now: Timestamp,
    ) -> Self {
        let checkpointing = Checkpointing::Idle { since: now };
        Self {
            journal,
            state,
            requests,
            shared,
            checkpointing,
            saved,
            stopped: None,
            arena: Vec::new(),
            moving: Moving::from(now),
        }
    }

    /// Decides as many orders as fit into one batch, makes it durable and answers them. What does not fit stays.
    pub fn process(&mut self, orders: &mut VecDeque<(Order, Respond)>) {
        let mut batch = Batch::default();
        self.arena.clear();
        while self.arena.len() < BATCH_BYTES
            && let Some((order, respond)) = orders.pop_front()
        {
            if let Some(why) = &self.stopped {
                respond(Err(stopped(why)));
                continue;
            }
            let settled = self.settle(order, &mut batch);
            batch.waiting.push((respond, settled));
        }
        self.finish(batch);
    }

    /// Ends what is due by an instant, if anything is.
    pub fn tick(&mut self, now: Timestamp) {
        if self.state.is_due(now) && self.stopped.is_none() {
            let order = Order {
                stamp: Stamp::of_time(now),
                request: None,
                command: Command::Tick,
            };
            self.process(&mut VecDeque::from([(order, Box::new(|_| {}) as Respond)]));
        }
    }

    /// When the next thing is due to end.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.state.next_due()
    }

    /// Why nothing is written any more, if so.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    fn settle(&mut self, order: Order, batch: &mut Batch) -> Settled {
        let settled = match order.command {
            Command::Record(postings) => self.settle_postings(order.stamp, postings, batch),
            _ => self.settle_one(order, batch),
        };
        settled.unwrap_or_else(Settled::Refused)
    }

    fn settle_one(&mut self, order: Order, batch: &mut Batch) -> Result<Settled, Refusal> {
        if let Some(request) = &order.request
            && let Some(known) = self.known(request, batch)?
        {
            return Ok(Settled::Done {
                slots: vec![Slot::Known(Box::new(known))],
                alerts: Vec::new(),
            });
        }
        let (offset, alerts, result) = self.carry_out(order, batch)?;
        Ok(match result? {
            Done::Denied(verdict) => Settled::Denied(verdict),
            Done::Events(places) => Settled::Done {
                slots: places
                    .into_iter()
                    .map(|place| Slot::Fresh(offset + place))
                    .collect(),
                alerts,
            },
        })
    }

    fn settle_postings(
        &mut self,
        stamp: Stamp,
        postings: Vec<Posting>,
        batch: &mut Batch,
    ) -> Result<Settled, Refusal> {
        let mut fresh = Vec::with_capacity(postings.len());
        let mut slots = Vec::with_capacity(postings.len());
        let mut seen: FxHashMap<Name, usize> = FxHashMap::default();
        for posting in postings {
            if let Some(request) = &posting.request {
                if let Some(known) = self.known(request, batch)? {
                    slots.push(Ok(known));
                    continue;
                }
                if let Some(twin) = seen.get(&request.id) {
                    same_content(&fresh, *twin, request)?;
                    slots.push(Err(*twin));
                    continue;
                }
                seen.insert(request.id.clone(), fresh.len());
            }
            slots.push(Err(fresh.len()));
            fresh.push(posting);
        }
        let order = Order {
            stamp,
            request: None,
            command: Command::Record(fresh),
        };
        let (offset, alerts, result) = self.carry_out(order, batch)?;
        let Done::Events(places) = result? else {
            return Ok(Settled::Done {
                slots: Vec::new(),
                alerts,
            });
        };
        let mut used = vec![false; places.len()];
        let slots = slots.into_iter().map(|slot| match slot {
            Ok(known) => Slot::Known(Box::new(known)),
            Err(place) if std::mem::replace(&mut used[place], true) => {
                Slot::Known(Box::new(batch.entries[offset + places[place]].clone()))
            }
            Err(place) => Slot::Fresh(offset + places[place]),
        });
        Ok(Settled::Done {
            slots: slots.collect(),
            alerts,
        })
    }

    /// Decides an order; gives back where its entries begin, its alerts, and what it came to.
    #[expect(
        clippy::type_complexity,
        reason = "three parts of one answer, used by two callers right above"
    )]
    fn carry_out(
        &mut self,
        order: Order,
        batch: &mut Batch,
    ) -> Result<(usize, Vec<usize>, Result<Done, Refusal>), Refusal> {
        self.recall(&order, batch)?;
        let offset = batch.entries.len();
        let Decided {
            entries,
            due,
            result,
        } = execute(&mut self.state, order);
        let begins = beginnings(&entries, due);
        batch.begins.extend(begins.map(|place| offset + place));
        for entry in &entries {
            let start = self.arena.len();
            codec::encode(&entry.recorded, &mut self.arena).map_err(|error| {
                // The state has taken in what can't be written: nothing after it may be.
                self.stopped = Some(error.to_string());
                Refusal::unavailable(error.to_string())
            })?;
            batch.ranges.push(start..self.arena.len());
        }
        self.requests.note(&noted(&entries));
        let raised = |entry: &Entry| matches!(entry.recorded.event, Event::AlertRaised { .. });
        let alerts = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| raised(entry))
            .map(|(place, _)| offset + place)
            .collect();
        batch.entries.extend(entries);
        Ok((offset, alerts, result))
    }

    /// Brings back what an order needs: counters of past windows, and what its record was corrected by.
    fn recall(&mut self, order: &Order, batch: &mut Batch) -> Result<(), Refusal> {
        if let Command::Adjust(adjust) = &order.command
            && let Some(record) = self.state.missing_correction(&adjust.adjusted)
            && let Some(sum) = self.shared.correction(record)?
        {
            self.state.recall_correction(record, sum);
        }
        let missing = self.state.missing_for(&order.command, order.stamp.at);
        if missing.is_empty() {
            return Ok(());
        }
        for (key, meter) in self.shared.moved(missing)? {
            self.state.recall(&key, meter);
            batch.recalled.push((key, meter));
        }
        Ok(())
    }

    fn finish(&mut self, batch: Batch) {
        let Batch {
            entries,
            ranges,
            begins,
            recalled,
            waiting,
            ..
        } = batch;
        self.shared.recall(recalled);
        if self.stopped.is_none() && !entries.is_empty() {
            let events: Vec<_> = ranges.into_iter().map(|range| &self.arena[range]).collect();
            // One order is bound to what a batch takes; what ended by itself before it need not be.
            let mut parts = batches(&events, &begins).into_iter();
            let written = parts.try_for_each(|part| self.journal.append(part).map(|_| ()));
            if let Err(error) = written {
                tracing::error!(%error, "the journal can't be written; nothing more is recorded until a restart");
                self.stopped = Some(error.to_string());
            }
        }
        if let Some(why) = &self.stopped {
            for (respond, _) in waiting {
                respond(Err(stopped(why)));
            }
            return;
        }
        self.shared.publish(&entries);
        answer(entries, waiting);
    }

    /// What changed since the last checkpoint, if that is enough to write or `anything` is.
    pub fn begin_checkpoint(&mut self, now: Timestamp, anything: bool) -> Option<Checkpoint> {
        let Checkpointing::Idle { since } = self.checkpointing else {
            return None;
        };
        let changes =
            self.state.changed() + self.requests.unsaved() + self.shared.unsaved_buckets();
        let due = changes >= CHANGES_MOST
            || now.duration_since(since) >= super::CHECKPOINT_EVERY
            || now < since;
        if self.is_saved() || !(due || anything) || self.stopped.is_some() {
            return None;
        }
        let moved = self.moving.begin(&mut self.state, now);
        self.checkpointing = Checkpointing::Writing {
            ended: self.state.ended_keys(),
            moved: moved.iter().map(|(key, _)| key.clone()).collect(),
            corrections: self.state.correction_keys().collect(),
        };
        let at = self.journal.end();
        self.saved = at.sequence;
        Some(Checkpoint {
            at,
            next_id: self.state.next_id(),
            rows: self.state.take_changed_rows(),
            moved,
            moved_until: self.state.moved_until(),
            requests: self.requests.take_rows(now),
            rollups: self.shared.begin_saving_rollups(at.sequence),
            now,
        })
    }

    /// Takes note of how a checkpoint went.
    pub fn end_checkpoint(&mut self, written: Result<(), LookupError>, now: Timestamp) {
        let Checkpointing::Writing {
            ended,
            moved,
            corrections,
        } = std::mem::replace(&mut self.checkpointing, Checkpointing::GivenUp)
        else {
            return;
        };
        match written {
            Ok(()) => {
                self.state.forget_ended(&ended);
                self.state.forget_corrections(&corrections);
                let moved = self.state.forget_moved(moved);
                let until = self.state.moved_until();
                self.shared.end_saving(&ended, moved, until);
                self.checkpointing = Checkpointing::Idle { since: now };
            }
            Err(error) => {
                tracing::error!(%error, "the lookup store can't be written; it is caught up at the next start");
            }
        }
    }

    /// Whether nothing has been recorded since the last checkpoint. What counts is the journal: a usage may change nothing
    /// but the sums of reports.
    fn is_saved(&self) -> bool {
        self.saved == self.journal.end().sequence
    }

    /// Whether a checkpoint is being written.
    pub(super) const fn is_saving(&self) -> bool {
        matches!(self.checkpointing, Checkpointing::Writing { .. })
    }

    /// When the next checkpoint is due, if there is something to write.
    pub(super) fn next_checkpoint(&self) -> Option<Timestamp> {
        match self.checkpointing {
            Checkpointing::Idle { since } if !self.is_saved() => {
                since.checked_add(super::CHECKPOINT_EVERY).ok()
            }
            _ => None,
        }
    }

    /// Ends the journal in good order.
    pub fn close(mut self) {
        // The store may be closed only once the ids are read from it.
        if let Err(error) = self.requests.finish_loading() {
            tracing::warn!(%error, "request ids could not be read");
        }
        if let Err(error) = self.journal.close() {
            tracing::warn!(%error, "the journal's mark was not synced");
        }
    }
}

fn stopped(why: &str) -> Refusal {
    let id = std::process::id();
    Refusal::unavailable(format!(
        "nothing can be recorded: {why}; see to the disk, and end process {id}, which has the store: the next one goes on from \
         what was acknowledged"
    ))
}

fn answer(entries: Vec<Entry>, waiting: Vec<(Respond, Settled)>) {
    let mut entries: Vec<_> = entries.into_iter().map(Some).collect();
    for (respond, settled) in waiting {
        let reply = match settled {
            Settled::Refused(refusal) => Err(refusal),
            Settled::Denied(verdict) => Ok(Reply {
                outcome: Outcome::Denied(verdict),
                alerts: Vec::new(),
            }),
            Settled::Done { slots, alerts } => {
                let alerts = alerts
                    .into_iter()
                    .filter_map(|place| entries[place].take())
                    .collect();
                let receipts = slots.into_iter().filter_map(|slot| match slot {
                    Slot::Fresh(place) => entries[place].take().map(|entry| Receipt {
                        entry,
                        duplicate: false,
                    }),
                    Slot::Known(entry) => Some(Receipt {
                        entry: *entry,
                        duplicate: true,
                    }),
                });
                Ok(Reply {
                    outcome: Outcome::Done(receipts.collect()),
                    alerts,
                })
            }
        };
        respond(reply);
    }
}
