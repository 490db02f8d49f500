//! The embedded store as the front opens it: the ledger opens behind the service, which answers from the first moment.

use super::caller::Caller;
use super::front::{Host, House, Reader, Writer};
use super::ledger::{Clock, Ledger, StartError, Started, start};
use super::operations::TOOLS;
use super::refresh::{Background, Refresher, Settings, SettingsError};
use super::scoping::{self, Scopes};
use super::{Desk, Opening, Reading, Service, mcp};
use crate::core::refusal::Refusal;
use crate::pricing::sources::fetch::Patience;
use crate::store::files::RealFiles;
use crate::store::journal::{Damage, OpenError, ReadError, SealedScan};
use crate::store::lookup::{Lookup, LookupError, SledLookup, open_or_set_aside, set_aside};
use jiff::Timestamp;
use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a start waits for the check of sealed segments, before that goes on behind the service.
const SCAN_PATIENCE: Duration = Duration::from_millis(150);
/// How long a closing store waits for the last reader.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);
/// After how many replayed events the log of a long start says how far it is.
const LOGGED_EVERY: u64 = 250_000;
/// How often a long start tells those who wait for it how far it is.
const TOLD_EVERY: Duration = Duration::from_millis(250);

/// Where the journal is in a data directory.
pub fn journal_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("journal")
}

/// Where the lookup store is in a data directory.
pub fn lookup_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("lookup")
}

/// The store of a data directory.
pub struct EmbeddedStore {
    data_dir: PathBuf,
    price_refresh: Option<bool>,
}

impl EmbeddedStore {
    /// The store of this data directory. `price_refresh` says whether its prices are refreshed in the background;
    /// where it is left out the directory's settings do.
    pub const fn new(data_dir: PathBuf, price_refresh: Option<bool>) -> Self {
        Self {
            data_dir,
            price_refresh,
        }
    }
}

impl House for EmbeddedStore {
    type Open = OpenStore;

    fn open(&self) -> Result<OpenStore, String> {
        let (sender, opening) = watch::channel(Opening::Under(Reading::default()));
        let sender = Arc::new(sender);
        let (dir, tell) = (self.data_dir.clone(), Arc::clone(&sender));
        let thread = std::thread::Builder::new()
            .name("opening".into())
            .spawn(move || open_or_tell(&dir, &tell));
        let thread = thread.map_err(|error| format!("no thread to open the store: {error}"))?;
        let mut service = Service::new(opening.clone());
        let refresher = self.refresher();
        let prices = match refresher {
            Ok(refresher) => {
                service = service.refreshing(Arc::clone(&refresher));
                background(&refresher, opening)
            }
            Err(error) => {
                tracing::error!(%error, "the prices are not refreshed");
                service = service.not_refreshing(&error.what_to_do());
                let telling = Settings::unusable(&error);
                background(&self.refresher_of(telling), opening)
            }
        };
        Ok(OpenStore {
            service: Arc::new(service),
            opening: sender,
            thread: Mutex::new(Some(thread)),
            prices: Mutex::new(prices),
        })
    }

    fn shut(&self, why: &str) -> OpenStore {
        let (sender, opening) = watch::channel(Opening::Failed(why.into()));
        OpenStore {
            service: Arc::new(Service::new(opening)),
            opening: Arc::new(sender),
            thread: Mutex::new(None),
            prices: Mutex::new(None),
        }
    }
}

impl EmbeddedStore {
    /// What refreshes the prices; an error where the settings can't be used, which must not keep the ledger from serving.
    fn refresher(&self) -> Result<Arc<Refresher>, SettingsError> {
        let settings = Settings::read(&self.data_dir, self.price_refresh)?;
        for left_out in &settings.left_out {
            let (source, why) = (&left_out.source, &left_out.why);
            tracing::warn!(source, why, "a price source is left out");
        }
        Ok(self.refresher_of(settings))
    }

    fn refresher_of(&self, settings: Settings) -> Arc<Refresher> {
        let patience = Patience::default();
        Arc::new(Refresher::new(settings, &self.data_dir, patience))
    }
}

fn background(refresher: &Arc<Refresher>, opening: watch::Receiver<Opening>) -> Option<Background> {
    if !refresher.in_background() {
        return None;
    }
    Background::start(Arc::clone(refresher), opening)
        .inspect_err(
            |error| tracing::warn!(%error, "the prices are not refreshed in the background"),
        )
        .ok()
}

/// A store that is open, or being opened.
pub struct OpenStore {
    service: Arc<Service>,
    opening: Arc<watch::Sender<Opening>>,
    thread: Mutex<Option<JoinHandle<Option<Held>>>>,
    prices: Mutex<Option<Background>>,
}

/// What is held while the store is open.
struct Held {
    store: Arc<SledLookup>,
    scan: Arc<SealedScan>,
}

impl Host for OpenStore {
    async fn serve(self: Arc<Self>, caller: Caller, reader: Reader, writer: Writer) {
        let passing = tokio::spawn({
            let service = Arc::clone(&self.service);
            async move { service.pass_on_changes().await }
        });
        let served = session(Arc::clone(&self.service), caller, reader, writer).await;
        passing.abort();
        if let Err(error) = served {
            tracing::warn!(%error, "a client's session ended");
        }
    }

    fn leave(&self) {
        self.service.stop();
    }

    async fn close(self: Arc<Self>) -> Result<(), String> {
        let closing = tokio::task::spawn_blocking(move || self.close_now());
        closing.await.map_err(|error| error.to_string())
    }
}

/// One client's session, as a future whose type says no more than that: the compiler can't follow it through `serve`.
fn session(
    service: Arc<Service>,
    caller: Caller,
    reader: Reader,
    writer: Writer,
) -> Pin<Box<dyn Future<Output = Result<(), mcp::ServeError>> + Send>> {
    Box::pin(mcp::serve(service, TOOLS, caller, reader, writer))
}

impl OpenStore {
    fn close_now(&self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let held = thread.and_then(|thread| thread.join().ok()).flatten();
        let open = self.opening.send_replace(Opening::Closed);
        let prices = self
            .prices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(prices) = prices {
            prices.join();
        }
        // Before the ledger is closed, whose writer may wait for it.
        if let Some(held) = &held {
            held.scan.cancel();
        }
        if let Opening::Open(desk) = open {
            desk.ledger().close();
        }
        if let Some(Held { store, scan }) = held {
            drop(scan);
            close_lookup(store);
        }
    }
}

/// Closes the lookup store once nobody else here holds it; only then may another process open it.
fn close_lookup(store: Arc<SledLookup>) {
    let step = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    while Arc::strong_count(&store) > 1 && waited < CLOSE_PATIENCE {
        std::thread::sleep(step);
        waited += step;
    }
    if let Some(store) = Arc::into_inner(store)
        && let Err(error) = store.close()
    {
        tracing::warn!(%error, "the lookup store was not closed in good order; the next start checks it");
    }
}

/// Nobody waits for ever, whatever becomes of the thread.
fn open_or_tell(data_dir: &Path, tell: &Arc<watch::Sender<Opening>>) -> Option<Held> {
    let opened = std::panic::catch_unwind(AssertUnwindSafe(|| open(data_dir, tell)));
    opened.unwrap_or_else(|_| {
        let id = std::process::id();
        let why = format!(
            "the store is not served: opening it ended by a panic; end process {id}, and start tekton-budget again"
        );
        tell.send_replace(Opening::Failed(why.into()));
        None
    })
}

fn open(data_dir: &Path, tell: &Arc<watch::Sender<Opening>>) -> Option<Held> {
    match open_ledger(data_dir, tell) {
        Ok((desk, held)) => {
            watch_scan(&held.scan, tell);
            rename_scopes(&desk);
            // A scan that has already found a damage has said so.
            tell.send_if_modified(|opening| {
                let serves = matches!(opening, Opening::Under(_));
                if serves {
                    *opening = Opening::Open(Arc::new(desk));
                }
                serves
            });
            Some(held)
        }
        Err(error) => {
            tracing::error!(%error, "the store is not served");
            tell.send_replace(Opening::Failed(describe(&error, data_dir).into()));
            None
        }
    }
}

/// Before anybody asks what a limit that nothing meets any more would allow.
fn rename_scopes(desk: &Desk) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let renamed = runtime
        .map_err(|error| Refusal::unavailable(error.to_string()))
        .and_then(|runtime| runtime.block_on(rename_outdated(desk)));
    if let Err(error) = renamed {
        tracing::warn!(%error, "scopes name providers or models as no usage does");
    }
}

async fn rename_outdated(desk: &Desk) -> Result<(), Refusal> {
    let scopes = Scopes::of(desk).await;
    let outdated = scopes.outdated(&desk.prices(), desk.now());
    scoping::rename(desk, outdated).await
}

fn describe(error: &StartError, data_dir: &Path) -> String {
    let next = match error {
        StartError::Journal(OpenError::Damaged(damage))
        | StartError::Read(ReadError::Damaged(damage)) => after_damage(damage),
        StartError::Read(ReadError::NotThere { .. }) => AFTER_DAMAGE,
        StartError::Event { .. } => AFTER_NEWER,
        StartError::Journal(OpenError::Io(_))
        | StartError::Read(ReadError::Io(_))
        | StartError::Lookup(_)
        | StartError::Thread(_) => {
            let dir = data_dir.display();
            return format!(
                "the store is not served: {error}; see to the data directory {dir} and start tekton-budget again"
            );
        }
    };
    format!("the store is not served: {error}{next}")
}

const AFTER_DAMAGE: &str = "; `tekton-budget verify` tells all that is wrong, and `tekton-budget repair` what can be given up";
const AFTER_NEWER: &str =
    "; update tekton-budget to the version that wrote it, or a newer one: nothing is lost";

/// A newer program's journal is whole for that program: nothing of it is to be given up.
fn after_damage(damage: &Damage) -> &'static str {
    if damage.is_newer() {
        AFTER_NEWER
    } else {
        AFTER_DAMAGE
    }
}

fn open_ledger(data_dir: &Path, tell: &watch::Sender<Opening>) -> Result<(Desk, Held), StartError> {
    let clock: Clock = Arc::new(Timestamp::now);
    let (started, store) = match start_with_lookup(data_dir, &clock, tell) {
        Err(StartError::Lookup(
            error @ (LookupError::Damaged(_) | LookupError::OtherVersion { .. }),
        )) => {
            tracing::warn!(%error, "the lookup store is set aside and made again from the journal");
            set_aside(&lookup_dir(data_dir))?;
            start_with_lookup(data_dir, &clock, tell)?
        }
        other => other?,
    };
    if let Some(torn) = &started.torn {
        tracing::warn!(
            ?torn,
            "a torn end of the journal, which was never answered, was cut"
        );
    }
    let scan = Arc::clone(&started.scan);
    let ledger = Ledger::run(started, Arc::clone(&store) as Arc<dyn Lookup>, clock)?;
    Ok((Desk::new(ledger), Held { store, scan }))
}

fn start_with_lookup(
    data_dir: &Path,
    clock: &Clock,
    tell: &watch::Sender<Opening>,
) -> Result<(Started, Arc<SledLookup>), StartError> {
    let (store, aside) = open_or_set_aside(&lookup_dir(data_dir))?;
    if let Some(aside) = aside {
        let (folder, why) = (aside.folder.display(), aside.why);
        tracing::warn!(%folder, why, "the lookup store was set aside; it is made again");
    }
    let store = Arc::new(store);
    let logged = Cell::new(0);
    let telling = Cell::new(Instant::now());
    let progress = |done: u64, total: u64| {
        if done - logged.get() >= LOGGED_EVERY || (done == total && total >= LOGGED_EVERY) {
            logged.set(done);
            tracing::info!(done, total, "replaying the journal");
        }
        if telling.get().elapsed() >= TOLD_EVERY {
            telling.set(Instant::now());
            tell_reading(tell, Reading { done, total });
        }
    };
    let files = Arc::new(RealFiles);
    let started = start(
        files,
        &journal_dir(data_dir),
        Arc::clone(&store) as Arc<dyn Lookup>,
        (clock)(),
        &progress,
    )?;
    Ok((started, store))
}

fn tell_reading(tell: &watch::Sender<Opening>, far: Reading) {
    tell.send_if_modified(|opening| match opening {
        Opening::Under(reading) => {
            *reading = far;
            true
        }
        _ => false,
    });
}

/// Waits a moment for the check of the sealed segments, and then lets it go on behind the service: a damage that it
/// finds ends the service.
fn watch_scan(scan: &Arc<SealedScan>, tell: &Arc<watch::Sender<Opening>>) {
    if scan_ended(scan, SCAN_PATIENCE, tell) {
        return;
    }
    let (scan, tell) = (Arc::clone(scan), Arc::clone(tell));
    let watching = std::thread::Builder::new()
        .name("scan".into())
        .spawn(
            move || {
                while !scan_ended(&scan, Duration::from_millis(500), &tell) {}
            },
        );
    if let Err(error) = watching {
        tracing::warn!(%error, "the check of the sealed segments is not watched");
    }
}

fn scan_ended(scan: &SealedScan, at_most: Duration, tell: &watch::Sender<Opening>) -> bool {
    let state = scan.wait(at_most);
    if let Some(damage) = state.damages.first() {
        tracing::error!(%damage, "the journal can't be read; nothing is served");
        let next = after_damage(damage);
        let why = format!("the store is not served: {damage}{next}");
        tell.send_replace(Opening::Failed(why.into()));
        return true;
    }
    state.over
}
