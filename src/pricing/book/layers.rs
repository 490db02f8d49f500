//! What has changed of one model's price since the catalogue was made.

use super::origin::{Applied, Imported, Origin, Override};
use super::overlay::overlay;
use super::overrides::Overrides;
use crate::core::price::{PriceStatus, Rates};
use crate::core::price_change::PastPrice;
use crate::core::state::{Declined, DeclinedPast};
use crate::pricing::catalogue::ModelCard;
use crate::pricing::points::points;
use crate::pricing::verify::TurnedDown;
use jiff::Timestamp;
use std::sync::Arc;

/// The most applied prices that are looked back at for what the sources said then.
const SAID_MOST: usize = 16;

/// The changes of one model's price.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers {
    overrides: Overrides,
    /// By `effective_from`, later made ones after earlier ones.
    applied: Vec<Arc<Applied>>,
    /// What each source said last, by source.
    imported: Vec<Told>,
    /// What sources said before, which usages may have been costed at.
    superseded: Vec<Told>,
    /// What a person turned down.
    declined: Vec<Declined>,
    declined_past: Vec<DeclinedPast>,
}

/// What a source says of times that are over, with each price laid over the nearest one that is known whole.
#[derive(Clone, Debug)]
struct Told {
    imported: Arc<Imported>,
    whole: Vec<Arc<Rates>>,
}

/// One of a source's prices, and the same whole.
type Row<'a> = (&'a PastPrice, &'a Rates);

impl Told {
    fn rows(&self) -> impl DoubleEndedIterator<Item = Row<'_>> {
        let prices = self.imported.history.prices.iter();
        prices.zip(self.whole.iter().map(|whole| &**whole))
    }

    fn origin<'a>(&'a self, (past, whole): Row<'a>) -> Origin<'a> {
        Origin::Imported {
            imported: &self.imported,
            past,
            whole,
        }
    }
}

impl Layers {
    pub(super) fn set(&mut self, change: Override) {
        self.overrides.set(change);
    }

    pub(super) fn apply(&mut self, applied: Applied) {
        let version = applied.price.version;
        if self
            .applied
            .iter()
            .any(|known| known.price.version == version)
        {
            return;
        }
        let from = applied.price.price.effective_from;
        let after = self
            .applied
            .partition_point(|known| known.price.price.effective_from <= from);
        self.applied.insert(after, Arc::new(applied));
    }

    pub(super) fn import(&mut self, imported: Imported) {
        let mut known = self.imported.iter().chain(&self.superseded);
        if known.any(|told| told.imported.version == imported.version) {
            return;
        }
        let source = &imported.history.source;
        let place = self
            .imported
            .binary_search_by(|told| told.imported.history.source.cmp(source));
        let told = Told {
            imported: Arc::new(imported),
            whole: Vec::new(),
        };
        match place {
            Ok(place) => {
                let before = std::mem::replace(&mut self.imported[place], told);
                self.superseded.push(before);
            }
            Err(place) => self.imported.insert(place, told),
        }
    }

    /// Lays what sources say of times that are over over the nearest price that is known whole: the catalogue's of that
    /// time, or the earliest applied one.
    pub(super) fn complete(&mut self, card: Option<&ModelCard>) {
        let first = self.applied.first().map(|applied| applied.rates());
        for told in self.imported.iter_mut().chain(&mut self.superseded) {
            let prices = told.imported.history.prices.iter();
            let whole = prices.map(|past| {
                let sheet = card.map(|card| card.base_rates_at(past.from)).or(first);
                sheet.map_or_else(
                    || Arc::clone(&past.rates),
                    |sheet| Arc::new(overlay(&past.rates, sheet)),
                )
            });
            told.whole = whole.collect();
        }
    }

    /// Whether a price was applied, or set and not taken away.
    pub(super) fn is_priced(&self) -> bool {
        !self.applied.is_empty() || self.overrides.at(Timestamp::MAX).is_some()
    }

    /// Whether a price was applied that a quorum or a person confirmed, or set and not taken away.
    pub(super) fn is_confirmed(&self) -> bool {
        let mut applied = self.applied.iter();
        applied.any(|applied| applied.price.price.status == PriceStatus::Verified)
            || self.overrides.at(Timestamp::MAX).is_some()
    }

    /// Whether anything was set, applied or turned down.
    pub(super) fn is_decided(&self) -> bool {
        !(self.overrides.is_empty() && self.applied.is_empty() && self.declined.is_empty())
    }

    pub(super) fn decline(&mut self, declined: &[Declined], past: &[DeclinedPast]) {
        self.declined = declined.to_vec();
        self.declined_past = past.to_vec();
    }

    /// The corrections of the past by a source that a person turned down.
    pub(super) fn declined_past(&self, source: &str) -> Vec<PastPrice> {
        let declined = self.declined_past.iter();
        let declined = declined.filter(|declined| declined.source == source);
        declined.map(|declined| declined.price.clone()).collect()
    }

    /// The changes that a person turned down.
    pub(super) fn declined(&self) -> Vec<TurnedDown> {
        let turned_down = |declined: &Declined| TurnedDown {
            before: declined.present.as_deref().map(points).unwrap_or_default(),
            after: points(&declined.rates),
            evidence: declined.evidence(),
        };
        self.declined.iter().map(turned_down).collect()
    }

    /// The override that holds at a time.
    pub(super) fn override_at(&self, at: Timestamp) -> Option<Origin<'_>> {
        self.overrides.at(at)
    }

    /// The applied price that holds at a time.
    pub(super) fn applied_at(&self, at: Timestamp) -> Option<&Applied> {
        self.applied
            .iter()
            .rfind(|applied| applied.price.price.effective_from <= at)
            .map(|applied| &**applied)
    }

    /// What each source said when the price that holds at a time was applied, by name, and then of the prices before it.
    pub(super) fn said_by(&self, at: Timestamp) -> Vec<(String, Arc<Rates>)> {
        let holds = |applied: &&Arc<Applied>| applied.price.price.effective_from <= at;
        let so_far = self.applied.iter().filter(holds).rev().take(SAID_MOST);
        so_far.flat_map(|applied| applied.said()).collect()
    }

    /// The earliest applied price.
    pub(super) fn first_applied(&self) -> Option<&Applied> {
        self.applied.first().map(|applied| &**applied)
    }

    /// The latest applied price.
    pub(super) fn last_applied(&self) -> Option<&Applied> {
        self.applied.last().map(|applied| &**applied)
    }

    /// What a source says of times that are over.
    pub(super) fn imported_from(&self, source: &str) -> Option<&Imported> {
        let mut told = self.imported.iter().map(|told| &*told.imported);
        told.find(|known| known.history.source == source)
    }

    /// The last source's word, by name, for a time that is over and that an instant lies in.
    pub(super) fn imported_at(&self, at: Timestamp) -> Option<Origin<'_>> {
        let holds = |(past, _): &Row<'_>| past.from <= at && at < past.until;
        let mut told = self.imported.iter().rev();
        let (told, row) = told.find_map(|told| Some((told, told.rows().rfind(holds)?)))?;
        Some(self.first_to_say(told, row.0).origin(row))
    }

    /// The first word of a source for a price that a later one carries on, and may not even say any more.
    fn first_to_say<'a>(&'a self, told: &'a Told, past: &PastPrice) -> &'a Told {
        let source = &told.imported.history.source;
        let says = |before: &&Told| {
            let history = &before.imported.history;
            history.source == *source && history.prices.contains(past)
        };
        self.superseded.iter().find(says).unwrap_or(told)
    }

    /// The version of the price that was applied last; zero for none.
    pub(super) fn version(&self) -> u64 {
        let versions = self.applied.iter().map(|applied| applied.price.version);
        versions.max().unwrap_or_default()
    }

    /// Every price that was applied, by when it began.
    pub(super) fn applied(&self) -> impl Iterator<Item = &Applied> {
        self.applied.iter().map(|applied| &**applied)
    }

    /// Every change, as the origin of a price.
    pub(super) fn origins(&self) -> impl Iterator<Item = Origin<'_>> {
        let told = self.superseded.iter().chain(&self.imported);
        let imported = told.flat_map(|told| {
            let first = |(past, _): &Row<'_>| std::ptr::eq(self.first_to_say(told, past), told);
            told.rows().filter(first).map(|row| told.origin(row))
        });
        let applied = self.applied.iter().map(|applied| Origin::Applied(applied));
        imported.chain(applied).chain(self.overrides.origins())
    }
}
