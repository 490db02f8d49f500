//! What an order weighs, beside what the journal has to write of it.

use super::*;
use crate::core::price::{ContextTier, ServiceTier};
use crate::core::price_change::{PastCorrection, PastWord};
use crate::core::weight::{self, COMMAND_MOST, EVENT_MOST};
use std::collections::BTreeMap;

/// As much as a price may say, in the longest numbers.
fn large(first: u32) -> Arc<Rates> {
    let rate = |place: usize| {
        let digits = format!("{first}.{:012}", 999_999_999_999 - place);
        digits.parse::<Decimal>().unwrap()
    };
    let units = || {
        let all = Unit::ALL.into_iter().enumerate();
        all.map(|(place, unit)| (unit, rate(place)))
            .collect::<BTreeMap<_, _>>()
    };
    let mut rates = Rates::default();
    rates.standard.rates = units();
    for above in 1..4 {
        let above = above * 200_000;
        rates.standard.context_tiers.push(ContextTier {
            above,
            rates: units(),
        });
    }
    for tier in [ServiceTier::Batch, ServiceTier::Flex, ServiceTier::Priority] {
        rates.service_tiers.insert(tier, rates.standard.clone());
    }
    assert!(rates.check().is_ok());
    Arc::new(rates)
}

fn change(name: &str, quotes: usize) -> PriceProposal {
    let quote = |place: u32| Quoted {
        source: format!("{place:060}"),
        rates: Some(large(place)),
        against: Some(PriceRule::CacheAboveInput),
        ..quoted(1)
    };
    let apart = |of: &Rates| {
        let places = crate::pricing::points::points(of).into_keys();
        places
            .map(|place| (place.to_string(), PriceStatus::SingleSource))
            .collect()
    };
    let (now, next) = (large(100), large(200));
    PriceProposal {
        provider: "p".repeat(200),
        model: format!("{name}{}", "m".repeat(190)),
        base: 0,
        effective_from: "2026-11-24T09:00:00.123456789Z".parse().unwrap(),
        apply: Some(Applying {
            apart: apart(&now),
            rates: now,
            status: PriceStatus::SingleSource,
            rule: PriceRule::CacheAboveInput,
        }),
        hold: Some(Holding {
            apart: apart(&next),
            rates: next,
            status: PriceStatus::SingleSource,
            rule: PriceRule::CacheAboveInput,
            reason: "\u{10348}".repeat(500),
        }),
        present: Some(large(300)),
        quotes: (0..u32::try_from(quotes).unwrap()).map(quote).collect(),
    }
}

/// The bytes of all events, and of the largest.
fn written(decided: &Decided) -> (usize, usize) {
    let sizes = decided.entries.iter().map(|entry| {
        let mut bytes = Vec::new();
        codec::encode(&entry.recorded, &mut bytes).unwrap();
        bytes.len()
    });
    sizes.fold((0, 0), |(all, largest), size| {
        (all + size, largest.max(size))
    })
}

#[test]
fn no_event_is_larger_than_what_its_order_weighs() {
    for quotes in [0, 1, 32] {
        let changes = vec![change("a", quotes), change("b", quotes)];
        let weight: usize = changes.iter().map(weight::of_proposal).sum();
        let refresh = ApplyPrices {
            changes,
            ..ApplyPrices::default()
        };
        let decided = Bench::new().give(Command::ApplyPrices(Box::new(refresh)));
        assert!(kinds(&decided).contains(&"price_held_back"));
        let (all, _) = written(&decided);
        assert!(
            all <= weight && weight <= 8 * all,
            "{quotes}: {all} of {weight}"
        );
    }
}

#[test]
fn no_past_is_larger_than_it_weighs() {
    let price = |day: i64| PastPrice {
        from: Timestamp::from_second(day * 86_400).unwrap(),
        until: Timestamp::from_second(day * 86_400 + 86_400).unwrap(),
        rates: large(u32::try_from(day).unwrap()),
    };
    for prices in [0, 1, 200] {
        let history = PriceHistory {
            provider: "p".repeat(200),
            model: "m".repeat(200),
            source: "s".repeat(60),
            fetched_at: Timestamp::UNIX_EPOCH,
            content: Digest(7),
            weight: Decimal::ONE,
            prices: (0..prices).map(price).collect(),
        };
        let weight = weight::of_history(&history);
        let refresh = ApplyPrices {
            history: vec![history],
            ..ApplyPrices::default()
        };
        let decided = Bench::new().give(Command::ApplyPrices(Box::new(refresh)));
        let (all, _) = written(&decided);
        assert!(
            all <= weight && weight <= 8 * all.max(600),
            "{prices}: {all} of {weight}"
        );
    }
    let correction = PastCorrection {
        provider: "p".repeat(200),
        model: "m".repeat(200),
        price: price(1),
        before: large(2),
        reason: "\u{10348}".repeat(500),
    };
    let weight = weight::of_correction(&correction);
    let refresh = ApplyPrices {
        past: vec![PastWord {
            source: "s".repeat(60),
            fetched_at: Timestamp::UNIX_EPOCH,
            content: Digest(8),
            weight: Decimal::ONE,
            corrections: vec![correction],
        }],
        ..ApplyPrices::default()
    };
    let decided = Bench::new().give(Command::ApplyPrices(Box::new(refresh)));
    assert!(kinds(&decided).contains(&"price_held_back"));
    let (all, _) = written(&decided);
    assert!(all <= weight && weight <= 8 * all, "{all} of {weight}");
}

#[test]
fn an_order_that_is_too_heavy_changes_nothing() {
    let one = weight::of_proposal(&change("a", 32));
    assert!(one < EVENT_MOST);
    let changes = (0..=COMMAND_MOST / one).map(|place| change(&format!("{place}"), 32));
    let refresh = ApplyPrices {
        changes: changes.collect(),
        ..ApplyPrices::default()
    };
    let mut bench = Bench::new();
    let decided = bench.give(Command::ApplyPrices(Box::new(refresh)));
    assert_eq!(decided.result.unwrap_err().code, Code::InvalidArgument);
    assert!(decided.entries.is_empty() && bench.state.sequence() == 0);
}
