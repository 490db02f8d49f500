//! Puts all that one source offers under the models that it means, each once.

use super::{Canonical, Match, Rule, identify, one_spelling, own};
use crate::core::decide::check_name;
use crate::core::price::Rates;
use crate::idle::breathe;
use crate::pricing::catalogue::{Catalogue, day_of_state};
use crate::pricing::sheet::{DatedSheet, Sheet};
use crate::pricing::sources::{LeftOut, Listing, ShapeError};
use jiff::civil::Date;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most states of one model that a source may name: no model has had that many, and each is verified by itself, and may
/// have a change that waits.
const STATES_MOST: usize = 64;

/// What one source says of one model.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The model, and why it is meant.
    pub meant: Match,
    /// The catalogue's model that it is a state of.
    pub state_of: Option<Match>,
    /// The name that the source has for it, with its provider in front.
    pub name: String,
    /// What it costs now; none where the source knows only other times.
    pub rates: Option<Arc<Rates>>,
    /// What it cost at times that are over, with the day from which each held and the one from which it no longer did.
    pub past: Vec<(Option<Date>, Date, Arc<Rates>)>,
}

/// What is meant, and by which offer.
struct Meant<'a> {
    by: Match,
    /// Who sells it, as the source says.
    seller: &'a str,
    /// Its name, as the source says.
    own: &'a str,
    name: String,
    sheet: &'a Sheet,
    times: &'a [DatedSheet],
    ended: Option<Date>,
}

/// Puts what a source offers under the models that it means, by model; and names what is kept apart, with the reason.
///
/// Of several names for one model the surest counts. Names that are as sure as each other and contradict each other are
/// all left out: the source does not know what it costs.
///
/// # Errors
/// [`ShapeError`]: more can't be read or meant than there are models, so that the source has changed its shape.
pub fn place(
    catalogue: &Catalogue,
    listing: &Listing,
    day: Date,
) -> Result<(Vec<Placed>, LeftOut), ShapeError> {
    let mut apart = Vec::new();
    let mut found = BTreeMap::new();
    for offer in &listing.offers {
        breathe();
        let meant = |by, name| Meant {
            by,
            seller: &offer.provider,
            own: name,
            name: format!("{}/{name}", offer.provider),
            sheet: &offer.sheet,
            times: &offer.times,
            ended: offer.ended,
        };
        match identify(catalogue, &offer.provider, &offer.model) {
            Ok(by) => match unfit(&by.canonical) {
                None => add(&mut found, meant(by, &offer.model)),
                Some(why) => apart.push((format!("{}/{}", offer.provider, offer.model), why)),
            },
            Err(why) => apart.push((
                format!("{}/{}", offer.provider, offer.model),
                why.to_string(),
            )),
        }
        // Another name that the source spells out is its word for that model, too, if there is one.
        for alias in &offer.aliases {
            let by = identify(catalogue, &offer.provider, alias).ok();
            let by = by.filter(|by| by.rule.is_of_the_model() && unfit(&by.canonical).is_none());
            if let Some(by) = by {
                add(&mut found, meant(by, alias));
            }
        }
    }
    let mut taken = Taken {
        day,
        not_meant: listing.unread + apart.len(),
        first_unread: listing.first_unread.as_ref(),
        placed: Vec::with_capacity(found.len()),
        apart,
    };
    for (canonical, meant) in found {
        breathe();
        let (states, named) = meant
            .into_iter()
            .partition(|one| one.by.rule.is_of_a_state());
        taken.take_model(&canonical, named);
        taken.take_states(states);
    }
    taken.unless_mostly_apart()
}

/// What is taken of a source.
struct Taken<'a> {
    day: Date,
    placed: Vec<Placed>,
    apart: LeftOut,
    /// How many can't be read or meant.
    not_meant: usize,
    /// The first that can't be read.
    first_unread: Option<&'a (String, String)>,
}

impl Taken<'_> {
    fn unless_mostly_apart(self) -> Result<(Vec<Placed>, LeftOut), ShapeError> {
        let taken = self.placed.len();
        let first = self.first_unread.or(self.apart.first());
        let Some((name, why)) = first.filter(|_| self.not_meant > taken) else {
            return Ok((self.placed, self.apart));
        };
        Err(ShapeError::new(format!(
            "{taken} of its models can be taken, and {} can't; the first, {name}: {why}",
            self.not_meant
        )))
    }

    /// Takes a model by its names, of which it may have none.
    fn take_model(&mut self, canonical: &Canonical, named: Vec<Meant<'_>>) {
        if named.is_empty() {
            return;
        }
        match joined(named, self.day) {
            Ok((one, others)) => {
                self.placed.push(one);
                self.apart.extend(others.into_iter().map(|name| {
                    let why = format!(
                        "the source has a surer name for {canonical}, which says something else"
                    );
                    (name, why)
                }));
            }
            Err(names) => {
                let why = format!("the source contradicts itself on {canonical}, as {names}");
                self.not_meant += 1;
                self.apart.push((canonical.to_string(), why));
            }
        }
    }

    /// Takes states of a model, each by its own name: whether it costs what its model does is for all sources to say.
    fn take_states(&mut self, states: Vec<Meant<'_>>) {
        let mut by_name: BTreeMap<Canonical, Vec<Meant<'_>>> = BTreeMap::new();
        for state in states {
            let Canonical { provider, model } = own(state.seller, state.own);
            let model = one_spelling(model);
            let canonical = Canonical { provider, model };
            by_name.entry(canonical).or_default().push(state);
        }
        for (canonical, _) in oldest_beyond(&mut by_name) {
            let why = format!("the source names {STATES_MOST} newer states of this model");
            self.apart.push((canonical.to_string(), why));
        }
        for (canonical, mut meant) in by_name {
            let state_of = meant.first().map(|first| first.by.clone());
            let before = self.placed.len();
            for one in &mut meant {
                one.by = Match {
                    canonical: canonical.clone(),
                    rule: Rule::NotInCatalogue,
                };
            }
            self.take_model(&canonical, meant);
            if let [one] = &mut self.placed[before..] {
                one.state_of = state_of;
            }
        }
    }
}

/// Takes out the states that are beyond as many as are taken, the oldest.
fn oldest_beyond<T>(states: &mut BTreeMap<Canonical, T>) -> Vec<(Canonical, T)> {
    if states.len() <= STATES_MOST {
        return Vec::new();
    }
    let mut newest_first: Vec<_> = std::mem::take(states).into_iter().collect();
    newest_first.sort_by_key(|(state, _)| Reverse(day_of_state(&state.model)));
    let beyond = newest_first.split_off(STATES_MOST);
    *states = newest_first.into_iter().collect();
    beyond
}

/// Why the ledger takes no such name.
fn unfit(model: &Canonical) -> Option<String> {
    let provider = check_name("provider", &model.provider);
    let checked = provider.and_then(|()| check_name("model", &model.model));
    checked.err().map(|refusal| refusal.message)
}

fn add<'a>(found: &mut BTreeMap<Canonical, Vec<Meant<'a>>>, meant: Meant<'a>) {
    found
        .entry(meant.by.canonical.clone())
        .or_default()
        .push(meant);
}

/// One word of all that a source says of a model, by its surest name, and the less sure names that say something else;
/// or the names where it contradicts itself.
fn joined(mut meant: Vec<Meant<'_>>, day: Date) -> Result<(Placed, Vec<String>), String> {
    meant.sort_by(|a, b| (a.by.rule, &a.name).cmp(&(b.by.rule, &b.name)));
    let surest = meant.first().map(|first| first.by.rule);
    let (same, others): (Vec<_>, Vec<_>) = meant
        .into_iter()
        .partition(|one| Some(one.by.rule) == surest);
    let Some(first) = same.first() else {
        return Err(String::new());
    };
    let mut sheet = Sheet::clone(first.sheet);
    for other in &same[1..] {
        if sheet != *other.sheet && !sheet.agrees(other.sheet) {
            let names: Vec<&str> = same.iter().map(|one| &*one.name).collect();
            return Err(names.join(", "));
        }
        sheet = sheet.joined(other.sheet);
    }
    let differs = |one: &Meant<'_>| *one.sheet != sheet && !one.sheet.agrees(&sheet);
    let others = others.into_iter().filter(differs).map(|one| one.name);
    let others = others.collect();
    let placed = Placed {
        meant: first.by.clone(),
        state_of: None,
        name: first.name.clone(),
        rates: (!sheet.is_empty()).then(|| Arc::new(sheet.rates())),
        past: past(first, day),
    };
    Ok((placed, others))
}

/// The prices of times that are over.
fn past(meant: &Meant<'_>, day: Date) -> Vec<(Option<Date>, Date, Arc<Rates>)> {
    let ends = meant.times.iter().skip(1).map(|next| next.since);
    let ends = ends.chain(std::iter::once(meant.ended));
    let dated = meant.times.iter().zip(ends);
    let priced = dated.filter(|(dated, _)| !dated.sheet.is_empty());
    priced
        .filter_map(|(dated, end)| {
            let end = end.filter(|end| *end <= day)?;
            Some((dated.since, end, Arc::new(dated.sheet.rates())))
        })
        .collect()
}
