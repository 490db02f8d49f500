//! Asking for more.

use super::alert::MeterKey;
use super::id::{BudgetId, IncreaseId, PolicyId};
use super::name::Name;
use super::tally::Tally;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a request for more is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncreaseStatus {
    /// Nobody has answered.
    Open,
    /// It was granted.
    Granted,
    /// It was declined.
    Declined,
    /// Its window ended before anybody answered.
    Expired,
}

/// A request for more of one policy's window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Increase {
    /// Its id.
    pub id: IncreaseId,
    /// The budget.
    pub budget: BudgetId,
    /// The policy.
    pub policy: PolicyId,
    /// The counter that it is for; a grant is gone with it.
    pub meter: MeterKey,
    /// How much more.
    pub amount: Tally,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub actor: Name,
    /// When.
    #[serde(with = "super::time")]
    pub asked: Timestamp,
    /// Where it is in its life.
    pub status: IncreaseStatus,
    /// The answer, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
}

impl Increase {
    /// When it ends without an answer: with its window; none where that never ends.
    pub fn ends(&self) -> Option<Timestamp> {
        self.meter.ends()
    }
}

/// The answer to a request for more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who answered.
    pub actor: Name,
    /// When.
    #[serde(with = "super::time")]
    pub at: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
