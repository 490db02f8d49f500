//! States of the catalogue's models, dated releases and `latest`, which may have a price of their own.

use super::unlisted::in_any_way;
use super::{Found, PriceBook, Release};
use crate::pricing::catalogue::{ModelCard, Spelling};
use crate::pricing::identity::{Canonical, by_another_name, one_spelling, own, unframed};

impl PriceBook {
    /// A state of a model that has a price of its own, beside the model's.
    pub(super) fn own_state<'a>(&'a self, provider: &str, model: &str) -> Option<Found<'a>> {
        let (provider, models) = self.changed.get_key_value(provider)?;
        in_any_way(provider, models, model)
    }

    /// What a name without a price of its own is charged as: one that writes it in another way, or the model that it is a state
    /// of.
    pub(super) fn charged_as<'a>(&'a self, provider: &str, model: &str) -> Option<Found<'a>> {
        let other = self.own_state(provider, model);
        other
            .filter(|found| found.model != model)
            .or_else(|| self.stem(provider, model))
    }

    /// The name of what a name without a price of its own is charged as.
    pub fn charged_name(&self, name: &Canonical) -> Option<Canonical> {
        let found = self.charged_as(&name.provider, &name.model)?;
        Some(Canonical {
            provider: found.provider.to_owned(),
            model: found.model.to_owned(),
        })
    }

    /// The catalogue's model that a name is a state of.
    fn stem<'a>(&'a self, provider: &str, model: &str) -> Option<Found<'a>> {
        let (card, spelling) = self.catalogue.resolve_spelled(Some(provider), model).ok()?;
        let is_its = spelling.is_of_a_state() && *card.provider == *provider;
        is_its.then(|| self.carded(card))
    }

    /// The model that usage of a name is counted as, where it is a state of one.
    pub fn counted_as(&self, provider: &str, model: &str) -> Option<&str> {
        Some(self.stem(provider, model)?.model)
    }

    /// A state of a model as it is charged, beneath what holds for its model; any other as it is.
    pub(super) fn as_charged<'a>(&'a self, found: Found<'a>) -> Found<'a> {
        if found.card.is_some() {
            return found;
        }
        let model = self.stem(found.provider, found.model);
        model.map_or(found, |model| Found {
            release: Release::of(found),
            ..model
        })
    }

    /// The release of a provider's model that a name is of, by the name that a price of its own has, or would have. Holds and
    /// records keep it, for it may have such a price by then.
    pub fn release(&self, provider: &str, model: &str) -> Option<String> {
        let model = unframed(model.trim());
        let (card, spelling) = self.spelled(provider, model)?;
        if !spelling.is_of_a_state() {
            return None;
        }
        let release = own(&card.provider, model).model;
        let known = self.own_state(&card.provider, &release);
        Some(known.map_or_else(|| one_spelling(release), |known| known.model.to_owned()))
    }

    /// The catalogue's model that a name means, by another name that sources use, too.
    fn spelled(&self, provider: &str, model: &str) -> Option<(&ModelCard, Spelling)> {
        let resolved = self.catalogue.resolve_spelled(Some(provider), model).ok();
        resolved.or_else(|| {
            let other = by_another_name(&self.catalogue, provider, model)?;
            let resolved = self
                .catalogue
                .resolve_spelled(Some(&other.provider), &other.model);
            resolved.ok()
        })
    }

    /// The names under which a price that an admin sets is kept: those of the model, or of the state that is named.
    pub fn names_to_set(&self, provider: &str, model: &str) -> Option<Canonical> {
        let found = self.find(Some(provider), model).ok()?;
        let is_listed = found.card.is_some();
        let release = is_listed.then(|| self.release(found.provider, model));
        Some(Canonical {
            provider: found.provider.to_owned(),
            model: release.flatten().unwrap_or_else(|| found.model.to_owned()),
        })
    }
}
