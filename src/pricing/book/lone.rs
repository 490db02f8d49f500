//! How many models are known by one source's word alone: a list that invents names by the ten thousand is to fill no memory.

use super::PriceBook;
use super::layers::Layers;
use crate::core::price::PriceStatus;
use crate::idle::breathe;
use std::collections::BTreeMap;

impl PriceBook {
    /// How many models that the catalogue does not know have a price by each source's word alone, by source.
    pub fn lone_words(&self) -> BTreeMap<String, usize> {
        let mut words = BTreeMap::new();
        for source in self.unlisted().into_iter().filter_map(Layers::lone_speaker) {
            *words.entry(source.to_owned()).or_default() += 1;
        }
        words
    }

    /// How many models that the catalogue does not know each source has told the past of, by source.
    pub fn lone_histories(&self) -> BTreeMap<String, usize> {
        let mut words = BTreeMap::new();
        for source in self.unlisted().into_iter().flat_map(Layers::historians) {
            *words.entry(source.to_owned()).or_default() += 1;
        }
        words
    }

    fn unlisted(&self) -> Vec<&Layers> {
        let mut unlisted = Vec::new();
        for (provider, own) in &*self.changed {
            for (model, layers) in &own.models {
                breathe();
                if !self.is_listed(provider, model) {
                    unlisted.push(&**layers);
                }
            }
        }
        unlisted
    }
}

impl Layers {
    /// The source by whose word alone the last price was applied.
    fn lone_speaker(&self) -> Option<&str> {
        let price = &self.last_applied()?.price.price;
        let first = price.quotes.iter().find(|one| one.is_heard())?;
        (price.status == PriceStatus::SingleSource).then_some(&*first.source)
    }
}
