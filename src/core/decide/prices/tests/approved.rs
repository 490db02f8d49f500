//! From when an approved price holds, and what is left of the parts that were applied before.

use super::*;

/// The price that usage of a time is costed at.
fn in_force(bench: &Bench, at: Timestamp) -> Arc<Rates> {
    let applied = bench.prices().applied.iter();
    let begun = applied.filter(|applied| applied.price.effective_from <= at);
    let last = begun.max_by_key(|applied| applied.price.effective_from);
    Arc::clone(&last.unwrap().price.rates)
}

#[test]
fn an_approved_change_holds_over_the_part_that_the_same_refresh_applied() {
    let mut bench = Bench::new();
    bench.now += SignedDuration::from_mins(9);
    bench.refresh(vec![proposal(0, Some(3), Some(4))]);
    let applied_at = bench.now;
    assert_eq!(in_force(&bench, applied_at), rates(3));
    let change = bench.waiting();
    let waiting = bench.prices().waiting.clone().unwrap();
    assert_eq!(waiting.change.effective_from, applied_at);
    bench.review(change, true).unwrap();
    assert_eq!(in_force(&bench, applied_at), rates(4));
    assert_eq!(in_force(&bench, bench.now), rates(4));
    assert_eq!(in_force(&bench, Timestamp::MAX), rates(4));
}

#[test]
fn what_a_later_refresh_applied_is_a_part_of_what_is_approved() {
    let mut bench = Bench::new();
    bench.refresh(vec![proposal(0, None, Some(4))]);
    let first = bench.waiting();
    // The next refresh composes it anew, of the price with the other part.
    bench.refresh(vec![proposal(0, Some(3), Some(5))]);
    let change = bench.waiting();
    assert_ne!(change, first);
    assert!(bench.review(first, true).is_err());
    let waiting = bench.prices().waiting.clone().unwrap();
    assert_eq!(waiting.change.present, Some(rates(3)));
    bench.review(change, true).unwrap();
    assert_eq!(in_force(&bench, bench.now), rates(5));
}

#[test]
fn a_change_of_an_older_ledger_holds_from_the_price_that_it_changes() {
    let mut bench = Bench::new();
    bench.refresh(vec![proposal(0, Some(3), None)]);
    let applied_at = bench.now;
    // Proposed with the time before that of the price in force, as earlier ledgers kept it.
    bench.refresh(vec![proposal(1, None, Some(4))]);
    let change = bench.waiting();
    bench.review(change, true).unwrap();
    assert_eq!(in_force(&bench, applied_at), rates(4));
    assert_eq!(in_force(&bench, Timestamp::MAX), rates(4));
}
