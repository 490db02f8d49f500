//! What a person turned down, and what is something else.

use super::*;

fn all(text: &str) -> [Quote; 2] {
    ["a", "b"].map(|name| quote(name, "1", text))
}

/// A model that costs 1.2 after 1, of which 1.4 was turned down as too much of a drift.
fn drifted() -> Standing {
    let mut standing = verified("input 1.2 output 4");
    standing.past = vec![
        (
            now() - SignedDuration::from_hours(72),
            price("input 1 output 4"),
        ),
        (
            now() - SignedDuration::from_hours(48),
            price("input 1.2 output 4"),
        ),
    ];
    let held_back = judged(&standing, &all("input 1.4 output 4"));
    assert_eq!(held(&held_back), Some(PriceRule::DriftTooLarge));
    turn_down(&mut standing, &held_back.hold.unwrap());
    standing
}

#[test]
fn what_was_turned_down_does_not_come_into_force_by_itself() {
    let mut standing = drifted();
    for past in [1, 100] {
        // Once that is long ago, the step is within its bounds.
        for (from, _) in &mut standing.past {
            *from -= SignedDuration::from_hours(24 * past);
        }
        let again = judged(&standing, &all("input 1.4 output 4"));
        assert!(again.is_idle(), "{again:?}");
        assert_eq!(again.outcome, Outcome::Unchanged);
    }
    // It is no reason to leave out what else a quorum says.
    let beside = judged(&standing, &all("input 1.4 output 3.6"));
    assert_eq!(applied(&beside), Some(&*price("input 1.2 output 3.6")));
    // From another price it is another step.
    let mut moved = standing.clone();
    moved.present = Some((price("input 1.3 output 4"), PriceStatus::Verified));
    moved.past = vec![(
        now() - SignedDuration::from_hours(24),
        price("input 1.3 output 4"),
    )];
    let next = judged(&moved, &all("input 1.4 output 4"));
    assert_eq!(applied(&next), Some(&*price("input 1.4 output 4")));
}

#[test]
fn an_approval_of_one_rate_begins_the_steps_of_no_other_anew() {
    let mut standing = drifted();
    standing.declined.clear();
    let read = points::Place::standard(Unit::CacheRead);
    standing.anew.insert(read, now());
    let again = judged(&standing, &all("input 1.4 output 4"));
    assert_eq!(held(&again), Some(PriceRule::DriftTooLarge));
    let input = points::Place::standard(Unit::Input);
    standing
        .anew
        .insert(input, now() - SignedDuration::from_hours(48));
    let again = judged(&standing, &all("input 1.4 output 4"));
    assert_eq!(held(&again), None);
}

#[test]
fn a_first_price_that_was_turned_down_is_not_applied_on_one_word() {
    let mut none = Standing::default();
    let (dear, cheap) = (
        quote("a", "1", "input 30 output 90"),
        quote("b", "1", "input 3 output 9"),
    );
    let hold = judged(&none, &[dear.clone(), cheap]).hold.unwrap();
    turn_down(&mut none, &hold);
    assert!(judged(&none, std::slice::from_ref(&dear)).is_idle());
    // Another price with one of its rates waits, and one with none is the first.
    let half = judged(&none, &[quote("a", "1", "input 30 output 120")]);
    assert_eq!(
        (applied(&half), held(&half)),
        (None, Some(PriceRule::NoQuorum))
    );
    let other = judged(&none, &[quote("a", "1", "input 4 output 12")]);
    assert_eq!(applied(&other), Some(&*price("input 4 output 12")));
    // A quorum says more than one source.
    let quorum = judged(&none, &all("input 30 output 90"));
    assert_eq!(applied(&quorum), Some(&*price("input 30 output 90")));
}

#[test]
fn what_was_turned_down_as_a_whole_does_not_wait_again() {
    let mut none = Standing::default();
    let swapped = [quote("a", "1", "input 9 output 3")];
    let hold = judged(&none, &swapped).hold.unwrap();
    assert_eq!(hold.rule, PriceRule::Swapped);
    turn_down(&mut none, &hold);
    assert!(judged(&none, &swapped).is_idle());
    let mended = judged(&none, &[quote("a", "1", "input 3 output 9")]);
    assert_eq!(applied(&mended), Some(&*price("input 3 output 9")));

    // Of a known model: the cache costs more than the input that is in force.
    let mut standing = verified("input 1 output 7");
    let says = |input: &str| format!("input {input} cache_read 1.25 output 10");
    let split = [quote("a", "1", &says("2")), quote("b", "1", &says("3"))];
    let hold = judged(&standing, &split).hold.unwrap();
    assert_eq!(hold.rule, PriceRule::CacheAboveInput);
    turn_down(&mut standing, &hold);
    assert!(judged(&standing, &split).is_idle());
    let present = [quote("a", "1", &says("1")), quote("b", "1", &says("3"))];
    assert!(judged(&standing, &present).is_idle());
}

#[test]
fn everything_that_was_turned_down_is_remembered() {
    let mut standing = verified("input 2 output 8");
    let say = |text: &str| [quote("a", "1", text)];
    for text in ["input 3 output 8", "input 4 output 8"] {
        let hold = judged(&standing, &say(text)).hold.unwrap();
        turn_down(&mut standing, &hold);
    }
    for text in ["input 3 output 8", "input 4 output 8"] {
        assert!(judged(&standing, &say(text)).is_idle(), "{text}");
    }
    let beside = judged(&standing, &say("input 3 output 9"));
    assert_eq!(beside.hold.unwrap().rates, price("input 2 output 9"));
}

#[test]
fn what_speaks_against_a_change_is_no_more_for_it() {
    let mut standing = verified("input 2 output 8");
    let alone = quote("a", "1", "input 3 output 8");
    let hold = judged(&standing, std::slice::from_ref(&alone))
        .hold
        .unwrap();
    assert_eq!(hold.rule, PriceRule::NoQuorum);
    turn_down(&mut standing, &hold);
    let against = [alone, quote("c", "0.8", "input 2 output 8")];
    assert!(judged(&standing, &against).is_idle());
    // A quorum is.
    let quorum = judged(&standing, &all("input 3 output 8"));
    assert!(!quorum.is_idle());

    let mut standing = verified("input 1 output 4");
    let hold = judged(&standing, &all("input 6 output 24")).hold.unwrap();
    assert_eq!(hold.rule, PriceRule::StepTooLarge);
    turn_down(&mut standing, &hold);
    standing.present = Some((price("input 1.2 output 4"), PriceStatus::Verified));
    standing.past.push((
        now() - SignedDuration::from_hours(24),
        price("input 1.2 output 4"),
    ));
    assert!(judged(&standing, &all("input 6 output 24")).is_idle());
}

/// A first rate that is out of proportion is a quorum's word, or waits for one.
#[test]
fn what_is_out_of_proportion_stays_away_as_far_as_it_was_said() {
    let mut standing = verified("input 2.5 output 10");
    let first = all("input 2.5 output 10 cache_write 26");
    let hold = judged(&standing, &first).hold.unwrap();
    assert_eq!(hold.rule, PriceRule::OutOfRange);
    turn_down(&mut standing, &hold);
    assert!(judged(&standing, &first).is_idle());
    let beside = judged(&standing, &all("input 2.7 output 10 cache_write 26"));
    assert_eq!(applied(&beside), Some(&*price("input 2.7 output 10")));

    let mut standing = verified("input 2.5 output 10");
    let alone = [quote("a", "1", "input 2.5 output 10 cache_write 400")];
    let hold = judged(&standing, &alone).hold.unwrap();
    turn_down(&mut standing, &hold);
    let quorum = judged(&standing, &all("input 2.5 output 10 cache_write 400"));
    assert_eq!(held(&quorum), Some(PriceRule::OutOfRange));

    // What one alone adds takes nothing from what all say.
    let mut standing = verified("input 2.5 output 10");
    let mut step = all("input 60 output 240");
    step[0] = quote("a", "1", "input 60 output 240 cache_write 400");
    let hold = judged(&standing, &step).hold.unwrap();
    turn_down(&mut standing, &hold);
    assert!(judged(&standing, &step).is_idle());
}
