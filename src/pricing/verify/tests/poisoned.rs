//! What must not change a price by itself.

use super::*;

/// One bad source beside two honest ones, or alone: the price in force stays.
#[test]
fn one_bad_source_changes_nothing() {
    for (bad, rule) in [
        (
            "input 0.0000025 output 0.00001",
            Some(PriceRule::OutOfRange),
        ),
        ("input 2500 output 10000", Some(PriceRule::OutOfRange)),
        ("input 0.0025 output 0.01", Some(PriceRule::UnitSlip)),
        ("input 250 output 1000", Some(PriceRule::UnitSlip)),
        ("input 0 output 0", Some(PriceRule::Zero)),
        ("input 2.5 output 0", Some(PriceRule::Zero)),
        ("input 10 output 2.5", Some(PriceRule::Swapped)),
        ("input 2.5 output 0.2", Some(PriceRule::OutputBelowInput)),
        ("input -2.5 output 10", Some(PriceRule::Negative)),
        ("input -0 output 10", None),
        ("input 2.75 output 11", None),
        ("input 1 output 5", None),
        ("input 20 output 80", None),
    ] {
        let beside = [
            quote("a", "1", OLD),
            quote("bad", "1", bad),
            quote("b", "1", OLD),
        ];
        let judgement = judged(&verified(OLD), &beside);
        assert_eq!(judgement.outcome, Outcome::Unchanged, "{bad}");
        let expected = match rule {
            Some(rule) => (Vote::Rejected, Some(rule)),
            None if bad.contains("-0") => vote(&judgement, "bad"),
            None => (Vote::Outvoted, None),
        };
        assert_eq!(vote(&judgement, "bad"), expected, "{bad}");
        let alone = judged(&verified(OLD), &[quote("bad", "1", bad)]);
        assert_eq!(alone.apply, None, "{bad}");
        match rule {
            None => {}
            Some(PriceRule::Zero) => assert_ne!(alone.outcome, Outcome::Verified),
            Some(rule) => {
                assert_eq!(alone.outcome, Outcome::Rejected, "{bad}");
                assert_eq!(alone.rejected.unwrap().0, rule, "{bad}");
            }
        }
    }
}

#[test]
fn a_lone_change_waits_with_a_reason_that_names_it() {
    let judgement = judged(&bundled(OLD), &[quote("litellm", "1", "input 3 output 10")]);
    assert_eq!(judgement.outcome, Outcome::HeldBack);
    let hold = judgement.hold.unwrap();
    assert_eq!(hold.rule, PriceRule::NoQuorum);
    assert_eq!(
        hold.reason,
        "input from 2.5 to 3 (litellm): too few sources say so to change a price by themselves. Approve it if the \
         provider's own price page says the same, or reject it; until then the old price holds."
    );
}

#[test]
fn a_crowd_of_light_sources_does_not_win() {
    let low = "input 1 output 4";
    let mut crowd: Vec<_> = (0..9)
        .map(|number| quote(&format!("page {number}"), "0.4", low))
        .collect();
    let alone = judged(&verified(OLD), &crowd);
    assert_eq!(
        (alone.apply.is_none(), held(&alone)),
        (true, Some(PriceRule::NoQuorum))
    );
    crowd.push(quote("a", "1", OLD));
    let beside = judged(&verified(OLD), &crowd);
    assert_eq!(beside.outcome, Outcome::Unchanged);
    let none = judged(&Standing::default(), &crowd[..9]);
    assert_eq!(none.apply, None);
}

/// A page copies a list, and one that is often outvoted confirms nothing.
#[test]
fn a_light_source_does_not_confirm_that_a_model_is_free() {
    for (free, known) in [
        ("input 0 output 0", None),
        ("input 1 output 0", Some("input 1")),
    ] {
        for weights in [["1", "0.4"], ["1", "0.25"], ["0.4", "0.4"]] {
            let quotes = [quote("a", weights[0], free), quote("b", weights[1], free)];
            let new = judged(&Standing::default(), &quotes);
            let known = known.filter(|_| weights[0] == "1").map(price);
            assert_eq!(applied(&new), known.as_deref(), "{free} {weights:?}");
            assert_eq!(vote(&new, "b").1, Some(PriceRule::Zero));
            let judgement = judged(&verified(OLD), &quotes);
            assert_eq!(applied(&judgement), None, "{free} {weights:?}");
        }
        let both = ["a", "b"].map(|name| quote(name, "0.5", free));
        let new = judged(&Standing::default(), &both);
        assert_eq!(applied(&new), Some(&*price(free)), "two full ones do");
    }
}

#[test]
fn a_quorum_does_not_move_a_price_by_a_power_of_ten_or_too_far() {
    for (new, rule) in [
        ("input 0.0025 output 0.01", PriceRule::UnitSlip),
        ("input 0.1 output 0.4", PriceRule::StepTooLarge),
        ("input 20 output 80", PriceRule::StepTooLarge),
        ("input 0 output 0", PriceRule::StepTooLarge),
    ] {
        let judgement = judged(
            &verified(OLD),
            &[quote("a", "1", new), quote("b", "1", new)],
        );
        assert_eq!(judgement.apply, None, "{new}");
        assert_eq!(held(&judgement), Some(rule), "{new}");
    }
    let free = judged(
        &verified("input 0 output 0"),
        &[quote("a", "1", OLD), quote("b", "1", OLD)],
    );
    assert_eq!(held(&free), Some(PriceRule::StepTooLarge));
}

/// A rate that the sources dropped is held against what it was, whatever they say together.
#[test]
fn a_rate_that_comes_back_has_the_bounds_of_a_step() {
    let mut standing = verified(OLD);
    let write = Place::standard(Unit::CacheWrite);
    standing.gone.insert(write, "2.5".parse().unwrap());
    let day = |days: i64| now() - SignedDuration::from_hours(24 * days);
    standing.past = vec![
        (day(20), price("input 2.5 output 10 cache_write 2")),
        (day(10), price("input 2.5 output 10 cache_write 2.5")),
        (day(5), price(OLD)),
    ];
    for (rate, rule) in [
        ("900", Some(PriceRule::UnitSlip)),
        ("0.01", Some(PriceRule::UnitSlip)),
        ("20", Some(PriceRule::StepTooLarge)),
        ("0", Some(PriceRule::StepTooLarge)),
        ("2.9", Some(PriceRule::DriftTooLarge)),
        ("2.5", None),
        ("1.5", None),
    ] {
        let new = format!("input 2.5 output 10 cache_write {rate}");
        let judgement = judged(&standing, &["a", "b"].map(|name| quote(name, "1", &new)));
        assert_eq!(held(&judgement), rule, "{rate}");
        assert_eq!(applied(&judgement).is_some(), rule.is_none(), "{rate}");
    }
}

#[test]
fn the_first_rate_of_a_unit_is_in_proportion_to_the_others() {
    let dear = "input 2.5 output 10 cache_write 900";
    let both = ["a", "b"].map(|name| quote(name, "1", dear));
    let known = judged(&verified(OLD), &both);
    assert_eq!(
        (known.apply.as_ref(), held(&known)),
        (None, Some(PriceRule::OutOfRange))
    );
    let reason = &known.hold.as_ref().unwrap().reason;
    assert!(
        reason.contains("cache_write from nothing to 900 (a, b)"),
        "{reason}"
    );
    // Of a new model the rest of its price is taken, from one source, too.
    for quotes in [&both[..], &both[..1]] {
        let new = judged(&Standing::default(), quotes);
        assert_eq!(applied(&new), Some(&*price(OLD)));
        assert_eq!(held(&new), Some(PriceRule::OutOfRange));
        assert_eq!(&new.hold.unwrap().rates, &price(dear));
    }
    // It is held against what the input costs from now on.
    let cut = "input 0.25 output 1 cache_write 3";
    let cut = judged(
        &verified(OLD),
        &["a", "b"].map(|name| quote(name, "1", cut)),
    );
    assert_eq!(applied(&cut), Some(&*price("input 0.25 output 1")));
    assert_eq!(held(&cut), Some(PriceRule::OutOfRange));
}

#[test]
fn what_sources_disagree_about_waits_from_the_first_price_on() {
    let quotes = ["1", "2"].map(|rate| {
        let said = format!("input 2.5 output 10 cache_read 0.25 audio_input {rate}");
        quote(rate, "1", &said)
    });
    let new = judged(&Standing::default(), &quotes);
    let known = "input 2.5 output 10 cache_read 0.25";
    assert_eq!(applied(&new), Some(&*price(known)));
    assert_eq!(held(&new), Some(PriceRule::Disagreement));
    let mut standing = verified(known);
    standing.waiting = true;
    let next = judged(&standing, &quotes);
    assert_eq!(held(&next), Some(PriceRule::Disagreement));
}

/// Each step is small and confirmed; what they come to is not.
#[test]
fn a_slow_drip_of_small_rises_is_held_back() {
    let mut standing = verified(OLD);
    let mut at = now() - SignedDuration::from_hours(20 * 24);
    let mut rate: Decimal = "2.5".parse().unwrap();
    let mut rises = 0;
    loop {
        rate = (rate * Decimal::new(104, 2)).round_dp(6);
        at += SignedDuration::from_hours(24);
        let new = format!("input {rate} output 10");
        let quotes = [quote("a", "1", &new), quote("b", "1", &new)];
        let fresh = quotes.map(|quote| Quote {
            fetched_at: at,
            ..quote
        });
        let judgement = verify(
            &Subject {
                now: at,
                ..subject(&standing)
            },
            &fresh,
        );
        let Some(apply) = judgement.apply else {
            assert_eq!(judgement.hold.unwrap().rule, PriceRule::DriftTooLarge);
            break;
        };
        standing.past.push((at, Arc::clone(&apply.rates)));
        standing.present = Some((apply.rates, apply.status));
        rises += 1;
    }
    assert_eq!(rises, 5, "1.04^5 is below 1.25, 1.04^6 is not");
    let later = at + SignedDuration::from_hours(40 * 24);
    let new = format!("input {rate} output 10");
    let quotes = [quote("a", "1", &new), quote("b", "1", &new)].map(|quote| Quote {
        fetched_at: later,
        ..quote
    });
    let after = Subject {
        now: later,
        ..subject(&standing)
    };
    assert!(verify(&after, &quotes).apply.is_some(), "the time is over");
}

/// A small step back in between does not begin anew.
#[test]
fn a_drip_with_steps_back_is_a_drip() {
    let mut standing = verified(OLD);
    for (hours, rate) in [(72, "3"), (48, "2.97")] {
        let from = now() - SignedDuration::from_hours(hours);
        standing
            .past
            .push((from, price(&format!("input {rate} output 10"))));
    }
    standing.present = Some((price("input 2.97 output 10"), PriceStatus::Verified));
    let risen = "input 3.5 output 10";
    let quotes = [quote("a", "1", risen), quote("b", "1", risen)];
    let judgement = judged(&standing, &quotes);
    assert_eq!(
        (judgement.apply.is_none(), held(&judgement)),
        (true, Some(PriceRule::DriftTooLarge))
    );
    // What a person approved is where steps begin.
    standing.past.drain(..2);
    assert!(judged(&standing, &quotes).apply.is_some());
}

#[test]
fn a_drip_that_waits_out_the_month_has_the_bound_of_the_year() {
    let mut standing = verified(OLD);
    let day = |days: i64| now() - SignedDuration::from_hours(24 * days);
    standing.past = vec![
        (day(400), price(OLD)),
        (day(200), price("input 3.6 output 10")),
    ];
    standing.present = Some((price("input 3.6 output 10"), PriceStatus::Verified));
    for (rate, rule) in [("4.9", None), ("5.1", Some(PriceRule::DriftTooLarge))] {
        let risen = format!("input {rate} output 10");
        let judgement = judged(
            &standing,
            &[quote("a", "1", &risen), quote("b", "1", &risen)],
        );
        assert_eq!(held(&judgement), rule, "{rate}");
    }
}

#[test]
fn a_cut_after_a_rise_is_no_drift() {
    let mut standing = verified(OLD);
    let risen = price("input 3 output 10");
    standing
        .past
        .push((now() - SignedDuration::from_hours(48), Arc::clone(&risen)));
    standing.present = Some((risen, PriceStatus::Verified));
    let cut = "input 1.4 output 10";
    let judgement = judged(&standing, &[quote("a", "1", cut), quote("b", "1", cut)]);
    assert_eq!(judgement.outcome, Outcome::Verified);
}

#[test]
fn a_stale_word_does_not_vote() {
    let old = |source: &str| Quote {
        fetched_at: now() - SignedDuration::from_hours(8 * 24),
        ..quote(source, "1", "input 2 output 8")
    };
    let judgement = judged(
        &verified(OLD),
        &[old("a"), quote("b", "1", "input 2 output 8")],
    );
    assert_eq!(held(&judgement), Some(PriceRule::NoQuorum));
    assert_eq!(vote(&judgement, "a"), (Vote::Stale, Some(PriceRule::Stale)));
    assert_eq!(
        judged(&verified(OLD), &[old("a"), old("b")]).outcome,
        Outcome::Unchanged,
        "a price stays"
    );
    // Nor does it withdraw what waits.
    let mut waits = verified(OLD);
    waits.waiting = true;
    let proposed = |quotes: &[Quote]| judged(&waits, quotes).proposal(&subject(&waits));
    assert_eq!(proposed(&[old("a")]), None);
    assert!(proposed(&[]).is_some(), "lists that name it no more do");
    // Another reason tells more, whose word it is of.
    for names in [["a", "b"], ["b", "a"]] {
        let quotes = [old(names[0]), quote(names[1], "1", "input 10 output 2.5")];
        let judgement = judged(&verified(OLD), &quotes);
        assert_eq!(judgement.rejected.unwrap().0, PriceRule::Swapped);
    }
    let none = Standing::default();
    let outcome = judged(&none, &[old("a"), old("b")]).outcome;
    assert_eq!(outcome, Outcome::Rejected);
    let ahead = |hours: i64| Quote {
        fetched_at: now() + SignedDuration::from_hours(hours),
        ..quote("a", "1", "input 2 output 8")
    };
    for (hours, counts) in [(1, true), (400 * 24, false)] {
        let judgement = judged(&none, &[ahead(hours)]);
        assert_eq!(judgement.apply.is_some(), counts, "{hours} hours ahead");
    }
}

#[test]
fn one_source_has_one_voice() {
    let new = "input 2 output 8";
    let twice = [quote("a", "1", new), quote("a", "1", new)];
    assert_eq!(judged(&verified(OLD), &twice).apply, None);
    let none = [quote("a", "0", new), quote("b", "0", new)];
    assert_eq!(judged(&verified(OLD), &none).apply, None);
}

#[test]
fn a_first_word_must_be_likely() {
    for (word, rule) in [
        ("input 0.0025 output 0.01", PriceRule::OutOfRange),
        ("input 300 output 900", PriceRule::OutOfRange),
        ("input 900", PriceRule::OutOfRange),
        ("input 0.001", PriceRule::OutOfRange),
        ("output 999", PriceRule::OutOfRange),
        ("input 10 output 2.5", PriceRule::Swapped),
    ] {
        let judgement = judged(&Standing::default(), &[quote("a", "1", word)]);
        assert_eq!(
            (judgement.apply.is_none(), held(&judgement)),
            (true, Some(rule)),
            "{word}"
        );
    }
    let elsewhere = [price("input 2.5 output 10")];
    let standing = Standing::default();
    let beside = Subject {
        peers: &elsewhere,
        ..subject(&standing)
    };
    let judgement = verify(&beside, &[quote("a", "1", "input 0.02 output 0.08")]);
    assert_eq!(judgement.rejected.unwrap().0, PriceRule::UnitSlip);
}

#[test]
fn of_two_that_are_each_others_reverse_the_odd_one_is_left_out() {
    let quotes = [quote("a", "1", "input 10 output 2.5"), quote("b", "1", OLD)];
    let judgement = judged(&Standing::default(), &quotes);
    assert_eq!(applied(&judgement), Some(&*price(OLD)));
    assert_eq!(judgement.outcome, Outcome::SingleSource);
    assert_eq!(
        vote(&judgement, "a"),
        (Vote::Rejected, Some(PriceRule::Swapped))
    );
}

#[test]
fn an_honest_first_word_may_have_one_side_alone() {
    for word in ["input 0.003", "input 100", "output 0.28", "output 21"] {
        let judgement = judged(&Standing::default(), &[quote("a", "1", word)]);
        assert!(judgement.apply.is_some(), "{word}");
        assert_eq!(held(&judgement), None, "{word}");
    }
}
