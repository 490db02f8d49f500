//! Carrying out what a refresh decided, all in one: what is as it was makes no event.

use super::super::{Desk, Done, text};
use super::{check_names, check_rates};
use crate::core::alert::AlertCause;
use crate::core::command::ApplyPrices;
use crate::core::event::Event;
use crate::core::id::ChangeId;
use crate::core::price::{Rates, Unit};
use crate::core::price_change::{
    Applying, Dropped, Holding, PastCorrection, PriceApplied, PriceHeldBack, PriceHistory,
    PriceProposal, Quoted,
};
use crate::core::refusal::Refusal;
use crate::core::state::ModelPrices;
use crate::core::weight;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most models of one command, so that its events fit into one batch of the journal; a larger refresh gives several.
pub const CHANGES_MOST: usize = 4_000;
/// The most sources that are named of one price.
pub const QUOTES_MOST: usize = 32;
/// The most past prices of one model by one source.
pub const PAST_MOST: usize = 1_000;
/// How many changed prices an alert names.
const NAMED_MOST: usize = 5;

/// What somebody is told of a refresh.
#[derive(Default)]
struct Told {
    /// The prices that changed, each with what it is now.
    changed: Vec<String>,
    /// The models that have what usage of them had no price for.
    priced: Vec<String>,
}

impl Desk<'_> {
    pub(in super::super) fn apply_prices(&mut self, refresh: ApplyPrices) -> Result<Done, Refusal> {
        check(&refresh)?;
        let mut done = Vec::new();
        for report in refresh.sources {
            done.extend(self.report_source(report));
        }
        let mut repriced = BTreeSet::new();
        for history in refresh.history {
            let model = (history.provider.clone(), history.model.clone());
            if let Some(place) = self.import(history) {
                done.push(place);
                repriced.extend(refresh.used.get(&model).cloned());
            }
        }
        self.tell_repriced(&repriced);
        for word in &refresh.past {
            self.hold_past(word, &mut done);
        }
        let mut told = Told::default();
        for proposal in &refresh.changes {
            self.carry_out_proposal(proposal, &mut done, &mut told);
        }
        self.tell_changes(&told.changed);
        self.tell_priced(&told.priced);
        self.answer_unknown_costs();
        Ok(Done::Events(done))
    }

    /// Adds an event of the command itself; the first one carries the request id.
    pub(super) fn say(&mut self, event: Event) -> usize {
        let request = self.request.take();
        self.add(event, request)
    }

    fn import(&mut self, history: PriceHistory) -> Option<usize> {
        let known = self.state.prices(&history.provider, &history.model);
        let known = known.and_then(|prices| prices.history_of(&history.source));
        let same = known.is_some_and(|known| known.prices == history.prices);
        (!same).then(|| self.say(Event::PriceHistoryImported(Arc::new(history))))
    }

    fn carry_out_proposal(
        &mut self,
        proposal: &PriceProposal,
        done: &mut Vec<usize>,
        tell: &mut Told,
    ) {
        let prices = self.state.prices(&proposal.provider, &proposal.model);
        if prices.map_or(0, ModelPrices::version) != proposal.base {
            return;
        }
        let waiting = prices.and_then(|prices| prices.waiting.clone());
        let hold = proposal.hold.as_ref().filter(|hold| {
            let mut declined = prices.into_iter().flat_map(|prices| &prices.declined);
            !declined.any(|known| known.rates == hold.rates && known.covers(hold.rule))
        });
        let mut from = proposal.effective_from;
        if let Some(apply) = &proposal.apply
            && !self.is_in_force(proposal, apply)
        {
            if let Some(present) = &proposal.present
                && **present != *apply.rates
            {
                let mut told = told(proposal, present, &apply.rates);
                if self.is_overridden(proposal) {
                    told.push_str(" (an override is charged)");
                }
                tell.changed.push(told);
            }
            let applied = applied(proposal, apply, self.now);
            // What waits is said of the price with this part, and can't hold before it.
            from = applied.effective_from;
            done.push(self.say(Event::PriceApplied(Arc::new(applied))));
            let unknown = self.state.unknown_costs();
            if proposal.present.is_none() {
                self.answer_first_price(&proposal.provider, &proposal.model);
            } else {
                self.answer_unknown_cost(&proposal.provider, &proposal.model);
            }
            if self.state.unknown_costs() < unknown {
                let model = format!("{}/{}", proposal.provider, proposal.model);
                tell.priced.push(model);
            }
        }
        let model = (&*proposal.provider, &*proposal.model);
        match (waiting, hold) {
            (None, None) => {}
            (Some(waiting), None) => self.drop_change(waiting.id, model, Dropped::Withdrawn),
            (Some(waiting), Some(hold)) if is_held(&waiting.change, proposal, hold) => {}
            (waiting, Some(hold)) => {
                if let Some(waiting) = waiting {
                    self.drop_change(waiting.id, model, Dropped::Superseded);
                }
                done.push(self.hold_back(held(proposal, hold, from)));
            }
        }
    }

    fn is_overridden(&self, proposal: &PriceProposal) -> bool {
        let (provider, model) = (&proposal.provider, &proposal.model);
        let set = self.state.override_at(provider, model, self.now);
        set.is_some()
    }

    fn is_in_force(&self, proposal: &PriceProposal, apply: &Applying) -> bool {
        let prices = self.state.prices(&proposal.provider, &proposal.model);
        let present = prices.and_then(|prices| prices.applied_at(self.now));
        present.is_some_and(|price| price.rates == apply.rates && price.status == apply.status)
    }

    pub(super) fn hold_back(&mut self, held: PriceHeldBack) -> usize {
        let (provider, model) = (held.provider.clone(), held.model.clone());
        let reason = held.reason.clone();
        let place = self.say(Event::PriceHeldBack(Arc::new(held)));
        let change = ChangeId(self.state.sequence());
        let message = format!("{change} of {provider}/{model}: {reason}");
        let cause = AlertCause::PriceHeldBack {
            change,
            provider,
            model,
        };
        self.raise(cause, &message);
        place
    }

    pub(super) fn drop_change(
        &mut self,
        change: ChangeId,
        (provider, model): (&str, &str),
        why: Dropped,
    ) {
        let alert = self.state.price_alert(change);
        self.follow(Event::PriceChangeDropped {
            change,
            provider: provider.to_owned(),
            model: model.to_owned(),
            why,
        });
        self.resolve(alert);
    }

    /// Nothing is costed anew by itself; somebody is to look at what the past costs now.
    fn tell_repriced(&mut self, models: &BTreeSet<(String, String)>) {
        let names = models.iter();
        let names: Vec<_> = names
            .map(|(provider, model)| format!("{provider}/{model}"))
            .collect();
        self.tell(&names, ", ", |named| {
            format!(
                "past prices of models with recorded usage changed: {named}; the usage keeps its cost, and get_price with corrections offers what it would cost"
            )
        });
    }

    fn tell_changes(&mut self, changed: &[String]) {
        self.tell(changed, "; ", |named| format!("prices changed: {named}"));
    }

    /// With the alert of an unknown cost goes what pointed to the usage that has it.
    fn tell_priced(&mut self, priced: &[String]) {
        self.tell(priced, ", ", |named| {
            format!(
                "models with recorded usage at an unknown cost have a price: {named}; the usage keeps its cost, and get_price with corrections offers what it would cost"
            )
        });
    }

    /// One alert for all, so that a refresh of many does not bury what else there is to see.
    fn tell(&mut self, changed: &[String], between: &str, message: impl Fn(&str) -> String) {
        if changed.is_empty() {
            return;
        }
        let mut named = changed[..changed.len().min(NAMED_MOST)].join(between);
        if let more @ 1.. = changed.len().saturating_sub(NAMED_MOST) {
            named.push_str(&format!(" and {more} more"));
        }
        let count = u32::try_from(changed.len()).unwrap_or(u32::MAX);
        self.raise(AlertCause::PricesChanged { count }, &message(&named));
    }
}

/// It holds from when it is applied: what is recorded while the sources are still asked was costed at the price before.
fn applied(proposal: &PriceProposal, apply: &Applying, now: Timestamp) -> PriceApplied {
    PriceApplied {
        provider: proposal.provider.clone(),
        model: proposal.model.clone(),
        rates: Arc::clone(&apply.rates),
        effective_from: proposal.effective_from.max(now),
        status: apply.status,
        apart: apply.apart.clone(),
        rule: apply.rule,
        quotes: beside(&proposal.quotes, &apply.rates),
    }
}

fn held(proposal: &PriceProposal, hold: &Holding, from: Timestamp) -> PriceHeldBack {
    let present = match &proposal.apply {
        Some(apply) => Some(&apply.rates),
        None => proposal.present.as_ref(),
    };
    PriceHeldBack {
        provider: proposal.provider.clone(),
        model: proposal.model.clone(),
        rates: Arc::clone(&hold.rates),
        effective_from: from,
        until: None,
        rule: hold.rule,
        reason: hold.reason.clone(),
        status: hold.status,
        apart: hold.apart.clone(),
        present: present.cloned(),
        quotes: beside(&proposal.quotes, &hold.rates),
    }
}

/// The words of the sources, left out where they are the event's own rates.
fn beside(quotes: &[Quoted], rates: &Rates) -> Vec<Quoted> {
    let mut quotes = quotes.to_vec();
    for quote in &mut quotes {
        quote.rates = quote.rates.take().filter(|own| **own != *rates);
    }
    quotes
}

/// Whether the change that waits already says so, of the same price: that of a state may have moved with its model's.
fn is_held(waiting: &PriceHeldBack, proposal: &PriceProposal, hold: &Holding) -> bool {
    let same = waiting.rates == hold.rates && waiting.rule == hold.rule;
    same && proposal.apply.is_none() && waiting.present == proposal.present
}

/// A changed price in a few words.
fn told(proposal: &PriceProposal, old: &Rates, new: &Rates) -> String {
    let (old, new) = (&old.standard.rates, &new.standard.rates);
    let parts = Unit::ALL.iter().filter_map(|unit| {
        let (old, new) = (old.get(unit), new.get(unit));
        let word = |rate: Option<&rust_decimal::Decimal>| {
            rate.map_or_else(|| "none".to_owned(), |rate| rate.normalize().to_string())
        };
        (old != new).then(|| format!("{} {} to {}", unit.as_str(), word(old), word(new)))
    });
    let parts = parts.collect::<Vec<_>>().join(", ");
    let parts = if parts.is_empty() {
        "other tiers".to_owned()
    } else {
        parts
    };
    format!("{}/{} {parts}", proposal.provider, proposal.model)
}

fn check(refresh: &ApplyPrices) -> Result<(), Refusal> {
    let corrections = || refresh.past.iter().flat_map(|word| &word.corrections);
    let models = refresh.changes.len() + refresh.history.len() + corrections().count();
    if models > CHANGES_MOST {
        return Err(Refusal::invalid(
            "changes",
            format!("expects at most {CHANGES_MOST} models at once, and has {models}"),
        ));
    }
    weight::check(refresh)?;
    for report in &refresh.sources {
        text::name("source", &report.source)?;
    }
    refresh.changes.iter().try_for_each(check_proposal)?;
    for word in &refresh.past {
        text::name("source", &word.source)?;
    }
    corrections().try_for_each(check_correction)?;
    refresh.history.iter().try_for_each(check_history)
}

/// What is decided of one model must be fit for the ledger: whoever makes an order of many leaves out the others.
///
/// # Errors
/// `invalid_argument` that names the part.
pub fn check_proposal(change: &PriceProposal) -> Result<(), Refusal> {
    check_names(&change.provider, &change.model)?;
    if change.quotes.len() > QUOTES_MOST {
        let expects = format!("expects at most {QUOTES_MOST} sources");
        return Err(Refusal::invalid("quotes", expects));
    }
    for quote in &change.quotes {
        text::name("source", &quote.source)?;
    }
    if let Some(apply) = &change.apply {
        check_rates(&apply.rates)?;
    }
    change.hold.iter().try_for_each(check_hold)
}

/// The same of what is to wait, by itself: where it is not fit, the rest may be.
///
/// # Errors
/// `invalid_argument` that names the part.
pub fn check_hold(hold: &Holding) -> Result<(), Refusal> {
    text::prose("reason", Some(&hold.reason))?;
    check_rates(&hold.rates)
}

/// The same of a model's prices of times that are over.
///
/// # Errors
/// `invalid_argument` that names the part.
pub fn check_history(history: &PriceHistory) -> Result<(), Refusal> {
    check_names(&history.provider, &history.model)?;
    text::name("source", &history.source)?;
    if history.prices.len() > PAST_MOST {
        let expects = format!("expects at most {PAST_MOST} past prices");
        return Err(Refusal::invalid("history", expects));
    }
    let mut prices = history.prices.iter();
    prices.try_for_each(|price| check_rates(&price.rates))?;
    let weight = weight::of_history(history);
    if weight > weight::EVENT_MOST {
        let expects = format!("expects fewer bytes than {weight}");
        return Err(Refusal::invalid("history", expects));
    }
    Ok(())
}

/// The same of a past price that its source says otherwise.
///
/// # Errors
/// `invalid_argument` that names the part.
pub fn check_correction(correction: &PastCorrection) -> Result<(), Refusal> {
    check_names(&correction.provider, &correction.model)?;
    text::prose("reason", Some(&correction.reason))?;
    check_rates(&correction.price.rates)
}
