//! Puts the decisions on single rates together to one on the price.

use super::bounds::FOLLOW_TOLERANCE;
use super::declined::{self, Share};
use super::nearness::{near, within};
use super::quorum::{Voice, Winner, winner};
use super::reason::Held;
use super::verdict::Verdict;
use super::voices::{Speaker, Speakers};
use super::{
    Judgement, Outcome, Quote, Subject, dropped, outcome, proportion, reason, room, sanity, steps,
};
use crate::core::price::{PriceStatus, Unit};
use crate::core::price_change::{Apart, Applying, Evidence, Holding, PriceRule, Quoted, Vote};
use crate::pricing::points::{Place, Points, points, rates};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
        // One that waits already, for too few say so, is told by what speaks against it.
        let waiting = self.verdicts.iter();
        let waiting = waiting.filter_map(|(place, verdict)| match verdict {
            Verdict::Hold(rate, PriceRule::NoQuorum | PriceRule::Disagreement) => {
                Some((*place, *rate))
            }
            _ => None,
        });
        let out: Vec<_> = taken
            .into_iter()
            .chain(waiting)
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

    fn conclude(self) -> Judgement {
        let (apply, hold) = if self.is_new() {
            self.first_price()
        } else {
            self.next_price()
        };
        let rejected = (apply.is_none() && hold.is_none())
            .then(|| self.rejected())
            .flatten();
        // Where all that is said is too old, a price stays.
        let rejected = rejected.filter(|(rule, _)| self.is_new() || *rule != PriceRule::Stale);
        let outcome = match rejected {
            Some(_) => Outcome::Rejected,
            None => outcome(apply.as_ref(), hold.is_some()),
        };
        Judgement {
            outcome,
            rejected,
            quotes: self.quoted(apply.as_ref()),
            backed: self.is_backed(),
            no_room: self.all(Verdict::NoRoom).collect(),
            apply,
            hold,
        }
    }

    /// Of a model that had none: all that it stands by must be known, or a person looks.
    fn first_price(&self) -> (Option<Applying>, Option<Holding>) {
        let mut price = self.taken();
        let held = self.held(|place| self.main.contains(&place));
        if !held.is_empty() {
            return (None, self.hold(price, &held));
        }
        let declined = |place| self.verdicts.get(place) == Some(&Verdict::Declined);
        let known = |place| price.contains_key(place);
        if self.main.iter().any(declined) || !self.main.iter().any(known) {
            return (None, None);
        }
        leave_impossible(&mut price, &BTreeSet::new());
        let verified = self.is_backed();
        let evidence = if verified {
            Evidence::Quorum
        } else {
            Evidence::Few
        };
        let turned_down = declined::share(self.subject.standing, &price, &self.main, evidence);
        if turned_down == Share::All {
            return (None, None);
        }
        let doubt = sanity::whole(&price).or_else(|| {
            let doubted = !verified;
            doubted.then(|| sanity::first_word(&price)).flatten()
        });
        let doubt = doubt.or((turned_down == Share::Some).then_some(PriceRule::NoQuorum));
        if let Some(rule) = doubt {
            return (None, self.hold_whole(&price, rule));
        }
        let (status, rule) = if verified {
            (PriceStatus::Verified, PriceRule::Quorum)
        } else {
            (PriceStatus::SingleSource, PriceRule::FirstWord)
        };
        let apply = self.applying(&price, status, rule);
        (Some(apply), self.hold(price, &self.held(|_| true)))
    }

    /// Of a model that has one: what a quorum says is applied, the rest waits.
    fn next_price(&self) -> (Option<Applying>, Option<Holding>) {
        let taken = self.taken();
        let mut price = self.present.clone();
        price.extend(&taken);
        price.retain(|place, _| self.verdicts.get(place) != Some(&Verdict::Drop));
        let changes = !taken.is_empty() || price.len() < self.present.len();
        if changes {
            leave_impossible(&mut price, &taken.keys().copied().collect());
            if let Some(rule) = self.broken(&price) {
                return (None, self.hold_whole(&price, rule));
            }
        }
        let before = self.subject.standing.present.as_ref();
        let status = before.map_or(PriceStatus::Bundled, |(_, status)| *status);
        // A quorum's part does not make the rest better or worse known than it was.
        let next = if self.is_backed() {
            PriceStatus::Verified
        } else {
            status
        };
        let confirmed = next == PriceStatus::Verified && status != PriceStatus::Verified;
        // A state at the price of its model needs none of its own.
        let confirmed = confirmed && !self.subject.standing.of_its_model;
        let stays = self.stays_where_its_model_moves();
        let apply =
            (changes || confirmed || stays).then(|| self.applying(&price, next, PriceRule::Quorum));
        let held = self.held(|_| true);
        (apply, self.hold(price, &held))
    }

    /// Whether a quorum says that a state costs what its model will not cost any more.
    fn stays_where_its_model_moves(&self) -> bool {
        let Some(moves_to) = &self.subject.standing.model_moves_to else {
            return false;
        };
        let moves_to = points(moves_to);
        let is_left = |(place, rate): (&Place, &Decimal)| {
            let next = moves_to.get(place);
            self.is_backed_at(*place) && next.is_none_or(|next| !near(*next, *rate))
        };
        self.is_backed() && self.present.iter().any(is_left)
    }

    fn applying(&self, price: &Points, status: PriceStatus, rule: PriceRule) -> Applying {
        Applying {
            rates: Arc::new(rates(price)),
            status,
            apart: apart(price, status, |place| self.status_at(place)),
            rule,
        }
    }

    /// How far the rate that is decided for a place can be trusted; one that stays, as far as it could be.
    fn status_at(&self, place: Place) -> PriceStatus {
        match self.verdicts.get(&place) {
            Some(verdict) if verdict.is_backed() => PriceStatus::Verified,
            Some(Verdict::First(_) | Verdict::Follow(_)) => PriceStatus::SingleSource,
            _ => self.subject.standing.status_at(place),
        }
    }

    /// Whether a quorum says each rate that the price stands by.
    fn is_backed(&self) -> bool {
        !self.main.is_empty() && self.main.iter().all(|place| self.is_backed_at(*place))
    }

    fn is_backed_at(&self, place: Place) -> bool {
        let verdict = self.verdicts.get(&place);
        verdict.is_some_and(|verdict| verdict.is_backed())
    }

    fn broken(&self, price: &Points) -> Option<PriceRule> {
        sanity::whole(price)
            .or_else(|| {
                let mut places = price.keys();
                places.find_map(|place| sanity::single(price, *place))
            })
            .filter(|rule| sanity::whole(&self.present) != Some(*rule))
    }

    fn held(&self, counts: impl Fn(Place) -> bool) -> Held {
        self.verdicts
            .iter()
            .filter(|(place, _)| counts(**place))
            .filter_map(|(place, verdict)| Some((*place, verdict.held()?)))
            .collect()
    }

    fn hold(&self, mut price: Points, held: &Held) -> Option<Holding> {
        for (place, (rate, _)) in held {
            match rate {
                Some(rate) => price.insert(*place, *rate),
                None => price.remove(place),
            };
        }
        let rule = held.values().map(|(_, rule)| *rule).max()?;
        // A person's word is as good as a quorum's, for the rates that it is about.
        let status_at = |place: Place| {
            if held.contains_key(&place) {
                PriceStatus::Verified
            } else {
                self.status_at(place)
            }
        };
        let verified = |place: &Place| status_at(*place) == PriceStatus::Verified;
        let main = self.main.iter().filter(|place| price.contains_key(place));
        let status = if main.clone().all(verified) {
            PriceStatus::Verified
        } else {
            let present = self.subject.standing.present.as_ref();
            present.map_or(PriceStatus::SingleSource, |(_, status)| *status)
        };
        let apart = apart(&price, status, status_at);
        let no_room = self.all(Verdict::NoRoom).count();
        Some(Holding {
            rates: Arc::new(rates(&price)),
            status,
            apart,
            rule,
            reason: reason::of(&self.present, &self.speakers, rule, held, no_room),
        })
    }

    fn hold_whole(&self, price: &Points, rule: PriceRule) -> Option<Holding> {
        let held = self
            .verdicts
            .iter()
            .filter_map(|(place, verdict)| {
                let taken = verdict.taken().map(Some);
                let rate = taken.or(verdict.held().map(|(rate, _)| rate))?;
                Some((*place, (rate, rule)))
            })
            .collect();
        self.hold(price.clone(), &held)
    }

    /// Why nothing that was said counts, where something was; that it is too old, where there is no other reason.
    fn rejected(&self) -> Option<(PriceRule, String)> {
        let silenced = self.speakers.0.iter().map(Speaker::silenced);
        let rules = silenced.collect::<Option<Vec<_>>>()?;
        let other = rules.iter().find(|rule| **rule != PriceRule::Stale);
        let rule = *other.or_else(|| rules.first())?;
        Some((rule, reason::rejected(&self.speakers, rule)))
    }

    fn quoted(&self, apply: Option<&Applying>) -> Vec<Quoted> {
        let decided = apply.map_or_else(|| self.present.clone(), |apply| points(&apply.rates));
        let speakers = self.speakers.0.iter();
        speakers
            .map(|speaker| {
                let (vote, against) = self.vote(speaker, &decided);
                Quoted {
                    source: speaker.quote.source.to_string(),
                    rates: Some(Arc::clone(&speaker.quote.rates)),
                    fetched_at: speaker.quote.fetched_at,
                    content: speaker.quote.content,
                    weight: speaker.quote.weight,
                    vote,
                    against,
                }
            })
            .collect()
    }

    fn vote(&self, speaker: &Speaker<'_>, decided: &Points) -> (Vote, Option<PriceRule>) {
        let main = || self.main.iter().copied();
        let muted = main().find_map(|place| speaker.muted.get(&place).copied());
        match speaker.silenced().or(muted) {
            Some(PriceRule::Stale) => return (Vote::Stale, Some(PriceRule::Stale)),
            Some(rule) => return (Vote::Rejected, Some(rule)),
            None => {}
        }
        let beside = speaker.muted.values().next().copied();
        let backed = main().filter(|place| self.is_backed_at(*place));
        let agrees: Vec<_> = backed
            .filter_map(|place| {
                let (own, decided) = (speaker.points.get(&place)?, decided.get(&place)?);
                Some(near(*own, *decided))
            })
            .collect();
        let vote = match agrees.as_slice() {
            [] => Vote::Undecided,
            all if all.iter().all(|agrees| *agrees) => Vote::Agreed,
            _ => Vote::Outvoted,
        };
        (vote, beside)
    }
}

/// The rates of a price that can be trusted otherwise than as a whole.
fn apart(price: &Points, whole: PriceStatus, status_at: impl Fn(Place) -> PriceStatus) -> Apart {
    let each = price.keys().map(|place| (place, status_at(*place)));
    each.filter(|(_, status)| *status != whole)
        .map(|(place, status)| (place.to_string(), status))
        .collect()
}

const fn without_quorum(winner: &Winner) -> PriceRule {
    if winner.is_contested() {
        PriceRule::Disagreement
    } else {
        PriceRule::NoQuorum
    }
}

/// Leaves out what a change of another rate has made impossible: a cache read that would cost more than the input costs
/// now is charged as input until a source says what it costs.
fn leave_impossible(price: &mut Points, taken: &BTreeSet<Place>) {
    let impossible: Vec<_> = price
        .keys()
        .copied()
        .filter(|place| !taken.contains(place) && sanity::single(price, *place).is_some())
        .collect();
    for place in impossible {
        price.remove(&place);
    }
}
