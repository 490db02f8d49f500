//! What happens over time and among many sources: each a story of its own, told in a row of a table.

use crate::entry::{Entry, FEEDS, Feed, HISTORY, Known, PAGE, honest, subject};
use crate::ground::Ground;
use crate::table::Table;

/// A story, and what came of it.
pub type Story = (&'static str, fn() -> String);

/// The table of some stories; each checks what it tells.
pub fn told(header: &'static str, stories: &[Story]) -> Table {
    let row = |(name, tell): &Story| vec![(*name).to_owned(), tell()];
    let rows = stories.iter().map(row).collect();
    Table { header, rows }
}

/// The model that all know, of whom all but one of OpenRouter's say something.
pub fn widely() -> (String, String) {
    subject("litellm", Known::Widely)
}

/// The model that litellm and models.dev know.
pub fn by_two() -> (String, String) {
    subject("litellm", Known::ByTwo)
}

/// Has sources say what they said, but for one model at a multiple of its price.
pub fn multiply(ground: &mut Ground, feeds: &[Feed], model: &(String, String), factor: &str) {
    for feed in feeds {
        let mut entries = honest(feed);
        for entry in entries.iter_mut().filter(|entry| is(entry, model)) {
            entry.scale(factor);
        }
        ground.say(feed, crate::document::write(feed, &entries));
    }
}

fn is(entry: &Entry, (provider, model): &(String, String)) -> bool {
    (&entry.provider, &entry.model) == (provider, model)
}

/// Asks all again a day later; no price may change.
pub fn refresh_unchanged(ground: &mut Ground) {
    ground.pass_days(1);
    let before = ground.prices();
    ground.refresh();
    crate::trial::check(&before, ground, false).unwrap();
}

/// What holds a model's change back, of which an alert stands.
pub fn held_back(ground: &Ground, model: &(String, String)) -> String {
    let (_, rule) = ground.waiting(model).expect("a change waits");
    assert!(ground.is_told(model), "an alert says so");
    format!("held back: `{}`", rule.as_str())
}

/// The sources with a word about the present that are not light.
pub fn full() -> Vec<Feed> {
    let light = [PAGE, HISTORY];
    let mut feeds = FEEDS.to_vec();
    feeds.retain(|feed| !light.contains(feed));
    feeds
}
