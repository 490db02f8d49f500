//! Tries every kind at every source.

use crate::entry::{FEEDS, Feed, HISTORY, Known, PAGE, honest, subject};
use crate::ground::{Ground, PricesOverTime};
use crate::kinds::Kind;
use crate::table::{Finding, Table};
use std::collections::BTreeSet;

/// Words of which one has to be said of a poison.
const SEEN: [&str; 5] = ["held back", "rejected", "outvoted", "left out", "reported"];

/// What every honest source's models come to.
pub fn check_honest(ground: &Ground) {
    for feed in FEEDS {
        let left_out = ground.left_out(feed);
        assert!(left_out.is_empty(), "{feed}: {left_out:?}");
        let prices = Known::ALL.map(|known| ground.price(&subject(feed, known)));
        let expected = match feed {
            // One light source beside a full one is no quorum, and alone it is not heard; the history has no word about
            // the present.
            PAGE | HISTORY => ["Verified", "SingleSource", "none"],
            _ => ["Verified", "Verified", "SingleSource"],
        };
        for (price, expected) in prices.iter().zip(expected) {
            assert!(price.contains(expected), "{feed}: {price} for {expected}");
        }
    }
}

/// Every kind at every source, with what came of its word for a model that is known widely, by two, and by it alone.
pub fn told_by_models(kinds: &[Kind]) -> Table {
    let findings = each(kinds, |ground, feed| {
        let cell = |known| {
            let model = subject(feed, known);
            let came = ground.came_of(feed, &model);
            // Of two that contradict each other the one that says the present price keeps it; neither is wrong yet.
            let balanced = came == "undecided" && known == Known::ByTwo;
            if !balanced && !SEEN.iter().any(|word| came.starts_with(word)) {
                return Err(format!("is not seen at {model:?}: {came}"));
            }
            if came.starts_with("held back") && !ground.is_told(&model) {
                return Err(format!("raises no alert about {model:?}"));
            }
            Ok(brief(&came))
        };
        Known::ALL.into_iter().map(cell).collect()
    });
    Table::of(
        "| what it says | source | of a model that all know | that one other knows | that it alone knows |",
        &findings,
    )
}

/// Every kind at every source, with what came of it as a whole.
pub fn told_by_source(kinds: &[Kind]) -> Table {
    let findings = each(kinds, |ground, feed| {
        let came = ground.came_of(feed, &subject(feed, Known::Widely));
        let left_out: BTreeSet<_> = ground.left_out(feed).iter().map(|why| brief(why)).collect();
        let told = if came.starts_with("reported") {
            if !ground.is_reported(feed) {
                return Err("raises no alert about the source".to_owned());
            }
            brief(&came)
        } else if left_out.is_empty() {
            "the others have their word, and it has its own for what is left".to_owned()
        } else {
            let why: Vec<_> = left_out.into_iter().collect();
            format!("left out: {}", why.join("; "))
        };
        Ok(vec![told])
    });
    Table::of("| what it is | source | what came of it |", &findings)
}

/// Tries every kind at every source, and tells of all that went wrong at once.
fn each(
    kinds: &[Kind],
    told: impl Fn(&Ground, Feed) -> Result<Vec<String>, String>,
) -> Vec<Finding> {
    let mut fresh = Ground::honest();
    fresh.pass_hours(24);
    let before = fresh.prices();
    let (mut findings, mut wrong) = (Vec::new(), Vec::new());
    for kind in kinds {
        for feed in FEEDS.into_iter().filter(|feed| (kind.of)(feed)) {
            let mut ground = fresh.clone();
            ground.say(feed, kind.document(feed, honest(feed)));
            ground.refresh();
            let unchanged = check(&before, &ground, kind.adds);
            match unchanged.and_then(|()| told(&ground, feed)) {
                Ok(cells) => findings.push(Finding {
                    kind: kind.name,
                    feed,
                    cells,
                }),
                Err(why) => wrong.push(format!("{} of {feed} {why}", kind.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    findings
}

/// Checks that no price is another than it was.
pub fn check(before: &PricesOverTime, ground: &Ground, may_add: bool) -> Result<(), String> {
    let after = ground.prices();
    for (model, was) in before {
        let is = &after[model];
        if is != was {
            return Err(format!("changed {model:?}\n  from {was:?}\n  to   {is:?}"));
        }
    }
    match after.keys().find(|model| !before.contains_key(*model)) {
        Some(new) if !may_add => Err(format!("added {new:?}")),
        _ => Ok(()),
    }
}

/// A reason without its particulars.
pub fn brief(came: &str) -> String {
    // Which number it is depends on the source's name for it.
    for what in [
        " is below zero",
        " is a zero with",
        " is a text where",
        " is a number where",
        " is not a number",
        " is not as it should be",
        " has an exponent",
        " has more than",
    ] {
        if let (true, Some(at)) = (came.starts_with("left out: "), came.find(what)) {
            let why = came[at..].split(": ").next().unwrap_or_default();
            return format!("left out: a price{why}");
        }
    }
    for (about, particulars) in [
        ("it has changed its shape", ": "),
        ("the source contradicts itself", " on "),
        ("the source has a surer name", " for "),
    ] {
        if let Some((start, _)) = came.split_once(&format!("{about}{particulars}")) {
            return format!("{start}{about}");
        }
    }
    came.to_owned()
}
