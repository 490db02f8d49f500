//! Refreshes the prices in the background of the process that owns the store: at its start where they are stale, then
//! by the sources' own terms.

use super::carried::Word;
use super::settings::Configured;
use super::{Answered, Refresher, Wanted};
use crate::core::role::{Interface, Role};
use crate::service::caller::Caller;
use crate::service::operation::Call;
use crate::service::{Desk, Opening};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// How long a start is left alone first: whoever only asks something and goes does not ask the sources, too.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// How long a source that gave no answer is left alone.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(30);
/// How long nothing is looked at, at the most: a clock may jump.
const LONGEST_NAP: Duration = Duration::from_hours(1);

/// The thread that refreshes; it ends with the store.
pub struct Background(JoinHandle<()>);

impl Background {
    /// Starts it: it waits until the store is open, and ends when it is closed.
    ///
    /// It has a thread and a runtime of its own, so that reading large answers is in no caller's way.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start(
        refresher: Arc<Refresher>,
        opening: watch::Receiver<Opening>,
    ) -> std::io::Result<Self> {
        let thread = std::thread::Builder::new().name("prices".into());
        let thread = thread.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => runtime.block_on(work(refresher, opening)),
                Err(error) => {
                    tracing::warn!(%error, "the prices are not refreshed in the background");
                }
            }
        })?;
        Ok(Self(thread))
    }

    /// Waits until it has ended. Blocks; the store must have been told to close.
    pub fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("the refresh of the prices ended by a panic");
        }
    }
}

async fn work(refresher: Arc<Refresher>, opening: watch::Receiver<Opening>) {
    let mut closing = opening.clone();
    let closed =
        closing.wait_for(|opening| matches!(opening, Opening::Closed | Opening::Failed(_)));
    tokio::select! {
        _ = closed => {}
        () = refresh_for_ever(&refresher, opening) => {}
    }
}

async fn refresh_for_ever(refresher: &Refresher, mut opening: watch::Receiver<Opening>) {
    let mut schedule = Schedule::default();
    let mut nap = FIRST_PAUSE;
    let mut told = false;
    loop {
        tokio::time::sleep(nap).await;
        let open = opening.wait_for(|opening| matches!(opening, Opening::Open(_)));
        let Ok(Opening::Open(desk)) = open.await.map(|opening| opening.clone()) else {
            return;
        };
        if !told {
            told = true;
            let telling = refresher.tell_configuration(&desk, &call()).await;
            if let Err(error) = telling {
                tracing::warn!(%error, "what is wrong with the price sources' configuration could not be alerted");
            }
        }
        let due = schedule.due(refresher, desk.now());
        if !due.is_empty() {
            refresh(refresher, &desk, due, &mut schedule).await;
        }
        nap = schedule.nap(refresher, desk.now());
        drop(desk);
    }
}

async fn refresh(refresher: &Refresher, desk: &Desk, due: Vec<String>, schedule: &mut Schedule) {
    schedule.tried(&due, desk.now());
    let wanted = Wanted {
        sources: due,
        dry_run: false,
        doubts: true,
        request: None,
    };
    match refresher.refresh(desk, &call(), &wanted).await {
        Err(error) => tracing::warn!(%error, "the prices were not refreshed"),
        Ok(refreshed) => {
            for source in &refreshed.sources {
                if let Answered::Failed { why, .. } | Answered::Misconfigured { why } =
                    &source.answered
                {
                    tracing::info!(source = %source.name, why, "a price source gave no answer");
                }
            }
            let counts = refreshed.appraisal.counts;
            tracing::info!(
                ?counts,
                offline = refreshed.offline,
                "the prices were refreshed"
            );
        }
    }
}

/// The background's own call.
fn call() -> Call {
    Call::new(Caller {
        actor: "price-refresh".into(),
        role: Role::Operator,
        interface: Interface::Ledger,
        ..Caller::default()
    })
}

/// When which source is asked next.
#[derive(Default)]
struct Schedule {
    /// When each was asked last by this process, answered or not.
    tried: HashMap<String, Timestamp>,
}

impl Schedule {
    fn tried(&mut self, sources: &[String], at: Timestamp) {
        self.tried
            .extend(sources.iter().map(|name| (name.clone(), at)));
    }

    /// When a source is to be asked next. What was asked at a time that is still to come, by a clock that was ahead, says nothing
    /// of that.
    fn next(
        &self,
        carried: &BTreeMap<String, Word>,
        source: &Configured,
        now: Timestamp,
    ) -> Timestamp {
        let declared = &source.declaration;
        let ttl = SignedDuration::try_from(declared.ttl).unwrap_or(SignedDuration::MAX);
        let carried = carried.get(&*declared.name);
        let carried = carried.filter(|word| word.address == declared.address && word.at <= now);
        let stale = carried.map_or(Timestamp::MIN, |word| later(word.at, ttl));
        let tried = self.tried.get(&*declared.name);
        let tried = tried.filter(|tried| **tried <= now);
        let rested = tried.map_or(Timestamp::MIN, |tried| later(*tried, AFTER_FAILURE));
        stale.max(rested)
    }

    fn due(&self, refresher: &Refresher, now: Timestamp) -> Vec<String> {
        let carried = refresher.carried.out();
        let asked = refresher.settings.asked();
        let due = asked.filter(|source| self.next(&carried, source, now) <= now);
        due.map(|source| source.declaration.name.to_string())
            .collect()
    }

    fn nap(&self, refresher: &Refresher, now: Timestamp) -> Duration {
        let carried = refresher.carried.out();
        let asked = refresher.settings.asked();
        let next = asked.map(|source| self.next(&carried, source, now)).min();
        let until = next.map_or(LONGEST_NAP, |next| {
            Duration::try_from(next.duration_since(now)).unwrap_or_default()
        });
        until.clamp(FIRST_PAUSE, LONGEST_NAP)
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;
    use crate::pricing::sources::fetch::Patience;

    #[test]
    fn a_source_is_due_when_it_is_stale_and_has_had_its_rest() {
        let folder = tempfile::tempdir().unwrap();
        let refresher = Refresher::new(Settings::by_hand(), folder.path(), Patience::default());
        let now: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
        let mut schedule = Schedule::default();
        let due = schedule.due(&refresher, now);
        assert!(due.contains(&"litellm".to_owned()), "never asked");
        assert!(
            !due.contains(&"llmprices.com".to_owned()),
            "not asked by itself"
        );
        let carry_out = |at, address: &str| {
            let word = Word {
                address: address.to_owned(),
                at,
            };
            let noted = refresher.carried.note([("litellm".to_owned(), word)]);
            noted.unwrap();
        };
        let address = refresher
            .configured("litellm")
            .unwrap()
            .declaration
            .address
            .clone();
        let is_due =
            |schedule: &Schedule, at| schedule.due(&refresher, at).contains(&"litellm".to_owned());
        carry_out(now, "https://elsewhere.example.org/");
        assert!(
            is_due(&schedule, now),
            "what came from elsewhere does not count"
        );
        carry_out(now, &address);
        assert!(!is_due(&schedule, now));
        let ahead = later(now, SignedDuration::from_hours(9_600));
        carry_out(ahead, &address);
        assert!(is_due(&schedule, now), "by a clock that was ahead");
        schedule.tried(&["litellm".to_owned()], ahead);
        assert!(is_due(&schedule, now), "tried by such a clock");
        schedule = Schedule::default();
        carry_out(now, &address);
        let tomorrow = later(now, SignedDuration::from_hours(24));
        assert!(is_due(&schedule, tomorrow));
        schedule.tried(&["litellm".to_owned()], tomorrow);
        assert!(!is_due(
            &schedule,
            later(tomorrow, SignedDuration::from_mins(29))
        ));
        assert!(is_due(&schedule, later(tomorrow, AFTER_FAILURE)));
        let names: Vec<String> = refresher.sources().map(str::to_owned).collect();
        schedule.tried(&names, now);
        assert_eq!(schedule.nap(&refresher, now), Duration::from_mins(30));
    }
}
