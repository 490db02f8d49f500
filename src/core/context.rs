//! Who and what a charge is for.

use super::name::Name;
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The tags of a charge, by name.
pub type Tags = BTreeMap<Name, Name>;

/// Who and what a charge is for; every part is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// The part of the system that spends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Name>,
    /// The kind of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_type: Option<Name>,
    /// The conversation; one counter of a `per_session` policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Name>,
    /// The task; one counter of a `per_task` policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<Name>,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Name>,
    /// The project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Name>,
    /// Free tags.
    #[serde(skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// 1 low, 5 normal, 8 high, 10 critical.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

/// How much a charge matters, 1 to 10; 10 may pass a hard limit whose policy says `critical_bypass`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "u8")]
pub struct Priority(u8);

impl Priority {
    /// The priority of a call that names none.
    pub const NORMAL: Self = Self(5);
    /// The one that a policy may let past its limit.
    pub const CRITICAL: Self = Self(10);
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u8(ReadPriority)
    }
}

struct ReadPriority;

impl Visitor<'_> for ReadPriority {
    type Value = Priority;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 1 to 10")
    }

    fn visit_u64<E: de::Error>(self, level: u64) -> Result<Priority, E> {
        u8::try_from(level)
            .ok()
            .and_then(|level| Priority::try_from(level).ok())
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(level), &self))
    }

    fn visit_i64<E: de::Error>(self, level: i64) -> Result<Priority, E> {
        match u64::try_from(level) {
            Ok(level) => self.visit_u64(level),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(level), &self)),
        }
    }
}

impl TryFrom<u8> for Priority {
    type Error = String;

    fn try_from(level: u8) -> Result<Self, String> {
        if (1..=10).contains(&level) {
            Ok(Self(level))
        } else {
            Err(format!("{level} is not a priority from 1 to 10"))
        }
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> Self {
        priority.0
    }
}
