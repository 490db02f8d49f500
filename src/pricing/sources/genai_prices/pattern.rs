//! How genai-prices says which names mean a model.

use serde::Deserialize;

/// One rule, or several together. Names are compared in lower case.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pattern {
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    /// Not followed: almost all of these only allow any date at the end, which resolving names does too.
    Regex(#[expect(dead_code, reason = "a part of the format")] String),
    Or(Vec<Pattern>),
    And(Vec<Pattern>),
}

impl Pattern {
    /// Whether it means such a name, in lower case.
    pub(crate) fn takes(&self, name: &str) -> bool {
        match self {
            Self::Equals(whole) => whole.to_lowercase() == name,
            Self::StartsWith(start) => name.starts_with(&start.to_lowercase()),
            Self::EndsWith(end) => name.ends_with(&end.to_lowercase()),
            Self::Contains(part) => name.contains(&part.to_lowercase()),
            Self::Regex(_) => false,
            Self::Or(any) => any.iter().any(|pattern| pattern.takes(name)),
            Self::And(all) => all.iter().all(|pattern| pattern.takes(name)),
        }
    }

    /// The names that it spells out.
    pub(crate) fn spelled_out(&self) -> Vec<&str> {
        match self {
            Self::Equals(whole) => vec![whole],
            Self::Or(any) => any.iter().flat_map(Self::spelled_out).collect(),
            _ => vec![],
        }
    }
}
