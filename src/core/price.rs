//! The price of a model: its rates, and where they come from.

use super::quantity::Counts;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A unit that a rate is for; each matches one count of [`super::quantity::Counts`].
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Input tokens that no cache served.
    Input,
    /// Input tokens read from a cache.
    CacheRead,
    /// Audio tokens read from a cache.
    CacheReadAudio,
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

impl Unit {
    /// Every unit, in the order of the contract.
    pub const ALL: [Self; 13] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheReadAudio,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::Output,
        Self::Reasoning,
        Self::AudioInput,
        Self::AudioOutput,
        Self::Image,
        Self::Request,
        Self::WebSearch,
        Self::Second,
    ];

    /// Whether it is a kind of token.
    pub const fn is_token(self) -> bool {
        match self {
            Self::Input
            | Self::CacheRead
            | Self::CacheReadAudio
            | Self::CacheWrite
            | Self::CacheWrite1h
            | Self::Output
            | Self::Reasoning
            | Self::AudioInput
            | Self::AudioOutput => true,
            Self::Image | Self::Request | Self::WebSearch | Self::Second => false,
        }
    }

    /// How many of it were counted.
    pub const fn count(self, counts: &Counts) -> u64 {
        match self {
            Self::Input => counts.input_tokens,
            Self::CacheRead => counts.cache_read_tokens,
            Self::CacheReadAudio => counts.cache_read_audio_tokens,
            Self::CacheWrite => counts.cache_write_tokens,
            Self::CacheWrite1h => counts.cache_write_1h_tokens,
            Self::Output => counts.output_tokens,
            Self::Reasoning => counts.reasoning_tokens,
            Self::AudioInput => counts.audio_input_tokens,
            Self::AudioOutput => counts.audio_output_tokens,
            Self::Image => counts.images,
            Self::Request => counts.requests,
            Self::WebSearch => counts.web_searches,
            Self::Second => counts.seconds,
        }
    }

    /// The unit whose rate stands in for this one's where it has none.
    pub const fn stand_in(self) -> Option<Self> {
        match self {
            Self::CacheWrite1h => Some(Self::CacheWrite),
            Self::CacheReadAudio => Some(Self::AudioInput),
            Self::CacheRead | Self::CacheWrite | Self::AudioInput => Some(Self::Input),
            Self::Reasoning | Self::AudioOutput => Some(Self::Output),
            Self::Input
            | Self::Output
            | Self::Image
            | Self::Request
            | Self::WebSearch
            | Self::Second => None,
        }
    }

    /// The unit's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheReadAudio => "cache_read_audio",
            Self::CacheWrite => "cache_write",
            Self::CacheWrite1h => "cache_write_1h",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::AudioInput => "audio_input",
            Self::AudioOutput => "audio_output",
            Self::Image => "image",
            Self::Request => "request",
            Self::WebSearch => "web_search",
            Self::Second => "second",
        }
    }
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

/// The most decimal places of a rate; with the six that "per million" adds, a cost stays exact.
pub const RATE_SCALE: u32 = 12;
/// The largest rate: USD for one million units, so a thousand dollars for one.
pub const RATE_MOST: i64 = 1_000_000_000;
/// The most long-prompt tiers of one service tier; providers sell three or four.
pub const CONTEXT_TIERS_MOST: usize = 16;
/// The most single rates of one price, so that no event of it is large.
pub const RATES_MOST: usize = 256;

impl Rates {
    /// Whether a unit of the standard tier has a rate, or another's stands in for it; by its name on the wire, for what
    /// is no unit has no rate.
    pub fn has_rate_for(&self, unit: &str) -> bool {
        let known = Unit::ALL.into_iter().find(|known| known.as_str() == unit);
        let mut stands = std::iter::successors(known, |unit| unit.stand_in());
        stands.any(|unit| self.standard.rates.contains_key(&unit))
    }

    /// How many single rates it has.
    pub fn count(&self) -> usize {
        let tiers = std::iter::once(&self.standard).chain(self.service_tiers.values());
        tiers
            .map(|tier| {
                let long = tier.context_tiers.iter();
                tier.rates.len() + long.map(|long| long.rates.len()).sum::<usize>()
            })
            .sum()
    }

    /// Checks what comes from outside: nothing negative, too large or too fine, and long-prompt tiers few and in order.
    ///
    /// # Errors
    /// The path of the first wrong part, and what it expects.
    pub fn check(&self) -> Result<(), (String, String)> {
        check_tier("standard", &self.standard)?;
        for (tier, rates) in &self.service_tiers {
            if *tier == ServiceTier::Standard {
                let path = "service_tiers.standard".to_owned();
                return Err((path, "goes into `standard` itself".to_owned()));
            }
            check_tier(&format!("service_tiers.{}", tier.as_str()), rates)?;
        }
        if self.standard.rates.is_empty() {
            let path = "standard.rates".to_owned();
            return Err((path, "needs the rate of one unit at least".to_owned()));
        }
        let many = self.count();
        if many > RATES_MOST {
            let expects = format!("expects at most {RATES_MOST} rates in all; got {many}");
            return Err(("standard".to_owned(), expects));
        }
        Ok(())
    }
}

fn check_tier(path: &str, tier: &TierRates) -> Result<(), (String, String)> {
    check_units(&format!("{path}.rates"), &tier.rates)?;
    let many = tier.context_tiers.len();
    if many > CONTEXT_TIERS_MOST {
        let expects = format!("expects at most {CONTEXT_TIERS_MOST} long-prompt tiers; got {many}");
        return Err((format!("{path}.context_tiers"), expects));
    }
    let mut last = None;
    for (index, context) in tier.context_tiers.iter().enumerate() {
        let path = format!("{path}.context_tiers[{index}]");
        if last.is_some_and(|last| context.above <= last) {
            let expects = "expects more than the one before it".to_owned();
            return Err((format!("{path}.above"), expects));
        }
        last = Some(context.above);
        check_units(&format!("{path}.rates"), &context.rates)?;
    }
    Ok(())
}

fn check_units(path: &str, rates: &UnitRates) -> Result<(), (String, String)> {
    for (unit, rate) in rates {
        let sound = !rate.is_sign_negative()
            && rate.normalize().scale() <= RATE_SCALE
            && *rate <= Decimal::from(RATE_MOST);
        if !sound {
            return Err((
                format!("{path}.{}", unit.as_str()),
                format!(
                    "expects USD for one million, from 0 to {RATE_MOST}, of at most {RATE_SCALE} decimal places; got {rate}"
                ),
            ));
        }
    }
    Ok(())
}

impl ServiceTier {
    /// Whether it is the ordinary one.
    pub fn is_standard(&self) -> bool {
        *self == Self::Standard
    }

    /// The tier's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Batch => "batch",
            Self::Flex => "flex",
            Self::Priority => "priority",
        }
    }
}

/// Where a model runs and how large it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ModelTier {
    /// A small model on one's own machine.
    LocalLightweight,
    /// A larger model on one's own machine.
    LocalMidweight,
    /// A provider's model.
    RemoteHeavyweight,
}

impl ModelTier {
    /// The tier's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LocalLightweight => "local_lightweight",
            Self::LocalMidweight => "local_midweight",
            Self::RemoteHeavyweight => "remote_heavyweight",
        }
    }
}

/// How far a price can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceStatus {
    /// A quorum of sources agrees, or a person approved it.
    Verified,
    /// One source says so.
    SingleSource,
    /// An admin set it.
    Override,
    /// It came with the program.
    Bundled,
}

impl PriceStatus {
    /// The status's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::SingleSource => "single_source",
            Self::Override => "override",
            Self::Bundled => "bundled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(text: &str) -> Rates {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn unit_names_are_the_ones_on_the_wire() {
        for unit in Unit::ALL {
            assert_eq!(
                serde_json::to_value(unit).unwrap(),
                serde_json::json!(unit.as_str())
            );
        }
    }

    #[test]
    fn rates_that_can_not_be_are_refused_by_path() {
        let sound = rates(
            r#"{"standard":{"rates":{"input":"2.5"},"context_tiers":[{"above":9,"rates":{}}]}}"#,
        );
        assert_eq!(sound.check(), Ok(()));
        for (text, path) in [
            ("{}", "standard.rates"),
            (
                r#"{"standard":{"rates":{"input":"-1"}}}"#,
                "standard.rates.input",
            ),
            (
                r#"{"standard":{"rates":{"input":"1e10"}}}"#,
                "standard.rates.input",
            ),
            (
                r#"{"standard":{"rates":{"output":"0.0000000000001"}}}"#,
                "standard.rates.output",
            ),
            (
                r#"{"standard":{"rates":{"input":"1"},"context_tiers":[{"above":9,"rates":{}},{"above":9,"rates":{}}]}}"#,
                "standard.context_tiers[1].above",
            ),
            (
                r#"{"standard":{"rates":{"input":"1"}},"service_tiers":{"standard":{}}}"#,
                "service_tiers.standard",
            ),
            (
                r#"{"standard":{"rates":{"input":"1"}},"service_tiers":{"batch":{"rates":{"input":"-1"}}}}"#,
                "service_tiers.batch.rates.input",
            ),
        ] {
            assert_eq!(rates(text).check().unwrap_err().0, path, "{text}");
        }
    }

    #[test]
    fn a_price_has_few_long_prompt_tiers_and_few_rates() {
        let tiers = |many: u64, units: usize| TierRates {
            rates: UnitRates::from([(Unit::Input, Decimal::ONE)]),
            context_tiers: (1..=many)
                .map(|above| ContextTier {
                    above,
                    rates: Unit::ALL[..units]
                        .iter()
                        .map(|unit| (*unit, Decimal::ONE))
                        .collect(),
                })
                .collect(),
        };
        let mut price = Rates {
            standard: tiers(16, 13),
            ..Rates::default()
        };
        assert_eq!((price.check(), price.count()), (Ok(()), 1 + 16 * 13));
        price.service_tiers = [(ServiceTier::Batch, tiers(16, 4))].into();
        assert_eq!(price.check().unwrap_err().0, "standard");
        price.service_tiers.clear();
        price.standard = tiers(17, 1);
        let (path, expects) = price.check().unwrap_err();
        assert_eq!(path, "standard.context_tiers");
        assert!(expects.contains("at most 16"), "{expects}");
    }
}
