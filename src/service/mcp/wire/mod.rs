//! JSON lines, both ways: rmcp's transport over any stream, that answers whatever comes.
//!
//! What can't be taken gets its error (`id` is null where none can be known), and reading goes on with the next line.
//! The end of the stream, and a client that can't be written to, end the service of that client.

mod batch;
mod ended;
mod line;
mod message;
mod output;
mod oversized;

use crate::service::line::{LINE_MOST, has_batches};
use batch::{Batch, Batches};
pub(super) use ended::Ended;
use line::{Lines, Read};
pub(super) use message::ArgumentsText;
use message::{Line, Message, parse};
use output::Output;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorCode, GetMeta, JsonRpcMessage,
    ProtocolVersion, RequestId, ServerJsonRpcMessage, ServerResult,
};
use rmcp::transport::Transport;
use rmcp::{ErrorData, RoleServer};
use rustc_hash::FxHashSet;
use serde_json::json;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

/// How many requests of one client may be under way before more are read only as fast as these are answered.
const IN_FLIGHT_CALM: usize = 1024;

/// How long reading then pauses at most: an answer or a cancellation that all the others wait for must get through.
const CALM: Duration = Duration::from_millis(20);

/// The most requests of one client that may be under way at once.
const IN_FLIGHT_MOST: usize = 16_384;

/// How long a client that has said all may still be worked for.
const LAST_ANSWERS: Duration = Duration::from_secs(30);

/// How long the last answers may take to get out to a client that has ended its side.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Why a request may come too early.
const NOT_OPENED: &str = "send initialize first, or name protocol 2026-07-28 in params._meta";

/// Why `initialize` may come too late.
const SERVED_WITHOUT: &str = "initialize comes before the first request that is served without it; go on as before, with \
protocol 2026-07-28 in params._meta";

/// The stream of one client.
pub(super) struct Wire<R, W> {
    lines: Lines<R>,
    output: Output<W>,
    ended: Ended,
    queue: VecDeque<ClientJsonRpcMessage>,
    in_flight: FxHashSet<RequestId>,
    batches: Batches,
    /// Which life of the protocol the client leads, once rmcp has been told; before that it takes only requests.
    life: Option<Life>,
    batches_allowed: bool,
    /// Until when reading pauses, while more than enough is under way.
    calm_until: Option<Instant>,
    /// Set once the client has said all; when what it waits for is given up.
    closing: Option<Instant>,
}

/// What outlives the wire, to get the last answers out.
pub(super) struct LastWords<W>(Output<W>);

impl<W: AsyncWrite + Unpin> LastWords<W> {
    /// Writes what still waits, for as long as is reasonable.
    pub(super) async fn say(self) {
        if tokio::time::timeout(LAST_WORDS, self.0.flush())
            .await
            .is_err()
        {
            tracing::warn!("the client does not read its last answers");
        }
    }
}

impl<R, W> Wire<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    pub(super) fn new(reader: R, writer: W, ended: Ended) -> Self {
        Self {
            lines: Lines::new(reader),
            output: Output::new(writer, ended.clone()),
            ended,
            queue: VecDeque::new(),
            in_flight: FxHashSet::default(),
            batches: Batches::default(),
            life: None,
            batches_allowed: false,
            calm_until: None,
            closing: None,
        }
    }

    pub(super) fn last_words(&self) -> LastWords<W> {
        LastWords(self.output.clone())
    }

    async fn read(&mut self) -> io::Result<Read> {
        // rmcp drops this future and asks anew after each answer, so that the count is a new one then.
        if self.in_flight.len() >= IN_FLIGHT_CALM {
            let until = *self.calm_until.get_or_insert_with(|| Instant::now() + CALM);
            tokio::time::sleep_until(until).await;
        }
        while self.output.is_full() {
            self.output.flush().await?;
        }
        let read = self.lines.next().await;
        self.calm_until = None;
        read
    }

    fn take_line(&mut self) {
        match parse(self.lines.line()) {
            Line::Empty => {}
            Line::One(message) => {
                if let Some((error, id)) = self.take(message) {
                    self.answer(&refusal(&error, id));
                }
            }
            Line::Batch(_) if !self.batches_allowed => {
                let error = "batches are only part of protocol 2025-03-26; send one message a line";
                self.answer(&refusal(&ErrorData::invalid_request(error, None), None));
            }
            Line::Batch(messages) => self.take_batch(messages),
        }
    }

    fn take_batch(&mut self, messages: Vec<Message>) {
        let mut batch = Batch::default();
        for message in messages {
            let id = match &message {
                Message::Request(id, _) => Some(id.clone()),
                _ => None,
            };
            if let Some((error, id)) = self.take(message) {
                batch.answers.push(refusal(&error, id));
            } else {
                batch.waiting.extend(id);
            }
        }
        // What was cancelled in the same batch is not answered.
        batch.waiting.retain(|id| self.in_flight.contains(id));
        if let Some(line) = self.batches.open(batch) {
            self.answer(&line);
        }
    }

    /// Waits for the answers that are still to come. rmcp asks anew after each of them.
    async fn answer_the_rest<T>(&mut self, until: Instant) -> Option<T> {
        if !self.in_flight.is_empty() && !self.output.is_broken() {
            tokio::time::sleep_until(until).await;
        }
        None
    }

    /// Queues a message for rmcp, or says why not.
    fn take(&mut self, message: Message) -> Option<(ErrorData, Option<RequestId>)> {
        match message {
            Message::Request(id, request) => return self.take_request(id, *request),
            Message::Refused(error, id) => return Some((error, id)),
            Message::Nothing => {}
            // rmcp gives up on a client whose first message is none of these.
            _ if self.life.is_none() => {
                tracing::debug!("dropped a message from before the first request");
            }
            Message::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.give_up(id);
                }
                self.queue
                    .push_back(JsonRpcMessage::notification(notification));
            }
            Message::Response(id, result) => {
                self.queue.push_back(JsonRpcMessage::response(*result, id));
            }
            Message::Failure(id, error) => {
                self.queue.push_back(JsonRpcMessage::error(error, Some(id)));
            }
        }
        None
    }

    fn take_request(
        &mut self,
        id: RequestId,
        request: ClientRequest,
    ) -> Option<(ErrorData, Option<RequestId>)> {
        if self.in_flight.contains(&id) {
            // An answer under that id would be taken for the first one's.
            let error = format!("the id {id} is that of a request that is still under way");
            return Some((ErrorData::invalid_request(error, None), None));
        }
        if self.in_flight.len() >= IN_FLIGHT_MOST {
            let error = format!("{IN_FLIGHT_MOST} requests are under way; wait for an answer");
            return Some((ErrorData::internal_error(error, None), Some(id)));
        }
        if let Err(error) = self.live(&request) {
            return Some((ErrorData::invalid_request(error, None), Some(id)));
        }
        self.in_flight.insert(id.clone());
        self.queue.push_back(JsonRpcMessage::request(request, id));
        None
    }

    /// Notes the life that a request opens, or says why it has no place in the one that is led.
    fn live(&mut self, request: &ClientRequest) -> Result<(), &'static str> {
        match (self.life, request) {
            // rmcp would answer it, and go on refusing what a session may leave out.
            (Some(Life::Stateless), ClientRequest::InitializeRequest(_)) => Err(SERVED_WITHOUT),
            (Some(_), _) => Ok(()),
            (None, request) => {
                self.life = match opens(request) {
                    Opening::Lifeless => None,
                    Opening::Yes(life) => Some(life),
                    Opening::No => return Err(NOT_OPENED),
                };
                Ok(())
            }
        }
    }

    /// The client wants no answer to that any more, and rmcp sends none.
    fn give_up(&mut self, id: &RequestId) {
        self.in_flight.remove(id);
        if let Some(line) = self.batches.settle(id, None) {
            self.answer(&line);
        }
    }

    /// Writes a line of our own. Reading goes on meanwhile, or a client that only writes at first would stop us both.
    fn answer(&self, line: &[u8]) {
        self.output.bytes(line);
        let output = self.output.clone();
        tokio::spawn(async move { output.flush().await });
    }

    /// Puts an outgoing message into the output, or into the batch that it belongs to.
    fn put(&mut self, message: &ServerJsonRpcMessage) -> serde_json::Result<()> {
        let id = match message {
            JsonRpcMessage::Response(response) => {
                if let ServerResult::InitializeResult(result) = &response.result {
                    self.batches_allowed = has_batches(&result.protocol_version);
                }
                Some(&response.id)
            }
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        if let Some(id) = id {
            self.in_flight.remove(id);
            if self.batches.wait_for(id) {
                let answer = serde_json::to_vec(message)?;
                if let Some(line) = self.batches.settle(id, Some(answer)) {
                    self.output.bytes(&line);
                }
                return Ok(());
            }
        }
        self.output.message(message)
    }
}

/// A life of the protocol.
#[derive(Clone, Copy)]
enum Life {
    /// Opened by `initialize`.
    Session,
    /// Each request says of itself what it has to.
    Stateless,
}

/// What a request says of the life of the protocol that its client leads.
enum Opening {
    /// Nothing, and it may come before.
    Lifeless,
    /// It opens this one.
    Yes(Life),
    /// Nothing, and it may not come before.
    No,
}

fn opens(request: &ClientRequest) -> Opening {
    match request {
        ClientRequest::InitializeRequest(_) => Opening::Yes(Life::Session),
        ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => Opening::Lifeless,
        other => {
            let meta = other.get_meta();
            match meta.protocol_version() {
                None => Opening::No,
                // rmcp answers these itself, and goes on waiting.
                Some(version) if !ProtocolVersion::KNOWN_VERSIONS.contains(&version) => {
                    Opening::Lifeless
                }
                Some(_)
                    if meta
                        .missing_required_keys(&ProtocolVersion::V_2026_07_28)
                        .is_empty() =>
                {
                    Opening::Yes(Life::Stateless)
                }
                Some(_) => Opening::Lifeless,
            }
        }
    }
}

/// An error as JSON; `id` is null where none is known.
fn refusal(error: &ErrorData, id: Option<RequestId>) -> Vec<u8> {
    let id = id.map(RequestId::into_json_value);
    json!({"jsonrpc": "2.0", "id": id, "error": error})
        .to_string()
        .into_bytes()
}

impl<R, W> Transport<RoleServer> for Wire<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let put = self.put(&message).map_err(io::Error::from);
        let output = self.output.clone();
        async move {
            put?;
            output.flush().await
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if let Some(message) = self.queue.pop_front() {
                return Some(message);
            }
            if let Some(until) = self.closing {
                return self.answer_the_rest(until).await;
            }
            let ended = self.ended.clone();
            let read = tokio::select! {
                biased;
                () = ended.wait() => return None,
                read = self.read() => read,
            };
            match read {
                Ok(Read::TooLong(id)) => {
                    let error =
                        format!("a message has at most {LINE_MOST} bytes; send fewer at once");
                    let error = ErrorData::new(ErrorCode::INVALID_REQUEST, error, None);
                    self.answer(&refusal(&error, id));
                }
                Ok(Read::End) if self.lines.line().is_empty() => {
                    // Whoever waits for this client gives up; what works for it finishes.
                    self.ended.end();
                    self.closing = Some(Instant::now() + LAST_ANSWERS);
                }
                // The last line may lack its end; what lacks more than that is answered as not JSON.
                Ok(Read::Line | Read::End) => self.take_line(),
                Err(error) => {
                    tracing::warn!(%error, "the client can't be read from");
                    self.ended.end();
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.output.flush().await
    }
}
