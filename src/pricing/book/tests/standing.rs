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
