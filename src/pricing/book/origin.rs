//! Where prices come from.

use crate::core::name::Name;
use crate::core::price::Rates;
use crate::core::price_change::{PastPrice, PriceHistory};
use crate::core::state::AppliedPrice;
use crate::pricing::catalogue::Catalogue;
use jiff::Timestamp;
use std::sync::Arc;

/// A price that an admin set, or took away again, from a time on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The provider, by any of its names.
    pub provider: String,
    /// The model; the catalogue need not know it.
    pub model: String,
    /// The rates; none takes away what was set before, and the price beneath holds again.
    pub rates: Option<Rates>,
    /// From when it holds.
    pub effective_from: Timestamp,
    /// The name of this state of the price, for records that are costed by it.
    pub version: String,
    /// Why it was set.
    pub reason: String,
    /// Who set it.
    pub actor: Name,
}

/// A price that sources made, or a person approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The name of this state of the price, for records that are costed by it.
    pub version: String,
    /// The price, with where it comes from.
    pub price: AppliedPrice,
}

impl Applied {
    /// What it costs.
    pub fn rates(&self) -> &Arc<Rates> {
        &self.price.price.rates
    }

    /// What each source said when it was applied, by name.
    pub(super) fn said(&self) -> Vec<(String, Arc<Rates>)> {
        let own = |rates: &Option<Arc<Rates>>| Arc::clone(rates.as_ref().unwrap_or(self.rates()));
        let quotes = self.price.price.quotes.iter();
        quotes
            .map(|quote| (quote.source.clone(), own(&quote.rates)))
            .collect()
    }
}

/// A source's prices of times that are over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The name of this state of the prices, for records that are costed by it.
    pub version: String,
    /// The prices.
    pub history: Arc<PriceHistory>,
}

/// Where a price comes from.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// The catalogue.
    Bundled {
        /// Which.
        catalogue: &'a Catalogue,
        /// Until when it holds, where another of the catalogue's follows.
        until: Option<Timestamp>,
    },
    /// Sources, or a person who approved what they say.
    Applied(&'a Applied),
    /// A source's word for a time that is over.
    Imported {
        /// All that it says of the model.
        imported: &'a Imported,
        /// What it says of that time.
        past: &'a PastPrice,
        /// The same, laid over the nearest price that is known whole.
        whole: &'a Rates,
    },
    /// An admin.
    Override {
        /// What was set.
        set: &'a Override,
        /// Until when it holds, where another override or its removal ends it.
        until: Option<Timestamp>,
    },
}
