//! Takes one line apart: by its method first, so that nothing is read more often than it has to be.

use crate::service::line::{BATCH_MOST, unmarked};
use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CancelledNotification, ClientNotification,
    ClientRequest, ClientResult, ErrorCode, InitializedNotification, InputResponses, JsonObject,
    JsonRpcResponse, ProgressNotification, RequestId, RequestMetaObject,
    RootsListChangedNotification,
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// The arguments of a `tools/call` as they stand in the line; travels in the request's extensions.
#[derive(Clone, Debug)]
pub(in crate::service::mcp) struct ArgumentsText(pub(in crate::service::mcp) Arc<str>);

/// What a line holds.
#[derive(Debug)]
pub(super) enum Line {
    Empty,
    One(Message),
    Batch(Vec<Message>),
}

/// One message.
#[derive(Debug)]
pub(super) enum Message {
    Request(RequestId, Box<ClientRequest>),
    Notification(ClientNotification),
    Response(RequestId, Box<ClientResult>),
    Failure(RequestId, ErrorData),
    /// A notification that is not known or not well formed: it gets no answer.
    Nothing,
    /// What can't be taken, and the id to say so to.
    Refused(ErrorData, Option<RequestId>),
}

/// Takes a line apart.
pub(super) fn parse(line: &[u8]) -> Line {
    let line = unmarked(line);
    let text = match std::str::from_utf8(line) {
        Ok(text) => text.trim_ascii(),
        Err(error) => {
            let at = error.valid_up_to();
            return Line::One(refused(
                ErrorCode::PARSE_ERROR,
                format!("the line is not UTF-8 at byte {at}"),
            ));
        }
    };
    match text.as_bytes().first() {
        None => Line::Empty,
        Some(b'[') => batch(text),
        Some(b'{') => Line::One(message(text)),
        Some(_) => {
            let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err();
            Line::One(error.map_or_else(
                || {
                    refused(
                        ErrorCode::INVALID_REQUEST,
                        "a message is a JSON object".into(),
                    )
                },
                |error| unreadable(&error),
            ))
        }
    }
}

fn batch(text: &str) -> Line {
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(parts) if parts.is_empty() => Line::One(refused(
            ErrorCode::INVALID_REQUEST,
            "a batch has at least one message".into(),
        )),
        Ok(parts) if parts.len() > BATCH_MOST => Line::One(refused(
            ErrorCode::INVALID_REQUEST,
            format!("a batch has at most {BATCH_MOST} messages"),
        )),
        Ok(parts) => Line::Batch(parts.into_iter().map(|part| message(part.get())).collect()),
        Err(error) => Line::One(unreadable(&error)),
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// A field that is there, `null` too.
fn present<'de, D: Deserializer<'de>>(json: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(json).map(Some)
}

fn message(text: &str) -> Message {
    if !text.starts_with('{') {
        return refused(
            ErrorCode::INVALID_REQUEST,
            "a message is a JSON object".into(),
        );
    }
    let envelope: Envelope = match serde_json::from_str(text) {
        Ok(envelope) => envelope,
        Err(error) => return unreadable(&error),
    };
    let id = match envelope
        .id
        .map(|id| serde_json::from_str::<RequestId>(id.get()))
    {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) if envelope.method.is_none() => return Message::Nothing,
        Some(Err(_)) => {
            return refused(
                ErrorCode::INVALID_REQUEST,
                "id: expects a text or a whole number".into(),
            );
        }
    };
    let version = envelope.jsonrpc.and_then(string);
    if version.as_deref() != Some("2.0") {
        return Message::Refused(
            ErrorData::invalid_request("jsonrpc: expects \"2.0\"", None),
            id,
        );
    }
    match (envelope.method, envelope.result, envelope.error, id) {
        (Some(method), None, None, id) => match (string(method), id) {
            (Some(method), Some(id)) => match request(&method, text, envelope.params) {
                Ok(request) => Message::Request(id, Box::new(request)),
                Err(error) => Message::Refused(error, Some(id)),
            },
            (Some(method), None) => notification(&method, text),
            (None, id) => Message::Refused(
                ErrorData::invalid_request("method: expects a text", None),
                id,
            ),
        },
        (None, Some(_), None, Some(id)) => response(id, text),
        (None, None, Some(error), Some(id)) => serde_json::from_str(error.get())
            .map_or(Message::Nothing, |error| Message::Failure(id, error)),
        // An error without an id answers nothing that was asked.
        (None, None, Some(_), None) => Message::Nothing,
        (_, _, _, id) => Message::Refused(
            ErrorData::invalid_request("a message has one of method, result and error", None),
            id,
        ),
    }
}

fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    // Without an escape the text between the quotes is the value.
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

#[expect(
    deprecated,
    reason = "clients of a session subscribe as their protocol has it"
)]
fn request(
    method: &str,
    text: &str,
    params: Option<&RawValue>,
) -> Result<ClientRequest, ErrorData> {
    macro_rules! typed {
        ($kind:ident) => {
            serde_json::from_str::<rmcp::model::$kind>(text).map(ClientRequest::$kind)
        };
    }
    let request = match method {
        "tools/call" => tool_call(params),
        "tools/list" => typed!(ListToolsRequest),
        "initialize" => typed!(InitializeRequest),
        "server/discover" => typed!(DiscoverRequest),
        "ping" => typed!(PingRequest),
        "resources/list" => typed!(ListResourcesRequest),
        "resources/templates/list" => typed!(ListResourceTemplatesRequest),
        "resources/read" => typed!(ReadResourceRequest),
        "resources/subscribe" => typed!(SubscribeRequest),
        "resources/unsubscribe" => typed!(UnsubscribeRequest),
        "subscriptions/listen" => typed!(SubscriptionsListenRequest),
        "completion/complete" => typed!(CompleteRequest),
        "prompts/list" => typed!(ListPromptsRequest),
        "prompts/get" => typed!(GetPromptRequest),
        _ => {
            let shown: String = method.chars().take(100).collect();
            let message = format!("there is no method {shown:?}");
            return Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None));
        }
    };
    let is_object = |params: &RawValue| params.get().starts_with('{') || params.get() == "null";
    if !params.is_none_or(is_object) {
        let message = format!("{method}: params: expects an object");
        return Err(ErrorData::invalid_params(message, None));
    }
    request.map_err(|error| {
        ErrorData::invalid_params(format!("{method}: {}", without_place(&error)), None)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallParams<'a> {
    name: String,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(rename = "_meta", default)]
    meta: Option<JsonObject>,
    #[serde(default)]
    input_responses: Option<InputResponses>,
    #[serde(default)]
    request_state: Option<String>,
}

/// The call with its arguments beside it as text, which the operation's own type reads once.
fn tool_call(params: Option<&RawValue>) -> serde_json::Result<ClientRequest> {
    let taken: CallParams = serde_json::from_str(params.map_or("{}", RawValue::get))?;
    let mut params = CallToolRequestParams::new(taken.name);
    params.input_responses = taken.input_responses;
    params.request_state = taken.request_state;
    let mut call = CallToolRequest::new(params);
    if let Some(meta) = taken.meta {
        call.extensions.insert(RequestMetaObject(meta.into()));
    }
    if let Some(arguments) = taken.arguments {
        call.extensions
            .insert(ArgumentsText(arguments.get().into()));
    }
    Ok(ClientRequest::CallToolRequest(call))
}

fn notification(method: &str, text: &str) -> Message {
    macro_rules! typed {
        ($kind:ident) => {
            serde_json::from_str::<$kind>(text).map(ClientNotification::$kind)
        };
    }
    let notification = match method {
        "notifications/cancelled" => typed!(CancelledNotification),
        "notifications/initialized" => typed!(InitializedNotification),
        "notifications/progress" => typed!(ProgressNotification),
        "notifications/roots/list_changed" => typed!(RootsListChangedNotification),
        _ => return Message::Nothing,
    };
    notification.map_or_else(
        |error| {
            tracing::debug!(method, %error, "dropped a notification that is not well formed");
            Message::Nothing
        },
        Message::Notification,
    )
}

fn response(id: RequestId, text: &str) -> Message {
    match serde_json::from_str::<JsonRpcResponse<ClientResult>>(text) {
        Ok(response) => Message::Response(response.id, Box::new(response.result)),
        // Somebody waits for it, and must learn that it came to nothing.
        Err(error) => Message::Failure(id, ErrorData::invalid_request(error.to_string(), None)),
    }
}

fn refused(code: ErrorCode, message: String) -> Message {
    Message::Refused(ErrorData::new(code, message, None), None)
}

fn unreadable(error: &serde_json::Error) -> Message {
    if error.is_data() {
        refused(ErrorCode::INVALID_REQUEST, without_place(error))
    } else {
        // Every message is one line, so the column is the place.
        let message = format!(
            "not JSON: {} at byte {}",
            without_place(error),
            error.column()
        );
        refused(ErrorCode::PARSE_ERROR, message)
    }
}

fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text[..end].to_owned()
}
