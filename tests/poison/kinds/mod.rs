//! What is done to a source's document, kind by kind.

pub mod names;
pub mod prices;
pub mod shapes;
pub mod texts;

use crate::document::write;
use crate::entry::{Entry, Feed};

/// A kind of poison, for every source of which it makes sense.
pub struct Kind {
    /// What it is, as the table says it.
    pub name: &'static str,
    /// The sources that can have it.
    pub of: fn(Feed) -> bool,
    /// What it does to an honest document.
    pub poison: Poison,
    /// Whether it names models that are none of the honest ones, and so may have a price of their own.
    pub adds: bool,
}

/// What is poisoned.
pub enum Poison {
    /// What the document says.
    Entries(fn(Feed, &mut Vec<Entry>)),
    /// How it says so.
    Document(fn(Feed, &[Entry]) -> Vec<u8>),
}

impl Kind {
    /// The poisoned document of a source.
    pub fn document(&self, feed: Feed, mut entries: Vec<Entry>) -> Vec<u8> {
        match self.poison {
            Poison::Entries(poison) => {
                poison(feed, &mut entries);
                write(feed, &entries).into_bytes()
            }
            Poison::Document(poison) => poison(feed, &entries),
        }
    }
}

pub fn every(_: Feed) -> bool {
    true
}

const fn entries(name: &'static str, poison: fn(Feed, &mut Vec<Entry>)) -> Kind {
    Kind {
        name,
        of: every,
        poison: Poison::Entries(poison),
        adds: false,
    }
}

const fn document(name: &'static str, poison: fn(Feed, &[Entry]) -> Vec<u8>) -> Kind {
    Kind {
        name,
        of: every,
        poison: Poison::Document(poison),
        adds: false,
    }
}
