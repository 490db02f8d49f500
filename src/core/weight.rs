//! How many bytes the events of a refresh or of records take at the most, so that what the journal has no room for is
//! refused before anything of it is applied. What other commands carry is bound part by part.
//!
//! Each weight is an upper bound, and a simple one: what is bound elsewhere to little counts as a flat sum.

use super::command::ApplyPrices;
use super::name::Name;
use super::price::{Rates, TierRates};
use super::price_change::{Apart, PastCorrection, PriceHistory, PriceProposal, Quoted};
use super::refusal::Refusal;
use super::usage::Usage;
use serde_json::Value;

/// The most that one event may weigh; the journal takes twice as much.
pub const EVENT_MOST: usize = 8 << 20;
/// The most that the events of one command of a refresh may weigh together. An order may have more, but a refresh is
/// given in parts, and what is ordered meanwhile waits for no more than one of them.
pub const COMMAND_MOST: usize = 32 << 20;

/// The most that the events of one order may weigh, what was due before it apart: what a batch of the journal takes, but
/// for its frames.
pub const ORDER_MOST: usize = 60 << 20;

/// A policy that counted a record.
pub const POLICY: usize = 9;
/// A record without its texts.
const USAGE: usize = 2 << 10;
/// An alert without the texts of what it is about, with the budget's name.
const ALERT: usize = 1 << 10;
/// A rate with its unit's name.
const RATE: usize = 64;
/// What a list of rates has around it.
const TIER: usize = 96;
/// A change of a price without its rates, with what its alert says beside the reason.
const CHANGE: usize = 2 << 10;
/// A source's word without its rates and its name.
const QUOTE: usize = 256;

/// Refuses a refresh of which an event, or all together, would be too large for the journal.
///
/// # Errors
/// `invalid_argument` that says how large it is.
pub fn check(refresh: &ApplyPrices) -> Result<(), Refusal> {
    let changes = refresh.changes.iter().map(of_proposal);
    let history = refresh.history.iter().map(of_history);
    let corrections = refresh.past.iter().flat_map(|word| &word.corrections);
    let weights = changes.chain(history).chain(corrections.map(of_correction));
    let (largest, all) = weights.fold((0, 0_usize), |(largest, all), weight| {
        (weight.max(largest), all.saturating_add(weight))
    });
    if largest > EVENT_MOST {
        let expects = format!("expects at most {EVENT_MOST} bytes in one, and one has {largest}");
        return Err(Refusal::invalid("changes", expects));
    }
    if all > COMMAND_MOST {
        let expects = format!("expects at most {COMMAND_MOST} bytes together, and has {all}");
        return Err(Refusal::invalid("changes", expects));
    }
    Ok(())
}

/// What a change of a model's price weighs, applied and held back at once.
pub fn of_proposal(proposal: &PriceProposal) -> usize {
    let mut weight = CHANGE + 8 * (proposal.provider.len() + proposal.model.len());
    weight += 2 * proposal.quotes.iter().map(of_quote).sum::<usize>();
    if let Some(apply) = &proposal.apply {
        weight += of_rates(&apply.rates) + of_apart(&apply.apart);
    }
    if let Some(hold) = &proposal.hold {
        weight += of_rates(&hold.rates) + of_apart(&hold.apart) + 2 * hold.reason.len();
    }
    // What was held back may be beside the price of before, or beside the one that is applied.
    let before = proposal.present.as_ref();
    let beside = before.or(proposal.apply.as_ref().map(|apply| &apply.rates));
    weight + beside.map_or(0, |rates| of_rates(rates))
}

/// What a model's prices of times that are over weigh.
pub fn of_history(history: &PriceHistory) -> usize {
    let prices = history.prices.iter().map(|price| of_rates(&price.rates));
    let names = history.provider.len() + history.model.len() + history.source.len();
    CHANGE + names + prices.sum::<usize>()
}

/// What a correction of the past weighs, held back.
pub fn of_correction(correction: &PastCorrection) -> usize {
    let names = correction.provider.len() + correction.model.len();
    let rates = of_rates(&correction.price.rates) + of_rates(&correction.before);
    CHANGE + 8 * names + 2 * correction.reason.len() + rates
}

/// What a record weighs, with the alert about what of its cost is not known.
pub fn of_usage(usage: &Usage) -> usize {
    let context = &usage.context;
    let tags = context.tags.iter();
    let named = [
        &context.component,
        &context.task_type,
        &context.session_id,
        &context.task_id,
        &context.user,
        &context.project,
    ];
    let names: usize = named.into_iter().flatten().map(Name::len).sum();
    let unknown = usage.cost.unpriced.iter().chain(&usage.cost.sellers);
    USAGE
        + ALERT
        + 3 * (usage.provider.len() + usage.model.len())
        + usage.release.as_ref().map_or(0, Name::len)
        + usage.named.as_ref().map_or(0, Name::len)
        + names
        + tags
            .map(|(tag, value)| tag.len() + value.len() + 6)
            .sum::<usize>()
        + 3 * unknown.map(|name| name.len() + 6).sum::<usize>()
        + usage
            .metadata
            .iter()
            .map(|(key, value)| key.len() + 6 + of_value(value))
            .sum::<usize>()
}

/// What an alert weighs that a record raises of a policy.
pub fn of_alert(usage: &Usage) -> usize {
    let context = &usage.context;
    let length = |name: &Option<Name>| name.as_ref().map_or(0, Name::len);
    let key = length(&context.session_id).max(length(&context.task_id));
    let spender = length(&context.component).max(length(&context.user));
    // The key stands in the sentence too, where what can't be printed takes up to three times as much.
    ALERT + usage.provider.len() + usage.model.len() + 2 * spender + 4 * key
}

/// What a value weighs that nothing is known of.
fn of_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 6,
        Value::Array(items) => 6 + items.iter().map(of_value).sum::<usize>(),
        Value::Object(fields) => {
            6 + fields
                .iter()
                .map(|(key, value)| key.len() + 6 + of_value(value))
                .sum::<usize>()
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => 32,
    }
}

fn of_quote(quote: &Quoted) -> usize {
    let rates = quote.rates.as_ref().map_or(0, |rates| of_rates(rates));
    QUOTE + quote.source.len() + rates
}

fn of_rates(rates: &Rates) -> usize {
    let of_tier = |tier: &TierRates| {
        let long = tier.context_tiers.iter();
        TIER + long
            .map(|long| TIER + RATE * long.rates.len())
            .sum::<usize>()
            + RATE * tier.rates.len()
    };
    let others = rates.service_tiers.values().map(of_tier);
    of_tier(&rates.standard) + others.sum::<usize>()
}

fn of_apart(apart: &Apart) -> usize {
    apart.keys().map(|name| name.len() + 32).sum()
}
