//! Documents that are not what they were: cut off, empty, of another shape, without what they had.

use super::{Kind, document, entries};
use crate::document::write;
use crate::entry::{Entry, Feed, PAGE};

fn is_page(feed: Feed) -> bool {
    feed == PAGE
}

fn is_json(feed: Feed) -> bool {
    feed != PAGE
}

/// The document with words in place of others.
fn replaced(feed: Feed, all: &[Entry], words: &[(&str, &str)]) -> Vec<u8> {
    let mut text = write(feed, all);
    for (word, other) in words {
        text = text.replace(word, other);
    }
    text.into_bytes()
}

/// Every kind.
pub const KINDS: [Kind; 17] = [
    Kind {
        of: is_json,
        ..document("cut off in the middle", |feed, all| {
            let mut text = write(feed, all);
            text.truncate(text.len() / 2);
            text.into_bytes()
        })
    },
    Kind {
        of: is_page,
        ..document("cut off before its table ends", |feed, all| {
            let mut text = write(feed, all);
            text.truncate(text.find("grok-alone").unwrap());
            text.into_bytes()
        })
    },
    document("nothing at all", |_, _| Vec::new()),
    document("null", |_, _| b"null".to_vec()),
    document("an object without anything", |_, _| b"{}".to_vec()),
    document("a list without anything", |_, _| b"[]".to_vec()),
    document("an error in JSON", |_, _| {
        br#"{"error": {"code": 429, "message": "slow down"}}"#.to_vec()
    }),
    document("a page that says to wait", |_, _| {
        b"<!doctype html><title>Just a moment</title><p>busy</p>".to_vec()
    }),
    document("bytes that are no UTF-8", |feed, all| {
        let mut text = write(feed, all).into_bytes();
        let middle = text.len() / 2;
        text[middle] = 0xff;
        text
    }),
    Kind {
        of: is_json,
        ..document("a hundred thousand brackets", |_, _| {
            "[".repeat(100_000).into_bytes()
        })
    },
    Kind {
        of: is_json,
        ..document("something behind its end", |feed, all| {
            format!("{}\n{{\"more\": 1}}", write(feed, all)).into_bytes()
        })
    },
    document("every price under another name", |feed, all| {
        replaced(
            feed,
            all,
            &[
                ("input", "in"),
                ("output", "out"),
                ("Input", "In"),
                ("Output", "Out"),
                ("prompt", "in"),
                ("completion", "out"),
                ("cost", "price"),
            ],
        )
    }),
    Kind {
        of: is_page,
        ..document("a table that says another unit", |feed, all| {
            replaced(feed, all, &[("1M tokens", "1K tokens")])
        })
    },
    Kind {
        of: is_page,
        ..document("cells that say another unit", |feed, all| {
            replaced(feed, all, &[("</td></tr>", " / 1K tokens</td></tr>")])
        })
    },
    Kind {
        of: is_page,
        ..document("cells in another currency", |feed, all| {
            replaced(feed, all, &[("$", "€")])
        })
    },
    entries("every model left out", |_, all| all.clear()),
    entries("half of the models left out", |_, all| {
        let half = all.len() / 2;
        all.truncate(half);
    }),
];
