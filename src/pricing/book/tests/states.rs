//! States of the catalogue's models with prices of their own.

use super::*;

const STATE: &str = "gpt-x-2026-09-01";

#[test]
fn what_a_history_says_of_a_state_is_the_states() {
    let mut book = book();
    let spans = [
        ("2025-01-01T00:00:00Z", "2026-10-15T00:00:00Z", 30),
        ("2026-11-01T00:00:00Z", "2026-11-30T00:00:00Z", 20),
    ];
    book.import(imported("openai", STATE, &spans));
    for (time, own, of_model) in [
        ("2024-12-31T00:00:00Z", "3", "3"),
        ("2025-01-01T00:00:00Z", "30", "3"),
        ("2026-10-14T00:00:00Z", "30", "2"),
        ("2026-10-15T00:00:00Z", "2", "2"),
        ("2026-11-23T00:00:00Z", "20", "2"),
        // The catalogue's price was charged.
        ("2026-11-24T00:00:00Z", "2", "2"),
    ] {
        assert_eq!(input(&book, None, STATE, time), own, "{time}");
        assert_eq!(input(&book, None, "gpt-x", time), of_model, "{time}");
    }
    book.apply(applied("openai", STATE, 7, "2026-11-22T00:00:00Z", 5));
    assert_eq!(input(&book, None, STATE, "2026-11-23T00:00:00Z"), "5");
    let price = book.price_at(None, STATE, at("2026-10-14T00:00:00Z"));
    let price = price.unwrap();
    assert_eq!((price.model, price.release), ("gpt-x", Some(STATE)));
}

#[test]
fn a_history_of_a_state_rests_on_the_price_of_its_model() {
    let text = CATALOGUE.replace(r#"{"input":"2"}"#, r#"{"input":"2","output":"8"}"#);
    let mut book = PriceBook::new(Arc::new(Catalogue::from_json(&text).unwrap()));
    let spans = [("2026-10-02T00:00:00Z", "2026-10-15T00:00:00Z", 4)];
    book.import(imported("openai", STATE, &spans));
    let price = book.price_at(None, STATE, at("2026-10-14T00:00:00Z"));
    let output = price.unwrap().standard_rate(Unit::Output);
    assert_eq!(output.map(|rate| rate.to_string()).as_deref(), Some("8"));
}

#[test]
fn the_versions_of_a_state_are_its_models_until_its_own_first() {
    let mut book = book();
    book.apply(applied("openai", "gpt-x", 7, "2026-11-25T00:00:00Z", 4));
    book.apply(applied("openai", STATE, 8, "2026-11-26T00:00:00Z", 6));
    book.apply(applied("openai", "gpt-x", 9, "2026-11-27T00:00:00Z", 5));
    book.set(set("openai", "gpt-x", "2026-11-28T00:00:00Z", Some(7)));
    let versions = |model: &str| {
        let history = book.history(None, model).unwrap();
        let told = history.iter().map(|price| {
            let input = price.standard_rate(Unit::Input).unwrap();
            (input.to_string(), price.release.map(str::to_owned))
        });
        told.collect::<Vec<_>>()
    };
    let of_model = |input: &str| (input.to_owned(), None);
    let own = ("6".to_owned(), Some(STATE.to_owned()));
    let charged = ["3", "2", "4"].map(of_model).into_iter();
    let charged = charged.chain([own, of_model("7")]);
    assert_eq!(versions(STATE), charged.collect::<Vec<_>>());
    let all = ["3", "2", "4", "5", "7", "1"].map(of_model);
    assert_eq!(versions("gpt-x"), all);
}
