//! All lists at once, as if each had copied one error: a quorum, and still no price changes by itself.

use crate::document::write;
use crate::entry::{Entry, dec, honest};
use crate::event::{Story, full, held_back, multiply, refresh_unchanged, widely};
use crate::ground::Ground;

/// Every story.
pub const STORIES: [Story; 9] = [
    ("all lists in another unit (10⁻⁶)", || {
        multiplied("0.000001")
    }),
    ("all lists in another unit (10⁻³)", || {
        multiplied("0.001")
    }),
    ("all lists in another unit (10³)", || multiplied("1000")),
    ("all lists at ten times the price", || multiplied("10")),
    ("all lists at a thirtieth of the price", || {
        multiplied("0.03")
    }),
    ("all lists say that it is free", || multiplied("0")),
    ("all lists have input and output swapped", || {
        each(|entry| std::mem::swap(&mut entry.input, &mut entry.output))
    }),
    (
        "all lists have an output under a tenth of the input",
        || each(|entry| entry.output.scale(dec("0.01"))),
    ),
    (
        "all lists drop a rate of the cache, a tenth of the input's",
        rate_dropped,
    ),
];

fn multiplied(factor: &str) -> String {
    let mut ground = Ground::honest();
    multiply(&mut ground, &full(), &widely(), factor);
    refresh_unchanged(&mut ground);
    came_of(&ground)
}

fn each(poison: fn(&mut Entry)) -> String {
    let mut ground = Ground::honest();
    for feed in full() {
        let mut entries = honest(feed);
        entries.iter_mut().for_each(poison);
        ground.say(feed, write(feed, &entries));
    }
    refresh_unchanged(&mut ground);
    came_of(&ground)
}

fn rate_dropped() -> String {
    let mut entry = Entry::new("xai", "grok-cached", "3", "12", "0.3");
    let model = (entry.provider.clone(), entry.model.clone());
    let mut ground = Ground::honest();
    let say = |ground: &mut Ground, entry: &Entry| {
        for feed in ["litellm", "models_dev", "genai_prices"] {
            let entries = [honest(feed), vec![entry.clone()]].concat();
            ground.say(feed, write(feed, &entries));
        }
    };
    say(&mut ground, &entry);
    ground.pass_days(1);
    ground.refresh();
    entry.cache_read = None;
    say(&mut ground, &entry);
    refresh_unchanged(&mut ground);
    held_back(&ground, &model)
}

fn came_of(ground: &Ground) -> String {
    match ground.waiting(&widely()) {
        Some(_) => held_back(ground, &widely()),
        None => ground.came_of("litellm", &widely()),
    }
}
