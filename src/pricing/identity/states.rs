//! Dated releases and `latest`: names of states of the catalogue's models.
//!
//! A state costs what its model costs, unless it has a price of its own. What a source says of a state is a word about the model
//! where all say the same of both, and else about the state alone: a release may cost something else. Names that the catalogue
//! does not know are each a model of its own, whose date or `latest` may be written in several ways.

use super::{Canonical, Match, Placed, Rule};
use crate::core::price::Rates;
use crate::idle::breathe;
use crate::pricing::catalogue::writings;
use crate::pricing::points::points;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What the names of states mean instead of themselves, by what all sources say. A state that `is_own` was priced by itself
/// before, and stays. Of a model that the catalogue does not know, every way to write a state's name means one.
pub fn join(
    sources: &[&[Placed]],
    is_own: impl Fn(&Canonical) -> bool,
) -> BTreeMap<Canonical, Match> {
    let mut names = Names::default();
    for placed in sources.iter().copied().flatten() {
        breathe();
        names.add(placed);
    }
    let states = names.states.iter().filter(|(name, _)| !is_own(name));
    let mut means = names.written_as_one(&is_own);
    for (name, model) in states {
        breathe();
        if names.is_one(name, model) {
            means.insert((*name).clone(), Match::clone(model));
        }
    }
    means
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

    /// Whether a state is the only one of its model, and whoever tells of the two says the same of both.
    fn is_one(&self, name: &Canonical, model: &Match) -> bool {
        let (Some(of_state), Some(of_model)) =
            (self.told.get(name), self.told.get(&model.canonical))
        else {
            return false;
        };
        let several = self.of_model.get(&model.canonical);
        let is_alone = several.is_none_or(|states| states.len() == 1);
        let mut pairs = of_state
            .iter()
            .flat_map(|state| of_model.iter().map(move |model| (state, model)));
        is_alone && pairs.all(|(state, model)| agree(state, model))
    }
}

/// The one name of a state that may be written in several ways: with hyphens.
pub fn one_spelling(model: String) -> String {
    // A hyphen comes before every digit and other mark.
    let least = writings(&model).into_iter().min().map(Cow::into_owned);
    least.unwrap_or(model)
}

/// Whether two prices say the same wherever both say something.
fn agree(one: &Rates, other: &Rates) -> bool {
    let (one, other) = (points(one), points(other));
    let same = |(place, rate)| other.get(place).is_none_or(|known| known == rate);
    one.iter().all(same)
}
