use super::*;
use crate::core::digest::Digest;
use crate::core::price::Unit;
use crate::core::price_change::{PastPrice, PriceApplied, PriceHistory, PriceRule, Quoted, Vote};
use crate::core::state::AppliedPrice;
use crate::pricing::catalogue::Sort;
use rust_decimal::Decimal;

mod sellers;
mod standing;
mod states;

const CATALOGUE: &str = r#"{"format":1,"version":"test-1","date":"2026-11-24",
 "sources":[{"name":"a 1","fetched_at":"2026-11-24T00:00:00Z","weight":"1","licence":"MIT"},
            {"name":"b 2","fetched_at":"2026-11-24T00:00:00Z","weight":"0.5","licence":"MIT"}],
 "models":[
 {"provider":"openai","model":"gpt-x","mode":"chat","rates":{"standard":{"rates":{"input":"2"}}},"since":"2026-10-01",
  "times":[{"rates":{"standard":{"rates":{"input":"3"}}}},{"since":"2027-01-01","rates":{"standard":{"rates":{"input":"1"}}}}],
  "quotes":[{"source":0},{"source":1,"rates":{"standard":{"rates":{"input":"9"}}}}]},
 {"provider":"bedrock","model":"amazon.nova","mode":"chat","rates":{"standard":{"rates":{"input":"5"}}},"quotes":[{"source":0}]}
 ]}"#;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn set(provider: &str, model: &str, from: &str, input: Option<i64>) -> Override {
    Override {
        provider: provider.into(),
        model: model.into(),
        rates: input.map(|input| {
            let mut rates = Rates::default();
            rates.standard.rates.insert(Unit::Input, input.into());
            rates
        }),
        effective_from: at(from),
        version: format!("override-{from}-{input:?}"),
        reason: "contract".into(),
        actor: "ann".into(),
    }
}

fn book() -> PriceBook {
    PriceBook::new(Arc::new(Catalogue::from_json(CATALOGUE).unwrap()))
}

fn input(book: &PriceBook, provider: Option<&str>, model: &str, time: &str) -> String {
    match book.price_at(provider, model, at(time)) {
        Ok(price) => price.standard_rate(Unit::Input).unwrap().to_string(),
        Err(Unresolved::Unknown) => "unknown".into(),
        Err(Unresolved::Ambiguous { providers }) => providers.join("|"),
    }
}

#[test]
fn a_bundled_price_changes_on_its_days() {
    let book = book();
    for (time, rate) in [
        ("2026-09-30T23:59:59Z", "3"),
        ("2026-10-01T00:00:00Z", "2"),
        ("2026-12-31T23:59:59Z", "2"),
        ("2027-01-01T00:00:00Z", "1"),
    ] {
        assert_eq!(input(&book, None, "gpt-x", time), rate, "{time}");
    }
    let price = book
        .price_at(None, "gpt-x", at("2026-11-24T00:00:00Z"))
        .unwrap();
    assert_eq!(
        (price.version, price.status),
        ("test-1", PriceStatus::Bundled)
    );
    let (first, second) = (at("2026-10-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    let history = book.history(None, "gpt-x").unwrap();
    let times: Vec<_> = history
        .iter()
        .map(|price| (price.effective_from, price.until()))
        .collect();
    // Of the first all that is known is that it was before the second.
    let by_hand = [
        (Timestamp::UNIX_EPOCH, Some(first)),
        (first, Some(second)),
        (second, None),
    ];
    assert_eq!(times, by_hand);
    let held = |time| book.price_at(None, "gpt-x", at(time)).unwrap();
    let earliest = held("2026-09-01T00:00:00Z");
    assert_eq!((earliest.effective_from, earliest.until()), by_hand[0]);
    let undated = book.price_at(Some("aws"), "amazon.nova", first).unwrap();
    let of_catalogue = (book.catalogue().date(), None);
    assert_eq!((undated.effective_from, undated.until()), of_catalogue);
    assert_eq!((price.effective_from, price.until()), by_hand[1]);
    let sources = price.sources();
    assert_eq!((&*sources[0].name, &sources[0].value), ("a 1", &None));
    assert!(sources[1].value.is_some());
}

#[test]
fn an_override_holds_from_its_time_and_until_it_is_taken_away() {
    let mut book = book();
    let before = book.clone();
    book.set(set("aws", "amazon.nova", "2026-11-01T00:00:00Z", Some(7)));
    book.set(set(
        "amazon-bedrock",
        "amazon.nova",
        "2026-12-01T00:00:00Z",
        None,
    ));
    book.set(set(
        "bedrock",
        "amazon.nova",
        "2026-11-01T00:00:00Z",
        Some(8),
    ));
    for (time, rate) in [
        ("2026-10-31T23:59:59Z", "5"),
        ("2026-11-01T00:00:00Z", "8"),
        ("2026-12-01T00:00:00Z", "5"),
    ] {
        assert_eq!(input(&book, Some("aws"), "amazon.nova", time), rate);
        assert_eq!(input(&book, None, "amazon.nova", time), rate);
        assert_eq!(input(&before, None, "amazon.nova", time), "5");
    }
    let history = book.history(None, "amazon.nova").unwrap();
    let rates: Vec<_> = history
        .iter()
        .map(|price| price.standard_rate(Unit::Input).unwrap().to_string())
        .collect();
    assert_eq!(rates, ["5", "7", "8"]);
    let ends: Vec<_> = history.iter().map(Price::until).collect();
    let set = Some(at("2026-11-01T00:00:00Z"));
    assert_eq!(ends, [None, set, Some(at("2026-12-01T00:00:00Z"))]);
    assert_eq!(history[1].reason(), Some("contract"));
    assert!(history[1].sources().is_empty());
    assert_eq!(history[1].actor(), Some("ann"));
}

#[test]
fn an_override_may_name_what_the_catalogue_does_not_know() {
    let mut book = book();
    let time = "2026-11-24T00:00:00Z";
    assert_eq!(input(&book, Some("inhouse"), "tuned", time), "unknown");
    book.set(set("In-House", "tuned", time, Some(4)));
    assert_eq!(input(&book, Some("in_house"), "tuned", time), "4");
    assert_eq!(input(&book, None, "tuned", time), "4");
    assert_eq!(input(&book, None, "in-house/tuned", time), "4");
    assert_eq!(input(&book, Some("other"), "tuned", time), "unknown");
    assert_eq!(
        input(&book, None, "tuned", "2026-11-23T00:00:00Z"),
        "unknown"
    );
    book.set(set("In-House", "Foo-1", time, Some(5)));
    for name in ["foo-1", "FOO-1", "Foo-1", "in_house/foo-1"] {
        assert_eq!(input(&book, None, name, time), "5", "{name}");
    }
    book.set(set("in_house", "fOO-1", "2026-11-25T00:00:00Z", Some(7)));
    assert_eq!(input(&book, None, "foo-1", "2026-11-25T00:00:00Z"), "7");
    // What the catalogue does not know has no states.
    assert_eq!(input(&book, None, "foo-1-latest", time), "unknown");
    book.set(set("elsewhere", "tuned", time, Some(6)));
    assert_eq!(input(&book, None, "tuned", time), "elsewhere|in_house");
    book.set(set("openai", "gpt-x-mini", time, Some(1)));
    assert_eq!(input(&book, None, "openai/gpt-x-mini", time), "1");
    assert_eq!(input(&book, None, "gpt-x", time), "2");
}

fn rates(input: i64) -> Arc<Rates> {
    let mut rates = Rates::default();
    rates.standard.rates.insert(Unit::Input, input.into());
    Arc::new(rates)
}

fn applied(provider: &str, model: &str, version: u64, from: &str, input: i64) -> Applied {
    let quote = Quoted {
        source: "litellm".into(),
        rates: None,
        fetched_at: at(from),
        content: Digest(7),
        weight: Decimal::ONE,
        vote: Vote::Agreed,
        against: None,
    };
    Applied {
        version: format!("price-{version}"),
        price: AppliedPrice {
            version,
            applied_at: at(from),
            review: None,
            price: Arc::new(PriceApplied {
                provider: provider.into(),
                model: model.into(),
                rates: rates(input),
                effective_from: at(from),
                status: PriceStatus::Verified,
                apart: std::collections::BTreeMap::new(),
                rule: PriceRule::Quorum,
                quotes: vec![quote],
            }),
        },
    }
}

fn imported(provider: &str, model: &str, spans: &[(&str, &str, i64)]) -> Imported {
    Imported {
        version: format!("history-pages-{}", spans.len()),
        history: Arc::new(PriceHistory {
            provider: provider.into(),
            model: model.into(),
            source: "pages".into(),
            fetched_at: at("2026-11-24T00:00:00Z"),
            content: Digest(8),
            weight: Decimal::new(5, 1),
            prices: spans
                .iter()
                .map(|(from, until, input)| PastPrice {
                    from: at(from),
                    until: at(until),
                    rates: rates(*input),
                })
                .collect(),
        }),
    }
}

#[test]
fn an_applied_price_holds_over_the_catalogue_and_beneath_an_override() {
    let mut book = book();
    let before = book.clone();
    book.apply(applied("openai", "gpt-x", 7, "2026-11-20T00:00:00Z", 4));
    book.apply(applied("openai", "gpt-x", 9, "2026-11-22T00:00:00Z", 5));
    book.apply(applied("openai", "gpt-x", 9, "2026-11-22T00:00:00Z", 5));
    book.set(set("openai", "gpt-x", "2026-11-23T00:00:00Z", Some(6)));
    for (time, rate) in [
        ("2026-11-19T23:59:59Z", "2"),
        ("2026-11-20T00:00:00Z", "4"),
        ("2026-11-22T00:00:00Z", "5"),
        ("2026-11-23T00:00:00Z", "6"),
    ] {
        assert_eq!(input(&book, None, "gpt-x", time), rate, "{time}");
        assert_eq!(input(&before, None, "gpt-x", time), "2", "{time}");
    }
    let price = book
        .price_at(None, "gpt-x", at("2026-11-22T12:00:00Z"))
        .unwrap();
    assert_eq!(
        (price.version, price.rule()),
        ("price-9", Some(PriceRule::Quorum))
    );
    assert_eq!(price.sources()[0].content, Some(Digest(7)));
    book.set(set("openai", "gpt-x", "2026-11-24T00:00:00Z", None));
    assert_eq!(input(&book, None, "gpt-x", "2026-11-24T00:00:00Z"), "5");
    let versions: Vec<_> = book.history(None, "gpt-x").unwrap();
    let versions: Vec<_> = versions.iter().map(|price| price.version).collect();
    let set = "override-2026-11-23T00:00:00Z-Some(6)";
    assert_eq!(
        versions,
        ["test-1", "test-1", "price-7", "price-9", set, "test-1"]
    );
}

#[test]
fn what_a_verification_starts_from_is_beneath_the_overrides() {
    let mut book = book();
    let time = at("2026-11-24T00:00:00Z");
    book.set(set("openai", "gpt-x", "2026-11-23T00:00:00Z", Some(6)));
    let standing = book.standing("openai", "gpt-x", time);
    assert_eq!(standing.present, Some((rates(2), PriceStatus::Bundled)));
    assert_eq!(standing.version, 0);
    book.apply(applied("openai", "gpt-x", 7, "2026-11-20T00:00:00Z", 4));
    let standing = book.standing("openai", "gpt-x", time);
    assert_eq!(standing.present, Some((rates(4), PriceStatus::Verified)));
    assert_eq!(standing.version, 7);
    let past: Vec<_> = standing
        .past
        .iter()
        .map(|(_, rates)| rates.clone())
        .collect();
    assert_eq!(past, [rates(3), rates(2), rates(4)]);
    // One that a clock that was ahead made is not in force yet, but where nothing else is known.
    let ahead = "2028-01-01T00:00:00Z";
    book.apply(applied("bedrock", "amazon.nova", 8, ahead, 9));
    book.apply(applied("bedrock", "unlisted", 9, ahead, 9));
    let present = |model: &str| book.standing("bedrock", model, time).present;
    assert_eq!(
        present("amazon.nova"),
        Some((rates(5), PriceStatus::Bundled))
    );
    assert_eq!(present("unlisted"), Some((rates(9), PriceStatus::Verified)));
    assert_eq!(
        book.standing("openai", "unheard-of", time),
        Standing::default()
    );
}

#[test]
fn a_model_that_only_sources_know_has_their_first_price_before_it_too() {
    let mut book = book();
    book.apply(applied("openai", "gpt-z", 7, "2026-11-20T00:00:00Z", 4));
    for time in ["2026-11-19T00:00:00Z", "2026-11-21T00:00:00Z"] {
        assert_eq!(input(&book, Some("openai"), "gpt-z", time), "4");
        assert_eq!(input(&book, None, "openai/gpt-z", time), "4");
    }
}

#[test]
fn a_sources_history_fills_what_the_catalogue_does_not_date() {
    let mut book = book();
    let spans = [
        ("2025-01-01T00:00:00Z", "2025-07-01T00:00:00Z", 30),
        ("2025-07-01T00:00:00Z", "2026-10-15T00:00:00Z", 20),
    ];
    book.import(imported("openai", "gpt-x", &spans));
    book.import(imported("openai", "gone", &spans[..1]));
    for (time, rate) in [
        ("2024-12-31T00:00:00Z", "3"),
        ("2025-01-01T00:00:00Z", "30"),
        ("2025-07-01T00:00:00Z", "20"),
        ("2026-10-14T00:00:00Z", "2"),
    ] {
        assert_eq!(input(&book, None, "gpt-x", time), rate, "{time}");
    }
    assert_eq!(
        input(&book, Some("openai"), "gone", "2025-02-01T00:00:00Z"),
        "30"
    );
    assert_eq!(
        input(&book, Some("openai"), "gone", "2026-02-01T00:00:00Z"),
        "unknown"
    );
    let history = book.history(None, "gpt-x").unwrap();
    let old = history
        .iter()
        .find(|price| price.version == "history-pages-2")
        .unwrap();
    assert_eq!(old.until(), Some(at("2025-07-01T00:00:00Z")));
    assert_eq!(old.sources()[0].name, "pages");
    book.import(imported("openai", "gpt-x", &spans[..1]));
    assert_eq!(input(&book, None, "gpt-x", "2025-08-01T00:00:00Z"), "3");
    let history = book.history(None, "gpt-x").unwrap();
    let versions = |version| {
        history
            .iter()
            .filter(move |price| price.version == version)
            .count()
    };
    assert_eq!(
        (versions("history-pages-2"), versions("history-pages-1")),
        (2, 0),
        "what a source said before is kept, and what it says again is of its first word"
    );
    let again = book.price_at(None, "gpt-x", at("2025-02-01T00:00:00Z"));
    assert_eq!(again.unwrap().version, "history-pages-2");
    book.import(imported("openai", "gpt-x", &spans));
    assert_eq!(
        input(&book, None, "gpt-x", "2025-08-01T00:00:00Z"),
        "3",
        "a known version changes nothing"
    );
}

#[test]
fn a_confirmed_price_keeps_its_hours_of_the_day() {
    let text = CATALOGUE.replace(
        r#""since":"2026-10-01""#,
        r#""since":"2026-10-01","hours":[{"from":"16:30:00","until":"00:30:00","rates":{"standard":{"rates":{"input":"1"}}}}]"#,
    );
    let mut book = PriceBook::new(Arc::new(Catalogue::from_json(&text).unwrap()));
    let (day, night) = ("2026-11-24T12:00:00Z", "2026-11-24T20:00:00Z");
    book.apply(applied("openai", "gpt-x", 7, "2026-11-20T00:00:00Z", 2));
    assert_eq!(input(&book, None, "gpt-x", day), "2");
    assert_eq!(input(&book, None, "gpt-x", night), "1");
    let standing = book.standing("openai", "gpt-x", at(night));
    assert_eq!(standing.present, Some((rates(2), PriceStatus::Verified)));
    book.apply(applied("openai", "gpt-x", 8, "2026-11-21T00:00:00Z", 4));
    assert_eq!(input(&book, None, "gpt-x", night), "4");
}

#[test]
fn a_history_that_names_two_rates_does_not_change_the_others() {
    let whole = r#"{"standard":{"rates":{"input":"2","cache_read":"0.2","web_search":"10000"}},"service_tiers":{"batch":{"rates":{"input":"1"}}}}"#;
    let text = CATALOGUE.replace(r#"{"standard":{"rates":{"input":"5"}}}"#, whole);
    let mut book = PriceBook::new(Arc::new(Catalogue::from_json(&text).unwrap()));
    let spans = [("2025-01-01T00:00:00Z", "2025-07-01T00:00:00Z", 3)];
    book.import(imported("bedrock", "amazon.nova", &spans));
    let time = at("2025-02-01T00:00:00Z");
    let price = book.price_at(None, "amazon.nova", time).unwrap();
    let expected: Rates = serde_json::from_str(
        r#"{"standard":{"rates":{"input":"3","cache_read":"0.3","web_search":"10000"}},"service_tiers":{"batch":{"rates":{"input":"1.5"}}}}"#,
    )
    .unwrap();
    assert_eq!(*price.rates, expected);
    let history = book.history(None, "amazon.nova").unwrap();
    assert!(history.iter().any(|price| *price.rates == expected));
    assert_eq!(price.sources()[0].value, Some((*rates(3)).clone()));
}

#[test]
fn a_history_rests_on_the_first_applied_price_whichever_came_first() {
    let mut whole = rates(4);
    let batch = serde_json::from_str(r#"{"rates":{"input":"2"}}"#).unwrap();
    Arc::make_mut(&mut whole)
        .service_tiers
        .insert(crate::core::price::ServiceTier::Batch, batch);
    let mut first = applied("openai", "gpt-z", 7, "2026-11-20T00:00:00Z", 4);
    Arc::make_mut(&mut first.price.price).rates = whole;
    let told = || {
        imported(
            "openai",
            "gpt-z",
            &[("2025-01-01T00:00:00Z", "2025-07-01T00:00:00Z", 8)],
        )
    };
    let (mut one, mut other) = (book(), book());
    one.import(told());
    one.apply(first.clone());
    other.apply(first);
    other.import(told());
    for book in [one, other] {
        let price = book
            .price_at(Some("openai"), "gpt-z", at("2025-02-01T00:00:00Z"))
            .unwrap();
        let batch = &price.rates.service_tiers[&crate::core::price::ServiceTier::Batch];
        assert_eq!(batch.rates[&Unit::Input], Decimal::from(4));
    }
}

#[test]
fn a_removal_takes_away_what_was_set_before_it_and_nothing_else() {
    let mut book = book();
    book.set(set("openai", "gpt-x", "2026-11-01T00:00:00Z", Some(6)));
    book.set(set("openai", "gpt-x", "2026-12-20T00:00:00Z", Some(7)));
    book.set(set("openai", "gpt-x", "2026-12-01T00:00:00Z", None));
    for (time, rate) in [
        ("2026-11-30T23:59:59Z", "6"),
        ("2026-12-01T00:00:00Z", "2"),
        ("2026-12-20T00:00:00Z", "2"),
    ] {
        assert_eq!(input(&book, None, "gpt-x", time), rate, "{time}");
    }
    book.set(set("openai", "gpt-x", "2026-12-10T00:00:00Z", Some(8)));
    for (time, rate) in [("2026-12-10T00:00:00Z", "8"), ("2026-12-20T00:00:00Z", "8")] {
        assert_eq!(input(&book, None, "gpt-x", time), rate, "{time}");
    }
    let history = book.history(None, "gpt-x").unwrap();
    let ends = history
        .iter()
        .filter(|price| price.status == PriceStatus::Override)
        .map(|price| {
            let end = price
                .until()
                .map(|until| until.strftime("%m-%d").to_string());
            (price.standard_rate(Unit::Input).unwrap().to_string(), end)
        });
    let ends: Vec<_> = ends.collect();
    let expected = [("6", Some("12-01")), ("8", None), ("7", Some("12-20"))];
    let expected = expected.map(|(rate, end)| (rate.to_owned(), end.map(str::to_owned)));
    assert_eq!(ends, expected);
}

#[test]
fn models_are_found_by_the_prices_that_hold_whoever_knows_them() {
    let mut book = book();
    let now = at("2026-11-24T00:00:00Z");
    let found = |book: &PriceBook, search: &Search<'_>| -> Vec<String> {
        let found = book.search(search, now).into_iter();
        found.map(|one| one.model.to_owned()).collect()
    };
    let cheap = Search {
        max_input_price: Some(Decimal::from(2)),
        sort: Sort::InputPrice,
        ..Search::default()
    };
    assert_eq!(found(&book, &cheap), ["gpt-x"]);
    book.set(set("openai", "gpt-x", "2026-11-01T00:00:00Z", Some(4)));
    book.set(set(
        "bedrock",
        "amazon.nova",
        "2026-11-01T00:00:00Z",
        Some(2),
    ));
    book.set(set("In-House", "tuned", "2026-11-01T00:00:00Z", Some(1)));
    book.set(set("In-House", "later", "2026-12-01T00:00:00Z", Some(1)));
    assert_eq!(found(&book, &cheap), ["tuned", "amazon.nova"]);
    let all = found(&book, &Search::default());
    assert_eq!(all, ["amazon.nova", "tuned", "gpt-x"]);
    let named = Search {
        query: Some("TUNED"),
        provider: Some("In-House"),
        ..Search::default()
    };
    assert_eq!(found(&book, &named), ["tuned"]);
    let framed = Search {
        query: Some("arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova"),
        ..Search::default()
    };
    assert_eq!(found(&book, &framed), ["amazon.nova"], "by what it means");
}
