//! Names that look like a model's and are not its own, each at half its price: put beside the honest entries, or in their
//! place.

use super::{Kind, every};
use crate::entry::{Entry, Feed};

/// Adds every entry at half its price under another name.
fn beside(all: &mut Vec<Entry>, rename: impl Fn(&mut Entry)) {
    let mut others = all.clone();
    for entry in &mut others {
        entry.scale("0.5");
        rename(entry);
    }
    all.append(&mut others);
}

/// Adds every entry at half its price under another model's name.
fn model(all: &mut Vec<Entry>, name: impl Fn(&str) -> String) {
    beside(all, |entry| entry.model = name(&entry.model));
}

fn says_provider(feed: Feed) -> bool {
    feed != "openrouter"
}

/// A name that may be taken for another is not taken at all.
const fn alike(name: &'static str, poison: fn(Feed, &mut Vec<Entry>)) -> Kind {
    super::entries(name, poison)
}

/// A name that is another one for everybody is a model of its own.
const fn own(name: &'static str, poison: fn(Feed, &mut Vec<Entry>)) -> Kind {
    Kind {
        name,
        of: every,
        poison: super::Poison::Entries(poison),
        adds: true,
    }
}

/// Every kind.
pub const KINDS: [Kind; 23] = [
    alike("a Cyrillic о for an o", |_, all| {
        model(all, |name| name.replace('o', "\u{43e}"));
    }),
    alike("a Cyrillic о for an o, in the entry's place", |_, all| {
        for entry in all {
            entry.scale("0.5");
            entry.model = entry.model.replace('o', "\u{43e}");
        }
    }),
    alike("a Greek ο for an o", |_, all| {
        model(all, |name| name.replace('o', "\u{3bf}"));
    }),
    alike("a full-width g", |_, all| {
        model(all, |name| name.replace('g', "\u{ff47}"));
    }),
    alike("a zero-width joiner inside", |_, all| {
        model(all, |name| name.replacen('g', "g\u{200d}", 1));
    }),
    alike("a zero-width space at the end", |_, all| {
        model(all, |name| format!("{name}\u{200b}"));
    }),
    alike("a soft hyphen inside", |_, all| {
        model(all, |name| name.replacen('g', "g\u{ad}", 1));
    }),
    alike("a combining mark", |_, all| {
        model(all, |name| name.replace('o', "o\u{323}"));
    }),
    alike("a mark that turns the direction", |_, all| {
        model(all, |name| format!("\u{202e}{name}"));
    }),
    alike("another hyphen", |_, all| {
        model(all, |name| name.replace('-', "\u{2011}"));
    }),
    Kind {
        of: says_provider,
        ..alike("a Cyrillic а in the provider's name", |_, all| {
            beside(all, |entry| {
                entry.provider = entry.provider.replace('a', "\u{430}");
            });
        })
    },
    alike("blanks at the end", |_, all| {
        model(all, |name| format!("{name}  "));
    }),
    alike("a no-break space at the end", |_, all| {
        model(all, |name| format!("{name}\u{a0}"));
    }),
    alike("capital letters", |_, all| model(all, str::to_uppercase)),
    own("a zero for an o", |_, all| {
        model(all, |name| name.replace('o', "0"));
    }),
    own("an underscore for a hyphen", |_, all| {
        model(all, |name| name.replace('-', "_"));
    }),
    own("a letter more", |_, all| {
        model(all, |name| format!("{name}s"));
    }),
    own("a region in front, with a slash", |_, all| {
        model(all, |name| format!("eu/{name}"));
    }),
    own("a region in front, with a dot", |_, all| {
        model(all, |name| format!("us.{name}"));
    }),
    own("a region behind, with an at", |_, all| {
        model(all, |name| format!("{name}@eu-west-1"));
    }),
    own("a free variant", |_, all| {
        let honest = all.len();
        model(all, |name| format!("{name}:free"));
        for free in &mut all[honest..] {
            free.scale("0");
        }
    }),
    own("a date behind", |_, all| {
        model(all, |name| format!("{name}-2026-10-01"));
    }),
    own("the name of another provider", |_, all| {
        let honest = all.len();
        model(all, str::to_owned);
        for other in &mut all[honest..] {
            "acme".clone_into(&mut other.provider);
            other.model = format!("acme/{}", other.model);
        }
    }),
];
