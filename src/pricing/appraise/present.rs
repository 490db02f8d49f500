//! What the sources say of the present, judged model by model.

use super::peers::Peers;
use super::{Appraisal, Witness};
use crate::core::price_change::PriceProposal;
use crate::idle::breathe;
use crate::pricing::book::PriceBook;
use crate::pricing::identity::Canonical;
use crate::pricing::sources::Tense;
use crate::pricing::verify::{self, Judgement, Quote, Standing, Subject};
use jiff::Timestamp;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most changes that wait for a person. Two years of real lists held back 716 at once; a list that invents names by the
/// ten thousand is to fill neither the memory nor the alerts.
const WAITING_MOST: usize = 5_000;

pub(super) fn of_the_present(
    book: &PriceBook,
    witnesses: &[Witness],
    waiting: &BTreeSet<Canonical>,
    now: Timestamp,
) -> Appraisal {
    let (listed, others): (Vec<_>, Vec<_>) = by_model(witnesses, waiting)
        .into_iter()
        .partition(|(model, _)| book.is_listed(model));
    let mut bench = Bench {
        book,
        waiting,
        now,
        room: WAITING_MOST.saturating_sub(waiting.len()),
        peers: OnceCell::new(),
        appraisal: Appraisal::default(),
    };
    // The catalogue's models come first, where not all can wait.
    for (model, quotes) in listed.into_iter().chain(others) {
        breathe();
        bench.judge(model, &quotes);
    }
    bench.appraisal
}

/// Judges one model after the other.
struct Bench<'a> {
    book: &'a PriceBook,
    waiting: &'a BTreeSet<Canonical>,
    now: Timestamp,
    /// How many more changes may wait.
    room: usize,
    peers: OnceCell<Peers<'a>>,
    appraisal: Appraisal,
}

impl Bench<'_> {
    fn judge(&mut self, model: &Canonical, quotes: &[Quote]) {
        let (mut judgement, standing) = self.judged(model, quotes);
        let no_room = judgement.hold.is_some() && !self.has_room(model);
        if no_room {
            judgement.let_nothing_wait();
        }
        self.appraisal.count(&judgement);
        if no_room {
            self.appraisal.count_no_room(&judgement);
        }
        let proposal = self.proposal(model, judgement, &standing);
        self.appraisal.proposals.extend(proposal);
    }

    /// Whether a change of a model may wait: one that waits already does.
    fn has_room(&mut self, model: &Canonical) -> bool {
        if self.waiting.contains(model) {
            return true;
        }
        let left = self.room.checked_sub(1);
        self.room = left.unwrap_or_default();
        left.is_some()
    }

    fn judged(&self, model: &Canonical, quotes: &[Quote]) -> (Judgement, Standing) {
        let mut standing = self.book.standing(&model.provider, &model.model, self.now);
        standing.waiting = self.waiting.contains(model);
        // Only a first price is held against what others charge.
        let peers = match standing.present {
            Some(_) => Vec::new(),
            None => self
                .peers
                .get_or_init(|| Peers::of(self.book))
                .of_model(model),
        };
        let subject = Subject {
            provider: &model.provider,
            model: &model.model,
            standing: &standing,
            peers: &peers,
            now: self.now,
        };
        (verify::verify(&subject, quotes), standing)
    }

    fn proposal(
        &self,
        model: &Canonical,
        judgement: Judgement,
        standing: &Standing,
    ) -> Option<PriceProposal> {
        let subject = Subject {
            provider: &model.provider,
            model: &model.model,
            standing,
            peers: &[],
            now: self.now,
        };
        judgement.proposal(&subject)
    }
}

pub(super) fn by_model<'a>(
    witnesses: &'a [Witness],
    waiting: &'a BTreeSet<Canonical>,
) -> BTreeMap<&'a Canonical, Vec<Quote>> {
    let mut quotes: BTreeMap<&Canonical, Vec<Quote>> =
        waiting.iter().map(|model| (model, Vec::new())).collect();
    for witness in witnesses
        .iter()
        .filter(|witness| witness.tense == Tense::Present)
    {
        for placed in &*witness.placed {
            breathe();
            let Some(rates) = &placed.rates else {
                continue;
            };
            quotes
                .entry(&placed.meant.canonical)
                .or_default()
                .push(Quote {
                    source: Arc::clone(&witness.source),
                    weight: witness.weight,
                    fetched_at: witness.fetched_at,
                    content: witness.content,
                    rates: Arc::clone(rates),
                });
        }
    }
    quotes
}
