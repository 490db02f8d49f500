//! The names that usage of one model has, wherever it is bought.

use super::patterns::{is_anything, of_dates};
use crate::core::scope::{Values, is_pattern};
use crate::pricing::book::PriceBook;
use crate::pricing::catalogue::{Unresolved, parted, provider, writings};
use crate::pricing::identity::{
    DEFAULT, behind_region, framed_names, frames_owner, unframed, unlisted,
};
use crate::service::estimate::unknown;
use jiff::Timestamp;

/// The names that usage of one model has.
pub(super) struct Names<'a> {
    prices: &'a PriceBook,
    now: Timestamp,
    found: Vec<String>,
}

impl<'a> Names<'a> {
    pub(super) fn of(
        model: &str,
        providers: &Values,
        prices: &'a PriceBook,
        now: Timestamp,
    ) -> Vec<String> {
        let mut names = Self {
            prices,
            now,
            found: Vec::new(),
        };
        names.take(model, providers);
        names.take_defaults(providers);
        match of_a_region(model) {
            // The same in all other regions is not meant.
            Some(alone) => names
                .found
                .retain(|name| !name.eq_ignore_ascii_case(&alone)),
            None => names.take_regional(providers),
        }
        names.found
    }

    fn take(&mut self, model: &str, providers: &Values) {
        if is_pattern(model) {
            self.take_pattern(model, providers);
            return;
        }
        // What a name means may become another once sources know it; by that name.
        self.found.push(unlisted(unframed(model)));
        let framed = framed_names(model).map(|name| unlisted(&name));
        self.found.extend(framed);
        if !providers.is_free() {
            for provider in providers.iter() {
                if !self.is_meant_before(provider, model, providers) {
                    self.take_meant(Some(provider), model);
                }
            }
            return;
        }
        for provider in self.take_meant(None, model) {
            self.take_meant(Some(&provider), model);
        }
        if frames_owner(model).is_some() {
            return;
        }
        self.take_writings(model);
        if let Some(rest) = self.behind_a_provider(model) {
            self.found.push(unlisted(rest));
            self.take_writings(rest);
        }
    }

    /// What is behind a provider in front of a name.
    fn behind_a_provider<'b>(&self, model: &'b str) -> Option<&'b str> {
        let (prefix, rest) = unframed(model.trim()).split_once('/')?;
        let catalogue = self.prices.catalogue();
        let named = provider::named(prefix);
        let is_provider = named.iter().any(|name| catalogue.has_provider(name));
        (is_provider && !rest.trim().is_empty()).then_some(rest)
    }

    /// Whether a call by another of these providers' names, which may mean this one too, means a model before it: what it is taken
    /// for here is another model there.
    fn is_meant_before(&self, provider: &str, model: &str, providers: &Values) -> bool {
        let mut others = providers.iter().filter(|other| *other != provider);
        others.any(|other| {
            provider::named(other)
                .iter()
                .any(|named| *named == *provider)
                && self.prices.model_meant(Some(other), model).is_some()
        })
    }

    /// How each seller writes the very name. What a seller alone takes it for may be another model elsewhere, and is not meant.
    fn take_writings(&mut self, model: &str) {
        let name = unlisted(unframed(model));
        let stem = parted(&name).map(|(stem, _)| stem);
        for provider in self.prices.sellers_of(model) {
            let own = self.prices.model_meant(Some(&provider), model);
            let is_it = |own: &&str| {
                let own = unlisted(own);
                own == name || Some(&*own) == stem
            };
            self.found.extend(own.filter(is_it).map(str::to_owned));
        }
    }

    /// Vertex's usual versions, where they have cards of their own.
    fn take_defaults(&mut self, providers: &Values) {
        if !providers.cover(Some(VERTEX)) {
            return;
        }
        let catalogue = self.prices.catalogue();
        let versions = self.found.iter().map(|name| format!("{name}{DEFAULT}"));
        let listed = versions.filter(|name| catalogue.named(Some(VERTEX), name).is_ok());
        let listed: Vec<_> = listed.collect();
        self.found.extend(listed);
    }

    /// Bedrock's models in every region: a resource's name tells its region, and profiles have theirs in front.
    fn take_regional(&mut self, providers: &Values) {
        let own = self.found.iter();
        let own = own.filter(|name| !is_pattern(name) && self.is_bedrocks(name, providers));
        let regional: Vec<_> = own.flat_map(|name| in_any_region(name)).collect();
        self.found.extend(regional);
    }

    /// A pattern as it is kept, and what is behind the provider in front of it. A dot in Anthropic's versions is a hyphen.
    fn take_pattern(&mut self, pattern: &str, providers: &Values) {
        let pattern = pattern.to_ascii_lowercase();
        let inner = unframed(&pattern);
        let behind = inner.split_once('/');
        let behind =
            behind.filter(|(prefix, _)| !is_pattern(prefix) && behind_region(inner).is_none());
        let alone = behind.map_or(inner, |(_, rest)| rest);
        if !is_anything(alone) {
            self.take_alone(alone, providers);
            if provider::owner(alone) == Some("anthropic") && alone.contains('.') {
                self.take_alone(&alone.replace('.', "-"), providers);
            }
        }
        self.found.push(pattern);
    }

    /// A pattern of the names of models.
    fn take_alone(&mut self, pattern: &str, providers: &Values) {
        if self.is_bedrocks(pattern, providers) {
            self.found.extend(in_any_region(pattern));
        }
        self.found.extend(of_dates(pattern));
        let ways = writings(pattern).into_iter();
        self.found.extend(ways.map(String::from));
    }

    /// Whether a name, or a pattern of names, begins as Bedrock's names of one maker's models do.
    fn is_bedrocks(&self, pattern: &str, providers: &Values) -> bool {
        let maker = pattern.split_once('.').map(|(maker, _)| maker);
        let is_whole = |maker: &&str| !is_pattern(maker) && behind_region(pattern).is_none();
        let Some(maker) = maker.filter(is_whole) else {
            return false;
        };
        let mut bedrocks = BEDROCK.iter().filter(|own| providers.cover(Some(own)));
        bedrocks.any(|own| self.prices.has_maker(own, maker))
    }

    /// The names of what it means at a provider; or, where none is named, alone. Gives back the providers where that is several's.
    fn take_meant(&mut self, provider: Option<&str>, model: &str) -> Vec<String> {
        // Also one whose price begins later.
        let meant = self.prices.model_meant(provider, model);
        self.found.extend(meant.map(str::to_owned));
        let behind = unframed(model).split_once('/');
        let behind = behind.filter(|(_, rest)| !rest.trim().is_empty());
        let (price, several) = match self.prices.price_at(provider, model, self.now) {
            Ok(price) => (Some(price), Vec::new()),
            Err(Unresolved::Ambiguous { providers }) => (None, providers),
            Err(Unresolved::Unknown) => (None, Vec::new()),
        };
        if let Some(price) = &price {
            self.found.push(price.model.to_owned());
        } else {
            let unknown = unknown(self.prices, provider, model).model;
            self.found.extend(unknown.map(String::from));
        }
        // Whoever is in front may be the one who sells it, and may be named as its provider.
        if let Some((prefix, rest)) = behind
            && price.is_none_or(|price| provider.is_none() && !is_named(prefix, price.provider))
        {
            self.found.push(unlisted(rest));
        }
        several
    }
}

/// Bedrock, by the catalogue's names for it.
const BEDROCK: [&str; 2] = ["bedrock", "bedrock_mantle"];

/// Vertex, by the catalogue's name for it.
const VERTEX: &str = "vertex_ai";

/// The model that a name with a region or a place in front is of.
fn of_a_region(model: &str) -> Option<String> {
    let framed = framed_names(model).next();
    let alone = behind_region(framed.as_deref().unwrap_or(model));
    alone.map(str::to_owned)
}

/// A name, or a pattern of names, of Bedrock's with any region in front.
fn in_any_region(name: &str) -> [String; 2] {
    ['/', '.'].map(|mark| format!("*{mark}{name}"))
}

/// Whether a name stands for a provider.
fn is_named(name: &str, provider: &str) -> bool {
    let named = provider::named(name);
    named.iter().any(|name| *name == *provider)
}
