//! Models that the catalogue does not know, by the names that callers have for them.

use super::{Found, OfProvider, PriceBook};
use crate::core::usage::UNKNOWN_PROVIDER;
use crate::pricing::catalogue::{Unresolved, provider, tier, writings};
use crate::pricing::identity::unframed;

impl PriceBook {
    /// Whether the catalogue has a model of this very name.
    pub fn is_listed(&self, provider: &str, model: &str) -> bool {
        let card = self.catalogue.named(Some(provider), model);
        card.is_ok()
    }

    /// The model that a name means, by its own name, whether it has a price yet or not.
    pub fn model_meant(&self, provider: Option<&str>, model: &str) -> Option<&str> {
        let found = self.find(provider, model).ok();
        let found = found.or_else(|| {
            let nobodys = || self.nobodys(model);
            provider.is_none().then(nobodys).flatten()
        });
        found.map(|found| found.model)
    }

    /// Whether a model of this very name has a price that sources or admins made, or has been decided about.
    pub fn knows_unlisted(&self, provider: &str, model: &str) -> bool {
        let known = self
            .changed
            .get(provider)
            .and_then(|models| models.named(model));
        known.is_some_and(|(_, layers)| layers.is_decided())
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
                in_any_way(provider, models, model)
            });
            return Ok(found);
        }
        // A provider in front of the name is meant before others that have the whole of it, as in the catalogue.
        if let Some((prefix, _)) = model.split_once('/')
            && let Ok(Some(found)) = self.only_changed(Some(prefix), model)
        {
            return Ok(Some(found));
        }
        let mut sold = self.changed_named(model);
        if sold.is_empty() {
            return Ok(None);
        }
        // What is only known of times that are over, or turned down, is nobody's word against a price.
        if sold.iter().any(Found::is_priced) {
            sold.retain(Found::is_priced);
        }
        // One source alone changes nothing of whose model a name means.
        if sold.iter().any(Found::is_confirmed) {
            sold.retain(Found::is_confirmed);
        }
        let (local, sold): (Vec<_>, Vec<_>) = sold.into_iter().partition(is_lone_local);
        if sold.is_empty() {
            let providers = local.iter().map(|found| found.provider.to_owned());
            let providers = providers.collect();
            return Err(Unresolved::Ambiguous { providers });
        }
        self.one_of(model, &sold, Vec::new()).map(Some)
    }

    /// What an admin says of a model of nobody, by its name as it is or as an API frames it.
    pub(super) fn nobodys<'a>(&'a self, model: &str) -> Option<Found<'a>> {
        let (provider, models) = self.changed.get_key_value(UNKNOWN_PROVIDER)?;
        let named = |model| written(provider, models, model);
        named(model.trim()).or_else(|| named(unframed(model.trim())))
    }
}

/// Whether it runs on one's own machine by one source's word alone: that may make it free, be its name that of a dear model
/// elsewhere, so it is meant only where its provider is named.
fn is_lone_local(found: &Found<'_>) -> bool {
    tier::is_local(found.provider) && !found.is_confirmed()
}

/// A model under one of its names, its date or `latest` written in any way; as it is written here before the others.
pub(super) fn in_any_way<'a>(
    provider: &'a str,
    models: &'a OfProvider,
    model: &str,
) -> Option<Found<'a>> {
    let mut ways = writings(model).into_iter();
    ways.find_map(|way| written(provider, models, &way))
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
