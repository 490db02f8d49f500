//! How a page with a table of prices is described.

use crate::core::price::Unit;
use crate::pricing::sources::{Declaration, PricedBy, Tense};
use rust_decimal::Decimal;
use scraper::Selector;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

/// The description of a page: JSON, as in `html/pages/`. Selectors are CSS.
///
/// ```json
/// {"name": "example.org", "address": "https://example.org/prices", "weight": "0.4", "ttl_hours": 24,
///  "table": "table", "header": "thead th", "rows": "tbody tr", "cells": "td",
///  "priced_by": "million", "unit_said": {"at": "thead", "text": "1M"},
///  "provider": {"column": "Provider"}, "model": "Model",
///  "columns": {"input": "Input / 1M", "output": "Output / 1M"}}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The source's name.
    pub name: String,
    /// The page's address.
    pub address: String,
    /// How much its word counts, of 1 for a list that many hands keep.
    pub weight: Decimal,
    /// How many hours an answer is fresh.
    #[serde(default = "day")]
    pub ttl_hours: NonZeroU32,
    /// Whether it is asked without being named in the configuration.
    #[serde(default)]
    pub asked: bool,
    /// Where the table is; the first one with all the columns counts.
    #[serde(default = "table")]
    pub table: String,
    /// The header's cells, in the table.
    #[serde(default = "header")]
    pub header: String,
    /// The rows, in the table.
    #[serde(default = "rows")]
    pub rows: String,
    /// The cells, in a row.
    #[serde(default = "cells")]
    pub cells: String,
    /// The number of units that a price is for.
    pub priced_by: PricedBy,
    /// Where the page says so: where it does not any more, it is not read.
    pub unit_said: UnitSaid,
    /// Who sells the models.
    pub provider: ProviderPlace,
    /// The column with the model's name.
    pub model: Which,
    /// The columns with prices, in USD.
    pub columns: BTreeMap<Unit, Which>,
}

/// Where a page says for how many units its prices are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitSaid {
    /// Where in the page.
    pub at: String,
    /// The text that must be in it.
    pub text: String,
}

/// Who sells the models of a page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderPlace {
    /// A column says it.
    Column(Which),
    /// All are of one provider.
    Fixed(String),
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Which {
    /// By its place, from zero.
    Place(usize),
    /// By its header's whole text, in whatever case: a page that moves its columns is still read right.
    Header(String),
}

/// Why a description can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// It is not JSON of this shape.
    #[error("it is not a description of a page: {0}")]
    Shape(#[from] serde_json::Error),
    /// A part of it can't be.
    #[error("{field}: {expects}")]
    Field {
        /// Which part.
        field: &'static str,
        /// What it expects.
        expects: String,
    },
}

/// The longest name of a source, in bytes.
const NAME_MOST: usize = 60;

const DAY: NonZeroU32 = NonZeroU32::new(24).unwrap();

const fn day() -> NonZeroU32 {
    DAY
}

fn table() -> String {
    "table".to_owned()
}

fn header() -> String {
    "thead th".to_owned()
}

fn rows() -> String {
    "tbody tr".to_owned()
}

fn cells() -> String {
    "td".to_owned()
}

impl Page {
    /// Reads a description.
    ///
    /// # Errors
    /// [`PageError`]: it is of another shape, a selector selects nothing, or a part is missing.
    pub fn read(text: &str) -> Result<Self, PageError> {
        let page: Self = serde_json::from_str(text)?;
        for (field, selector) in [
            ("table", &page.table),
            ("header", &page.header),
            ("rows", &page.rows),
            ("cells", &page.cells),
            ("unit_said.at", &page.unit_said.at),
        ] {
            if let Err(error) = Selector::parse(selector) {
                let expects = format!("expects a CSS selector; got {selector:?}: {error}");
                return Err(PageError::Field { field, expects });
            }
        }
        let expect = |sound: bool, field, expects: &str| {
            let expects = expects.to_owned();
            sound
                .then_some(())
                .ok_or(PageError::Field { field, expects })
        };
        let named = |name: &str| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
            (1..=NAME_MOST).contains(&name.len()) && name.chars().all(plain)
        };
        expect(
            named(&page.name),
            "name",
            "expects a-z, 0-9, dot, hyphen and underscore, 60 at most",
        )?;
        expect(
            !page.columns.is_empty(),
            "columns",
            "expects one column of prices at least",
        )?;
        expect(
            !page.unit_said.text.is_empty(),
            "unit_said.text",
            "expects a text",
        )?;
        let weighs = page.weight > Decimal::ZERO && page.weight <= Decimal::ONE;
        expect(weighs, "weight", "expects more than 0, and at most 1")?;
        Ok(page)
    }

    /// What is declared of it as a source.
    pub(super) fn declaration(&self) -> Declaration {
        Declaration {
            name: self.name.clone().into(),
            address: self.address.clone().into(),
            weight: self.weight,
            priced_by: self.priced_by,
            tense: Tense::Present,
            ttl: Duration::from_hours(u64::from(self.ttl_hours.get())),
            requests_an_hour: 2,
            bytes_most: 8 << 20,
            asked: self.asked,
        }
    }
}
