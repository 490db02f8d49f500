//! The price of a model: its rates, and where they come from.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A unit that a rate is for; each matches one count of [`super::quantity::Counts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Input tokens that no cache served.
    Input,
    /// Input tokens read from a cache.
    CacheRead,
    /// Input tokens written to a five-minute cache.
    CacheWrite,
    /// Input tokens written to a one-hour cache.
    #[serde(rename = "cache_write_1h")]
    CacheWrite1h,
    /// Output tokens.
    Output,
    /// Reasoning tokens; priced as output where they have no rate of their own.
    Reasoning,
    /// Audio tokens of the input.
    AudioInput,
    /// Audio tokens of the output.
    AudioOutput,
    /// Images.
    Image,
    /// Calls.
    Request,
    /// Web searches.
    WebSearch,
    /// Seconds of audio.
    Second,
}

/// How urgently a provider serves a call, which changes its price.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ServiceTier {
    /// The ordinary price.
    #[default]
    Standard,
    /// Answered within hours, cheaper.
    Batch,
    /// Answered when there is room, cheaper.
    Flex,
    /// Answered first, dearer.
    Priority,
}

/// USD per one million of each unit.
pub type UnitRates = BTreeMap<Unit, Decimal>;

/// The rates of a long prompt: they hold for the whole usage once its prompt has more tokens than `above`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextTier {
    /// The prompt must have more tokens than this.
    pub above: u64,
    /// The rates that change; the others stay.
    pub rates: UnitRates,
}

/// One service tier's own rates; what it does not name is as in the standard tier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TierRates {
    /// USD per one million of each unit.
    pub rates: UnitRates,
    /// Rates of long prompts, by ascending `above`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context_tiers: Vec<ContextTier>,
}

/// Everything that a usage of a model is costed by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// The standard tier.
    pub standard: TierRates,
    /// The other service tiers that the provider sells.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub service_tiers: BTreeMap<ServiceTier, TierRates>,
}

/// How far a price can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceStatus {
    /// A quorum of sources agrees.
    Verified,
    /// One source says so.
    SingleSource,
    /// An admin set it.
    Override,
    /// It came with the program.
    Bundled,
}

/// One source's word for a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceQuote {
    /// The source's name.
    pub name: String,
    /// What it says, where it differs from the price or is worth showing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Rates>,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// How much it counts.
    pub weight: Decimal,
}
