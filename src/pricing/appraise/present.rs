//! What the sources say of the present, judged model by model.

use super::peers::Peers;
use super::{Appraisal, Witness};
use crate::core::price::{PriceStatus, Rates};
use crate::core::price_change::{Applying, PriceProposal, Quoted};
use crate::idle::breathe;
use crate::pricing::book::{Lone, PriceBook};
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
    let all = by_model(witnesses, waiting);
    let named = all.keys().map(|model| model.names()).collect();
    let (listed, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(model, _)| book.is_listed(&model.provider, &model.model));
    let mut bench = Bench {
        book,
        waiting,
        now,
        room: WAITING_MOST.saturating_sub(waiting.len()),
        named,
        lone: None,
        peers: OnceCell::new(),
        moved: BTreeMap::new(),
        kept: Vec::new(),
        appraisal: Appraisal::default(),
    };
    // The catalogue's models come first: they do where not all can wait, and their states are charged at what they come to.
    let listed = listed.into_iter().map(|one| (one, true));
    let others = others.into_iter().map(|one| (one, false));
    for ((model, quotes), is_listed) in listed.chain(others) {
        breathe();
        bench.judge(model, &quotes, is_listed);
    }
    bench.appraisal()
}

/// Judges one model after the other.
struct Bench<'a> {
    book: &'a PriceBook,
    waiting: &'a BTreeSet<Canonical>,
    now: Timestamp,
    /// How many more changes may wait.
    room: usize,
    /// The models that any source names, and those of which a change waits.
    named: BTreeSet<(&'a str, &'a str)>,
    /// How many models are known by the word of one source alone, by source.
    lone: Option<BTreeMap<String, Lone>>,
    peers: OnceCell<Peers<'a>>,
    /// The prices to which models move.
    moved: BTreeMap<&'a Canonical, Applying>,
    /// The prices that states keep while their models move.
    kept: Vec<PriceProposal>,
    appraisal: Appraisal,
}

/// What is decided of a model, and of which price of it.
struct Judged {
    judgement: Judgement,
    standing: Standing,
    /// Whether it is a state that keeps what it was charged at, or goes on from there, while its model moves.
    keeps: bool,
}

impl<'a> Bench<'a> {
    fn judge(&mut self, model: &'a Canonical, quotes: &[Quote], is_listed: bool) {
        let mut judged = self.judged(model, quotes);
        let is_new = !is_listed && judged.standing.present.is_none();
        if is_new && !self.has_room_for_word(&judged.judgement) {
            self.appraisal.count_too_many(&judged.judgement);
            return;
        }
        let no_room = judged.judgement.hold.is_some() && !self.has_room(model);
        if no_room {
            judged.judgement.let_nothing_wait();
        }
        self.appraisal.count(&judged.judgement);
        if no_room {
            self.appraisal.count_no_room(&judged.judgement);
        }
        let present = judged.standing.present.as_ref().map(|(rates, _)| rates);
        let apply = judged.judgement.apply.as_ref();
        if let Some(apply) = apply.filter(|apply| Some(&apply.rates) != present) {
            self.moved.insert(model, apply.clone());
        }
        let subject = self.subject(model, &judged.standing, &[]);
        let proposal = judged.judgement.proposal(&subject);
        let proposals = if judged.keeps {
            &mut self.kept
        } else {
            &mut self.appraisal.proposals
        };
        proposals.extend(proposal);
    }

    /// All together. What a state keeps is carried out before its model moves: no usage in between costs what the model does.
    fn appraisal(mut self) -> Appraisal {
        self.kept.append(&mut self.appraisal.proposals);
        Appraisal {
            proposals: self.kept,
            ..self.appraisal
        }
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

    /// Whether the first price of a model may be applied: what more than one source says always may.
    fn has_room_for_word(&mut self, judgement: &Judgement) -> bool {
        let is_lone = |apply: &&Applying| apply.status == PriceStatus::SingleSource;
        let lone = judgement.apply.as_ref().filter(is_lone);
        let speaker = lone.and_then(|_| judgement.quotes.iter().find(|one| one.is_heard()));
        let Some(Quoted { source, .. }) = speaker else {
            return true;
        };
        let is_named = |provider: &str, model: &str| self.named.contains(&(provider, model));
        let lone = self
            .lone
            .get_or_insert_with(|| self.book.lone_words(is_named));
        lone.entry(source.clone()).or_default().take()
    }

    fn judged(&self, model: &'a Canonical, quotes: &[Quote]) -> Judged {
        let mut standing = self.book.standing(&model.provider, &model.model, self.now);
        standing.waiting = self.waiting.contains(model);
        if let Some(moved) = self.model_moved(model, &standing) {
            return self.judged_beside(model, quotes, standing, moved);
        }
        // Only a first price is held against what others charge.
        let peers = match standing.present {
            Some(_) => Vec::new(),
            None => self
                .peers
                .get_or_init(|| Peers::of(self.book))
                .of_model(model),
        };
        let judgement = verify::verify(&self.subject(model, &standing, &peers), quotes);
        Judged {
            judgement,
            standing,
            keeps: false,
        }
    }

    /// The price to which the model moves that a state is charged as.
    fn model_moved(&self, state: &Canonical, standing: &Standing) -> Option<&Applying> {
        if !standing.of_its_model || self.moved.is_empty() {
            return None;
        }
        self.moved.get(&self.book.charged_name(state)?)
    }

    /// A state whose model moves. Where a quorum says what it costs, it is held against what it was charged at so far, which may
    /// become its own price; else against what its model costs from now on. Where that is all that is said, it goes with its model.
    fn judged_beside(
        &self,
        state: &'a Canonical,
        quotes: &[Quote],
        standing: Standing,
        moved: &Applying,
    ) -> Judged {
        let mut before = standing.clone();
        before.model_moves_to = Some(Arc::clone(&moved.rates));
        let from_before = verify::verify(&self.subject(state, &before, &[]), quotes);
        let after = standing.moved(moved, self.now);
        let from_after = verify::verify(&self.subject(state, &after, &[]), quotes);
        let keeps = from_before.backed && from_before.apply.is_some() && !from_after.is_idle();
        let (judgement, standing) = if keeps {
            (from_before, before)
        } else {
            (from_after, after)
        };
        Judged {
            judgement,
            standing,
            keeps,
        }
    }

    fn subject<'b>(
        &self,
        model: &'b Canonical,
        standing: &'b Standing,
        peers: &'b [Arc<Rates>],
    ) -> Subject<'b> {
        Subject {
            provider: &model.provider,
            model: &model.model,
            standing,
            peers,
            now: self.now,
        }
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
