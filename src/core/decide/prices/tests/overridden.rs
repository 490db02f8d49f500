//! Prices that an admin sets and takes away.

use super::*;

#[test]
fn an_override_is_taken_away_once() {
    let mut bench = Bench::new();
    let now = bench.now;
    let set = |rates: Option<Rates>, hours: i64| Command::OverridePrice {
        provider: "openai".into(),
        model: "gpt-x".into(),
        rates,
        effective_from: now + SignedDuration::from_hours(hours),
    };
    bench
        .give(set(Some(Rates::clone(&rates(3))), 0))
        .result
        .unwrap();
    bench.give(set(None, 5)).result.unwrap();
    let again = bench.give(set(None, 6)).result.unwrap_err();
    assert_eq!(again.code, Code::NotFound);
    bench.give(set(None, 1)).result.unwrap();
    assert!(bench.give(set(None, 2)).result.is_err());
    bench
        .give(set(Some(Rates::clone(&rates(4))), 3))
        .result
        .unwrap();
    bench.give(set(None, 4)).result.unwrap();
}

#[test]
fn who_is_told_of_a_change_is_told_that_an_override_is_charged() {
    let mut bench = Bench::new();
    let set = Command::OverridePrice {
        provider: "openai".into(),
        model: "gpt-x".into(),
        rates: Some(Rates::clone(&rates(7))),
        effective_from: bench.now,
    };
    bench.give(set).result.unwrap();
    let events = bench.refresh(vec![proposal(0, Some(3), None)]);
    let Some(Event::AlertRaised { message, .. }) = events.last() else {
        panic!("{events:?}")
    };
    let told = "prices changed: openai/gpt-x input 2 to 3 (an override is charged)";
    assert_eq!(message, told);
}
