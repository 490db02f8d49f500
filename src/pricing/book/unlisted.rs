//! Models that the catalogue does not know, by the names that callers have for them.

use super::{Found, OfProvider, PriceBook};
use crate::core::usage::UNKNOWN_PROVIDER;
use crate::pricing::catalogue::{Unresolved, provider, spellings};
use crate::pricing::identity::{Canonical, one_spelling, own, unframed};

impl PriceBook {
    /// Whether a model of this very name has a price that sources or admins made, or has been decided about.
    pub fn knows_unlisted(&self, provider: &str, model: &str) -> bool {
        let known = self
            .changed
            .get(provider)
            .and_then(|models| models.named(model));
        known.is_some_and(|(_, layers)| layers.is_decided())
    }

    /// A state of a model that has a price of its own, beside the model's.
    pub(super) fn own_state<'a>(&'a self, provider: &str, model: &str) -> Option<Found<'a>> {
        let (provider, models) = self.changed.get_key_value(provider)?;
        let mut of_state = spellings(model).take_while(|(spelling, _)| !spelling.is_of_a_state());
        of_state.find_map(|(_, name)| written(provider, models, &name))
    }

    /// What a name without a price of its own is charged as: its date written the other way, or the model that it is a state
    /// of.
    pub(super) fn charged_as<'a>(&'a self, provider: &str, model: &str) -> Option<Found<'a>> {
        let other = self.own_state(provider, model);
        other
            .filter(|found| found.model != model)
            .or_else(|| self.stem(provider, model))
    }

    /// The catalogue's model that a name is a state of.
    fn stem<'a>(&'a self, provider: &str, model: &str) -> Option<Found<'a>> {
        let (card, spelling) = self.catalogue.resolve_spelled(Some(provider), model).ok()?;
        let is_its = spelling.is_of_a_state() && *card.provider == *provider;
        is_its.then(|| self.carded(card))
    }

    /// A state of a model as it is charged, beneath what holds for its model; any other as it is.
    pub(super) fn as_charged<'a>(&'a self, found: Found<'a>) -> Found<'a> {
        let model = self.stem(found.provider, found.model);
        model.map_or(found, |model| Found {
            state: found.layers,
            ..model
        })
    }

    /// The release of a model that a name is of, by the name that a price of its own has, or would have. Holds and records
    /// keep it, for it may have such a price by then.
    pub fn release(&self, provider: Option<&str>, model: &str) -> Option<String> {
        let model = unframed(model.trim());
        let (card, spelling) = self.catalogue.resolve_spelled(provider, model).ok()?;
        if !spelling.is_of_a_state() {
            return None;
        }
        let release = own(&card.provider, model).model;
        let known = self.own_state(&card.provider, &release);
        Some(known.map_or_else(|| one_spelling(release), |known| known.model.to_owned()))
    }

    /// The names under which a price that an admin sets is kept: those of the model, or of the state that is named.
    pub fn names_to_set(&self, provider: &str, model: &str) -> Option<Canonical> {
        let found = self.find(Some(provider), model).ok()?;
        let release = self.release(Some(provider), model);
        Some(Canonical {
            provider: found.provider.to_owned(),
            model: release.unwrap_or_else(|| found.model.to_owned()),
        })
    }

    /// A model that the catalogue does not know.
    pub(super) fn only_changed<'a>(
        &'a self,
        asked: Option<&str>,
        model: &str,
    ) -> Result<Option<Found<'a>>, Unresolved> {
        if let Some(asked) = asked {
            // As in the catalogue: of the providers that a name may mean, the first that has the model is meant.
            let found = provider::named(asked).into_iter().find_map(|name| {
                let (provider, models) = self.changed.get_key_value(&*name)?;
                written(provider, models, model)
            });
            return Ok(found);
        }
        let all = self.changed.iter();
        let mut found: Vec<Found<'a>> = all
            .filter_map(|(provider, models)| written(provider, models, model))
            .collect();
        found.sort_unstable_by_key(|found| (found.provider, found.model));
        found.dedup_by_key(|found| (found.provider, found.model));
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => Err(Unresolved::Ambiguous {
                providers: several
                    .iter()
                    .map(|found| found.provider.to_owned())
                    .collect(),
            }),
        }
    }

    /// What an admin says of a model of nobody, by its name as it is or as an API frames it.
    pub(super) fn nobodys<'a>(&'a self, model: &str) -> Option<Found<'a>> {
        let (provider, models) = self.changed.get_key_value(UNKNOWN_PROVIDER)?;
        let named = |model| written(provider, models, model);
        named(model.trim()).or_else(|| named(unframed(model.trim())))
    }
}

/// A model under one of its names: its own, or with its provider's before it.
fn written<'a>(provider: &'a str, models: &'a OfProvider, model: &str) -> Option<Found<'a>> {
    let own = models.named(model);
    let (model, layers) = own.or_else(|| {
        let (prefix, rest) = model.split_once('/')?;
        let named = provider::named(prefix)
            .iter()
            .any(|name| **name == *provider);
        named.then(|| models.named(rest)).flatten()
    })?;
    Some(Found::unlisted(provider, model, layers))
}
