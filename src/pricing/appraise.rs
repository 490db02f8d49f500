//! What all sources together come to: their words are put side by side by model, and each model is verified.

mod counts;
mod doubt;
mod joined;
mod past;
mod peers;
mod present;

pub use counts::{Counts, Share};

use super::book::PriceBook;
use super::identity::{Canonical, Placed};
use super::sources::Tense;
use super::verify::Outcome;
use crate::core::digest::Digest;
use crate::core::price_change::{PastWord, PriceHistory, PriceProposal, PriceRule, Votes};
use jiff::Timestamp;
use joined::joined;
use present::of_the_present;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All that one source says.
#[derive(Clone, Debug)]
pub struct Witness {
    /// The source's name.
    pub source: Arc<str>,
    /// What is left of its declared weight.
    pub weight: Decimal,
    /// Which times its prices are of.
    pub tense: Tense,
    /// When it last said so.
    pub fetched_at: Timestamp,
    /// BLAKE3 of what it said, cut to 16 bytes.
    pub content: Digest,
    /// What it says, by model.
    pub placed: Arc<[Placed]>,
}

/// What all sources together come to.
#[derive(Clone, Debug, Default)]
pub struct Appraisal {
    /// What the ledger is to carry out, by model.
    pub proposals: Vec<PriceProposal>,
    /// Prices of times that are over.
    pub history: Vec<PriceHistory>,
    /// What sources of history say against their own earlier word.
    pub past: Vec<PastWord>,
    /// How each source's words fared.
    pub votes: BTreeMap<String, Votes>,
    /// How many models came to what.
    pub counts: Counts,
    /// What came of each source's words.
    pub shares: BTreeMap<String, Share>,
    /// How many models were held back or rejected, by the rule.
    pub rules: BTreeMap<(Outcome, PriceRule), usize>,
    /// How many changes would wait, but for so many that wait already: they are left out, until a later refresh has room for
    /// them.
    pub no_room: usize,
    /// How many models that nobody else knows are left out, for their source has told so many.
    pub too_many: usize,
    /// What of times that are over is left out: the source, the model, and the rule against it.
    pub past_left_out: Vec<(Arc<str>, Canonical, PriceRule)>,
}

/// Verifies every model that a source says something of, and every one of which a change waits.
pub fn appraise(
    book: &PriceBook,
    witnesses: &[Witness],
    waiting: &BTreeSet<Canonical>,
    now: Timestamp,
) -> Appraisal {
    let witnesses = &*joined(book, witnesses, now);
    let mut appraisal = of_the_present(book, witnesses, waiting, now);
    if let Some(witnesses) = doubt::doubted(witnesses, &appraisal.votes) {
        appraisal = of_the_present(book, &witnesses, waiting, now);
    }
    for witness in witnesses.iter().filter(|one| one.tense == Tense::Past) {
        appraisal.take_past(book, witness, now);
    }
    appraisal
}

#[cfg(test)]
mod tests;
