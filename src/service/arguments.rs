//! Reads a call's arguments, and says in plain words what is wrong with them.

mod strict;

use super::nearest::nearest;
use crate::core::refusal::{Refusal, clipped};
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;
use serde_path_to_error::Track;
use std::sync::Arc;
use strict::Strict;

/// Arguments as a face received them.
#[derive(Clone, Debug)]
pub enum Arguments {
    /// Already taken apart.
    Value(Value),
    /// JSON text that is known to be one whole value; read without a tree in between.
    Text(Arc<str>),
}

impl From<Value> for Arguments {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl Arguments {
    /// The typed arguments.
    ///
    /// # Errors
    /// `invalid_argument` that names the field and what it expects.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, Refusal> {
        match self {
            Self::Value(value) => read_tracked(value),
            // Keeping the path costs more than the reading itself, so only what fails is read with it.
            Self::Text(text) => {
                let mut json = serde_json::Deserializer::from_str(&text);
                T::deserialize(Strict(&mut json))
                    .or_else(|_| read_tracked(&mut serde_json::Deserializer::from_str(&text)))
            }
        }
    }
}

fn read_tracked<'de, T, D>(json: D) -> Result<T, Refusal>
where
    T: DeserializeOwned,
    D: Deserializer<'de, Error = serde_json::Error>,
{
    let mut track = Track::new();
    let json = serde_path_to_error::Deserializer::new(json, &mut track);
    T::deserialize(Strict(json)).map_err(|error| {
        let message = error.to_string();
        let message = message
            .rfind(" at line ")
            .map_or(message.as_str(), |end| &message[..end]);
        explain(&track.path().to_string(), message)
    })
}

/// serde's message in the caller's words.
fn explain(path: &str, message: &str) -> Refusal {
    if let Some((name, rest)) = named(message, "unknown field `") {
        let known = backquoted(rest);
        let expects = unknown(name, "field", "fields", &known);
        return Refusal::invalid(&join(path, name), expects).with("known", known);
    }
    if let Some((name, rest)) = named(message, "unknown variant `") {
        let known = backquoted(rest);
        let expects = unknown(name, "value", "values", &known);
        return Refusal::invalid(&field(path), expects).with("known", known);
    }
    if let Some((name, _)) = named(message, "missing field `") {
        return Refusal::invalid(&join(path, name), "is missing");
    }
    if let Some((name, _)) = named(message, "duplicate field `") {
        return Refusal::invalid(&join(path, name), "is given twice");
    }
    let wrong = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|start| message.strip_prefix(start))
        .and_then(|rest| rest.rsplit_once(", expected "));
    if let Some((got, expected)) = wrong {
        let expects = format!("expects {}, got {}", in_words(expected, got), shown(got));
        return Refusal::invalid(&field(path), expects);
    }
    if message.starts_with("data did not match any variant") {
        return Refusal::invalid(&field(path), "fits none of the forms in the schema");
    }
    if message.starts_with("recursion limit") {
        return Refusal::invalid(&field(path), "is nested too deeply");
    }
    Refusal::invalid(&field(path), clipped(message))
}

fn named<'a>(message: &'a str, start: &str) -> Option<(&'a str, &'a str)> {
    message.strip_prefix(start)?.split_once('`')
}

fn backquoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn unknown(name: &str, one: &str, many: &str, known: &[&str]) -> String {
    let name = clipped(name);
    let near = nearest(&name, known.iter().copied());
    let known = known.join(", ");
    match near.first() {
        Some(near) => {
            format!("{name:?} is not a {one} here; did you mean {near}? The {many} are {known}")
        }
        None if known.is_empty() => format!("{name:?} is not a {one} here; there are none"),
        None => format!("{name:?} is not a {one} here. The {many} are {known}"),
    }
}

fn field(path: &str) -> String {
    clipped(if path == "." { "arguments" } else { path })
}

fn join(path: &str, name: &str) -> String {
    if path == "." {
        clipped(name)
    } else if path == name || path.ends_with(&format!(".{name}")) {
        clipped(path)
    } else {
        clipped(&format!("{path}.{name}"))
    }
}

fn in_words(expected: &str, got: &str) -> String {
    match expected {
        "u64" if beyond(got) > 0.0 => format!("a whole number of at most {}", u64::MAX),
        "i64" if beyond(got) != 0.0 => format!("a whole number from {} to {}", i64::MIN, i64::MAX),
        "u64" | "u128" | "usize" => "a whole number of at least 0".to_owned(),
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        _ if expected.starts_with("struct ") || expected.starts_with("internally tagged") => {
            "an object".to_owned()
        }
        _ if expected.starts_with("nonzero ") => "a whole number above 0".to_owned(),
        _ => expected.to_owned(),
    }
}

/// A whole number that no integer of its type holds, by its size alone; else 0.
fn beyond(got: &str) -> f64 {
    let number = got.split('`').nth(1).and_then(|text| text.parse().ok());
    number
        .filter(|number: &f64| number.fract() == 0.0 && number.abs() > 9.2e18)
        .unwrap_or_default()
}

fn shown(got: &str) -> String {
    let (kind, rest) = got.split_once(' ').unwrap_or((got, ""));
    let kind = match kind {
        "map" => "an object",
        "sequence" => "a list",
        "string" => "the text",
        "integer" | "floating" => "the number",
        "boolean" => "the boolean",
        _ => return clipped(got),
    };
    let rest = rest.strip_prefix("point ").unwrap_or(rest);
    clipped(format!("{kind} {rest}").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Sample {
        model: String,
        #[serde(default)]
        input_tokens: u64,
        #[serde(default)]
        tier: Tier,
        #[serde(default)]
        records: Vec<Record>,
        #[serde(default)]
        rates: BTreeMap<Tier, u64>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Record {
        model: String,
        #[serde(default)]
        is_final: bool,
    }

    #[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Tier {
        #[default]
        Standard,
        Batch,
    }

    fn refused(text: &str) -> String {
        let from_text = Arguments::Text(text.into()).read::<Sample>().unwrap_err();
        // A tree has already forgotten what was given twice.
        if !text.contains("twice") {
            let value: Value = serde_json::from_str(text).unwrap();
            let from_value = Arguments::from(value).read::<Sample>().unwrap_err();
            assert_eq!(from_text, from_value);
        }
        from_text.message
    }

    #[test]
    fn each_mistake_is_named_with_what_is_expected() {
        let cases = [
            ("{}", "model: is missing"),
            (
                r#"{"model":"m","modle":1}"#,
                r#"modle: "modle" is not a field here; did you mean model? The fields are model, input_tokens, tier, records, rates"#,
            ),
            (
                r#"{"model":"m","input_tokens":"12"}"#,
                r#"input_tokens: expects a whole number of at least 0, got the text "12""#,
            ),
            (
                r#"{"model":"m","input_tokens":-1}"#,
                "input_tokens: expects a whole number of at least 0, got the number `-1`",
            ),
            (
                r#"{"model":"m","input_tokens":1.5}"#,
                "input_tokens: expects a whole number of at least 0, got the number `1.5`",
            ),
            (
                r#"{"model":"m","input_tokens":99999999999999999999999}"#,
                "input_tokens: expects a whole number of at most 18446744073709551615, got the number `1e+23`",
            ),
            (
                r#"{"model":"m","input_tokens":1e30}"#,
                "input_tokens: expects a whole number of at most 18446744073709551615, got the number `1e+30`",
            ),
            (
                r#"{"model":"m","input_tokens":-1e30}"#,
                "input_tokens: expects a whole number of at least 0, got the number `-1e+30`",
            ),
            (
                r#"{"model":"m","zzz":1}"#,
                r#"zzz: "zzz" is not a field here. The fields are model, input_tokens, tier, records, rates"#,
            ),
            (
                r#"{"model":"m","tier":"zzz"}"#,
                r#"tier: "zzz" is not a value here. The values are standard, batch"#,
            ),
            (
                r#"{"model":"m","input_tokens":null}"#,
                "input_tokens: expects a whole number of at least 0, got null",
            ),
            (
                r#"{"model":{},"tier":"batch"}"#,
                "model: expects a string, got an object",
            ),
            (
                r#"{"model":"m","tier":"bach"}"#,
                r#"tier: "bach" is not a value here; did you mean batch? The values are standard, batch"#,
            ),
            (
                r#"{"model":"m","records":[{"model":"a"},{"is_final":true}]}"#,
                "records[1].model: is missing",
            ),
            (
                r#"{"model":"m","records":[{"model":"a","is_final":"yes"}]}"#,
                r#"records[0].is_final: expects true or false, got the text "yes""#,
            ),
            (
                r#"{"model":"m","records":[{"model":"a","fnial":1}]}"#,
                r#"records[0].fnial: "fnial" is not a field here; did you mean is_final? The fields are model, is_final"#,
            ),
            (
                r#"{"model":"m","records":7}"#,
                "records: expects a list, got the number `7`",
            ),
            ("[]", "arguments: expects an object, got a list"),
            ("7", "arguments: expects an object, got the number `7`"),
            (r#"{"model":"m","model":"twice"}"#, "model: is given twice"),
        ];
        for (text, message) in cases {
            assert_eq!(refused(text), message, "{text}");
        }
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_fraction_or_an_exponent() {
        for (text, expected) in [
            ("1.0", 1),
            ("1e3", 1000),
            ("-0.0", 0),
            ("9007199254740992.0", 1 << 53),
        ] {
            let text = format!(r#"{{"model":"m","input_tokens":{text}}}"#);
            let value: Value = serde_json::from_str(&text).unwrap();
            for arguments in [
                Arguments::Text(text.as_str().into()),
                Arguments::from(value),
            ] {
                let read = arguments.read::<Sample>().unwrap();
                assert_eq!(read.input_tokens, expected, "{text}");
            }
        }
        assert_eq!(
            refused(r#"{"model":"m","input_tokens":-1.0}"#),
            "input_tokens: expects a whole number of at least 0, got the number `-1`"
        );
    }

    #[test]
    fn a_list_is_no_object_and_a_choice_says_its_words() {
        let cases = [
            (
                r#"{"model":"m","records":[["a",true]]}"#,
                "records[0]: expects an object, got a list",
            ),
            (
                r#"{"model":"m","tier":5}"#,
                "tier: expects one of standard, batch, got the number `5`",
            ),
            (
                r#"{"model":"m","tier":true}"#,
                "tier: expects one of standard, batch, got the boolean `true`",
            ),
            (
                r#"{"model":"m","tier":["batch"]}"#,
                "tier: expects one of standard, batch, got a list",
            ),
            (
                r#"{"model":"m","tier":{"batch":null}}"#,
                "tier: expects one of standard, batch, got an object",
            ),
            (
                r#"{"model":"m","rates":{"bach":1}}"#,
                r#"rates.bach: "bach" is not a value here; did you mean batch? The values are standard, batch"#,
            ),
            (
                r#"{"model":"m","rates":{"batch":"x"}}"#,
                r#"rates.batch: expects a whole number of at least 0, got the text "x""#,
            ),
        ];
        for (text, message) in cases {
            assert_eq!(refused(text), message, "{text}");
        }
    }

    #[test]
    fn long_and_deep_arguments_are_refused_in_short() {
        let long = format!(r#"{{"model":"m","{}":1}}"#, "x".repeat(10_000));
        assert!(refused(&long).len() < 400);
        let deep = format!(
            r#"{{"model":"m","records":{}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let refusal = Arguments::Text(deep.into()).read::<Value>().unwrap_err();
        assert!(refusal.message.ends_with("is nested too deeply"));
        assert!(refusal.message.len() < 400, "{}", refusal.message.len());
    }
}
