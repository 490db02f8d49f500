//! Corrections of the past by the source that had told it.

use super::*;
use crate::core::price_change::{PastCorrection, PastWord};

fn day(day: i64) -> Timestamp {
    Timestamp::from_second(day * 86_400).unwrap()
}

fn told(from: i64, until: i64, input: i64) -> PastPrice {
    PastPrice {
        from: day(from),
        until: day(until),
        rates: rates(input),
    }
}

fn word(corrections: &[PastPrice]) -> PastWord {
    let correction = |price: &PastPrice| PastCorrection {
        provider: "openai".into(),
        model: "gpt-x".into(),
        price: price.clone(),
        before: rates(3),
        reason: "it had said 3".into(),
    };
    PastWord {
        source: "history".into(),
        fetched_at: day(20_000),
        content: Digest(8),
        weight: Decimal::ONE,
        corrections: corrections.iter().map(correction).collect(),
    }
}

fn heard() -> Bench {
    let mut bench = Bench::new();
    let history = PriceHistory {
        provider: "openai".into(),
        model: "gpt-x".into(),
        source: "history".into(),
        fetched_at: day(20_000),
        content: Digest(7),
        weight: Decimal::ONE,
        prices: vec![told(0, 10, 3)],
    };
    bench.say(ApplyPrices {
        history: vec![history],
        ..ApplyPrices::default()
    });
    bench
}

impl Bench {
    fn say(&mut self, refresh: ApplyPrices) -> Vec<&'static str> {
        let decided = self.give(Command::ApplyPrices(Box::new(refresh)));
        kinds(&decided)
    }

    fn correct(&mut self, corrections: &[PastPrice]) -> Vec<&'static str> {
        self.say(ApplyPrices {
            past: vec![word(corrections)],
            ..ApplyPrices::default()
        })
    }

    fn known(&self) -> &[PastPrice] {
        &self.prices().history_of("history").unwrap().prices
    }
}

#[test]
fn an_approved_correction_takes_its_own_time_alone() {
    let mut bench = heard();
    let correction = told(4, 12, 2);
    let held = ["price_held_back", "alert_raised"];
    assert_eq!(bench.correct(std::slice::from_ref(&correction)), held);
    assert!(bench.correct(std::slice::from_ref(&correction)).is_empty());
    assert_eq!(bench.known(), [told(0, 10, 3)], "until somebody approves");
    // A change of the present price stands beside it, and neither takes the other's place.
    bench.refresh(vec![proposal(0, None, Some(9))]);
    assert_eq!(bench.state.waiting_prices().count(), 2);
    bench.refresh(vec![proposal(0, None, None)]);
    let row = rmp_serde::to_vec_named(bench.prices()).unwrap();
    let read: ModelPrices = rmp_serde::from_slice(&row).unwrap();
    assert_eq!(&read, bench.prices());
    let change = bench.waiting();
    bench.review(change, true).unwrap();
    assert_eq!(bench.known(), [told(0, 4, 3), correction.clone()]);
    assert_eq!(bench.prices().version(), 0, "no price of now is applied");
    assert!(bench.open_alerts().is_empty());
    assert!(bench.correct(&[correction]).is_empty(), "it is known");
}

#[test]
fn an_approved_correction_may_make_a_time_shorter() {
    let mut bench = heard();
    let shorter = told(2, 6, 3);
    bench.correct(std::slice::from_ref(&shorter));
    let change = bench.waiting();
    bench.review(change, true).unwrap();
    assert_eq!(bench.known(), std::slice::from_ref(&shorter));
    assert!(bench.correct(&[shorter]).is_empty(), "it is known");
}

#[test]
fn a_correction_is_withdrawn_or_turned_down() {
    let mut bench = heard();
    bench.correct(&[told(0, 10, 2)]);
    let other = [
        "price_change_dropped",
        "alert_resolved",
        "price_held_back",
        "alert_raised",
    ];
    assert_eq!(bench.correct(&[told(0, 10, 4)]), other);
    assert_eq!(bench.correct(&[]), other[..2]);
    bench.correct(&[told(0, 10, 4)]);
    let change = bench.waiting();
    bench.review(change, false).unwrap();
    assert!(bench.correct(&[told(0, 10, 4)]).is_empty());
    assert_eq!(bench.known(), [told(0, 10, 3)]);
    assert_eq!(bench.correct(&[told(0, 10, 5)]), other[2..], "another is");
}
