//! The sources' words under the names that they mean together.

use super::Witness;
use super::present::by_model;
use crate::idle::breathe;
use crate::pricing::book::PriceBook;
use crate::pricing::identity::{self, Canonical, Match, Placed};
use crate::pricing::verify::{self, Subject};
use jiff::Timestamp;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// The same words, of states that no source with a voice tells apart under the one name of their model.
pub(super) fn joined<'a>(
    book: &PriceBook,
    witnesses: &'a [Witness],
    now: Timestamp,
) -> Cow<'a, [Witness]> {
    let all: Vec<&[Placed]> = witnesses.iter().map(|one| &*one.placed).collect();
    let is_own = |name: &Canonical| book.knows_unlisted(&name.provider, &name.model);
    let none_wait = BTreeSet::new();
    let quotes = OnceCell::new();
    let heard = |name: &Canonical, model: &Canonical| {
        let quotes = quotes.get_or_init(|| by_model(witnesses, &none_wait));
        let Some(quotes) = quotes.get(name) else {
            return Vec::new();
        };
        let subject = Subject {
            provider: &model.provider,
            model: &model.model,
            standing: &book.standing(&model.provider, &model.model, now),
            peers: &[],
            now,
        };
        verify::heard(&subject, quotes)
    };
    let means = identity::join(&all, is_own, heard);
    if means.is_empty() {
        return Cow::Borrowed(witnesses);
    }
    witnesses.iter().map(|one| renamed(one, &means)).collect()
}

/// A source's words by the names that are meant.
fn renamed(witness: &Witness, means: &BTreeMap<Canonical, Match>) -> Witness {
    let named = |one: &Placed| means.contains_key(&one.meant.canonical);
    if !witness.placed.iter().any(named) {
        return witness.clone();
    }
    let names = witness.placed.iter().map(|one| &one.meant.canonical);
    let mut names: BTreeSet<&Canonical> = names.collect();
    let renamed = |placed: &Placed| {
        breathe();
        let mut placed = placed.clone();
        if let Some(meant) = means.get(&placed.meant.canonical) {
            // Where it has the model itself, that is its word.
            if !names.insert(&meant.canonical) {
                return None;
            }
            placed.meant.clone_from(meant);
        }
        Some(placed)
    };
    Witness {
        placed: witness.placed.iter().filter_map(renamed).collect(),
        ..witness.clone()
    }
}
