//! Why something waits or was refused, in a sentence for the person who decides.

use super::bounds::{CUT_LEAST, DRIFTS, FRESH_FOR, RISE_MOST};
use super::nearness::near;
use super::voices::Speakers;
use crate::core::price_change::PriceRule;
use crate::pricing::points::{Place, Points};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What waits, by place: the rate, or none where it would go, with the rule.
pub(super) type Held = BTreeMap<Place, (Option<Decimal>, PriceRule)>;

/// How many rates a sentence names.
const PLACES_MOST: usize = 3;
/// How many sources it names of each.
const SOURCES_MOST: usize = 6;

/// Why a change waits, and what to do.
pub(super) fn of(
    present: &Points,
    speakers: &Speakers<'_>,
    rule: PriceRule,
    held: &Held,
    no_room: usize,
) -> String {
    let what: Vec<_> = held
        .iter()
        .take(PLACES_MOST)
        .map(|(place, (rate, _))| match rate {
            Some(rate) => change(present, speakers, *place, *rate),
            None => drop(present, *place),
        })
        .collect();
    let more = match held.len().saturating_sub(PLACES_MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let left_out = match no_room {
        0 => String::new(),
        many => format!(" Rates that a price has no room for, and that are left out: {many}."),
    };
    format!(
        "{}{more}: {}. {}{left_out}",
        what.join("; "),
        why(rule),
        what_to_do(present, rule)
    )
}

/// Why nothing that was said counts.
pub(super) fn rejected(speakers: &Speakers<'_>, rule: PriceRule) -> String {
    let names: Vec<_> = speakers
        .0
        .iter()
        .filter(|speaker| speaker.silenced() == Some(rule))
        .take(SOURCES_MOST)
        .map(|speaker| &*speaker.quote.source)
        .collect();
    format!("what {} says is left out: {}", names.join(", "), why(rule))
}

fn drop(present: &Points, place: Place) -> String {
    format!(
        "{place} from {}, which no source says any more, to what is charged without it",
        before(present, place)
    )
}

fn before(present: &Points, place: Place) -> String {
    let rate = present.get(&place);
    rate.map_or_else(|| "nothing".to_owned(), |rate| rate.normalize().to_string())
}

fn change(present: &Points, speakers: &Speakers<'_>, place: Place, rate: Decimal) -> String {
    let from = before(present, place);
    let says = |agrees: bool| {
        let names: Vec<_> = speakers
            .0
            .iter()
            .filter_map(|speaker| {
                let own = speaker.points.get(&place)?;
                (speaker.is_looked_at(place) && near(*own, rate) == agrees).then(|| {
                    let name = &speaker.quote.source;
                    if agrees {
                        name.to_string()
                    } else {
                        format!("{name} {}", own.normalize())
                    }
                })
            })
            .take(SOURCES_MOST)
            .collect();
        names.join(", ")
    };
    let (named, others) = (says(true), says(false));
    let others = if others.is_empty() {
        String::new()
    } else {
        format!("; {others}")
    };
    let named = if named.is_empty() {
        String::new()
    } else {
        format!(" ({named}{others})")
    };
    format!("{place} from {from} to {}{named}", rate.normalize())
}

fn why(rule: PriceRule) -> String {
    match rule {
        PriceRule::NoQuorum => "too few sources say so to change a price by themselves".to_owned(),
        PriceRule::Disagreement => "the sources contradict each other".to_owned(),
        PriceRule::StepTooLarge => format!(
            "the step is larger than sources make by themselves, at most {} times and down to {}",
            RISE_MOST.normalize(),
            CUT_LEAST.normalize()
        ),
        PriceRule::DriftTooLarge => {
            let bounds = DRIFTS.map(|bound| {
                let (most, least) = (bound.rise_most.normalize(), bound.cut_least.normalize());
                format!(
                    "more than {most} times or less than {least} within {} days",
                    bound.days
                )
            });
            format!(
                "with the changes before it comes to {}",
                bounds.join(", or ")
            )
        }
        PriceRule::UnitSlip => {
            "the rates are powers of ten apart, as if they were for another number of units"
                .to_owned()
        }
        PriceRule::Zero => "a rate of zero that no two full sources say".to_owned(),
        PriceRule::Negative => "a rate is below zero".to_owned(),
        PriceRule::OutOfRange => {
            "a rate is outside all that was ever sold, by itself or beside the other rates, as if it were for another number of units"
                .to_owned()
        }
        PriceRule::OutputBelowInput => "output would cost less than a tenth of input".to_owned(),
        PriceRule::Swapped => "input and output look swapped".to_owned(),
        PriceRule::CacheAboveInput => {
            "reading from a cache would cost more than plain input".to_owned()
        }
        PriceRule::Stale => format!("it is older than {} hours", FRESH_FOR.as_hours()),
        PriceRule::Quorum
        | PriceRule::FirstWord
        | PriceRule::Approved
        | PriceRule::ImportedHistory => "nothing speaks against it".to_owned(),
    }
}

fn what_to_do(present: &Points, rule: PriceRule) -> &'static str {
    match rule {
        PriceRule::UnitSlip | PriceRule::OutOfRange | PriceRule::Swapped => {
            "Reject it unless the provider's own price page says the same; override_price sets the right one."
        }
        _ if present.is_empty() => {
            "Approve it if the provider's own price page says the same, or reject it; until then the model has no price."
        }
        _ => {
            "Approve it if the provider's own price page says the same, or reject it; until then the old price holds."
        }
    }
}
