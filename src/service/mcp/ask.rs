//! Asks the person behind a client, in whichever way its life of the protocol has for it.

use super::wire::Ended;
use crate::service::operation::{AskPerson, Question, Reply};
use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CancelledNotificationParam, ClientResult, ElicitRequest,
    ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema, InputRequest,
    InputRequests, InputRequiredResult, ProtocolVersion, RequestId, ServerRequest,
};
use rmcp::service::{Peer, PeerRequestOptions, RequestContext, ServiceError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::Notify;

const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// Whether the client said that it can put a form before its person.
pub(super) fn can_ask(context: &RequestContext<RoleServer>) -> bool {
    let takes_forms = |elicitation: &Value| {
        // Before there were two kinds, the one kind was the form.
        elicitation.is_object()
            && (elicitation.get("form").is_some() || elicitation.get("url").is_none())
    };
    match context.meta.get(CAPABILITIES) {
        Some(capabilities) => capabilities.get("elicitation").is_some_and(takes_forms),
        None => context.peer.peer_info().is_some_and(|info| {
            let elicitation = info.capabilities.elicitation.as_ref();
            elicitation.is_some_and(|kinds| kinds.form.is_some() || kinds.url.is_none())
        }),
    }
}

fn elicitation(question: Question) -> Result<ElicitRequestParams, serde_json::Error> {
    Ok(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: question.message,
        requested_schema: ElicitationSchema::from_json_schema(question.schema)?,
    })
}

fn reply(result: ElicitResult) -> Reply {
    match (result.action, result.content) {
        (ElicitationAction::Accept, Some(Value::Object(fields))) => Reply::Accepted(fields),
        (ElicitationAction::Accept, _) => Reply::Accepted(serde_json::Map::new()),
        (ElicitationAction::Decline, _) => Reply::Declined,
        _ => Reply::Cancelled,
    }
}

/// Asks by a request to the client, up to protocol 2025-11-25.
pub(super) struct ByRequest {
    pub(super) peer: Peer<RoleServer>,
    pub(super) ended: Ended,
}

/// Asks the person behind a client and waits for the answer.
async fn ask_person(client: &ByRequest, question: Question) -> Reply {
    let Ok(params) = elicitation(question) else {
        tracing::error!("a question's schema is not one that a form can have");
        return Reply::Unsupported;
    };
    match elicit(client, params).await {
        Ok(ClientResult::ElicitResult(result)) => reply(result),
        Ok(_) => {
            tracing::debug!("the client answered a question with something else");
            Reply::Unsupported
        }
        Err(ServiceError::Cancelled { .. } | ServiceError::TransportClosed) => Reply::Cancelled,
        Err(error) => {
            tracing::debug!(%error, "the client could not ask its person");
            Reply::Unsupported
        }
    }
}

async fn elicit(
    client: &ByRequest,
    params: ElicitRequestParams,
) -> Result<ClientResult, ServiceError> {
    let request = ServerRequest::ElicitRequest(ElicitRequest::new(params));
    let asked = client
        .peer
        .send_cancellable_request(request, PeerRequestOptions::no_options())
        .await?;
    let mut open = Open {
        client,
        id: Some(asked.id.clone()),
    };
    let answered = asked.await_response().await;
    open.id = None;
    answered
}

/// A question that is open at the client; dropped before its answer, it is taken back, so that no person answers for nothing.
/// One who has gone is told nothing more.
struct Open<'a> {
    client: &'a ByRequest,
    id: Option<RequestId>,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.id.take(), Handle::try_current()) else {
            return;
        };
        if self.client.ended.has_gone() {
            return;
        }
        let peer = self.client.peer.clone();
        runtime.spawn(async move {
            let why = "the call that asked has ended".to_owned();
            let params = CancelledNotificationParam::new(Some(id), Some(why));
            if let Err(error) = peer.notify_cancelled(params).await {
                tracing::debug!(%error, "a question could not be taken back");
            }
        });
    }
}

impl AskPerson for ByRequest {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        Box::pin(async move {
            tokio::select! {
                // First: one who has gone is not asked anything more.
                biased;
                () = self.ended.wait() => Reply::Cancelled,
                reply = ask_person(self, question) => reply,
            }
        })
    }
}

/// Asks by an unfinished result, from protocol 2026-07-28 on: the client asks, and calls again with the answer.
///
/// The operation's future is dropped with the question, and a new one, which asks the same, finds the answer there.
/// What was answered in the rounds before travels in `requestState`; it is as much the client's word as any answer.
#[derive(Default)]
pub(super) struct ByRounds {
    answers: BTreeMap<String, Value>,
    open: Mutex<Option<(String, ElicitRequestParams)>>,
    asked: Notify,
}

impl ByRounds {
    pub(super) fn new(request: &mut CallToolRequestParams) -> Self {
        let mut answers: BTreeMap<String, Value> = request
            .request_state
            .take()
            .and_then(|state| serde_json::from_str(&state).ok())
            .unwrap_or_default();
        answers.extend(request.input_responses.take().unwrap_or_default());
        Self {
            answers,
            ..Self::default()
        }
    }

    /// Waits for a question that has no answer yet: the result that puts it to the client.
    pub(super) async fn question(&self) -> InputRequiredResult {
        loop {
            self.asked.notified().await;
            let open = self
                .open
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some((key, params)) = open {
                let request = InputRequest::Elicitation(ElicitRequest::new(params));
                let requests = InputRequests::from([(key, request)]);
                let state = (!self.answers.is_empty())
                    .then(|| serde_json::to_string(&self.answers).ok())
                    .flatten();
                return InputRequiredResult::new(Some(requests), state);
            }
        }
    }
}

impl AskPerson for ByRounds {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        // An answer counts for the very question that the person saw, and for no other.
        let schema = Value::from(question.schema.clone()).to_string();
        let hash = blake3::hash([question.message.as_str(), &schema].concat().as_bytes());
        let key = format!("question-{}", &hash.to_hex()[..16]);
        Box::pin(async move {
            if let Some(answer) = self.answers.get(&key) {
                return serde_json::from_value(answer.clone()).map_or(Reply::Cancelled, reply);
            }
            let Ok(params) = elicitation(question) else {
                tracing::error!("a question's schema is not one that a form can have");
                return Reply::Unsupported;
            };
            *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some((key, params));
            self.asked.notify_one();
            std::future::pending().await
        })
    }
}

/// Whether questions go by rounds in this request's protocol.
pub(super) fn by_rounds(version: Option<&ProtocolVersion>) -> bool {
    version.is_some_and(|version| !version.has_initialize())
}

/// A way to ask by requests.
pub(super) fn by_request(peer: Peer<RoleServer>, ended: Ended) -> Arc<dyn AskPerson> {
    Arc::new(ByRequest { peer, ended })
}
