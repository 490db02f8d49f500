mod openai;
mod own;
mod refusals;

use super::*;
use serde_json::json;

fn counts(named: &[(&str, u64)]) -> Counts {
    let mut object = serde_json::Map::new();
    for (name, count) in named {
        object.insert((*name).to_owned(), json!(count));
    }
    serde_json::from_value(Value::Object(object)).unwrap()
}

/// A usage object is taken with these counts, and one call.
fn takes(hint: Option<&str>, usage: &Value, shape: Shape, named: &[(&str, u64)]) -> TakenUsage {
    let taken = parse(hint, None, usage).unwrap_or_else(|refusal| panic!("{refusal}\n{usage}"));
    let mut expected = counts(named);
    expected.requests = expected.requests.max(1);
    assert_eq!(taken.counts, expected, "{usage}");
    assert_eq!(taken.shape, shape, "{usage}");
    taken
}

fn refuses(hint: Option<&str>, usage: &Value, field: &str) {
    let refusal = parse(hint, None, usage).expect_err(&usage.to_string());
    assert_eq!(refusal.details["field"], field, "{refusal}");
}
