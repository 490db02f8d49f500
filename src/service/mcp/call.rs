//! `tools/call`: from the request to the operation, and from its answer to the result.

use super::ask::{ByRounds, by_request, by_rounds, can_ask};
use super::client::Client;
use super::progress::Reporter;
use super::wire::ArgumentsText;
use crate::core::refusal::Refusal;
use crate::service::arguments::Arguments;
use crate::service::contract::allowed;
use crate::service::nearest::nearest;
use crate::service::operation::{Answer, AskPerson, Call, Progress, Tool};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, InputRequiredResult,
    JsonObject, ProtocolVersion,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

type Outcome = Result<Answer<Value>, Refusal>;

/// Runs the tool that the request names.
///
/// # Errors
/// `-32602` where there is no such tool. All else that goes wrong is a result that says so.
pub(super) async fn call(
    client: &Client,
    mut request: CallToolRequestParams,
    mut context: RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let tool = client
        .tool(&request.name)
        .ok_or_else(|| unknown(client, &request.name))?;
    let version = context.protocol_version();
    let arguments = arguments(request.arguments.take(), &mut context);
    let reporter = context
        .meta
        .get_progress_token()
        .map(|token| Reporter::new(context.peer.clone(), token));
    let rounds = (can_ask(&context) && by_rounds(version.as_ref()))
        .then(|| Arc::new(ByRounds::new(&mut request)));
    let ask = match &rounds {
        Some(rounds) => Some(Arc::clone(rounds) as Arc<dyn AskPerson>),
        None => can_ask(&context).then(|| by_request(context.peer.clone(), client.ended.clone())),
    };
    let call = Call {
        caller: client.caller.clone(),
        progress: reporter
            .as_ref()
            .map_or_else(Progress::default, Reporter::progress),
        ask,
    };
    let outcome = tokio::select! {
        biased;
        // Dropping the operation cancels it; nobody waits for this error.
        () = context.ct.cancelled() => return Err(ErrorData::internal_error("cancelled", None)),
        outcome = run(client, tool, call, arguments) => outcome,
        question = question(rounds.as_deref()) => return Ok(question.into()),
    };
    if let Some(reporter) = reporter {
        reporter.finish().await;
    }
    Ok(result(outcome, version.as_ref()).into())
}

fn unknown(client: &Client, name: &str) -> ErrorData {
    let shown: String = name.chars().take(100).collect();
    let known = allowed(client.tools, client.caller.role);
    let near = nearest(name, known.into_iter().map(|tool| tool.contract.name));
    let hint = if near.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", near.join(" or "))
    };
    ErrorData::invalid_params(format!("there is no tool {shown:?}{hint}"), None)
}

fn arguments(taken: Option<JsonObject>, context: &mut RequestContext<RoleServer>) -> Arguments {
    match context.extensions.remove::<ArgumentsText>() {
        Some(ArgumentsText(text)) if &*text != "null" => Arguments::Text(text),
        _ => Arguments::Value(Value::Object(taken.unwrap_or_default())),
    }
}

/// Runs the operation; a panic in it is a refusal, as the client would wait for ever otherwise.
async fn run(client: &Client, tool: &Tool, call: Call, arguments: Arguments) -> Outcome {
    let mut running = pin!(tool.run(Arc::clone(&client.service), call, arguments));
    std::future::poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context))).unwrap_or_else(|_| {
            tracing::error!(tool = tool.contract.name, "an operation panicked");
            let why =
                "the server failed at this; it is in its log, and what was recorded before is safe";
            Poll::Ready(Err(Refusal::unavailable(why)))
        })
    })
    .await
}

async fn question(rounds: Option<&ByRounds>) -> InputRequiredResult {
    match rounds {
        Some(rounds) => rounds.question().await,
        None => std::future::pending().await,
    }
}

fn result(outcome: Outcome, version: Option<&ProtocolVersion>) -> CallToolResult {
    let (text, content, is_error) = match outcome {
        Ok(answer) => (answer.text, answer.content, false),
        Err(refusal) => (refusal.to_string(), for_programs(refusal), true),
    };
    let mut blocks = vec![ContentBlock::text(text)];
    // Structured content came with 2025-06-18; a client from before finds the same as text. So does every client
    // of a refusal: some check structured content by the tool's output schema even there, and show what it lacks in
    // place of what is wrong.
    let as_text = version.is_some_and(|version| *version < ProtocolVersion::V_2025_06_18);
    if is_error || as_text {
        blocks.push(ContentBlock::text(content.to_string()));
    }
    if is_error {
        return CallToolResult::error(blocks);
    }
    let mut result = CallToolResult::success(blocks);
    result.structured_content = Some(content);
    result
}

fn for_programs(refusal: Refusal) -> Value {
    json!({
        "code": refusal.code.as_str(),
        "message": refusal.message,
        "details": Value::Object(refusal.details),
    })
}
