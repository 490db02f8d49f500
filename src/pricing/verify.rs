//! Decides what is to be made of the sources' words for one model's price. Pure: the time comes in.

use crate::core::event::Digest;
use crate::core::price::{PriceStatus, Rates};
use crate::core::price_change::{Applying, Holding, PriceProposal, PriceRule, Quoted, Votes};
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One source's word for a model's price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The source's name.
    pub source: Arc<str>,
    /// How much it counts: its declared weight times its record (`State::source_standing`).
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
    /// The prices before it with the time from which each held, earliest first; the present one is the last.
    pub past: Vec<(Timestamp, Arc<Rates>)>,
    /// Whether a change of it waits for a person.
    pub waiting: bool,
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
    /// What the same model costs at other providers, where that is known.
    pub peers: &'a [Arc<Rates>],
    /// The time of the verification.
    pub now: Timestamp,
}

/// What was decided, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The price in force stays; no source of weight says otherwise.
    Unchanged,
    /// A quorum's price is to be applied.
    Verified,
    /// One source's price is to be applied, to a model that had none.
    SingleSource,
    /// A change waits for a person; where `Judgement::apply` is there, a part of it is applied.
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
}

/// Decides what is to be made of the sources' words. The order of the quotes decides nothing.
pub fn verify(subject: &Subject<'_>, quotes: &[Quote]) -> Judgement {
    let _ = (subject, quotes);
    Judgement {
        outcome: Outcome::Unchanged,
        apply: None,
        hold: None,
        rejected: None,
        quotes: Vec::new(),
    }
}

impl Judgement {
    /// What the ledger is to carry out; none where nothing changes and nothing waits.
    pub fn proposal(self, subject: &Subject<'_>) -> Option<PriceProposal> {
        let idle = self.apply.is_none() && self.hold.is_none();
        if idle && !subject.standing.waiting {
            return None;
        }
        Some(PriceProposal {
            provider: subject.provider.to_owned(),
            model: subject.model.to_owned(),
            base: subject.standing.version,
            effective_from: subject.now,
            apply: self.apply,
            hold: self.hold,
            present: subject
                .standing
                .present
                .as_ref()
                .map(|(rates, _)| Arc::clone(rates)),
            quotes: self.quotes,
        })
    }
}

/// How each source's words fared over all models, for its report.
pub fn votes<'a>(judgements: impl IntoIterator<Item = &'a Judgement>) -> BTreeMap<String, Votes> {
    let _ = judgements.into_iter();
    BTreeMap::new()
}
