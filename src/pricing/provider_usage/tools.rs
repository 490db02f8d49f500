//! Tools that a provider runs for a model, and charges for beside the tokens.

use super::TakenUsage;
use super::fields::Fields;
use crate::core::refusal::{Refusal, clipped};

/// What OpenAI charges for by the call, the store or the session, by the type of an output.
const PAID_OUTPUTS: [&str; 3] = [
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
];

/// How many kinds of what has no price are named.
const NAMED_MOST: usize = 32;

/// Names what has no price, as far as there is room: a provider's object may name any.
pub(super) fn name_unpriced(taken: &mut TakenUsage, name: &str) {
    if taken.unpriced.len() < NAMED_MOST {
        taken.unpriced.push(clipped(name));
    }
}

/// Takes the calls of tools by name: searches of the web under one of these names, and what else was called as what has no
/// price.
pub(super) fn take_calls(
    tools: &Fields<'_>,
    searches: &[&str],
    taken: &mut TakenUsage,
) -> Result<(), Refusal> {
    for name in tools.names() {
        let calls = tools.count(&[name])?.or_zero();
        if searches.contains(&name) {
            taken.counts.web_searches = taken.counts.web_searches.saturating_add(calls);
        } else if calls > 0 {
            name_unpriced(taken, name);
        }
    }
    Ok(())
}

/// Takes the tools that a response's output tells of; opening a page that was found is no search.
pub(super) fn take_outputs(response: &Fields<'_>, taken: &mut TakenUsage) {
    let mut paid_for = Vec::new();
    for output in response.objects(&["output"]) {
        let action = output.object(&["action"]);
        let action = action.and_then(|action| action.text(&["type"]));
        match output.text(&["type"]) {
            Some("web_search_call") if action.is_none_or(|action| action == "search") => {
                taken.counts.web_searches = taken.counts.web_searches.saturating_add(1);
            }
            Some(paid) if PAID_OUTPUTS.contains(&paid) => paid_for.push(paid),
            _ => {}
        }
    }
    paid_for.sort_unstable();
    paid_for.dedup();
    for name in paid_for {
        name_unpriced(taken, name);
    }
}
