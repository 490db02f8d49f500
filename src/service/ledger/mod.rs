//! The ledger at work: one writer with its journal, readers beside it, and checkpoints behind it.

mod checkpoint;
mod decoding;
mod error;
mod keys;
mod moving;
mod replay;
mod requests;
mod shared;
mod writer;

pub use checkpoint::{Checkpoint, seen};
pub use error::StartError;
pub use replay::{Started, start, start_with};
pub use shared::{Bucket, Shared};
pub use writer::{Outcome, Receipt, Reply, Respond, Writer};

use crate::core::decide::{Entry, Order};
use crate::core::event::Request;
use crate::core::refusal::Refusal;
use crate::store::journal::{Damage, SealedScan};
use crate::store::lookup::{Lookup, LookupError};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How long changes wait for a checkpoint at the most, as long as there are few.
pub const CHECKPOINT_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// How many orders may wait; more callers wait before they queue.
const WAITING_MOST: usize = 1024;
/// How long the writer sleeps at the most: what is due then is ended even if a clock has jumped.
const NAP: Duration = Duration::from_secs(5);

/// How long the first orders wait for the check of the sealed segments: what a damaged journal took on after its damage
/// would be given up with it. A journal of some gigabytes is checked by then; a larger one goes on being checked behind.
const CHECK_PATIENCE: Duration = Duration::from_secs(2);

/// What the time is; a simulation has its own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A running ledger: takes orders from any number of callers.
pub struct Ledger {
    shared: Arc<Shared>,
    inbox: mpsc::Sender<Message>,
    places: Arc<Semaphore>,
    clock: Clock,
    threads: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

enum Message {
    Order(Box<Order>, Respond, OwnedSemaphorePermit),
    Known(Request, oneshot::Sender<Result<Option<Entry>, Refusal>>),
    Saved(Result<(), LookupError>),
    Close,
}

impl Ledger {
    /// Runs a ledger that was started.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn run(started: Started, store: Arc<dyn Lookup>, clock: Clock) -> Result<Self, StartError> {
        let (inbox, messages) = mpsc::channel();
        let (checkpoints, saving) = mpsc::channel::<Checkpoint>();
        let back = inbox.clone();
        let saver = std::thread::Builder::new()
            .name("checkpoints".into())
            .spawn(move || {
                for checkpoint in saving {
                    if back
                        .send(Message::Saved(checkpoint.write(&*store)))
                        .is_err()
                    {
                        break;
                    }
                }
            })
            .map_err(StartError::Thread)?;
        let desk = Desk {
            writer: started.writer,
            scan: started.scan,
            messages,
            checkpoints,
            clock: Arc::clone(&clock),
        };
        let thread = std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || desk.work())
            .map_err(StartError::Thread)?;
        Ok(Self {
            shared: started.shared,
            inbox,
            places: Arc::new(Semaphore::new(WAITING_MOST)),
            clock,
            threads: std::sync::Mutex::new(vec![thread, saver]),
        })
    }

    /// What readers see.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The time by the ledger's clock, to the microsecond.
    pub fn now(&self) -> Timestamp {
        crate::core::time::to_microsecond((self.clock)())
    }

    /// Gives an order and waits until it is durable.
    ///
    /// # Errors
    /// What the ledger refuses, or `unavailable`. Dropping the future does not take the order back.
    pub async fn order(&self, order: Order) -> Result<Reply, Refusal> {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|_| closed())?;
        let (sender, receiver) = oneshot::channel();
        let respond: Respond = Box::new(move |reply| drop(sender.send(reply)));
        self.inbox
            .send(Message::Order(Box::new(order), respond, place))
            .map_err(|_| self.ended())?;
        receiver.await.map_err(|_| self.ended())?
    }

    /// The durable event of an earlier order with the same request id and content, so that nobody is asked again about
    /// what is done. An order that is under way is not found.
    ///
    /// # Errors
    /// `conflict` where the id was used for something else, or `unavailable`.
    pub async fn known(&self, request: Request) -> Result<Option<Entry>, Refusal> {
        let (sender, receiver) = oneshot::channel();
        self.inbox
            .send(Message::Known(request, sender))
            .map_err(|_| self.ended())?;
        receiver.await.map_err(|_| self.ended())?
    }

    /// Why nobody takes a message any more.
    fn ended(&self) -> Refusal {
        if self.places.is_closed() {
            return closed();
        }
        let id = std::process::id();
        Refusal::unavailable(format!(
            "nothing can be recorded: the ledger's writer ended by a panic; what was acknowledged is kept. End process {id}, and \
             start tekton-budget again"
        ))
    }

    /// Answers what has queued, writes a last checkpoint and ends; later orders are refused. Blocks.
    pub fn close(&self) {
        self.places.close();
        let _ = self.inbox.send(Message::Close);
        let threads = std::mem::take(
            &mut *self
                .threads
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the ledger ended by a panic");
            }
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.close();
    }
}

fn closed() -> Refusal {
    Refusal::unavailable("the ledger is closing; call again")
}

/// The writer's thread.
struct Desk {
    writer: Writer,
    scan: Arc<SealedScan>,
    messages: mpsc::Receiver<Message>,
    checkpoints: mpsc::Sender<Checkpoint>,
    clock: Clock,
}

impl Desk {
    fn work(mut self) {
        if let Some(damage) = self.scan.wait(CHECK_PATIENCE).damages.first() {
            return self.refuse_all(damage);
        }
        let mut orders = VecDeque::new();
        let mut places = Vec::new();
        let mut open = true;
        while open {
            if orders.is_empty() {
                match self.messages.recv_timeout(self.nap()) {
                    Ok(message) => open &= self.take(message, &mut orders, &mut places),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            while let Ok(message) = self.messages.try_recv() {
                open &= self.take(message, &mut orders, &mut places);
            }
            self.writer.process(&mut orders);
            places.drain(..places.len() - orders.len());
            self.writer.tick((self.clock)());
            self.checkpoint(false);
        }
        self.wind_up(orders);
    }

    /// Writes nothing behind a damage.
    fn refuse_all(self, damage: &Damage) {
        let refusal = || Refusal::unavailable(format!("the store is not served: {damage}"));
        for message in &self.messages {
            match message {
                Message::Order(_, respond, _) => respond(Err(refusal())),
                Message::Known(_, sender) => drop(sender.send(Err(refusal()))),
                Message::Saved(_) => {}
                Message::Close => break,
            }
        }
        self.writer.close();
    }

    /// Takes a message in; gives back whether to go on.
    fn take(
        &mut self,
        message: Message,
        orders: &mut VecDeque<(Order, Respond)>,
        places: &mut Vec<OwnedSemaphorePermit>,
    ) -> bool {
        match message {
            Message::Order(order, respond, place) => {
                orders.push_back((*order, respond));
                places.push(place);
            }
            Message::Known(request, sender) => drop(sender.send(self.writer.find(&request))),
            Message::Saved(written) => self.writer.end_checkpoint(written, (self.clock)()),
            Message::Close => return false,
        }
        true
    }

    fn nap(&self) -> Duration {
        let next = [self.writer.next_due(), self.writer.next_checkpoint()]
            .into_iter()
            .flatten()
            .min();
        let until = next.map_or(NAP, |next| {
            Duration::try_from(next.duration_since((self.clock)())).unwrap_or_default()
        });
        until.min(NAP)
    }

    fn checkpoint(&mut self, anything: bool) -> bool {
        match self.writer.begin_checkpoint((self.clock)(), anything) {
            Some(checkpoint) => self.checkpoints.send(checkpoint).is_ok(),
            None => false,
        }
    }

    fn wind_up(mut self, mut orders: VecDeque<(Order, Respond)>) {
        while !orders.is_empty() {
            self.writer.process(&mut orders);
        }
        // A checkpoint that is being written ends first, then the last one.
        let mut waits = self.writer.is_saving() || self.checkpoint(true);
        while waits {
            match self.messages.recv() {
                Ok(Message::Saved(written)) => {
                    self.writer.end_checkpoint(written, (self.clock)());
                    waits = self.checkpoint(true);
                }
                Ok(Message::Order(_, respond, _)) => respond(Err(closed())),
                Ok(Message::Close | Message::Known(..)) => {}
                Err(_) => break,
            }
        }
        self.writer.close();
    }
}
