//! Decides on the single rates of a price.

mod concluding;

use super::bounds::FOLLOW_TOLERANCE;
use super::nearness::{near, within};
use super::quorum::{Voice, Winner, winner};
use super::verdict::Verdict;
use super::voices::Speakers;
use super::{Judgement, Quote, Subject, declined, dropped, proportion, room, sanity, steps};
use crate::core::price::Unit;
use crate::core::price_change::PriceRule;
use crate::pricing::points::{Place, Points, points};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// One model's case.
struct Case<'a> {
    subject: &'a Subject<'a>,
    present: Points,
    speakers: Speakers<'a>,
    verdicts: BTreeMap<Place, Verdict>,
    main: BTreeSet<Place>,
}

pub(super) fn judge(subject: &Subject<'_>, quotes: &[Quote]) -> Judgement {
    let present = subject.standing.present.as_ref();
    let present = present.map_or_else(Points::new, |(rates, _)| points(rates));
    let speakers = Speakers::of(subject, &present, quotes);
    let mut places = speakers.places();
    places.extend(present.keys());
    let mut case = Case {
        subject,
        present,
        speakers,
        verdicts: BTreeMap::new(),
        main: main_of(&places),
    };
    case.verdicts = places
        .into_iter()
        .map(|place| (place, case.decide(place)))
        .collect();
    case.follow();
    case.bound_first();
    case.bound_dropped();
    case.make_room();
    case.decline();
    case.conclude()
}

/// The places that a price stands or falls by: input and output, or where it has neither all of the standard tier.
fn main_of(places: &BTreeSet<Place>) -> BTreeSet<Place> {
    let standard = places.iter().copied().filter(|place| place.is_standard());
    let sides = |place: &Place| matches!(place.unit, Unit::Input | Unit::Output);
    let (sides, others): (BTreeSet<_>, BTreeSet<_>) = standard.partition(sides);
    if sides.is_empty() { others } else { sides }
}

impl Case<'_> {
    const fn is_new(&self) -> bool {
        self.subject.standing.present.is_none()
    }

    fn decide(&self, place: Place) -> Verdict {
        let present = self.present.get(&place).copied();
        let voices = self.speakers.at(place);
        let Some(winner) = winner(&voices, present) else {
            let dropped =
                dropped::is_dropped(self.subject, &self.speakers, &self.main, (place, present));
            if dropped {
                return Verdict::Drop;
            }
            return self.decide_slipped(place, present);
        };
        match present {
            Some(present) if near(winner.rate, present) => Verdict::Keep {
                backed: winner.has_quorum(),
            },
            Some(present) if winner.has_quorum() => {
                match steps::against(self.subject, place, present, winner.rate) {
                    Some(rule) => Verdict::Hold(winner.rate, rule),
                    None => Verdict::Take(winner.rate),
                }
            }
            Some(_) => Verdict::Hold(winner.rate, without_quorum(&winner)),
            None if winner.has_quorum() => self.decide_back(place, winner.rate),
            None if !self.is_new() => Verdict::Hold(winner.rate, without_quorum(&winner)),
            None if winner.is_contested() => {
                let apart = |voice: &Voice| sanity::is_slip(voice.rate, winner.rate);
                let slip = voices.iter().any(apart);
                let rule = if slip {
                    PriceRule::UnitSlip
                } else {
                    PriceRule::Disagreement
                };
                Verdict::Hold(winner.rate, rule)
            }
            None if winner.full == 0 => Verdict::Hold(winner.rate, PriceRule::NoQuorum),
            None => Verdict::First(winner.rate),
        }
    }

    /// A quorum's rate of what the price does not name: it comes back within the bounds of a step, or it is the first.
    fn decide_back(&self, place: Place, rate: Decimal) -> Verdict {
        let last = self.subject.standing.gone.get(&place);
        match last.and_then(|last| steps::against_last(self.subject, place, *last, rate)) {
            Some(rule) => Verdict::Hold(rate, rule),
            None => Verdict::Take(rate),
        }
    }

    /// The first rate of a unit waits where it is out of all proportion to the rates that are decided beside it.
    fn bound_first(&mut self) {
        let taken = self.taken();
        let mut price = self.present.clone();
        price.extend(&taken);
        let gone = &self.subject.standing.gone;
        let is_first = |place: &Place| {
            !self.present.contains_key(place)
                && !gone.contains_key(place)
                && !self.main.contains(place)
        };
        let out: Vec<_> = taken
            .into_iter()
            .filter(|(place, rate)| is_first(place) && proportion::is_out(&price, *place, *rate))
            .collect();
        for (place, rate) in out {
            self.verdicts
                .insert(place, Verdict::Hold(rate, PriceRule::OutOfRange));
        }
    }

    /// A rate goes by itself only where what is charged without it is within the bounds of a step.
    fn bound_dropped(&mut self) {
        let going: BTreeSet<_> = self.all(Verdict::Drop).collect();
        if going.is_empty() {
            return;
        }
        let mut price = self.present.clone();
        price.extend(&self.taken());
        let out = dropped::out_of_bounds(self.subject, &price, going);
        let held = out.into_iter();
        self.verdicts
            .extend(held.map(|(place, rule)| (place, Verdict::HoldDrop(rule))));
    }

    /// What a price has no room for is left out, so that the rest of it is taken.
    fn make_room(&mut self) {
        for place in room::without(&self.present, &self.verdicts) {
            self.verdicts.insert(place, Verdict::NoRoom);
        }
    }

    /// The rates that are taken into the price.
    fn taken(&self) -> Points {
        let verdicts = self.verdicts.iter();
        verdicts
            .filter_map(|(place, verdict)| Some((*place, verdict.taken()?)))
            .collect()
    }

    /// The places of which that is decided.
    fn all(&self, verdict: Verdict) -> impl Iterator<Item = Place> {
        let verdicts = self.verdicts.iter();
        verdicts.filter_map(move |(place, own)| (*own == verdict).then_some(*place))
    }

    /// A power of ten off does not vote; where a quorum says so all the same, a person is to look.
    fn decide_slipped(&self, place: Place, present: Option<Decimal>) -> Verdict {
        let slipped = winner(&self.speakers.slipped(place), None);
        match (slipped, present) {
            (Some(slipped), Some(present))
                if slipped.has_quorum() && !near(slipped.rate, present) =>
            {
                Verdict::Hold(slipped.rate, PriceRule::UnitSlip)
            }
            (_, Some(_)) => Verdict::Keep { backed: false },
            (_, None) => Verdict::Leave,
        }
    }

    /// A rate that one source alone changes is taken where it keeps its share of one that a quorum changed.
    fn follow(&mut self) {
        let follows = |place: Place, rate: Decimal| {
            let before = self.present.get(&place)?;
            place.anchors().into_iter().find_map(|anchor| {
                let old = self.present.get(&anchor)?;
                let Some(Verdict::Take(new)) = self.verdicts.get(&anchor) else {
                    return None;
                };
                let (one, other) = (rate.saturating_mul(*old), before.saturating_mul(*new));
                within(one, other, FOLLOW_TOLERANCE).then_some(())
            })
        };
        let followed: Vec<_> = self
            .verdicts
            .iter()
            .filter(|(place, _)| !self.main.contains(place))
            .filter_map(|(place, verdict)| match verdict {
                Verdict::Hold(rate, PriceRule::NoQuorum) => {
                    follows(*place, *rate).map(|()| (*place, *rate))
                }
                _ => None,
            })
            .collect();
        for (place, rate) in followed {
            self.verdicts.insert(place, Verdict::Follow(rate));
        }
    }

    /// What a person turned down is left as it is, unless more speaks for it now.
    fn decline(&mut self) {
        if self.subject.standing.declined.is_empty() {
            return;
        }
        for (place, verdict) in &mut self.verdicts {
            if declined::covers(self.subject.standing, *place, *verdict) {
                *verdict = Verdict::Declined;
            }
        }
    }
}

const fn without_quorum(winner: &Winner) -> PriceRule {
    if winner.is_contested() {
        PriceRule::Disagreement
    } else {
        PriceRule::NoQuorum
    }
}
