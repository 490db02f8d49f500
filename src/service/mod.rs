//! The operations and the faces that serve them.

pub mod advice;
pub mod arguments;
pub mod caller;
pub mod cli;
pub mod contract;
mod ended;
pub mod estimate;
pub mod front;
mod holds;
pub mod house;
pub mod ledger;
mod line;
pub mod mcp;
pub mod nearest;
pub mod operation;
pub mod operations;
pub mod ordering;
pub mod prices;
pub mod recording;
pub mod refresh;
pub mod repricing;
pub mod scoping;
#[cfg(test)]
mod testing;
pub mod wire;

use crate::core::command::Command;
use crate::core::decide::Order;
use crate::core::event::Stamp;
use crate::core::refusal::Refusal;
use crate::core::state::State;
use crate::pricing::book::PriceBook;
use jiff::Timestamp;
use ledger::Ledger;
use operation::Progress;
use refresh::Refresher;
use std::convert::Infallible;
use std::sync::{Arc, RwLockReadGuard};
use tokio::sync::watch;

/// Everything that an operation works with. The store may still be opening: whatever needs it waits.
pub struct Service {
    opening: watch::Receiver<Opening>,
    changes: watch::Sender<u64>,
    refresher: Result<Arc<Refresher>, Arc<str>>,
}

/// How far the store has been opened.
#[derive(Clone)]
pub enum Opening {
    /// It is being read, and how far.
    Under(Reading),
    /// It serves.
    Open(Arc<Desk>),
    /// It can't be served, and why.
    Failed(Arc<str>),
    /// It was closed.
    Closed,
}

/// How many of the events that a start has to take in are taken in; nothing where that has not begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Those that are.
    pub done: u64,
    /// All of them.
    pub total: u64,
}

/// The open ledger with the prices that hold in it.
pub struct Desk {
    ledger: Ledger,
}

impl Service {
    /// A service over a store that tells through `opening` when it is open.
    pub fn new(opening: watch::Receiver<Opening>) -> Self {
        Self {
            opening,
            changes: watch::Sender::new(0),
            refresher: Err("nothing is there to ask the price sources".into()),
        }
    }

    /// The same service, whose prices this refreshes.
    #[must_use]
    pub fn refreshing(mut self, refresher: Arc<Refresher>) -> Self {
        self.refresher = Ok(refresher);
        self
    }

    /// The same service, whose prices can't be refreshed, with the reason.
    #[must_use]
    pub fn not_refreshing(mut self, why: &str) -> Self {
        self.refresher = Err(why.into());
        self
    }

    /// What refreshes the prices.
    ///
    /// # Errors
    /// `unavailable` where nothing does, with the reason.
    pub fn refresher(&self) -> Result<&Arc<Refresher>, Refusal> {
        let refused =
            |why| Refusal::unavailable(format!("the prices can't be refreshed here: {why}"));
        self.refresher.as_ref().map_err(refused)
    }

    /// Has what takes long and can be asked for again end soon, for the store is about to be closed.
    pub fn stop(&self) {
        if let Ok(refresher) = &self.refresher {
            refresher.stop();
        }
    }

    /// The sequence of the last event that is durable and applied; changes with each batch. Zero until the store is
    /// open.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Passes the ledger's changes on to whoever listens, until the ledger closes. To be run beside the faces.
    pub async fn pass_on_changes(&self) {
        let Ok(desk) = self.desk().await else { return };
        let mut sequence = desk.ledger.shared().changes();
        drop(desk);
        loop {
            let last = *sequence.borrow_and_update();
            self.changes.send_replace(last);
            if sequence.changed().await.is_err() {
                return;
            }
        }
    }

    /// Tells how far the opening is, for as long as it takes; does not come back.
    async fn tell_opening(&self, progress: &Progress) -> Infallible {
        let mut opening = self.opening.clone();
        loop {
            match *opening.borrow_and_update() {
                // The last step is that it is open.
                Opening::Under(Reading { done, total }) if done < total => {
                    progress.tell(done, Some(total), "reading the journal");
                }
                Opening::Under(_) => {}
                _ => break,
            }
            if opening.changed().await.is_err() {
                break;
            }
        }
        std::future::pending().await
    }

    /// The open ledger; waits for it.
    ///
    /// # Errors
    /// `unavailable` where the store can't be served, with the reason.
    pub async fn desk(&self) -> Result<Arc<Desk>, Refusal> {
        let mut opening = self.opening.clone();
        let opened = opening
            .wait_for(|opening| !matches!(opening, Opening::Under(_)))
            .await;
        match opened.as_deref() {
            Ok(Opening::Open(desk)) => Ok(Arc::clone(desk)),
            Ok(Opening::Failed(why)) => Err(Refusal::unavailable(&**why)),
            _ => Err(Refusal::unavailable("the store is closing; call again")),
        }
    }
}

impl Desk {
    /// A desk over a running ledger.
    pub const fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }

    /// The ledger.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The time by the ledger's clock.
    pub fn now(&self) -> Timestamp {
        self.ledger.now()
    }

    /// The durable state. Hold it briefly, and not across an await.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.ledger.shared().state()
    }

    /// Ends the holds and alerts that are due, so that what they held is available: usually the ledger has done so.
    ///
    /// # Errors
    /// `unavailable` where nothing can be written.
    pub async fn end_what_is_due(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.state().is_due(now) {
            let order = Order {
                stamp: Stamp::of_time(now),
                request: None,
                command: Command::Tick,
            };
            self.ledger.order(order).await?;
        }
        Ok(())
    }

    /// The prices that hold.
    pub fn prices(&self) -> Arc<PriceBook> {
        self.ledger.shared().prices()
    }
}

#[cfg(test)]
impl Service {
    /// A service without a ledger, for tests of the faces.
    pub(crate) fn for_tests() -> Self {
        Self {
            opening: watch::channel(Opening::Closed).1,
            changes: watch::Sender::new(0),
            refresher: Err("this is a test".into()),
        }
    }

    /// Says that something has changed.
    pub(crate) fn change_for_tests(&self) {
        self.changes.send_modify(|sequence| *sequence += 1);
    }
}
