//! Puts the decisions on single rates together to one on the price.

use super::Case;
use crate::core::price::PriceStatus;
use crate::core::price_change::{Apart, Applying, Evidence, Holding, PriceRule, Quoted, Vote};
use crate::pricing::points::{Place, Points, points, rates};
use crate::pricing::verify::declined::{self, Share};
use crate::pricing::verify::nearness::near;
use crate::pricing::verify::reason::{self, Held};
use crate::pricing::verify::verdict::Verdict;
use crate::pricing::verify::voices::Speaker;
use crate::pricing::verify::{Judgement, Outcome, outcome, sanity};
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Case<'_> {
    pub(super) fn conclude(self) -> Judgement {
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
