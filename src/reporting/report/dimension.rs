//! What the rows of a report can be grouped by.

use crate::core::name::Name;
use crate::reporting::rollup::Dimensions;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What the rows of a report can be grouped by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Dimension {
    /// The provider.
    Provider,
    /// The model.
    Model,
    /// The model's tier.
    Tier,
    /// The component.
    Component,
    /// The kind of work.
    TaskType,
    /// The person.
    User,
    /// The project.
    Project,
    /// Every active budget that covers the usage, and its ancestors.
    Budget,
    /// The tag of a name.
    Tag(String),
}

const NAMED: [(&str, Dimension); 8] = [
    ("provider", Dimension::Provider),
    ("model", Dimension::Model),
    ("tier", Dimension::Tier),
    ("component", Dimension::Component),
    ("task_type", Dimension::TaskType),
    ("user", Dimension::User),
    ("project", Dimension::Project),
    ("budget", Dimension::Budget),
];

impl Dimension {
    /// The value of usage; none where it has none, and for the budget, which the dimensions do not tell.
    pub fn value(&self, of: &Dimensions) -> Option<Name> {
        match self {
            Self::Provider => Some(of.provider.clone()),
            Self::Model => Some(of.model.clone()),
            Self::Tier => of.tier.map(|tier| tier.as_str().into()),
            Self::Component => of.component.clone(),
            Self::TaskType => of.task_type.clone(),
            Self::User => of.user.clone(),
            Self::Project => of.project.clone(),
            Self::Budget => None,
            Self::Tag(name) => of.tags.get(name.as_str()).cloned(),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Tag(name) = self {
            return write!(f, "tag:{name}");
        }
        let found = NAMED.iter().find(|(_, dimension)| dimension == self);
        f.write_str(found.map_or("", |(name, _)| name))
    }
}

impl FromStr for Dimension {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("tag:").filter(|name| !name.is_empty()) {
            return Ok(Self::Tag(name.to_owned()));
        }
        let found = NAMED.iter().find(|(name, _)| *name == text);
        found
            .map(|(_, dimension)| dimension.clone())
            .ok_or_else(|| {
                let names: Vec<_> = NAMED.iter().map(|(name, _)| *name).collect();
                format!("{text:?} is none of {}, tag:NAME", names.join(", "))
            })
    }
}

impl TryFrom<String> for Dimension {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Dimension> for String {
    fn from(dimension: Dimension) -> Self {
        dimension.to_string()
    }
}
