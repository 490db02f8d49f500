//! Decides what is to be made of the sources' words for one model's price. Pure: the time comes in.
//!
//! Each rate (a unit in a service tier, for prompts of a length) is decided by itself:
//! 1. *Who votes.* A word that is too old, that can't be ([`sanity`]), or that is a power of ten off the price in force
//!    or has its sides swapped does not vote; a zero votes only where the model is local or two full sources say so.
//! 2. *Who wins.* The rate that most weight is for, within a tolerance ([`quorum`]): by weight, never by number.
//! 3. *What it may do.* What is in force stays unless a quorum says otherwise, and the step, alone and with those
//!    before it, is within its bound ([`bounds`]). A lone source never changes a price. It may name the first price of a
//!    model that had none, and a rate that keeps its share of one that a quorum changed (a batch's half of it, say).
//!    A rate that comes back is held against the last one, and the first of a unit against the price's others ([`proportion`]).
//! 4. *What goes.* A rate that a quorum said and says no more, while nobody else does, is left out, if what is charged without
//!    it is within the bound of a step; never input or output.
//! 5. *What waits.* All else waits for a person, with the reason; but what a person turned down on no less evidence does not
//!    wait again, nor does it come into force by itself ([`declined`]).
//!
//! Then the rates are put together, as far as a price has [`room`] for them, and what can't be as a whole waits too.

pub mod bounds;
mod declined;
mod dropped;
mod judge;
mod nearness;
mod past;
mod proportion;
mod quorum;
mod reason;
mod room;
mod sanity;
mod steps;
#[cfg(test)]
mod tests;
mod verdict;
mod voices;

pub use declined::TurnedDown;
pub use past::{Past, past, why_corrected};

use crate::core::digest::Digest;
use crate::core::price::{PriceStatus, Rates};
use crate::core::price_change::{
    Apart, Applying, Holding, PriceProposal, PriceRule, Quoted, Vote, Votes,
};
use crate::pricing::points::{self, Place, Points};
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One source's word for a model's price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The source's name.
    pub source: Arc<str>,
    /// How much it counts: its declared weight times its record
    /// ([`SourceStanding::factor`](crate::core::state::SourceStanding::factor)).
    pub weight: Decimal,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// BLAKE3 of what was fetched, cut to 16 bytes.
    pub content: Digest,
    /// What it says.
    pub rates: Arc<Rates>,
}

/// The price that a model has, beneath what admins set; `PriceBook::standing` gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The version of the applied price, zero for the bundled one or none.
    pub version: u64,
    /// The price in force; none where the model has none.
    pub present: Option<(Arc<Rates>, PriceStatus)>,
    /// The rates of it that can be trusted otherwise than as a whole, by name.
    pub apart: Apart,
    /// The prices so far with the time from which each held, earliest first; the present one is the last.
    pub past: Vec<(Timestamp, Arc<Rates>)>,
    /// From when the steps of a rate are counted anew, for a person approved what it is since then.
    pub anew: BTreeMap<Place, Timestamp>,
    /// The rates that were a part of a price before, and are not of the present one, each as it was last.
    pub gone: BTreeMap<Place, Decimal>,
    /// What each source said when the present price was applied, by name, and then the same of the prices before it; empty for a
    /// bundled one.
    pub said: Vec<(String, Arc<Rates>)>,
    /// Whether the price in force is that of the model that it is a state of, for it has none of its own.
    pub of_its_model: bool,
    /// What that model costs from now on, where it moves at the same time.
    pub model_moves_to: Option<Arc<Rates>>,
    /// Whether a change of it waits for a person.
    pub waiting: bool,
    /// The changes of it that a person turned down.
    pub declined: Vec<TurnedDown>,
}

impl Standing {
    /// The same once the price has moved.
    #[must_use]
    pub fn moved(mut self, to: &Applying, at: Timestamp) -> Self {
        let rates = points::points(&to.rates);
        if let Some((before, _)) = &self.present {
            self.gone.extend(points::points(before));
        }
        self.gone.retain(|place, _| !rates.contains_key(place));
        self.past.push((at, Arc::clone(&to.rates)));
        self.present = Some((Arc::clone(&to.rates), to.status));
        self.apart.clone_from(&to.apart);
        self
    }

    /// The rate in force at a place.
    fn rate(&self, place: Place) -> Option<Decimal> {
        let (rates, _) = self.present.as_ref()?;
        points::points(rates).get(&place).copied()
    }

    /// How far the rate at a place can be trusted.
    fn status_at(&self, place: Place) -> PriceStatus {
        let whole = self.present.as_ref().map(|(_, status)| *status);
        let apart = self.apart.get(&place.to_string()).copied();
        apart.or(whole).unwrap_or(PriceStatus::SingleSource)
    }
}

/// What is to be verified.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The provider's canonical name.
    pub provider: &'a str,
    /// The model's canonical name.
    pub model: &'a str,
    /// What it costs now.
    pub standing: &'a Standing,
    /// What the same model costs at other providers, where that is known; only a power of ten is told by it, and only of a
    /// model that has no price.
    pub peers: &'a [Arc<Rates>],
    /// The time of the verification.
    pub now: Timestamp,
}

/// What was decided, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The price in force stays.
    Unchanged,
    /// A quorum's price is to be applied, or a part of one.
    Verified,
    /// One source's price is to be applied, to a model that had none.
    SingleSource,
    /// A change waits for a person; where [`Judgement::apply`] is there, a part of it is applied.
    HeldBack,
    /// No source says anything that can be meant.
    Rejected,
}

/// What was decided of one model's price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The same in a word.
    pub outcome: Outcome,
    /// The price to apply.
    pub apply: Option<Applying>,
    /// What is to wait for a person.
    pub hold: Option<Holding>,
    /// The rule that rejected all, with a sentence.
    pub rejected: Option<(PriceRule, String)>,
    /// Each source's word with what became of it, by name.
    pub quotes: Vec<Quoted>,
    /// Whether a quorum says each rate that the price stands by.
    pub backed: bool,
    /// What is left out because a price has no room for it.
    pub no_room: BTreeSet<Place>,
}

/// What is applied and what waits, in a word, where nothing is rejected.
pub const fn outcome(apply: Option<&Applying>, waits: bool) -> Outcome {
    match apply {
        _ if waits => Outcome::HeldBack,
        Some(apply) if matches!(apply.rule, PriceRule::Quorum) => Outcome::Verified,
        Some(_) => Outcome::SingleSource,
        None => Outcome::Unchanged,
    }
}

/// Decides what is to be made of the sources' words. The order of the quotes decides nothing; of two by one source the
/// later counts.
pub fn verify(subject: &Subject<'_>, quotes: &[Quote]) -> Judgement {
    judge::judge(subject, quotes)
}

/// What each source says that has a voice on a model, without the rates on which it has none.
pub fn heard(subject: &Subject<'_>, quotes: &[Quote]) -> Vec<Points> {
    voices::heard(subject, quotes)
}

impl Judgement {
    /// Leaves out what is to wait, and nothing else.
    pub fn let_nothing_wait(&mut self) {
        self.hold = None;
        self.outcome = outcome(self.apply.as_ref(), false);
    }

    /// Whether nothing changes and nothing waits.
    pub const fn is_idle(&self) -> bool {
        self.apply.is_none() && self.hold.is_none()
    }

    fn is_of_old_words(&self) -> bool {
        !self.quotes.is_empty() && self.quotes.iter().all(|quote| quote.vote == Vote::Stale)
    }

    /// What the ledger is to carry out; none where nothing changes and nothing waits.
    pub fn proposal(self, subject: &Subject<'_>) -> Option<PriceProposal> {
        // What waits is not withdrawn by words that are too old to say anything.
        if self.is_idle() && (!subject.standing.waiting || self.is_of_old_words()) {
            return None;
        }
        let present = subject.standing.present.as_ref();
        Some(PriceProposal {
            provider: subject.provider.to_owned(),
            model: subject.model.to_owned(),
            base: subject.standing.version,
            effective_from: subject.now,
            apply: self.apply,
            hold: self.hold,
            present: present.map(|(rates, _)| Arc::clone(rates)),
            quotes: self.quotes,
        })
    }
}

/// The single rates in which two prices differ, with what each is before and after.
pub fn differences(
    before: Option<&Rates>,
    after: &Rates,
) -> Vec<(Place, Option<Decimal>, Option<Decimal>)> {
    let before = before.map(points::points).unwrap_or_default();
    let after = points::points(after);
    let places: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    places
        .into_iter()
        .map(|place| {
            (
                place,
                before.get(&place).copied(),
                after.get(&place).copied(),
            )
        })
        .filter(|(_, before, after)| before != after)
        .collect()
}

/// Counts how each source's word on a model fared, for its report. A zero that nobody else says means "not known": it is no
/// word, right or wrong.
pub fn count_votes(votes: &mut BTreeMap<String, Votes>, judgement: &Judgement) {
    for quote in &judgement.quotes {
        let counted = votes.entry(quote.source.clone()).or_default();
        let count = match quote.vote {
            Vote::Agreed => &mut counted.agreed,
            Vote::Outvoted => &mut counted.outvoted,
            Vote::Rejected if quote.against == Some(PriceRule::Zero) => continue,
            Vote::Rejected => &mut counted.rejected,
            Vote::Undecided => &mut counted.undecided,
            Vote::Stale => continue,
        };
        *count = count.saturating_add(1);
    }
}
