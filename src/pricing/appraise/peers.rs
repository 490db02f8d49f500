//! What a model costs at other providers.

use crate::core::price::Rates;
use crate::pricing::book::PriceBook;
use crate::pricing::identity::Canonical;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The most prices of the same model at other providers that are looked at.
const PEERS_MOST: usize = 8;

/// What models of one name cost at each provider that has it.
pub(super) struct Peers<'a>(FxHashMap<String, Vec<(&'a str, Arc<Rates>)>>);

impl<'a> Peers<'a> {
    pub(super) fn of(book: &'a PriceBook) -> Self {
        let mut peers: FxHashMap<String, Vec<(&str, Arc<Rates>)>> = FxHashMap::default();
        for card in book.catalogue().cards() {
            let of_name = peers.entry(bare(&card.model)).or_default();
            of_name.push((&card.provider, Arc::clone(&card.rates)));
        }
        Self(peers)
    }

    pub(super) fn of_model(&self, model: &Canonical) -> Vec<Arc<Rates>> {
        let same = self.0.get(&bare(&model.model)).into_iter().flatten();
        same.filter(|(provider, _)| *provider != model.provider)
            .take(PEERS_MOST)
            .map(|(_, rates)| Arc::clone(rates))
            .collect()
    }
}

/// A model's name without whose it is: `anthropic/claude-x` and `claude-x` are peers.
fn bare(model: &str) -> String {
    let name = model.rsplit_once('/').map_or(model, |(_, name)| name);
    name.to_ascii_lowercase()
}
