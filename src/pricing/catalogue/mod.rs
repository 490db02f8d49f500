//! The models that are known, and what they cost.
//!
//! The catalogue that comes with the program is one JSON file of our own format ([`format`]), made by
//! [`crate::pricing::bundle`] from public price data and kept in the repository with its date and sources.

pub mod card;
pub mod format;
pub mod provider;
mod resolve;
pub mod search;
mod spelling;
pub mod tier;

pub use card::{Capabilities, DailyRates, DatedRates, Mode, ModelCard, Quote};
pub use resolve::Unresolved;
pub use search::{Candidate, Search, Sort};
pub use spelling::{Spelling, day_of_state, parted, spellings, writings};

use jiff::Timestamp;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::{Arc, LazyLock};

/// Where prices were taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name and version.
    pub name: Box<str>,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// How much its word counts.
    pub weight: Decimal,
}

/// The models that are known. It never changes; share it by [`Arc`].
#[derive(Debug, Default)]
pub struct Catalogue {
    version: Box<str>,
    date: Timestamp,
    sources: Vec<Source>,
    cards: Vec<ModelCard>,
    by_name: FxHashMap<Box<str>, SmallVec<[u32; 2]>>,
}

static EMBEDDED: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
    // The file is part of the build and a test reads it whole, so this can't fail in a binary that passed.
    let read = Catalogue::from_json(include_str!("bundled.json"));
    Arc::new(read.unwrap_or_else(|error| {
        tracing::error!(%error, "the bundled catalogue can't be read; no model has a price");
        Catalogue::default()
    }))
});

impl Catalogue {
    /// The catalogue that came with the program; read at the first call.
    pub fn embedded() -> Arc<Self> {
        EMBEDDED.clone()
    }

    /// A catalogue of these cards; their order decides nothing.
    ///
    /// `version` is a short text such as `bundled-2026-11-24`, `date` the day that its prices are of.
    pub fn new(
        version: &str,
        date: Timestamp,
        sources: Vec<Source>,
        mut cards: Vec<ModelCard>,
    ) -> Self {
        cards.sort_unstable_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
        let mut by_name: FxHashMap<Box<str>, SmallVec<[u32; 2]>> = FxHashMap::default();
        by_name.reserve(cards.len());
        for (index, card) in (0_u32..).zip(&cards) {
            for name in std::iter::once(&card.model).chain(&card.aliases) {
                let known = by_name.entry(lower(name)).or_default();
                if !known.contains(&index) {
                    known.push(index);
                }
            }
        }
        Self {
            version: version.into(),
            date,
            sources,
            cards,
            by_name,
        }
    }

    /// The name of this state of the prices, for records that were costed by it.
    pub fn price_version(&self) -> &str {
        &self.version
    }

    /// The day that its prices are of.
    pub const fn date(&self) -> Timestamp {
        self.date
    }

    /// Where its prices were taken from.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Every card, by provider and model.
    pub fn cards(&self) -> &[ModelCard] {
        &self.cards
    }

    /// Every card of a mode, by provider and model.
    pub fn cards_of(&self, mode: Mode) -> impl Iterator<Item = &ModelCard> {
        self.cards.iter().filter(move |card| card.mode == mode)
    }

    /// Whether a provider, by the catalogue's name for it, has a model here.
    pub fn has_provider(&self, provider: &str) -> bool {
        !self.cards_of_provider(provider).is_empty()
    }

    /// The cards of a provider, by model.
    pub fn cards_of_provider(&self, provider: &str) -> &[ModelCard] {
        let place = |is_before: fn(&str, &str) -> bool| {
            self.cards
                .partition_point(|card| is_before(&card.provider, provider))
        };
        let (first, last) = (place(|own, of| own < of), place(|own, of| own <= of));
        self.cards.get(first..last).unwrap_or_default()
    }

    /// The cards of a name, in whatever case, by provider.
    fn cards_named(&self, name: &str) -> impl Iterator<Item = &ModelCard> + use<'_> {
        let known = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            self.by_name.get(&*lower(name))
        } else {
            self.by_name.get(name)
        };
        known
            .into_iter()
            .flatten()
            .filter_map(|index| self.cards.get(*index as usize))
    }
}

fn lower(name: &str) -> Box<str> {
    name.to_ascii_lowercase().into()
}
