//! Sums of usage by slot and by everything that a report can group by.

use crate::core::charge::Facts;
use crate::core::context::Tags;
use crate::core::digest::Digest;
use crate::core::event::{Event, UsageAdjusted, UsageRecorded};
use crate::core::name::Name;
use crate::core::price::ModelTier;
use crate::core::quantity::{Counts, Usd};
use crate::core::usage::CostSource;
use hashbrown::{DefaultHashBuilder, HashTable};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::hash::BuildHasher as _;

/// The seconds of a slot, a bucket of time: a quarter of an hour, so that a day of any time zone is of whole ones. The
/// zones of today are all some quarters of an hour from UTC.
pub const SLOT: i64 = 900;

/// What a report can group by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dimensions {
    /// The provider.
    pub provider: Name,
    /// The model.
    pub model: Name,
    /// The name that was given for it, where that is another: what scopes cover it by, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<Name>,
    /// The model's tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<ModelTier>,
    /// The component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Name>,
    /// The kind of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_type: Option<Name>,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Name>,
    /// The project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Name>,
    /// The tags.
    #[serde(skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// What was used in one slot with the same dimensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sums {
    /// What was recorded.
    pub counts: Counts,
    /// What corrections took away.
    pub removed: Counts,
    /// The cost, with corrections.
    pub cost: Usd,
    /// How many usages were recorded.
    pub records: u64,
    /// How many of them had an unknown cost.
    pub unknown_costs: u64,
    /// How many of them were overruns.
    pub overruns: u64,
    /// How many corrections there were.
    pub corrections: u64,
}

impl Sums {
    /// Adds other sums to these.
    pub fn add(&mut self, other: &Self) {
        self.counts = self.counts.plus(&other.counts);
        self.removed = self.removed.plus(&other.removed);
        self.cost += other.cost;
        self.records += other.records;
        self.unknown_costs += other.unknown_costs;
        self.overruns += other.overruns;
        self.corrections += other.corrections;
    }

    /// The tokens that were used, with corrections.
    pub const fn tokens(&self) -> i64 {
        self.counts.tokens().cast_signed() - self.removed.tokens().cast_signed()
    }
}

/// The slot of a bucket and a digest of its dimensions: its place among the rollups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Slots since 1970.
    pub slot: i64,
    /// BLAKE3 of the dimensions, cut to 16 bytes.
    pub digest: u128,
}

impl Place {
    /// The place of a bucket.
    pub fn of(slot: i64, dimensions: &Dimensions) -> Self {
        Self {
            slot,
            digest: digest(dimensions),
        }
    }
}

/// The slot that holds an instant, since 1970.
pub fn slot_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(SLOT)
}

/// Rollups that are not yet in the store.
#[derive(Clone, Debug, Default)]
pub struct Rollups {
    buckets: HashTable<Filed>,
    hashing: DefaultHashBuilder,
}

/// A bucket in its table, with the hash by which it is found there.
#[derive(Clone, Debug)]
struct Filed {
    hash: u64,
    slot: i64,
    dimensions: Dimensions,
    sums: Sums,
}

/// The dimensions of one event, as it has them.
#[derive(Clone, Copy, Hash)]
struct Told<'a> {
    provider: &'a str,
    model: &'a str,
    named: Option<&'a str>,
    tier: Option<ModelTier>,
    component: Option<&'a str>,
    task_type: Option<&'a str>,
    user: Option<&'a str>,
    project: Option<&'a str>,
    tags: &'a Tags,
}

impl<'a> Told<'a> {
    fn of(facts: &Facts<'a>) -> Self {
        let context = facts.context;
        Self {
            provider: facts.provider.unwrap_or_default(),
            model: facts.model.unwrap_or_default(),
            named: facts.named,
            tier: facts.tier,
            component: context.component.as_deref(),
            task_type: context.task_type.as_deref(),
            user: context.user.as_deref(),
            project: context.project.as_deref(),
            tags: &context.tags,
        }
    }

    fn is(&self, known: &Dimensions) -> bool {
        self.provider == known.provider
            && self.model == known.model
            && self.named == known.named.as_deref()
            && self.tier == known.tier
            && self.component == known.component.as_deref()
            && self.task_type == known.task_type.as_deref()
            && self.user == known.user.as_deref()
            && self.project == known.project.as_deref()
            && *self.tags == known.tags
    }

    fn dimensions(&self) -> Dimensions {
        Dimensions {
            provider: self.provider.into(),
            model: self.model.into(),
            named: self.named.map(Name::from),
            tier: self.tier,
            component: self.component.map(Name::from),
            task_type: self.task_type.map(Name::from),
            user: self.user.map(Name::from),
            project: self.project.map(Name::from),
            tags: self.tags.clone(),
        }
    }
}

impl Rollups {
    /// Takes in what an event used.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::UsageRecorded(recorded) => self.record(recorded),
            Event::UsageAdjusted(adjusted) => self.adjust(adjusted),
            _ => {}
        }
    }

    fn record(&mut self, recorded: &UsageRecorded) {
        let usage = &recorded.usage;
        let sums = Sums {
            counts: usage.counts,
            cost: usage.cost.usd,
            records: 1,
            unknown_costs: u64::from(usage.cost.source == CostSource::Unknown),
            overruns: u64::from(recorded.overrun),
            ..Sums::default()
        };
        self.put(usage.occurred, &Told::of(&usage.facts()), &sums);
    }

    fn adjust(&mut self, adjusted: &UsageAdjusted) {
        let correction = &adjusted.correction;
        let sums = Sums {
            counts: correction.added,
            removed: correction.removed,
            cost: correction.cost,
            corrections: 1,
            ..Sums::default()
        };
        self.put(adjusted.occurred, &Told::of(&adjusted.facts()), &sums);
    }

    fn put(&mut self, at: Timestamp, told: &Told<'_>, sums: &Sums) {
        let slot = slot_of(at);
        let hash = self.hashing.hash_one((slot, told));
        let mut filed = self
            .buckets
            .entry(
                hash,
                |known| known.hash == hash && known.slot == slot && told.is(&known.dimensions),
                |known| known.hash,
            )
            .or_insert_with(|| Filed {
                hash,
                slot,
                dimensions: told.dimensions(),
                sums: Sums::default(),
            });
        filed.get_mut().sums.add(sums);
    }

    /// How many buckets there are.
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The buckets with their slots, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &Dimensions, &Sums)> {
        self.buckets
            .iter()
            .map(|filed| (filed.slot, &filed.dimensions, &filed.sums))
    }
}

fn digest(dimensions: &Dimensions) -> u128 {
    let mut hasher = blake3::Hasher::new();
    let mut part = |text: Option<&str>| {
        // A length before each text keeps ("a", "bc") and ("ab", "c") apart.
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        hasher.update(&length.to_le_bytes());
        hasher.update(text.unwrap_or_default().as_bytes());
    };
    part(Some(&dimensions.provider));
    part(Some(&dimensions.model));
    part(dimensions.tier.map(ModelTier::as_str));
    part(dimensions.component.as_deref());
    part(dimensions.task_type.as_deref());
    part(dimensions.user.as_deref());
    part(dimensions.project.as_deref());
    for (name, value) in &dimensions.tags {
        part(Some(name));
        part(Some(value));
    }
    // Behind the tags, which are in pairs: what has no other name is where it was before there were others.
    if let Some(named) = &dimensions.named {
        part(Some(named));
    }
    Digest::from(hasher.finalize()).0
}
