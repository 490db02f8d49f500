//! The figures of a report.

use crate::core::quantity::{Counts, Usd};
use crate::core::tally::saturate;
use crate::reporting::rollup::Sums;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A figure of a report; all of them with corrections.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the count of its name")]
pub enum Metric {
    CostUsd,
    Tokens,
    Requests,
    Records,
    InputTokens,
    CacheReadTokens,
    CacheWriteTokens,
    #[serde(rename = "cache_write_1h_tokens")]
    CacheWrite1hTokens,
    OutputTokens,
    ReasoningTokens,
    AudioInputTokens,
    AudioOutputTokens,
    Images,
    WebSearches,
    Seconds,
    UnknownCosts,
    Overruns,
    Corrections,
}

/// The value of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Figure {
    /// Money.
    Usd(Usd),
    /// Anything else.
    Count(i64),
}

impl Metric {
    /// The metrics of a report that names none.
    pub const DEFAULT: [Self; 4] = [Self::CostUsd, Self::Tokens, Self::Requests, Self::Records];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CostUsd => "cost_usd",
            Self::Tokens => "tokens",
            Self::Requests => "requests",
            Self::Records => "records",
            Self::InputTokens => "input_tokens",
            Self::CacheReadTokens => "cache_read_tokens",
            Self::CacheWriteTokens => "cache_write_tokens",
            Self::CacheWrite1hTokens => "cache_write_1h_tokens",
            Self::OutputTokens => "output_tokens",
            Self::ReasoningTokens => "reasoning_tokens",
            Self::AudioInputTokens => "audio_input_tokens",
            Self::AudioOutputTokens => "audio_output_tokens",
            Self::Images => "images",
            Self::WebSearches => "web_searches",
            Self::Seconds => "seconds",
            Self::UnknownCosts => "unknown_costs",
            Self::Overruns => "overruns",
            Self::Corrections => "corrections",
        }
    }

    /// Its value.
    pub fn of(self, sums: &Sums) -> Figure {
        let net = |count: fn(&Counts) -> u64| {
            saturate(count(&sums.counts)) - saturate(count(&sums.removed))
        };
        Figure::Count(match self {
            Self::CostUsd => return Figure::Usd(sums.cost),
            Self::Tokens => sums.tokens(),
            Self::Requests => net(|counts| counts.requests),
            Self::Records => saturate(sums.records),
            Self::InputTokens => net(|counts| counts.input_tokens),
            Self::CacheReadTokens => {
                net(|counts| counts.cache_read_tokens + counts.cache_read_audio_tokens)
            }
            Self::CacheWriteTokens => net(|counts| counts.cache_write_tokens),
            Self::CacheWrite1hTokens => net(|counts| counts.cache_write_1h_tokens),
            Self::OutputTokens => net(|counts| counts.output_tokens),
            Self::ReasoningTokens => net(|counts| counts.reasoning_tokens),
            Self::AudioInputTokens => net(|counts| counts.audio_input_tokens),
            Self::AudioOutputTokens => net(|counts| counts.audio_output_tokens),
            Self::Images => net(|counts| counts.images),
            Self::WebSearches => net(|counts| counts.web_searches),
            Self::Seconds => net(|counts| counts.seconds),
            Self::UnknownCosts => saturate(sums.unknown_costs),
            Self::Overruns => saturate(sums.overruns),
            Self::Corrections => saturate(sums.corrections),
        })
    }

    /// How much more it is than before.
    pub fn change(self, now: &Sums, before: &Sums) -> Figure {
        match (self.of(now), self.of(before)) {
            (Figure::Usd(now), Figure::Usd(before)) => Figure::Usd(now - before),
            (Figure::Count(now), Figure::Count(before)) => {
                Figure::Count(now.saturating_sub(before))
            }
            (now, _) => now,
        }
    }
}
