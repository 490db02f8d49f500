//! Rates that the sources say no more: what is charged without one is a step like any other.

use super::*;

const AUDIO: &str = "input 0.6 output 2.4 audio_input 32 audio_output 64";
const TEXT: &str = "input 0.6 output 2.4";

/// A price that two sources said.
fn said(text: &str) -> Standing {
    let mut standing = verified(text);
    standing.said = ["a", "b"]
        .map(|name| (name.to_owned(), price(text)))
        .to_vec();
    standing
}

fn both(text: &str) -> [Quote; 2] {
    ["a", "b"].map(|name| quote(name, "1", text))
}

#[test]
fn a_rate_goes_only_where_what_stands_in_for_it_is_within_a_step() {
    for (before, after, rule) in [
        (AUDIO, TEXT, Some(PriceRule::StepTooLarge)),
        // Text at half the price stands in for it.
        ("input 2 output 8 audio_input 5", "input 1 output 4", None),
        (
            "input 2 output 8 audio_input 21",
            "input 1 output 4",
            Some(PriceRule::StepTooLarge),
        ),
        // Dearer is a step, too: the cache at a tenth of the input.
        ("input 2 output 8 cache_read 0.5", "input 2 output 8", None),
        (
            "input 2 output 8 cache_read 0.2",
            "input 2 output 8",
            Some(PriceRule::StepTooLarge),
        ),
        // The standard tier stands in for the batch, and nothing for a search or a call.
        ("input 2 output 8 batch.output 4", "input 2 output 8", None),
        (
            "input 2 output 8 web_search 10000",
            "input 2 output 8",
            Some(PriceRule::StepTooLarge),
        ),
        (
            "input 2 output 8 request 5000",
            "input 2 output 8",
            Some(PriceRule::StepTooLarge),
        ),
        ("input 2 output 8 request 0", "input 2 output 8", None),
        // In the batch the audio would fall further than elsewhere.
        (
            "input 2 output 8 audio_input 30 batch.input 1",
            "input 2 output 8 batch.input 1",
            Some(PriceRule::StepTooLarge),
        ),
    ] {
        let judgement = judged(&said(before), &both(after));
        assert_eq!(held(&judgement), rule, "{before} to {after}");
        let gone = applied(&judgement) == Some(&*price(after));
        assert_eq!(gone, rule.is_none(), "{before} to {after}");
    }
}

#[test]
fn what_goes_together_is_held_against_what_stays() {
    // Without both, an hour's write falls to the input; without the hour's alone, to the other write.
    let before = "input 1 output 4 cache_write 30 cache_write_1h 60";
    let judgement = judged(&said(before), &both("input 1 output 4"));
    assert_eq!(applied(&judgement), None);
    let hold = judgement.hold.unwrap();
    assert_eq!(&hold.rates, &price("input 1 output 4"));
    let before = "input 1 output 4 cache_write 9 cache_write_1h 18";
    let judgement = judged(&said(before), &both("input 1 output 4"));
    assert_eq!(applied(&judgement), Some(&*price("input 1 output 4")));
    assert_eq!(held(&judgement), None);
}

#[test]
fn what_a_quorum_changes_beside_it_is_applied_and_the_drop_waits_with_its_reason() {
    let cut = "input 0.5 output 2";
    let judgement = judged(&said(AUDIO), &both(cut));
    let part = "input 0.5 output 2 audio_input 32 audio_output 64";
    assert_eq!(applied(&judgement), Some(&*price(part)));
    let hold = judgement.hold.as_ref().unwrap();
    assert_eq!(&hold.rates, &price(cut));
    assert_eq!(
        hold.reason,
        "audio_input from 32, which no source says any more, to what is charged without it; audio_output from 64, which \
         no source says any more, to what is charged without it: the step is larger than sources make by themselves, at \
         most 5 times and down to 0.05. Approve it if the provider's own price page says the same, or reject it; until \
         then the old price holds."
    );
    // It waits on after that, though nobody said the audio when that part was applied.
    let mut next = verified(part);
    let now = ["a", "b"].map(|name| (name.to_owned(), price(cut)));
    next.said = [now.to_vec(), said(AUDIO).said].concat();
    next.waiting = true;
    let judgement = judged(&next, &both(cut));
    assert_eq!(
        (&judgement.apply, &judgement.hold.unwrap().rates),
        (&None, &price(cut))
    );
}

#[test]
fn a_drop_that_a_person_turned_down_does_not_wait_again() {
    let mut standing = said(AUDIO);
    let hold = judged(&standing, &both(TEXT)).hold.unwrap();
    assert_eq!(hold.rates, price(TEXT));
    turn_down(&mut standing, &hold);
    let judgement = judged(&standing, &both(TEXT));
    assert_eq!(judgement.outcome, Outcome::Unchanged);
    assert_eq!(judgement.hold, None);
}

#[test]
fn a_long_prompts_rate_goes_within_a_step_alone() {
    let long = Place {
        above: 200_000,
        ..Place::standard(Unit::Input)
    };
    for (rate, rule) in [(5, None), (60, Some(PriceRule::StepTooLarge))] {
        let mut before = points::points(&price(OLD));
        before.insert(long, rate.into());
        let before = Arc::new(points::rates(&before));
        let mut standing = verified(OLD);
        standing.present = Some((Arc::clone(&before), PriceStatus::Verified));
        standing.said = ["a", "b"]
            .map(|name| (name.to_owned(), Arc::clone(&before)))
            .to_vec();
        let judgement = judged(&standing, &both(OLD));
        assert_eq!(held(&judgement), rule, "{rate}");
        assert_eq!(applied(&judgement).is_some(), rule.is_none(), "{rate}");
    }
}
