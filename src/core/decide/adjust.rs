//! Correcting what was recorded, by an event of its own.

use super::{Desk, Done, text};
use crate::core::command::Adjust;
use crate::core::event::{Event, UsageAdjusted};
use crate::core::quantity::{Counts, USD_MOST, Usd};
use crate::core::refusal::Refusal;
use rust_decimal::Decimal;

impl Desk<'_> {
    pub(super) fn adjust(&mut self, adjust: Adjust) -> Result<Done, Refusal> {
        let Adjust { adjusted, recorded } = adjust;
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
        if let Some((counts, cost)) = recorded {
            self.check_left(&counts, cost, &adjusted)?;
        }
        text::reason(
            self.stamp.reason.as_ref(),
            "expects the reason of the correction",
        )?;
        let counters = self.state.corrected(&adjusted);
        let done = self.conclude(Event::UsageAdjusted(Box::new(adjusted)));
        self.with_room_for_alerts(|desk| desk.raise_crossings(&counters));
        for (policy, key) in &counters {
            self.settle_meter(*policy, key);
        }
        Ok(done)
    }

    /// All corrections of one record together can't take away more than was recorded.
    fn check_left(
        &self,
        counts: &Counts,
        cost: Usd,
        adjusted: &UsageAdjusted,
    ) -> Result<(), Refusal> {
        let before = adjusted.record.and_then(|id| self.state.correction(id));
        let before = before.copied().unwrap_or_default();
        let all = before.and(&adjusted.correction);
        if (cost + all.cost).is_negative() {
            return Err(too_much("cost_usd", &(cost + before.cost).to_string()));
        }
        let (had, removed) = (counts.plus(&all.added).named(), all.removed.named());
        let left = counts.plus(&before.added).named();
        let gone = before.removed.named();
        for (place, (field, removed)) in removed.into_iter().enumerate() {
            if removed > had[place].1 {
                let left = left[place].1.saturating_sub(gone[place].1);
                return Err(too_much(field, &left.to_string()));
            }
        }
        Ok(())
    }
}

fn too_much(field: &str, left: &str) -> Refusal {
    let expects = match left {
        "0" => "expects nothing to be taken away: nothing of it is left of the record".to_owned(),
        left => format!("expects at least -{left}: no more of it is left of the record"),
    };
    Refusal::invalid(field, expects)
}
