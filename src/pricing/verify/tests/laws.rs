//! What holds of every judgement.

use super::*;
use crate::pricing::cost::rate_of;
use proptest::prelude::*;
use rust_decimal::prelude::FromPrimitive;

fn rate() -> impl Strategy<Value = Decimal> {
    let known = prop::sample::select(vec![0.0, 0.5, 2.0, 2.01, 2.5, 3.0, 10.0, 12.0, 40.0]);
    let scale = prop::sample::select(vec![1.0, 1.0, 1.0, 1.0, 0.001, 1000.0, 0.000_001, -1.0]);
    (known, scale).prop_map(|(rate, scale)| Decimal::from_f64(rate * scale).unwrap())
}

fn any_price() -> impl Strategy<Value = Arc<Rates>> {
    let units = prop::sample::select(vec![
        Unit::Input,
        Unit::Output,
        Unit::CacheRead,
        Unit::Image,
    ]);
    let standard = prop::collection::btree_map(units.clone(), rate(), 1..4);
    let batch = prop::collection::btree_map(units, rate(), 0..3);
    (standard, batch).prop_map(|(standard, batch)| {
        let mut rates = Rates::default();
        rates.standard.rates = standard;
        if !batch.is_empty() {
            let tier = rates.service_tiers.entry(ServiceTier::Batch).or_default();
            tier.rates = batch;
        }
        Arc::new(rates)
    })
}

fn any_quotes() -> impl Strategy<Value = Vec<Quote>> {
    let name = prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    let weight = prop::sample::select(vec!["0", "0.3", "0.8", "1"]);
    let one =
        (name, weight, any_price(), 0_i64..250).prop_map(|(name, weight, rates, hours)| Quote {
            fetched_at: now() - SignedDuration::from_hours(hours),
            rates,
            ..quote(name, weight, "input 1")
        });
    prop::collection::vec(one, 0..7)
}

fn sound() -> impl Strategy<Value = Standing> {
    let text = prop::sample::select(vec![
        OLD,
        "input 2 output 10 cache_read 0.5",
        "input 2 output 10 batch.input 1 batch.output 5",
        "image 40",
        "",
    ]);
    text.prop_map(|text| match text {
        "" => Standing::default(),
        text => verified(text),
    })
}

proptest! {
    #[test]
    fn the_order_of_the_quotes_decides_nothing(
        standing in sound(),
        (quotes, shuffled) in any_quotes().prop_flat_map(|quotes| {
            (Just(quotes.clone()), Just(quotes).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(judged(&standing, &quotes), judged(&standing, &shuffled));
    }

    #[test]
    fn what_is_applied_is_within_every_bound(standing in sound(), quotes in any_quotes()) {
        let judgement = judged(&standing, &quotes);
        let Some(apply) = &judgement.apply else { return Ok(()) };
        prop_assert_eq!(apply.rates.check(), Ok(()));
        let new = points::points(&apply.rates);
        prop_assert_eq!(sanity::whole(&new), None);
        for place in new.keys() {
            prop_assert_eq!(sanity::single(&new, *place), None);
        }
        let Some((old, _)) = &standing.present else { return Ok(()) };
        for (place, old) in points::points(old) {
            let Some(new) = new.get(&place) else { continue };
            let times = new / old;
            prop_assert!(times >= bounds::CUT_LEAST && times <= bounds::RISE_MOST, "{place}: {old} to {new}");
        }
    }

    #[test]
    fn nothing_is_charged_out_of_bounds_without_a_rate_that_is_dropped(quotes in any_quotes()) {
        let known = "input 2 output 10 audio_input 30 request 5000 batch.input 1";
        let mut standing = verified(known);
        standing.said = ["a", "b", "c", "d", "e"]
            .map(|name| (name.to_owned(), price(known)))
            .to_vec();
        let judgement = judged(&standing, &quotes);
        let Some(apply) = &judgement.apply else { return Ok(()) };
        for tier in [ServiceTier::Standard, ServiceTier::Batch] {
            for (unit, before) in [(Unit::AudioInput, 30), (Unit::Request, 5000)] {
                let after = rate_of(&apply.rates, unit, 0, tier).map(|(_, rate)| rate);
                let times = after.unwrap_or_default() / Decimal::from(before);
                prop_assert!(
                    times >= bounds::CUT_LEAST && times <= bounds::RISE_MOST,
                    "{unit:?}: {before} to {after:?}"
                );
            }
        }
    }

    #[test]
    fn a_lone_source_never_changes_a_price(
        standing in sound(),
        weight in 0_u32..9,
        rates in any_price(),
    ) {
        let quote = Quote { weight: weight.into(), rates, ..quote("a", "1", "input 1") };
        let judgement = judged(&standing, &[quote]);
        prop_assert!(standing.present.is_none() || judgement.apply.is_none());
    }

    #[test]
    fn light_sources_never_change_a_price(standing in sound(), quotes in any_quotes()) {
        let light: Vec<_> = quotes
            .into_iter()
            .map(|quote| Quote { weight: quote.weight.min(Decimal::new(49, 2)), ..quote })
            .collect();
        let judgement = judged(&standing, &light);
        prop_assert_eq!(judgement.apply, None);
    }

    #[test]
    fn what_is_applied_is_stable(standing in sound(), quotes in any_quotes()) {
        let first = judged(&standing, &quotes);
        let Some(apply) = first.apply else { return Ok(()) };
        let mut next = standing;
        next.past.push((now(), Arc::clone(&apply.rates)));
        next.present = Some((Arc::clone(&apply.rates), apply.status));
        next.version = 9;
        let second = judged(&next, &quotes);
        // A word that could not be meant by itself confirms the price once that is in force.
        if let Some(confirmed) = second.apply {
            prop_assert_eq!(confirmed.rates, apply.rates);
            prop_assert_eq!(confirmed.status, PriceStatus::Verified);
            prop_assert_ne!(apply.status, PriceStatus::Verified);
        }
    }

    #[test]
    fn what_is_held_back_can_be_approved(standing in sound(), quotes in any_quotes()) {
        let judgement = judged(&standing, &quotes);
        let Some(hold) = judgement.hold else { return Ok(()) };
        prop_assert_eq!(hold.rates.check(), Ok(()));
        prop_assert!(hold.reason.len() < 2_000);
    }
}
