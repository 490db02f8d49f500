//! What a price has no room for is left out, and nothing else is.

use super::*;

/// A price with long-prompt tiers above so many tokens, at half as much again.
fn with_tiers(text: &str, above: impl IntoIterator<Item = u64>) -> Arc<Rates> {
    let mut points = points::points(&price(text));
    let input = points[&Place::standard(Unit::Input)];
    for above in above {
        let place = Place {
            above,
            ..Place::standard(Unit::Input)
        };
        points.insert(place, input * Decimal::new(15, 1));
    }
    Arc::new(points::rates(&points))
}

fn said(source: &str, rates: Arc<Rates>) -> Quote {
    Quote {
        rates,
        ..quote(source, "1", "input 1")
    }
}

fn tiers(rates: &Rates) -> usize {
    rates.standard.context_tiers.len()
}

#[test]
fn tiers_that_one_source_adds_beyond_what_a_price_may_have_stop_no_quorum() {
    let mut standing = verified(OLD);
    let present = with_tiers(OLD, [500_000]);
    standing.present = Some((present, PriceStatus::Verified));
    let cut = "input 1.6 output 6.4";
    for more in [15, 16] {
        let quotes = [
            said("a", with_tiers(cut, (1..=more).map(|n| n * 1_000))),
            quote("b", "1", cut),
            quote("c", "1", cut),
        ];
        let judgement = judged(&standing, &quotes);
        let rates = applied(&judgement).unwrap();
        assert_eq!(rates, &*with_tiers(cut, []).laid_over(&standing));
        let hold = judgement.hold.unwrap();
        assert_eq!((hold.rates.check(), tiers(&hold.rates)), (Ok(()), 16));
        assert_eq!(judgement.no_room.len() as u64, more - 15);
        assert_eq!(
            hold.reason.contains("no room for"),
            more > 15,
            "{}",
            hold.reason
        );
    }
}

trait LaidOver {
    fn laid_over(&self, standing: &Standing) -> Arc<Rates>;
}

impl LaidOver for Rates {
    /// What is in force, with these rates in the place of its own.
    fn laid_over(&self, standing: &Standing) -> Arc<Rates> {
        let (present, _) = standing.present.as_ref().unwrap();
        let mut points = points::points(present);
        points.extend(points::points(self));
        Arc::new(points::rates(&points))
    }
}

#[test]
fn a_quorum_adds_as_many_tiers_as_there_is_room_for() {
    let mut standing = verified(OLD);
    let present = with_tiers(OLD, [500_000, 600_000]);
    standing.present = Some((present, PriceStatus::Verified));
    let more = || with_tiers("input 2 output 10", (1..=16).map(|n| n * 1_000));
    let judgement = judged(&standing, &[said("a", more()), said("b", more())]);
    let rates = applied(&judgement).unwrap();
    assert_eq!((rates.check(), tiers(rates)), (Ok(()), 16));
    assert_eq!(rates.standard.rates[&Unit::Input], 2.into());
    let last = rates.standard.context_tiers.last().unwrap();
    assert_eq!(last.above, 600_000, "what is in force stays");
    assert_eq!((judgement.hold, judgement.no_room.len()), (None, 2));
}

#[test]
fn what_there_is_no_room_for_at_all_does_not_wait() {
    let mut standing = verified(OLD);
    let full = with_tiers(OLD, (1..=16).map(|n| n * 1_000));
    standing.present = Some((full, PriceStatus::Verified));
    let judgement = judged(&standing, &[said("a", with_tiers(OLD, [500_000]))]);
    assert_eq!(judgement.outcome, Outcome::Unchanged);
    assert_eq!((judgement.hold, judgement.no_room.len()), (None, 1));
}

#[test]
fn a_new_models_price_is_taken_as_far_as_there_is_room() {
    let (low, high) = (1..=10, 11..=20);
    let of = |numbers: std::ops::RangeInclusive<u64>| with_tiers(OLD, numbers.map(|n| n * 1_000));
    let judgement = judged(
        &Standing::default(),
        &[said("a", of(low)), said("b", of(high))],
    );
    let rates = applied(&judgement).unwrap();
    assert_eq!((rates.check(), tiers(rates)), (Ok(()), 16));
    assert_eq!(judgement.no_room.len(), 4);
}
