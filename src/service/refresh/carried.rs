//! When what the sources said was carried out last: fetching alone, as a dry run does, leaves the prices as stale as they
//! were.

use crate::pricing::sources::fetch::write_whole;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// The file, beside what the sources said.
const FILE: &str = "carried-out.json";

/// When a source's word was carried out, and where it had come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Word {
    pub(super) address: String,
    pub(super) at: Timestamp,
}

/// The file of these times.
#[derive(Debug)]
pub(super) struct Carried {
    folder: PathBuf,
}

impl Carried {
    pub(super) fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The times, by source. A file that can't be read says nothing: then everything is asked again, which costs little.
    pub(super) fn out(&self) -> BTreeMap<String, Word> {
        let read = fs::read(self.folder.join(FILE));
        let words = read
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        words.unwrap_or_default()
    }

    /// Notes that the words of these sources were carried out, whole or not at all.
    ///
    /// # Errors
    /// The file can't be written.
    pub(super) fn note(&self, words: impl IntoIterator<Item = (String, Word)>) -> io::Result<()> {
        let mut all = self.out();
        all.extend(words);
        let text = serde_json::to_vec(&all)?;
        write_whole(&self.folder.join(FILE), |mut file| {
            file.write_all(&text)?;
            Ok(file)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_stands_beside_what_was() {
        let folder = tempfile::tempdir().unwrap();
        let carried = Carried::new(folder.path().join("sources"));
        assert_eq!(carried.out(), BTreeMap::new());
        let word = |at: &str| Word {
            address: "https://example.org/".to_owned(),
            at: at.parse().unwrap(),
        };
        let (first, second) = (word("2026-11-24T08:00:00Z"), word("2026-11-25T08:00:00Z"));
        let both = ["litellm", "openrouter"].map(|name| (name.to_owned(), first.clone()));
        carried.note(both).unwrap();
        let again = [("litellm".to_owned(), second.clone())];
        carried.note(again).unwrap();
        let expected = [
            ("litellm".to_owned(), second),
            ("openrouter".to_owned(), first),
        ];
        assert_eq!(carried.out(), expected.into());
        fs::write(folder.path().join("sources").join(FILE), b"{\"litellm\":").unwrap();
        assert_eq!(carried.out(), BTreeMap::new(), "damaged");
    }
}
