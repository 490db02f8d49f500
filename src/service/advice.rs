//! What may be done where a call does not simply fit: less output, or a cheaper model.

use super::estimate::call_cost;
use super::wire::check::{Alternative, WayOut};
use crate::core::charge::{Amount, ModelRef};
use crate::core::context::Context;
use crate::core::price::{ModelTier, ServiceTier, Unit};
use crate::core::quantity::{COUNT_MOST, Counts, Usd};
use crate::core::state::State;
use crate::core::verdict::{Outcome, Verdict};
use crate::pricing::book::{Price, PriceBook};
use crate::pricing::catalogue::{Capabilities, Mode, ModelCard};
use crate::pricing::cost::full_cost_usd;
use jiff::Timestamp;

/// How many cheaper models an answer names.
const ALTERNATIVES: usize = 5;

/// What was asked.
pub struct Asked<'a> {
    /// The model.
    pub model: &'a ModelRef,
    /// Who and what it is for.
    pub context: &'a Context,
    /// What it takes at the most.
    pub amount: &'a Amount,
    /// The counts, where they were given.
    pub counts: Option<&'a Counts>,
    /// The caller's own word for what it costs at the most.
    pub cost: Option<Usd>,
    /// How it is served.
    pub service_tier: ServiceTier,
}

/// Looks for the ways out of a refusal or a soft limit; an allowed call needs none.
pub fn way_out(
    verdict: &Verdict,
    asked: &Asked<'_>,
    state: &State,
    prices: &PriceBook,
    now: Timestamp,
) -> WayOut {
    let Some(counts) = asked.counts else {
        return WayOut::default();
    };
    let search = Search {
        asked,
        counts,
        state,
        prices,
        now,
    };
    match verdict.outcome {
        Outcome::Allow | Outcome::Warn => WayOut::default(),
        Outcome::SoftLimit => WayOut {
            fits: search.fits(Outcome::Warn),
            // Once a soft limit is used up no model is below it: a cheaper one is better all the same.
            alternatives: search.alternatives(&[Outcome::Warn, Outcome::SoftLimit]),
        },
        Outcome::Deny => WayOut {
            fits: search.fits(Outcome::SoftLimit),
            alternatives: search.alternatives(&[Outcome::SoftLimit]),
        },
    }
}

struct Search<'a> {
    asked: &'a Asked<'a>,
    counts: &'a Counts,
    state: &'a State,
    prices: &'a PriceBook,
    now: Timestamp,
}

impl Search<'_> {
    /// The most output tokens of which the policies say nothing worse than this; none if even the input is too much, or
    /// the cost is unknown.
    fn fits(&self, worst: Outcome) -> Option<u64> {
        let model = self.asked.model;
        let price = self
            .prices
            .price_at(model.provider.as_deref(), model.priced_as()?, self.now)
            .ok();
        // Whatever is allowed for some output is allowed for less, so the bound can be halved towards.
        let fits = |output| self.of_output(price.as_ref(), output) <= worst;
        if !fits(0) {
            return None;
        }
        let (mut most, mut too_much) = (
            0,
            self.counts
                .completion_tokens()
                .saturating_mul(2)
                .clamp(1, COUNT_MOST)
                + 1,
        );
        if fits(too_much - 1) {
            return Some(too_much - 1);
        }
        while too_much - most > 1 {
            let middle = most + (too_much - most) / 2;
            if fits(middle) {
                most = middle;
            } else {
                too_much = middle;
            }
        }
        Some(most)
    }

    fn of_output(&self, price: Option<&Price<'_>>, output_tokens: u64) -> Outcome {
        let counts = Counts {
            output_tokens,
            reasoning_tokens: 0,
            audio_output_tokens: 0,
            ..*self.counts
        };
        let cost = call_cost(price, &counts, self.asked.service_tier, self.asked.cost);
        self.outcome(self.asked.model, &counts, cost)
    }

    fn outcome(&self, model: &ModelRef, counts: &Counts, cost: Option<Usd>) -> Outcome {
        let amount = Amount {
            tokens: Some(counts.tokens()),
            requests: counts.requests,
            cost,
        };
        self.state
            .weigh(
                &model.facts(self.asked.context),
                &amount,
                self.now,
                self.now,
            )
            .outcome
    }

    /// The cheapest models that fit as asked, by the first of these bounds that any keeps to.
    fn alternatives(&self, bounds: &[Outcome]) -> Vec<Alternative> {
        let cheaper = self.cheaper();
        let within = |worst: &Outcome| {
            let fitting = cheaper.iter().filter(|(cost, card)| {
                let model = ModelRef {
                    provider: Some((&*card.provider).into()),
                    model: Some((&*card.model).into()),
                    tier: Some(card.tier),
                    ..ModelRef::default()
                };
                self.outcome(&model, self.counts, Some(*cost)) <= *worst
            });
            let named = fitting.take(ALTERNATIVES).map(|(cost, card)| Alternative {
                provider: card.provider.to_string(),
                model: card.model.to_string(),
                estimated_cost_usd: *cost,
            });
            named.collect::<Vec<_>>()
        };
        let mut found = bounds.iter().map(within);
        found.find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// The models that could take the call for less, the cheapest first, those of the same provider before the others.
    fn cheaper(&self) -> Vec<(Usd, &ModelCard)> {
        let catalogue = self.prices.catalogue();
        let own = self.asked.model;
        let asked = own
            .model
            .as_deref()
            .and_then(|model| catalogue.resolve(own.provider.as_deref(), model).ok());
        let needs = asked.map_or_else(Capabilities::default, |card| Capabilities {
            reasoning: false,
            ..card.capabilities
        });
        let same_provider = |card: &ModelCard| own.provider.as_deref() == Some(&*card.provider);
        let same_model =
            |card: &ModelCard| same_provider(card) && own.model.as_deref() == Some(&*card.model);
        let mut found: Vec<_> = catalogue
            .cards_of(Mode::Chat)
            .filter(|card| !same_model(card) && self.could_serve(card, needs))
            .filter_map(|card| Some((self.cost_at(card)?, card)))
            .filter(|(cost, _)| self.asked.amount.cost.is_none_or(|asked| *cost < asked))
            .collect();
        found.sort_unstable_by_key(|(cost, card)| {
            (!same_provider(card), *cost, &card.provider, &card.model)
        });
        found
    }

    /// Whether a model could take the call in place of the one that was asked for: its bounds are known and wide enough,
    /// it can do what that one can, it is nobody's fine-tuned copy, and somebody is paid for it, since a free offer is
    /// rationed and no budget's way out.
    fn could_serve(&self, card: &ModelCard, needs: Capabilities) -> bool {
        let wide = |bound: Option<u64>, needed: u64| bound.is_some_and(|bound| bound >= needed);
        let tuned = card.model.starts_with("ft:") || card.model.contains(".ft-");
        let wants_more =
            self.counts.audio_input_tokens + self.counts.audio_output_tokens + self.counts.images
                > 0;
        wide(card.context_window, self.counts.tokens())
            && wide(card.max_output_tokens, self.counts.completion_tokens())
            && card.capabilities.cover(needs)
            && !tuned
            && !is_for_one_task(&card.model)
            && !wants_more
            && card.tier == ModelTier::RemoteHeavyweight
    }

    fn cost_at(&self, card: &ModelCard) -> Option<Usd> {
        let price = self
            .prices
            .price_at(Some(&card.provider), &card.model, self.now)
            .ok()?;
        // What sells no output answers nothing.
        price.standard_rate(Unit::Output)?;
        full_cost_usd(price.rates, self.counts, self.asked.service_tier)
            .filter(|cost| !cost.is_nothing())
    }
}

/// Whether a model that is sold as one for chat is by its name for one task alone: judging what others say, or reading
/// pictures of text.
fn is_for_one_task(model: &str) -> bool {
    let model = model.to_ascii_lowercase();
    ["guard", "ocr"].iter().any(|task| model.contains(task))
}
