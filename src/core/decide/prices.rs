//! Prices that an admin sets.

use super::{Desk, Done, text};
use crate::core::event::Event;
use crate::core::price::Rates;
use crate::core::refusal::Refusal;
use jiff::Timestamp;
use rust_decimal::Decimal;

/// The highest rate that is taken, in USD per million: a dollar a token.
pub(super) const RATE_MOST: i64 = 1_000_000;
/// The most decimal places of a rate.
pub(super) const RATE_SCALE: u32 = 9;

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
            check_rates(rates)?;
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

fn check_rates(rates: &Rates) -> Result<(), Refusal> {
    let tiers = std::iter::once(&rates.standard).chain(rates.service_tiers.values());
    let all = tiers.flat_map(|tier| {
        tier.rates.values().chain(
            tier.context_tiers
                .iter()
                .flat_map(|context| context.rates.values()),
        )
    });
    for rate in all {
        if rate.is_sign_negative() && !rate.is_zero() || *rate > Decimal::from(RATE_MOST) {
            return Err(Refusal::invalid(
                "rates",
                format!("expects each rate from 0 to {RATE_MOST} USD per million"),
            ));
        }
        if rate.normalize().scale() > RATE_SCALE {
            return Err(Refusal::invalid(
                "rates",
                format!("expects at most {RATE_SCALE} decimal places in a rate"),
            ));
        }
    }
    if rates.standard.rates.is_empty() {
        return Err(Refusal::invalid("rates", "expects at least one rate"));
    }
    Ok(())
}
