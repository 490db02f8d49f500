//! The models of a provider that are those of a region.

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
        let listed = self.catalogue.cards_of_provider(provider).iter();
        let listed = listed.map(|card| &*card.model);
        let changed = self.changed.get(provider).into_iter();
        let changed = changed.flat_map(|own| own.models.keys().map(|name| &**name));
        let regional =
            |name: &&str| without_region(name).is_some_and(|rest| rest.eq_ignore_ascii_case(model));
        listed
            .chain(changed)
            .filter(regional)
            .map(str::to_owned)
            .collect()
    }
}
