//! Which charges a budget covers.

use super::charge::Facts;
use super::context::Context;
use super::name::Name;
use super::price::ModelTier;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use wildmatch::WildMatch;

/// The values of one dimension, any of which will do; none means that the dimension is free.
///
/// On the wire they are a list, and one alone may be given as a string.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Values(Vec<String>);

impl Values {
    /// The values, without repeats.
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_unstable();
        values.dedup();
        Self(values)
    }

    /// Whether any value will do.
    pub fn is_free(&self) -> bool {
        self.0.is_empty()
    }

    /// The values, sorted.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether the value of a charge is covered; a charge without one is covered only where it is free.
    pub fn cover(&self, value: Option<&str>) -> bool {
        self.is_free() || value.is_some_and(|value| self.0.iter().any(|own| own == value))
    }

    /// The same for patterns with `*` and `?`, which are matched in whatever case: they are of names that others chose.
    pub fn cover_by_pattern(&self, value: Option<&str>) -> bool {
        self.is_free()
            || value.is_some_and(|value| self.0.iter().any(|own| matches_pattern(own, value)))
    }
}

/// Whether a name stands for others.
pub fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// Whether a name is the one that is meant, or fits it in whatever case where it is a pattern.
fn matches_pattern(own: &str, name: &str) -> bool {
    let lower = str::to_ascii_lowercase;
    own == name || is_pattern(own) && WildMatch::new(&lower(own)).matches(&lower(name))
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            // An event is as it always was; its reader takes either.
            [only] if !serializer.is_human_readable() => only.serialize(serializer),
            values => values.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a string or a list of strings")]
        enum OneOrMany {
            One(String),
            Many(Vec<String>),
        }
        Ok(match OneOrMany::deserialize(deserializer)? {
            OneOrMany::One(only) => Self::new([only]),
            OneOrMany::Many(several) => Self::new(several),
        })
    }
}

/// The charges that a budget covers: those that match every dimension that is named. An empty scope covers everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Providers.
    #[serde(skip_serializing_if = "Values::is_free")]
    pub provider: Values,
    /// Models; `*` is any text, `?` any character.
    #[serde(skip_serializing_if = "Values::is_free")]
    pub model: Values,
    /// Tiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tier: Vec<ModelTier>,
    /// Components.
    #[serde(skip_serializing_if = "Values::is_free")]
    pub component: Values,
    /// Kinds of work.
    #[serde(skip_serializing_if = "Values::is_free")]
    pub task_type: Values,
    /// People.
    #[serde(skip_serializing_if = "Values::is_free")]
    pub user: Values,
    /// Projects.
    #[serde(skip_serializing_if = "Values::is_free")]
    pub project: Values,
    /// Tags by name, with the values that are covered.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Values>,
}

impl Scope {
    /// Whether it covers some charge of this context, which may say more than is said here.
    pub fn admits(&self, context: &Context) -> bool {
        let admits = |values: &Values, fixed: &Option<Name>| {
            fixed.is_none() || values.cover(fixed.as_deref())
        };
        let tags = self.tags.iter();
        admits(&self.component, &context.component)
            && admits(&self.task_type, &context.task_type)
            && admits(&self.user, &context.user)
            && admits(&self.project, &context.project)
            && tags
                .map(|(name, values)| (values, context.tags.get(name.as_str())))
                .all(|(values, fixed)| admits(values, &fixed.cloned()))
    }

    /// Whether a charge is covered.
    pub fn covers(&self, facts: &Facts<'_>) -> bool {
        let context = facts.context;
        self.provider.cover(facts.provider)
            && (self.model.cover_by_pattern(facts.model)
                || facts.named.is_some() && self.model.cover_by_pattern(facts.named))
            && (self.tier.is_empty() || facts.tier.is_some_and(|tier| self.tier.contains(&tier)))
            && self.component.cover(context.component.as_deref())
            && self.task_type.cover(context.task_type.as_deref())
            && self.user.cover(context.user.as_deref())
            && self.project.cover(context.project.as_deref())
            && self.tags.iter().all(|(name, values)| {
                values.cover(context.tags.get(name.as_str()).map(Name::as_str))
            })
    }
}
