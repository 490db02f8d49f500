//! What a call will take at the most, from what the caller says of it.

use super::wire::fields::{HasCounts, NamesModel};
use crate::core::charge::{Amount, ModelRef};
use crate::core::decide::check_name;
use crate::core::name::Name;
use crate::core::price::{ServiceTier, Unit};
use crate::core::quantity::{COUNT_MOST, Counts, Usd};
use crate::core::refusal::Refusal;
use crate::pricing::book::{Price, PriceBook};
use crate::pricing::catalogue::{Unresolved, provider};
use crate::pricing::cost::{cost_usd, full_cost_usd};
use crate::pricing::identity::{framed_names, frames_owner, unframed, unlisted};
use crate::pricing::tokens;
use jiff::Timestamp;
use rust_decimal::Decimal;

/// Arguments that describe a call before it is made.
pub trait Workload: NamesModel + HasCounts {
    /// The input itself and the most output tokens.
    fn text(&self) -> (Option<&str>, Option<u64>);
}

/// What a call's output is taken for where only counts of the input are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsaid {
    /// None: the counts are costed as they are.
    None,
    /// The most that the model writes: nothing may pass a limit for want of a count.
    Most,
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
    /// Whether tokens are estimated.
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
    /// Who all sells a model of that name, where that leaves open whose it is.
    pub sellers: Vec<String>,
}

/// A model's names must say something and fit.
///
/// # Errors
/// `invalid_argument` that names the field.
pub fn check_model(provider: Option<&str>, model: &str) -> Result<(), Refusal> {
    check_name("model", model)?;
    provider.map_or(Ok(()), |provider| check_name("provider", provider))
}

/// Looks a model up. One that nobody knows keeps its name, in lower case, without a price; its provider's is the catalogue's all the
/// same, so that limits, reports and a price that is set later meet it under whatever name it goes by. A provider that
/// nobody named stays unknown: only what leaves the provider free is about that.
///
/// # Errors
/// `invalid_argument` for a name out of bounds, or where several providers have a model of that name.
pub fn name_model<'a>(
    prices: &'a PriceBook,
    provider: Option<&str>,
    model: &str,
    at: Timestamp,
) -> Result<Named<'a>, Refusal> {
    check_model(provider, model)?;
    match prices.price_at(provider, model, at) {
        Ok(price) => Ok(known(prices, price, model)),
        Err(error @ Unresolved::Ambiguous { .. }) => Err(Refusal::invalid("provider", error)),
        Err(Unresolved::Unknown) => Ok(unpriced(prices, provider, model)),
    }
}

/// The same of what was used already: money that is spent is recorded, though several providers have a model of that
/// name. It is then of none of them, at a cost that is not known.
///
/// # Errors
/// `invalid_argument` for a name out of bounds.
pub fn name_used_model<'a>(
    prices: &'a PriceBook,
    provider: Option<&str>,
    model: &str,
    at: Timestamp,
) -> Result<Named<'a>, Refusal> {
    check_model(provider, model)?;
    Ok(match prices.price_at(provider, model, at) {
        Ok(price) => known(prices, price, model),
        // The provider in front of such a name is none of its sellers, and may not be meant.
        Err(Unresolved::Ambiguous { providers }) => Named {
            model: ModelRef {
                model: Some(unlisted(unframed(model.trim())).into()),
                ..ModelRef::default()
            },
            price: None,
            sellers: providers,
        },
        Err(Unresolved::Unknown) => unpriced(prices, provider, model),
    })
}

fn known<'a>(prices: &PriceBook, price: Price<'a>, model: &str) -> Named<'a> {
    // Most callers name the model itself, which needs no other look.
    let may_be_release = model != price.model && price.card.is_some();
    let release = may_be_release.then(|| prices.release(price.provider, model));
    let release = release.flatten().map(Name::from);
    let named = given_name(price.provider, price.model, model);
    let tier = price.card.map(|card| card.tier);
    let tier =
        tier.unwrap_or_else(|| crate::pricing::catalogue::tier::of(price.provider, price.model));
    Named {
        model: ModelRef {
            provider: Some(price.provider.into()),
            model: Some(price.model.into()),
            tier: Some(tier),
            release,
            named,
        },
        price: Some(price),
        sellers: Vec::new(),
    }
}

/// The name that was given for a model, where that is another than the one it is recorded under, however they are written.
fn given_name(provider: &str, model: &str, given: &str) -> Option<Name> {
    if given == model {
        return None;
    }
    let given = given.trim();
    let framed = framed_names(given).next();
    let name = unlisted(framed.as_deref().unwrap_or(given));
    let is_its = |name: &str| name == unlisted(model);
    let behind = name.split_once('/').filter(|(prefix, _)| {
        let mut named = provider::named(prefix).into_iter();
        named.any(|named| named == provider)
    });
    let name = match behind {
        Some((_, rest)) if !is_its(&name) => rest,
        _ => &*name,
    };
    (!is_its(name)).then(|| name.into())
}

fn unpriced<'a>(prices: &PriceBook, provider: Option<&str>, model: &str) -> Named<'a> {
    Named {
        model: unknown(prices, provider, model),
        price: None,
        sellers: Vec::new(),
    }
}

/// A model that nobody knows; who alone frames a name so, or a provider in front of it, is taken for its provider, as for one that is
/// known.
pub(super) fn unknown(prices: &PriceBook, asked: Option<&str>, given: &str) -> ModelRef {
    let asked = asked.or_else(|| frames_owner(given.trim()));
    let mut model = unframed(given.trim());
    let mut provider = asked.map(provider::canonical);
    if let Some((prefix, rest)) = model.split_once('/')
        && !rest.trim().is_empty()
    {
        let named = provider::canonical(prefix);
        let is_its_own = match &provider {
            Some(provider) => *provider == named,
            None => prices.catalogue().has_provider(&named),
        };
        if is_its_own {
            (provider, model) = (Some(named), rest.trim());
        }
    }
    let tier = provider
        .as_deref()
        .map(|provider| crate::pricing::catalogue::tier::of(provider, model));
    let named = given_name(provider.as_deref().unwrap_or_default(), model, given);
    ModelRef {
        provider: provider.map(Name::from),
        model: Some(unlisted(model).into()),
        tier,
        release: None,
        named,
    }
}

/// The caller's own word for a cost, as it can be.
///
/// # Errors
/// `invalid_argument` for less than nothing.
pub fn own_cost(cost: Option<Usd>) -> Result<Option<Usd>, Refusal> {
    match cost {
        Some(cost) if cost.is_negative() => {
            Err(Refusal::invalid("cost_usd", "expects no less than zero"))
        }
        own => Ok(own),
    }
}

/// What a call costs at the most. `own` is the caller's word for it, which counts in full where there is no price and
/// never less than what has one.
pub fn call_cost(
    price: Option<&Price<'_>>,
    counts: &Counts,
    tier: ServiceTier,
    own: Option<Usd>,
) -> Option<Usd> {
    match (own, price) {
        (Some(own), Some(price)) => Some(own.max(cost_usd(price.rates, counts, tier))),
        (None, Some(price)) => full_cost_usd(price.rates, counts, tier),
        (own, None) => own,
    }
}

/// Estimates a call. `own` is the caller's own word for what it costs at the most.
///
/// # Errors
/// `invalid_argument` for counts out of bounds, a missing model, or an input without a bound on the output.
pub fn estimate(
    prices: &PriceBook,
    workload: &impl Workload,
    unsaid: Unsaid,
    own: Option<Usd>,
    at: Timestamp,
) -> Result<Estimate, Refusal> {
    let own = own_cost(own)?;
    let (provider, model, service_tier) = workload.named_model();
    let model = model.ok_or_else(|| Refusal::invalid("model", "expects the model of the call"))?;
    let named = name_model(prices, provider, model, at)?;
    let (counts, estimated) = counts_of(workload, unsaid, &named)?;
    counts
        .within_bounds()
        .map_err(|field| Refusal::invalid(field, "expects at most 10^12"))?;
    let amount = Amount {
        tokens: Some(counts.tokens()),
        requests: counts.requests,
        cost: call_cost(named.price.as_ref(), &counts, service_tier, own),
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

fn counts_of(
    workload: &impl Workload,
    unsaid: Unsaid,
    named: &Named<'_>,
) -> Result<(Counts, bool), Refusal> {
    let (text, most_output) = workload.text();
    if most_output.is_some_and(|most| most > COUNT_MOST) {
        return Err(Refusal::invalid(
            "max_output_tokens",
            "expects at most 10^12",
        ));
    }
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
    } else if given.is_none() && !(workload.requests().is_some() && is_sold_by_call(named)) {
        return Err(Refusal::invalid(
            "input_tokens",
            "expects counts, or input_text and max_output_tokens",
        ));
    } else if unsaid == Unsaid::Most
        && !workload.says_output()
        && let Some(most) = most_chat_output_of(named)
    {
        counts.output_tokens = most;
        estimated = true;
    }
    Ok((counts, estimated))
}

/// The most that a model writes which is there to write; none where that is not known.
fn most_chat_output_of(named: &Named<'_>) -> Option<u64> {
    use crate::pricing::catalogue::Mode;
    let card = named.price.as_ref()?.card?;
    card.max_output_tokens.filter(|_| card.mode == Mode::Chat)
}

/// Whether a model is sold by the call alone, so that calls are all there is to count.
fn is_sold_by_call(named: &Named<'_>) -> bool {
    let Some(price) = &named.price else {
        return false;
    };
    let rates = &price.rates.standard.rates;
    let of_calls = |(unit, rate): (&Unit, &Decimal)| *unit == Unit::Request || rate.is_zero();
    rates.contains_key(&Unit::Request) && rates.iter().all(of_calls)
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
