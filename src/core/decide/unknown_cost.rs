//! Costs that are not known: one alert a model, until a price names all that it was used for.

use super::Desk;
use crate::core::alert::AlertCause;
use crate::core::event::Event;
use crate::core::id::AlertId;
use crate::core::price::{Rates, Unit};
use crate::core::state::State;
use crate::core::usage::{CostSource, Usage};
use std::collections::BTreeSet;

/// How many alerts may stand for models of unknown cost: a caller may name any.
const UNKNOWN_COSTS_MOST: usize = 1000;
/// How many parts without a price one alert names: a provider's usage object may name any.
const PARTS_MOST: usize = 32;

impl Desk<'_> {
    /// Says that the cost of a usage is not known, unless an alert of its model says so of all that it was used for.
    pub(super) fn tell_unknown_cost(&mut self, place: usize) {
        let Event::UsageRecorded(recorded) = &self.entries[place].recorded.event else {
            return;
        };
        let usage = &recorded.usage;
        let (provider, model) = (usage.provider.clone(), usage.model.clone());
        let standing = self.state.unknown_cost(&provider, &model);
        if usage.cost.source != CostSource::Unknown
            || (standing.is_none() && self.state.unknown_costs() >= UNKNOWN_COSTS_MOST)
        {
            return;
        }
        let mut parts = unpriced(usage);
        if let Some(standing) = standing {
            let known = parts_of(self.state, standing);
            if known.len() >= PARTS_MOST || parts.is_subset(&known) {
                return;
            }
            parts.extend(known);
        }
        let unpriced: Vec<_> = parts.into_iter().take(PARTS_MOST).collect();
        let named = match unpriced.as_slice() {
            [] => String::new(),
            parts => format!(" for all it was used for: {}", parts.join(", ")),
        };
        let message = format!(
            "{provider}/{model} has no price{named}; what that costs is in no budget. An admin sets a price with override_price"
        );
        self.resolve(standing);
        let cause = AlertCause::CostUnknown {
            provider,
            model,
            unpriced,
        };
        self.raise(cause, &message);
    }

    /// Resolves the alert of a model's unknown cost, where the price that it has got names all that it was used for.
    pub(super) fn answer_unknown_cost(&mut self, provider: &str, model: &str) {
        let Some(alert) = self.state.unknown_cost(provider, model) else {
            return;
        };
        let Some(rates) = in_force(self.state, provider, model) else {
            return;
        };
        let mut parts = parts_of(self.state, alert).into_iter();
        if parts.all(|part| rates.has_rate_for(&part)) {
            self.resolve([alert]);
        }
    }
}

/// What of a usage has no price: all of it, where it names nothing.
fn unpriced(usage: &Usage) -> BTreeSet<String> {
    if !usage.cost.unpriced.is_empty() {
        return usage.cost.unpriced.iter().cloned().collect();
    }
    // A call is free where no rate says otherwise.
    let counted = Unit::ALL.into_iter().filter(|unit| *unit != Unit::Request);
    let counted = counted.filter(|unit| unit.count(&usage.counts) > 0);
    counted.map(|unit| unit.as_str().to_owned()).collect()
}

/// What an alert names; nothing, where it was raised before alerts did, or for a usage of calls alone.
fn parts_of(state: &State, alert: AlertId) -> BTreeSet<String> {
    match state.alert(alert).map(|alert| &alert.cause) {
        Some(AlertCause::CostUnknown { unpriced, .. }) => unpriced.iter().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

/// What the model costs by what was set or applied last.
fn in_force<'a>(state: &'a State, provider: &str, model: &str) -> Option<&'a Rates> {
    let set = state.overrides_of(provider, model).last();
    set.and_then(|set| set.rates.as_ref()).or_else(|| {
        let last = state.prices(provider, model)?.applied.last()?;
        Some(&last.price.rates)
    })
}
