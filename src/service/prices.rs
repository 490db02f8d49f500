//! The price book that the state's overrides make of the catalogue.

use crate::core::state::State;
use crate::pricing::book::{Override, PriceBook};
use std::sync::{Arc, PoisonError, RwLock};

/// The present price book; made anew when an admin has set a price.
pub struct Prices(RwLock<(u64, Arc<PriceBook>)>);

impl Prices {
    /// The prices that hold in a state.
    pub fn of(state: &State) -> Self {
        Self(RwLock::new((state.prices_set(), Arc::new(book(state)))))
    }

    /// The prices that hold in a state that may have moved on.
    pub fn current(&self, state: &State) -> Arc<PriceBook> {
        let last = state.prices_set();
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if known.0 == last {
                return Arc::clone(&known.1);
            }
        }
        let fresh = Arc::new(book(state));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (last, Arc::clone(&fresh));
        fresh
    }
}

fn book(state: &State) -> PriceBook {
    let mut book = PriceBook::default();
    for (provider, model, versions) in state.overrides() {
        for set in versions {
            book.set(Override {
                provider: provider.to_owned(),
                model: model.to_owned(),
                rates: set.rates.clone(),
                effective_from: set.effective_from,
                version: format!("override-{}", set.version),
                reason: set.reason.clone().unwrap_or_default(),
            });
        }
    }
    book
}
