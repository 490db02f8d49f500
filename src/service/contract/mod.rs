//! The published contract of a tool: what every face and `tools/*/*.json` say of it.

pub mod export;
mod plain;
mod tidy;
mod words;

use super::operation::{Effect, Tool};
use crate::core::role::Role;
use serde::Serialize;
use serde_json::{Map, Value};
use words::{Side, Words};

/// The version of the contract that every tool is published under.
pub const VERSION: u32 = 1;

/// The hints of the protocol on what a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the protocol has four independent hints"
)]
pub struct Annotations {
    /// It changes nothing.
    pub read_only_hint: bool,
    /// It may end, take away or write over what others use.
    pub destructive_hint: bool,
    /// Calling it again with the same arguments changes nothing more.
    pub idempotent_hint: bool,
    /// It reaches outside this machine.
    pub open_world_hint: bool,
}

impl Annotations {
    /// The hints of a tool.
    pub fn of(tool: &Tool) -> Self {
        let effect = tool.contract.effect;
        Self {
            read_only_hint: effect == Effect::Reads,
            destructive_hint: matches!(effect, Effect::Overwrites | Effect::Ends),
            // Of the others a call is so only by its `request_id`, which it need not have.
            idempotent_hint: matches!(effect, Effect::Reads | Effect::Ends),
            open_world_hint: tool.contract.open_world,
        }
    }
}

/// The schema of a tool's arguments, plain enough for every client.
pub fn input_schema(tool: &Tool) -> Map<String, Value> {
    plain::plain((tool.input_schema)().to_value(), Side::Input, Words::All)
}

/// The schema of a tool's structured result, with a description of every field.
pub fn output_schema(tool: &Tool) -> Map<String, Value> {
    plain::plain((tool.output_schema)().to_value(), Side::Output, Words::All)
}

/// The same in outline: its outermost fields, each with its type and a sentence.
///
/// It is what a client's model reads with every conversation, so it is short; what is within those fields, the results
/// show and the published contract says.
pub fn brief_output_schema(tool: &Tool) -> Map<String, Value> {
    plain::plain(
        (tool.output_schema)().to_value(),
        Side::Output,
        Words::OfFields,
    )
}

/// The tools that a role may call, in the order of their toolsets and then as declared.
pub fn allowed(tools: &'static [Tool], role: Role) -> Vec<&'static Tool> {
    let mut allowed: Vec<&Tool> = tools
        .iter()
        .filter(|tool| tool.contract.role <= role)
        .collect();
    allowed.sort_by_key(|tool| tool.contract.toolset);
    allowed
}

/// The fields of a schema, however deep, that have no description: `path` of each.
pub fn undescribed(schema: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    look_for_undescribed(schema, "", &mut found);
    found
}

fn look_for_undescribed(schema: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    if let Some(Value::Object(properties)) = schema.get("properties") {
        for (name, property) in properties {
            let path = format!("{path}/{name}");
            if property["description"].as_str().is_none_or(str::is_empty) {
                found.push(path.clone());
            }
            if let Some(property) = property.as_object() {
                look_for_undescribed(property, &path, found);
            }
        }
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(Value::Object(inner)) = schema.get(keyword) {
            look_for_undescribed(inner, &format!("{path}/{keyword}"), found);
        }
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        let Some(Value::Array(forms)) = schema.get(keyword) else {
            continue;
        };
        for (index, form) in forms.iter().enumerate() {
            if let Some(form) = form.as_object() {
                look_for_undescribed(form, &format!("{path}/{keyword}/{index}"), found);
            }
        }
    }
}

#[cfg(test)]
mod tests;
