//! A ledger in a folder, with the sources at a server on this machine.

use super::server::{Answer, Server};
use crate::document::write;
use crate::entry::{FEEDS, Feed, Known, honest, subject};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tekton_budget::core::alert::{AlertCause, AlertStatus};
use tekton_budget::pricing::sources::fetch::Patience;
use tekton_budget::service::Desk;
use tekton_budget::service::caller::Caller;
use tekton_budget::service::ledger::{Clock, Ledger, start};
use tekton_budget::service::operation::Call;
use tekton_budget::service::refresh::{Gathered, Refreshed, Refresher, Settings, Wanted};
use tekton_budget::store::files::RealFiles;
use tekton_budget::store::lookup::Lookup;
use tekton_budget::store::lookup::memory::MemoryDisk;

/// A ledger and the server of its sources.
pub struct Ground {
    pub server: Server,
    refresher: Refresher,
    desk: Desk,
    hours: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl Ground {
    /// One on which every source has said nothing but the truth.
    pub async fn honest() -> Self {
        let server = Server::start().await;
        let folder = tempfile::tempdir().unwrap();
        let sources = FEEDS.map(|feed| {
            let address = format!("{}/{feed}", server.address);
            let of = json!({"address": address, "requests_an_hour": 1000, "asked": true});
            (feed.to_owned(), of)
        });
        let sources: serde_json::Map<_, _> = sources.into_iter().collect();
        let settings = json!({ "sources": sources }).to_string();
        std::fs::write(folder.path().join("prices.json"), settings).unwrap();
        let settings = Settings::read(folder.path(), Some(false)).unwrap();
        let patience = Patience {
            silence: Duration::from_secs(2),
            attempt: Duration::from_secs(5),
            attempts: 1,
            ..Patience::default()
        };
        let hours = Arc::new(AtomicI64::new(0));
        let ground = Self {
            refresher: Refresher::new(settings, folder.path(), patience),
            desk: desk(&folder, &hours),
            server,
            hours,
            _folder: folder,
        };
        for feed in FEEDS {
            ground.say_honestly(feed);
        }
        ground.refresh().await;
        ground
    }

    pub fn say_honestly(&self, feed: Feed) {
        let answer = Answer::of("200 OK", &[], body(feed));
        self.server.say(feed, answer);
    }

    /// Asks all sources an hour later.
    pub async fn refresh(&self) -> Refreshed {
        self.hours.fetch_add(1, Ordering::SeqCst);
        let call = Call::new(Caller::default());
        let wanted = Wanted::default();
        self.refresher
            .refresh(&self.desk, &call, &wanted)
            .await
            .unwrap()
    }

    /// The prices of what a source says something of.
    pub fn prices(&self, feed: Feed) -> Vec<String> {
        let book = self.desk.prices();
        let price = |known| {
            let (provider, model) = subject(feed, known);
            match book.price_at(Some(&provider), &model, self.desk.now()) {
                Ok(price) => format!("{:?} {}", price.rates, price.version),
                Err(_) => "none".to_owned(),
            }
        };
        Known::ALL.map(price).to_vec()
    }

    /// Whether an alert says that a source fails.
    pub fn is_reported(&self, feed: Feed) -> bool {
        let fails = AlertCause::SourceFailed {
            source: feed.to_owned(),
        };
        let state = self.desk.state();
        let mut alerts = state.alerts();
        alerts.any(|alert| alert.status == AlertStatus::Open && alert.cause == fails)
    }
}

/// What a source answers while it is honest.
pub fn body(feed: Feed) -> Vec<u8> {
    write(feed, &honest(feed)).into_bytes()
}

/// What became of a source.
pub fn of(refreshed: &Refreshed, feed: Feed) -> &Gathered {
    let mut sources = refreshed.sources.iter();
    sources.find(|source| &*source.name == feed).unwrap()
}

fn desk(folder: &tempfile::TempDir, hours: &Arc<AtomicI64>) -> Desk {
    let store: Arc<dyn Lookup> = Arc::new(MemoryDisk::default().open().unwrap());
    let clock: Clock = {
        let (began, hours) = (Timestamp::now(), Arc::clone(hours));
        Arc::new(move || began + SignedDuration::from_hours(hours.load(Ordering::SeqCst)))
    };
    let journal = folder.path().join("journal");
    let files = Arc::new(RealFiles);
    let started = start(files, &journal, Arc::clone(&store), clock(), &|_, _| {}).unwrap();
    Desk::new(Ledger::run(started, store, clock).unwrap())
}
