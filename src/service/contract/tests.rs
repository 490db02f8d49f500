//! The schemas of types that use what schemars knows, made plain.

use super::export::{Difference, check, export};
use super::plain::plain;
use super::undescribed;
use super::words::{Side, Words};
use crate::service::testing::TOOLS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Every shape.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Shapes {
    /// A name.
    ///
    /// At most 200 characters; see [`Tier`].
    name: String,
    /// How many.
    count: Option<u64>,
    /// How urgent.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 10))]
    priority: u8,
    /// What is sold.
    tier: Option<Tier>,
    /// How it is sold.
    #[serde(default)]
    plan: Tier,
    /// What is inside.
    children: Vec<Shapes>,
    /// Free words.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(flatten)]
    counts: Counts,
    one: Counts,
    /// Any value.
    metadata: Value,
}

/// How the provider sells it.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Tier {
    /// At once.
    #[default]
    Standard,
    /// By tomorrow.
    Batch,
    Flex,
}

/// Counts.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Counts {
    /// Input tokens. Without cached ones.
    input_tokens: Option<i64>,
    /// A share.
    share: f64,
}

const fn five() -> u8 {
    5
}

fn shapes(side: Side, words: Words) -> Map<String, Value> {
    let settings = schemars::generate::SchemaSettings::draft2020_12();
    let settings = match side {
        Side::Input => settings,
        Side::Output => settings.for_serialize(),
    };
    let schema = settings.into_generator().into_root_schema_for::<Shapes>();
    plain(schema.to_value(), side, words)
}

#[test]
fn an_input_schema_is_plain() {
    let schema = shapes(Side::Input, Words::All);
    insta::assert_json_snapshot!(schema);
    let text = Value::from(schema.clone()).to_string();
    for word in [
        "$ref", "$defs", "$schema", "oneOf", "anyOf", "null", "uint", "title", "[`",
    ] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert_eq!(undescribed(&schema), Vec::<String>::new());
}

#[test]
fn a_brief_output_schema_keeps_one_sentence_for_each_outermost_field() {
    let schema = shapes(Side::Output, Words::OfFields);
    let properties = &schema["properties"];
    assert_eq!(properties["name"]["description"], "A name.");
    assert_eq!(properties["input_tokens"]["description"], "Input tokens.");
    assert_eq!(properties["one"]["type"], "object");
    assert_eq!(properties["one"].get("properties"), None);
    assert_eq!(schema.get("additionalProperties"), None);
}

#[test]
fn a_field_without_words_is_found_however_deep() {
    let schema = json!({"properties": {
        "a": {"description": "A.", "items": {"properties": {"b": {"type": "string"}}}},
        "c": {"description": "", "oneOf": [{"properties": {"d": {}}}]},
    }});
    let Value::Object(schema) = schema else {
        panic!("an object");
    };
    assert_eq!(undescribed(&schema), ["/a/items/b", "/c", "/c/oneOf/0/d"]);
}

#[test]
fn the_files_of_the_contract_are_compared_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let files = export(&TOOLS).unwrap();
    for (path, text) in &files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    assert_eq!(check(folder.path(), &TOOLS).unwrap(), []);

    let (changed, text) = files.iter().next().unwrap();
    let text = text.replace("\"version\": 1", "\"version\": 2");
    std::fs::write(folder.path().join(changed), text).unwrap();
    let missing = files.keys().nth(1).unwrap();
    std::fs::remove_file(folder.path().join(missing)).unwrap();
    std::fs::write(folder.path().join("budget/other.json"), "{}").unwrap();
    let found = check(folder.path(), &TOOLS).unwrap();
    let changed = Difference::Changed {
        path: changed.clone(),
        line: 4,
    };
    let missing = Difference::Missing(missing.clone());
    assert_eq!(
        found,
        [
            missing,
            changed,
            Difference::Stray("budget/other.json".into())
        ]
    );
}
