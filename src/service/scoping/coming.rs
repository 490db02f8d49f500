//! The prices as they will be once a change of them is made: what a name will mean then has to be in the scopes before.

use crate::core::name::Name;
use crate::core::price::Rates;
use crate::core::price_change::{PriceApplied, PriceHeldBack, PriceHistory, PriceProposal};
use crate::core::state::AppliedPrice;
use crate::idle::breathe;
use crate::pricing::book::{Applied, Imported, Override, PriceBook};
use jiff::Timestamp;
use std::sync::Arc;

/// The name of a price that is not made yet.
const COMING: &str = "coming";

/// Changes of prices that are about to be made.
#[derive(Clone, Debug, Default)]
pub struct Coming {
    overrides: Vec<Override>,
    applied: Vec<PriceApplied>,
    history: Vec<PriceHistory>,
}

impl Coming {
    /// What an admin sets, or takes away.
    pub fn of_an_admin(
        provider: &str,
        model: &str,
        rates: Option<&Rates>,
        effective_from: Timestamp,
    ) -> Self {
        let set = Override {
            provider: provider.to_owned(),
            model: model.to_owned(),
            rates: rates.cloned(),
            effective_from,
            version: COMING.to_owned(),
            reason: String::new(),
            actor: Name::new_static(COMING),
        };
        Self {
            overrides: vec![set],
            ..Self::default()
        }
    }

    /// What a refresh comes to, of models that the book does not know by that name: what others cost changes no name.
    pub fn of_a_refresh(
        book: &PriceBook,
        proposals: &[PriceProposal],
        history: &[PriceHistory],
    ) -> Self {
        let is_new = |provider: &str, model: &str| !book.is_listed(provider, model);
        let proposals = proposals.iter();
        let proposals = proposals.filter(|one| is_new(&one.provider, &one.model));
        let history = history.iter();
        let history = history.filter(|one| is_new(&one.provider, &one.model));
        Self {
            applied: proposals.filter_map(applied).collect(),
            history: history.cloned().collect(),
            ..Self::default()
        }
    }

    /// What sources say of times that are over.
    pub fn of_histories<'a>(history: impl Iterator<Item = &'a PriceHistory>) -> Self {
        Self {
            history: history.cloned().collect(),
            ..Self::default()
        }
    }

    /// What a person approves.
    pub fn of_a_review(change: &PriceHeldBack) -> Self {
        let applied = PriceApplied {
            provider: change.provider.clone(),
            model: change.model.clone(),
            rates: Arc::clone(&change.rates),
            effective_from: change.effective_from,
            status: change.status,
            apart: change.apart.clone(),
            rule: change.rule,
            quotes: Vec::new(),
        };
        Self {
            applied: vec![applied],
            ..Self::default()
        }
    }

    /// Makes the changes in a book.
    pub fn make(self, book: &mut PriceBook, now: Timestamp) {
        self.overrides.into_iter().for_each(|set| book.set(set));
        for price in self.applied {
            breathe();
            book.apply(Applied {
                version: COMING.to_owned(),
                price: AppliedPrice {
                    version: u64::MAX,
                    applied_at: now,
                    price: Arc::new(price),
                    review: None,
                },
            });
        }
        for history in self.history {
            book.import(Imported {
                version: COMING.to_owned(),
                history: Arc::new(history),
            });
        }
    }
}

fn applied(proposal: &PriceProposal) -> Option<PriceApplied> {
    let applying = proposal.apply.as_ref()?;
    Some(PriceApplied {
        provider: proposal.provider.clone(),
        model: proposal.model.clone(),
        rates: Arc::clone(&applying.rates),
        effective_from: proposal.effective_from,
        status: applying.status,
        apart: applying.apart.clone(),
        rule: applying.rule,
        quotes: Vec::new(),
    })
}
