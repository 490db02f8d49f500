//! The prices in force: the catalogue, and what admins have set over it, over time.

use super::catalogue::{Catalogue, ModelCard, Unresolved, provider};
use crate::core::price::{PriceStatus, Rates, SourceQuote};
use jiff::Timestamp;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::sync::Arc;

/// A price that an admin set, or took away again, from a time on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The provider, by any of its names.
    pub provider: String,
    /// The model; the catalogue need not know it.
    pub model: String,
    /// The rates; none takes away what was set before, and the catalogue's price holds again.
    pub rates: Option<Rates>,
    /// From when it holds.
    pub effective_from: Timestamp,
    /// The name of this state of the price, for records that are costed by it.
    pub version: String,
    /// Why it was set.
    pub reason: String,
}

/// A price, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Price<'a> {
    /// The provider's canonical name.
    pub provider: &'a str,
    /// The model's name, as the provider takes it.
    pub model: &'a str,
    /// What the catalogue knows of the model; none where it knows only an override.
    pub card: Option<&'a ModelCard>,
    /// What it costs.
    pub rates: &'a Rates,
    /// The name of this state of the price.
    pub version: &'a str,
    /// How far it can be trusted.
    pub status: PriceStatus,
    /// Since when it holds; for a bundled price without a known day, the catalogue's date.
    pub effective_from: Timestamp,
    /// Why an admin set it.
    pub reason: Option<&'a str>,
    catalogue: &'a Catalogue,
}

impl Price<'_> {
    /// The sources of a bundled price, each with what it says where that is something else; none of an override.
    pub fn sources(&self) -> Vec<SourceQuote> {
        let quotes = match (self.status, self.card) {
            (PriceStatus::Override, _) | (_, None) => &[],
            (_, Some(card)) => card.quotes.as_slice(),
        };
        let known = self.catalogue.sources();
        quotes
            .iter()
            .filter_map(|quote| {
                let source = known.get(quote.source)?;
                Some(SourceQuote {
                    name: source.name.to_string(),
                    value: quote.rates.as_deref().cloned(),
                    fetched_at: source.fetched_at,
                    weight: source.weight,
                })
            })
            .collect()
    }

    /// The rate of a unit in the standard tier for a short prompt.
    pub fn standard_rate(&self, unit: crate::core::price::Unit) -> Option<Decimal> {
        self.rates.standard.rates.get(&unit).copied()
    }
}

/// The overrides of one provider, by model; each list by `effective_from`, later set ones after earlier ones.
type OfProvider = FxHashMap<Box<str>, Vec<Arc<Override>>>;

/// The prices in force; cheap to clone and to read from many threads.
#[derive(Clone, Debug)]
pub struct PriceBook {
    catalogue: Arc<Catalogue>,
    overrides: Arc<FxHashMap<Box<str>, OfProvider>>,
}

impl Default for PriceBook {
    fn default() -> Self {
        Self::new(Catalogue::embedded())
    }
}

impl PriceBook {
    /// A book of the catalogue's prices alone.
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        Self {
            catalogue,
            overrides: Arc::default(),
        }
    }

    /// The catalogue beneath.
    pub const fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Adds an override; of two from the same time on, the one that was added later holds.
    ///
    /// Clones that others hold stay as they are.
    pub fn set(&mut self, change: Override) {
        let (provider, model) = self.key(&change.provider, &change.model);
        let of_provider = Arc::make_mut(&mut self.overrides)
            .entry(provider)
            .or_default();
        let changes = of_provider.entry(model).or_default();
        let after = changes.partition_point(|known| known.effective_from <= change.effective_from);
        changes.insert(after, Arc::new(change));
    }

    /// The canonical names of a model that may be unknown: an override under any name of a provider is found
    /// under every other.
    fn key(&self, provider: &str, model: &str) -> (Box<str>, Box<str>) {
        if let Ok(card) = self.catalogue.resolve(Some(provider), model) {
            return (card.provider.clone(), card.model.clone());
        }
        let names = provider::named(provider);
        let first = names.first().map_or(provider, |name| name);
        (first.into(), model.trim().into())
    }

    /// The price of a model at a time.
    ///
    /// # Errors
    /// [`Unresolved`]: no price of that name is known then, or several providers have one.
    pub fn price_at(
        &self,
        provider: Option<&str>,
        model: &str,
        at: Timestamp,
    ) -> Result<Price<'_>, Unresolved> {
        let (provider, model, card) = self.find(provider, model)?;
        let set = self
            .changes(provider, model)
            .rfind(|change| change.effective_from <= at);
        if let Some(price) = set.and_then(|change| self.overridden(provider, model, card, change)) {
            return Ok(price);
        }
        match card {
            Some(card) => {
                let (rates, from) = card.rates_at(at);
                Ok(self.bundled(card, rates, from))
            }
            None => Err(Unresolved::Unknown),
        }
    }

    /// Every price that the model has had, has or will have, earliest first.
    ///
    /// # Errors
    /// [`Unresolved`]: no price of that name is known, or several providers have one.
    pub fn history(
        &self,
        provider: Option<&str>,
        model: &str,
    ) -> Result<Vec<Price<'_>>, Unresolved> {
        let (provider, model, card) = self.find(provider, model)?;
        let mut prices: Vec<Price<'_>> = card
            .into_iter()
            .flat_map(|card| {
                let dated = card.rates_over_time().into_iter();
                dated.map(move |(rates, from)| self.bundled(card, rates, from))
            })
            .collect();
        let set = self.changes(provider, model);
        prices.extend(set.filter_map(|change| self.overridden(provider, model, card, change)));
        prices.sort_by_key(|price| price.effective_from);
        Ok(prices)
    }

    fn find<'a>(
        &'a self,
        provider: Option<&str>,
        model: &str,
    ) -> Result<(&'a str, &'a str, Option<&'a ModelCard>), Unresolved> {
        match self.catalogue.resolve(provider, model) {
            Ok(card) => Ok((&card.provider, &card.model, Some(card))),
            Err(ambiguous @ Unresolved::Ambiguous { .. }) => Err(ambiguous),
            Err(unknown) => self
                .only_set(provider, model.trim())?
                .map(|(provider, model)| (provider, model, None))
                .ok_or(unknown),
        }
    }

    /// A model that only overrides name.
    fn only_set(
        &self,
        asked: Option<&str>,
        model: &str,
    ) -> Result<Option<(&str, &str)>, Unresolved> {
        let asked = asked.map(provider::named);
        let inside = model.split_once('/');
        let mut found: Vec<(&str, &str)> = Vec::new();
        for (provider, models) in &*self.overrides {
            let named = |names: &[Cow<str>]| names.iter().any(|name| **name == **provider);
            let prefixed = inside
                .filter(|(prefix, _)| named(&provider::named(prefix)))
                .map(|(_, rest)| rest);
            if asked.as_deref().is_none_or(named) {
                let mut written = [Some(model), prefixed].into_iter().flatten();
                let known = written.find_map(|name| models.get_key_value(name));
                found.extend(known.map(|(model, _)| (&**provider, &**model)));
            }
        }
        found.sort_unstable();
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => Err(Unresolved::Ambiguous {
                providers: several.iter().map(|(name, _)| (*name).to_owned()).collect(),
            }),
        }
    }

    fn changes(&self, provider: &str, model: &str) -> impl DoubleEndedIterator<Item = &Override> {
        self.overrides
            .get(provider)
            .and_then(|models| models.get(model))
            .into_iter()
            .flatten()
            .map(|change| &**change)
    }

    fn overridden<'a>(
        &'a self,
        provider: &'a str,
        model: &'a str,
        card: Option<&'a ModelCard>,
        change: &'a Override,
    ) -> Option<Price<'a>> {
        Some(Price {
            provider,
            model,
            card,
            rates: change.rates.as_ref()?,
            version: &change.version,
            status: PriceStatus::Override,
            effective_from: change.effective_from,
            reason: Some(&change.reason),
            catalogue: &self.catalogue,
        })
    }

    fn bundled<'a>(
        &'a self,
        card: &'a ModelCard,
        rates: &'a Rates,
        from: Option<Timestamp>,
    ) -> Price<'a> {
        Price {
            provider: &card.provider,
            model: &card.model,
            card: Some(card),
            rates,
            version: self.catalogue.price_version(),
            status: PriceStatus::Bundled,
            effective_from: from.unwrap_or_else(|| self.catalogue.date()),
            reason: None,
            catalogue: &self.catalogue,
        }
    }
}

#[cfg(test)]
mod tests;
