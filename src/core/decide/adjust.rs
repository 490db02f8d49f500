//! Correcting what was recorded, by an event of its own.

use super::{Desk, Done, text};
use crate::core::event::{Event, UsageAdjusted};
use crate::core::quantity::USD_MOST;
use crate::core::refusal::Refusal;
use rust_decimal::Decimal;

impl Desk<'_> {
    pub(super) fn adjust(&mut self, adjusted: UsageAdjusted) -> Result<Done, Refusal> {
        text::name("provider", &adjusted.provider)?;
        text::name("model", &adjusted.model)?;
        text::context(&adjusted.context)?;
        super::record::check_not_future("occurred_at", adjusted.occurred, self.now)?;
        let correction = &adjusted.correction;
        for counts in [&correction.added, &correction.removed] {
            counts
                .within_bounds()
                .map_err(|field| Refusal::invalid(field, "expects at most 10^12 either way"))?;
        }
        if correction.cost.amount().abs() > Decimal::from(USD_MOST) {
            return Err(Refusal::invalid(
                "cost_usd",
                format!("expects at most {USD_MOST} dollars either way"),
            ));
        }
        if *correction == crate::core::usage::Correction::default() {
            return Err(Refusal::invalid(
                "cost_usd",
                "expects a change of the cost or of a count",
            ));
        }
        text::reason(
            self.stamp.reason.as_ref(),
            "expects the reason of the correction",
        )?;
        let own = adjusted.clone();
        let (facts, occurred) = (own.facts(), own.occurred);
        let done = self.conclude(Event::UsageAdjusted(adjusted));
        self.raise_crossings(&facts, occurred);
        let met = self.state.met(&facts);
        let counters = met.iter().filter_map(|id| {
            let state = self.state.policy(*id)?;
            Some((*id, state.meter_key(facts.context, occurred)))
        });
        for (policy, key) in counters.collect::<Vec<_>>() {
            self.settle_meter(policy, &key);
        }
        Ok(done)
    }
}
