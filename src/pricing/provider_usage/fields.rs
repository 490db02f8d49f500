//! Reads the members of a provider's object, and refuses what can't be by its path.

use crate::core::price::ServiceTier;
use crate::core::quantity::{COUNT_MOST, Usd};
use crate::core::refusal::{Refusal, clipped};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// One object of what a provider sent, and where it stands.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    path: String,
    object: &'a Map<String, Value>,
}

/// A count as it was read: nothing where it was left out, and where it stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Count {
    value: Option<u64>,
    path: String,
}

impl Count {
    /// The count, nothing being none.
    pub(super) fn or_zero(&self) -> u64 {
        self.value.unwrap_or(0)
    }

    /// The count without so many that are told elsewhere.
    pub(super) fn less(mut self, many: u64) -> Self {
        self.value = self.value.map(|value| value.saturating_sub(many));
        self
    }

    pub(super) const fn given(&self) -> Option<u64> {
        self.value
    }

    /// Refuses it for what it expects.
    pub(super) fn refuse(&self, expects: &str) -> Refusal {
        Refusal::invalid(&self.path, format!("{expects}; got {}", self.or_zero()))
    }

    /// Says in the log that it is not what the parts make; the usage is taken all the same, for it was spent.
    pub(super) fn doubt(&self, expected: u64) {
        tracing::warn!(
            field = self.path,
            given = self.or_zero(),
            expected,
            "the total of a usage is not what its parts make; the dearer reading counts"
        );
    }

    /// What is left of it without its parts.
    ///
    /// # Errors
    /// Names the part that is more than what is left of it.
    pub(super) fn without(&self, parts: &[&Self]) -> Result<u64, Refusal> {
        let mut rest = self.or_zero();
        for part in parts {
            rest = rest.checked_sub(part.or_zero()).ok_or_else(|| {
                let whole = self.or_zero();
                part.refuse(&format!(
                    "at most {rest}, what {} of {whole} leaves, for it is a part of that",
                    self.path
                ))
            })?;
        }
        Ok(rest)
    }
}

impl<'a> Fields<'a> {
    pub(super) fn new(path: &str, value: &'a Value) -> Result<Self, Refusal> {
        let object = value.as_object().ok_or_else(|| {
            Refusal::invalid(
                path,
                "the provider's own usage object, or its whole response",
            )
        })?;
        Ok(Self {
            path: path.to_owned(),
            object,
        })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The first of these members that is there and not null.
    fn first(&self, names: &[&str]) -> Option<(String, &'a Value)> {
        names.iter().find_map(|name| {
            let value = self.object.get(*name).filter(|value| !value.is_null())?;
            Some((format!("{}.{name}", self.path), value))
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.first(&[name]).is_some()
    }

    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        self.first(names).is_some()
    }

    /// The names of all its members.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.object.keys().map(String::as_str)
    }

    pub(super) fn text(&self, names: &[&str]) -> Option<&'a str> {
        self.first(names)?.1.as_str()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.object.get(name).and_then(Value::as_bool) == Some(true)
    }

    /// The object under the first of these names; none where it is something else.
    pub(super) fn object(&self, names: &[&str]) -> Option<Self> {
        let (path, value) = self.first(names)?;
        let object = value.as_object()?;
        Some(Self { path, object })
    }

    /// The objects of the list under the first of these names.
    pub(super) fn objects(&self, names: &[&str]) -> Vec<Self> {
        let Some((path, Value::Array(list))) = self.first(names) else {
            return vec![];
        };
        let numbered = list.iter().enumerate();
        numbered
            .filter_map(|(index, value)| {
                let object = value.as_object()?;
                let path = format!("{path}[{index}]");
                Some(Self { path, object })
            })
            .collect()
    }

    /// How many elements the list under that name has.
    pub(super) fn list_length(&self, name: &str) -> u64 {
        let list = self.object.get(name).and_then(Value::as_array);
        list.map_or(0, |list| u64::try_from(list.len()).unwrap_or(u64::MAX))
    }

    /// The count under the first of these names that is there.
    ///
    /// # Errors
    /// `invalid_argument` that names it, where it is not a whole number within bounds.
    pub(super) fn count(&self, names: &[&str]) -> Result<Count, Refusal> {
        let Some((path, value)) = self.first(names) else {
            let name = names.first().copied().unwrap_or_default();
            return Ok(Count {
                value: None,
                path: format!("{}.{name}", self.path),
            });
        };
        let number = decimal(value).filter(|number| number.fract().is_zero());
        let count = number.and_then(|number| u64::try_from(number).ok());
        match count.filter(|count| *count <= COUNT_MOST) {
            Some(count) => Ok(Count {
                value: Some(count),
                path,
            }),
            None => Err(Refusal::invalid(
                &path,
                format!(
                    "a whole number from 0 to {COUNT_MOST}; got {}",
                    shown(value)
                ),
            )),
        }
    }

    /// A duration in seconds, a begun one counted whole.
    ///
    /// # Errors
    /// `invalid_argument` that names it, where it is not a number within bounds.
    pub(super) fn seconds(&self, names: &[&str]) -> Result<u64, Refusal> {
        let Some((path, value)) = self.first(names) else {
            return Ok(0);
        };
        decimal(value)
            .and_then(|number| u64::try_from(number.ceil()).ok())
            .filter(|seconds| *seconds <= COUNT_MOST)
            .ok_or_else(|| {
                Refusal::invalid(&path, format!("a number of seconds; got {}", shown(value)))
            })
    }

    /// An amount in dollars.
    ///
    /// # Errors
    /// `invalid_argument` that names it, where it is not an amount from 0 up.
    pub(super) fn usd(&self, names: &[&str]) -> Result<Option<Usd>, Refusal> {
        let Some((path, value)) = self.first(names) else {
            return Ok(None);
        };
        let amount = decimal(value).map(Usd::new);
        let most = Decimal::from(crate::core::quantity::USD_MOST);
        amount
            .filter(|usd| !usd.is_negative() && usd.amount() <= most)
            .map(Some)
            .ok_or_else(|| {
                Refusal::invalid(&path, format!("an amount of dollars; got {}", shown(value)))
            })
    }
}

/// A JSON number, by the text that it is written as.
fn decimal(value: &Value) -> Option<Decimal> {
    let Value::Number(number) = value else {
        return None;
    };
    let text = number.to_string();
    Decimal::from_str_exact(&text)
        .or_else(|_| Decimal::from_scientific(&text))
        .ok()
}

/// The service tier that a provider's word means; none for a word that is not known.
pub(super) fn tier(word: &str) -> Option<ServiceTier> {
    let word = word.to_ascii_lowercase();
    Some(match word.as_str() {
        "standard" | "default" | "auto" | "on_demand" | "scale" | "performance" => {
            ServiceTier::Standard
        }
        "batch" => ServiceTier::Batch,
        "flex" | "on_demand_flex" => ServiceTier::Flex,
        "priority" | "on_demand_priority" => ServiceTier::Priority,
        _ => return None,
    })
}

impl Count {
    /// Another count in the same place.
    pub(super) fn holding(&self, value: u64) -> Self {
        Self {
            value: Some(value),
            path: self.path.clone(),
        }
    }
}

/// A value as a refusal shows it.
fn shown(value: &Value) -> String {
    clipped(&value.to_string())
}
