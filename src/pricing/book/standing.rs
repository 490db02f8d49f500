//! The price beneath what admins set, as a verification needs it.

use super::Found;
use super::layers::Layers;
use crate::core::price::{PriceStatus, Rates};
use crate::core::price_change::Apart;
use crate::pricing::catalogue::ModelCard;
use crate::pricing::points::{Place, points};
use crate::pricing::verify::Standing;
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a model's price stands at a time; of a state with a price of its own, that one. Until its first it was charged at
/// its model's, so that its steps begin there.
pub(super) fn of(found: &Found<'_>, at: Timestamp) -> Standing {
    let own = found.release.map(|release| release.layers);
    let own = own.or(found.layers);
    let bundled = found.card.map(|card| Arc::clone(card.base_rates_at(at)));
    let mut present = bundled.map(|rates| (rates, PriceStatus::Bundled));
    let (mut version, mut said, mut apart) = (0, Vec::new(), Apart::new());
    let mut declined = BTreeMap::new();
    if let Some(layers) = own {
        declined = layers.declined();
        version = layers.version();
        // One from a later time on, by a clock that was ahead, is charged only where nothing else is known.
        let later = || layers.first_applied().filter(|_| found.card.is_none());
        if let Some(applied) = layers.applied_at(at).or_else(later) {
            present = Some((Arc::clone(applied.rates()), applied.price.price.status));
            said = layers.said_by(at);
            if said.is_empty() {
                said = applied.said();
            }
            apart.clone_from(&applied.price.price.apart);
        }
    }
    let mut past = charged(found);
    past.retain(|(from, _)| *from <= at);
    past.sort_by_key(|(from, _)| *from);
    let gone = gone(&past, present.as_ref().map(|(rates, _)| &**rates));
    // What a person approved is where the steps that are taken together begin anew.
    let reviewed = reviewed_from(found);
    past.retain(|(from, _)| reviewed.is_none_or(|reviewed| *from >= reviewed));
    Standing {
        version,
        present,
        apart,
        past,
        gone,
        said,
        of_its_model: false,
        model_moves_to: None,
        waiting: false,
        declined,
    }
}

/// From when the last price holds that was charged and that a person approved.
fn reviewed_from(found: &Found<'_>) -> Option<Timestamp> {
    let Some(state) = found.release.map(|release| release.layers) else {
        return found.layers?.reviewed_before(Timestamp::MAX);
    };
    let own = state.reviewed_before(Timestamp::MAX);
    own.or_else(|| found.layers?.reviewed_before(first_own(state)))
}

/// Every price that was charged, with the time from which it held.
fn charged(found: &Found<'_>) -> Vec<(Timestamp, Arc<Rates>)> {
    let mut charged: Vec<(Timestamp, Arc<Rates>)> = found
        .card
        .into_iter()
        .flat_map(ModelCard::rates_over_time)
        .map(|(rates, from)| (from.unwrap_or(Timestamp::MIN), Arc::clone(rates)))
        .collect();
    charged.extend(found.layers.into_iter().flat_map(Layers::applied_over_time));
    if let Some(state) = found.release.map(|release| release.layers) {
        let first = first_own(state);
        charged.retain(|(from, _)| *from < first);
        charged.extend(state.applied_over_time());
    }
    charged
}

/// From when a state has a price of its own.
fn first_own(state: &Layers) -> Timestamp {
    let first = state.first_applied();
    first.map_or(Timestamp::MAX, |applied| applied.price.price.effective_from)
}

/// The rates of prices so far, earliest first, that the present one does not name, each as it was last.
fn gone(past: &[(Timestamp, Arc<Rates>)], present: Option<&Rates>) -> BTreeMap<Place, Decimal> {
    let mut gone = BTreeMap::new();
    for (_, rates) in past.iter().filter(|(_, rates)| Some(&**rates) != present) {
        gone.extend(points(rates));
    }
    if !gone.is_empty() {
        let present = present.map(points).unwrap_or_default();
        gone.retain(|place, _| !present.contains_key(place));
    }
    gone
}
