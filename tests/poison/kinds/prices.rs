//! Wrong prices, well written: the incidents of real price lists, and others near them.

use super::{Kind, entries};
use crate::entry::{Entry, Feed, PAGE, Said, dec};

fn scaled(all: &mut [Entry], factor: &str) {
    for entry in all {
        entry.scale(factor);
    }
}

fn has_caches(feed: Feed) -> bool {
    feed != PAGE
}

/// Every kind.
pub const KINDS: [Kind; 18] = [
    entries(
        "a price per token entered per million (10⁻⁶)",
        |_, all| {
            scaled(all, "0.000001");
        },
    ),
    entries("a price per million entered per token (10⁶)", |_, all| {
        scaled(all, "1000000");
    }),
    entries(
        "a price per thousand entered per million (10⁻³)",
        |_, all| {
            scaled(all, "0.001");
        },
    ),
    entries(
        "a price per million entered per thousand (10³)",
        |_, all| {
            scaled(all, "1000");
        },
    ),
    entries("the input alone in another unit (10⁻³)", |_, all| {
        for entry in all {
            entry.input.scale(dec("0.001"));
        }
    }),
    entries("the output alone in another unit (10³)", |_, all| {
        for entry in all {
            entry.output.scale(dec("1000"));
        }
    }),
    entries("a tenth of the price", |_, all| scaled(all, "0.1")),
    entries("ten times the price", |_, all| scaled(all, "10")),
    entries("zeros", |_, all| scaled(all, "0")),
    entries("a zero for the output", |_, all| {
        for entry in all {
            entry.output = Said::Rate(dec("0"));
        }
    }),
    entries("input and output swapped", |_, all| {
        for entry in all {
            std::mem::swap(&mut entry.input, &mut entry.output);
        }
    }),
    entries("a stale entry: an older price, twice as dear", |_, all| {
        scaled(all, "2");
    }),
    entries("another region's price, a tenth dearer", |_, all| {
        scaled(all, "1.1");
    }),
    entries("a price below zero", |_, all| scaled(all, "-1")),
    entries("an output under a tenth of the input", |_, all| {
        for entry in all {
            entry.output.scale(dec("0.01"));
        }
    }),
    Kind {
        of: has_caches,
        ..entries("a cache read over the input", |_, all| {
            for entry in all {
                entry.cache_read = Some(entry.input.clone());
                entry.prices().last().unwrap().scale(dec("1.5"));
            }
        })
    },
    entries("a cut in half that nobody else knows", |_, all| {
        scaled(all, "0.5");
    }),
    entries("a rise of a fifth that nobody else knows", |_, all| {
        scaled(all, "1.2");
    }),
];
