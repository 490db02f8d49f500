//! Holds on the wire.

use super::amounts::Amounts;
use super::schema::Instant;
use crate::core::allocation::{Allocation, AllocationStatus};
use crate::core::context::Context;
use crate::core::id::AllocationId;
use crate::core::name::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AllocationView {
    /// Its id.
    pub allocation_id: AllocationId,
    /// Where it is in its life.
    pub status: AllocationStatus,
    /// Provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Name>,
    /// Model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Name>,
    /// Who and what it is for.
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub context: Context,
    /// Everything that it was given.
    pub granted: Amounts,
    /// What it still holds.
    pub remaining: Amounts,
    /// What was posted to it.
    pub posted: Amounts,
    /// When it was made.
    pub created_at: Instant,
    /// When its time runs out.
    pub expires_at: Instant,
    /// Who made it.
    pub actor: Name,
}

impl From<&Allocation> for AllocationView {
    fn from(allocation: &Allocation) -> Self {
        Self {
            allocation_id: allocation.id,
            status: allocation.status,
            provider: allocation.model.provider.clone(),
            model: allocation.model.model.clone(),
            context: allocation.context.clone(),
            granted: Amounts::all(allocation.granted),
            remaining: Amounts::all(allocation.remaining),
            posted: Amounts::all(allocation.posted),
            created_at: Instant(allocation.created),
            expires_at: Instant(allocation.expires),
            actor: allocation.actor.clone(),
        }
    }
}
