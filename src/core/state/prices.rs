//! Prices: what admins set, what sources made, what waits for a person, and how the sources stand.

use super::source_standing::SourceStanding;
use super::{PriceOverride, RowKey, State};
use crate::core::event::Stamp;
use crate::core::id::{AlertId, ChangeId};
use crate::core::increase::Review;
use crate::core::price::Rates;
use crate::core::price_change::{
    Evidence, OpenChange, PastPrice, PriceApplied, PriceHeldBack, PriceHistory, PriceRule, Quoted,
    SourceReport,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// A provider and a model.
pub(super) type ModelKey = (String, String);

/// How many changes that were turned down are remembered of one model.
const DECLINED_MOST: usize = 64;

/// What sources made of one model's price.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPrices {
    /// The sequence of the last event that changed a price of it, or turned a change down.
    pub touched: u64,
    /// Every price that was applied, in the order in which it was.
    pub applied: Vec<AppliedPrice>,
    /// The change that waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<OpenChange>,
    /// The corrections of the past that wait for a person, in the order in which they were held back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting_past: Vec<OpenChange>,
    /// The corrections of the past that a person turned down, in that order, the last few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined_past: Vec<DeclinedPast>,
    /// What a person turned down, in that order, the last few: it is not held back again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined: Vec<Declined>,
    /// What sources say of times that are over, by source, in the order in which it was taken in. The last of each holds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub history: BTreeMap<String, Vec<ImportedHistory>>,
}

/// A change that a person turned down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    /// What the model would have cost.
    pub rates: Arc<Rates>,
    /// What it cost then; the rates in which the two differ are turned down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<Arc<Rates>>,
    /// The rule that had held it back.
    pub rule: PriceRule,
}

impl Declined {
    /// How much spoke for it.
    pub const fn evidence(&self) -> Evidence {
        Evidence::behind(self.rule, self.present.is_some())
    }

    /// Whether it was turned down on no less evidence: what a quorum says is asked again, even if a lone source that said so
    /// was turned down.
    pub fn covers(&self, rule: PriceRule) -> bool {
        Evidence::behind(rule, self.present.is_some()) <= self.evidence()
    }
}

/// A correction of the past that a person turned down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclinedPast {
    /// The source that says so.
    pub source: String,
    /// What it says.
    pub price: PastPrice,
}

/// What a source says of times that are over, as it was taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedHistory {
    /// The sequence of its event.
    pub version: u64,
    /// The prices.
    pub history: Arc<PriceHistory>,
}

/// A price that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedPrice {
    /// The sequence of its event.
    pub version: u64,
    /// When it was applied.
    #[serde(with = "crate::core::time")]
    pub applied_at: Timestamp,
    /// The price, with where it comes from.
    pub price: Arc<PriceApplied>,
    /// Who approved it, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
}

impl ModelPrices {
    /// The version of the price that was applied last; zero for none.
    pub fn version(&self) -> u64 {
        self.applied.last().map_or(0, |last| last.version)
    }

    /// The price that holds at a time, of those that were applied: a clock that was ahead may have made one for later.
    pub fn applied_at(&self, at: Timestamp) -> Option<&PriceApplied> {
        let prices = self.applied.iter().map(|applied| &*applied.price);
        let so_far = prices.filter(|price| price.effective_from <= at);
        so_far.max_by_key(|price| price.effective_from)
    }

    /// What a source said last of times that are over.
    pub fn history_of(&self, source: &str) -> Option<&PriceHistory> {
        let last = self.history.get(source)?.last()?;
        Some(&last.history)
    }

    /// What a source says against its own earlier word and a person turned down.
    pub fn declined_past_of(&self, source: &str) -> impl Iterator<Item = &PastPrice> {
        let of = move |declined: &&DeclinedPast| declined.source == source;
        let declined = self.declined_past.iter().filter(of);
        declined.map(|declined| &declined.price)
    }

    fn open(&self, id: ChangeId) -> Option<&OpenChange> {
        let mut all = self.waiting.iter().chain(&self.waiting_past);
        all.find(|open| open.id == id)
    }

    fn take_open(&mut self, id: ChangeId) -> Option<OpenChange> {
        if let Some(place) = self.waiting_past.iter().position(|open| open.id == id) {
            return Some(self.waiting_past.remove(place));
        }
        self.waiting.take_if(|open| open.id == id)
    }

    /// The history of a source with a correction in place of what it said of that time.
    fn corrected(
        &self,
        provider: &str,
        model: &str,
        by: &Quoted,
        price: PastPrice,
    ) -> PriceHistory {
        let known = self.history_of(&by.source);
        let known = known.into_iter().flat_map(|known| &known.prices);
        let mut prices: Vec<_> = known.flat_map(|known| known.outside(&price)).collect();
        prices.push(price);
        prices.sort_by_key(|price| price.from);
        PriceHistory {
            provider: provider.to_owned(),
            model: model.to_owned(),
            source: by.source.clone(),
            fetched_at: by.fetched_at,
            content: by.content,
            weight: by.weight,
            prices,
        }
    }
}

/// Which model's prices changed last, in the order of their events.
#[derive(Clone, Debug, Default)]
pub(super) struct PriceLog {
    by_model: BTreeMap<Arc<ModelKey>, u64>,
    by_sequence: BTreeMap<u64, Arc<ModelKey>>,
}

impl PriceLog {
    pub(super) fn touch(&mut self, sequence: u64, provider: &str, model: &str) {
        let key = Arc::new((provider.to_owned(), model.to_owned()));
        let known = self.by_model.entry(Arc::clone(&key)).or_default();
        if *known < sequence {
            self.by_sequence.remove(known);
            *known = sequence;
            self.by_sequence.insert(sequence, key);
        }
    }
}

impl State {
    /// The sequence of the last change of a price, or of what was turned down; zero for none.
    pub fn prices_set(&self) -> u64 {
        self.price_log
            .by_sequence
            .last_key_value()
            .map_or(0, |(sequence, _)| *sequence)
    }

    /// The models whose prices changed after a sequence.
    pub fn prices_set_after(&self, sequence: u64) -> impl Iterator<Item = (&str, &str)> {
        let after = (Bound::Excluded(sequence), Bound::Unbounded);
        let models = self.price_log.by_sequence.range(after);
        models.map(|(_, key)| (&*key.0, &*key.1))
    }

    /// The prices that admins set for a model, in the order in which they were set.
    pub fn overrides_of(&self, provider: &str, model: &str) -> &[PriceOverride] {
        self.overrides
            .get(&(provider.to_owned(), model.to_owned()))
            .map_or(&[], Vec::as_slice)
    }

    /// Whether another provider has a price of the model that was set or applied.
    pub fn is_priced_elsewhere(&self, provider: &str, model: &str) -> bool {
        let applied = self.prices.iter();
        let applied = applied.filter(|(_, prices)| !prices.applied.is_empty());
        let mut known = applied.map(|(key, _)| key).chain(self.overrides.keys());
        known.any(|(own, of)| own != provider && of == model)
    }

    /// What sources made of a model's price.
    pub fn prices(&self, provider: &str, model: &str) -> Option<&ModelPrices> {
        self.prices.get(&(provider.to_owned(), model.to_owned()))
    }

    /// Every change of a price that waits for a person, by id.
    pub fn waiting_prices(&self) -> impl Iterator<Item = &OpenChange> {
        let ids = self.waiting_prices.keys();
        ids.filter_map(|id| self.waiting_price(*id))
    }

    /// A change of a price that waits for a person.
    pub fn waiting_price(&self, id: ChangeId) -> Option<&OpenChange> {
        let key = self.waiting_prices.get(&id)?;
        self.prices.get(key)?.open(id)
    }

    /// The alert about a change that waits.
    pub fn price_alert(&self, id: ChangeId) -> Option<AlertId> {
        self.price_alerts.get(&id).copied()
    }

    /// How a source of prices stands; none for one that never reported.
    pub fn source(&self, name: &str) -> Option<&SourceStanding> {
        self.sources.get(name)
    }

    /// Every source of prices that has reported, by name.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &SourceStanding)> {
        self.sources
            .iter()
            .map(|(name, standing)| (&**name, standing))
    }

    pub(super) fn override_price(&mut self, provider: &str, model: &str, set: PriceOverride) {
        self.price_log.touch(set.version, provider, model);
        let key = (provider.to_owned(), model.to_owned());
        self.changes
            .note(RowKey::Override(key.0.clone(), key.1.clone()));
        self.overrides.entry(key).or_default().push(set);
    }

    pub(super) fn apply_price(&mut self, version: u64, price: &Arc<PriceApplied>, at: Timestamp) {
        let prices = self.change_prices(version, &price.provider, &price.model);
        prices.applied.push(AppliedPrice {
            version,
            applied_at: at,
            price: Arc::clone(price),
            review: None,
        });
    }

    pub(super) fn hold_price(&mut self, id: ChangeId, change: &Arc<PriceHeldBack>, at: Timestamp) {
        let key = (change.provider.clone(), change.model.clone());
        let prices = self.prices_mut(&change.provider, &change.model);
        let waiting = OpenChange {
            id,
            held_at: at,
            change: Arc::clone(change),
        };
        if change.until.is_some() {
            prices.waiting_past.push(waiting);
        } else if let Some(older) = prices.waiting.replace(waiting) {
            self.waiting_prices.remove(&older.id);
        }
        self.waiting_prices.insert(id, key);
    }

    pub(super) fn review_price(
        &mut self,
        sequence: u64,
        id: ChangeId,
        approved: bool,
        stamp: &Stamp,
    ) {
        let Some(OpenChange { change, .. }) = self.take_waiting(id) else {
            return;
        };
        let (provider, model) = (&change.provider, &change.model);
        if let Some((by, price)) = change.correction() {
            return self.review_past(sequence, (provider, model), (by, price), approved);
        }
        if !approved {
            let declined = &mut self.change_prices(sequence, provider, model).declined;
            declined.push(Declined {
                rates: Arc::clone(&change.rates),
                present: change.present.clone(),
                rule: change.rule,
            });
            let older = declined.len().saturating_sub(DECLINED_MOST);
            declined.drain(..older);
            return;
        }
        let prices = self.change_prices(sequence, provider, model);
        // The price that it is a change of holds until then, however early it was proposed.
        let changed = prices.applied.iter();
        let changed = changed.map(|applied| applied.price.effective_from).max();
        let effective_from = changed.map_or(change.effective_from, |from| {
            from.max(change.effective_from)
        });
        prices.applied.push(AppliedPrice {
            version: sequence,
            applied_at: stamp.at,
            price: Arc::new(PriceApplied {
                provider: provider.clone(),
                model: model.clone(),
                rates: Arc::clone(&change.rates),
                effective_from,
                status: change.status,
                apart: change.apart.clone(),
                rule: PriceRule::Approved,
                quotes: change.quotes.clone(),
            }),
            review: Some(Review {
                actor: stamp.actor.clone(),
                at: stamp.at,
                reason: stamp.reason.clone(),
            }),
        });
    }

    fn review_past(
        &mut self,
        sequence: u64,
        (provider, model): (&str, &str),
        (by, price): (&Quoted, PastPrice),
        approved: bool,
    ) {
        let prices = self.change_prices(sequence, provider, model);
        if approved {
            let corrected = prices.corrected(provider, model, by, price);
            self.import_history(sequence, &Arc::new(corrected));
            return;
        }
        let source = by.source.clone();
        prices.declined_past.push(DeclinedPast { source, price });
        let older = prices.declined_past.len().saturating_sub(DECLINED_MOST);
        prices.declined_past.drain(..older);
    }

    pub(super) fn drop_price_change(&mut self, id: ChangeId) {
        self.take_waiting(id);
    }

    pub(super) fn import_history(&mut self, sequence: u64, history: &Arc<PriceHistory>) {
        let prices = self.change_prices(sequence, &history.provider, &history.model);
        let of_source = prices.history.entry(history.source.clone()).or_default();
        of_source.push(ImportedHistory {
            version: sequence,
            history: Arc::clone(history),
        });
    }

    pub(super) fn report_source(&mut self, report: &SourceReport, at: Timestamp) {
        let standing = self.sources.entry(report.source.clone()).or_default();
        *standing = standing.after(report, at);
        self.changes.note(RowKey::Source(report.source.clone()));
    }

    /// Puts what a store kept of a model's prices in its place.
    pub(super) fn put_prices(&mut self, provider: String, model: String, prices: ModelPrices) {
        self.price_log.touch(prices.touched, &provider, &model);
        let key = (provider, model);
        for waiting in prices.waiting.iter().chain(&prices.waiting_past) {
            self.waiting_prices.insert(waiting.id, key.clone());
        }
        self.prices.insert(key, prices);
    }

    fn take_waiting(&mut self, id: ChangeId) -> Option<OpenChange> {
        let key = self.waiting_prices.remove(&id)?;
        self.changes
            .note(RowKey::Price(key.0.clone(), key.1.clone()));
        self.prices.get_mut(&key)?.take_open(id)
    }

    fn change_prices(&mut self, sequence: u64, provider: &str, model: &str) -> &mut ModelPrices {
        self.price_log.touch(sequence, provider, model);
        let prices = self.prices_mut(provider, model);
        prices.touched = sequence;
        prices
    }

    fn prices_mut(&mut self, provider: &str, model: &str) -> &mut ModelPrices {
        let key = (provider.to_owned(), model.to_owned());
        self.changes
            .note(RowKey::Price(key.0.clone(), key.1.clone()));
        self.prices.entry(key).or_default()
    }
}
