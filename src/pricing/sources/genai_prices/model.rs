//! genai-prices' `prices/data.json`: a list of providers with their models, USD for a million tokens.

use super::pattern::Pattern;
use crate::core::price::{ServiceTier, Unit};
use crate::idle::breathe;
use crate::pricing::sheet::{DatedSheet, Sheet};
use crate::pricing::sources::number::{self, Form, NoPrice, ToRate};
use crate::pricing::sources::{Listing, ShapeError, json};
use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct Provider {
    pub(crate) id: String,
    fallback_model_providers: Vec<String>,
    pub(crate) models: Vec<Model>,
}

/// A provider whose models are not read yet.
#[derive(Deserialize)]
struct Unread<'a> {
    id: String,
    #[serde(default)]
    fallback_model_providers: Vec<String>,
    #[serde(borrow)]
    models: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
pub(crate) struct Model {
    pub(crate) id: String,
    pub(crate) r#match: Pattern,
    #[serde(default)]
    pub(crate) context_window: Option<u64>,
    prices: Box<RawValue>,
    #[serde(default)]
    price_variants: Vec<Variant>,
}

/// `prices` is USD by price key: a number, or `{"base", "tiers": [{"start", "price"}]}`.
#[derive(Deserialize)]
struct Conditional {
    #[serde(default)]
    constraint: Option<Constraint>,
    prices: Box<RawValue>,
}

#[derive(Deserialize)]
struct Variant {
    when: BTreeMap<String, String>,
    #[serde(default)]
    constraint: Option<Constraint>,
    prices: Box<RawValue>,
}

/// From a day on, or between two times of every day.
#[derive(Deserialize)]
struct Constraint {
    #[serde(default)]
    start_date: Option<Date>,
    #[serde(default)]
    start_time: Option<String>,
    #[serde(default)]
    end_time: Option<String>,
}

impl Constraint {
    /// The hours of the day, in UTC as all of them are.
    fn hours(&self) -> Option<(Time, Time)> {
        let time = |text: &Option<String>| {
            let text = text.as_deref()?;
            let utc = text
                .strip_suffix('Z')
                .or_else(|| text.strip_suffix("+00:00"))?;
            utc.parse().ok()
        };
        Some((time(&self.start_time)?, time(&self.end_time)?))
    }
}

#[derive(Deserialize)]
struct Tiered {
    base: Box<RawValue>,
    tiers: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    start: u64,
    price: Box<RawValue>,
}

/// Reads the file: the providers with the models that can be read, and a listing that has only the others, with the reason.
pub(crate) fn read(text: &str) -> Result<(Vec<Provider>, Listing), ShapeError> {
    let file: Vec<Unread<'_>> =
        serde_json::from_str(text).map_err(|error| ShapeError::new(error.to_string()))?;
    let mut unread = Listing::default();
    let providers = file.into_iter().map(|provider| {
        let mut models = Vec::new();
        for (place, raw) in (1_u32..).zip(provider.models) {
            breathe();
            match serde_json::from_str(raw.get()) {
                Ok(model) => models.push(model),
                Err(error) => {
                    let name = format_args!("{}'s model {place}", provider.id);
                    unread.skip_unread(name, error.to_string());
                }
            }
        }
        Provider {
            id: provider.id,
            fallback_model_providers: provider.fallback_model_providers,
            models,
        }
    });
    Ok((providers.collect(), unread))
}

/// How a name was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// The name is spelled out.
    Exact,
    /// A pattern takes it, or another provider has it.
    Loose,
}

/// The model that a name means at a provider.
pub(crate) fn find<'a>(
    providers: &'a [Provider],
    id: &str,
    name: &str,
) -> Option<(&'a Model, Match)> {
    let name = name.to_lowercase();
    let of = providers.iter().find(|provider| provider.id == id)?;
    if let Some(model) = first(of, &name) {
        let exact = model.id.to_lowercase() == name
            || (model.r#match.spelled_out().iter()).any(|known| known.to_lowercase() == name);
        let how = if exact { Match::Exact } else { Match::Loose };
        return Some((model, how));
    }
    of.fallback_model_providers.iter().find_map(|other| {
        let other = providers.iter().find(|provider| provider.id == *other)?;
        Some((first(other, &name)?, Match::Loose))
    })
}

fn first<'a>(provider: &'a Provider, name: &str) -> Option<&'a Model> {
    provider
        .models
        .iter()
        .find(|model| model.r#match.takes(name))
}

/// How many prices under a condition a model has, at most; each is looked at for each of their days. The list of 2026-08 has
/// two of one model.
const CONDITIONS_MOST: usize = 100;

impl Model {
    fn conditional(&self) -> Result<Vec<Conditional>, String> {
        let conditional: Vec<Conditional> = if self.prices.get().starts_with('[') {
            serde_json::from_str(self.prices.get()).map_err(|error| error.to_string())?
        } else {
            vec![Conditional {
                constraint: None,
                prices: self.prices.clone(),
            }]
        };
        if conditional.len() + self.price_variants.len() > CONDITIONS_MOST {
            return Err(format!("has more than {CONDITIONS_MOST} conditions"));
        }
        Ok(conditional)
    }

    /// What it costs at some hours of the day.
    pub(crate) fn by_hour(&self) -> Result<Vec<(Time, Time, Sheet)>, String> {
        let mut by_hour = Vec::new();
        // The last of those that hold counts, so the last comes first.
        for price in self.conditional()?.iter().rev() {
            if let Some((from, until)) = price.constraint.as_ref().and_then(Constraint::hours) {
                let mut sheet = Sheet::default();
                state_all(&mut sheet, ServiceTier::Standard, &price.prices, &self.id)?;
                by_hour.push((from, until, sheet));
            }
        }
        Ok(by_hour)
    }

    /// What it costs over time, earliest first; the last of them that has begun holds.
    pub(crate) fn over_time(&self, date: Date) -> Result<Vec<DatedSheet>, String> {
        let conditional = self.conditional()?;
        let begun = |constraint: &Option<Constraint>| {
            constraint
                .as_ref()
                .and_then(|constraint| constraint.start_date)
        };
        let price_days = conditional
            .iter()
            .filter_map(|price| begun(&price.constraint));
        // A tier's day in the past is when it was looked up, not when it began.
        let tier_days = self
            .price_variants
            .iter()
            .filter_map(|variant| begun(&variant.constraint))
            .filter(|day| *day > date);
        let days: BTreeSet<Date> = price_days.chain(tier_days).collect();
        let current = days.iter().copied().rfind(|day| *day <= date);
        let mut sheets: Vec<DatedSheet> = Vec::new();
        for since in std::iter::once(None).chain(days.into_iter().map(Some)) {
            // Of past prices only the tiers that are known to have been sold by then are taken.
            let sold_by = if since >= current {
                Some(since.map_or(date, |since| since.max(date)))
            } else {
                since
            };
            let sheet = self.sheet_at(&conditional, since, sold_by)?;
            let changes = sheets.last().is_none_or(|last| last.sheet != sheet);
            if changes && !sheet.is_empty() {
                sheets.push(DatedSheet { since, sheet });
            }
        }
        Ok(sheets)
    }

    /// What it costs from a day on, with the tiers that are sold by another.
    fn sheet_at(
        &self,
        prices: &[Conditional],
        since: Option<Date>,
        sold_by: Option<Date>,
    ) -> Result<Sheet, String> {
        let begun = |constraint: &Constraint, by: Option<Date>| {
            constraint
                .start_date
                .is_none_or(|start| by.is_some_and(|by| start <= by))
        };
        let mut sheet = Sheet::default();
        for price in prices {
            match &price.constraint {
                Some(constraint) if constraint.hours().is_some() => continue,
                Some(constraint) if !begun(constraint, since) => continue,
                _ => sheet = Sheet::default(),
            }
            state_all(&mut sheet, ServiceTier::Standard, &price.prices, &self.id)?;
        }
        for variant in &self.price_variants {
            let sold = variant
                .constraint
                .as_ref()
                .is_none_or(|constraint| begun(constraint, sold_by));
            if let (Some(tier), true) = (tier(&variant.when), sold) {
                state_all(&mut sheet, tier, &variant.prices, &self.id)?;
            }
        }
        Ok(sheet)
    }
}

fn tier(when: &BTreeMap<String, String>) -> Option<ServiceTier> {
    let mut when = when.iter();
    let (Some((name, value)), None) = (when.next(), when.next()) else {
        return None;
    };
    match (name.as_str(), value.as_str()) {
        ("processing", "batch") => Some(ServiceTier::Batch),
        ("service_tier", "flex") => Some(ServiceTier::Flex),
        ("service_tier", "priority") => Some(ServiceTier::Priority),
        _ => None,
    }
}

fn state_all(
    sheet: &mut Sheet,
    tier: ServiceTier,
    prices: &RawValue,
    id: &str,
) -> Result<(), String> {
    for (key, raw) in json::object(prices.get())?.iter() {
        let Some((unit, rate)) = priced(key, id.contains("image")) else {
            continue;
        };
        let mut state = |above, raw: &RawValue| {
            if let Some(rate) = number::stated(key, raw, Form::Either, rate)? {
                sheet.state(tier, above, unit, rate);
            }
            Ok::<_, String>(())
        };
        if !raw.get().starts_with('{') {
            state(0, raw)?;
            continue;
        }
        let tiered: Tiered = serde_json::from_str(raw.get())
            .map_err(|error| format!("{key} is not as it should be: {error}"))?;
        state(0, &tiered.base)?;
        for step in &tiered.tiers {
            state(step.start, &step.price)?;
        }
    }
    Ok(())
}

/// The unit of a price key, and the rate of its price.
fn priced(key: &str, pictures: bool) -> Option<(Unit, ToRate)> {
    Some(match key {
        "input_mtok" => (Unit::Input, number::rate),
        "output_mtok" => (Unit::Output, number::rate),
        "cache_read_mtok" => (Unit::CacheRead, number::rate),
        "cache_audio_read_mtok" => (Unit::CacheReadAudio, number::rate),
        "cache_write_mtok" | "cache_write_5m_mtok" => (Unit::CacheWrite, number::rate),
        "cache_write_1h_mtok" => (Unit::CacheWrite1h, number::rate),
        "output_reasoning_mtok" => (Unit::Reasoning, number::rate),
        "input_audio_mtok" => (Unit::AudioInput, number::rate),
        "output_audio_mtok" => (Unit::AudioOutput, number::rate),
        "input_image_mtok" if pictures => (Unit::Input, number::rate),
        "output_image_mtok" if pictures => (Unit::Output, number::rate),
        "cache_image_read_mtok" if pictures => (Unit::CacheRead, number::rate),
        "web_searches_kcount" => (Unit::WebSearch, number::rate_of_thousand),
        "requests_kcount" => (Unit::Request, number::rate_of_thousand),
        "audio_hours" | "input_audio_hours" => (Unit::Second, rate_of_hour),
        _ => return None,
    })
}

const HOUR_SECONDS: Decimal = Decimal::from_parts(3_600, 0, 0, false, 0);

fn rate_of_hour(price: Decimal) -> Result<Decimal, NoPrice> {
    number::rate(number::rate_of_one(price)? / HOUR_SECONDS)
}
