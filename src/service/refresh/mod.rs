//! Refreshes the prices: asks the sources, verifies what they say together, and has the ledger carry it out.
//!
//! However few sources are asked, all have their word: of the others what they said last counts, with its age. One
//! refresh runs at a time. Asking, reading and verifying run on threads of their own that are in nobody's way ([`aside`]), and what
//! comes of it goes to the ledger in few orders, so that decisions go on meanwhile.

mod aside;
mod background;
mod carried;
mod gather;
mod left_out;
mod orders;
mod outage;
pub(in crate::service) mod past;
mod pulse;
pub mod settings;
mod tasks;

pub use background::Background;
pub use gather::{Answered, Failure, Gathered, Said};
pub use settings::{Settings, SettingsError};

use super::Desk;
use super::operation::Call;
use super::scoping::{Coming, Scopes, keep_up, rename};
use crate::core::alert::AlertCause;
use crate::core::command::{Command, KeepScope};
use crate::core::event::Request;
use crate::core::price_change::is_of_settings;
use crate::core::refusal::Refusal;
use crate::core::state::{SourceStanding, State};
use crate::pricing::appraise::{Appraisal, Witness, appraise};
use crate::pricing::identity::Canonical;
use crate::pricing::sources::fetch::{Fetcher, Patience, Shelf};
use aside::Aside;
use carried::{Carried, Word};
use gather::Gatherer;
use jiff::Timestamp;
use left_out::log_left_out;
use orders::{leave_out_unfit, orders};
use outage::is_offline;
use pulse::{BEAT, Pulse};
use rust_decimal::Decimal;
use settings::Configured;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tasks::Tasks;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

/// The folder of what sources said last, in the data directory.
const SHELF_FOLDER: &str = "sources";

/// How long sources may still take to answer where the store is about to be closed.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Refreshes the prices of one store.
pub struct Refresher {
    settings: Settings,
    aside: Arc<Aside>,
    gatherer: Arc<Gatherer>,
    carried: Carried,
    /// Held by the refresh that runs.
    running: Mutex<()>,
    /// Since when the store is about to be closed.
    stopping: watch::Sender<Option<Instant>>,
}

/// What is to be refreshed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The sources to ask; all that are asked by themselves, if empty.
    pub sources: Vec<String>,
    /// Whether nothing is to be applied.
    pub dry_run: bool,
    /// Whether one source alone that can't be reached is to be told from a machine that is offline, by asking another.
    pub doubts: bool,
    /// What makes it safe to repeat.
    pub request: Option<Request>,
}

/// What came of a refresh.
#[derive(Debug, Default)]
pub struct Refreshed {
    /// What became of each source, in their order; those left out that are neither asked nor have ever said anything.
    pub sources: Vec<Gathered>,
    /// Sources that have an alert and are configured or asked no more, or were configured as none can be and are mended.
    pub gone: Vec<String>,
    /// What they came to together.
    pub appraisal: Appraisal,
    /// The models with recorded usage in a time of which a source says something new; provider and model.
    pub repriced: BTreeSet<(String, String)>,
    /// Whether none of several that were asked, or rest since they were, could be reached: then this machine is offline, and no
    /// source has failed.
    pub offline: bool,
    /// Whether its request had refreshed the prices before, be it while this one waited for it: then nothing else is said.
    pub known: bool,
    /// The scopes that name a model otherwise than it will be named once this is carried out.
    scopes: Vec<KeepScope>,
}

impl Refresher {
    /// A refresher of the store in a data directory.
    pub fn new(settings: Settings, data_dir: &Path, patience: Patience) -> Self {
        let aside = Arc::<Aside>::default();
        Self {
            settings,
            aside: Arc::clone(&aside),
            gatherer: Arc::new(Gatherer {
                aside,
                fetcher: Fetcher::new(patience),
                shelf: Shelf::new(data_dir.join(SHELF_FOLDER)),
            }),
            carried: Carried::new(data_dir.join(SHELF_FOLDER)),
            running: Mutex::new(()),
            stopping: watch::Sender::new(None),
        }
    }

    /// The names of all sources.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        let all = self.settings.sources.iter();
        all.map(|source| &*source.declaration.name)
    }

    /// Whether the prices are refreshed in the background.
    pub const fn in_background(&self) -> bool {
        self.settings.background
    }

    /// Refreshes the prices in the caller's name.
    ///
    /// # Errors
    /// `invalid_argument` where a source is not known, or what the ledger refuses.
    pub async fn refresh(
        &self,
        desk: &Desk,
        call: &Call,
        wanted: &Wanted,
    ) -> Result<Refreshed, Refusal> {
        let asked = self.asked(&wanted.sources)?;
        let all = steps(&asked);
        let pulse = Pulse::of(&call.progress, BEAT, all);
        let running = pulse.while_waiting("waiting for another refresh", self.running.lock());
        let _running = tokio::select! {
            () = self.closing() => return Err(closing()),
            running = running => running,
        };
        if let Some(request) = &wanted.request
            && desk.ledger().known(request.clone()).await?.is_some()
        {
            return Ok(Refreshed {
                known: true,
                ..Refreshed::default()
            });
        }
        let mut refreshed = tokio::select! {
            () = self.closing() => {
                return Err(closing());
            }
            refreshed = self.decide(desk, &pulse, wanted, &asked) => refreshed?,
        };
        if !wanted.dry_run {
            let message = format!("applying {} changes", refreshed.appraisal.proposals.len());
            pulse.tell(all - 1, message);
            rename(desk, std::mem::take(&mut refreshed.scopes)).await?;
            // The last order carries the request id, so that a retry of what broke off does the rest: what is as it was makes
            // no event.
            let mut orders = orders(&mut refreshed).into_iter().peekable();
            while let Some(order) = orders.next() {
                let command = Command::ApplyPrices(Box::new(order));
                let reason = Some("a refresh of the prices".to_owned());
                let is_last = orders.peek().is_none();
                let request = wanted.request.clone().filter(|_| is_last);
                desk.give(call, reason, request, command).await?;
            }
            keep_up(desk).await;
            self.note_carried_out(&refreshed);
        }
        pulse.tell(all, "done");
        Ok(refreshed)
    }

    /// Has a refresh end soon that nothing is applied of yet: the store is about to be closed, and a silent source is no reason
    /// to wait.
    pub fn stop(&self) {
        self.stopping.send_if_modified(|since| {
            let first = since.is_none();
            since.get_or_insert_with(Instant::now);
            first
        });
    }

    /// Waits until the store has been about to be closed for a while.
    async fn closing(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender is here: there is no error.
        let since = stopping.wait_for(Option::is_some).await;
        let since = since.ok().and_then(|since| *since);
        tokio::time::sleep_until(since.unwrap_or_else(Instant::now) + LAST_ANSWERS).await;
    }

    /// Asks the sources, and decides what comes of what they say.
    async fn decide(
        &self,
        desk: &Desk,
        pulse: &Pulse<'_>,
        wanted: &Wanted,
        asked: &BTreeSet<String>,
    ) -> Result<Refreshed, Refusal> {
        let now = desk.now();
        let mut sources = self.gather(asked, desk, now, pulse).await?;
        let other = self.other(&sources, asked, &desk.state());
        if let Some(other) = other.filter(|_| wanted.doubts) {
            let also = BTreeSet::from([other]);
            let also = self.gather(&also, desk, now, pulse).await?.into_iter();
            let answered = also.filter(|one| one.answered != Answered::NotAsked);
            let answered: Vec<_> = answered.collect();
            sources.retain(|known| answered.iter().all(|one| one.name != known.name));
            sources.extend(answered);
            sources.sort_by_key(|one| self.sources().position(|name| *name == *one.name));
        }
        let mut refreshed = Refreshed {
            sources,
            gone: self.gone(&desk.state(), asked),
            ..Refreshed::default()
        };
        pulse.tell(steps(asked) - 2, "verifying");
        refreshed.offline = is_offline(&refreshed.sources);
        refreshed
            .sources
            .extend(self.misconfigured(&wanted.sources));
        (refreshed.appraisal, refreshed.scopes) =
            self.appraise(&mut refreshed.sources, desk, now).await?;
        log_left_out(&refreshed.appraisal);
        refreshed.repriced = past::used(desk, &refreshed.appraisal.history)?;
        Ok(refreshed)
    }

    /// The sources to ask.
    fn asked(&self, wanted: &[String]) -> Result<BTreeSet<String>, Refusal> {
        let known: Vec<&str> = self.sources().collect();
        for name in wanted {
            if let Some(left_out) = self
                .settings
                .left_out
                .iter()
                .find(|one| one.source == *name)
            {
                let expects = format!("{name} is left out: {}", left_out.why);
                return Err(Refusal::invalid("sources", expects));
            }
            if !known.contains(&&**name) {
                let known = known.join(", ");
                let expects = format!("expects names of sources ({known}); got {name:?}");
                return Err(Refusal::invalid("sources", expects));
            }
        }
        if !wanted.is_empty() {
            return Ok(wanted.iter().cloned().collect());
        }
        Ok(self
            .settings
            .asked()
            .map(|source| source.declaration.name.to_string())
            .collect())
    }

    /// Tells the ledger of the sources that are left out, and of those that are configured no more, without asking any.
    ///
    /// # Errors
    /// What the ledger refuses.
    async fn tell_configuration(&self, desk: &Desk, call: &Call) -> Result<(), Refusal> {
        let mut told = Refreshed {
            sources: self.misconfigured(&[]),
            gone: self.gone(&desk.state(), &BTreeSet::new()),
            ..Refreshed::default()
        };
        if told.sources.is_empty() && told.gone.is_empty() {
            return Ok(());
        }
        for order in orders(&mut told) {
            let reason = Some("the configuration of the price sources".to_owned());
            let command = Command::ApplyPrices(Box::new(order));
            desk.give(call, reason, None, command).await?;
        }
        Ok(())
    }

    /// The sources that are left out, where no other is asked for.
    fn misconfigured(&self, wanted: &[String]) -> Vec<Gathered> {
        let left_out = self.settings.left_out.iter().filter(|_| wanted.is_empty());
        let told = left_out.map(|one| Gathered {
            name: Arc::from(&*one.source),
            answered: Answered::Misconfigured {
                why: one.why.clone(),
            },
            said: None,
        });
        told.collect()
    }

    /// The sources of which an alert says that they fail, or are often outvoted, and that are there no more, or asked neither by
    /// themselves nor now, or whose configuration is mended: where they are not asked, nothing else will end that.
    fn gone(&self, state: &State, asked: &BTreeSet<String>) -> Vec<String> {
        if self.settings.sources.is_empty() {
            // Where the settings can't be used nobody knows what is configured.
            return Vec::new();
        }
        let outvoted = state.alerts().filter_map(|alert| match &alert.cause {
            AlertCause::SourceOutvoted { source } => Some((&**source, "")),
            _ => None,
        });
        let failing = state.sources().filter_map(|(name, known)| {
            let failing = known.failing.as_ref()?;
            Some((name, &*failing.error))
        });
        let gone = failing.chain(outvoted).filter(|(name, error)| {
            let mut left_out = self.settings.left_out.iter();
            let is_left_out = left_out.any(|one| one.source == *name);
            let configured = self.configured(name);
            let is_asked =
                asked.contains(*name) || configured.is_some_and(|source| source.declaration.asked);
            !is_left_out && (!is_asked || is_of_settings(error))
        });
        let gone: BTreeSet<&str> = gone.map(|(name, _)| name).collect();
        gone.into_iter().map(str::to_owned).collect()
    }

    async fn gather(
        &self,
        asked: &BTreeSet<String>,
        desk: &Desk,
        now: Timestamp,
        pulse: &Pulse<'_>,
    ) -> Result<Vec<Gathered>, Refusal> {
        let asking = self.aside.asking();
        let asking = asking.map_err(|error| {
            Refusal::unavailable(format!("no thread to ask the sources: {error}"))
        })?;
        let catalogue = Arc::clone(desk.prices().catalogue());
        let mut gathering = Tasks::default();
        for (place, source) in self.settings.sources.iter().enumerate() {
            let asked = asked.contains(&*source.declaration.name);
            let gatherer = Arc::clone(&self.gatherer);
            let (source, catalogue) = (source.clone(), Arc::clone(&catalogue));
            let name = source.declaration.name.clone();
            let gathered = gatherer.gather(source, asked, catalogue, now);
            gathering.begin(place, &name, asked, gathered, &asking);
        }
        let (mut all, mut done) = (Vec::new(), 0);
        let total = steps(asked);
        loop {
            let waiting = format!("waiting for {}", gathering.asked().join(", "));
            let next = pulse.while_waiting(&waiting, gathering.next()).await;
            let Some((place, gathered)) = next else {
                break;
            };
            if gathered.answered == Answered::NotAsked {
                if gathered.said.is_some() {
                    all.push((place, gathered));
                }
                continue;
            }
            done += 1;
            let message = format!("{}: {}", gathered.name, word(&gathered.answered));
            pulse.tell((done - 1).min(total - 3), message);
            all.push((place, gathered));
        }
        all.sort_by_key(|(place, _)| *place);
        Ok(all.into_iter().map(|(_, gathered)| gathered).collect())
    }

    async fn appraise(
        &self,
        gathered: &mut [Gathered],
        desk: &Desk,
        now: Timestamp,
    ) -> Result<(Appraisal, Vec<KeepScope>), Refusal> {
        let scopes = Scopes::of(desk).await;
        let (book, witnesses, waiting) = {
            let state = desk.state();
            let witnesses = gathered.iter().filter_map(|one| self.witness(one, &state));
            let witnesses: Vec<Witness> = witnesses.collect();
            let waiting = state.waiting_prices();
            let waiting = waiting.filter(|open| open.change.until.is_none());
            let waiting = waiting.map(|open| Canonical {
                provider: open.change.provider.clone(),
                model: open.change.model.clone(),
            });
            (desk.prices(), witnesses, waiting.collect())
        };
        // The witnesses have it, and it is large: it goes where they go, out of the way.
        for said in gathered.iter_mut().filter_map(|one| one.said.as_mut()) {
            said.placed = Arc::default();
        }
        let work = move || {
            let mut appraisal = appraise(&book, &witnesses, &waiting, now);
            leave_out_unfit(&mut appraisal);
            let coming = Coming::of_a_refresh(&book, &appraisal.proposals, &appraisal.history);
            let scopes = scopes.outdated_by(coming, &book, now);
            (appraisal, scopes)
        };
        let appraised = self.aside.run(work).await;
        let no_thread = |error| Refusal::unavailable(format!("no thread to verify: {error}"));
        appraised
            .map_err(no_thread)?
            .ok_or_else(|| Refusal::unavailable("the verification ended by a panic"))
    }

    /// Notes whose word was carried out just now, for when they are asked next.
    fn note_carried_out(&self, refreshed: &Refreshed) {
        let words = refreshed.sources.iter().filter_map(|one| {
            if !matches!(one.answered, Answered::Fetched | Answered::Unchanged) {
                return None;
            }
            let declared = &self.configured(&one.name)?.declaration;
            let word = Word {
                address: declared.address.to_string(),
                at: one.said.as_ref()?.checked_at,
            };
            Some((one.name.to_string(), word))
        });
        if let Err(error) = self.carried.note(words) {
            tracing::warn!(%error, "when the prices were refreshed can't be noted; they are refreshed again at the next start");
        }
    }

    fn witness(&self, gathered: &Gathered, state: &State) -> Option<Witness> {
        let said = gathered.said.as_ref()?;
        let declared = &self.configured(&gathered.name)?.declaration;
        let standing = state.source(&gathered.name);
        let factor = standing.map_or(Decimal::ONE, SourceStanding::factor);
        Some(Witness {
            source: Arc::clone(&gathered.name),
            weight: (declared.weight * factor).normalize(),
            tense: declared.tense,
            fetched_at: said.checked_at,
            content: said.content,
            placed: Arc::clone(&said.placed),
        })
    }

    fn configured(&self, name: &str) -> Option<&Configured> {
        let mut all = self.settings.sources.iter();
        all.find(|source| source.declaration.name == *name)
    }
}

fn closing() -> Refusal {
    Refusal::unavailable("the store is closing; call again")
}

/// How many steps are told of a refresh: the last two are the verification and what comes of it.
fn steps(asked: &BTreeSet<String>) -> u64 {
    asked.len() as u64 + 2
}

/// What became of a source, in a word.
pub const fn word(answered: &Answered) -> &'static str {
    match answered {
        Answered::Fetched => "fetched",
        Answered::Unchanged => "unchanged",
        Answered::NotAsked | Answered::Spared { .. } => "not_asked",
        Answered::Failed { .. } | Answered::Misconfigured { .. } => "failed",
    }
}
