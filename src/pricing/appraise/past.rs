//! What the sources of history say of times that are over.

use super::{Appraisal, Witness};
use crate::core::price::Rates;
use crate::core::price_change::{
    PastCorrection, PastPrice, PastWord, PriceHistory, PriceProposal, PriceRule,
};
use crate::idle::breathe;
use crate::pricing::book::PriceBook;
use crate::pricing::catalogue::format::midnight;
use crate::pricing::identity::{Canonical, Placed};
use crate::pricing::verify::{self, Past};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most corrections of the past by one source that wait at once; what is beyond waits until those are decided about.
const CORRECTIONS_MOST: usize = 500;

impl Appraisal {
    /// Takes what a source says of times that are over, model by model.
    pub(super) fn take_past(&mut self, book: &PriceBook, witness: &Witness, now: Timestamp) {
        let told = witness.placed.iter().filter(|one| !one.past.is_empty());
        let all = told.clone();
        // Most refreshes tell the past of no new model.
        let lone = || {
            let named: BTreeSet<_> = all.clone().map(|one| one.meant.canonical.names()).collect();
            book.lone_histories(&witness.source, |provider, model| {
                named.contains(&(provider, model))
            })
        };
        let mut known = None;
        let mut corrections = Vec::new();
        for placed in told {
            breathe();
            let model = &placed.meant.canonical;
            let mut past = past_of(book, witness, placed, now);
            let room = CORRECTIONS_MOST.saturating_sub(corrections.len());
            let beyond = past.corrected.len().saturating_sub(room);
            past.corrected.truncate(room);
            past.left_out
                .extend(std::iter::repeat_n(PriceRule::NoQuorum, beyond));
            self.count_past(witness, model, &past);
            corrections.extend(
                past.corrected
                    .into_iter()
                    .map(|(price, before)| PastCorrection {
                        provider: model.provider.clone(),
                        model: model.model.clone(),
                        reason: verify::why_corrected(&witness.source, &price, &before),
                        price,
                        before: before.rates,
                    }),
            );
            let is_new = !past.prices.is_empty()
                && !book.is_listed(&model.provider, &model.model)
                && book
                    .imported(&model.provider, &model.model, &witness.source)
                    .is_empty();
            if is_new && !known.get_or_insert_with(&lone).take() {
                self.too_many += 1;
                let share = self.shares.entry(witness.source.to_string()).or_default();
                share.left_out += 1;
                continue;
            }
            if !past.prices.is_empty() {
                self.history.push(PriceHistory {
                    provider: model.provider.clone(),
                    model: model.model.clone(),
                    source: witness.source.to_string(),
                    fetched_at: witness.fetched_at,
                    content: witness.content,
                    weight: witness.weight,
                    prices: past.prices,
                });
            }
        }
        self.past.push(PastWord {
            source: witness.source.to_string(),
            fetched_at: witness.fetched_at,
            content: witness.content,
            weight: witness.weight,
            corrections,
        });
    }

    fn count_past(&mut self, witness: &Witness, model: &Canonical, past: &Past) {
        let counted = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        let votes = self.votes.entry(witness.source.to_string()).or_default();
        let share = self.shares.entry(witness.source.to_string()).or_default();
        share.held_back += usize::from(!past.corrected.is_empty());
        votes.agreed = votes.agreed.saturating_add(counted(past.agreed));
        // What a person turned down, and what is not known, is no word that can't be meant.
        let meant = |rule: &&PriceRule| !matches!(rule, PriceRule::NoQuorum | PriceRule::Zero);
        let impossible = past.left_out.iter().filter(meant).count();
        votes.rejected = votes.rejected.saturating_add(counted(impossible));
        votes.undecided = votes
            .undecided
            .saturating_add(counted(past.corrected.len()));
        let is_held = |proposal: &PriceProposal| {
            (&proposal.provider, &proposal.model) == (&model.provider, &model.model)
                && proposal.hold.is_some()
        };
        if !past.corrected.is_empty() && !self.proposals.iter().any(is_held) {
            self.counts.past_held_back += 1;
        }
        let left_out = past.left_out.iter();
        self.past_left_out
            .extend(left_out.map(|rule| (Arc::clone(&witness.source), model.clone(), *rule)));
    }
}

fn past_of(book: &PriceBook, witness: &Witness, placed: &Placed, now: Timestamp) -> Past {
    let Canonical { provider, model } = &placed.meant.canonical;
    let present = book.standing(provider, model, now).present;
    let known = book.imported(provider, model, &witness.source);
    let told = placed.past.iter().map(past_price);
    verify::past(
        provider,
        present.as_ref().map(|(rates, _)| rates),
        known,
        &book.declined_past(provider, model, &witness.source),
        told,
    )
}

/// A price whose first day is not known holds from the beginning of time on.
fn past_price((from, until, rates): &(Option<Date>, Date, Arc<Rates>)) -> PastPrice {
    PastPrice {
        from: from.map_or(Timestamp::UNIX_EPOCH, midnight),
        until: midnight(*until),
        rates: Arc::clone(rates),
    }
}
