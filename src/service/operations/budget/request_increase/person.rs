//! The question to the person behind the client, where the configuration leaves the answer to them.

use crate::core::alert::MeterKey;
use crate::core::command::{AnsweredIncrease, RequestIncrease};
use crate::core::decide::check_increase;
use crate::core::event::Request;
use crate::core::refusal::Refusal;
use crate::core::state::State;
use crate::core::tally::Tally;
use crate::service::Desk;
use crate::service::caller::Approvals;
use crate::service::operation::{Call, Question, Reply};
use crate::service::wire::amounts::Amounts;
use crate::service::wire::verdict::name_of;
use serde_json::{Map, Value, json};

/// The most characters that are kept of what the person has to say.
const NOTE_MOST: usize = 1000;
/// The answers.
const GRANT: &str = "grant";
const DECLINE: &str = "decline";
/// The person's name in the audit trail where the configuration does not give one.
const NAMELESS: &str = "person";

/// The person's answer; none where it is an admin's to give, the person gave none, or the request was made before.
///
/// # Errors
/// What recording the request would be refused with: the person is not asked of what can't be.
pub(super) async fn ask(
    desk: &Desk,
    call: &Call,
    wanted: &RequestIncrease,
    reason: Option<&String>,
    request: Option<&Request>,
) -> Result<Option<AnsweredIncrease>, Refusal> {
    let Some(ask) = call
        .ask
        .as_ref()
        .filter(|_| call.caller.approvals == Approvals::Person)
    else {
        return Ok(None);
    };
    if let Some(request) = request
        && desk.ledger().known(request.clone()).await?.is_some()
    {
        return Ok(None);
    }
    let (meter, question) = {
        let state = desk.state();
        let (_, meter) = check_increase(&state, wanted, reason, desk.now())?;
        let message = message(&state, call, wanted, &meter, reason);
        (meter, question(message, wanted.amount))
    };
    let (granted, note) = match ask.ask(question).await {
        Reply::Accepted(fields) => match fields.get("answer").and_then(Value::as_str) {
            Some(GRANT) => (true, note(&fields)),
            Some(DECLINE) => (false, note(&fields)),
            _ => return Ok(None),
        },
        Reply::Declined => (false, None),
        Reply::Cancelled | Reply::Unsupported => return Ok(None),
    };
    let person = call.caller.fixed.user.as_deref().unwrap_or(NAMELESS);
    Ok(Some(AnsweredIncrease {
        wanted: wanted.clone(),
        meter,
        granted,
        person: person.into(),
        note,
    }))
}

/// All that the person sees. It holds nothing that changes with use, so that it stays the same question while they
/// think, and the limit, which a grant changes: an answer given again is none to the next question.
fn message(
    state: &State,
    call: &Call,
    wanted: &RequestIncrease,
    meter: &MeterKey,
    reason: Option<&String>,
) -> String {
    let more = parts(wanted.amount).words();
    let Some(policy) = state.policy(wanted.policy) else {
        return more;
    };
    let limits = policy.limits(meter);
    let limit = Amounts::limited(limits.tally(), &limits).words();
    let scope = match meter {
        MeterKey::Window(window) if window.is_endless() => String::new(),
        MeterKey::Window(window) => format!(", until {}", window.end),
        MeterKey::Of(id) => format!(", for {id:?}"),
    };
    // Names and reasons come from others: quoted, they can't pass for a part of the question.
    format!(
        "{:?} asks for {more} more of the budget {:?} (its {} limit{scope}, is {limit}). The reason it gives: {:?}. \
         Answer with {GRANT} or {DECLINE}.",
        call.caller.actor,
        name_of(state, policy.budget),
        policy.policy.period.as_str(),
        reason.map(String::as_str).unwrap_or_default(),
    )
}

/// The parts that are asked for.
fn parts(amount: Tally) -> Amounts {
    Amounts {
        tokens: (amount.tokens != 0).then_some(amount.tokens),
        requests: (amount.requests != 0).then_some(amount.requests),
        cost_usd: (!amount.cost.is_nothing()).then_some(amount.cost),
    }
}

/// A client may show the form without the question, and hand in a form that is merely left: sending it is no consent, the
/// answer in it is.
fn question(message: String, amount: Tally) -> Question {
    let more = parts(amount).words();
    let answer = json!({
        "type": "string",
        "title": "Answer",
        "description": format!("Whether the budget gets {more} more: {GRANT} or {DECLINE}."),
        "enum": [DECLINE, GRANT],
    });
    let note = json!({
        "type": "string",
        "title": "Note",
        "description": "What to keep with the answer, if anything.",
        "maxLength": NOTE_MOST,
    });
    let schema = Map::from_iter([
        ("type".to_owned(), json!("object")),
        (
            "properties".to_owned(),
            json!({ "answer": answer, "note": note }),
        ),
        ("required".to_owned(), json!(["answer"])),
    ]);
    Question { message, schema }
}

fn note(fields: &Map<String, Value>) -> Option<String> {
    let note = fields.get("note")?.as_str()?.trim();
    (!note.is_empty()).then(|| note.chars().take(NOTE_MOST).collect())
}
