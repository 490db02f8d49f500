//! How many models are known by one source's word alone: a list that invents names by the ten thousand is to fill no memory.

use super::PriceBook;
use super::layers::Layers;
use crate::core::price::PriceStatus;
use crate::idle::breathe;
use std::collections::BTreeMap;

/// The most models of one source alone that its list names at a time. Six real lists of November 2026 had 3,232 together.
const LISTED_MOST: usize = 10_000;
/// The most of them that are kept, those among them that it names no more.
const KEPT_MOST: usize = 30_000;

/// How many models that the catalogue does not know one source alone knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lone {
    /// Those that its list names.
    listed: usize,
    /// All, those that it names no more too.
    kept: usize,
}

impl Lone {
    /// Takes in one more that is new, if there is room for it.
    pub const fn take(&mut self) -> bool {
        if self.listed >= LISTED_MOST || self.kept >= KEPT_MOST {
            return false;
        }
        self.listed += 1;
        self.kept += 1;
        true
    }

    fn add(&mut self, is_listed: bool) {
        self.kept += 1;
        self.listed += usize::from(is_listed);
    }
}

impl PriceBook {
    /// The models that have a price by each source's word alone, by source.
    pub fn lone_words(&self, is_named: impl Fn(&str, &str) -> bool) -> BTreeMap<String, Lone> {
        let mut lone: BTreeMap<String, Lone> = BTreeMap::new();
        self.each_unlisted(|provider, model, layers| {
            if let Some(source) = layers.lone_speaker() {
                let own = lone.entry(source.to_owned()).or_default();
                own.add(is_named(provider, model));
            }
        });
        lone
    }

    /// The models of which a source has told the past.
    pub fn lone_histories(&self, source: &str, is_named: impl Fn(&str, &str) -> bool) -> Lone {
        let mut lone = Lone::default();
        self.each_unlisted(|provider, model, layers| {
            if layers.imported_from(source).is_some() {
                lone.add(is_named(provider, model));
            }
        });
        lone
    }

    fn each_unlisted(&self, mut each: impl FnMut(&str, &str, &Layers)) {
        for (provider, own) in &*self.changed {
            for (model, layers) in &own.models {
                breathe();
                if !self.is_listed(provider, model) {
                    each(provider, model, layers);
                }
            }
        }
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
