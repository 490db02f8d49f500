//! The prices in force, over time: the catalogue's, over them what sources made of them, over all what admins set.
//!
//! Which price holds at an instant, the first that there is:
//! 1. the last override from before it that was not taken away by then;
//! 2. the last applied price from before it; where that is the catalogue's price confirmed, the catalogue's hours of the
//!    day still count;
//! 3. the catalogue's price from a day that is known and before it, or where it is the catalogue's own day or later;
//! 4. a source's word for a time that is over and that it lies in, laid over the nearest price that is known whole;
//! 5. the catalogue's earliest price, or the earliest applied one: what held before is not known, and that is nearer
//!    than nothing.

mod found;
mod layers;
mod lone;
mod maker;
mod origin;
mod overlay;
mod overrides;
mod past;
mod price;
mod sellers;
mod standing;
mod states;
mod unlisted;

pub use origin::{Applied, Imported, Origin, Override};
pub use price::{Price, SourceQuote};

use super::catalogue::{Candidate, Catalogue, ModelCard, Search, Unresolved, provider};
use super::verify::Standing;
use crate::core::price::{PriceStatus, Rates};
use crate::core::price_change::PastPrice;
use crate::core::state::{Declined, DeclinedPast};
use found::{Found, Release};
use jiff::Timestamp;
use layers::Layers;
pub use lone::Lone;
use rustc_hash::FxHashMap;
use sellers::Sellers;
use std::sync::Arc;

/// The changed prices of one provider.
#[derive(Clone, Debug, Default)]
struct OfProvider {
    models: FxHashMap<Box<str>, Arc<Layers>>,
    /// The models whose names have capitals, by their names in lower case.
    capitals: FxHashMap<Box<str>, Box<str>>,
}

impl OfProvider {
    /// A model in whatever case.
    fn named(&self, model: &str) -> Option<(&str, &Arc<Layers>)> {
        let known = |model: &str| self.models.get_key_value(model);
        let found = known(model).or_else(|| {
            let lower = model.to_ascii_lowercase();
            known(&lower).or_else(|| known(self.capitals.get(&*lower)?))
        });
        found.map(|(model, layers)| (&**model, layers))
    }

    fn layers(&mut self, model: Box<str>) -> &mut Layers {
        let lower = model.to_ascii_lowercase();
        if *lower != *model {
            self.capitals.insert(lower.into(), model.clone());
        }
        Arc::make_mut(self.models.entry(model).or_default())
    }
}

/// The prices in force; cheap to clone and to read from many threads.
#[derive(Clone, Debug)]
pub struct PriceBook {
    catalogue: Arc<Catalogue>,
    changed: Arc<FxHashMap<Box<str>, Arc<OfProvider>>>,
    sellers: Arc<Sellers>,
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
            changed: Arc::default(),
            sellers: Arc::default(),
        }
    }

    /// The catalogue beneath.
    pub const fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Adds an override; of two from the same time on, the one that was added later holds. One of a version that is
    /// known changes nothing.
    ///
    /// Clones that others hold stay as they are, here as below; a change costs what the model's provider has, not the
    /// whole book, and a new name the list of such names.
    pub fn set(&mut self, change: Override) {
        self.layers(&change.provider.clone(), &change.model.clone())
            .set(change);
    }

    /// Adds a price that sources made. One of a version that is known changes nothing.
    pub fn apply(&mut self, applied: Applied) {
        let price = Arc::clone(&applied.price.price);
        self.change(&price.provider, &price.model, |layers| {
            layers.apply(applied);
        });
    }

    /// Takes in a source's prices of times that are over. They hold in place of all that it said before, which is kept for the
    /// usages that were costed at it. One of a version that is known changes nothing.
    pub fn import(&mut self, imported: Imported) {
        let history = Arc::clone(&imported.history);
        self.change(&history.provider, &history.model, |layers| {
            layers.import(imported);
        });
    }

    /// Takes in what a person turned down of a model's price, in place of what was known of that.
    pub fn decline(
        &mut self,
        provider: &str,
        model: &str,
        declined: &[Declined],
        past: &[DeclinedPast],
    ) {
        if !declined.is_empty() || !past.is_empty() {
            self.layers(provider, model).decline(declined, past);
        }
    }

    /// Makes a change that prices of times that are over may rest on.
    fn change(&mut self, provider: &str, model: &str, change: impl FnOnce(&mut Layers)) {
        let catalogue = Arc::clone(&self.catalogue);
        // Of a release, the price of its model is the nearest that is known whole.
        let card = catalogue.resolve_spelled(Some(provider), model).ok();
        let card = card.filter(|(card, spelling)| {
            !spelling.is_of_a_state() || *card.provider == *provider::canonical(provider)
        });
        let card = card.map(|(card, _)| card);
        let layers = self.layers(provider, model);
        change(layers);
        layers.complete(card);
    }

    fn layers(&mut self, provider: &str, model: &str) -> &mut Layers {
        let (provider, model) = self.key(provider, model);
        if self.layers_of(&provider, &model).is_none()
            && self.catalogue.named(Some(&provider), &model).is_err()
        {
            Arc::make_mut(&mut self.sellers).add(&provider, &model);
        }
        let of_provider = Arc::make_mut(&mut self.changed)
            .entry(provider)
            .or_default();
        Arc::make_mut(of_provider).layers(model)
    }

    /// The canonical names of a model that may be unknown: a price under any name of a provider is found under every
    /// other.
    fn key(&self, provider: &str, model: &str) -> (Box<str>, Box<str>) {
        if let Ok(card) = self.catalogue.named(Some(provider), model) {
            return (card.provider.clone(), card.model.clone());
        }
        let provider = provider::canonical(provider);
        let known = self.changed.get(&*provider);
        let known = known.and_then(|models| models.named(model.trim()));
        let model = known.map_or_else(|| model.trim(), |(model, _)| model);
        (provider.into(), model.into())
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
        match self.find(provider, model) {
            Ok(found) => self.price_of(&found, at).ok_or(Unresolved::Unknown),
            // A price that was set for it holds where it can't be told whose it is.
            Err(error) if provider.is_none() => self
                .nobodys(model)
                .and_then(|found| self.price_of(&found, at))
                .ok_or(error),
            Err(error) => Err(error),
        }
    }

    fn price_of<'a>(&'a self, found: &Found<'a>, at: Timestamp) -> Option<Price<'a>> {
        let set = |layers: Option<&'a Layers>| layers.and_then(|layers| layers.override_at(at));
        let release = found.release;
        let own = |origin| found.own_price(origin?);
        own(set(release.map(|release| release.layers)))
            .or_else(|| found.price(set(found.layers)?))
            .or_else(|| own(Some(Origin::Applied(release?.layers.applied_at(at)?))))
            .or_else(|| self.beneath(found, at))
    }

    /// The price beneath what admins set.
    fn beneath<'a>(&'a self, found: &Found<'a>, at: Timestamp) -> Option<Price<'a>> {
        let layers = found.layers;
        if let Some(applied) = layers.and_then(|layers| layers.applied_at(at)) {
            let mut price = found.price(Origin::Applied(applied))?;
            if let Some(card) = found.card.filter(|card| card.rates == *applied.rates()) {
                price.rates = card.rates_at_hour(at);
            }
            return Some(price);
        }
        let own = found
            .release
            .filter(|_| self.takes_releases_history_at(true, at));
        if let Some(origin) = own.and_then(|release| release.layers.imported_at(at)) {
            return found.own_price(origin);
        }
        let bundled = found.card.map(|card| (card, card.rates_at(at)));
        let imported = layers
            .filter(|_| !self.knows_bundled(found, at))
            .and_then(|layers| layers.imported_at(at));
        if let Some(origin) = imported {
            return found.price(origin);
        }
        if let Some((card, (rates, from))) = bundled {
            return Some(self.bundled(card, rates, from));
        }
        let first = layers.and_then(Layers::first_applied)?;
        found.price(Origin::Applied(first))
    }

    /// The models that meet all that a search names, at the prices that hold at a time. Those that only sources or admins know are
    /// among them.
    pub fn search(&self, search: &Search<'_>, at: Timestamp) -> Vec<Candidate<'_>> {
        let cards = self.catalogue.cards().iter();
        let known = cards.map(|card| self.carded(card));
        let changed = self.changed.iter().flat_map(|(provider, models)| {
            let models = models.models.iter();
            models.map(move |(model, layers)| Found::unlisted(provider, model, layers))
        });
        let unknown = changed.filter(|found| {
            let known = self.catalogue.named(Some(found.provider), found.model);
            known.is_err()
        });
        let mut all: Vec<Candidate<'_>> = known
            .chain(unknown)
            .filter_map(|found| {
                let price = self.price_of(&self.as_charged(found), at)?;
                Some(Candidate {
                    provider: found.provider,
                    model: found.model,
                    card: found.card,
                    rates: price.rates,
                })
            })
            .collect();
        all.sort_unstable_by_key(|one| (one.provider, one.model));
        let named = |query| self.find(search.provider, query).ok();
        let meant = search.query.and_then(named);
        let search = Search {
            meant: meant.map(|found| (found.provider, found.model)),
            ..search.clone()
        };
        search.among(all.into_iter())
    }

    /// Every price that the model has had, has or will have, earliest first; of a release those of its model until it had a price
    /// of its own, and what admins set for either.
    ///
    /// # Errors
    /// [`Unresolved`]: no price of that name is known, or several providers have one.
    pub fn history(
        &self,
        provider: Option<&str>,
        model: &str,
    ) -> Result<Vec<Price<'_>>, Unresolved> {
        let found = self.find(provider, model)?;
        let mut prices: Vec<(Timestamp, Price<'_>)> = Vec::new();
        if let Some(card) = found.card {
            // Of a price without a day all that is known is that it was before the others.
            let dated = card.rates_over_time().into_iter();
            prices.extend(dated.map(|(rates, from)| {
                let place = from.unwrap_or(Timestamp::MIN);
                (place, self.bundled(card, rates, from))
            }));
        }
        let of_model = found.layers.into_iter().flat_map(Layers::origins);
        let of_model = of_model.filter_map(|origin| found.price(origin));
        let own = found.release.into_iter();
        let own = own.flat_map(|release| release.layers.origins());
        let own = own.filter_map(|origin| found.own_price(origin));
        prices.extend(of_model.map(|price| (price.effective_from, price)));
        if let Some(own) = found
            .release
            .and_then(|release| release.layers.first_applied())
        {
            let first = own.price.price.effective_from;
            let is_set = |price: &Price<'_>| matches!(price.origin, Origin::Override { .. });
            prices.retain(|(place, price)| *place < first || is_set(price));
        }
        prices.extend(own.map(|price| (price.effective_from, price)));
        prices.sort_by_key(|(place, _)| *place);
        Ok(prices.into_iter().map(|(_, price)| price).collect())
    }

    /// The price beneath what admins set, as a verification needs it, of the model of these very names: of a state without a
    /// price of its own what it is charged at, its model's. Whether a change of it waits is the ledger's to say.
    pub fn standing(&self, provider: &str, model: &str, at: Timestamp) -> Standing {
        let found = self.exact(provider, model);
        if let Some(found) = found.filter(Found::has_a_price) {
            return standing::of(&self.as_charged(found), at);
        }
        let own = found
            .map(|found| standing::of(&found, at))
            .unwrap_or_default();
        let Some(model) = self.charged_as(provider, model) else {
            return own;
        };
        let model = self.as_charged(model);
        Standing {
            version: own.version,
            declined: own.declined,
            said: Vec::new(),
            of_its_model: true,
            ..standing::of(&model, at)
        }
    }

    /// What a source has said of a model's prices of times that are over, as it was taken in.
    pub fn imported(&self, provider: &str, model: &str, source: &str) -> &[PastPrice] {
        let layers = self.exact(provider, model).and_then(|found| found.layers);
        let imported = layers.and_then(|layers| layers.imported_from(source));
        imported.map_or(&[], |imported| &imported.history.prices)
    }

    /// What a source says of such times against its own earlier word, and a person turned down.
    pub fn declined_past(&self, provider: &str, model: &str, source: &str) -> Vec<PastPrice> {
        let layers = self.exact(provider, model).and_then(|found| found.layers);
        layers.map_or_else(Vec::new, |layers| layers.declined_past(source))
    }

    fn bundled<'a>(
        &'a self,
        card: &'a ModelCard,
        rates: &'a Rates,
        from: Option<Timestamp>,
    ) -> Price<'a> {
        let (date, until) = (self.catalogue.date(), card.end_of_rates_from(from));
        let has_ended = until.is_some_and(|until| until <= date);
        let beginning = if has_ended {
            Timestamp::UNIX_EPOCH
        } else {
            date
        };
        Price {
            provider: &card.provider,
            model: &card.model,
            release: None,
            card: Some(card),
            rates,
            version: self.catalogue.price_version(),
            status: PriceStatus::Bundled,
            effective_from: from.unwrap_or(beginning),
            origin: Origin::Bundled {
                catalogue: &self.catalogue,
                until,
            },
        }
    }
}

#[cfg(test)]
mod tests;
