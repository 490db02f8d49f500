//! Prices: what admins set, what a refresh came to, and what a person decides of what was held back.

mod past;
mod refresh;
mod sources;
#[cfg(test)]
mod tests;

pub use refresh::{
    CHANGES_MOST, PAST_MOST, QUOTES_MOST, check_correction, check_history, check_hold,
    check_proposal,
};

use super::{Desk, Done, text};
use crate::core::event::Event;
use crate::core::id::ChangeId;
use crate::core::price::Rates;
use crate::core::refusal::Refusal;
use jiff::Timestamp;

impl Desk<'_> {
    pub(super) fn override_price(
        &mut self,
        provider: String,
        model: String,
        rates: Option<Rates>,
        effective_from: Timestamp,
    ) -> Result<Done, Refusal> {
        check_names(&provider, &model)?;
        if let Some(rates) = &rates {
            check_rates(rates)?;
        } else if !self.has_override_after(&provider, &model, effective_from) {
            let name = format!("{provider}/{model}");
            let words = format!("override of {name}");
            return Err(Refusal::none_such("override", name, words));
        }
        let of = (provider.clone(), model.clone());
        let done = self.conclude(Event::PriceOverridden {
            provider,
            model,
            rates,
            effective_from,
        });
        self.answer_first_price(&of.0, &of.1);
        self.answer_others();
        Ok(done)
    }

    /// Whether a removal from a time on takes anything away that an earlier one had not taken away by then.
    fn has_override_after(&self, provider: &str, model: &str, from: Timestamp) -> bool {
        let set = self.state.overrides_of(provider, model).iter().rev();
        let mut not_removed =
            set.take_while(|known| known.rates.is_some() || known.effective_from > from);
        not_removed.any(|known| known.rates.is_some())
    }

    pub(super) fn review_price(
        &mut self,
        change: ChangeId,
        approved: bool,
    ) -> Result<Done, Refusal> {
        if !approved {
            text::reason(self.stamp.reason.as_ref(), "expects why it is rejected")?;
        }
        let Some(waiting) = self.state.waiting_price(change) else {
            let words = format!("change {change} that waits for review");
            return Err(Refusal::none_such("change", change, words));
        };
        let (provider, model) = (
            waiting.change.provider.clone(),
            waiting.change.model.clone(),
        );
        let is_first = waiting.change.present.is_none();
        let alert = self.state.price_alert(change);
        let done = self.conclude(Event::PriceReviewed {
            change,
            provider: provider.clone(),
            model: model.clone(),
            approved,
        });
        self.resolve(alert);
        if approved && is_first {
            self.answer_first_price(&provider, &model);
        } else if approved {
            self.answer_unknown_cost(&provider, &model);
        }
        Ok(done)
    }
}

fn check_names(provider: &str, model: &str) -> Result<(), Refusal> {
    text::name("provider", provider)?;
    text::name("model", model)
}

fn check_rates(rates: &Rates) -> Result<(), Refusal> {
    rates
        .check()
        .map_err(|(path, expects)| Refusal::invalid(&format!("rates.{path}"), expects))
}
