//! A hold on tokens and cost.

use super::charge::ModelRef;
use super::context::Context;
use super::id::AllocationId;
use super::name::Name;
use super::price::ServiceTier;
use super::tally::Tally;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where an allocation is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllocationStatus {
    /// It holds.
    Held,
    /// A final posting ended it.
    Closed,
    /// Its time ran out.
    Expired,
    /// It was given back.
    Released,
}

/// A hold on tokens and cost for a context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Its id.
    pub id: AllocationId,
    /// The model it is for, as far as it is known.
    pub model: ModelRef,
    /// How that is to be served.
    #[serde(default, skip_serializing_if = "ServiceTier::is_standard")]
    pub service_tier: ServiceTier,
    /// Who and what it is for.
    pub context: Context,
    /// Everything that it was ever given.
    pub granted: Tally,
    /// What it still holds.
    pub remaining: Tally,
    /// What was posted to it.
    pub posted: Tally,
    /// Where it is in its life.
    pub status: AllocationStatus,
    /// When it was made.
    #[serde(with = "super::time")]
    pub created: Timestamp,
    /// When its time runs out.
    #[serde(with = "super::time")]
    pub expires: Timestamp,
    /// Who made it.
    pub actor: Name,
}
