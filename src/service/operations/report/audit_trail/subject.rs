//! What an event is about.

use crate::core::alert::AlertCause;
use crate::core::event::Event;
use crate::core::id::{AlertId, AllocationId, ChangeId, IncreaseId, RecordId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, EnumAccess, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Every kind of event.
pub(crate) static KINDS: [&str; 21] = [
    "usage_recorded",
    "usage_adjusted",
    "allocation_made",
    "allocation_extended",
    "allocation_ended",
    "budget_saved",
    "budget_archived",
    "policy_saved",
    "policy_removed",
    "alert_raised",
    "alert_acknowledged",
    "alert_resolved",
    "increase_requested",
    "increase_reviewed",
    "price_overridden",
    "price_applied",
    "price_held_back",
    "price_reviewed",
    "price_change_dropped",
    "price_history_imported",
    "source_reported",
];

/// The kind of an event, as the audit trail is asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct EventKind(pub(crate) &'static str);

impl JsonSchema for EventKind {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("EventKind")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": KINDS })
    }
}

impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_enum("EventKind", &KINDS, ReadKind)
    }
}

struct ReadKind;

impl<'de> Visitor<'de> for ReadKind {
    type Value = EventKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the kind of an event")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, kind: A) -> Result<EventKind, A::Error> {
        let (name, rest): (String, _) = kind.variant()?;
        rest.unit_variant()?;
        let known = KINDS.into_iter().find(|known| **known == *name);
        known
            .map(EventKind)
            .ok_or_else(|| de::Error::unknown_variant(&name, &KINDS))
    }
}

/// The ids that an event is about, its own first; of a price `provider/model`.
pub(crate) fn subjects(sequence: u64, event: &Event) -> Vec<String> {
    match event {
        Event::UsageRecorded(recorded) => {
            let allocation = recorded.usage.allocation.map(|id| id.to_string());
            std::iter::once(RecordId(sequence).to_string())
                .chain(allocation)
                .collect()
        }
        Event::UsageAdjusted(adjusted) => {
            let record = adjusted.record.map(|id| id.to_string());
            std::iter::once(RecordId(sequence).to_string())
                .chain(record)
                .collect()
        }
        Event::AllocationMade(_) => vec![AllocationId(sequence).to_string()],
        Event::AllocationExtended(extended) => vec![extended.allocation.to_string()],
        Event::AllocationEnded(ended) => vec![ended.allocation.to_string()],
        Event::BudgetSaved {
            budget, policies, ..
        } => {
            let policies = policies.iter().map(|policy| policy.id.to_string());
            std::iter::once(budget.id.to_string())
                .chain(policies)
                .collect()
        }
        Event::BudgetArchived { budget } => vec![budget.to_string()],
        Event::PolicySaved { budget, policy, .. } => {
            vec![policy.id.to_string(), budget.to_string()]
        }
        Event::PolicyRemoved { budget, policy } => vec![policy.to_string(), budget.to_string()],
        Event::AlertRaised { cause, .. } => {
            let mut ids = vec![AlertId(sequence).to_string()];
            ids.extend(of_cause(cause));
            ids
        }
        Event::AlertAcknowledged { alert, .. } | Event::AlertResolved { alert } => {
            vec![alert.to_string()]
        }
        Event::IncreaseRequested { budget, policy, .. } => vec![
            IncreaseId(sequence).to_string(),
            policy.to_string(),
            budget.to_string(),
        ],
        Event::IncreaseReviewed { increase, .. } => vec![increase.to_string()],
        Event::PriceOverridden {
            provider, model, ..
        } => vec![format!("{provider}/{model}")],
        Event::PriceApplied(price) => vec![format!("{}/{}", price.provider, price.model)],
        Event::PriceHeldBack(change) => vec![
            ChangeId(sequence).to_string(),
            format!("{}/{}", change.provider, change.model),
        ],
        Event::PriceReviewed {
            change,
            provider,
            model,
            ..
        }
        | Event::PriceChangeDropped {
            change,
            provider,
            model,
            ..
        } => vec![change.to_string(), format!("{provider}/{model}")],
        Event::PriceHistoryImported(history) => {
            vec![format!("{}/{}", history.provider, history.model)]
        }
        Event::SourceReported(report) => vec![report.source.clone()],
    }
}

fn of_cause(cause: &AlertCause) -> Vec<String> {
    let mut ids = match cause {
        AlertCause::AllocationOverrun { allocation } => vec![allocation.to_string()],
        AlertCause::IncreaseRequested { increase, .. } => vec![increase.to_string()],
        AlertCause::PriceHeldBack {
            change,
            provider,
            model,
        } => vec![change.to_string(), format!("{provider}/{model}")],
        AlertCause::CostUnknown {
            provider, model, ..
        } => vec![format!("{provider}/{model}")],
        AlertCause::SourceFailed { source } | AlertCause::SourceOutvoted { source } => {
            vec![source.clone()]
        }
        _ => Vec::new(),
    };
    if let Some((budget, policy)) = cause.policy() {
        ids.extend([policy.to_string(), budget.to_string()]);
    }
    ids
}

/// The first event that can be about a subject: an id that is a sequence is of nothing before it.
pub(crate) fn first_about(subject: &str) -> u64 {
    let sequence = None
        .or_else(|| subject.parse().ok().map(|RecordId(sequence)| sequence))
        .or_else(|| subject.parse().ok().map(|AllocationId(sequence)| sequence))
        .or_else(|| subject.parse().ok().map(|AlertId(sequence)| sequence))
        .or_else(|| subject.parse().ok().map(|IncreaseId(sequence)| sequence))
        .or_else(|| subject.parse().ok().map(|ChangeId(sequence)| sequence));
    sequence.unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_those_of_the_events() {
        let unknown = serde_json::json!({ "unheard_of": {} });
        let error = serde_json::from_value::<Event>(unknown).unwrap_err();
        let known: Vec<_> = KINDS.iter().map(|kind| format!("`{kind}`")).collect();
        let expected = format!("expected one of {}", known.join(", "));
        assert!(error.to_string().contains(&expected), "{error}");
    }

    #[test]
    fn nothing_is_about_an_event_before_it() {
        assert_eq!(first_about("all-7"), 7);
        assert_eq!(first_about("alt-0"), 1);
        assert_eq!(first_about("bud-7"), 1);
        assert_eq!(first_about("my request"), 1);
    }
}
