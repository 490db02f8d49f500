//! The models of a provider that are those of a region, and of a maker.

use super::PriceBook;
use crate::pricing::identity::without_region;

impl PriceBook {
    /// The provider's names of a model in regions where it has prices of its own.
    pub fn regional(&self, provider: &str, model: &str) -> Vec<String> {
        // All of Bedrock's names have the maker in front, with a dot.
        if !model.contains('.') {
            return Vec::new();
        }
        let model = self.model_meant(Some(provider), model).unwrap_or(model);
        let regional =
            |name: &&str| without_region(name).is_some_and(|rest| rest.eq_ignore_ascii_case(model));
        let regional = self.names_of(provider).filter(regional);
        regional.map(str::to_owned).collect()
    }

    /// Whether the provider has models with that maker in front of their names, with a dot.
    pub fn has_maker(&self, provider: &str, maker: &str) -> bool {
        let is_makers = |name: &str| {
            let own = name.split_once('.');
            own.is_some_and(|(own, _)| own.eq_ignore_ascii_case(maker))
        };
        self.names_of(provider).any(is_makers)
    }

    fn names_of(&self, provider: &str) -> impl Iterator<Item = &str> {
        let listed = self.catalogue.cards_of_provider(provider).iter();
        let changed = self.changed.get(provider).into_iter();
        let changed = changed.flat_map(|own| own.models.keys().map(|name| &**name));
        listed.map(|card| &*card.model).chain(changed)
    }
}
