//! Schemas of the core's types, as every client reads them, and instants.

use crate::core::alert::{AlertKind, Severity};
use crate::core::allocation::AllocationStatus;
use crate::core::context::Priority;
use crate::core::decide::TTL_MOST;
use crate::core::id::{AlertId, AllocationId, BudgetId, ChangeId, IncreaseId, PolicyId, RecordId};
use crate::core::price::ServiceTier;
use crate::core::quantity::Usd;
use crate::core::scope::Values;
use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
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
    ServiceTier: "ServiceTier" => { "type": "string", "enum": ["standard", "batch", "flex", "priority"] }
    Priority: "Priority" => { "type": "integer", "minimum": 1, "maximum": 10 }
    Values: "Values" => { "type": "array", "items": { "type": "string" } }
    AlertKind: "AlertKind" => { "type": "string", "enum": [
        "threshold_warning", "threshold_action", "limit_exceeded", "overrun", "critical_bypass",
        "increase_requested", "cost_unknown", "price_changed", "price_held_back", "source_failed",
        "source_outvoted"
    ] }
    AllocationStatus: "AllocationStatus" => { "type": "string", "enum": ["held", "closed", "expired", "released"] }
    Severity: "Severity" => { "type": "string", "enum": ["info", "warning", "critical"] }
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

/// A whole number within bounds, which its schema and the refusal of another both name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Within<const LEAST: u64, const MOST: u64>(u64);

impl<const LEAST: u64, const MOST: u64> Within<LEAST, MOST> {
    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl<const LEAST: u64, const MOST: u64> JsonSchema for Within<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Owned(format!("Within{LEAST}To{MOST}"))
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

impl<'de, const LEAST: u64, const MOST: u64> Deserialize<'de> for Within<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_u64(ReadWithin)
    }
}

struct ReadWithin<const LEAST: u64, const MOST: u64>;

impl<const LEAST: u64, const MOST: u64> Visitor<'_> for ReadWithin<LEAST, MOST> {
    type Value = Within<LEAST, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {LEAST} to {MOST}")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        if (LEAST..=MOST).contains(&number) {
            Ok(Within(number))
        } else {
            Err(E::invalid_value(Unexpected::Unsigned(number), &self))
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}

/// How long a hold stands, in seconds.
pub type HoldSeconds = Within<1, { TTL_MOST.as_secs().cast_unsigned() }>;

impl HoldSeconds {
    /// The same as a duration.
    pub const fn duration(self) -> SignedDuration {
        SignedDuration::from_secs(self.0.cast_signed())
    }
}

/// Publishes fields as needed that the operation asks for itself, because the type shares them with others that do not.
pub fn needed(fields: &'static [&'static str]) -> impl Fn(&mut Schema) {
    move |schema| {
        let schema = schema.ensure_object();
        let required = schema
            .entry("required")
            .or_insert_with(|| Vec::<Value>::new().into());
        if let Value::Array(required) = required {
            required.extend(fields.iter().map(|field| Value::from(*field)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;

    /// Whether the schema lists the words that the type reads, and no other.
    fn lists<T: JsonSchema + DeserializeOwned>() {
        let schema = T::json_schema(&mut SchemaGenerator::default()).to_value();
        let words: Vec<_> = schema["enum"].as_array().unwrap().iter().collect();
        for word in &words {
            assert!(
                serde_json::from_value::<T>((*word).clone()).is_ok(),
                "{word}"
            );
        }
        let words: Vec<_> = words
            .iter()
            .map(|word| format!("`{}`", word.as_str().unwrap()))
            .collect();
        let Err(error) = serde_json::from_value::<T>("zzz".into()) else {
            panic!("zzz is read");
        };
        assert!(
            error
                .to_string()
                .ends_with(&format!("expected one of {}", words.join(", "))),
            "{error}"
        );
    }

    #[test]
    fn the_words_of_a_choice_are_those_that_are_read() {
        lists::<AlertKind>();
        lists::<AllocationStatus>();
        lists::<ServiceTier>();
        lists::<Severity>();
    }

    #[test]
    fn a_hold_may_stand_as_long_as_the_ledger_lets_it() {
        let read = |text: &str| serde_json::from_str::<HoldSeconds>(text);
        assert_eq!(read("1").unwrap().duration().as_secs(), 1);
        assert_eq!(read("2678400").unwrap().duration(), TTL_MOST);
        for wrong in ["0", "-1", "2678401", "1.5", "\"5\"", "null", "1e300"] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(
                error.contains("a whole number from 1 to 2678400"),
                "{error}"
            );
        }
    }
}
