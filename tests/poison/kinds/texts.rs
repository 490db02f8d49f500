//! Numbers that are none, or that are written so that readers differ, and what is there twice.

use super::{Kind, entries};
use crate::entry::{CONTROL, Entry, Feed, Said, dec};

/// Writes a text in place of every input: as a number where the source writes numbers, as a text where it writes texts.
fn number(feed: Feed, all: &mut [Entry], text: &str) {
    let written = if feed == "openrouter" {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    };
    raw(all, &written);
}

/// Writes this in place of every input.
fn raw(all: &mut [Entry], written: &str) {
    for entry in poisoned(all) {
        entry.input = Said::AsWritten(written.to_owned());
    }
}

/// All but the control.
fn poisoned(all: &mut [Entry]) -> impl Iterator<Item = &mut Entry> {
    all.iter_mut()
        .filter(|entry| !entry.model.starts_with(CONTROL))
}

fn is_json(feed: Feed) -> bool {
    feed != crate::entry::PAGE
}

/// Every kind.
pub const KINDS: [Kind; 20] = [
    entries("-0", |feed, all| number(feed, all, "-0")),
    entries("-0.0", |feed, all| number(feed, all, "-0.0")),
    entries("-0e5", |feed, all| number(feed, all, "-0e5")),
    entries("1E400", |feed, all| number(feed, all, "1E400")),
    entries("1e-400", |feed, all| number(feed, all, "1e-400")),
    entries("an exponent of twenty digits", |feed, all| {
        number(feed, all, "1e99999999999999999999");
    }),
    entries(
        "5e0, a price with an exponent that nobody else says",
        |feed, all| {
            let [input, output] = match feed {
                "litellm" | "openrouter" => ["5e-6", "5e-5"],
                _ => ["5e0", "5e1"],
            };
            number(feed, all, input);
            for entry in poisoned(all) {
                entry.output = match &entry.input {
                    Said::AsWritten(text) => Said::AsWritten(text.replace(input, output)),
                    said @ Said::Rate(_) => said.clone(),
                };
            }
        },
    ),
    entries("a decimal of forty digits", |feed, all| {
        number(feed, all, "0.0000000000000000000000000000000000000001");
    }),
    entries("a number of thirty digits", |feed, all| {
        number(feed, all, "100000000000000000000000000000");
    }),
    entries("NaN as a text", |_, all| raw(all, "\"NaN\"")),
    entries("NaN as it is", |_, all| raw(all, "NaN")),
    entries("Infinity as a text", |_, all| raw(all, "\"Infinity\"")),
    Kind {
        // There a text is a number's right form, in either.
        of: |feed| is_json(feed) && feed != "genai_prices",
        ..entries("a number as a text, or a text as a number", |feed, all| {
            let written = match feed {
                "openrouter" => "0.000001",
                "litellm" => "\"1e-06\"",
                _ => "\"1\"",
            };
            raw(all, written);
        })
    },
    entries("1,000", |_, all| raw(all, "\"1,000\"")),
    entries("0x1", |_, all| raw(all, "\"0x1\"")),
    entries("a digit of another script", |_, all| {
        raw(all, "\"\u{661}\"");
    }),
    Kind {
        of: is_json,
        ..entries("an object in place of the number", |_, all| {
            raw(all, "{\"usd\": 1}");
        })
    },
    entries(
        "the input there twice, the second time cheaper",
        |_, all| {
            for entry in poisoned(all) {
                let mut again = entry.input.clone();
                again.scale(dec("0.5"));
                entry.input_again = Some(again);
            }
        },
    ),
    entries(
        "the entry there twice, the second time cheaper",
        |_, all| {
            let again = halved(all);
            all.extend(again);
        },
    ),
    entries("the entry there twice, the first time cheaper", |_, all| {
        let mut first = halved(all);
        first.append(all);
        *all = first;
    }),
];

/// All but the control at half their price.
fn halved(all: &mut [Entry]) -> Vec<Entry> {
    let mut halved: Vec<Entry> = poisoned(all).map(|entry| entry.clone()).collect();
    for entry in &mut halved {
        entry.scale("0.5");
    }
    halved
}
