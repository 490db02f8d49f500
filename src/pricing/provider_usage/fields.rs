//! Reads the fields of a usage object, and says which one can't be taken.

use crate::core::quantity::{COUNT_MOST, USD_MOST, Usd};
use crate::core::refusal::Refusal;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Number, Value};

/// An object of a usage, and where it stands in what was given.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
}

/// A count that a field tells.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    at: &'a Fields<'a>,
    name: &'static str,
    /// How many.
    pub(super) count: u64,
}

impl Told<'_> {
    /// The count, which is a part of something.
    pub(super) fn part_of(self, most: u64, whole: &str) -> Result<u64, Refusal> {
        if self.count > most {
            let told = self.count;
            return Err(self.at.refusal(
                self.name,
                format!("expects at most {most}, what {whole} leaves for it, and is {told}"),
            ));
        }
        Ok(self.count)
    }
}

/// The count, or none where no field tells it.
pub(super) fn count_of(told: Option<Told<'_>>) -> u64 {
    told.map_or(0, |told| told.count)
}

/// A count that is a part of something, or none where no field tells it.
pub(super) fn part_of(told: Option<Told<'_>>, most: u64, whole: &str) -> Result<u64, Refusal> {
    told.map_or(Ok(0), |told| told.part_of(most, whole))
}

impl<'a> Fields<'a> {
    /// The outermost object.
    pub(super) const fn of(map: &'a Map<String, Value>) -> Self {
        Self {
            map,
            path: String::new(),
        }
    }

    /// The member of that name as it stands; null is as good as absent.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// Whether there is any member of these names.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.get(name).is_some())
    }

    /// A refusal of one field.
    pub(super) fn refusal(&self, name: &str, expects: impl std::fmt::Display) -> Refusal {
        Refusal::invalid(&format!("{}{name}", self.path), expects)
    }

    /// The text of a member, where it is one.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str)
    }

    /// An object within this one.
    pub(super) fn object(&self, name: &str) -> Result<Option<Fields<'a>>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Fields {
                map,
                path: format!("{}{name}.", self.path),
            })),
            Some(_) => Err(self.refusal(name, "expects an object")),
        }
    }

    /// The first object of these names; an empty one where there is none.
    pub(super) fn details(&self, names: &[&str]) -> Result<Fields<'a>, Refusal> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        for name in names {
            if let Some(object) = self.object(name)? {
                return Ok(object);
            }
        }
        Ok(Fields::of(&NONE))
    }

    /// The objects of a list within this one.
    pub(super) fn list(&self, name: &str) -> Result<Vec<Fields<'a>>, Refusal> {
        let items = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.refusal(name, "expects a list of objects")),
        };
        let object = |(place, item): (usize, &'a Value)| match item {
            Value::Object(map) => Ok(Fields {
                map,
                path: format!("{}{name}[{place}].", self.path),
            }),
            _ => Err(self.refusal(&format!("{name}[{place}]"), "expects an object")),
        };
        items.iter().enumerate().map(object).collect()
    }

    /// What a field counts.
    pub(super) fn count(&'a self, name: &'static str) -> Result<Option<Told<'a>>, Refusal> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let count = value
            .as_number()
            .and_then(whole)
            .filter(|count| *count <= COUNT_MOST)
            .ok_or_else(|| self.refusal(name, "expects a whole number from 0 to 10^12"))?;
        Ok(Some(Told {
            at: self,
            name,
            count,
        }))
    }

    /// What the first of these fields that is there counts; all of them must be counts.
    pub(super) fn first(&'a self, names: &[&'static str]) -> Result<Option<Told<'a>>, Refusal> {
        let mut first = None;
        for name in names {
            let told = self.count(name)?;
            first = first.or(told);
        }
        Ok(first)
    }

    /// The largest count of these fields, which are names of the same thing.
    pub(super) fn largest(&'a self, names: &[&'static str]) -> Result<Option<Told<'a>>, Refusal> {
        let mut largest = None;
        for name in names {
            largest = larger(largest, self.count(name)?);
        }
        Ok(largest)
    }

    /// A length of time, in whole seconds, begun ones included.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        value
            .as_number()
            .and_then(decimal)
            .filter(|seconds| !seconds.is_sign_negative())
            .and_then(|seconds| seconds.ceil().to_u64())
            .filter(|seconds| *seconds <= COUNT_MOST)
            .map(Some)
            .ok_or_else(|| self.refusal(name, "expects a number of seconds from 0 to 10^12"))
    }

    /// An amount of US dollars, a number or a text.
    pub(super) fn usd(&self, name: &str) -> Result<Option<Usd>, Refusal> {
        let amount = match self.get(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => decimal(number),
            Some(Value::String(text)) => exact(text.trim()),
            Some(_) => None,
        };
        amount
            .filter(|amount| !amount.is_sign_negative() && *amount <= Decimal::from(USD_MOST))
            .map(|amount| Some(Usd::new(amount)))
            .ok_or_else(|| self.refusal(name, format!("expects US dollars from 0 to {USD_MOST}")))
    }
}

/// The larger of two counts of the same thing.
pub(super) fn larger<'a>(one: Option<Told<'a>>, other: Option<Told<'a>>) -> Option<Told<'a>> {
    match (one, other) {
        (Some(one), Some(other)) if other.count > one.count => Some(other),
        (None, other) => other,
        (one, _) => one,
    }
}

/// A count; some serialisers write whole numbers as `12.0`.
fn whole(number: &Number) -> Option<u64> {
    number.as_u64().or_else(|| {
        let text = number.to_string();
        text.strip_suffix(".0")?.parse().ok()
    })
}

/// The number as it was written: the shortest text of a double is the one that the provider sent.
fn decimal(number: &Number) -> Option<Decimal> {
    exact(&number.to_string())
}

fn exact(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text)
        .or_else(|_| Decimal::from_scientific(text))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read<T>(value: &Value, read: impl Fn(&Fields<'_>) -> T) -> T {
        read(&Fields::of(value.as_object().unwrap()))
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        for (value, expected) in [(json!(7), 7), (json!(7.0), 7), (json!(0), 0)] {
            let object = json!({ "n": value });
            assert_eq!(
                read(&object, |f| f.count("n").unwrap().unwrap().count),
                expected
            );
        }
        for wrong in [json!(-1), json!(1.5), json!("7"), json!([7]), json!(1e20)] {
            let object = json!({ "n": wrong });
            let refusal = read(&object, |f| f.count("n").err().unwrap());
            assert_eq!(refusal.details["field"], "n", "{object}");
        }
        assert!(read(&json!({"n": null}), |f| f
            .count("n")
            .unwrap()
            .is_none()));
    }

    #[test]
    fn money_is_taken_from_the_text_of_the_number() {
        for (value, expected) in [
            (json!(0.1), "0.1"),
            (json!(1.4e-5), "0.000014"),
            (json!("0.30"), "0.3"),
            (json!(0.000_142_500_000_000_000_02), "0.0001425"),
            (json!(2), "2"),
        ] {
            let object = json!({ "cost": value });
            let usd = read(&object, |f| f.usd("cost").unwrap().unwrap());
            assert_eq!(usd.to_string(), expected);
        }
        for wrong in [json!(-0.1), json!("much"), json!(true), json!(1e12)] {
            assert!(read(&json!({ "cost": wrong }), |f| f.usd("cost").is_err()));
        }
    }

    #[test]
    fn begun_seconds_count() {
        for (value, expected) in [(json!(27), 27), (json!(8.47), 9), (json!(0), 0)] {
            let object = json!({ "s": value });
            assert_eq!(read(&object, |f| f.seconds("s").unwrap()), Some(expected));
        }
        assert!(read(&json!({"s": -1}), |f| f.seconds("s").is_err()));
    }

    #[test]
    fn refusals_name_the_whole_path() {
        let object = json!({"a": {"b": [{"n": -1}]}});
        let refusal = read(&object, |f| {
            let a = f.object("a").unwrap().unwrap();
            let list = a.list("b").unwrap();
            list[0].count("n").err().unwrap()
        });
        assert_eq!(refusal.details["field"], "a.b[0].n");
    }
}
