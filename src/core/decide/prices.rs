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
        text::name("provider", &provider)?;
        text::name("model", &model)?;
        if let Some(rates) = &rates {
            let checked = rates.check();
            checked
                .map_err(|(path, expects)| Refusal::invalid(&format!("rates.{path}"), expects))?;
        } else if self.state.overrides_of(&provider, &model).is_empty() {
            return Err(Refusal::not_found(
                "override",
                format!("of {provider}/{model}"),
            ));
        }
        Ok(self.conclude(Event::PriceOverridden {
            provider,
            model,
            rates,
            effective_from,
        }))
    }

    pub(super) fn review_price(
        &mut self,
        change: ChangeId,
        approved: bool,
    ) -> Result<Done, Refusal> {
        let reasoned = self
            .stamp
            .reason
            .as_deref()
            .is_some_and(|reason| !reason.trim().is_empty());
        if !approved && !reasoned {
            return Err(Refusal::invalid("reason", "expects why it is rejected"));
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
        let done = self.conclude(Event::PriceReviewed {
            change,
            provider,
            model,
            approved,
        });
        if let Some(alert) = alert {
            self.follow(Event::AlertResolved { alert });
        }
        Ok(done)
    }
}
