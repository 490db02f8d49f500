//! Makes the catalogue out of the price data of litellm and genai-prices.
//!
//! Which word counts, where both know a model:
//! - *They agree* where every rate that both state is the same. The card states what either does.
//! - *They disagree*: the one that is dearer for an ordinary usage counts, whole, so that the ledger does not
//!   let more be spent than was allowed; the other's rates are kept beside it. Only a source that spells the
//!   model's name out can overturn the other: a pattern that takes many names confirms, no more.
//! - *A slip of units* (a token dearer than a thousand dollars a million, a call dearer than ten dollars) and
//!   *a free model* are not taken, unless it runs on one's own machine, its name says that it is free, or both
//!   sources say so: sources write zero for what they do not know.
//! - Rates over time are genai-prices', where its word counts or agrees; litellm knows only the present.

mod command;
mod merge;

pub use command::{Args, run};

use super::catalogue::format::midnight;
use super::catalogue::{Catalogue, Source};
use super::sources::{LeftOut, ShapeError, Skipped, genai_prices, litellm};
use jiff::civil::Date;
use rust_decimal::Decimal;

/// The files that a catalogue is made of.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// litellm's `model_prices_and_context_window.json`.
    pub litellm: &'a str,
    /// The name and version of the first, such as `litellm 1.109.1`.
    pub litellm_name: &'a str,
    /// genai-prices' `prices/data.json`.
    pub genai: &'a str,
    /// The name and version of the second.
    pub genai_name: &'a str,
    /// The day that both are of.
    pub date: Date,
}

/// Why no catalogue was made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// litellm's file is not as it should be.
    #[error("litellm's prices can't be read: {0}")]
    Litellm(ShapeError),
    /// genai-prices' file is not as it should be.
    #[error("genai-prices' prices can't be read: {0}")]
    Genai(ShapeError),
    /// A file can't be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The catalogue can't be written as JSON.
    #[error("the catalogue can't be written: {0}")]
    Write(#[from] serde_json::Error),
}

/// A model on which the sources disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The model, as `provider/model`.
    pub model: String,
    /// Whose word counts.
    pub taken: &'static str,
}

/// What was made of the sources.
#[derive(Debug, Default)]
pub struct Report {
    /// Models that both know, and agree on.
    pub agreed: usize,
    /// Models that both know, and do not agree on.
    pub disagreements: Vec<Disagreement>,
    /// Models that one of them knows.
    pub single: usize,
    /// What was left out.
    pub skipped: Vec<Skipped>,
}

impl Report {
    fn skip(&mut self, source: &'static str, skipped: LeftOut) {
        let skipped = skipped.into_iter();
        self.skipped
            .extend(skipped.map(|(model, why)| Skipped { source, model, why }));
    }
}

/// The places of the sources in every catalogue that is built here.
const LITELLM: usize = 0;
const GENAI: usize = 1;

/// Makes a catalogue.
///
/// # Errors
/// Where a file is not of its source's shape.
pub fn build(inputs: &Inputs<'_>) -> Result<(Catalogue, Report), BuildError> {
    let litellm = litellm::read(inputs.litellm).map_err(BuildError::Litellm)?;
    let (genai, unread) = genai_prices::read(inputs.genai).map_err(BuildError::Genai)?;
    let mut report = Report::default();
    report.skip("litellm", litellm.skipped);
    report.skip("genai-prices", unread.skipped);
    let cards = merge::cards(litellm.offers, &genai, inputs.date, &mut report);
    let fetched_at = midnight(inputs.date);
    let sources = [inputs.litellm_name, inputs.genai_name]
        .map(|name| Source {
            name: name.into(),
            fetched_at,
            weight: Decimal::ONE,
        })
        .into();
    let version = format!("bundled-{}", inputs.date);
    Ok((Catalogue::new(&version, fetched_at, sources, cards), report))
}

#[cfg(test)]
mod tests;
