//! What a usage costs at given rates: exact, and never less than the provider would ask.
//!
//! The rules, and why:
//! - A count costs `count × rate ÷ 1,000,000`, in exact decimals.
//! - *Long prompts.* Once the prompt ([`Counts::prompt_tokens`]: cached, written and audio included) has
//!   more tokens than a context tier's `above`, that tier's rates hold for the whole usage, output too, and
//!   not only for what is above. So bill Anthropic, Google, OpenAI and Alibaba, and so count litellm and
//!   genai-prices.
//! - *Service tiers.* A unit that the tier does not name costs what it costs in the standard tier, and so
//!   does everything where the provider does not sell the tier. Where a long prompt's rate is known for the
//!   standard tier alone, the dearer of it and of the tier's own rate holds: a discount on short prompts is
//!   no word on long ones.
//! - *Fallbacks*, for a unit that has no rate in any of these: reasoning → output (it is output); cache read
//!   → input (no discount is known); one-hour cache write → five-minute write → input (the
//!   nearest rate that is known); cached audio → audio → the text rate of its side. The rate of cached text does
//!   not stand in for cached audio: where that is known it costs up to five times as much. Calls are free unless they have a
//!   rate, as almost all are. Tokens of what is sold by the second alone are told, and not charged. Nothing stands in for
//!   images, searches and seconds, input and output: those are reported as unpriced, for an unknown cost is not a free one.

use crate::core::price::{ContextTier, Rates, ServiceTier, TierRates, Unit, UnitRates};
use crate::core::quantity::{Counts, Usd};
use rust_decimal::Decimal;

/// What one unit of a usage cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostLine {
    /// What was counted.
    pub unit: Unit,
    /// Whose rate was taken: `unit` itself, or the one that stands in for it.
    pub priced_as: Unit,
    /// How many.
    pub count: u64,
    /// USD for one million.
    pub rate: Decimal,
    /// What they cost.
    pub usd: Usd,
}

/// What a usage costs, and what of it has no price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The sum of the lines.
    pub usd: Usd,
    /// One for each unit that was counted and has a rate.
    pub lines: Vec<CostLine>,
    /// What was counted and has no rate: the cost is not known in full.
    pub unpriced: Vec<Unit>,
}

/// What a usage costs, line by line.
pub fn cost(rates: &Rates, counts: &Counts, tier: ServiceTier) -> Cost {
    let mut cost = Cost::default();
    each_line(rates, counts, tier, |line| match line {
        Ok(line) => {
            cost.usd += line.usd;
            cost.lines.push(line);
        }
        Err(unit) => cost.unpriced.push(unit),
    });
    cost
}

/// What a usage costs, without allocating; `None` where something that was counted has no rate.
pub fn full_cost_usd(rates: &Rates, counts: &Counts, tier: ServiceTier) -> Option<Usd> {
    let mut sum = Some(Usd::ZERO);
    each_line(rates, counts, tier, |line| {
        sum = sum.and_then(|sum| line.ok().map(|line| sum + line.usd));
    });
    sum
}

/// What the priced part of a usage costs, without allocating.
pub fn cost_usd(rates: &Rates, counts: &Counts, tier: ServiceTier) -> Usd {
    let mut sum = Usd::ZERO;
    each_line(rates, counts, tier, |line| {
        sum += line.map_or(Usd::ZERO, |line| line.usd);
    });
    sum
}

/// What so many tokens of no stated kind cost at the most, in so many calls: at the dearest rate that any kind of token
/// has in the tier, after a prompt of any length. `None` where no token has a rate.
pub fn dearest_cost_usd(rates: &Rates, tokens: u64, calls: u64, tier: ServiceTier) -> Option<Usd> {
    let dearest = |unit| {
        let prompts = prompts_of(rates, tier);
        let each = prompts.map(|prompt| Some(rate_of(rates, unit, prompt, tier)?.1));
        each.max().flatten()
    };
    let tokens_of = Unit::ALL.into_iter().filter(|unit| unit.is_token());
    let token = tokens_of.map(dearest).max().flatten()?;
    let call = dearest(Unit::Request).unwrap_or_default();
    Some(times(token, tokens) + times(call, calls))
}

/// A prompt for each set of rates that a tier has: the shortest one that meets it.
fn prompts_of(rates: &Rates, tier: ServiceTier) -> impl Iterator<Item = u64> {
    let sold = rates.service_tiers.get(&tier);
    let tiers = std::iter::once(&rates.standard).chain(sold);
    let long = tiers.flat_map(|tier| &tier.context_tiers);
    std::iter::once(0).chain(long.map(|context| context.above.saturating_add(1)))
}

/// The rate that a unit of such a usage is costed by, and whose it is.
pub fn rate_of(
    rates: &Rates,
    unit: Unit,
    prompt_tokens: u64,
    tier: ServiceTier,
) -> Option<(Unit, Decimal)> {
    Sheet::new(rates, prompt_tokens, tier).rate(unit)
}

fn each_line(
    rates: &Rates,
    counts: &Counts,
    tier: ServiceTier,
    mut each: impl FnMut(Result<CostLine, Unit>),
) {
    let sheet = Sheet::new(rates, counts.prompt_tokens(), tier);
    for unit in Unit::ALL {
        let count = unit.count(counts);
        if count == 0 {
            continue;
        }
        match sheet.rate(unit) {
            Some((priced_as, rate)) => each(Ok(CostLine {
                unit,
                priced_as,
                count,
                rate,
                usd: times(rate, count),
            })),
            None if unit == Unit::Request => {}
            None if unit.is_token() && counts.seconds > 0 && sheet.is_by_time() => {}
            None => each(Err(unit)),
        }
    }
}

/// "Per million" is a shift of the decimal point by this many places.
const MILLION_PLACES: u32 = 6;

fn times(rate: Decimal, count: u64) -> Usd {
    let mut amount = rate.saturating_mul(Decimal::from(count));
    if amount.set_scale(amount.scale() + MILLION_PLACES).is_err() {
        amount *= Decimal::new(1, MILLION_PLACES);
    }
    Usd::new(amount)
}

/// The rates that hold for one usage, from the nearest to the most general.
struct Sheet<'a> {
    tier_long: &'a [ContextTier],
    tier: Option<&'a UnitRates>,
    standard_long: &'a [ContextTier],
    standard: &'a UnitRates,
}

impl<'a> Sheet<'a> {
    fn new(rates: &'a Rates, prompt_tokens: u64, tier: ServiceTier) -> Self {
        let sold = match tier {
            ServiceTier::Standard => None,
            tier => rates.service_tiers.get(&tier),
        };
        Self {
            tier_long: sold.map_or(&[], |sold| reached(sold, prompt_tokens)),
            tier: sold.map(|sold| &sold.rates),
            standard_long: reached(&rates.standard, prompt_tokens),
            standard: &rates.standard.rates,
        }
    }

    fn rate(&self, unit: Unit) -> Option<(Unit, Decimal)> {
        let mut asked = Some(unit);
        while let Some(priced_as) = asked {
            if let Some(rate) = self.own(priced_as) {
                return Some((priced_as, rate));
            }
            asked = priced_as.stand_in();
        }
        None
    }

    /// Whether seconds have a rate, and no token has one.
    fn is_by_time(&self) -> bool {
        let mut tokens = Unit::ALL.into_iter().filter(|unit| unit.is_token());
        self.own(Unit::Second).is_some() && tokens.all(|unit| self.own(unit).is_none())
    }

    fn own(&self, unit: Unit) -> Option<Decimal> {
        long_rate(self.tier_long, unit)
            .or_else(|| {
                let in_tier = self.tier.and_then(|rates| rates.get(&unit)).copied();
                long_rate(self.standard_long, unit).max(in_tier)
            })
            .or_else(|| self.standard.get(&unit).copied())
    }
}

/// The context tiers that such a prompt has passed, lowest first.
fn reached(tier: &TierRates, prompt_tokens: u64) -> &[ContextTier] {
    let tiers = &tier.context_tiers;
    let passed = tiers
        .iter()
        .take_while(|context| prompt_tokens > context.above)
        .count();
    tiers.get(..passed).unwrap_or_default()
}

/// What the highest of these tiers that names the unit says.
fn long_rate(reached: &[ContextTier], unit: Unit) -> Option<Decimal> {
    let named = |context: &ContextTier| context.rates.get(&unit).copied();
    reached.iter().rev().find_map(named)
}

#[cfg(test)]
mod tests;
