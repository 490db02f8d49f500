//! Why something was not done, in the same words on every face.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// The stable kind of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// An argument is missing, malformed or out of its bounds.
    InvalidArgument,
    /// Nothing has that id or name.
    NotFound,
    /// It contradicts what is already recorded.
    Conflict,
    /// A hard limit has no room for it.
    BudgetExceeded,
    /// The caller's role or fixed context forbids it.
    PermissionDenied,
    /// The model has no price.
    PriceUnknown,
    /// The allocation has ended.
    AllocationClosed,
    /// The store can't serve now.
    Unavailable,
}

impl Code {
    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::BudgetExceeded => "budget_exceeded",
            Self::PermissionDenied => "permission_denied",
            Self::PriceUnknown => "price_unknown",
            Self::AllocationClosed => "allocation_closed",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A refusal: its code, a sentence that says what to do next, and details for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Refusal {
    /// The stable kind.
    pub code: Code,
    /// What is wrong and what to do next.
    pub message: String,
    /// Values for programs, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl Refusal {
    /// A refusal without details.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Map::new(),
        }
    }

    /// The same with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The same about a part of a larger argument, `records[3]` say.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        let field = self.details.get("field").and_then(Value::as_str);
        let says_it = field.is_some_and(|field| {
            let rest = self.message.strip_prefix(field);
            rest.is_some_and(|rest| rest.starts_with(": "))
        });
        let whole = field.map_or_else(|| place.to_owned(), |field| format!("{place}.{field}"));
        self.message = if says_it {
            format!("{place}.{}", self.message)
        } else {
            format!("{place}: {}", self.message)
        };
        self.with("field", whole)
    }

    /// An argument that can't be taken: which one, and what it expects.
    pub fn invalid(field: &str, expects: impl fmt::Display) -> Self {
        Self::new(Code::InvalidArgument, format!("{field}: {expects}")).with("field", field)
    }

    /// Nothing has that id or name.
    pub fn not_found(what: &str, id: impl fmt::Display) -> Self {
        let id = clipped(&id.to_string());
        let sentence = format!("{what} {id}");
        Self::none_such(what, id, sentence)
    }

    /// Nothing of that id or name is as it has to be: what there is none of, in words.
    pub fn none_such(what: &str, id: impl fmt::Display, words: impl fmt::Display) -> Self {
        let id = clipped(&id.to_string());
        Self::new(Code::NotFound, format!("there is no {words}")).with(what, id)
    }

    /// The store can't serve now; nothing was written.
    pub fn unavailable(why: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, why)
    }
}

/// At most 100 characters: what a caller gives may be of any length, and its echo helps nobody.
pub fn clipped(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_larger_argument_is_named_with_its_place() {
        let wrong = Refusal::invalid("model", "is missing").within("records[1]");
        assert_eq!(wrong.message, "records[1].model: is missing");
        assert_eq!(wrong.details["field"], "records[1].model");
        let missing = Refusal::not_found("allocation", "all-77").within("records[1]");
        assert_eq!(missing.message, "records[1]: there is no allocation all-77");
        assert_eq!(missing.details["field"], "records[1]");
        let fixed = Refusal::new(Code::PermissionDenied, "this client's project is fixed")
            .with("field", "project")
            .within("allocation_id");
        assert_eq!(
            fixed.message,
            "allocation_id: this client's project is fixed"
        );
        assert_eq!(fixed.details["field"], "allocation_id.project");
        let twice = missing.within("batch");
        assert_eq!(
            twice.message,
            "batch.records[1]: there is no allocation all-77"
        );
    }

    #[test]
    fn what_is_not_as_it_has_to_be_is_named_for_programs_by_its_id_alone() {
        let seen = Refusal::none_such("alert", "alt-9", "alert alt-9 that is not resolved");
        assert_eq!(seen.message, "there is no alert alt-9 that is not resolved");
        assert_eq!(seen.details["alert"], "alt-9");
    }

    #[test]
    fn a_long_name_that_is_not_found_is_cut() {
        let refusal = Refusal::not_found("budget", "ü".repeat(100_000));
        assert!(refusal.message.len() < 300);
        assert!(refusal.details["budget"].as_str().unwrap().len() < 300);
    }
}
