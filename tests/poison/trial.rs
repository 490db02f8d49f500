//! Tries every kind at every source.

use crate::entry::{FEEDS, Feed, HISTORY, Known, PAGE, honest, subject};
use crate::ground::Ground;
use crate::kinds::Kind;
use crate::table::{Finding, Table};
use std::collections::{BTreeMap, BTreeSet};

/// What every honest source's models come to.
pub fn check_honest(ground: &Ground) {
    for feed in FEEDS {
        assert!(
            ground.left_out(feed).is_empty(),
            "{feed}: {:?}",
            ground.left_out(feed)
        );
        let [widely, by_two, alone] = Known::ALL.map(|known| ground.price(&subject(feed, known)));
        assert!(widely.contains("Verified"), "{feed}: {widely}");
        match feed {
            // One light source beside a full one is no quorum, and alone it is not heard.
            PAGE => {
                assert!(by_two.contains("SingleSource"), "{feed}: {by_two}");
                assert_eq!(alone, "none");
            }
            HISTORY => assert!(by_two.contains("SingleSource"), "{feed}: {by_two}"),
            _ => {
                assert!(
                    by_two.contains("Verified") || feed == HISTORY,
                    "{feed}: {by_two}"
                );
                assert!(alone.contains("SingleSource"), "{feed}: {alone}");
            }
        }
    }
}

/// Every kind at every source, with what came of its word for a model that is known widely, by two, and by it alone.
pub fn told_by_models(kinds: &[Kind]) -> Table {
    let findings = each(kinds, |ground, kind, feed| {
        let cells = Known::ALL.map(|known| {
            let model = subject(feed, known);
            let came = ground.came_of(feed, &model);
            let seen = ["held back", "rejected", "outvoted", "left out", "reported"];
            assert!(
                seen.iter().any(|word| came.starts_with(word)),
                "{} of {feed} is not seen: {came}",
                kind.name
            );
            if came.starts_with("held back") {
                assert!(ground.is_told(&model), "{} of {feed}: no alert", kind.name);
            }
            brief(&came)
        });
        cells.to_vec()
    });
    Table::of(
        "| what it says | source | of a model that all know | that one other knows | that it alone knows |",
        &findings,
    )
}

/// Every kind at every source, with what came of it as a whole.
pub fn told_by_source(kinds: &[Kind]) -> Table {
    let findings = each(kinds, |ground, kind, feed| {
        let failed = ground.came_of(feed, &subject(feed, Known::Widely));
        let left_out: Vec<_> = ground
            .left_out(feed)
            .into_iter()
            .map(|why| brief(&why))
            .collect();
        let left_out: BTreeSet<_> = left_out.into_iter().collect();
        let told = if failed.starts_with("reported") {
            assert!(
                ground.is_reported(feed),
                "{} of {feed}: no alert",
                kind.name
            );
            brief(&failed)
        } else if !left_out.is_empty() {
            let why: Vec<_> = left_out.into_iter().collect();
            format!("left out: {}", why.join("; "))
        } else if kind.adds {
            "a model of its own".to_owned()
        } else {
            "the price stays without its word".to_owned()
        };
        vec![told]
    });
    Table::of("| what it is | source | what came of it |", &findings)
}

fn each(kinds: &[Kind], told: impl Fn(&Ground, &Kind, Feed) -> Vec<String>) -> Vec<Finding> {
    let fresh = Ground::honest();
    let mut findings = Vec::new();
    for kind in kinds {
        for feed in FEEDS.into_iter().filter(|feed| (kind.of)(feed)) {
            let mut ground = fresh.clone();
            ground.pass_hours(24);
            let before = ground.prices();
            let document = kind.document(feed, honest(feed));
            ground.say(feed, document);
            ground.refresh();
            check(&before, &ground, kind, feed);
            findings.push(Finding {
                kind: kind.name,
                feed,
                cells: told(&ground, kind, feed),
            });
        }
    }
    findings
}

/// Checks that no price is another than it was.
fn check(
    before: &BTreeMap<(String, String), Vec<String>>,
    ground: &Ground,
    kind: &Kind,
    feed: Feed,
) {
    let after = ground.prices();
    for (model, price) in before {
        assert_eq!(
            &after[model], price,
            "{} of {feed} changed {model:?}",
            kind.name
        );
    }
    if !kind.adds {
        let new: Vec<_> = after
            .keys()
            .filter(|model| !before.contains_key(*model))
            .collect();
        assert!(new.is_empty(), "{} of {feed} added {new:?}", kind.name);
    }
}

/// A reason without its particulars.
fn brief(came: &str) -> String {
    const CHANGED: &str = "it has changed its shape";
    if let Some((start, _)) = came.split_once(CHANGED) {
        return format!("{start}{CHANGED}");
    }
    if came.starts_with("the source contradicts itself") {
        return "the source contradicts itself".to_owned();
    }
    if let Some((_, why)) = came.split_once("left out: the source contradicts itself") {
        let _ = why;
        return "left out: the source contradicts itself".to_owned();
    }
    if came.starts_with("the source has a surer name") {
        return "the source has a surer name for it".to_owned();
    }
    came.to_owned()
}
