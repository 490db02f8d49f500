//! Names that the catalogue does not know, joined where no source tells them apart.
//!
//! The catalogue says which of `x`, `x-latest` and `x-2027-01-31` are models of their own. Of a model that is newer than the
//! catalogue the sources say it: where one of them has two of the names, they are two; where each has one of them, they are one.
//! A name without a date stands for the one state that has a name, and for none of several.

use super::{Canonical, Match, Placed, Rule};
use crate::idle::breathe;
use crate::pricing::catalogue::{Spelling, date_in, spellings};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// What names mean instead of themselves, by what all sources have. A name that `is_own` was priced by itself before, and stays.
pub fn join(
    sources: &[&[Placed]],
    is_own: impl Fn(&Canonical) -> bool,
) -> BTreeMap<Canonical, Match> {
    let mut tellers: BTreeMap<&Canonical, BTreeSet<usize>> = BTreeMap::new();
    for (source, placed) in sources.iter().enumerate() {
        for one in placed.iter().filter(|one| is_unlisted(one)) {
            breathe();
            tellers
                .entry(&one.meant.canonical)
                .or_default()
                .insert(source);
        }
    }
    let names: Vec<&Canonical> = tellers.keys().copied().collect();
    let states = states(&names);
    let mut means: BTreeMap<Canonical, Match> = BTreeMap::new();
    for name in names {
        breathe();
        if is_own(name) {
            continue;
        }
        let Some(found) = shorter(name, &states, &tellers, &means) else {
            continue;
        };
        let moved = tellers.remove(name).unwrap_or_default();
        if let Some(all) = tellers.get_mut(&found.canonical) {
            all.extend(moved);
        }
        means.insert(name.clone(), found);
    }
    means
}

fn is_unlisted(placed: &Placed) -> bool {
    placed.meant.rule == Rule::NotInCatalogue
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

/// The name before it in order, as every shorter spelling is, that no source has beside it.
fn shorter(
    name: &Canonical,
    states: &BTreeMap<Canonical, BTreeSet<Date>>,
    tellers: &BTreeMap<&Canonical, BTreeSet<usize>>,
    means: &BTreeMap<Canonical, Match>,
) -> Option<Match> {
    let own = tellers.get(name)?;
    spellings(&name.model).find_map(|(spelling, model)| {
        let rule = match spelling {
            Spelling::AsIs => return None,
            Spelling::DateOtherWay => Rule::DateOtherWay,
            Spelling::WithoutDate => Rule::DateLeftOut,
            Spelling::WithoutLatest => Rule::LatestLeftOut,
        };
        let canonical = name.with(model.into_owned());
        let is_one_of_several = states.get(&canonical).is_some_and(|days| days.len() > 1);
        if rule == Rule::DateLeftOut && is_one_of_several {
            return None;
        }
        let canonical = means
            .get(&canonical)
            .map_or(canonical, |known| known.canonical.clone());
        let others = tellers.get(&canonical)?;
        let is_one = canonical < *name && others.is_disjoint(own);
        is_one.then_some(Match { canonical, rule })
    })
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
