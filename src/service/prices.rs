//! The price book that the state's prices make of the catalogue.

use crate::core::state::State;
use crate::pricing::book::{Applied, Imported, Override, PriceBook};
use std::sync::{Arc, PoisonError, RwLock};

/// The present price book. It is brought up to date where events become visible, so that reading it never waits for that.
pub struct Prices(RwLock<(u64, Arc<PriceBook>)>);

impl Prices {
    /// The prices that hold in a state.
    pub fn of(state: &State) -> Self {
        let mut book = PriceBook::default();
        take(&mut book, state, 0);
        Self(RwLock::new((state.prices_set(), Arc::new(book))))
    }

    /// The prices that hold.
    pub fn current(&self) -> Arc<PriceBook> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&known.1)
    }

    /// Takes in what has changed since; the one writer calls it, readers go on with the book before meanwhile.
    pub fn catch_up(&self, state: &State) {
        let (since, known) = {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            (known.0, Arc::clone(&known.1))
        };
        let last = state.prices_set();
        if last == since {
            return;
        }
        let mut book = PriceBook::clone(&known);
        take(&mut book, state, since);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (last, Arc::new(book));
    }
}

/// The name that records keep of a price that sources made.
pub fn applied_version(sequence: u64) -> String {
    format!("price-{sequence}")
}

/// The name that records keep of a price that an admin set.
pub fn override_version(sequence: u64) -> String {
    format!("override-{sequence}")
}

/// The name that records keep of what a source says of a time that is over.
pub fn imported_version(source: &str, sequence: u64) -> String {
    format!("history-{source}-{sequence}")
}

fn take(book: &mut PriceBook, state: &State, since: u64) {
    for (provider, model) in state.prices_set_after(since) {
        for set in state.overrides_of(provider, model) {
            book.set(Override {
                provider: provider.to_owned(),
                model: model.to_owned(),
                rates: set.rates.clone(),
                effective_from: set.effective_from,
                version: override_version(set.version),
                reason: set.reason.clone().unwrap_or_default(),
                actor: set.actor.clone(),
            });
        }
        let Some(prices) = state.prices(provider, model) else {
            continue;
        };
        for price in &prices.applied {
            book.apply(Applied {
                version: applied_version(price.version),
                price: price.clone(),
            });
        }
        book.decline(provider, model, &prices.declined, &prices.declined_past);
        for imported in prices.history.values().flatten() {
            book.import(Imported {
                version: imported_version(&imported.history.source, imported.version),
                history: Arc::clone(&imported.history),
            });
        }
    }
}
