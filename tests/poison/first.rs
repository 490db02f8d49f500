//! The first word about a model, by one source alone: nothing is known to hold it against, but for what was ever sold.

use crate::document::write;
use crate::entry::{Entry, FEEDS, Feed, HISTORY, honest};
use crate::ground::{BEGAN, Ground, PricesOverTime};
use crate::kinds::{Kind, Poison, prices, texts};
use crate::table::{Finding, Table};
use crate::trial::{brief, check};

/// Wrong prices that could be another model's right ones, and what is about an entry that is there already.
const LIKELY: [&str; 7] = [
    "a tenth of",
    "ten times",
    "stale",
    "region",
    "nobody else",
    "there twice",
    "cache read",
];

/// What came of each first word.
pub fn told() -> Table {
    let mut fresh = Ground::honest();
    fresh.pass_hours(24);
    let before = fresh.prices();
    let (mut findings, mut wrong) = (Vec::new(), Vec::new());
    let kinds = prices::KINDS.iter().chain(&texts::KINDS);
    for kind in kinds.filter(|kind| !LIKELY.iter().any(|word| kind.name.contains(word))) {
        for feed in FEEDS.into_iter().filter(|feed| (kind.of)(feed)) {
            match first_word(&fresh, &before, kind, feed) {
                Ok(came) => findings.push(Finding {
                    kind: kind.name,
                    feed,
                    cells: vec![came],
                }),
                Err(why) => wrong.push(format!("{} of {feed} {why}", kind.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Table::of(
        "| what it says of a new model | source | what came of it |",
        &findings,
    )
}

fn first_word(
    fresh: &Ground,
    before: &PricesOverTime,
    kind: &Kind,
    feed: Feed,
) -> Result<String, String> {
    let provider = if feed == "openrouter" { feed } else { "xai" };
    let model = (provider.to_owned(), "grok-unheard-of".to_owned());
    let mut new = vec![Entry::new(&model.0, &model.1, "2", "10", "0.5")];
    if feed == HISTORY {
        new[0].dates.1 = Some("2026-11-01".to_owned());
    }
    let Poison::Entries(poison) = kind.poison else {
        return Err("poisons no entry".to_owned());
    };
    poison(feed, &mut new);
    let entries = [honest(feed), new].concat();
    let mut ground = fresh.clone();
    ground.say(feed, write(feed, &entries));
    ground.refresh();
    // What is free beside a side that costs is left out: it has no price then, which is not a free one.
    let a_side = kind.name == "a zero for the output";
    check(before, &ground, a_side)?;
    for at in [BEGAN, "2026-09-01T00:00:00Z"] {
        let price = ground.price_at(&model.0, &model.1, at.parse().unwrap());
        if price != "none" && (!a_side || price.contains("output")) {
            return Err(format!("gave it the price {price}"));
        }
    }
    if ground.waiting(&model).is_some() && !ground.is_told(&model) {
        return Err("raises no alert".to_owned());
    }
    let came = brief(&ground.came_of(feed, &model));
    Ok(match ground.price(&model).as_str() {
        "none" => came,
        _ => format!("{came}; the input alone has a price"),
    })
}
