//! Rates and prices on the wire: USD per one million units, as decimal strings.

use super::schema::Instant;
use crate::core::name::Name;
use crate::core::price::{
    ContextTier, PriceStatus, Rates, ServiceTier, TierRates, Unit, UnitRates,
};
use crate::core::price_change::{PriceRule, Vote};
use crate::core::quantity::Usd;
use crate::core::refusal::Refusal;
use crate::pricing::book::{Price, SourceQuote};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rates by unit.
pub type RatesByUnit = BTreeMap<Unit, Usd>;

/// Rates of long prompts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongPromptRates {
    /// Tokens that the prompt must pass.
    pub above_tokens: u64,
    /// Rates that change, by unit.
    pub rates: RatesByUnit,
}

/// Rates of one service tier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TierRatesView {
    /// USD per million, by unit: input, cache_read, cache_read_audio, cache_write, cache_write_1h, output, reasoning, audio_input,
    /// audio_output, image, request, web_search, second.
    pub rates: RatesByUnit,
    /// Rates of long prompts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub long_prompts: Vec<LongPromptRates>,
}

/// Everything that a usage is costed by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatesView {
    /// The standard tier.
    pub standard: TierRatesView,
    /// The other tiers that are sold: batch, flex, priority.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, TierRatesView>")]
    pub service_tiers: BTreeMap<ServiceTier, TierRatesView>,
}

impl From<&Rates> for RatesView {
    fn from(rates: &Rates) -> Self {
        let tiers = rates
            .service_tiers
            .iter()
            .map(|(tier, rates)| (*tier, rates.into()));
        Self {
            standard: (&rates.standard).into(),
            service_tiers: tiers.collect(),
        }
    }
}

impl From<&TierRates> for TierRatesView {
    fn from(tier: &TierRates) -> Self {
        let long = tier.context_tiers.iter();
        let long = long.map(|long| LongPromptRates {
            above_tokens: long.above,
            rates: by_unit(&long.rates),
        });
        Self {
            rates: by_unit(&tier.rates),
            long_prompts: long.collect(),
        }
    }
}

fn by_unit(rates: &UnitRates) -> RatesByUnit {
    rates
        .iter()
        .map(|(unit, rate)| (*unit, Usd::new(*rate)))
        .collect()
}

impl RatesView {
    /// The rates that it says.
    ///
    /// # Errors
    /// `invalid_argument` where a rate is negative, too large or too fine, or a tier has none.
    pub fn rates(self) -> Result<Rates, Refusal> {
        let tiers = self
            .service_tiers
            .into_iter()
            .map(|(tier, rates)| (tier, rates.tier()));
        let rates = Rates {
            standard: self.standard.tier(),
            service_tiers: tiers.collect(),
        };
        rates.check().map_err(|(path, expects)| {
            // The core has names of its own for two of its parts.
            let path = path.replace("context_tiers", "long_prompts");
            let path = path.replace(".above", ".above_tokens");
            Refusal::invalid(&format!("rates.{path}"), expects)
        })?;
        Ok(rates)
    }
}

impl TierRatesView {
    fn tier(self) -> TierRates {
        let plain = |rates: RatesByUnit| {
            rates
                .into_iter()
                .map(|(unit, rate)| (unit, rate.amount()))
                .collect()
        };
        let long = self.long_prompts.into_iter();
        let long = long.map(|long| ContextTier {
            above: long.above_tokens,
            rates: plain(long.rates),
        });
        TierRates {
            context_tiers: long.collect(),
            rates: plain(self.rates),
        }
    }
}

/// One source's word for a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceView {
    /// Source.
    pub name: String,
    /// What it says, if not this price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<RatesView>,
    /// When it was fetched.
    pub fetched_at: Instant,
    /// How much it counts.
    pub weight: Usd,
    /// Digest of what was fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// What became of its word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vote: Option<Vote>,
    /// The rule that speaks against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<PriceRule>,
}

impl From<SourceQuote> for SourceView {
    fn from(quote: SourceQuote) -> Self {
        Self {
            name: quote.name,
            value: quote.value.as_ref().map(RatesView::from),
            fetched_at: Instant(quote.fetched_at),
            weight: Usd::new(quote.weight),
            content: quote.content.map(|content| content.to_string()),
            vote: quote.vote,
            against: quote.against,
        }
    }
}

/// A price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriceView {
    /// Provider.
    pub provider: String,
    /// Model.
    pub model: String,
    /// Release of the model, where the price is its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Rates.
    pub rates: RatesView,
    /// Version, as records name it.
    pub version: String,
    /// Since when it holds.
    pub effective_from: Instant,
    /// How far its rates can be trusted, but for other_status.
    pub status: PriceStatus,
    /// Rates of another status, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_status: BTreeMap<String, PriceStatus>,
    /// When it ends, where that is known; an override that begins then was taken away before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// Set where its source has said otherwise since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded: Option<bool>,
    /// Rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Who set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Name>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it comes from.
    pub sources: Vec<SourceView>,
}

impl PriceView {
    /// A price on the wire.
    pub fn of(price: &Price<'_>) -> Self {
        let sources = price.sources().into_iter().map(SourceView::from);
        Self {
            provider: price.provider.to_owned(),
            model: price.model.to_owned(),
            release: price.release.map(str::to_owned),
            rates: price.rates.into(),
            version: price.version.to_owned(),
            effective_from: Instant(price.effective_from),
            status: price.status,
            other_status: price.apart(),
            until: price.until().map(Instant),
            superseded: None,
            rule: price.rule().map(|rule| rule.as_str().to_owned()),
            actor: price.actor().map(Name::from),
            reason: price.reason().map(str::to_owned),
            sources: sources.collect(),
        }
    }
}
