//! Tokens, calls and cost on the wire.

use crate::core::count::counted;
use crate::core::policy::Limits;
use crate::core::quantity::Usd;
use crate::core::tally::Tally;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tokens, calls and cost; a part that does not matter is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Amounts {
    /// Tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<i64>,
    /// Calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<i64>,
    /// USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<Usd>,
}

impl Amounts {
    /// All three.
    pub const fn all(tally: Tally) -> Self {
        Self {
            tokens: Some(tally.tokens),
            requests: Some(tally.requests),
            cost_usd: Some(tally.cost),
        }
    }

    /// Those of a tally that are limited.
    pub fn limited(tally: Tally, limits: &Limits) -> Self {
        Self {
            tokens: limits.tokens.map(|_| tally.tokens),
            requests: limits.requests.map(|_| tally.requests),
            cost_usd: limits.cost.map(|_| tally.cost),
        }
    }

    /// The parts in words; "nothing" if there is none.
    pub fn words(&self) -> String {
        let parts = [
            self.cost_usd.map(|cost| format!("${cost}")),
            self.tokens.map(|tokens| counted(tokens, "token", "tokens")),
            self.requests
                .map(|requests| counted(requests, "request", "requests")),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() {
            "nothing".to_owned()
        } else {
            parts.join(", ")
        }
    }
}
