//! Prices that an admin sets.

use super::{Desk, Done, text};
use crate::core::event::Event;
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
        } else if !self
            .state
            .overrides()
            .any(|(own, of, _)| own == provider && of == model)
        {
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
}
