//! What a call will take at the most, from what the caller says of it.

use super::wire::fields::{HasCounts, NamesModel};
use crate::core::charge::{Amount, ModelRef};
use crate::core::decide::check_name;
use crate::core::price::ServiceTier;
use crate::core::quantity::{Counts, Usd};
use crate::core::refusal::Refusal;
use crate::pricing::book::{Price, PriceBook};
use crate::pricing::catalogue::Unresolved;
use crate::pricing::cost::full_cost_usd;
use crate::pricing::tokens;
use jiff::Timestamp;

/// The provider of a record whose model no price list knows, where the caller names none.
pub const UNKNOWN_PROVIDER: &str = "unknown";

/// Arguments that describe a call before it is made.
pub trait Workload: NamesModel + HasCounts {
    /// The input itself and the most output tokens.
    fn text(&self) -> (Option<&str>, Option<u64>);
}

/// A call, as far as it can be told before it is made.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// The model.
    pub model: ModelRef,
    /// How it is served.
    pub service_tier: ServiceTier,
    /// The counts, an upper bound.
    pub counts: Counts,
    /// Whether tokens were estimated and not counted.
    pub estimated: bool,
    /// What it takes at the most.
    pub amount: Amount,
    /// The version of the price.
    pub price_version: Option<String>,
}

/// A model as the price book knows it, or as the caller named it.
pub struct Named<'a> {
    /// Provider, model and tier.
    pub model: ModelRef,
    /// Its price, where there is one.
    pub price: Option<Price<'a>>,
}

/// Looks a model up. One that nobody knows is taken as it was named, without a price.
///
/// # Errors
/// `invalid_argument` for a name out of bounds, or where several providers have a model of that name.
pub fn name_model<'a>(
    prices: &'a PriceBook,
    provider: Option<&str>,
    model: &str,
    at: Timestamp,
) -> Result<Named<'a>, Refusal> {
    check_name("model", model)?;
    if let Some(provider) = provider {
        check_name("provider", provider)?;
    }
    match prices.price_at(provider, model, at) {
        Ok(price) => {
            let tier = price.card.map(|card| card.tier);
            let tier = tier.unwrap_or_else(|| {
                crate::pricing::catalogue::tier::of(price.provider, price.model)
            });
            let model = ModelRef {
                provider: Some(price.provider.to_owned()),
                model: Some(price.model.to_owned()),
                tier: Some(tier),
            };
            Ok(Named {
                model,
                price: Some(price),
            })
        }
        Err(error @ Unresolved::Ambiguous { .. }) => Err(Refusal::invalid("provider", error)),
        Err(Unresolved::Unknown) => {
            let tier =
                provider.map(|provider| crate::pricing::catalogue::tier::of(provider, model));
            let model = ModelRef {
                provider: provider.map(str::to_owned),
                model: Some(model.trim().to_owned()),
                tier,
            };
            Ok(Named { model, price: None })
        }
    }
}

/// Estimates a call. `cost` is the caller's own word for what it costs at the most.
///
/// # Errors
/// `invalid_argument` for counts out of bounds, a missing model, or an input without a bound on the output.
pub fn estimate(
    prices: &PriceBook,
    workload: &impl Workload,
    cost: Option<Usd>,
    at: Timestamp,
) -> Result<Estimate, Refusal> {
    let (provider, model, service_tier) = workload.named_model();
    let model = model.ok_or_else(|| Refusal::invalid("model", "expects the model of the call"))?;
    let named = name_model(prices, provider, model, at)?;
    let (counts, estimated) = counts_of(workload, &named)?;
    counts
        .within_bounds()
        .map_err(|field| Refusal::invalid(field, "expects at most 10^12"))?;
    let priced = named
        .price
        .as_ref()
        .and_then(|price| full_cost_usd(price.rates, &counts, service_tier));
    let amount = Amount {
        tokens: Some(counts.tokens()),
        requests: counts.requests,
        cost: cost.or(priced),
    };
    let price_version = named.price.map(|price| price.version.to_owned());
    Ok(Estimate {
        model: named.model,
        service_tier,
        counts,
        estimated,
        amount,
        price_version,
    })
}

fn counts_of(workload: &impl Workload, named: &Named<'_>) -> Result<(Counts, bool), Refusal> {
    let (text, most_output) = workload.text();
    let given = workload.given_counts();
    let mut counts = given.unwrap_or(Counts {
        requests: workload.calls(),
        ..Counts::default()
    });
    let mut estimated = false;
    if let Some(text) = text {
        if counts.input_tokens > 0 {
            return Err(Refusal::invalid(
                "input_text",
                "expects no input_tokens beside it",
            ));
        }
        let counted = tokens::count(
            named.model.provider.as_deref(),
            named.model.model.as_deref().unwrap_or_default(),
            text,
        );
        counts.input_tokens = counted.tokens;
        estimated = !counted.exact;
    }
    if let Some(most) = most_output {
        // Counts of output that are given are part of that bound.
        counts.output_tokens = counts
            .output_tokens
            .max(most.saturating_sub(counts.reasoning_tokens));
    } else if text.is_some() && counts.completion_tokens() == 0 {
        counts.output_tokens = most_output_of(named).ok_or_else(|| {
            Refusal::invalid(
                "max_output_tokens",
                "is needed with input_text: this model states no bound of its own",
            )
        })?;
        estimated |= counts.output_tokens > 0;
    } else if given.is_none() {
        return Err(Refusal::invalid(
            "input_tokens",
            "expects counts, or input_text and max_output_tokens",
        ));
    }
    Ok((counts, estimated))
}

/// The most that a model writes; nothing for one that writes no text.
fn most_output_of(named: &Named<'_>) -> Option<u64> {
    use crate::pricing::catalogue::Mode;
    let card = named.price.as_ref()?.card?;
    match card.mode {
        Mode::Embedding | Mode::Rerank | Mode::Moderation => Some(0),
        _ => card.max_output_tokens,
    }
}
