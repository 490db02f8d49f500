//! Rates that were said and are said no more.

use super::Subject;
use super::nearness::near;
use super::quorum::{Voice, winner};
use super::voices::{Speaker, Speakers};
use crate::pricing::points::{Place, points};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// Whether a quorum said the rate that is in force at a place, and now speaks of the model and not of it, while nobody
/// else does. Whoever never said it has not dropped it; what a price stands by (`main`) is never dropped.
pub(super) fn is_dropped(
    subject: &Subject<'_>,
    speakers: &Speakers<'_>,
    main: &BTreeSet<Place>,
    (place, present): (Place, Option<Decimal>),
) -> bool {
    let Some(present) = present.filter(|_| !main.contains(&place)) else {
        return false;
    };
    let mut all = speakers.0.iter();
    if all.any(|speaker| speaker.points.contains_key(&place)) {
        return false;
    }
    let heard = |speaker: &Speaker<'_>| main.iter().any(|main| speaker.is_heard(*main));
    let said = |speaker: &Speaker<'_>| {
        let mut said = subject.standing.said.iter();
        let before = said.find(|(source, _)| **source == *speaker.quote.source);
        let before = before.and_then(|(_, rates)| points(rates).get(&place).copied());
        before.is_some_and(|rate| near(rate, present))
    };
    let dropping = speakers.0.iter().filter(|one| heard(one) && said(one));
    let voices: Vec<_> = dropping
        .map(|speaker| Voice {
            rate: present,
            weight: speaker.quote.weight,
        })
        .collect();
    winner(&voices, None).is_some_and(|all| all.has_quorum())
}
