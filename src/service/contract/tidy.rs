//! The single steps that make one schema plain.

use super::words::{Side, Words};
use serde_json::{Map, Value, json};

type Schema = Map<String, Value>;

/// Takes null out of the alternatives: an optional field is left out, never null.
pub(super) fn without_null(schema: &mut Schema) {
    for keyword in ["anyOf", "oneOf"] {
        if let Some(Value::Array(forms)) = schema.get_mut(keyword) {
            forms.retain(|form| form["type"] != "null");
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
}

/// The one form of a list of alternatives that has no other, taken out of it.
pub(super) fn single_form(schema: &mut Schema) -> Option<Schema> {
    for keyword in ["anyOf", "oneOf", "allOf"] {
        let Some(Value::Array(forms)) = schema.get(keyword) else {
            continue;
        };
        if let [Value::Object(only)] = forms.as_slice() {
            let only = only.clone();
            schema.remove(keyword);
            return Some(only);
        }
    }
    None
}

/// Takes out what tells a client nothing, and writes a constant as a list of one.
pub(super) fn noise(schema: &mut Schema) {
    for word in ["$schema", "title", "examples"] {
        schema.remove(word);
    }
    let number = schema
        .get("type")
        .is_some_and(|kind| kind == "integer" || kind == "number");
    if number {
        schema.remove("format");
    }
    if let Some(constant) = schema.remove("const") {
        if constant.is_string() {
            schema.entry("type").or_insert_with(|| "string".into());
        }
        schema.insert("enum".to_owned(), json!([constant]));
    }
    let says_nothing = |default: &Value| match default {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    if schema.get("default").is_some_and(says_nothing) {
        schema.remove("default");
    }
    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    if schema.get("required").is_some_and(empty) {
        schema.remove("required");
    }
}

/// Says that unknown fields are refused where they are, in the word that every client knows.
pub(super) fn closed(schema: &mut Schema, side: Side) {
    let unevaluated = schema.remove("unevaluatedProperties");
    let has_forms = ["anyOf", "oneOf", "allOf"]
        .iter()
        .any(|keyword| schema.contains_key(*keyword));
    if unevaluated == Some(Value::Bool(false)) && !has_forms {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    match schema.get("additionalProperties") {
        Some(Value::Bool(true)) => {
            schema.remove("additionalProperties");
        }
        Some(Value::Bool(false)) if side == Side::Output => {
            schema.remove("additionalProperties");
        }
        _ => {}
    }
}

/// Leaves of a schema what kind of thing it is, and of an object no more than that it is one.
pub(super) fn outline(schema: &mut Schema) {
    for word in [
        "properties",
        "required",
        "additionalProperties",
        "minimum",
        "maximum",
        "format",
    ] {
        schema.remove(word);
    }
}

/// Folds alternatives that are each a list of texts into one list; false where they are not.
///
/// What is said of each value becomes part of the description.
pub(super) fn fold_enum(schema: &mut Schema, forms: &[Schema]) -> bool {
    let mut values = Vec::new();
    let mut said = Vec::new();
    for form in forms {
        let (Some("string"), Some(Value::Array(listed))) =
            (form.get("type").and_then(Value::as_str), form.get("enum"))
        else {
            return false;
        };
        values.extend(listed.iter().cloned());
        if let ([Value::String(value)], Some(Value::String(text))) =
            (listed.as_slice(), form.get("description"))
        {
            said.push(format!("`{value}`: {text}"));
        }
    }
    if !said.is_empty() {
        let own = schema.get("description").and_then(Value::as_str);
        let text: Vec<&str> = own
            .into_iter()
            .chain(said.iter().map(String::as_str))
            .collect();
        schema.insert("description".to_owned(), text.join(" ").into());
    }
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), values.into());
    true
}

/// Writes a description in one line, or as much of it as `words` asks for.
pub(super) fn description(schema: &mut Schema, words: Words) {
    let Some(Value::String(text)) = schema.remove("description") else {
        return;
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // The links of rustdoc are no use outside it.
    let text = text.replace("[`", "`").replace("`]", "`");
    let text = match words {
        Words::All | Words::OfFields => text,
        Words::Own => text
            .split_inclusive(". ")
            .next()
            .unwrap_or("")
            .trim()
            .to_owned(),
        Words::Nothing => return,
    };
    schema.insert("description".to_owned(), text.into());
}
