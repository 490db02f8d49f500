use super::*;
use crate::core::price::Unit;

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
        version: format!("override-{from}"),
        reason: "contract".into(),
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
    assert_eq!(price.effective_from, at("2026-10-01T00:00:00Z"));
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
    assert_eq!(rates, ["7", "8", "5"]);
    assert_eq!(history[1].reason, Some("contract"));
    assert!(history[1].sources().is_empty());
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
    book.set(set("elsewhere", "tuned", time, Some(6)));
    assert_eq!(input(&book, None, "tuned", time), "elsewhere|in_house");
    book.set(set("openai", "gpt-x-mini", time, Some(1)));
    assert_eq!(input(&book, None, "openai/gpt-x-mini", time), "1");
    assert_eq!(input(&book, None, "gpt-x", time), "2");
}
