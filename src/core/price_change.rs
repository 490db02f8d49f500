//! Changes of prices: what sources say, what was decided of it, and what waits for a person.

use super::digest::Digest;
use super::id::ChangeId;
use super::price::{PriceStatus, Rates};
use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rates that can be trusted otherwise than their price as a whole, by their names: `cache_read`, or `batch output above 200000
/// tokens`.
pub type Apart = BTreeMap<String, PriceStatus>;

/// The rule that decided about a price. The names are stable: events keep them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PriceRule {
    /// Sources of enough weight agree.
    Quorum,
    /// One source says so, of a model that had no price, and nothing speaks against it.
    FirstWord,
    /// A person approved it.
    Approved,
    /// It is a source's word about a time that is over.
    ImportedHistory,
    /// Too few sources, or too light ones, say so.
    NoQuorum,
    /// Sources contradict each other.
    Disagreement,
    /// The step from the present price is too large.
    StepTooLarge,
    /// Several steps within the time that is looked back at come to too much.
    DriftTooLarge,
    /// It is a power of ten off: a price for another number of units.
    UnitSlip,
    /// A rate of zero that not enough say.
    Zero,
    /// A rate below zero.
    Negative,
    /// A rate outside all that was ever sold.
    OutOfRange,
    /// The output's rate is not a tenth of the input's.
    OutputBelowInput,
    /// Input and output stand in each other's place.
    Swapped,
    /// Reading a cache would cost more than not having one.
    CacheAboveInput,
    /// Every word for it is too old.
    Stale,
}

impl PriceRule {
    /// The rule's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quorum => "quorum",
            Self::FirstWord => "first_word",
            Self::Approved => "approved",
            Self::ImportedHistory => "imported_history",
            Self::NoQuorum => "no_quorum",
            Self::Disagreement => "disagreement",
            Self::StepTooLarge => "step_too_large",
            Self::DriftTooLarge => "drift_too_large",
            Self::UnitSlip => "unit_slip",
            Self::Zero => "zero",
            Self::Negative => "negative",
            Self::OutOfRange => "out_of_range",
            Self::OutputBelowInput => "output_below_input",
            Self::Swapped => "swapped",
            Self::CacheAboveInput => "cache_above_input",
            Self::Stale => "stale",
        }
    }
}

/// How much speaks for a change that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// Fewer than a quorum.
    Few,
    /// A quorum: something else keeps it from being applied.
    Quorum,
}

impl Evidence {
    /// What speaks for a change that a rule holds back, of a model that has a price or has none yet. What may be one source's
    /// first word counts as that.
    pub const fn behind(rule: PriceRule, has_price: bool) -> Self {
        match rule {
            PriceRule::NoQuorum | PriceRule::Disagreement | PriceRule::FirstWord => Self::Few,
            PriceRule::UnitSlip | PriceRule::Swapped | PriceRule::OutOfRange if !has_price => {
                Self::Few
            }
            _ => Self::Quorum,
        }
    }
}

/// What became of a source's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Vote {
    /// It says what was decided.
    Agreed,
    /// It says something else than was decided.
    Outvoted,
    /// It was too old to count.
    Stale,
    /// It can't be meant, and did not count.
    Rejected,
    /// Nothing was decided that it could be held against.
    Undecided,
}

/// One source's word, as an event keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quoted {
    /// The source's name.
    pub source: String,
    /// What it says; left out where that is the rates that the event says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<Arc<Rates>>,
    /// When it was fetched.
    #[serde(with = "super::time")]
    pub fetched_at: Timestamp,
    /// BLAKE3 of what was fetched, cut to 16 bytes.
    pub content: Digest,
    /// How much it counted.
    pub weight: Decimal,
    /// What became of it.
    pub vote: Vote,
    /// The rule that speaks against it, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<PriceRule>,
}

impl Quoted {
    /// Whether it had a voice in what was decided, and nothing was decided against it.
    pub const fn is_heard(&self) -> bool {
        matches!(self.vote, Vote::Agreed | Vote::Undecided)
    }
}

/// A price that sources made, or a person approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceApplied {
    /// The provider's canonical name.
    pub provider: String,
    /// The model's canonical name.
    pub model: String,
    /// What it costs.
    pub rates: Arc<Rates>,
    /// From when on.
    #[serde(with = "super::time")]
    pub effective_from: Timestamp,
    /// How far it can be trusted.
    pub status: PriceStatus,
    /// The rates that can be trusted otherwise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub apart: Apart,
    /// The rule that decided.
    pub rule: PriceRule,
    /// What each source says.
    pub quotes: Vec<Quoted>,
}

/// A change of a price that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceHeldBack {
    /// The provider's canonical name.
    pub provider: String,
    /// The model's canonical name.
    pub model: String,
    /// What it would cost.
    pub rates: Arc<Rates>,
    /// From when on.
    #[serde(with = "super::time")]
    pub effective_from: Timestamp,
    /// Until when, where its one source corrects what it said of a time that is over.
    #[serde(
        default,
        with = "super::time::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub until: Option<Timestamp>,
    /// The rule that held it back.
    pub rule: PriceRule,
    /// The same in a sentence, with what to do.
    pub reason: String,
    /// How far it can be trusted once it is approved.
    #[serde(default = "verified")]
    pub status: PriceStatus,
    /// The rates that can be trusted otherwise then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub apart: Apart,
    /// What it costs until somebody decides; none where the model has no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<Arc<Rates>>,
    /// What each source says.
    pub quotes: Vec<Quoted>,
}

impl PriceHeldBack {
    /// The source that corrects its word about a time that is over, and what it says now; none of a change of the present.
    pub fn correction(&self) -> Option<(&Quoted, PastPrice)> {
        let price = PastPrice {
            from: self.effective_from,
            until: self.until?,
            rates: Arc::clone(&self.rates),
        };
        Some((self.quotes.first()?, price))
    }
}

/// What an approval made of a price while changes did not say it.
const fn verified() -> PriceStatus {
    PriceStatus::Verified
}

/// How a held-back change ended without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dropped {
    /// A newer change of the same model took its place.
    Superseded,
    /// The sources say it no more.
    Withdrawn,
}

/// How a source's words for all models fared, counted once a content and day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Votes {
    /// Models on which it says what was decided.
    pub agreed: u32,
    /// Models on which it says something else.
    pub outvoted: u32,
    /// Models on which what it says can't be meant; a zero is how sources write that they don't know, and counts nowhere.
    pub rejected: u32,
    /// Models on which nothing decides whether it is right: no quorum says anything.
    #[serde(default)]
    pub undecided: u32,
}

impl Votes {
    /// All that it says.
    pub const fn total(self) -> u32 {
        let decided = self.agreed.saturating_add(self.outvoted);
        let undecided = self.undecided.saturating_add(self.rejected);
        decided.saturating_add(undecided)
    }
}

/// What became of an attempt to fetch a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceOutcome {
    /// It answered in its shape.
    Worked {
        /// BLAKE3 of what was fetched, cut to 16 bytes.
        content: Digest,
        /// When it was fetched.
        #[serde(with = "super::time")]
        fetched_at: Timestamp,
        /// How its words fared.
        votes: Votes,
    },
    /// It did not answer, or not in its shape.
    Failed {
        /// What is wrong, in a sentence.
        error: String,
    },
    /// It is not configured any more, or is not asked any more, or is configured right again and was not asked since.
    Removed,
}

/// The file with the settings of the sources. An error that begins with it is one of them, and leaves the source out.
pub const SETTINGS_FILE: &str = "prices.json";

/// The folder with the descriptions of pages beside it.
pub const PAGES_FOLDER: &str = "pages";

/// Whether what a source fails by is what is wrong in its settings.
pub fn is_of_settings(error: &str) -> bool {
    let rest = error.strip_prefix(SETTINGS_FILE);
    rest.is_some_and(|rest| rest.starts_with(": "))
}

/// Whether a source stands for a page's description that can't be used.
pub fn is_description(source: &str) -> bool {
    let file = source.strip_prefix(PAGES_FOLDER);
    file.is_some_and(|file| file.starts_with('/'))
}

/// What became of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReport {
    /// The source's name.
    pub source: String,
    /// What became of it.
    pub outcome: SourceOutcome,
}

/// What a model cost at a time that is over, by one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastPrice {
    /// From when on.
    #[serde(with = "super::time")]
    pub from: Timestamp,
    /// Until when, that moment not included.
    #[serde(with = "super::time")]
    pub until: Timestamp,
    /// What it cost.
    pub rates: Arc<Rates>,
}

/// A model's prices of times that are over, by one source; they hold in place of all that it said before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceHistory {
    /// The provider's canonical name.
    pub provider: String,
    /// The model's canonical name.
    pub model: String,
    /// The source's name.
    pub source: String,
    /// When it was fetched.
    #[serde(with = "super::time")]
    pub fetched_at: Timestamp,
    /// BLAKE3 of what was fetched, cut to 16 bytes.
    pub content: Digest,
    /// How much the source counts.
    pub weight: Decimal,
    /// The prices, earliest first.
    pub prices: Vec<PastPrice>,
}

impl PastPrice {
    /// Whether both hold at some time.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.from < other.until && other.from < self.until
    }

    /// What is left of it where another takes its place: the time before and after; nothing where that is the same price, told
    /// of other times.
    pub fn outside(&self, other: &Self) -> impl Iterator<Item = Self> {
        let is_told_anew = self.rates == other.rates && self.overlaps(other);
        self.without(other).filter(move |_| !is_told_anew)
    }

    /// Its time before and after another.
    pub fn without(&self, other: &Self) -> impl Iterator<Item = Self> + use<> {
        let before = Self {
            until: self.until.min(other.from),
            ..self.clone()
        };
        let after = Self {
            from: self.from.max(other.until),
            ..self.clone()
        };
        [before, after]
            .into_iter()
            .filter(|one| one.from < one.until)
    }
}

/// What a source says of times that are over against its own earlier word, all of it: what waits and is not among it is
/// withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastWord {
    /// The source's name.
    pub source: String,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// BLAKE3 of what was fetched, cut to 16 bytes.
    pub content: Digest,
    /// How much the source counts.
    pub weight: Decimal,
    /// What it says.
    pub corrections: Vec<PastCorrection>,
}

/// A past price that its source says otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastCorrection {
    /// The provider's canonical name.
    pub provider: String,
    /// The model's canonical name.
    pub model: String,
    /// What it says now.
    pub price: PastPrice,
    /// What it said before.
    pub before: Arc<Rates>,
    /// Why it waits, in a sentence, with what to do.
    pub reason: String,
}

/// What was decided of one model's price, to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceProposal {
    /// The provider's canonical name.
    pub provider: String,
    /// The model's canonical name.
    pub model: String,
    /// The version of the applied price that it was decided against, zero for none: where another has come since,
    /// the proposal is passed over.
    pub base: u64,
    /// From when on.
    pub effective_from: Timestamp,
    /// The price to apply, with its status and the rule that decided.
    pub apply: Option<Applying>,
    /// The change to hold back. Where there is neither, a change that waits is withdrawn.
    pub hold: Option<Holding>,
    /// What it costs until then; none where the model has no price.
    pub present: Option<Arc<Rates>>,
    /// What each source says, and what became of it.
    pub quotes: Vec<Quoted>,
}

/// A price to apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applying {
    /// What it costs.
    pub rates: Arc<Rates>,
    /// How far it can be trusted.
    pub status: PriceStatus,
    /// The rates that can be trusted otherwise.
    pub apart: Apart,
    /// The rule that decided.
    pub rule: PriceRule,
}

/// A change to hold back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// What it would cost.
    pub rates: Arc<Rates>,
    /// How far it can be trusted once it is approved.
    pub status: PriceStatus,
    /// The rates that can be trusted otherwise then.
    pub apart: Apart,
    /// The rule that holds it back.
    pub rule: PriceRule,
    /// The same in a sentence, with what to do.
    pub reason: String,
}

/// A change that waits for a person, with its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenChange {
    /// Its id.
    pub id: ChangeId,
    /// When it was held back.
    #[serde(with = "super::time")]
    pub held_at: Timestamp,
    /// What it is.
    pub change: Arc<PriceHeldBack>,
}
