//! What is seen of a ledger: prices, what became of words, and alerts.

use super::{Ground, PricesOverTime};
use crate::entry::{FEEDS, HISTORY, Known, subject};
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use tekton_budget::core::alert::{Alert, AlertCause, AlertStatus};
use tekton_budget::core::id::ChangeId;
use tekton_budget::core::price::Unit;
use tekton_budget::core::price_change::{PriceRule, Vote};

/// Times of which the price is compared, beside the present one: while the history alone knows it, and just after the first
/// refresh.
const TIMES: [&str; 3] = [
    "2026-09-01T00:00:00Z",
    "2026-11-10T00:00:00Z",
    "2026-11-24T08:00:01Z",
];

impl Ground {
    /// What waits of a model, and the rule that holds it back.
    pub fn waiting(&self, (provider, model): &(String, String)) -> Option<(ChangeId, PriceRule)> {
        let waiting = self.state.prices(provider, model)?.waiting.as_ref()?;
        Some((waiting.id, waiting.change.rule))
    }

    /// What a model costs now, in words; none where it has no price.
    pub fn price(&self, (provider, model): &(String, String)) -> String {
        self.price_at(provider, model, self.now)
    }

    pub fn price_at(&self, provider: &str, model: &str, at: Timestamp) -> String {
        match self.book.price_at(Some(provider), model, at) {
            Ok(price) => {
                let rates = serde_json::to_string(price.rates).unwrap();
                format!("{rates} {:?} {}", price.status, price.version)
            }
            Err(_) => "none".to_owned(),
        }
    }

    /// How a model's price was applied last: its status and the rule that decided.
    pub fn applied(&self, (provider, model): &(String, String)) -> String {
        let prices = self.state.prices(provider, model).unwrap();
        let last = &prices.applied.last().unwrap().price;
        format!("{:?} by `{}`", last.status, last.rule.as_str()).to_lowercase()
    }

    /// The standard rate of a model's input now.
    pub fn input(&self, (provider, model): &(String, String)) -> Decimal {
        let price = self.book.price_at(Some(provider), model, self.now).unwrap();
        price.rates.standard.rates[&Unit::Input]
    }

    /// The prices of every model that anything was ever said of, now and before.
    pub fn prices(&self) -> PricesOverTime {
        let mut models: BTreeSet<(String, String)> = self
            .state
            .prices_set_after(0)
            .map(|(provider, model)| (provider.to_owned(), model.to_owned()))
            .collect();
        for feed in FEEDS {
            models.extend(Known::ALL.map(|known| subject(feed, known)));
        }
        for region in ["gpt-4o", "eu/gpt-4o"] {
            models.insert(("azure".to_owned(), region.to_owned()));
        }
        let times = TIMES.map(|at| at.parse::<Timestamp>().unwrap());
        let of = |(provider, model): (String, String)| {
            let at = times.into_iter().chain([self.now]);
            let prices = at.map(|at| self.price_at(&provider, &model, at)).collect();
            ((provider, model), prices)
        };
        models.into_iter().map(of).collect()
    }

    /// What became of a source's word for a model.
    pub fn came_of(&self, source: &str, model: &(String, String)) -> String {
        if let Some(why) = self.seen.failed.get(source) {
            return format!("reported: {why}");
        }
        let prices = self.state.prices(&model.0, &model.1);
        if source == HISTORY
            && let Some(open) = prices.and_then(|prices| prices.waiting_past.first())
        {
            return format!("held back: `{}`", open.change.rule.as_str());
        }
        if source == HISTORY
            && let Some(rule) = self.seen.past.get(model)
        {
            return format!("left out: `{}`", rule.as_str());
        }
        let judged = self.seen.judged.get(model);
        let quoted =
            judged.and_then(|judged| judged.quotes.iter().find(|one| one.source == source));
        let Some(quoted) = quoted else {
            let left_out = self.seen.left_out.get(source).into_iter().flatten();
            let named = left_out.clone().find(|(name, _)| name.contains(&model.1));
            // An entry that can't be read at all has no name that is known.
            return named.or(left_out.last()).map_or_else(
                || "no word".to_owned(),
                |(_, why)| format!("left out: {why}"),
            );
        };
        match (quoted.vote, quoted.against, self.waiting(model)) {
            (Vote::Rejected, Some(rule), _) => format!("rejected: `{}`", rule.as_str()),
            (Vote::Outvoted, _, _) => "outvoted".to_owned(),
            (Vote::Agreed | Vote::Undecided, Some(rule), None) => {
                format!("left out of it: `{}`", rule.as_str())
            }
            (Vote::Undecided, _, None) => "undecided".to_owned(),
            (_, _, Some((_, rule))) => format!("held back: `{}`", rule.as_str()),
            (vote, ..) => format!("{vote:?}").to_lowercase(),
        }
    }

    /// Why entries of a source were left out.
    pub fn left_out(&self, source: &str) -> BTreeSet<String> {
        let all = self.seen.left_out.get(source).into_iter().flatten();
        all.map(|(_, why)| why.clone()).collect()
    }

    /// The alerts that stand.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        let open = self.state.alerts();
        open.filter(|alert| alert.status == AlertStatus::Open)
    }

    /// Whether an alert says that a change of a model waits.
    pub fn is_told(&self, (provider, model): &(String, String)) -> bool {
        self.alerts().any(|alert| match &alert.cause {
            AlertCause::PriceHeldBack {
                provider: of,
                model: named,
                ..
            } => (of, named) == (provider, model),
            _ => false,
        })
    }

    /// Whether an alert says that a source fails.
    pub fn is_reported(&self, source: &str) -> bool {
        let fails = AlertCause::SourceFailed {
            source: source.to_owned(),
        };
        self.alerts().any(|alert| alert.cause == fails)
    }
}
