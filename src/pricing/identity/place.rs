//! Puts all that one source offers under the models that it means, each once.

use super::{Canonical, Match, Rule, identify, own, unframed, unknown};
use crate::core::price::Rates;
use crate::pricing::catalogue::Catalogue;
use crate::pricing::sheet::{DatedSheet, Sheet};
use crate::pricing::sources::Listing;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one source says of one model.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The model, and why it is meant.
    pub meant: Match,
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
    name: String,
    sheet: &'a Sheet,
    times: &'a [DatedSheet],
    ended: Option<Date>,
}

/// Puts what a source offers under the models that it means, by model; and names what is kept apart, with the reason.
///
/// Of several names for one model the surest counts. One that only left out a date or `latest`, or added it, is then a
/// model of its own. Names that are as sure as each other and contradict each other are all left out: the source does not know
/// what it costs.
pub fn place(
    catalogue: &Catalogue,
    listing: &Listing,
    day: Date,
) -> (Vec<Placed>, Vec<(String, String)>) {
    let mut apart = Vec::new();
    let mut found = BTreeMap::new();
    for offer in &listing.offers {
        let meant = |by, name: &str| Meant {
            by,
            name: format!("{}/{name}", offer.provider),
            sheet: &offer.sheet,
            times: &offer.times,
            ended: offer.ended,
        };
        match identify(catalogue, &offer.provider, &offer.model) {
            Ok(by) => add(&mut found, meant(by, &offer.model)),
            Err(why) => apart.push((
                format!("{}/{}", offer.provider, offer.model),
                why.to_string(),
            )),
        }
        // Another name that the source spells out is its word for that model, too, if there is one.
        for alias in &offer.aliases {
            let by = identify(catalogue, &offer.provider, alias).ok();
            let sure = |by: &Match| !by.rule.yields() && by.rule != Rule::NotInCatalogue;
            if let Some(by) = by.filter(sure) {
                add(&mut found, meant(by, alias));
            }
        }
    }
    // Names that yield to a surer one, or to each other, are models of their own.
    let mut own_names = Vec::new();
    for meant in found.values_mut() {
        yield_to_surer(meant, &mut own_names);
    }
    for mut meant in own_names {
        meant.by = as_own(&meant.name);
        add(&mut found, meant);
    }
    let mut placed = Vec::with_capacity(found.len());
    for (canonical, meant) in found {
        match joined(meant, day) {
            Ok(one) => placed.extend(one),
            Err(names) => {
                let why = format!("the source contradicts itself on {canonical}, as {names}");
                apart.push((canonical.to_string(), why));
            }
        }
    }
    (placed, apart)
}

fn add<'a>(found: &mut BTreeMap<Canonical, Vec<Meant<'a>>>, meant: Meant<'a>) {
    found
        .entry(meant.by.canonical.clone())
        .or_default()
        .push(meant);
}

fn yield_to_surer<'a>(meant: &mut Vec<Meant<'a>>, own_names: &mut Vec<Meant<'a>>) {
    let surest = meant.iter().map(|meant| meant.by.rule).min();
    let yielding = meant.iter().filter(|meant| meant.by.rule.yields()).count();
    let alone = meant.len() == yielding && yielding == 1;
    if yielding == 0 || alone {
        return;
    }
    // Of several that all yield only one of the surest rule stands, if there is but one.
    let surest_count = meant
        .iter()
        .filter(|meant| Some(meant.by.rule) == surest)
        .count();
    let stands = |meant: &Meant<'_>| {
        !meant.by.rule.yields() || (Some(meant.by.rule) == surest && surest_count == 1)
    };
    for one in std::mem::take(meant) {
        if stands(&one) {
            meant.push(one);
        } else {
            own_names.push(one);
        }
    }
}

fn as_own(name: &str) -> Match {
    let (seller, model) = name.split_once('/').unwrap_or(("", name));
    unknown(&own(seller), unframed(model))
}

/// One word of all that a source says of a model; the names where it contradicts itself.
fn joined(mut meant: Vec<Meant<'_>>, day: Date) -> Result<Option<Placed>, String> {
    meant.sort_by(|a, b| (a.by.rule, &a.name).cmp(&(b.by.rule, &b.name)));
    let Some(first) = meant.first() else {
        return Ok(None);
    };
    let surest = first.by.rule;
    // A name that is surer than the others, `SameName` beside `OtherCase` say, is the one that is meant.
    let same: Vec<&Meant<'_>> = meant.iter().filter(|one| one.by.rule == surest).collect();
    let mut sheet = Sheet::clone(first.sheet);
    for other in &same[1..] {
        if sheet != *other.sheet && !sheet.agrees(other.sheet) {
            let names: Vec<&str> = same.iter().map(|one| &*one.name).collect();
            return Err(names.join(", "));
        }
        sheet = sheet.joined(other.sheet);
    }
    Ok(Some(Placed {
        meant: first.by.clone(),
        name: first.name.clone(),
        rates: (!sheet.is_empty()).then(|| Arc::new(sheet.rates())),
        past: past(first, day),
    }))
}

/// The prices of times that are over.
fn past(meant: &Meant<'_>, day: Date) -> Vec<(Option<Date>, Date, Arc<Rates>)> {
    let ends = meant.times.iter().skip(1).map(|next| next.since);
    let ends = ends.chain(std::iter::once(meant.ended));
    let dated = meant.times.iter().zip(ends);
    dated
        .filter_map(|(dated, end)| {
            let end = end.filter(|end| *end <= day)?;
            Some((dated.since, end, Arc::new(dated.sheet.rates())))
        })
        .collect()
}
