//! The corrections that a changed price of the past offers, on the wire.

use crate::core::id::RecordId;
use crate::core::quantity::Usd;
use crate::service::repricing::Repriced;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many corrections are spelled out.
const NAMED_MOST: usize = 100;

/// A correction that adjust_usage would make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferedAdjustment {
    /// Record.
    pub record_id: RecordId,
    /// USD to add, or with a minus to take away.
    pub cost_usd: Usd,
}

/// What recorded usage would cost at the new price. Nothing was costed anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepricingView {
    /// How many records would cost something else.
    pub records: u64,
    /// What they cost as recorded, with corrections.
    pub recorded_cost_usd: Usd,
    /// What they would cost.
    pub repriced_cost_usd: Usd,
    /// How many can't be compared: what they were costed at is not known any more, or the new price does not name it all.
    pub not_comparable: u64,
    /// Whether everything recorded since was looked at.
    pub complete: bool,
    /// The first corrections, for adjust_usage.
    pub adjustments: Vec<OfferedAdjustment>,
    /// What to do.
    pub hint: String,
}

impl RepricingView {
    /// What there is to correct; none where there is nothing.
    pub fn of(repriced: &Repriced) -> Option<Self> {
        let records = repriced.differences.len();
        if records == 0 && repriced.unknown == 0 && repriced.complete {
            return None;
        }
        let adjustments = repriced.differences.iter().take(NAMED_MOST);
        let adjustments = adjustments.map(|(record, difference)| OfferedAdjustment {
            record_id: *record,
            cost_usd: *difference,
        });
        Some(Self {
            records: records as u64,
            recorded_cost_usd: repriced.recorded,
            repriced_cost_usd: repriced.repriced,
            not_comparable: repriced.unknown,
            complete: repriced.complete,
            adjustments: adjustments.collect(),
            hint: hint(repriced),
        })
    }
}

fn hint(repriced: &Repriced) -> String {
    let records = repriced.differences.len();
    let mut hint = format!(
        "{records} recorded usages would cost ${} in place of ${}",
        repriced.repriced, repriced.recorded
    );
    if records > 0 {
        let difference = repriced.repriced - repriced.recorded;
        hint.push_str(&format!(
            "; they keep their cost until adjust_usage corrects each by record_id and cost_usd, {difference} USD in all"
        ));
    }
    if records > NAMED_MOST {
        // One correction of them all would be made for no record, and so be offered again.
        hint.push_str(&format!(
            "; the first {NAMED_MOST} are listed: once they are made, get_price with corrections lists the next"
        ));
    }
    if repriced.unknown > 0 {
        hint.push_str(&format!(
            "; {} more can't be compared, for the price or the service tier that they were costed at is not known any more, or \
             the new price has no rate for a part of them",
            repriced.unknown
        ));
    }
    if !repriced.complete {
        hint.push_str("; later records were not looked at, for there are too many");
    }
    hint.push('.');
    hint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_compared_is_said() {
        let repriced = Repriced {
            differences: std::collections::BTreeMap::new(),
            recorded: Usd::ZERO,
            repriced: Usd::ZERO,
            unknown: 2,
            complete: true,
        };
        let view = RepricingView::of(&repriced).unwrap();
        assert_eq!(view.not_comparable, 2);
        assert!(
            view.hint.contains("2 more can't be compared"),
            "{}",
            view.hint
        );
    }
}
