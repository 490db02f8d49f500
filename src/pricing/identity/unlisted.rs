//! Names that differ in a date or `latest` alone, joined where no source tells them apart.
//!
//! Whether `x`, `x-latest` and `x-2027-01-31` are one model, or the last a release with a price of its own, the sources say:
//! where one of them has two of the names, at two prices, they are two; where each has one of them, they are one. A name without
//! a date stands for the one state that has a name, and for none of several. What the catalogue or the ledger has by a name of
//! its own stays.

use super::{Canonical, Match, Placed, Rule};
use crate::core::price::Rates;
use crate::idle::breathe;
use crate::pricing::catalogue::{Spelling, date_in, spellings};
use crate::pricing::points::points;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// What names mean instead of themselves, by what all sources have. A name that `is_own` was priced by itself before, and stays.
pub fn join(
    sources: &[&[Placed]],
    is_own: impl Fn(&Canonical) -> bool,
) -> BTreeMap<Canonical, Match> {
    let mut names = Names::default();
    for (source, placed) in sources.iter().enumerate() {
        for one in *placed {
            breathe();
            names.add(source, one);
        }
    }
    let unlisted: Vec<&Canonical> = names.unlisted.iter().copied().collect();
    names.states = states(&unlisted);
    for name in unlisted {
        breathe();
        if !is_own(name)
            && let Some(found) = names.other(name, &is_own)
        {
            names.move_to(name, found);
        }
    }
    names.means
}

/// The names of all sources.
#[derive(Default)]
struct Names<'a> {
    /// What each source says by a name.
    told: BTreeMap<&'a Canonical, BTreeMap<usize, &'a Placed>>,
    /// The names that the catalogue has no model by.
    unlisted: BTreeSet<&'a Canonical>,
    /// The catalogue's models that some of them are states of.
    listed: BTreeMap<&'a Canonical, &'a Match>,
    /// The days in the names of each model without a day in it.
    states: BTreeMap<Canonical, BTreeSet<Date>>,
    means: BTreeMap<Canonical, Match>,
}

/// The days in the names of each model without a day in it.
fn states(names: &[&Canonical]) -> BTreeMap<Canonical, BTreeSet<Date>> {
    let mut states: BTreeMap<Canonical, BTreeSet<Date>> = BTreeMap::new();
    for name in names {
        let stem = spellings(&name.model).find(|(how, _)| *how == Spelling::WithoutDate);
        if let (Some((_, stem)), Some(day)) = (stem, date_in(&name.model)) {
            states
                .entry(name.with(stem.into_owned()))
                .or_default()
                .insert(day);
        }
    }
    states
}

impl<'a> Names<'a> {
    fn add(&mut self, source: usize, placed: &'a Placed) {
        let name = &placed.meant.canonical;
        self.told.entry(name).or_default().insert(source, placed);
        if placed.meant.rule == Rule::NotInCatalogue {
            self.unlisted.insert(name);
        }
        if let Some(model) = &placed.state_of {
            self.listed.insert(name, model);
        }
    }

    fn move_to(&mut self, name: &Canonical, found: Match) {
        let moved = self.told.remove(name).unwrap_or_default();
        if let Some(all) = self.told.get_mut(&found.canonical) {
            for (source, placed) in moved {
                all.entry(source).or_insert(placed);
            }
        }
        self.means.insert(name.clone(), found);
    }

    /// What a name means in place of itself: the other way to write its date, or the model that it is a state of.
    fn other(&self, name: &Canonical, is_own: &impl Fn(&Canonical) -> bool) -> Option<Match> {
        spellings(&name.model).find_map(|(spelling, model)| {
            let rule = match spelling {
                Spelling::AsIs => return None,
                Spelling::DateOtherWay => Rule::DateOtherWay,
                Spelling::WithoutDate => Rule::DateLeftOut,
                Spelling::WithoutLatest => Rule::LatestLeftOut,
            };
            let spelled = name.with(model.into_owned());
            if rule == Rule::DateOtherWay && is_own(&spelled) {
                return Some(Match {
                    canonical: spelled,
                    rule,
                });
            }
            let is_one_of_several = self.states.get(&spelled).is_some_and(|days| days.len() > 1);
            if rule == Rule::DateLeftOut && is_one_of_several {
                return None;
            }
            let listed = self.listed.get(name).filter(|found| found.rule == rule);
            if let Some(model) = listed {
                let is_one = !self.is_told_apart(name, &model.canonical);
                return is_one.then(|| Match::clone(model));
            }
            let known = self.means.get(&spelled);
            let canonical = known.map_or(spelled, |known| known.canonical.clone());
            let is_one = canonical < *name && self.has_none_beside(name, &canonical);
            is_one.then_some(Match { canonical, rule })
        })
    }

    /// Whether a source has a state at another price than its model, or none has the model.
    fn is_told_apart(&self, name: &Canonical, model: &Canonical) -> bool {
        let (Some(states), Some(models)) = (self.told.get(name), self.told.get(model)) else {
            return true;
        };
        let both = states
            .iter()
            .filter_map(|(source, state)| Some((state, models.get(source)?)));
        let agree = |(state, model): (&&Placed, &&Placed)| match (&state.rates, &model.rates) {
            (Some(state), Some(model)) => agree(state, model),
            _ => true,
        };
        !both.into_iter().all(agree)
    }

    /// Whether some source has another name, and none has both.
    fn has_none_beside(&self, name: &Canonical, other: &Canonical) -> bool {
        let (Some(own), Some(others)) = (self.told.get(name), self.told.get(other)) else {
            return false;
        };
        own.keys().all(|source| !others.contains_key(source))
    }
}

/// Whether two prices say the same wherever both say something.
fn agree(one: &Rates, other: &Rates) -> bool {
    let (one, other) = (points(one), points(other));
    let same = |(place, rate)| other.get(place).is_none_or(|known| known == rate);
    one.iter().all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(names: &[&str]) -> Vec<Placed> {
        let placed = |name: &&str| {
            let (provider, model) = name.split_once('/').unwrap();
            Placed {
                meant: Match {
                    canonical: Canonical {
                        provider: provider.to_owned(),
                        model: model.to_owned(),
                    },
                    rule: Rule::NotInCatalogue,
                },
                state_of: None,
                name: (*name).to_owned(),
                rates: None,
                past: Vec::new(),
            }
        };
        names.iter().map(placed).collect()
    }

    fn joined(sources: &[&[&str]]) -> Vec<String> {
        let told: Vec<_> = sources.iter().map(|names| told(names)).collect();
        let told: Vec<_> = told.iter().map(Vec::as_slice).collect();
        let means = join(&told, |name| name.model == "own-latest");
        let sentence = |(name, found): (&Canonical, &Match)| format!("{name}: {}", found.canonical);
        means.iter().map(sentence).collect()
    }

    #[test]
    fn names_that_no_source_tells_apart_are_one() {
        for (sources, means) in [
            (
                &[&["xai/g"][..], &["xai/g-latest"]][..],
                "xai/g-latest: xai/g",
            ),
            (
                &[&["xai/g-2027-01-31"], &["xai/g"]],
                "xai/g-2027-01-31: xai/g",
            ),
            (
                &[&["xai/g-20270131"], &["xai/g-2027-01-31"]],
                "xai/g-20270131: xai/g-2027-01-31",
            ),
            (
                &[&["xai/g-20270131"], &["xai/g-2027-01-31"], &["xai/g"]],
                "xai/g-2027-01-31: xai/g, xai/g-20270131: xai/g",
            ),
            (
                &[
                    &["xai/g-2027-01-31"],
                    &["xai/g-2027-02-28"],
                    &["xai/g"],
                    &["xai/g-latest"],
                ],
                "xai/g-latest: xai/g",
            ),
            (&[&["xai/g", "xai/g-latest"], &["xai/g-latest"]], ""),
            (&[&["xai/g-latest"], &["groq/g"]], ""),
            (&[&["xai/g-latest"], &["xai/g-2027-01-31"]], ""),
            (&[&["xai/g-2"], &["xai/g"]], ""),
            (&[&["xai/own-latest"], &["xai/own"]], ""),
        ] {
            assert_eq!(joined(sources).join(", "), means, "{sources:?}");
        }
    }
}
