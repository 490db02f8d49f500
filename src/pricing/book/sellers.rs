//! Who sells a model of a name: by the names whose prices were changed, beside the catalogue's own.

use super::unlisted::in_any_way;
use super::{Found, PriceBook};
use crate::core::usage::UNKNOWN_PROVIDER;
use crate::pricing::catalogue::{Spelling, Unresolved, provider, writings};
use crate::pricing::identity::{by_another_name, unframed};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The providers of each name that is not the catalogue's, states' too, by the name in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Sellers(FxHashMap<Arc<str>, SmallVec<[Arc<str>; 1]>>);

impl Sellers {
    pub(super) fn add(&mut self, provider: &str, model: &str) {
        let of_name = self.0.entry(model.to_ascii_lowercase().into()).or_default();
        if !of_name.iter().any(|known| **known == *provider) {
            of_name.push(provider.into());
        }
    }

    /// Those of a name, its date or `latest` written in any way, by name.
    fn of(&self, model: &str) -> SmallVec<[&str; 4]> {
        if self.0.is_empty() {
            return SmallVec::new();
        }
        let model = model.to_ascii_lowercase();
        let ways = writings(&model).into_iter();
        let mut sellers: SmallVec<[&str; 4]> = ways
            .filter_map(|way| self.0.get(&*way))
            .flatten()
            .map(|provider| &**provider)
            .collect();
        sellers.sort_unstable();
        sellers.dedup();
        sellers
    }
}

impl PriceBook {
    /// The providers that have a model of a name, in whatever way they write it.
    pub fn sellers_of(&self, model: &str) -> BTreeSet<String> {
        let model = unframed(model.trim());
        let listed = self.catalogue.providers_named(model).into_iter();
        let changed = self.sellers.of(model).into_iter();
        listed.chain(changed).map(str::to_owned).collect()
    }

    /// The models of a name that is not the catalogue's, whoever sells them; states are still apart from their models.
    pub(super) fn changed_named<'a>(&'a self, model: &str) -> Vec<Found<'a>> {
        let sellers = self.sellers.of(model).into_iter();
        let found = sellers.filter_map(|provider| {
            let (provider, models) = self.changed.get_key_value(provider)?;
            in_any_way(provider, models, model)
        });
        found.collect()
    }

    /// What a name means where no provider is named, beside what the catalogue says of it: a name that a quorum or an admin
    /// knows as it is is meant before a model that is found without its date or `latest`. What the catalogue has by that very
    /// name stays, and one source alone changes nothing.
    pub(super) fn of_anyone<'a>(
        &'a self,
        model: &str,
        listed: Result<(Found<'a>, Spelling), Unresolved>,
    ) -> Result<Found<'a>, Unresolved> {
        // Most names say whose they are, or are the catalogue's alone.
        if let Ok((found, _)) = &listed
            && is_whose(model, found.provider)
        {
            return Ok(*found);
        }
        if let Some(found) = self.confirmed_in_front(model) {
            return Ok(found);
        }
        if let Ok((found, _)) = &listed
            && self.sellers.of(model).is_empty()
        {
            return Ok(*found);
        }
        let mut sold = self.changed_named(model);
        sold.retain(|found| found.provider != UNKNOWN_PROVIDER && found.is_priced());
        match listed {
            Ok((found, _)) if sold.is_empty() => Ok(found),
            Ok((found, spelling)) => {
                sold.retain(Found::is_confirmed);
                if spelling.is_of_a_state() && !sold.is_empty() {
                    return self.one_of(model, &sold, Vec::new());
                }
                Ok(self.owners(model, &sold).unwrap_or(found))
            }
            Err(Unresolved::Ambiguous { providers }) => self.one_of(model, &sold, providers),
            Err(unknown) => self.only_changed(None, model)?.ok_or(unknown),
        }
    }

    /// The model of the provider in front of a name, which a quorum or an admin knows: it is meant before others that have the
    /// whole of the name.
    fn confirmed_in_front<'a>(&'a self, model: &str) -> Option<Found<'a>> {
        let (prefix, _) = model.split_once('/')?;
        let found = self.only_changed(Some(prefix), model).ok().flatten();
        let found = found.filter(Found::is_confirmed)?;
        Some(self.as_charged(found))
    }

    /// The one of several that a name means: that of the company whose name it is or that stands in front, or the only one.
    pub(super) fn one_of<'a>(
        &'a self,
        model: &str,
        sold: &[Found<'a>],
        mut others: Vec<String>,
    ) -> Result<Found<'a>, Unresolved> {
        if let Some(own) = self.owners(model, sold) {
            return Ok(own);
        }
        let in_front = || model.split_once('/').map(|(prefix, _)| prefix);
        if let Some(owner) = provider::owner(model).or_else(in_front) {
            let other = by_another_name(&self.catalogue, owner, model);
            let found = other.map(|other| self.find_named(Some(&other.provider), &other.model));
            if let Some(Ok(found)) = found {
                return Ok(found);
            }
        }
        if let ([one], []) = (sold, &*others) {
            return Ok(self.as_charged(*one));
        }
        others.extend(sold.iter().map(|found| found.provider.to_owned()));
        others.sort_unstable();
        others.dedup();
        Err(Unresolved::Ambiguous { providers: others })
    }
}

impl PriceBook {
    /// The one of several that is of the company whose name it is.
    fn owners<'a>(&'a self, model: &str, sold: &[Found<'a>]) -> Option<Found<'a>> {
        let mut own = provider::named(provider::owner(model)?).into_iter();
        let own = own.find_map(|own| sold.iter().find(|found| *found.provider == *own));
        own.map(|own| self.as_charged(*own))
    }
}

/// Whether a name says that it is a seller's: by the company's names for its own models, or by the provider in front.
fn is_whose(model: &str, seller: &str) -> bool {
    let owner = provider::owner(model);
    let in_front = model.split_once('/').map(|(prefix, _)| prefix);
    let mut named = owner.into_iter().chain(in_front).flat_map(provider::named);
    named.any(|name| *name == *seller)
}
