//! Where prices come from: one file a source, each the only reader of that source's shape.
//!
//! To add a source, write a file with a type that implements [`Source`] and name it in [`all`]. A page with an HTML
//! table needs no code: a description of it in `html/pages/`, or in the data directory, is enough ([`html`]).
//!
//! Parsers are strict about what they know and lenient about what they do not. A number must be a number of the shape
//! that its source writes ([`number`]), an object names each member once ([`json`]); an entry that is not so is left out with the
//! reason, and what is not of the source's shape at all is a [`ShapeError`]. Members that are not known stay unread.

pub mod fetch;
pub mod genai_prices;
pub mod html;
mod json;
pub mod litellm;
pub mod llm_prices;
pub mod models_dev;
pub(crate) mod number;
mod offer;
pub mod openrouter;

pub(crate) use offer::NO_PRICE;
pub use offer::{LeftOut, Listing, Offer, Skipped};

use jiff::civil::Date;
use rust_decimal::Decimal;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// One place that prices are read from.
pub trait Source: Send + Sync {
    /// What it is and how it is asked.
    fn declaration(&self) -> &Declaration;

    /// Reads what it answered; `day` is today, in UTC, for sources that state prices by date.
    ///
    /// # Errors
    /// [`ShapeError`]: what it answered is not of its shape.
    fn parse(&self, body: &[u8], day: Date) -> Result<Listing, ShapeError>;
}

/// The number of units that a source states its prices for; all are made USD per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PricedBy {
    /// USD for one unit.
    One,
    /// USD for a thousand units.
    Thousand,
    /// USD for a million units.
    Million,
}

/// Which times a source's prices are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tense {
    /// Now: its word counts in the verification.
    Present,
    /// Times that are over, too: it is taken in as history, and has no word about the present.
    Past,
}

/// What a source is and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Its name, in lower case; stable, since events keep it.
    pub name: Cow<'static, str>,
    /// Where it is.
    pub address: Cow<'static, str>,
    /// How much its word counts.
    pub weight: Decimal,
    /// The number of units that its prices are for.
    pub priced_by: PricedBy,
    /// Which times its prices are of.
    pub tense: Tense,
    /// How long what it answered is fresh.
    pub ttl: Duration,
    /// How many requests it may be sent in an hour.
    pub requests_an_hour: u32,
    /// The most bytes of an answer, as sent and as unpacked.
    pub bytes_most: usize,
    /// Whether it is asked where nothing is configured.
    pub asked: bool,
}

impl Declaration {
    /// A declaration with the usual bounds: fresh for a day, at most six requests an hour, at most 16 MiB.
    pub(crate) const fn new(
        name: &'static str,
        address: &'static str,
        weight: Decimal,
        priced_by: PricedBy,
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            address: Cow::Borrowed(address),
            weight,
            priced_by,
            tense: Tense::Present,
            ttl: Duration::from_hours(24),
            requests_an_hour: 6,
            bytes_most: 16 << 20,
            asked: true,
        }
    }
}

/// What was read is not of its source's shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ShapeError(String);

impl ShapeError {
    /// An error that says what is wrong.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// The weight of a list that is kept by many hands, and that others rely on.
const FULL: Decimal = Decimal::ONE;
/// The weight of a list that one person keeps.
const ONE_HAND: Decimal = Decimal::from_parts(8, 0, 0, false, 1);

/// Every source that comes with the program, in the order in which they are told of.
pub fn all() -> Vec<Arc<dyn Source>> {
    let mut sources: Vec<Arc<dyn Source>> = vec![
        Arc::new(litellm::Litellm),
        Arc::new(openrouter::OpenRouter),
        Arc::new(models_dev::ModelsDev),
        Arc::new(genai_prices::GenaiPrices),
        Arc::new(llm_prices::Current),
        Arc::new(llm_prices::Historical),
    ];
    sources.extend(html::bundled());
    sources
}

/// What was answered, as text.
fn text(body: &[u8]) -> Result<&str, ShapeError> {
    std::str::from_utf8(body).map_err(|error| ShapeError::new(format!("is not UTF-8: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_source_is_named_once_and_asked_safely() {
        let sources = all();
        let names: BTreeSet<_> = sources
            .iter()
            .map(|source| source.declaration().name.clone())
            .collect();
        assert_eq!(names.len(), sources.len());
        for source in &sources {
            let declared = source.declaration();
            assert!(
                declared.address.starts_with("https://"),
                "{}",
                declared.name
            );
            assert!(declared.weight > Decimal::ZERO && declared.weight <= Decimal::ONE);
            assert!(declared.requests_an_hour > 0 && declared.bytes_most > 0);
        }
    }

    #[test]
    fn what_is_of_no_shape_is_an_error_of_every_source() {
        let day = Date::constant(2026, 11, 24);
        for source in all() {
            for body in [
                &b""[..],
                b"null",
                b"[]",
                b"{}",
                b"{\"data\":",
                b"\xff\xfe",
                b"<html>busy</html>",
                b"{\"data\": 7, \"prices\": \"none\"}",
            ] {
                let read = source.parse(body, day);
                assert!(read.is_err(), "{}: {read:?}", source.declaration().name);
            }
        }
    }
}
