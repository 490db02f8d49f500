//! Dated releases and `latest`: names of states of the catalogue's models.
//!
//! A state costs what its model costs, unless it has a price of its own. What a source says of a state is a word about the model
//! where all say the same of both, and else about the state alone: a release may cost something else. Names that the catalogue
//! does not know are each a model of its own, whose date or `latest` may be written in several ways.

use super::{Canonical, Match, Placed, Rule};
use crate::core::price::Rates;
use crate::idle::breathe;
use crate::pricing::catalogue::writings;
use crate::pricing::points::{Points, points};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What the names of states mean instead of themselves, by what all sources say. A state that `is_own` was priced by itself
/// before, and stays. Of a model that the catalogue does not know, every way to write a state's name means one.
///
/// Where they do not all say the same, those decide that have a voice: `heard` gives what they say by a name, held against the
/// price of the model that comes second.
pub fn join(
    sources: &[&[Placed]],
    is_own: impl Fn(&Canonical) -> bool,
    heard: impl Fn(&Canonical, &Canonical) -> Vec<Points>,
) -> BTreeMap<Canonical, Match> {
    let mut names = Names::default();
    for placed in sources.iter().copied().flatten() {
        breathe();
        names.add(placed);
    }
    let mut means = names.written_as_one(&is_own);
    for (model, states) in &names.of_model {
        breathe();
        let one = names
            .only_one(model, states)
            .or_else(|| only_one_heard(model, states, &is_own, &heard));
        if let Some(one) = one.filter(|one| !is_own(one))
            && let Some(meant) = names.states.get(one)
        {
            means.insert(one.clone(), Match::clone(meant));
        }
    }
    means
}

/// The only state of a model of which a source that has a voice says something, where all of those say the same of both.
fn only_one_heard<'a>(
    model: &Canonical,
    states: &BTreeSet<&'a Canonical>,
    is_own: impl Fn(&Canonical) -> bool,
    heard: impl Fn(&Canonical, &Canonical) -> Vec<Points>,
) -> Option<&'a Canonical> {
    let of_model = heard(model, model);
    if of_model.is_empty() {
        return None;
    }
    let mut told = states.iter().filter_map(|state| {
        breathe();
        let words = heard(state, model);
        (!words.is_empty() || is_own(state)).then_some((*state, words))
    });
    let (state, words) = told.next()?;
    (told.next().is_none() && all_agree(&words, &of_model)).then_some(state)
}

/// The names of all sources.
#[derive(Default)]
struct Names<'a> {
    /// All that is said by a name.
    told: BTreeMap<&'a Canonical, Vec<&'a Rates>>,
    /// The names of states, and the models that they are states of.
    states: BTreeMap<&'a Canonical, &'a Match>,
    /// The names of models that the catalogue does not know.
    unlisted: BTreeSet<&'a Canonical>,
    /// The states of each model.
    of_model: BTreeMap<&'a Canonical, BTreeSet<&'a Canonical>>,
}

impl<'a> Names<'a> {
    fn add(&mut self, placed: &'a Placed) {
        let name = &placed.meant.canonical;
        let told = self.told.entry(name).or_default();
        told.extend(placed.rates.as_deref());
        if let Some(model) = &placed.state_of {
            self.states.insert(name, model);
            let of_model = self.of_model.entry(&model.canonical).or_default();
            of_model.insert(name);
        } else if placed.meant.rule == Rule::NotInCatalogue {
            self.unlisted.insert(name);
        }
    }

    /// The names of models that the catalogue does not know, where another way to write them is priced already or comes
    /// before.
    fn written_as_one(&self, is_own: impl Fn(&Canonical) -> bool) -> BTreeMap<Canonical, Match> {
        let mut means = BTreeMap::new();
        for name in &self.unlisted {
            breathe();
            let named = |model: Cow<'_, str>| Canonical {
                provider: name.provider.clone(),
                model: model.into_owned(),
            };
            let ways: Vec<_> = writings(&name.model).into_iter().map(named).collect();
            let priced = ways.iter().find(|way| is_own(way));
            let one = priced
                .or_else(|| ways.iter().min())
                .filter(|one| one != name);
            if let Some(one) = one {
                let canonical = one.clone();
                let rule = Rule::DateOtherWay;
                means.insert((*name).clone(), Match { canonical, rule });
            }
        }
        means
    }

    /// The only state of a model, where whoever tells of the two says the same of both.
    fn only_one(
        &self,
        model: &Canonical,
        states: &BTreeSet<&'a Canonical>,
    ) -> Option<&'a Canonical> {
        let state = states.first().filter(|_| states.len() == 1)?;
        let words = |name| Some(self.told.get(name)?.iter().map(|rates| points(rates)));
        let of_state: Vec<_> = words(*state)?.collect();
        let of_model: Vec<_> = words(model)?.collect();
        all_agree(&of_state, &of_model).then_some(*state)
    }
}

/// The one name of a state that may be written in several ways: with hyphens.
pub fn one_spelling(model: String) -> String {
    // A hyphen comes before every digit and other mark.
    let least = writings(&model).into_iter().min().map(Cow::into_owned);
    least.unwrap_or(model)
}

/// Whether all that is said of one name is said of the other, wherever both say something.
fn all_agree(of_one: &[Points], of_other: &[Points]) -> bool {
    let agree = |one: &Points, other: &Points| {
        let same = |(place, rate)| other.get(place).is_none_or(|known| known == rate);
        one.iter().all(same)
    };
    of_one
        .iter()
        .all(|one| of_other.iter().all(|other| agree(one, other)))
}
