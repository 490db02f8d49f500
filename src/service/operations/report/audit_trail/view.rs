//! An event on the wire.

use super::subject::subjects;
use crate::core::event::Recorded;
use crate::core::name::Name;
use crate::core::refusal::Refusal;
use crate::core::role::{Interface, Role};
use crate::service::wire::schema::Instant;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct EventView {
    /// Its place in the journal.
    pub sequence: u64,
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: Name,
    /// In which role.
    pub role: Role,
    /// Through which face; ledger for what follows from time.
    pub interface: Interface,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What happened.
    pub kind: String,
    /// The caller's id for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Name>,
    /// The ids that it is about.
    pub subjects: Vec<String>,
    /// Its content.
    pub event: Map<String, Value>,
}

impl EventView {
    /// An event on the wire.
    pub(crate) fn of(sequence: u64, recorded: Recorded) -> Result<Self, Refusal> {
        let kind = recorded.event.kind();
        let written = serde_json::to_value(&recorded.event);
        let written = written.map_err(|error| {
            Refusal::unavailable(format!(
                "event {sequence} can't be written as JSON: {error}"
            ))
        })?;
        Ok(Self {
            sequence,
            at: Instant(recorded.stamp.at),
            role: recorded.stamp.role,
            interface: recorded.stamp.interface,
            kind: kind.to_owned(),
            subjects: subjects(sequence, &recorded.event),
            event: content(written, kind),
            actor: recorded.stamp.actor,
            reason: recorded.stamp.reason,
            request_id: recorded.request.map(|request| request.id),
        })
    }
}

/// The fields of an event, which serde files under its kind.
fn content(written: Value, kind: &str) -> Map<String, Value> {
    let Value::Object(mut tagged) = written else {
        return Map::new();
    };
    match tagged.remove(kind) {
        Some(Value::Object(fields)) => fields,
        _ => tagged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::event::{Event, Request, Stamp};
    use crate::core::id::BudgetId;

    #[test]
    fn an_event_is_shown_with_its_circumstances() {
        let recorded = Recorded {
            stamp: Stamp {
                reason: Some("project over".to_owned()),
                ..Stamp::of_time("2026-05-01T00:00:00Z".parse().unwrap())
            },
            request: Some(Request::new("r1", b"content")),
            event: Event::BudgetArchived {
                budget: BudgetId(3),
            },
        };
        let view = serde_json::to_value(EventView::of(7, recorded).unwrap()).unwrap();
        let expected = serde_json::json!({
            "sequence": 7, "at": "2026-05-01T00:00:00Z", "actor": "ledger", "role": "admin",
            "interface": "ledger", "reason": "project over", "kind": "budget_archived",
            "request_id": "r1", "subjects": ["bud-3"], "event": {"budget": "bud-3"},
        });
        assert_eq!(view, expected);
    }
}
