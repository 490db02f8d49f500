//! What recorded usage would cost at a price that was set for a time that is over. Nothing is costed anew by itself: the
//! answer offers the corrections.

use super::Desk;
use crate::core::codec;
use crate::core::event::{Event, Recorded};
use crate::core::id::RecordId;
use crate::core::name::Name;
use crate::core::price::{PriceStatus, Rates, ServiceTier};
use crate::core::quantity::{Counts, Usd};
use crate::core::refusal::Refusal;
use crate::core::usage::{Correction, CostSource, UNKNOWN_PROVIDER, Usage};
use crate::pricing::book::PriceBook;
use crate::pricing::catalogue::writings;
use crate::pricing::cost::{cost, full_cost_usd};
use crate::store::journal::{Check, JournalReader};
use jiff::{SignedDuration, Timestamp};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most events that are looked at: about a second's reading.
const SCAN_MOST: u64 = 1_000_000;
/// How far ahead of its recording a usage may lie, and the clock may have been set back.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_hours(24);
const TIERS: [ServiceTier; 4] = [
    ServiceTier::Standard,
    ServiceTier::Batch,
    ServiceTier::Flex,
    ServiceTier::Priority,
];

/// Which usages of a model are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concerned {
    /// Those whose cost a change of its price may change.
    ByChange,
    /// All, its releases' too that have a price of their own.
    All,
}

/// A change of a model's price, with the prices that hold since.
struct PriceChange {
    provider: String,
    model: String,
    /// The ways to write the model's name, in lower case.
    ways: Vec<String>,
    concerned: Concerned,
    from: Timestamp,
    prices: Arc<PriceBook>,
}

/// What the recorded usages would cost otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repriced {
    /// What is to be added to each usage's cost, by record.
    pub differences: BTreeMap<RecordId, Usd>,
    /// What these cost as recorded, with corrections.
    pub recorded: Usd,
    /// What they would cost.
    pub repriced: Usd,
    /// How many were costed at a price or in a service tier that is not known any more, and can't be compared.
    pub unknown: u64,
    /// Whether all that was recorded since was looked at.
    pub complete: bool,
}

impl PriceChange {
    /// Whether a name is the model's, in whatever way it is written.
    fn is_its(&self, name: &str) -> bool {
        self.ways.iter().any(|way| way.eq_ignore_ascii_case(name))
    }
}

impl Desk {
    /// What usages of a model since a time would cost at the price that holds now; none where that is not of the past.
    /// Both names are canonical.
    ///
    /// # Errors
    /// `unavailable` where the journal can't be read.
    pub async fn reprice(
        self: &Arc<Self>,
        provider: &str,
        model: &str,
        from: Timestamp,
        concerned: Concerned,
    ) -> Result<Option<Repriced>, Refusal> {
        if from >= self.now() {
            return Ok(None);
        }
        let change = PriceChange {
            provider: provider.to_owned(),
            model: model.to_owned(),
            ways: writings(&model.to_ascii_lowercase())
                .into_iter()
                .map(Cow::into_owned)
                .collect(),
            concerned,
            from,
            prices: self.prices(),
        };
        let desk = Arc::clone(self);
        let reading = tokio::task::spawn_blocking(move || {
            read(desk.ledger().shared().journal(), &change).map(Some)
        });
        reading.await.map_err(|error| {
            Refusal::unavailable(format!("the journal's reading broke off: {error}"))
        })?
    }
}

fn read(journal: &JournalReader, change: &PriceChange) -> Result<Repriced, Refusal> {
    let end = journal.end().sequence;
    let first = first_after(journal, end, change.from)?;
    let mut case = Case::of(change);
    let mut looked_at = 0;
    let mut complete = true;
    if first <= end {
        let mut batches = journal.read(first, Check::Checksums).map_err(unreadable)?;
        while let Some(batch) = batches.next_batch().map_err(unreadable)? {
            if looked_at >= SCAN_MOST {
                complete = false;
                break;
            }
            for (sequence, bytes) in (batch.first()..).zip(batch.events()) {
                looked_at += 1;
                let recorded = codec::decode(bytes).map_err(unreadable)?;
                case.take(RecordId(sequence), &recorded);
            }
        }
    }
    for (record, correction) in std::mem::take(&mut case.corrected) {
        let bytes = journal.read_event(record.0).map_err(unreadable)?;
        let recorded = codec::decode(&bytes).map_err(unreadable)?;
        case.correct(record, &recorded, &correction);
    }
    let mut repriced = Repriced {
        differences: BTreeMap::new(),
        recorded: Usd::ZERO,
        repriced: Usd::ZERO,
        unknown: case.unknown,
        complete,
    };
    for (record, (old, new)) in case.known {
        if old != new {
            repriced.differences.insert(record, new - old);
            repriced.recorded += old;
            repriced.repriced += new;
        }
    }
    Ok(repriced)
}

/// The versions of a price with their rates.
type Versions<'a> = Vec<(&'a str, &'a Rates)>;

/// A change with every price that usages of the model may have been costed at.
struct Case<'a> {
    change: &'a PriceChange,
    /// By the name that is priced: the model's, or a release's of it.
    costed_at: BTreeMap<Name, Versions<'a>>,
    /// What each record cost with its corrections, and what it would cost.
    known: BTreeMap<RecordId, (Usd, Usd)>,
    /// The corrections of what was counted, which is looked at again once all are known.
    corrected: BTreeMap<RecordId, Correction>,
    /// How many can't be compared.
    unknown: u64,
}

impl<'a> Case<'a> {
    const fn of(change: &'a PriceChange) -> Self {
        Self {
            change,
            costed_at: BTreeMap::new(),
            known: BTreeMap::new(),
            corrected: BTreeMap::new(),
            unknown: 0,
        }
    }

    /// Every price of a name so far.
    fn versions(&mut self, name: &Name) -> &Versions<'a> {
        let change = self.change;
        let versions = || versions(&change.prices, &change.provider, name);
        self.costed_at.entry(name.clone()).or_insert_with(versions)
    }

    fn take(&mut self, record: RecordId, recorded: &Recorded) {
        match &recorded.event {
            Event::UsageRecorded(recorded) if self.concerns(&recorded.usage) => {
                let usage = &recorded.usage;
                match self.new_cost(usage, &usage.counts) {
                    Some(new) => {
                        self.known.insert(record, (usage.cost.usd, new));
                    }
                    None => self.unknown += 1,
                }
            }
            Event::UsageAdjusted(adjusted) => {
                if let Some(record) = adjusted.record
                    && let Some((old, _)) = self.known.get_mut(&record)
                {
                    let correction = &adjusted.correction;
                    *old += correction.cost;
                    if correction.added != correction.removed {
                        let all = self.corrected.entry(record).or_default();
                        *all = all.and(correction);
                    }
                }
            }
            _ => {}
        }
    }

    /// Has a record cost what its corrected counts would.
    fn correct(&mut self, record: RecordId, recorded: &Recorded, correction: &Correction) {
        let Event::UsageRecorded(recorded) = &recorded.event else {
            return;
        };
        let counts = recorded.usage.counts.plus(&correction.added);
        let counts = counts.less(&correction.removed);
        let corrected = self.new_cost(&recorded.usage, &counts);
        match (self.known.get_mut(&record), corrected) {
            (Some((_, new)), Some(corrected)) => *new = corrected,
            (_, None) => {
                self.known.remove(&record);
                self.unknown += 1;
            }
            (None, Some(_)) => {}
        }
    }

    fn concerns(&self, usage: &Usage) -> bool {
        usage.occurred >= self.change.from
            && usage.cost.source != CostSource::Reported
            && self.is_of_the_model(usage)
            && (self.change.concerned == Concerned::All || !self.is_set_apart(usage))
    }

    /// Whether an admin gave the usage's release a price of its own: that holds whatever its model costs, and offered what it
    /// changes when it was set.
    fn is_set_apart(&self, usage: &Usage) -> bool {
        let change = self.change;
        let Some(release) = usage
            .release
            .as_deref()
            .filter(|_| change.is_its(&usage.model))
        else {
            return false;
        };
        let price = change
            .prices
            .price_at(Some(&change.provider), release, usage.occurred);
        price.is_ok_and(|price| price.release.is_some() && price.status == PriceStatus::Override)
    }

    /// Usage without a price may have been recorded under another name, for nobody knew the model then.
    fn is_of_the_model(&self, usage: &Usage) -> bool {
        let change = self.change;
        if usage.provider == change.provider && change.is_its(&usage.model) {
            return true;
        }
        if let Some(release) = &usage.release {
            let release = change.prices.release(&usage.provider, release);
            return usage.provider == change.provider
                && release.is_some_and(|release| change.is_its(&release));
        }
        if usage.cost.source != CostSource::Unknown {
            return false;
        }
        let named = (usage.provider != UNKNOWN_PROVIDER).then_some(&*usage.provider);
        change
            .prices
            .price_at(named, &usage.model, usage.occurred)
            .is_ok_and(|price| price.provider == change.provider && price.model == change.model)
    }

    /// What a usage would cost by what was counted of it in the end; none where what it cost is not what the price that it names
    /// makes of it, or where its service tier is not known and decides.
    fn new_cost(&mut self, usage: &Usage, counts: &Counts) -> Option<Usd> {
        let change = self.change;
        let model = Name::from(&*change.model);
        let priced_as = usage.release.as_ref().unwrap_or(&model);
        let price = change
            .prices
            .price_at(Some(&change.provider), priced_as, usage.occurred);
        let Ok(price) = price else {
            // No price holds then any more; what it cost is as good as it was.
            return (*counts == usage.counts).then_some(usage.cost.usd);
        };
        // A part of an unknown cost is compared with the same part.
        let in_part = usage.cost.source == CostSource::Unknown;
        let cost_at = |rates: &Rates, tier, counts: &Counts| {
            if !in_part {
                return full_cost_usd(rates, counts, tier);
            }
            let part = cost(rates, counts, tier);
            let mut left = part.unpriced.iter().map(|unit| unit.as_str());
            let was_priced = usage.cost.price_version.is_some();
            let was_left = |unit| usage.cost.unpriced.iter().any(|known| known == unit);
            (!was_priced || left.all(was_left)).then_some(part.usd)
        };
        let costed_at = self.versions(priced_as);
        let fits = |tier: ServiceTier| {
            let Some(version) = &usage.cost.price_version else {
                return true;
            };
            let mut named = costed_at.iter();
            named.any(|(known, rates)| {
                known == version && cost_at(rates, tier, &usage.counts) == Some(usage.cost.usd)
            })
        };
        // An old record does not keep its service tier; what it cost may fit several.
        let tiers = TIERS.into_iter().filter(|tier| {
            let kept = usage.service_tier;
            kept.is_none_or(|kept| kept == *tier) && fits(*tier)
        });
        let costs: BTreeSet<_> = tiers
            .map(|tier| cost_at(price.rates, tier, counts))
            .collect();
        match costs.into_iter().collect::<Vec<_>>().as_slice() {
            [one] => *one,
            _ => None,
        }
    }
}

/// Every price that a model or a release has had, the dearer hours of a day among them.
fn versions<'a>(prices: &'a PriceBook, provider: &str, model: &str) -> Versions<'a> {
    let mut versions = Vec::new();
    for price in prices.history(Some(provider), model).unwrap_or_default() {
        versions.push((price.version, price.rates));
        let hours = price.card.map_or(&[][..], |card| &card.hours);
        versions.extend(hours.iter().map(|hours| (price.version, &*hours.rates)));
    }
    versions
}

/// The first event that may be about a usage since then: events are in the order of their time, but for clocks that were
/// set back.
fn first_after(journal: &JournalReader, end: u64, from: Timestamp) -> Result<u64, Refusal> {
    let from = from.checked_sub(CLOCK_SLACK).unwrap_or(Timestamp::MIN);
    let (mut low, mut high) = (1, end + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let bytes = journal.read_event(middle).map_err(unreadable)?;
        let recorded = codec::decode(&bytes).map_err(unreadable)?;
        if recorded.stamp.at < from {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn unreadable(error: impl std::fmt::Display) -> Refusal {
    Refusal::unavailable(format!("the journal can't be read: {error}"))
}
