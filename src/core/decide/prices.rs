//! Prices: what admins set, what a refresh came to, and what a person decides of what was held back.

mod refresh;
mod sources;
#[cfg(test)]
mod tests;

pub use refresh::CHANGES_MOST;

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
        } else if self.state.overrides_of(&provider, &model).is_empty() {
            return Err(Refusal::not_found(
                "override",
                format!("of {provider}/{model}"),
            ));
        }
        let answered = rates
            .as_ref()
            .and_then(|_| self.state.unknown_cost(&provider, &model));
        let done = self.conclude(Event::PriceOverridden {
            provider,
            model,
            rates,
            effective_from,
        });
        // Usage that the new price leaves in doubt raises it again.
        self.resolve(answered);
        Ok(done)
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
            return Err(Refusal::not_found(
                "change",
                format!("{change} that waits for review"),
            ));
        };
        let (provider, model) = (
            waiting.change.provider.clone(),
            waiting.change.model.clone(),
        );
        let alert = self.state.price_alert(change);
        let answered = if approved {
            self.state.unknown_cost(&provider, &model)
        } else {
            None
        };
        let done = self.conclude(Event::PriceReviewed {
            change,
            provider,
            model,
            approved,
        });
        self.resolve(alert.into_iter().chain(answered));
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
