//! Which of the models whose past is told anew have recorded usage that it may concern.

use crate::core::price_change::PriceHistory;
use crate::core::refusal::Refusal;
use crate::core::state::{ModelPrices, State};
use crate::reporting::rollup::slot_of;
use crate::service::Desk;
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
        let news = history.iter().filter(|told| is_news(&state, told));
        news.collect()
    };
    let prices = || news.iter().flat_map(|told| &told.prices);
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
    let concerns = |told: &&&PriceHistory| {
        let counted = book.counted_as(&told.provider, &told.model);
        let model = counted.unwrap_or(&told.model);
        let mut own = buckets.iter().filter(|bucket| {
            bucket.sums.records > 0
                && bucket.dimensions.provider == told.provider
                && bucket.dimensions.model == *model
        });
        own.any(|bucket| {
            let mut prices = told.prices.iter();
            prices.any(|past| (slot_of(past.from)..=slot_of(past.until)).contains(&bucket.slot))
        })
    };
    let used = news.iter().filter(concerns);
    Ok(used
        .map(|told| (told.provider.clone(), told.model.clone()))
        .collect())
}

fn is_news(state: &State, told: &PriceHistory) -> bool {
    let known = state.prices(&told.provider, &told.model);
    let known = known.and_then(|prices: &ModelPrices| prices.history_of(&told.source));
    known.is_none_or(|known| known.prices != told.prices)
}
