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
        if let Some(Value::String(field)) = self.details.get_mut("field") {
            *field = format!("{place}.{field}");
        }
        self.message = format!("{place}.{}", self.message);
        self
    }

    /// An argument that can't be taken: which one, and what it expects.
    pub fn invalid(field: &str, expects: impl fmt::Display) -> Self {
        Self::new(Code::InvalidArgument, format!("{field}: {expects}")).with("field", field)
    }

    /// Nothing has that id or name.
    pub fn not_found(what: &str, id: impl fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("there is no {what} {id}")).with(what, id.to_string())
    }

    /// The store can't serve now; nothing was written.
    pub fn unavailable(why: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, why)
    }
}
