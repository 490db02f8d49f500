//! The price beneath what admins set, as a verification needs it.

use super::Found;
use super::layers::Layers;
use super::origin::Applied;
use crate::core::price::{PriceStatus, Rates};
use crate::core::price_change::Apart;
use crate::pricing::catalogue::ModelCard;
use crate::pricing::points::{Place, points};
use crate::pricing::verify::{Standing, differences};
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
    let mut declined = Vec::new();
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
    past.retain(|charged| charged.from <= at);
    past.sort_by_key(|charged| charged.from);
    let anew = anew(&past);
    let past: Vec<_> = past
        .into_iter()
        .map(|charged| (charged.from, charged.rates))
        .collect();
    let gone = gone(&past, present.as_ref().map(|(rates, _)| &**rates));
    Standing {
        version,
        present,
        apart,
        past,
        anew,
        gone,
        said,
        of_its_model: false,
        model_moves_to: None,
        waiting: false,
        declined,
    }
}

/// A price that was charged.
struct Charged {
    /// From when on.
    from: Timestamp,
    rates: Arc<Rates>,
    /// Whether a person approved it.
    is_approved: bool,
}

impl Charged {
    fn of(applied: &Applied) -> Self {
        Self {
            from: applied.price.price.effective_from,
            rates: Arc::clone(applied.rates()),
            is_approved: applied.price.review.is_some(),
        }
    }
}

/// Every price that was charged.
fn charged(found: &Found<'_>) -> Vec<Charged> {
    let bundled = found.card.into_iter().flat_map(ModelCard::rates_over_time);
    let bundled = bundled.map(|(rates, from)| Charged {
        from: from.unwrap_or(Timestamp::MIN),
        rates: Arc::clone(rates),
        is_approved: false,
    });
    let applied = found.layers.into_iter().flat_map(Layers::applied);
    let mut charged: Vec<_> = bundled.chain(applied.map(Charged::of)).collect();
    if let Some(state) = found.release.map(|release| release.layers) {
        let first = first_own(state);
        charged.retain(|charged| charged.from < first);
        charged.extend(state.applied().map(Charged::of));
    }
    charged
}

/// From when each rate is what a person approved last: there the steps that are taken together begin anew.
fn anew(past: &[Charged]) -> BTreeMap<Place, Timestamp> {
    let mut anew = BTreeMap::new();
    let mut before: Option<&Rates> = None;
    for charged in past {
        if charged.is_approved {
            let changed = differences(before, &charged.rates).into_iter();
            anew.extend(changed.map(|(place, ..)| (place, charged.from)));
        }
        before = Some(&charged.rates);
    }
    anew
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
