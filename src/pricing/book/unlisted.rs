//! Models that the catalogue does not know, by the names that callers have for them.

use super::{Found, OfProvider, PriceBook};
use crate::core::usage::UNKNOWN_PROVIDER;
use crate::pricing::catalogue::{Unresolved, provider, spellings};
use crate::pricing::identity::{Canonical, own, unframed};

impl PriceBook {
    /// Whether a model of this very name has a price that sources or admins made.
    pub fn knows_unlisted(&self, provider: &str, model: &str) -> bool {
        let known = self.changed.get(provider);
        known.is_some_and(|models| models.named(model).is_some())
    }

    /// A state of a model that has a price of its own, beside the model's.
    pub(super) fn own_state<'a>(&'a self, provider: &str, model: &str) -> Option<Found<'a>> {
        let (provider, models) = self.changed.get_key_value(provider)?;
        let mut of_state = spellings(model).take_while(|(spelling, _)| !spelling.is_of_a_state());
        of_state.find_map(|(_, name)| written(provider, models, &name))
    }

    /// The model that a name is a state of: what holds where the state's own price was taken away, or has not begun.
    pub(super) fn model_of_state<'a>(
        &'a self,
        provider: Option<&str>,
        model: &str,
    ) -> Option<Found<'a>> {
        let mut stems = spellings(model.trim()).filter(|(how, _)| how.is_of_a_state());
        stems.find_map(|(_, stem)| self.find(provider, &stem).ok())
    }

    /// The names under which a price that an admin sets is kept: those of the model, or of the state that is named, of which the
    /// model's price is no more than the nearest that is known.
    pub fn names_to_set(&self, provider: &str, model: &str) -> Option<Canonical> {
        let found = self.find(Some(provider), model).ok()?;
        let asked = own(provider, model);
        let is_listed = self.catalogue.named(Some(provider), &asked.model).is_ok();
        let is_named = is_listed || self.own_state(found.provider, &asked.model).is_some();
        Some(Canonical {
            provider: found.provider.to_owned(),
            model: if is_named {
                found.model.to_owned()
            } else {
                asked.model
            },
        })
    }

    /// A model that the catalogue does not know, by its name in the spellings under which the catalogue's are known.
    pub(super) fn only_changed<'a>(
        &'a self,
        asked: Option<&str>,
        model: &str,
    ) -> Result<Option<Found<'a>>, Unresolved> {
        for (_, model) in spellings(model) {
            let found = self.only_changed_as(asked, &model)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn only_changed_as<'a>(
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
    Some(Found {
        provider,
        model,
        card: None,
        layers: Some(layers),
    })
}
