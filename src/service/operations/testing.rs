//! The operations over a ledger on disks in memory, to test them with.

use super::find;
use crate::core::event::Request;
use crate::core::refusal::Refusal;
use crate::core::role::{Interface, Role};
use crate::core::time;
use crate::service::caller::Caller;
use crate::service::ledger::{CHECKPOINT_EVERY, Ledger, start};
use crate::service::operation::Call;
use crate::service::{Desk, Opening, Service};
use crate::store::files::faulty::FaultyFiles;
use crate::store::lookup::Lookup;
use crate::store::lookup::memory::MemoryDisk;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::watch;

/// The time in a new house.
pub(super) const NOW: &str = "2026-11-24T12:00:00Z";

/// An instant by its text.
pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A service over disks that outlast it, with a clock that stands still until it is put forward.
pub(super) struct House {
    files: FaultyFiles,
    disk: MemoryDisk,
    clock: Arc<AtomicI64>,
    service: Arc<Service>,
    pub(super) desk: Arc<Desk>,
}

/// An admin's client.
pub(super) fn admin() -> Caller {
    Caller {
        actor: "ann".into(),
        role: Role::Admin,
        interface: Interface::Mcp,
        ..Caller::default()
    }
}

impl House {
    pub(super) fn new() -> Self {
        let files = FaultyFiles::new(Path::new("/house"), 7);
        let disk = MemoryDisk::default();
        let clock = Arc::new(AtomicI64::new(at(NOW).as_microsecond()));
        let (service, desk) = open(&files, &disk, &clock);
        Self {
            files,
            disk,
            clock,
            service,
            desk,
        }
    }

    pub(super) fn restart(&mut self) {
        self.desk.ledger().close();
        (self.service, self.desk) = open(&self.files, &self.disk, &self.clock);
    }

    /// Puts the clock forward.
    pub(super) fn pass(&self, time: SignedDuration) {
        let more = i64::try_from(time.as_micros()).unwrap();
        self.clock.fetch_add(more, Ordering::SeqCst);
    }

    /// Lets the next checkpoint come, and waits until what has ended is known to the store alone: a hold that ends here, at
    /// least.
    pub(super) async fn checkpoint(&self) {
        let hold = self
            .done("allocate_budget", json!({"cost_usd": "0.000001"}))
            .await;
        let id = json!({"allocation_id": hold["allocation_id"]});
        self.done("release_allocation", id).await;
        self.pass(CHECKPOINT_EVERY);
        while !self.desk.state().ended_keys().is_empty() {
            // Any question wakes the writer, which then sees the time.
            let known = self.desk.ledger().known(Request::new("none", b"")).await;
            assert_eq!(known, Ok(None));
            tokio::task::yield_now().await;
        }
    }

    /// What an operation answers a client.
    pub(super) async fn ask_as(
        &self,
        caller: &Caller,
        tool: &str,
        arguments: Value,
    ) -> Result<Value, Refusal> {
        let tool = find(tool).unwrap();
        let call = Call::new(caller.clone());
        let answer = tool.run(Arc::clone(&self.service), call, arguments).await?;
        Ok(answer.content)
    }

    /// The sentence that an admin is answered with.
    pub(super) async fn said(&self, tool: &str, arguments: Value) -> String {
        let call = Call::new(admin());
        let answer = find(tool)
            .unwrap()
            .run(Arc::clone(&self.service), call, arguments);
        answer.await.unwrap().text
    }

    /// What it answers an admin.
    pub(super) async fn ask(&self, tool: &str, arguments: Value) -> Result<Value, Refusal> {
        self.ask_as(&admin(), tool, arguments).await
    }

    /// The same where it has to succeed.
    pub(super) async fn done(&self, tool: &str, arguments: Value) -> Value {
        self.ask(tool, arguments).await.unwrap()
    }
}

fn open(
    files: &FaultyFiles,
    disk: &MemoryDisk,
    clock: &Arc<AtomicI64>,
) -> (Arc<Service>, Arc<Desk>) {
    let store: Arc<dyn Lookup> = Arc::new(disk.open().unwrap());
    let clock = Arc::clone(clock);
    let now = move || time::of_microsecond(clock.load(Ordering::SeqCst)).unwrap();
    let started = start(
        Arc::new(files.clone()),
        Path::new("/house/journal"),
        Arc::clone(&store),
        now(),
        &|_, _| {},
    )
    .unwrap();
    let ledger = Ledger::run(started, store, Arc::new(now)).unwrap();
    let desk = Arc::new(Desk::new(ledger));
    let opening = watch::channel(Opening::Open(Arc::clone(&desk))).1;
    (Arc::new(Service::new(opening)), desk)
}
