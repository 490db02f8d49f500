//! A model by one of its names, with what is known of its price.

use super::layers::Layers;
use super::{Origin, Price, PriceBook};
use crate::pricing::catalogue::{ModelCard, Spelling, Unresolved, provider};
use crate::pricing::identity::{
    by_alias, by_another_name, framed_names, frames_owner, framing_seller, may_be_framed, unframed,
};

/// A model, with what is known of its price.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) provider: &'a str,
    pub(super) model: &'a str,
    pub(super) card: Option<&'a ModelCard>,
    pub(super) layers: Option<&'a Layers>,
    /// The state that was asked for, where something of its own price has changed: it is counted as its model all the same, so
    /// that budgets and reports of the model cover it.
    pub(super) release: Option<Release<'a>>,
}

/// A state of a model, and what has changed of its price.
#[derive(Clone, Copy)]
pub(super) struct Release<'a> {
    pub(super) name: &'a str,
    pub(super) layers: &'a Layers,
}

impl<'a> Release<'a> {
    pub(super) fn of(found: Found<'a>) -> Option<Self> {
        Some(Self {
            name: found.model,
            layers: found.layers?,
        })
    }
}

impl<'a> Found<'a> {
    /// A model that the catalogue does not know.
    pub(super) const fn unlisted(provider: &'a str, model: &'a str, layers: &'a Layers) -> Self {
        Self {
            provider,
            model,
            card: None,
            layers: Some(layers),
            release: None,
        }
    }

    /// Whether sources or admins gave it a price.
    pub(super) fn is_priced(&self) -> bool {
        self.layers.is_some_and(Layers::is_priced)
    }

    /// Whether a quorum or an admin gave it a price.
    pub(super) fn is_confirmed(&self) -> bool {
        self.layers.is_some_and(Layers::is_confirmed)
    }

    /// Whether it has a price of its own beneath what admins set.
    pub(super) fn has_a_price(&self) -> bool {
        let applied = || self.layers.and_then(Layers::first_applied);
        self.card.is_some() || applied().is_some()
    }

    /// The price of an origin; none of an override that takes prices away.
    pub(super) fn price(&self, origin: Origin<'a>) -> Option<Price<'a>> {
        Price::of(self.provider, self.model, self.card, origin)
    }

    /// The same of an origin that is its release's own.
    pub(super) fn own_price(&self, origin: Origin<'a>) -> Option<Price<'a>> {
        let price = self.price(origin)?;
        Some(Price {
            release: self.release.map(|release| release.name),
            ..price
        })
    }
}

impl PriceBook {
    /// A model by its canonical names, under which its changes are kept: what another provider of the same company charges
    /// for one of that name is not its price.
    pub(super) fn exact<'a>(&'a self, provider: &str, model: &str) -> Option<Found<'a>> {
        if let Ok(card) = self.catalogue.named(Some(provider), model) {
            return Some(self.carded(card));
        }
        let provider = provider::canonical(provider);
        let (provider, models) = self.changed.get_key_value(&*provider)?;
        let (model, layers) = models.named(model.trim())?;
        Some(Found::unlisted(provider, model, layers))
    }

    pub(super) fn carded<'a>(&'a self, card: &'a ModelCard) -> Found<'a> {
        Found {
            provider: &card.provider,
            model: &card.model,
            card: Some(card),
            layers: self.layers_of(&card.provider, &card.model),
            release: None,
        }
    }

    /// A model by its name, by its name as an API frames it, or by another name that sources use.
    pub(super) fn find<'a>(
        &'a self,
        provider: Option<&str>,
        model: &str,
    ) -> Result<Found<'a>, Unresolved> {
        let model = model.trim();
        let may_be_framed = may_be_framed(model);
        if may_be_framed && let Some(found) = self.find_framed(provider, model) {
            return Ok(found);
        }
        let framed = || may_be_framed.then(|| frames_owner(model)).flatten();
        let provider = provider.or_else(framed);
        let inner = if may_be_framed {
            unframed(model)
        } else {
            model
        };
        let named = match self.find_named(provider, model) {
            Err(Unresolved::Unknown) if inner != model => self.find_named(provider, inner),
            named => named,
        };
        match named {
            Err(unknown @ Unresolved::Unknown) => {
                let seller = provider.or_else(|| provider::owner(inner));
                let other = seller.and_then(|from| by_another_name(&self.catalogue, from, inner));
                let other = other.ok_or(unknown)?;
                self.find_named(Some(&other.provider), &other.model)
            }
            named => named,
        }
    }

    /// A model of the provider whose way it is to write its name so, where no other is named; and of a region, in a name that is
    /// framed with one. By an at sign alone one source's word is not enough to take a name from who has it else.
    fn find_framed<'a>(&'a self, provider: Option<&str>, model: &str) -> Option<Found<'a>> {
        let framing = framing_seller(model)?;
        let seller = provider.unwrap_or(framing);
        let verbatim = std::iter::once(model.to_owned());
        let mut names = verbatim.chain(framed_names(model));
        let found = names.find_map(|name| self.find_named(Some(seller), &name).ok());
        let is_said = provider.is_some() || frames_owner(model).is_some();
        found.filter(|found| is_said || found.card.is_some() || found.is_confirmed())
    }

    pub(super) fn find_named<'a>(
        &'a self,
        provider: Option<&str>,
        model: &str,
    ) -> Result<Found<'a>, Unresolved> {
        // The company's own alias is meant before another's very name, be it of the same company.
        let own = by_alias(provider, model);
        let own = own.map(|own| self.find_named(Some(&own.provider), &own.model));
        if let Some(Ok(found)) = own {
            return Ok(found);
        }
        let listed = self.catalogue.resolve_spelled(provider, model);
        let listed = listed.map(|(card, spelling)| (self.listed(card, spelling, model), spelling));
        let Some(asked) = provider else {
            return self.of_anyone(model, listed);
        };
        match listed {
            Ok((found, spelling)) if spelling.is_of_a_state() => {
                let known = self.only_changed(Some(asked), model)?;
                let is_anothers =
                    |known: &Found<'_>| known.provider != found.provider && known.is_priced();
                Ok(known.filter(is_anothers).unwrap_or(found))
            }
            Ok((found, _)) => Ok(found),
            Err(unknown) => self.only_changed(Some(asked), model)?.ok_or(unknown),
        }
    }

    /// The catalogue's model, with what has changed of the price of the state that a name of it is of.
    pub(super) fn listed<'a>(
        &'a self,
        card: &'a ModelCard,
        spelling: Spelling,
        model: &str,
    ) -> Found<'a> {
        let is_state = spelling.is_of_a_state();
        let state = is_state.then(|| self.own_state(&card.provider, model));
        Found {
            release: state.flatten().and_then(Release::of),
            ..self.carded(card)
        }
    }

    pub(super) fn layers_of(&self, provider: &str, model: &str) -> Option<&Layers> {
        let layers = self.changed.get(provider)?.models.get(model)?;
        Some(layers)
    }
}
