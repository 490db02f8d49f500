//! Whose models a provider has.

use super::PriceBook;

impl PriceBook {
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
