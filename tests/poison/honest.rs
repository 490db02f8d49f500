//! Honest changes, which pass.

use crate::document::write;
use crate::entry::{Entry, Feed, HISTORY, Known, Said, dec, honest, subject};
use crate::event::{Story, by_two, multiply, widely};
use crate::ground::Ground;
use tekton_budget::core::alert::AlertCause;

/// Every story.
pub const STORIES: [Story; 12] = [
    ("a cut to half by both lists that know the model", || {
        by_both("0.5", "1.5")
    }),
    ("a cut to a twentieth by both", || by_both("0.05", "0.15")),
    ("a rise by a fifth by both", || by_both("1.2", "3.6")),
    (
        "four times the price, as when a preview ends, by both",
        || by_both("4", "12"),
    ),
    (
        "a cut to half by one list today and by the other tomorrow",
        cut_in_turn,
    ),
    ("a cut to a third by three of four lists", cut_by_most),
    (
        "a cut to half by a list and by the one that one hand keeps",
        || {
            let model = subject("llm_prices", Known::ByTwo);
            let mut ground = Ground::honest();
            multiply(&mut ground, &["litellm", "llm_prices"], &model, "0.5");
            passes(&mut ground, &model, "1.5")
        },
    ),
    ("a new model by two lists", || {
        let new = ("xai".to_owned(), "grok-new".to_owned());
        let mut ground = Ground::honest();
        add(
            &mut ground,
            &["genai_prices", "llm_prices"],
            &Entry::of(&new, "1", "5"),
        );
        passes(&mut ground, &new, "1")
    }),
    (
        "a new model by one list, as a word that is not verified",
        || {
            let new = ("xai".to_owned(), "grok-new".to_owned());
            let mut ground = Ground::honest();
            add(&mut ground, &["models_dev"], &Entry::of(&new, "1", "5"));
            ask(&mut ground);
            ground.applied(&new)
        },
    ),
    ("a rate of the cache that two lists add", rate_added),
    (
        "a rate of the cache that both lists that said it drop",
        rate_dropped,
    ),
    ("a time that is over, which the history adds", time_added),
];

fn by_both(factor: &str, input: &str) -> String {
    let mut ground = Ground::honest();
    multiply(&mut ground, &["litellm", "models_dev"], &by_two(), factor);
    passes(&mut ground, &by_two(), input)
}

fn cut_in_turn() -> String {
    let mut ground = Ground::honest();
    multiply(&mut ground, &["litellm"], &by_two(), "0.5");
    ask(&mut ground);
    assert_eq!(ground.input(&by_two()), dec("3"));
    multiply(&mut ground, &["models_dev"], &by_two(), "0.5");
    passes(&mut ground, &by_two(), "1.5")
}

/// Two of four are no three fifths.
fn cut_by_most() -> String {
    let mut ground = Ground::honest();
    multiply(&mut ground, &["litellm", "models_dev"], &widely(), "0.3");
    ask(&mut ground);
    assert_eq!(ground.input(&widely()), dec("2"));
    multiply(&mut ground, &["genai_prices"], &widely(), "0.3");
    passes(&mut ground, &widely(), "0.6")
}

fn rate_added() -> String {
    let model = ("xai".to_owned(), "grok-uncached".to_owned());
    let mut entry = Entry::of(&model, "1", "5");
    let lists = ["litellm", "models_dev"];
    let mut ground = Ground::honest();
    add(&mut ground, &lists, &entry);
    ask(&mut ground);
    entry.cache_read = Some(Said::Rate(dec("0.1")));
    add(&mut ground, &lists, &entry);
    let told = passes(&mut ground, &model, "1");
    assert!(ground.price(&model).contains(r#""cache_read":"0.1""#));
    told
}

fn rate_dropped() -> String {
    let model = by_two();
    let mut ground = Ground::honest();
    assert!(ground.price(&model).contains("cache_read"));
    for feed in ["litellm", "models_dev"] {
        let mut entries = honest(feed);
        for entry in entries.iter_mut().filter(|entry| entry.model == model.1) {
            entry.cache_read = None;
        }
        ground.say(feed, write(feed, &entries));
    }
    let told = passes(&mut ground, &model, "3");
    assert!(!ground.price(&model).contains("cache_read"));
    told
}

fn time_added() -> String {
    let mut entries = honest(HISTORY);
    for entry in &mut entries {
        if entry.dates.0.is_some() {
            entry.dates.1 = Some("2026-11-20".to_owned());
        }
    }
    let mut ground = Ground::honest();
    let (provider, model) = subject(HISTORY, Known::Alone);
    let at = "2026-11-10T00:00:00Z".parse().unwrap();
    assert_eq!(ground.price_at(&provider, &model, at), "none");
    ground.say(HISTORY, write(HISTORY, &entries));
    ask(&mut ground);
    let price = ground.price_at(&provider, &model, at);
    assert!(price.contains(r#""input":"4""#), "{price}");
    "singlesource by `imported_history`".to_owned()
}

fn add(ground: &mut Ground, feeds: &[Feed], entry: &Entry) {
    for feed in feeds {
        let entries = [honest(feed), vec![entry.clone()]].concat();
        ground.say(feed, write(feed, &entries));
    }
}

fn ask(ground: &mut Ground) {
    ground.pass_days(1);
    ground.refresh();
}

/// Asks all again a day later: the model has that price, verified, and an alert says so where it had another.
fn passes(ground: &mut Ground, model: &(String, String), input: &str) -> String {
    let had = ground.price(model) != "none";
    ask(ground);
    assert_eq!(ground.input(model), dec(input), "{model:?}");
    assert_eq!(ground.waiting(model), None);
    let changed = |cause: &AlertCause| matches!(cause, AlertCause::PricesChanged { .. });
    let told = ground.alerts().any(|alert| changed(&alert.cause));
    assert!(told || !had, "an alert says so");
    ground.applied(model)
}
