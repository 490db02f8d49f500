//! Corrections of the past by the source that had told it: they wait for a person.

use super::super::Desk;
use crate::core::price::PriceStatus;
use crate::core::price_change::{
    Dropped, OpenChange, PastCorrection, PastWord, PriceHeldBack, PriceRule, Quoted, Vote,
};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Desk<'_> {
    /// Holds back what is new of it, and drops what waits and is said no more.
    pub(super) fn hold_past(&mut self, word: &PastWord, done: &mut Vec<usize>) {
        let waiting = self.state.waiting_prices().filter(|open| is_by(open, word));
        let waiting: Vec<OpenChange> = waiting.cloned().collect();
        let gone = waiting.iter().filter(|open| {
            let mut said = word.corrections.iter();
            !said.any(|correction| is_held(open, correction))
        });
        for open in gone {
            let change = &open.change;
            self.drop_change(
                open.id,
                (&change.provider, &change.model),
                Dropped::Withdrawn,
            );
        }
        for correction in &word.corrections {
            let is_known = waiting.iter().any(|open| is_held(open, correction));
            if !is_known && self.is_to_be_asked(word, correction) {
                done.push(self.hold_back(held(word, correction)));
            }
        }
    }

    /// Whether it is neither known nor turned down by now.
    fn is_to_be_asked(&self, word: &PastWord, correction: &PastCorrection) -> bool {
        let prices = self.state.prices(&correction.provider, &correction.model);
        prices.is_none_or(|prices| {
            let known = prices.history_of(&word.source);
            let is_known = known.is_some_and(|known| known.prices.contains(&correction.price));
            let mut declined = prices.declined_past_of(&word.source);
            !is_known && !declined.any(|price| *price == correction.price)
        })
    }
}

fn is_by(open: &OpenChange, word: &PastWord) -> bool {
    let source = open.change.correction().map(|(quote, _)| &quote.source);
    source.is_some_and(|source| *source == word.source)
}

fn is_held(open: &OpenChange, correction: &PastCorrection) -> bool {
    let change = &open.change;
    let waiting = change.correction().map(|(_, price)| price);
    (&change.provider, &change.model) == (&correction.provider, &correction.model)
        && waiting.as_ref() == Some(&correction.price)
}

fn held(word: &PastWord, correction: &PastCorrection) -> PriceHeldBack {
    PriceHeldBack {
        provider: correction.provider.clone(),
        model: correction.model.clone(),
        rates: Arc::clone(&correction.price.rates),
        effective_from: correction.price.from,
        until: Some(correction.price.until),
        rule: PriceRule::NoQuorum,
        reason: correction.reason.clone(),
        status: PriceStatus::SingleSource,
        apart: BTreeMap::new(),
        present: Some(Arc::clone(&correction.before)),
        quotes: vec![Quoted {
            source: word.source.clone(),
            rates: None,
            fetched_at: word.fetched_at,
            content: word.content,
            weight: word.weight,
            vote: Vote::Undecided,
            against: None,
        }],
    }
}
