//! Costs that are not known: one alert a model, until a price names all that it was used for.

use super::Desk;
use crate::core::alert::{Alert, AlertCause, AlertStatus};
use crate::core::event::Event;
use crate::core::id::AlertId;
use crate::core::name::Name;
use crate::core::price::{Rates, Unit};
use crate::core::state::State;
use crate::core::usage::{CostSource, UNKNOWN_PROVIDER, Usage};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// How many open alerts may stand for models of unknown cost: a caller may name any.
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
        let is_known = usage.cost.source != CostSource::Unknown;
        if is_known && self.state.unknown_costs() == 0 {
            return;
        }
        let (provider, model) = (usage.provider.clone(), self.model_to_price(usage));
        if is_known {
            // A price that was set for a later time may have begun since.
            return self.answer_unknown_cost(&provider, &model);
        }
        let standing = self.state.unknown_cost(&provider, &model);
        if standing.is_none() && self.has_many_unknown_costs() {
            return self.tell_unknown_costs_of_others();
        }
        let mut parts = unpriced(usage);
        let mut sellers: BTreeSet<_> = usage.cost.sellers.iter().cloned().collect();
        if let Some(standing) = standing {
            let (known, of) = (
                parts_of(self.state, standing),
                sellers_of(self.state, standing),
            );
            let adds_parts = known.len() < PARTS_MOST && !parts.is_subset(&known);
            let adds_sellers = of.len() < PARTS_MOST && !sellers.is_subset(&of);
            if !adds_parts && !adds_sellers {
                return;
            }
            parts.extend(known);
            sellers.extend(of);
        }
        self.resolve(standing);
        self.raise_unknown_cost((provider.into(), model.into()), parts, sellers);
    }

    fn has_many_unknown_costs(&self) -> bool {
        let all = self.state.all_unknown_costs();
        let open = || all.filter(|(_, alert)| self.is_open(*alert)).count();
        self.state.unknown_costs() >= UNKNOWN_COSTS_MOST && open() >= UNKNOWN_COSTS_MOST
    }

    fn is_open(&self, alert: AlertId) -> bool {
        let known = self.state.alert(alert);
        known.is_some_and(|known| known.status == AlertStatus::Open)
    }

    /// Says that further models have an unknown cost, unless an alert says so that nobody has acknowledged.
    fn tell_unknown_costs_of_others(&mut self) {
        let cause = AlertCause::CostUnknownOfOthers;
        let is_told = |alert: &Alert| alert.cause == cause && alert.status == AlertStatus::Open;
        if self.state.alerts().any(is_told) {
            return;
        }
        let message = format!(
            "more models were used without a price than the {UNKNOWN_COSTS_MOST} that have open alerts of their own; what they cost \
             is in no budget. usage_report with group_by model shows them, and an admin sets prices with override_price; once some \
             of those alerts are acknowledged, others have theirs as they are used again"
        );
        self.raise(cause, &message);
    }

    /// The model whose price a usage wants: of a release with a price of its own, that.
    fn model_to_price(&self, usage: &Usage) -> Name {
        let own = usage.release.as_ref().filter(|release| {
            in_force(self.state, &usage.provider, release, usage.occurred).is_some()
        });
        own.unwrap_or(&usage.model).clone()
    }

    fn raise_unknown_cost(
        &mut self,
        (provider, model): (String, String),
        parts: BTreeSet<String>,
        sellers: BTreeSet<String>,
    ) {
        let unpriced: Vec<_> = parts.into_iter().take(PARTS_MOST).collect();
        let sellers: Vec<_> = sellers.into_iter().take(PARTS_MOST).collect();
        let parts = unpriced.join(", ");
        let message = match (unpriced.as_slice(), sellers.as_slice()) {
            (_, [_, ..]) => format!(
                "{model} was used without a provider, and its name alone does not tell who sold it ({}); what it costs is \
                 in no budget. Whoever records it names the provider; adjust_usage corrects what was recorded",
                sellers.join(", ")
            ),
            ([], []) => format!(
                "{provider}/{model} has no price; what that costs is in no budget. An admin sets a price with override_price"
            ),
            _ => format!(
                "{provider}/{model} has no price for all it was used for: {parts}; what that costs is in no budget. An admin \
                 sets a price with override_price"
            ),
        };
        let cause = AlertCause::CostUnknown {
            provider,
            model,
            unpriced,
            sellers,
        };
        self.raise(cause, &message);
    }

    /// Resolves the alerts of a model's unknown cost, where the price in force names all that it was used for; one of which it
    /// names a part is raised again with what is left.
    pub(super) fn answer_unknown_cost(&mut self, provider: &str, model: &str) {
        self.answer(provider, model, false);
    }

    /// The same, of a model that had no price: what was recorded of it without a provider has its answer, too.
    pub(super) fn answer_first_price(&mut self, provider: &str, model: &str) {
        let nobodys = |(own, of): &(String, String)| {
            own == UNKNOWN_PROVIDER && of.eq_ignore_ascii_case(model)
        };
        // Where another provider has it, what names none is not known to be this one's.
        let sole = self
            .state
            .all_unknown_costs()
            .any(|(name, _)| nobodys(name))
            && !self.state.is_priced_elsewhere(provider, model);
        self.answer(provider, model, sole);
    }

    /// Looks at every alert of an unknown cost again: a price that was set for a later time may have begun.
    pub(super) fn answer_unknown_costs(&mut self) {
        let standing = self.state.all_unknown_costs();
        let standing: Vec<_> = standing.map(|(name, _)| name.clone()).collect();
        for (provider, model) in standing {
            self.answer(&provider, &model, false);
            let plain = model.to_ascii_lowercase();
            if plain != model {
                self.answer(&provider, &plain, false);
            }
        }
        self.answer_others();
    }

    /// Resolves what is said of further models, once there is room for alerts of their own.
    pub(super) fn answer_others(&mut self) {
        if self.has_many_unknown_costs() {
            return;
        }
        let alerts = self.state.alerts();
        let of_others = alerts.filter(|alert| alert.cause == AlertCause::CostUnknownOfOthers);
        let of_others: Vec<_> = of_others.map(|alert| alert.id).collect();
        self.resolve(of_others);
    }

    fn answer(&mut self, provider: &str, model: &str, sole: bool) {
        if self.state.unknown_costs() == 0 {
            return;
        }
        let Some(rates) = in_force(self.state, provider, model, self.now) else {
            return;
        };
        // Before a model was known it was recorded by the name that the caller had for it.
        let is_meant = |own: &str, of: &str, alert| {
            // What was used of one of several is not known to be of this one, whose price comes.
            let is_nobodys = || own == UNKNOWN_PROVIDER && sellers_of(self.state, alert).is_empty();
            of.eq_ignore_ascii_case(model)
                && (own.eq_ignore_ascii_case(provider) || (sole && is_nobodys()))
        };
        let standing = self.state.all_unknown_costs();
        let meant = standing.filter(|((own, of), alert)| is_meant(own, of, *alert));
        let mut meant: Vec<_> = meant
            .map(|((own, of), alert)| {
                let named = parts_of(self.state, alert);
                let left = named.iter().filter(|part| !rates.has_rate_for(part));
                let left: BTreeSet<_> = left.cloned().collect();
                (alert, (own.clone(), of.clone()), named.len(), left)
            })
            .collect();
        meant.sort_by_key(|(alert, ..)| *alert);
        for (alert, (provider, model), named, left) in meant {
            if left.is_empty() {
                self.resolve([alert]);
            } else if left.len() < named && self.is_open(alert) {
                self.resolve([alert]);
                let sellers = sellers_of(self.state, alert);
                self.raise_unknown_cost((provider, model), left, sellers);
            }
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

/// Who all sells the model of an alert, where nobody said of whom it was bought.
fn sellers_of(state: &State, alert: AlertId) -> BTreeSet<String> {
    match state.alert(alert).map(|alert| &alert.cause) {
        Some(AlertCause::CostUnknown { sellers, .. }) => sellers.iter().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

/// What the model costs now by what was set or applied.
fn in_force<'a>(
    state: &'a State,
    provider: &str,
    model: &str,
    now: Timestamp,
) -> Option<&'a Rates> {
    state.override_at(provider, model, now).or_else(|| {
        let applied = state.prices(provider, model)?.applied.iter();
        let begun = applied.filter(|applied| applied.price.effective_from <= now);
        let last = begun.max_by_key(|applied| applied.price.effective_from)?;
        Some(&*last.price.rates)
    })
}
