//! The catalogue's file: JSON, one model a line, format 1.
//!
//! ```json
//! {"format": 1, "version": "bundled-2026-11-24", "date": "2026-11-24",
//!  "sources": [{"name": "litellm 1.109.1", "fetched_at": "2026-11-24T00:00:00Z", "weight": "1", "licence": "MIT"}],
//!  "models": [
//!   {"provider": "openai", "model": "gpt-4o", "also": ["gpt-4o-2024-08-06"], "mode": "chat",
//!    "context": 128000, "output": 16384, "can": {"tools": true, "vision": true},
//!    "rates": {"standard": {"rates": {"input": "2.5", "output": "10", "cache_read": "1.25"}},
//!              "service_tiers": {"batch": {"rates": {"input": "1.25", "output": "5"}}}},
//!    "hours": [{"from": "01:00:00", "until": "04:00:00", "rates": {}}],
//!    "since": "2026-10-19",
//!    "times": [{"since": "2027-01-01", "rates": {}}],
//!    "quotes": [{"source": 0}, {"source": 1, "rates": {}}]}]}
//! ```
//! Rates are USD for one million units, decimal texts, in the shape of [`Rates`]. `since` is a day in UTC and
//! is left out where no source says it; `hours` are rates of some hours of every day, in UTC; `times` are the rates of other times (one without `since` is from
//! before the first day that is known). A quote without `rates` says what the model's own `rates` say; one
//! with them says something else. `tier` is left out where [`super::tier::of`] says it.

use super::card::{Capabilities, DailyRates, DatedRates, Mode, ModelCard, Quote};
use super::{Catalogue, Source, tier};
use crate::core::price::{ModelTier, Rates};
use jiff::civil::{Date, Time};
use jiff::{Timestamp, tz::TimeZone};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt::Write as _;
use std::sync::Arc;

/// The format that this program reads and writes.
const FORMAT: u32 = 1;

/// Why a catalogue can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON of this shape.
    #[error("the catalogue is not as it should be: {0}")]
    Shape(#[from] serde_json::Error),
    /// It is of another format.
    #[error("the catalogue is of format {0}; this program reads format {FORMAT}")]
    Format(u32),
    /// A price can't be.
    #[error("the catalogue's price of {model}, {path}: {expects}")]
    Price {
        /// The model, as `provider/model`.
        model: String,
        /// The path in its rates.
        path: String,
        /// What it expects.
        expects: String,
    },
}

/// `R` is the rates: kept as text while reading, so that the many equal ones are read once and shared.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File<R> {
    format: u32,
    version: Box<str>,
    date: Date,
    sources: Vec<SourceRow>,
    models: Vec<Row<R>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceRow {
    name: Box<str>,
    fetched_at: Timestamp,
    weight: Decimal,
    licence: Box<str>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<R> {
    provider: Box<str>,
    model: Box<str>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    also: Vec<Box<str>>,
    mode: Mode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tier: Option<ModelTier>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<u64>,
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    can: Capabilities,
    rates: R,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    hours: Vec<Hours<R>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Date>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    times: Vec<Dated<R>>,
    quotes: Vec<QuoteRow<R>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hours<R> {
    from: Time,
    until: Time,
    rates: R,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dated<R> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Date>,
    rates: R,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuoteRow<R> {
    source: usize,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    rates: Option<R>,
}

const fn none<R>() -> Option<R> {
    None
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_none_of_them(can: &Capabilities) -> bool {
    *can == Capabilities::default()
}

/// The first moment of a day in UTC.
pub(crate) fn midnight(day: Date) -> Timestamp {
    TimeZone::UTC
        .to_timestamp(day.at(0, 0, 0, 0))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The day of a moment in UTC.
fn day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

impl Catalogue {
    /// Reads a catalogue's file.
    ///
    /// # Errors
    /// Where it is of another shape or format, or has a price that can't be.
    pub fn from_json(text: &str) -> Result<Self, Unreadable> {
        let file: File<&RawValue> = serde_json::from_str(text)?;
        if file.format != FORMAT {
            return Err(Unreadable::Format(file.format));
        }
        let sources = file
            .sources
            .into_iter()
            .map(|row| Source {
                name: row.name,
                fetched_at: row.fetched_at,
                weight: row.weight,
            })
            .collect();
        let mut shared = Shared::default();
        let cards: Result<Vec<ModelCard>, Unreadable> = file
            .models
            .into_iter()
            .map(|row| card(row, &mut shared))
            .collect();
        Ok(Self::new(
            &file.version,
            midnight(file.date),
            sources,
            cards?,
        ))
    }

    /// Writes the catalogue's file, one model a line.
    ///
    /// # Errors
    /// Never in practice: everything in it can be written as JSON.
    pub fn to_json(&self, licence: &str) -> Result<String, serde_json::Error> {
        let sources: Vec<SourceRow> = self
            .sources()
            .iter()
            .map(|source| SourceRow {
                name: source.name.clone(),
                fetched_at: source.fetched_at,
                weight: source.weight,
                licence: licence.into(),
            })
            .collect();
        let mut text = format!(
            "{{\"format\":{FORMAT},\"version\":{},\"date\":{},\"sources\":{},\"models\":[",
            serde_json::to_string(self.price_version())?,
            serde_json::to_string(&day(self.date()))?,
            serde_json::to_string(&sources)?,
        );
        for (index, card) in self.cards().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let row = serde_json::to_string(&row(card))?;
            // Writing into a String can't fail.
            let _ = write!(text, "{comma}\n{row}");
        }
        text.push_str("\n]}\n");
        Ok(text)
    }
}

/// Rates by their text, each read and checked once.
#[derive(Default)]
struct Shared<'a>(FxHashMap<&'a str, Arc<Rates>>);

impl<'a> Shared<'a> {
    fn read(&mut self, raw: &'a RawValue, model: &str) -> Result<Arc<Rates>, Unreadable> {
        if let Some(known) = self.0.get(raw.get()) {
            return Ok(known.clone());
        }
        let rates: Rates = serde_json::from_str(raw.get())?;
        rates.check().map_err(|(path, expects)| Unreadable::Price {
            model: model.to_owned(),
            path,
            expects,
        })?;
        let rates = Arc::new(rates);
        self.0.insert(raw.get(), rates.clone());
        Ok(rates)
    }
}

fn card<'a>(row: Row<&'a RawValue>, shared: &mut Shared<'a>) -> Result<ModelCard, Unreadable> {
    let mut read = |raw| shared.read(raw, &row.model);
    let rates = read(row.rates)?;
    let mut hours = Vec::with_capacity(row.hours.len());
    for daily in row.hours {
        hours.push(DailyRates {
            from: daily.from,
            until: daily.until,
            rates: read(daily.rates)?,
        });
    }
    let mut other_times = Vec::with_capacity(row.times.len());
    for dated in row.times {
        other_times.push(DatedRates {
            effective_from: dated.since.map(midnight),
            rates: read(dated.rates)?,
        });
    }
    let mut quotes = Vec::with_capacity(row.quotes.len());
    for quote in row.quotes {
        quotes.push(Quote {
            source: quote.source,
            rates: quote.rates.map(&mut read).transpose()?,
        });
    }
    Ok(ModelCard {
        tier: row
            .tier
            .unwrap_or_else(|| tier::of(&row.provider, &row.model)),
        provider: row.provider,
        model: row.model,
        aliases: row.also,
        mode: row.mode,
        context_window: row.context,
        max_output_tokens: row.output,
        capabilities: row.can,
        rates,
        hours,
        effective_from: row.since.map(midnight),
        other_times,
        quotes,
    })
}

fn row(card: &ModelCard) -> Row<&Rates> {
    let hours = card.hours.iter().map(|daily| Hours {
        from: daily.from,
        until: daily.until,
        rates: &*daily.rates,
    });
    let times = card.other_times.iter().map(|dated| Dated {
        since: dated.effective_from.map(day),
        rates: &*dated.rates,
    });
    let quotes = card.quotes.iter().map(|quote| QuoteRow {
        source: quote.source,
        rates: quote.rates.as_deref(),
    });
    Row {
        provider: card.provider.clone(),
        model: card.model.clone(),
        also: card.aliases.clone(),
        mode: card.mode,
        tier: (card.tier != tier::of(&card.provider, &card.model)).then_some(card.tier),
        context: card.context_window,
        output: card.max_output_tokens,
        can: card.capabilities,
        rates: &card.rates,
        hours: hours.collect(),
        since: card.effective_from.map(day),
        times: times.collect(),
        quotes: quotes.collect(),
    }
}
