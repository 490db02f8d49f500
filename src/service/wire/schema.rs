//! Schemas of the core's types, as every client reads them, and instants.

use crate::core::context::Priority;
use crate::core::id::{AlertId, AllocationId, BudgetId, ChangeId, IncreaseId, PolicyId, RecordId};
use crate::core::quantity::Usd;
use crate::core::scope::Values;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

macro_rules! schema {
    ($($type:ty: $name:literal => { $($body:tt)* })*) => {$(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ $($body)* })
            }
        }
    )*};
}

schema! {
    Usd: "Usd" => { "type": "string" }
    BudgetId: "BudgetId" => { "type": "string" }
    PolicyId: "PolicyId" => { "type": "string" }
    AllocationId: "AllocationId" => { "type": "string" }
    RecordId: "RecordId" => { "type": "string" }
    AlertId: "AlertId" => { "type": "string" }
    ChangeId: "ChangeId" => { "type": "string" }
    IncreaseId: "IncreaseId" => { "type": "string" }
    Priority: "Priority" => { "type": "integer", "minimum": 1, "maximum": 10 }
    Values: "Values" => { "type": ["string", "array"], "items": { "type": "string" } }
    Instant: "Instant" => { "type": "string", "format": "date-time" }
    Share: "Share" => { "type": "number" }
}

/// An instant on the wire: RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Instant(pub Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_str(ReadInstant)
    }
}

struct ReadInstant;

impl Visitor<'_> for ReadInstant {
    type Value = Instant;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date and time with its offset, such as \"2026-05-01T12:30:00Z\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Instant, E> {
        text.parse()
            .map(Instant)
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl Instant {
    /// The instant, to the microsecond that the ledger keeps.
    pub fn time(self) -> Timestamp {
        crate::core::time::to_microsecond(self.0)
    }
}

/// A share of a whole on the wire: a number, 1 for all of it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(pub f64);
