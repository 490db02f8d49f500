//! What one operation consumed and cost.

use super::charge::Facts;
use super::context::Context;
use super::id::AllocationId;
use super::name::Name;
use super::price::{ModelTier, ServiceTier};
use super::quantity::{Counts, Usd};
use super::tally::Tally;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The provider of a record whose model no price list knows, where the caller names none.
pub const UNKNOWN_PROVIDER: &str = "unknown";

/// Where a cost comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CostSource {
    /// Computed from the model's price.
    Catalogue,
    /// What the provider or the caller said.
    Reported,
    /// Nobody said and there is no price for it, or not for all of it: what has one is counted.
    Unknown,
}

/// What a usage cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// The amount; of an unknown cost the part that has a price.
    pub usd: Usd,
    /// Where it comes from.
    pub source: CostSource,
    /// The version of the price that it was costed at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_version: Option<Name>,
    /// What of an unknown cost has no price, where a part of it has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpriced: Vec<String>,
    /// Who all sells a model of that name, where the cost is not known because nobody said of whom it was bought.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sellers: Vec<String>,
}

/// A usage as it is handed in to be recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The provider.
    pub provider: Name,
    /// The model.
    pub model: Name,
    /// The release of the model that was named, which may have a price of its own; not known of records from before it was
    /// kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Name>,
    /// The name that was given for the model, where that is another than its own, be it a release's; not known of records from
    /// before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<Name>,
    /// The model's tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<ModelTier>,
    /// How urgently the provider served it, by which its price is found again; not known of records from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<ServiceTier>,
    /// Who and what it was for.
    pub context: Context,
    /// What it consumed.
    pub counts: Counts,
    /// What it cost.
    pub cost: Cost,
    /// When it happened.
    #[serde(with = "super::time")]
    pub occurred: Timestamp,
    /// The hold that it draws down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocation: Option<AllocationId>,
    /// Whether it is the last one of that hold.
    #[serde(default, rename = "final", skip_serializing_if = "std::ops::Not::not")]
    pub is_final: bool,
    /// Whatever else the caller wants kept.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Usage {
    /// What decides which budgets cover it.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            provider: Some(&self.provider),
            model: Some(&self.model),
            named: self.named.as_deref(),
            tier: self.tier,
            context: &self.context,
        }
    }

    /// What it adds to a counter.
    pub fn tally(&self) -> Tally {
        Tally::of(&self.counts, self.cost.usd)
    }
}

/// What a posting did to the hold that it named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Draw {
    /// It drew the hold down.
    Drawn {
        /// What it took.
        taken: Tally,
        /// What the hold has left.
        remaining: Tally,
        /// What a final posting gave back.
        released: Option<Tally>,
    },
    /// The hold had ended: the usage was recorded without it.
    Ended,
}

/// A change of what was recorded, in counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Correction {
    /// What is added.
    pub added: Counts,
    /// What is taken away.
    pub removed: Counts,
    /// The change of the cost, either way.
    pub cost: Usd,
}

impl Correction {
    /// This one and another together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            added: self.added.plus(&other.added),
            removed: self.removed.plus(&other.removed),
            cost: self.cost + other.cost,
        }
    }

    /// What it adds to a counter, either way.
    pub fn tally(&self) -> Tally {
        Tally::of(&self.added, self.cost) - Tally::of(&self.removed, Usd::ZERO)
    }
}
