//! Which requests may be sent a second time, and what is answered in place of the others.

use crate::core::refusal::Refusal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

use super::peek::Id;

/// The tools that change nothing, by name.
pub(super) type ReadOnly = BTreeSet<&'static str>;

const CALL: &str = "tools/call";

#[derive(Deserialize)]
struct Request {
    params: Call,
}

#[derive(Deserialize)]
struct Call {
    name: String,
    arguments: Option<BTreeMap<String, Value>>,
}

/// Whether the request does no more when it is done twice. All but tool calls only read, or set
/// what is set already; a tool call is repeatable where the tool only reads, or where every change
/// in it carries a `request_id`, by which the ledger knows it again.
pub(super) fn is_repeatable(method: &str, line: &[u8], read_only: &ReadOnly) -> bool {
    if method != CALL {
        return true;
    }
    // What can't be read here may be read there.
    let Ok(Request { params }) = serde_json::from_slice(line) else {
        return false;
    };
    if read_only.contains(params.name.as_str()) {
        return true;
    }
    let arguments = params.arguments.unwrap_or_default();
    match arguments.get("records") {
        Some(Value::Array(records)) => records
            .iter()
            .all(|record| names_itself(record.get("request_id"))),
        _ => names_itself(arguments.get("request_id")),
    }
}

fn names_itself(request_id: Option<&Value>) -> bool {
    request_id
        .and_then(Value::as_str)
        .is_some_and(|id| !id.is_empty())
}

/// The answer to a request that was lost and can't be sent again.
pub(super) fn unavailable(id: &Id, method: &str, has_reached_none: bool) -> Value {
    if method == CALL {
        lost_call(id, has_reached_none)
    } else {
        lost_read(id, has_reached_none)
    }
}

fn lost_call(id: &Id, has_reached_none: bool) -> Value {
    let why = if has_reached_none {
        "no process that owns the budget's store has taken it, so nothing was done; call again"
    } else {
        "the process that owns the budget's store went away before it answered; the change may or \
         may not have been made. Look (list_allocations, get_budget_status), and call again with a \
         request_id if it is not there: a call with a request_id is repeated safely by itself"
    };
    let refusal = Refusal::unavailable(why).with("may_have_happened", !has_reached_none);
    json!({"jsonrpc": "2.0", "id": id, "result": {
        "resultType": "complete",
        "content": [
            {"type": "text", "text": refusal.to_string()},
            {"type": "text", "text": json!(refusal).to_string()},
        ],
        "isError": true,
    }})
}

fn lost_read(id: &Id, has_reached_none: bool) -> Value {
    let refusal = Refusal::unavailable(if has_reached_none {
        "no process that owns the budget's store has taken it; send it again"
    } else {
        "the process that owns the budget's store went away before it answered; send it again"
    });
    json!({"jsonrpc": "2.0", "id": id, "error": {
        "code": -32603, "message": refusal.message, "data": refusal,
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeatable(name: &str, arguments: &Value) -> bool {
        let line =
            json!({"id": 1, "method": CALL, "params": {"name": name, "arguments": arguments}});
        is_repeatable(CALL, line.to_string().as_bytes(), &["check_budget"].into())
    }

    #[test]
    fn reads_and_changes_that_name_themselves_are_repeatable() {
        assert!(repeatable("check_budget", &json!({})));
        assert!(repeatable("allocate_budget", &json!({"request_id": "r1"})));
        assert!(repeatable(
            "record_usage",
            &json!({"records": [{"request_id": "a"}, {"request_id": "b"}]})
        ));
        assert!(is_repeatable("resources/read", b"{}", &ReadOnly::new()));
    }

    #[test]
    fn other_changes_are_not() {
        assert!(!repeatable("allocate_budget", &json!({})));
        assert!(!repeatable("allocate_budget", &Value::Null));
        assert!(!is_repeatable(CALL, b"{", &ReadOnly::new()));
        assert!(!repeatable("allocate_budget", &json!({"request_id": ""})));
        assert!(!repeatable("allocate_budget", &json!({"request_id": null})));
        assert!(!repeatable(
            "record_usage",
            &json!({"records": [{"request_id": "a"}, {}], "request_id": "all"})
        ));
    }

    #[test]
    fn the_answer_of_a_call_is_a_tool_error_that_says_what_to_do() {
        let answer = unavailable(&json!("x"), CALL, false);
        assert_eq!(answer["id"], "x");
        assert_eq!(answer["result"]["isError"], true);
        // Clients check structured content by the tool's output schema, which no refusal meets.
        assert_eq!(answer["result"].get("structuredContent"), None);
        let refusal = answer["result"]["content"][1]["text"].as_str().unwrap();
        let refusal: Value = serde_json::from_str(refusal).unwrap();
        assert_eq!(refusal["code"], "unavailable");
        assert_eq!(refusal["details"]["may_have_happened"], true);
        let message = refusal["message"].as_str().unwrap();
        assert!(message.contains("request_id") && message.contains("list_allocations"));
        for (has_reached_none, why) in [(false, "went away"), (true, "has taken it")] {
            let answer = unavailable(&json!(2), "resources/read", has_reached_none);
            assert_eq!(answer["error"]["data"]["code"], "unavailable");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.contains(why), "{message}");
        }
    }
}
