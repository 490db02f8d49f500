//! Which sources are heard, and on what.

use super::bounds::{FULL_LEAST, LIGHT, is_fresh};
use super::quorum::Voice;
use super::{Quote, Subject, sanity};
use crate::core::price::Unit;
use crate::core::price_change::PriceRule;
use crate::pricing::catalogue::tier::is_local;
use crate::pricing::points::{Place, Points, points};
use rust_decimal::Decimal;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// A source with what it says, apart, and what speaks against that.
pub(super) struct Speaker<'a> {
    pub(super) quote: &'a Quote,
    pub(super) points: Points,
    /// The rule that takes its voice in all.
    pub(super) against: Option<PriceRule>,
    /// The rules that take its voice at single places.
    pub(super) muted: BTreeMap<Place, PriceRule>,
}

impl Speaker<'_> {
    pub(super) fn rule_at(&self, place: Place) -> Option<PriceRule> {
        self.against.or_else(|| self.muted.get(&place).copied())
    }

    /// Whether its word at a place is heard, or is at least shown: one that is powers of ten off may be the right one.
    pub(super) fn is_looked_at(&self, place: Place) -> bool {
        matches!(self.rule_at(place), None | Some(PriceRule::UnitSlip))
    }

    /// The rule that leaves nothing of what it says, where one does.
    pub(super) fn silenced(&self) -> Option<PriceRule> {
        let mut rules = self.points.keys().map(|place| self.rule_at(*place));
        let first = rules.next().unwrap_or(self.against)?;
        rules.all(|rule| rule.is_some()).then_some(first)
    }

    /// Whether it has a voice at a place.
    pub(super) fn is_heard(&self, place: Place) -> bool {
        self.voice(place).is_some()
    }

    /// What it says of a place, where it has a voice.
    fn voice(&self, place: Place) -> Option<Voice> {
        let heard = self.rule_at(place).is_none() && self.quote.weight > Decimal::ZERO;
        let rate = self.points.get(&place).copied().filter(|_| heard)?;
        let weight = self.quote.weight;
        Some(Voice { rate, weight })
    }
}

/// Every source once, by name, with what speaks against it.
pub(super) struct Speakers<'a>(pub(super) Vec<Speaker<'a>>);

impl<'a> Speakers<'a> {
    pub(super) fn of(subject: &Subject<'_>, present: &Points, quotes: &'a [Quote]) -> Self {
        let mut speakers: Vec<_> = once_each(quotes)
            .map(|quote| Speaker {
                quote,
                points: points(&quote.rates),
                against: None,
                muted: BTreeMap::new(),
            })
            .collect();
        for speaker in &mut speakers {
            speaker.against = alone(subject, present, speaker);
            speaker.muted = muted(present, speaker);
        }
        let mut speakers = Self(speakers);
        speakers.doubt_swaps();
        speakers.doubt_zeros(present, is_local(subject.provider));
        speakers
    }

    /// The voices on a place.
    pub(super) fn at(&self, place: Place) -> Vec<Voice> {
        self.0
            .iter()
            .filter_map(|speaker| speaker.voice(place))
            .collect()
    }

    /// The rates of a place that were taken for another number of units, with their weight.
    pub(super) fn slipped(&self, place: Place) -> Vec<Voice> {
        let slipped = self
            .0
            .iter()
            .filter(|speaker| speaker.rule_at(place) == Some(PriceRule::UnitSlip));
        slipped
            .filter_map(|speaker| {
                Some(Voice {
                    rate: speaker.points.get(&place).copied()?,
                    weight: speaker.quote.weight,
                })
            })
            .collect()
    }

    /// Every place that somebody has a voice on, or whose price is doubted as one for other units.
    pub(super) fn places(&self) -> BTreeSet<Place> {
        self.0
            .iter()
            .flat_map(|speaker| {
                let places = speaker.points.keys().copied();
                places.filter(|place| speaker.is_looked_at(*place))
            })
            .collect()
    }

    /// Beside another source that says the reverse, one whose output is cheaper than its input has them swapped.
    fn doubt_swaps(&mut self) {
        let odd = |speaker: &Speaker<'_>| {
            sanity::sides(&speaker.points).is_some_and(|(input, output)| output < input)
        };
        let swapped: Vec<bool> = self
            .0
            .iter()
            .map(|speaker| {
                let others = self.0.iter().filter(|other| other.against.is_none());
                odd(speaker)
                    && others
                        .filter(|other| !odd(other))
                        .any(|other| sanity::is_swapped(&speaker.points, &other.points))
            })
            .collect();
        for (speaker, swapped) in self.0.iter_mut().zip(swapped) {
            if swapped && speaker.against.is_none() {
                speaker.against = Some(PriceRule::Swapped);
            }
        }
    }

    /// A zero that no two full sources say does not count, unless it is so already or the model is one's own: a light one is
    /// a copy more often than not, and confirms nothing.
    fn doubt_zeros(&mut self, present: &Points, local: bool) {
        if local {
            return;
        }
        let free = |speaker: &Speaker<'_>, place: Place| {
            speaker.rule_at(place).is_none()
                && speaker.points.get(&place).is_some_and(Decimal::is_zero)
        };
        let mut said: BTreeMap<Place, usize> = BTreeMap::new();
        for speaker in self.0.iter().filter(|one| one.quote.weight >= LIGHT) {
            for place in speaker.points.keys().filter(|place| free(speaker, **place)) {
                *said.entry(*place).or_default() += 1;
            }
        }
        let alone = |place: &Place| {
            let confirmed = said.get(place).is_some_and(|many| *many >= FULL_LEAST);
            !confirmed && !present.get(place).is_some_and(Decimal::is_zero)
        };
        for speaker in &mut self.0 {
            let doubted: Vec<_> = speaker
                .points
                .keys()
                .copied()
                .filter(|place| free(speaker, *place) && alone(place))
                .collect();
            for place in doubted {
                speaker.muted.insert(place, PriceRule::Zero);
            }
        }
    }
}

/// What each source says, without the rates on which it has no voice; nothing of those that have none at all.
pub(super) fn heard(subject: &Subject<'_>, quotes: &[Quote]) -> Vec<Points> {
    let present = subject.standing.present.as_ref();
    let present = present.map_or_else(Points::new, |(rates, _)| points(rates));
    let speakers = Speakers::of(subject, &present, quotes).0.into_iter();
    let heard = speakers.map(|speaker| {
        let places = speaker.points.iter();
        let heard = places.filter(|(place, _)| speaker.is_heard(**place));
        heard.map(|(place, rate)| (*place, *rate)).collect()
    });
    heard.filter(|points: &Points| !points.is_empty()).collect()
}

/// One word a source, the latest; by name.
fn once_each(quotes: &[Quote]) -> impl Iterator<Item = &Quote> {
    let mut by_name: BTreeMap<&str, &Quote> = BTreeMap::new();
    let age = |quote: &Quote| (quote.fetched_at, quote.content.0, quote.weight);
    for quote in quotes {
        let known = by_name.entry(&quote.source).or_insert(quote);
        let order = age(quote).cmp(&age(known));
        if order.then_with(|| points(&quote.rates).cmp(&points(&known.rates))) == Ordering::Greater
        {
            *known = quote;
        }
    }
    by_name.into_values()
}

/// What speaks against all of a source's word.
fn alone(subject: &Subject<'_>, present: &Points, speaker: &Speaker<'_>) -> Option<PriceRule> {
    if !is_fresh(speaker.quote.fetched_at, subject.now) {
        return Some(PriceRule::Stale);
    }
    let own = &speaker.points;
    // What is in force has been looked at: a source that says the same is not refused for it.
    if own != present
        && let Some(rule) = sanity::whole(own)
    {
        return Some(rule);
    }
    if sanity::is_swapped(own, present) {
        return Some(PriceRule::Swapped);
    }
    if slips(own, present) {
        return Some(PriceRule::UnitSlip);
    }
    let peers = subject.peers.iter().map(|rates| points(rates));
    let mut peers = peers.filter(|peer| shares_a_side(own, peer)).peekable();
    let has_peers = present.is_empty() && peers.peek().is_some();
    (has_peers && peers.all(|peer| slips(own, &peer))).then_some(PriceRule::UnitSlip)
}

/// Whether a rate that all else rests on is a power of ten off.
pub(super) fn slips(own: &Points, reference: &Points) -> bool {
    own.iter()
        .filter(|(place, _)| place.is_standard())
        .any(|(place, rate)| {
            let reference = reference.get(place);
            reference.is_some_and(|reference| sanity::is_slip(*rate, *reference))
        })
}

fn shares_a_side(own: &Points, peer: &Points) -> bool {
    [Unit::Input, Unit::Output]
        .map(Place::standard)
        .iter()
        .any(|place| own.contains_key(place) && peer.contains_key(place))
}

/// What speaks against single rates of a word.
fn muted(present: &Points, speaker: &Speaker<'_>) -> BTreeMap<Place, PriceRule> {
    let own = &speaker.points;
    let rule = |place: Place, rate: Decimal| {
        let known = present.get(&place).copied();
        if known == Some(rate) {
            return None;
        }
        if known.is_some_and(|known| sanity::is_slip(rate, known)) {
            return Some(PriceRule::UnitSlip);
        }
        sanity::single(own, place)
    };
    own.iter()
        .filter_map(|(place, rate)| Some((*place, rule(*place, *rate)?)))
        .collect()
}
