//! The way of a refresh without its network: the sources' bytes, read, placed, verified, and carried out by the ledger.

mod reading;

use crate::document::write;
use crate::entry::{Entry, FEEDS, Feed, PAGE, dec, honest};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tekton_budget::core::command::{ApplyPrices, Command};
use tekton_budget::core::decide::{Order, execute};
use tekton_budget::core::digest::Digest;
use tekton_budget::core::event::Stamp;
use tekton_budget::core::price_change::{PriceProposal, PriceRule, SourceOutcome, SourceReport};
use tekton_budget::core::role::{Interface, Role};
use tekton_budget::core::state::{SourceStanding, State};
use tekton_budget::pricing::appraise::{Appraisal, Witness, appraise};
use tekton_budget::pricing::book::PriceBook;
use tekton_budget::pricing::identity::{Canonical, place};
use tekton_budget::pricing::sources::html::{HtmlTable, Page};
use tekton_budget::pricing::sources::{self, LeftOut, ShapeError, Source};
use tekton_budget::service::prices::Prices;

/// When the honest sources are asked first.
pub const BEGAN: &str = "2026-11-24T08:00:00Z";
/// By model: what it costs at each of the times, and now.
pub type PricesOverTime = BTreeMap<(String, String), Vec<String>>;

/// A source with what it will answer and what it answered.
#[derive(Clone)]
struct Asked {
    source: Arc<dyn Source>,
    weight: Decimal,
    answer: Result<Vec<u8>, String>,
    kept: Option<(Timestamp, Vec<u8>)>,
}

/// What came of a refresh.
#[derive(Clone, Default)]
struct Seen {
    /// Every model that is known, with what each source says of it.
    judged: BTreeMap<(String, String), PriceProposal>,
    left_out: BTreeMap<String, Vec<(String, String)>>,
    failed: BTreeMap<String, String>,
    past: BTreeMap<(String, String), PriceRule>,
}

/// A ledger and sources.
#[derive(Clone)]
pub struct Ground {
    pub state: State,
    pub now: Timestamp,
    book: Arc<PriceBook>,
    asked: BTreeMap<String, Asked>,
    seen: Seen,
}

impl Ground {
    /// One on which every source has said nothing but the truth.
    pub fn honest() -> Self {
        Self::of(&FEEDS)
    }

    /// One on which these sources have said nothing but the truth, and there are no others.
    pub fn of(feeds: &[Feed]) -> Self {
        let mut ground = Self::silent();
        ground.asked.retain(|name, _| feeds.contains(&&**name));
        for feed in feeds {
            ground.say(feed, write(feed, &honest(feed)));
        }
        ground.refresh();
        ground
    }

    /// One on which no source has said anything.
    fn silent() -> Self {
        let state = State::default();
        let book = Prices::of(&state).current();
        let all = sources::all().into_iter().map(|source| {
            let declared = source.declaration();
            (declared.name.to_string(), Asked::of(Arc::clone(&source)))
        });
        Self {
            state,
            now: BEGAN.parse().unwrap(),
            book,
            asked: all.filter(|(name, _)| FEEDS.contains(&&**name)).collect(),
            seen: Seen::default(),
        }
    }

    /// Adds a page like the bundled one, under another name.
    pub fn add_page(&mut self, name: &str, weight: &str) {
        let page = format!(
            r#"{{"name": "{name}", "address": "https://{name}.example.org/", "weight": "{weight}", "priced_by": "million",
                "unit_said": {{"at": "body", "text": "1M tokens"}}, "provider": {{"column": "Provider"}}, "model": "Model",
                "columns": {{"input": "Input", "output": "Output"}}}}"#
        );
        let source = Arc::new(HtmlTable::of(Page::read(&page).unwrap()));
        self.asked.insert(name.to_owned(), Asked::of(source));
    }

    /// Gives a source another weight than it declares.
    pub fn weigh(&mut self, source: &str, weight: &str) {
        self.asked.get_mut(source).unwrap().weight = dec(weight);
    }

    /// What a source answers from now on.
    pub fn say(&mut self, source: &str, body: impl Into<Vec<u8>>) {
        self.asked.get_mut(source).unwrap().answer = Ok(body.into());
    }

    /// What a page answers from now on, whatever its name.
    pub fn say_as_page(&mut self, name: &str, entries: &[Entry]) {
        self.say(name, write(PAGE, entries));
    }

    /// A source answers nothing from now on.
    pub fn silence(&mut self, source: &str) {
        self.asked.get_mut(source).unwrap().answer = Err("it answered with status 404".to_owned());
    }

    pub fn pass_hours(&mut self, hours: i64) {
        self.now += SignedDuration::from_hours(hours);
    }

    pub fn pass_days(&mut self, days: i64) {
        self.pass_hours(24 * days);
    }

    /// Asks every source and carries out what comes of it.
    pub fn refresh(&mut self) -> Appraisal {
        self.seen = Seen::default();
        let witnesses = self.gather();
        // To see what became of each word where nothing changes, too, every model is looked at as if a change waited.
        let waiting = self.state.waiting_prices();
        let waiting = waiting.filter(|open| open.change.until.is_none());
        let waiting = waiting.map(|open| Canonical {
            provider: open.change.provider.clone(),
            model: open.change.model.clone(),
        });
        let placed = witnesses.iter().flat_map(|witness| &*witness.placed);
        let placed = placed.map(|placed| placed.meant.canonical.clone());
        let all: BTreeSet<_> = placed.chain(waiting).collect();
        let appraisal = appraise(&self.book, &witnesses, &all, self.now);
        let judged = appraisal.proposals.iter();
        let judged = judged.map(|one| ((one.provider.clone(), one.model.clone()), one.clone()));
        self.seen.judged = judged.collect();
        let past = appraisal
            .past_left_out
            .iter()
            .map(|(_, model, rule)| ((model.provider.clone(), model.model.clone()), *rule));
        self.seen.past = past.collect();
        let sources = self.reports(&witnesses, &appraisal);
        self.give(Command::ApplyPrices(Box::new(ApplyPrices {
            changes: appraisal.proposals.clone(),
            history: appraisal.history.clone(),
            past: appraisal.past.clone(),
            sources,
            ..ApplyPrices::default()
        })));
        appraisal
    }

    fn gather(&mut self) -> Vec<Witness> {
        let day = TimeZone::UTC.to_datetime(self.now).date();
        let mut witnesses = Vec::new();
        for (name, asked) in &mut self.asked {
            let read = |body: &[u8]| {
                let listing = asked.source.parse(body, day)?;
                let (placed, apart) = place(self.book.catalogue(), &listing, day)?;
                let left_out: LeftOut = listing.skipped.into_iter().chain(apart).collect();
                Ok::<_, ShapeError>((placed, left_out))
            };
            let answer = asked.answer.clone().and_then(|body| {
                let read = read(&body);
                read.map_err(|wrong| format!("it has changed its shape: {wrong}"))
                    .map(|known| (known, body))
            });
            let known = match answer {
                Ok((known, body)) => {
                    asked.kept = Some((self.now, body));
                    Some(known)
                }
                Err(why) => asked.kept.as_ref().map(|(_, body)| {
                    self.seen.failed.insert(name.clone(), why);
                    read(body).unwrap()
                }),
            };
            let Some(((placed, left_out), (checked_at, body))) = known.zip(asked.kept.as_ref())
            else {
                continue;
            };
            self.seen.left_out.insert(name.clone(), left_out);
            let standing = self.state.source(name);
            let factor = standing.map_or(Decimal::ONE, SourceStanding::factor);
            witnesses.push(Witness {
                source: name.as_str().into(),
                weight: (asked.weight * factor).normalize(),
                tense: asked.source.declaration().tense,
                fetched_at: *checked_at,
                content: Digest::of(body),
                placed: placed.into(),
            });
        }
        witnesses
    }

    fn reports(&self, witnesses: &[Witness], appraisal: &Appraisal) -> Vec<SourceReport> {
        let report = |witness: &Witness| {
            let source = witness.source.to_string();
            let outcome = match self.seen.failed.get(&source) {
                Some(error) => SourceOutcome::Failed {
                    error: error.clone(),
                },
                None => SourceOutcome::Worked {
                    content: witness.content,
                    fetched_at: witness.fetched_at,
                    votes: appraisal.votes.get(&source).copied().unwrap_or_default(),
                },
            };
            SourceReport { source, outcome }
        };
        witnesses.iter().map(report).collect()
    }

    fn give(&mut self, command: Command) {
        let stamp = Stamp {
            tenant: "default".into(),
            at: self.now,
            actor: "price-refresh".into(),
            role: Role::Operator,
            interface: Interface::Ledger,
            reason: Some("a refresh of the prices".into()),
        };
        let order = Order {
            stamp,
            request: None,
            command,
        };
        execute(&mut self.state, order).result.unwrap();
        self.book = Prices::of(&self.state).current();
    }

    /// A person approves what waits.
    pub fn approve(&mut self, model: &(String, String)) {
        let (change, _) = self.waiting(model).unwrap();
        let approve = true;
        self.give(Command::ReviewPrice { change, approve });
    }
}

impl Asked {
    fn of(source: Arc<dyn Source>) -> Self {
        Self {
            weight: source.declaration().weight,
            source,
            answer: Err("it was never asked".to_owned()),
            kept: None,
        }
    }
}
