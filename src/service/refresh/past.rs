//! Which of the models whose past is told anew have recorded usage that it may concern.

use crate::core::price_change::{PastPrice, PriceHistory};
use crate::core::refusal::Refusal;
use crate::core::state::{ModelPrices, State};
use crate::pricing::book::PriceBook;
use crate::reporting::report::instant;
use crate::reporting::rollup::slot_of;
use crate::service::Desk;
use crate::service::scoping::Coming;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The models that have recorded usage in a time of which a source says something new; provider and model.
///
/// # Errors
/// `unavailable` where the sums of usage can't be read.
pub(in crate::service) fn used(
    desk: &Desk,
    history: &[PriceHistory],
) -> Result<BTreeSet<(String, String)>, Refusal> {
    // The state is let go before the sums are read, which may take long.
    let news: Vec<_> = {
        let state = desk.state();
        let news = history.iter().map(|told| (told, news(&state, told)));
        news.filter(|(_, prices)| !prices.is_empty()).collect()
    };
    let prices = || news.iter().flat_map(|(_, prices)| prices);
    let (Some(from), Some(until)) = (
        prices().map(|past| past.from).min(),
        prices().map(|past| past.until).max(),
    ) else {
        return Ok(BTreeSet::new());
    };
    let buckets = desk
        .ledger()
        .shared()
        .usage(slot_of(from), slot_of(until).saturating_add(1))?;
    let book = desk.prices();
    let mut next = PriceBook::clone(&book);
    Coming::of_histories(news.iter().map(|(told, _)| *told)).make(&mut next, desk.now());
    // What goes over a source's word, or says the same, changes nothing of what usage costs.
    let differs = |told: &PriceHistory, at: Timestamp| {
        let price = |book: &PriceBook| {
            let price = book.price_at(Some(&told.provider), &told.model, at);
            price.ok().map(|price| price.rates.clone())
        };
        price(&book) != price(&next)
    };
    let concerns = |(told, prices): &&(&PriceHistory, Vec<PastPrice>)| {
        let counted = book.counted_as(&told.provider, &told.model);
        let model = counted.unwrap_or(&told.model);
        let mut own = buckets.iter().filter(|bucket| {
            bucket.sums.records > 0
                && bucket.dimensions.provider == told.provider
                && bucket.dimensions.model == *model
        });
        own.any(|bucket| {
            let (from, until) = (instant(bucket.slot), instant(bucket.slot + 1));
            let mut prices = prices.iter();
            prices.any(|past| {
                past.from < until && from < past.until && differs(told, from.max(past.from))
            })
        })
    };
    let used = news.iter().filter(concerns);
    Ok(used
        .map(|(told, _)| (told.provider.clone(), told.model.clone()))
        .collect())
}

/// What a source says otherwise than before, and what it says no more.
fn news(state: &State, told: &PriceHistory) -> Vec<PastPrice> {
    let known = state.prices(&told.provider, &told.model);
    let known = known.and_then(|prices: &ModelPrices| prices.history_of(&told.source));
    let known = known.map_or(&[][..], |known| &known.prices);
    let said = told.prices.iter().filter(|past| !known.contains(past));
    let gone = known.iter().filter(|past| !told.prices.contains(past));
    said.chain(gone).cloned().collect()
}
