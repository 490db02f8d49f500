//! Where a source's word for a time that is over is what was charged then.

use super::{Found, PriceBook};
use crate::pricing::catalogue::ModelCard;
use jiff::Timestamp;

impl PriceBook {
    /// Whether a release's own history holds at a time: the days of the catalogue's prices are the model's, and say nothing
    /// against it.
    pub(super) fn takes_releases_history_at(&self, is_release: bool, at: Timestamp) -> bool {
        is_release && at < self.catalogue.date()
    }

    /// Whether the catalogue's price is known to have been charged at a time: what a source says of it later is no news.
    pub(super) fn knows_bundled(&self, found: &Found<'_>, at: Timestamp) -> bool {
        let since = |card: &ModelCard| card.rates_at(at).1;
        found.card.is_some_and(|card| {
            self.catalogue.date() <= at || since(card).is_some_and(|from| from <= at)
        })
    }
}
