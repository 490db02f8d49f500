//! Makes schemars' schemas plain: no references, no nulls, enums as lists, nothing that only Rust knows.

use super::tidy;
use super::words::{Side, Words};
use serde_json::{Map, Value};

/// The same schema as one object without `$ref`, `$schema`, `title`, numeric `format` and null alternatives.
///
/// A type that contains itself is an object without further words where it comes again.
pub(super) fn plain(schema: Value, side: Side, words: Words) -> Map<String, Value> {
    let mut root = object(schema);
    let definitions = object(root.remove("$defs").unwrap_or_default());
    let mut plainer = Plainer {
        definitions: &definitions,
        within: Vec::new(),
        side,
    };
    let mut plain = plainer.schema(root, words);
    // What the whole is, the tool's description says.
    plain.remove("description");
    plain.entry("type").or_insert_with(|| "object".into());
    plain
}

struct Plainer<'a> {
    definitions: &'a Map<String, Value>,
    within: Vec<String>,
    side: Side,
}

impl Plainer<'_> {
    fn schema(&mut self, mut schema: Map<String, Value>, words: Words) -> Map<String, Value> {
        let Some(target) = schema.remove("$ref") else {
            return self.inlined(schema, words);
        };
        let name = target
            .as_str()
            .and_then(|target| target.strip_prefix("#/$defs/"))
            .unwrap_or_default()
            .to_owned();
        let definition = self.definitions.get(&name);
        match definition {
            Some(definition) if !self.within.contains(&name) => {
                let merged = merge(object(definition.clone()), schema);
                self.within.push(name);
                let plain = self.schema(merged, words);
                self.within.pop();
                plain
            }
            _ => {
                schema.entry("type").or_insert_with(|| "object".into());
                self.inlined(schema, words)
            }
        }
    }

    fn inlined(&mut self, mut schema: Map<String, Value>, words: Words) -> Map<String, Value> {
        tidy::without_null(&mut schema);
        if let Some(only) = tidy::single_form(&mut schema) {
            return self.schema(merge(only, schema), words);
        }
        tidy::noise(&mut schema);
        tidy::closed(&mut schema, self.side);
        self.forms(&mut schema, words);
        self.fields(&mut schema, words.within());
        for keyword in ["items", "additionalProperties"] {
            if let Some(Value::Object(inner)) = schema.get_mut(keyword) {
                let taken = std::mem::take(inner);
                *inner = self.schema(taken, words.within());
            }
        }
        if words != Words::All && words != Words::OfFields {
            tidy::outline(&mut schema);
        }
        tidy::description(&mut schema, words);
        schema
    }

    fn fields(&mut self, schema: &mut Map<String, Value>, words: Words) {
        let Some(Value::Object(properties)) = schema.get_mut("properties") else {
            return;
        };
        for property in properties.values_mut() {
            let taken = object(property.take());
            *property = self.schema(taken, words).into();
        }
    }

    fn forms(&mut self, schema: &mut Map<String, Value>, words: Words) {
        for keyword in ["oneOf", "anyOf", "allOf"] {
            let Some(Value::Array(forms)) = schema.remove(keyword) else {
                continue;
            };
            let forms: Vec<Map<String, Value>> = forms
                .into_iter()
                .map(|form| self.schema(object(form), words))
                .collect();
            if !tidy::fold_enum(schema, &forms) {
                schema.insert(keyword.to_owned(), forms.into());
            }
        }
    }
}

/// `inner` with what stands beside the reference to it laid over.
fn merge(mut inner: Map<String, Value>, beside: Map<String, Value>) -> Map<String, Value> {
    inner.extend(beside);
    inner
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        // `true` takes everything, and so does the empty schema.
        _ => Map::new(),
    }
}
