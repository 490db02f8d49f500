//! What is configured of the price sources: the file `prices.json` and the folder `pages` of the data directory.

mod pages;

use crate::core::price_change::{PAGES_FOLDER, SETTINGS_FILE};
use crate::pricing::sources::fetch::check_address;
use crate::pricing::sources::{self, Declaration, Source};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The most of a name, and of a reason, that is told, in characters.
const NAME_MOST: usize = 60;
const WHY_MOST: usize = 600;

/// Which sources there are, and whether they are asked in the background.
#[derive(Clone)]
pub struct Settings {
    /// Whether the prices are refreshed in the background.
    pub background: bool,
    /// Every source, in the order in which they are told of.
    pub sources: Vec<Configured>,
    /// What is configured as no source can be. It is left out, and the others serve.
    pub left_out: Vec<LeftOut>,
}

/// A source that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name; of a page that has none, its file in the folder.
    pub source: String,
    /// What is wrong with it.
    pub why: String,
}

/// A source as it is configured.
#[derive(Clone)]
pub struct Configured {
    /// The source.
    pub source: Arc<dyn Source>,
    /// Its declaration, with what is configured in place of what it declares.
    pub declaration: Arc<Declaration>,
}

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file can't be read.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file is not as it should be.
    #[error("{}: {wrong}", .path.display())]
    Wrong {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        wrong: String,
    },
}

impl SettingsError {
    /// What is wrong, and what becomes of it.
    pub fn what_to_do(&self) -> String {
        format!(
            "{self}; once it is mended, it is read at the next start of the process that owns the store"
        )
    }
}

/// `prices.json`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    refresh: Option<bool>,
    sources: Named,
}

/// What is configured of each source, not read yet; more than one where the source is named more than once.
#[derive(Default)]
struct Named(BTreeMap<String, Vec<Box<RawValue>>>);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Named;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a map of sources")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut named = Named::default();
                while let Some((name, own)) = map.next_entry::<String, Box<RawValue>>()? {
                    named.0.entry(name).or_default().push(own);
                }
                Ok(named)
            }
        }
        deserializer.deserialize_map(Reading)
    }
}

/// What is configured of one source; what is left out is as it declares.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OfSource {
    address: Option<String>,
    weight: Option<Decimal>,
    ttl_hours: Option<NonZeroU32>,
    requests_an_hour: Option<NonZeroU32>,
    asked: Option<bool>,
}

impl OfSource {
    fn read(text: &str) -> Result<Self, String> {
        let json = &mut serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(json).map_err(|error| {
            let field = error.path().to_string();
            let expects = match &*field {
                "address" => "an address, as text",
                "weight" => "a number above 0, and at most 1",
                "ttl_hours" | "requests_an_hour" => "a whole number from 1",
                "asked" => "true or false",
                _ => return format!(": {}", error.inner()),
            };
            format!(".{field}: expects {expects}")
        })
    }
}

impl Settings {
    /// The sources that come with the program, as they declare themselves, asked only by hand.
    pub fn by_hand() -> Self {
        Self {
            background: false,
            sources: sources::all().into_iter().map(Configured::of).collect(),
            left_out: Vec::new(),
        }
    }

    /// No source at all, where the settings can't be used: all that is left to do is to say so, in the background.
    pub fn unusable(error: &SettingsError) -> Self {
        let mut settings = Self {
            background: true,
            sources: Vec::new(),
            left_out: Vec::new(),
        };
        settings.leave_out(SETTINGS_FILE, &error.what_to_do());
        settings
    }

    /// Reads the settings of a data directory; `background`, where it is given, goes over what the file says. What is wrong
    /// about one source leaves that source out.
    ///
    /// # Errors
    /// [`SettingsError`]: `prices.json` can't be read, or is not of its shape.
    pub fn read(data_dir: &Path, background: Option<bool>) -> Result<Self, SettingsError> {
        let path = data_dir.join(SETTINGS_FILE);
        let file: File = match optional(&path)? {
            Some(text) if text.trim_start().is_empty() => File::default(),
            // serde would also take a list, field by field.
            Some(text) if !text.trim_start().starts_with('{') => {
                return Err(wrong(&path, "expects an object"));
            }
            Some(text) => serde_json::from_str(&text).map_err(|error| wrong(&path, error))?,
            None => File::default(),
        };
        let mut settings = Self {
            background: background.or(file.refresh).unwrap_or(true),
            ..Self::by_hand()
        };
        settings.add_pages(&data_dir.join(PAGES_FOLDER));
        for (name, own) in file.sources.0 {
            if let Err(why) = settings.configure(&name, &own) {
                let why = format!("{SETTINGS_FILE}: sources.{name}{why}");
                settings.leave_out(&name, &why);
            }
        }
        Ok(settings)
    }

    fn configure(&mut self, name: &str, own: &[Box<RawValue>]) -> Result<(), String> {
        let mut known = self.sources.iter_mut();
        let Some(known) = known.find(|known| known.declaration.name == *name) else {
            let is_known = self.left_out.iter().any(|one| one.source == *name);
            let unknown = || ": there is no source of this name".to_owned();
            return if is_known { Ok(()) } else { Err(unknown()) };
        };
        let [own] = own else {
            return Err(": is there twice".to_owned());
        };
        // serde would also take a list, field by field.
        if !own.get().starts_with('{') {
            return Err(": expects an object".to_owned());
        }
        let own = OfSource::read(own.get())?;
        known.configure(own).map_err(|error| format!(".{error}"))
    }

    /// Leaves a source out, under a name that an alert can show.
    fn leave_out(&mut self, name: &str, why: &str) {
        self.sources.retain(|known| known.declaration.name != *name);
        let shown = |c: char| if c.is_control() { '?' } else { c };
        let mut source: String = name.chars().map(shown).take(NAME_MOST).collect();
        if source.trim().is_empty() {
            source.clear();
            source.push_str("(no name)");
        }
        let why = why.chars().map(shown).take(WHY_MOST).collect();
        self.left_out.push(LeftOut { source, why });
    }

    /// The sources that are asked by themselves.
    pub fn asked(&self) -> impl Iterator<Item = &Configured> {
        self.sources
            .iter()
            .filter(|source| source.declaration.asked)
    }
}

impl Configured {
    fn of(source: Arc<dyn Source>) -> Self {
        let declaration = Arc::new(source.declaration().clone());
        Self {
            source,
            declaration,
        }
    }

    fn configure(&mut self, own: OfSource) -> Result<(), String> {
        let declared = Arc::make_mut(&mut self.declaration);
        if let Some(address) = own.address {
            check_address(&address).map_err(|error| format!("address: {error}"))?;
            declared.address = address.into();
        }
        if let Some(weight) = own.weight {
            if weight <= Decimal::ZERO || weight > Decimal::ONE {
                return Err("weight: expects more than 0, and at most 1".to_owned());
            }
            declared.weight = weight;
        }
        if let Some(hours) = own.ttl_hours {
            declared.ttl = Duration::from_hours(u64::from(hours.get()));
        }
        if let Some(requests) = own.requests_an_hour {
            declared.requests_an_hour = requests.get();
        }
        declared.asked = own.asked.unwrap_or(declared.asked);
        Ok(())
    }
}

/// A file's text. Some editors put a mark before it.
fn text(path: &Path) -> std::io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

fn optional(path: &Path) -> Result<Option<String>, SettingsError> {
    match text(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SettingsError::File {
            path: path.to_owned(),
            error,
        }),
    }
}

fn wrong(path: &Path, wrong: impl std::fmt::Display) -> SettingsError {
    SettingsError::Wrong {
        path: path.to_owned(),
        wrong: wrong.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SETTINGS_FILE), file).unwrap();
        Settings::read(folder.path(), None).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_says_nothing_and_a_mark_before_the_text_is_none_of_it() {
        assert!(read("").unwrap().background);
        assert!(read(" \n").unwrap().background);
        assert!(!read("\u{feff}{\"refresh\": false}").unwrap().background);
    }

    #[test]
    fn what_is_configured_goes_over_what_is_declared() {
        let nowhere = Settings::read(Path::new("/nowhere/at/all"), None).unwrap();
        assert!(nowhere.background, "it is on unless somebody turns it off");
        let settings = read(
            r#"{"refresh": false, "sources": {
                "litellm": {"address": "https://mirror.example.org/litellm.json", "weight": "0.5", "ttl_hours": 12},
                "llmprices.com": {"asked": true}}}"#,
        );
        let settings = settings.unwrap();
        assert!(!settings.background);
        let of = |name: &str| {
            let mut all = settings.sources.iter();
            Arc::clone(
                &all.find(|one| one.declaration.name == *name)
                    .unwrap()
                    .declaration,
            )
        };
        let litellm = of("litellm");
        assert_eq!(litellm.address, "https://mirror.example.org/litellm.json");
        assert_eq!(
            (litellm.weight, litellm.ttl),
            (Decimal::new(5, 1), Duration::from_hours(12))
        );
        assert!(of("llmprices.com").asked && !of("pretrained.ai").asked);
        assert_eq!(of("openrouter").weight, Decimal::ONE);
    }

    #[test]
    fn the_one_setting_goes_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let background = |over| Settings::read(folder.path(), over).unwrap().background;
        assert!(background(None) && !background(Some(false)));
        std::fs::write(folder.path().join(SETTINGS_FILE), r#"{"refresh": false}"#).unwrap();
        assert!(!background(None) && background(Some(true)));
    }

    #[test]
    fn what_can_not_be_is_named() {
        for (file, told) in [
            ("[]", "prices.json"),
            (r#"{"refresh": "no"}"#, "boolean"),
            (r#"{"sources": []}"#, "map"),
        ] {
            let Err(error) = read(file) else {
                panic!("{file}");
            };
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn what_is_wrong_about_one_source_leaves_that_one_out() {
        for (file, source, told) in [
            (r#"{"sources": {"litelm": {}}}"#, "litelm", "no source"),
            (
                r#"{"sources": {"litellm": {"weight": "2"}}}"#,
                "litellm",
                "sources.litellm.weight",
            ),
            (
                r#"{"sources": {"litellm": {"adress": "x"}}}"#,
                "litellm",
                "adress",
            ),
            (r#"{"sources": {"litellm": [true]}}"#, "litellm", "object"),
            (
                r#"{"sources": {"litellm": {"ttl_hours": 0}}}"#,
                "litellm",
                "sources.litellm.ttl_hours: expects a whole number from 1",
            ),
            (
                r#"{"sources": {"litellm": {"requests_an_hour": 0}}}"#,
                "litellm",
                "sources.litellm.requests_an_hour: expects a whole number from 1",
            ),
            (
                r#"{"sources": {"litellm": {"weight": true}}}"#,
                "litellm",
                "sources.litellm.weight: expects a number above 0",
            ),
            (
                r#"{"sources": {"litellm": {"weight": "0.5"}, "openrouter": {}, "litellm": {}}}"#,
                "litellm",
                "sources.litellm: is there twice",
            ),
            (
                r#"{"sources": {"litellm": {"weight": "0.5", "weight": "0.9"}}}"#,
                "litellm",
                "duplicate field `weight`",
            ),
            (
                r#"{"sources": {"litellm": {"address": "http://example.org/"}}}"#,
                "litellm",
                "sources.litellm.address",
            ),
        ] {
            let settings = read(file).unwrap();
            let [left_out] = &*settings.left_out else {
                panic!("{file}: {:?}", settings.left_out);
            };
            assert_eq!(left_out.source, source);
            assert!(left_out.why.contains(told), "{left_out:?}");
            let names: Vec<_> = settings.sources.iter().collect();
            assert!(names.iter().all(|one| one.declaration.name != source));
            assert!(names.len() + 1 >= sources::all().len(), "the others serve");
        }
    }
}
