//! JSON objects of which each member is named once and read from its text.
//!
//! A member that is named twice has no one meaning: which of the two counts differs from reader to reader, and so a wrong price
//! could hide behind a right one.

use crate::idle::breathe;
use rustc_hash::FxHashSet;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The members of an object in their order, not read yet.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A member's name, borrowed where it needs no unescaping.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Cow<'de, str>;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Reading).map(Self)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Members<'de>;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    breathe();
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reading)
    }
}

/// Reads the members of an object, each named once.
pub(crate) fn object(text: &str) -> Result<Members<'_>, String> {
    let members: Members<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match members.repeated().into_iter().next() {
        Some(name) => Err(format!("{name:?} is there twice")),
        None => Ok(members),
    }
}

/// Reads the members of an object; those that are named more than once are left out, and their names given.
pub(crate) fn entries(text: &str) -> Result<(Members<'_>, Vec<String>), String> {
    let mut members: Members<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let repeated = members.repeated();
    if !repeated.is_empty() {
        let known: FxHashSet<&str> = repeated.iter().map(|name| &**name).collect();
        members.0.retain(|(name, _)| !known.contains(&**name));
    }
    let names = repeated.into_iter().map(Cow::into_owned).collect();
    Ok((members, names))
}

/// What an object calls itself, where it can be read and does.
pub(crate) fn id_of<'a>(read: &Result<Members<'a>, String>) -> Option<Cow<'a, str>> {
    read.as_ref().ok()?.text("id").ok().flatten()
}

impl<'a> Members<'a> {
    fn repeated(&self) -> Vec<Cow<'a, str>> {
        let mut seen = FxHashSet::default();
        let mut known = FxHashSet::default();
        let mut repeated = Vec::new();
        for (name, _) in &self.0 {
            if !seen.insert(&**name) && known.insert(&**name) {
                repeated.push(name.clone());
            }
        }
        repeated
    }

    /// Every member.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// The member of that name; none where it is null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.0.iter().find(|(own, _)| own == name)?;
        (value.get() != "null").then_some(*value)
    }

    /// The text of that name.
    pub(crate) fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, String> {
        let Some(raw) = self.get(name) else {
            return Ok(None);
        };
        let Name(text) =
            serde_json::from_str(raw.get()).map_err(|_| format!("{name:?} is not a text"))?;
        Ok(Some(text))
    }

    /// The text of that name, which must be there.
    pub(crate) fn needed_text(&self, name: &str) -> Result<Cow<'a, str>, String> {
        self.text(name)?.ok_or_else(|| format!("has no {name:?}"))
    }

    /// The list of that name, its items not read yet.
    pub(crate) fn list(&self, name: &str) -> Result<Option<Vec<&'a RawValue>>, String> {
        let read = |raw: &'a RawValue| {
            serde_json::from_str(raw.get()).map_err(|_| format!("{name:?} is not a list"))
        };
        self.get(name).map(read).transpose()
    }

    /// The object of that name.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Members<'a>>, String> {
        let read = |raw: &'a RawValue| {
            object(raw.get()).map_err(|error| format!("{name:?} is not as it should be: {error}"))
        };
        self.get(name).map(read).transpose()
    }

    /// Whether it is the word true.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|raw| raw.get() == "true")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_is_there_twice_has_no_meaning() {
        let wrong = object(r#"{"a": 1, "b": 2, "a": 3}"#).unwrap_err();
        assert!(wrong.contains("\"a\" is there twice"), "{wrong}");
        // Written another way, it is the same name.
        assert!(object(r#"{"a": 1, "\u0061": 3}"#).is_err());
        let (members, repeated) = entries(r#"{"a": 1, "b": 2, "a": 3, "a": 4}"#).unwrap();
        assert_eq!(repeated, ["a"]);
        assert_eq!(
            members.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["b"]
        );
    }

    #[test]
    fn members_are_read_as_what_they_are() {
        let members = object(r#"{"t": "x\u0041", "n": 7, "l": [1], "o": {"b": true}, "z": null}"#);
        let members = members.unwrap();
        assert_eq!(members.text("t").unwrap().as_deref(), Some("xA"));
        assert!(members.text("n").is_err() && members.list("t").is_err());
        assert_eq!(members.text("z"), Ok(None));
        assert_eq!(members.list("l").unwrap().unwrap().len(), 1);
        assert!(members.object("o").unwrap().unwrap().is_true("b"));
        assert!(members.needed_text("gone").is_err());
        assert!(object("[]").is_err() && object("{\"a\": ").is_err());
    }
}
