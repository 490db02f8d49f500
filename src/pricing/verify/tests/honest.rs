//! What passes, and what stays.

use super::*;

#[test]
fn a_cut_that_two_sources_confirm_is_applied_however_large() {
    for new in ["input 2 output 8", "input 0.25 output 1"] {
        let judgement = judged(
            &verified(OLD),
            &[quote("a", "1", new), quote("b", "1", new)],
        );
        assert_eq!(judgement.outcome, Outcome::Verified, "{new}");
        assert_eq!(applied(&judgement), Some(&*price(new)));
        assert_eq!(judgement.apply.unwrap().rule, PriceRule::Quorum);
        assert_eq!(judgement.hold, None);
    }
}

#[test]
fn two_of_three_outvote_the_one_that_is_late() {
    let new = "input 2 output 8";
    let quotes = [
        quote("a", "1", new),
        quote("b", "1", new),
        quote("late", "1", OLD),
    ];
    let judgement = judged(&bundled(OLD), &quotes);
    assert_eq!(judgement.outcome, Outcome::Verified);
    assert_eq!(vote(&judgement, "late"), (Vote::Outvoted, None));
    assert_eq!(vote(&judgement, "a"), (Vote::Agreed, None));
    let mut votes = BTreeMap::new();
    count_votes(&mut votes, &judgement);
    count_votes(&mut votes, &judgement);
    assert_eq!((votes["a"].agreed, votes["late"].outvoted), (2, 2));
}

#[test]
fn what_is_as_it_was_changes_nothing() {
    let same = [
        quote("a", "1", OLD),
        quote("b", "1", "input 2.4999999 output 10"),
    ];
    let judgement = judged(&verified(OLD), &same);
    assert_eq!(judgement.outcome, Outcome::Unchanged);
    assert_eq!(judgement.clone().proposal(&subject(&verified(OLD))), None);
    let waiting = Standing {
        waiting: true,
        ..verified(OLD)
    };
    let withdrawn = judged(&waiting, &same)
        .proposal(&subject(&waiting))
        .unwrap();
    assert_eq!((withdrawn.apply, withdrawn.hold), (None, None));
    assert_eq!(judged(&verified(OLD), &[]).outcome, Outcome::Unchanged);
}

#[test]
fn a_bundled_price_that_a_quorum_confirms_is_verified() {
    let judgement = judged(
        &bundled(OLD),
        &[quote("a", "1", OLD), quote("b", "0.8", "input 2.5")],
    );
    assert_eq!(
        judgement.outcome,
        Outcome::Unchanged,
        "output has one word alone"
    );
    let judgement = judged(
        &bundled(OLD),
        &[quote("a", "1", OLD), quote("b", "0.8", OLD)],
    );
    assert_eq!(judgement.outcome, Outcome::Verified);
    assert_eq!(applied(&judgement), Some(&*price(OLD)));
}

#[test]
fn a_new_model_has_the_price_that_is_known() {
    let none = Standing::default();
    let both = judged(&none, &[quote("a", "1", OLD), quote("b", "1", OLD)]);
    assert_eq!(both.outcome, Outcome::Verified);
    let one = judged(
        &none,
        &[quote("a", "1", "input 2.5 output 10 cache_read 0.25")],
    );
    assert_eq!(one.outcome, Outcome::SingleSource);
    assert_eq!(one.apply.unwrap().rule, PriceRule::FirstWord);
    let light = judged(&none, &[quote("page", "0.3", OLD)]);
    assert_eq!(
        (light.outcome, held(&light)),
        (Outcome::HeldBack, Some(PriceRule::NoQuorum))
    );
    let split = judged(
        &none,
        &[quote("a", "1", OLD), quote("b", "1", "input 3 output 10")],
    );
    assert_eq!(held(&split), Some(PriceRule::Disagreement));
    assert_eq!(split.apply, None);
}

#[test]
fn a_batch_rate_follows_the_rate_that_it_is_a_share_of() {
    let old = "input 2.5 output 10 batch.input 1.25 batch.output 5";
    let new = "input 2 output 8 batch.input 1 batch.output 4";
    let quotes = [quote("a", "1", new), quote("b", "1", "input 2 output 8")];
    let judgement = judged(&verified(old), &quotes);
    assert_eq!(judgement.outcome, Outcome::Verified);
    assert_eq!(applied(&judgement), Some(&*price(new)));
    let odd = "input 2 output 8 batch.input 0.5 batch.output 4";
    let quotes = [quote("a", "1", odd), quote("b", "1", "input 2 output 8")];
    let judgement = judged(&verified(old), &quotes);
    let kept = "input 2 output 8 batch.input 1.25 batch.output 4";
    assert_eq!(applied(&judgement), Some(&*price(kept)));
    assert_eq!(held(&judgement), Some(PriceRule::NoQuorum));
    assert_eq!(&judgement.hold.unwrap().rates, &price(odd));
}

#[test]
fn a_cache_rate_that_a_cut_makes_impossible_is_charged_as_input() {
    let old = "input 2.5 output 10 cache_read 1.25";
    let new = "input 1 output 4";
    let judgement = judged(
        &verified(old),
        &[quote("a", "1", new), quote("b", "1", new)],
    );
    assert_eq!(applied(&judgement), Some(&*price(new)));
}

#[test]
fn a_rate_that_two_who_said_it_say_no_more_goes() {
    let more = "input 2.5 output 10 cache_read 1.25";
    let mut standing = verified(more);
    standing.said = ["a", "b"]
        .map(|name| (name.to_owned(), price(more)))
        .to_vec();
    let both = [quote("a", "1", OLD), quote("b", "1", OLD)];
    let judgement = judged(&standing, &both);
    assert_eq!(judgement.outcome, Outcome::Verified);
    assert_eq!(applied(&judgement), Some(&*price(OLD)));
    // One that still says it is enough for it to stay, and so is one that never did.
    let one = [quote("a", "1", OLD), quote("b", "1", more)];
    assert_eq!(judged(&standing, &one).apply, None);
    standing.said.pop();
    assert_eq!(judged(&standing, &both).apply, None);
    // Without a word about the model nobody drops a part of it.
    standing.said.push(("b".to_owned(), price(more)));
    let none = [quote("a", "1", "image 40"), quote("b", "1", "image 40")];
    let judgement = judged(&standing, &none);
    let kept = price("input 2.5 output 10 cache_read 1.25 image 40");
    assert_eq!(applied(&judgement), Some(&*kept));
}

#[test]
fn a_rate_that_one_source_adds_to_a_known_price_waits_be_it_cheaper_or_dearer() {
    let judge = |more: &str| {
        let quotes = [quote("a", "1", more), quote("b", "1", OLD)];
        judged(&verified(OLD), &quotes)
    };
    for added in [
        "cache_read 0.25",
        "reasoning 10",
        "batch.input 1.25",
        "batch.cache_read 0.1",
        "audio_input 40",
        "cache_write 3.125",
        "cache_write_1h 5",
        "web_search 10000",
        "image 40000",
        "batch.input 3",
    ] {
        let more = format!("input 2.5 output 10 {added}");
        let judgement = judge(&more);
        assert_eq!(held(&judgement), Some(PriceRule::NoQuorum), "{added}");
        assert_eq!(judgement.hold.unwrap().rates, price(&more));
        assert_eq!(judgement.apply, None);
    }
    let more = "input 2.5 output 10 web_search 10000";
    let judgement = judged(
        &verified(OLD),
        &[quote("a", "1", more), quote("b", "1", more)],
    );
    assert_eq!(applied(&judgement), Some(&*price(more)));
}

#[test]
fn a_model_of_ones_own_may_be_free_and_another_where_two_say_so() {
    let free = "input 0 output 0";
    let none = Standing::default();
    let local = Subject {
        provider: "ollama",
        ..subject(&none)
    };
    let judgement = verify(&local, &[quote("a", "1", free)]);
    assert_eq!(judgement.outcome, Outcome::SingleSource);
    let judgement = judged(&none, &[quote("a", "1", free), quote("b", "1", free)]);
    assert_eq!(judgement.outcome, Outcome::Verified);
    let judgement = judged(&none, &[quote("a", "1", free)]);
    assert_eq!(judgement.apply, None);
    assert_eq!(
        vote(&judgement, "a"),
        (Vote::Rejected, Some(PriceRule::Zero))
    );
}

#[test]
fn what_a_person_turned_down_does_not_wait_again_beside_what_a_quorum_changes() {
    let old = "input 2.5 output 10 cache_read 1.25";
    let mut standing = bundled(old);
    let alone = quote("a", "1", "input 2.5 output 12 cache_read 1.25");
    let first = judged(&standing, &[alone, quote("b", "1", "input 2.5")]);
    assert_eq!(held(&first), Some(PriceRule::NoQuorum));
    turn_down(&mut standing, &first.hold.unwrap());
    let both = [
        quote("a", "1", "input 2.5 output 12 cache_read 1"),
        quote("b", "1", "input 2.5 cache_read 1"),
    ];
    let judgement = judged(&standing, &both);
    let cut = "input 2.5 output 10 cache_read 1";
    assert_eq!(applied(&judgement), Some(&*price(cut)));
    assert_eq!(judgement.hold, None);
    assert_eq!(judgement.outcome, Outcome::Verified);
    let other = [quote("a", "1", "input 2.5 output 13")];
    assert_eq!(held(&judged(&standing, &other)), Some(PriceRule::NoQuorum));
    let quorum = "input 2.5 output 12";
    let quorum = [quote("a", "1", quorum), quote("b", "1", quorum)];
    let judgement = judged(&standing, &quorum);
    assert!(
        judgement.apply.is_some(),
        "what a quorum says is asked anew"
    );
}

#[test]
fn a_first_price_that_a_person_turned_down_is_not_applied_in_part() {
    let mut none = Standing::default();
    let quotes = [quote("a", "1", OLD), quote("b", "1", "input 3 output 10")];
    let split = judged(&none, &quotes);
    let hold = split.hold.unwrap();
    turn_down(&mut none, &hold);
    let again = judged(&none, &quotes);
    assert_eq!((again.apply, again.hold), (None, None));
}

#[test]
fn a_price_says_which_of_its_rates_a_quorum_has_said() {
    use PriceStatus::{Bundled, SingleSource, Verified};
    let apart = |judgement: &Judgement| {
        let apply = judgement.apply.as_ref().unwrap();
        let apart = apply
            .apart
            .iter()
            .map(|(name, status)| (name.clone(), *status));
        (apply.status, apart.collect::<Vec<_>>())
    };
    let named = |name: &str, status| vec![(name.to_owned(), status)];
    let old = "input 2.5 output 10 cache_write 3";
    let standing = bundled(old);
    // A quorum for one rate beside the sides, which nobody confirms.
    let both = [
        quote("a", "1", "cache_read 0.5"),
        quote("b", "1", "cache_read 0.5"),
    ];
    let judgement = judged(&standing, &both);
    assert_eq!(apart(&judgement), (Bundled, named("cache_read", Verified)));
    // What was verified of it stays so, and what nobody says stays bundled.
    let mut next = bundled("input 2.5 output 10 cache_write 3 cache_read 0.5");
    next.apart = judgement.apply.unwrap().apart;
    let sides = [
        quote("a", "1", "input 2 output 8"),
        quote("b", "1", "input 2 output 8"),
    ];
    let judgement = judged(&next, &sides);
    assert_eq!(apart(&judgement), (Verified, named("cache_write", Bundled)));
    // One side alone.
    let half = [
        quote("a", "1", "input 2 output 8"),
        quote("b", "1", "input 2"),
    ];
    let judgement = judged(&standing, &half);
    assert_eq!(apart(&judgement), (Bundled, named("input", Verified)));
    // A lone source's share of what a quorum cut.
    let standing = verified("input 2 output 8 batch.input 1");
    let cut = [
        quote("a", "1", "input 1 output 8 batch.input 0.5"),
        quote("b", "1", "input 1 output 8"),
    ];
    let judgement = judged(&standing, &cut);
    assert_eq!(
        apart(&judgement),
        (Verified, named("batch input", SingleSource))
    );
    // A first price of which one source alone says a part.
    let first = [
        quote("a", "1", "input 2 output 8 cache_read 0.2"),
        quote("b", "1", "input 2 output 8"),
    ];
    let judgement = judged(&Standing::default(), &first);
    assert_eq!(
        apart(&judgement),
        (Verified, named("cache_read", SingleSource))
    );
}

#[test]
fn an_approval_vouches_for_what_it_changes() {
    let lone = [
        quote("a", "1", "input 2.5 output 10 cache_read 0.5"),
        quote("b", "0.4", OLD),
    ];
    let judgement = judged(&bundled(OLD), &lone);
    let hold = judgement.hold.unwrap();
    assert_eq!(hold.status, PriceStatus::Bundled);
    let vouched = [("cache_read".to_owned(), PriceStatus::Verified)];
    assert_eq!(hold.apart, vouched.into());
    let sides = [quote("a", "1", "input 3 output 12")];
    let hold = judged(&bundled(OLD), &sides).hold.unwrap();
    assert_eq!((hold.status, hold.apart.len()), (PriceStatus::Verified, 0));
}
