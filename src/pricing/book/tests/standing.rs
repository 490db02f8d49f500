//! What a verification starts from, and whose price a name means.

use super::*;
use crate::pricing::points::Place;
use std::collections::BTreeMap;

#[test]
fn of_the_providers_that_a_name_means_the_first_that_has_the_model_is_meant() {
    let mut book = book();
    let (from, time) = ("2026-11-20T00:00:00Z", "2026-11-24T00:00:00Z");
    book.apply(applied("vertex_ai", "flash", 7, from, 6));
    assert_eq!(input(&book, Some("google"), "flash", time), "6");
    let standing = book.standing("google", "flash", at(time));
    assert_eq!(standing, Standing::default(), "another's price is not its");
    book.import(imported("vertex_ai", "flash", &[(from, time, 5)]));
    assert_eq!(book.imported("google", "flash", "pages"), []);
    book.apply(applied("google", "flash", 8, from, 4));
    for (provider, rate) in [
        (Some("google"), "4"),
        (Some("gemini"), "4"),
        (Some("Google AI Studio"), "4"),
        (Some("vertex"), "6"),
        (None, "google|vertex_ai"),
    ] {
        assert_eq!(input(&book, provider, "flash", time), rate, "{provider:?}");
    }
    for (provider, version) in [("google", 8), ("vertex_ai", 7)] {
        let standing = book.standing(provider, "flash", at(time));
        assert_eq!(standing.version, version, "what is known is not new");
    }
}

#[test]
fn what_a_price_no_longer_names_is_kept_as_it_was_last() {
    let mut book = book();
    let mut write = applied("openai", "gpt-x", 7, "2026-11-20T00:00:00Z", 4);
    let price = Arc::make_mut(&mut write.price.price);
    let rates = Arc::make_mut(&mut price.rates);
    rates.standard.rates.insert(Unit::CacheWrite, 5.into());
    book.apply(write);
    let mut cut = applied("openai", "gpt-x", 8, "2026-11-22T00:00:00Z", 3);
    cut.price.review = Some(crate::core::increase::Review {
        actor: "ann".into(),
        at: at("2026-11-22T00:00:00Z"),
        reason: None,
    });
    book.apply(cut);
    let gone = |time: &str| book.standing("openai", "gpt-x", at(time)).gone;
    assert_eq!(gone("2026-11-21T00:00:00Z"), BTreeMap::new());
    let write = Place::standard(Unit::CacheWrite);
    let kept = BTreeMap::from([(write, 5.into())]);
    assert_eq!(
        gone("2026-11-24T00:00:00Z"),
        kept,
        "a review does not hide it"
    );
}

#[test]
fn the_steps_of_a_state_begin_where_its_model_was_when_it_left_it() {
    const STATE: &str = "gpt-x-2026-11-01";
    let mut book = book();
    book.apply(applied("openai", "gpt-x", 7, "2026-11-20T00:00:00Z", 4));
    let mut write = applied("openai", STATE, 8, "2026-11-21T00:00:00Z", 8);
    let rates = |units: [(Unit, i64); 1]| {
        let mut rates = Rates::default();
        rates.standard.rates = units.map(|(unit, rate)| (unit, rate.into())).into();
        Arc::new(rates)
    };
    Arc::make_mut(&mut write.price.price).rates = rates([(Unit::Output, 8)]);
    book.apply(write);
    book.apply(applied("openai", "gpt-x", 9, "2026-11-22T00:00:00Z", 5));
    let now = at("2026-11-24T00:00:00Z");
    let standing = book.standing("openai", STATE, now);
    assert_eq!((standing.version, standing.of_its_model), (8, false));
    let past: Vec<_> = standing.past.iter().map(|(_, rates)| &**rates).collect();
    let input = |input| rates([(Unit::Input, input)]);
    let own = rates([(Unit::Output, 8)]);
    assert_eq!(past, [&*input(3), &*input(2), &*input(4), &*own]);
    let gone = BTreeMap::from([(Place::standard(Unit::Input), 4.into())]);
    assert_eq!(standing.gone, gone);
    // What a person approved of the model before is a new beginning, and after it nothing of the state's.
    let before = "2026-11-20T12:00:00Z";
    for (version, from) in [(10, before), (11, "2026-11-23T00:00:00Z")] {
        let mut reviewed = applied("openai", "gpt-x", version, from, 6);
        reviewed.price.review = Some(crate::core::increase::Review {
            actor: "ann".into(),
            at: at(from),
            reason: None,
        });
        book.apply(reviewed);
        let anew = BTreeMap::from([(Place::standard(Unit::Input), at(before))]);
        assert_eq!(book.standing("openai", STATE, now).anew, anew);
    }
}
