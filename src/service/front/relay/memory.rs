//! What a relay has to know so that its client need not know who serves it.

use super::handshake::{Followed, Handshake, acknowledged, watched};
use super::peek::{Id, Message, answers, parts, peek};
use super::questions::{Pass, Questions, cancelled};
use super::repeat::ReadOnly;
use super::unanswered::{Loss, Unanswered};
use super::{ACKNOWLEDGED, CANCELLED, LISTEN};
use crate::service::line::unmarked;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// What is sent to a new owner before the client's own lines: texts of lines, without their ends.
#[derive(Default)]
pub(super) struct Script {
    /// Has to be answered before the rest is sent.
    pub(super) first: Option<Box<[u8]>>,
    /// In order.
    pub(super) rest: Vec<Box<[u8]>>,
}

/// The memory of one client's session, over all its owners.
pub(super) struct Memory {
    read_only: ReadOnly,
    unanswered: Unanswered,
    handshake: Handshake,
    questions: Questions,
    /// The subscriptions that the client knows to be open.
    acknowledged: HashSet<Id>,
    /// Whether lines of the owner are on their way to the client; they must not be cut off.
    delivering: bool,
    connection: Connection,
}

/// What belongs to the present connection alone.
#[derive(Default)]
struct Connection {
    /// How many lines it was sent.
    lines: u64,
    /// The answer that the rest of the script waits for.
    awaited: Option<Id>,
    /// Answers that the client has already; in their place it is told of what it follows by them.
    known: HashMap<Id, Option<Followed>>,
    /// Acknowledgements that the client has already, and what it follows by them.
    reopened: HashMap<Id, Vec<Followed>>,
}

impl Connection {
    fn number(&mut self) -> u64 {
        self.lines += 1;
        self.lines
    }
}

impl Memory {
    pub(super) fn new(read_only: ReadOnly) -> Self {
        Self {
            read_only,
            unanswered: Unanswered::default(),
            handshake: Handshake::default(),
            questions: Questions::default(),
            acknowledged: HashSet::new(),
            delivering: false,
            connection: Connection::default(),
        }
    }

    /// A new connection begins: what has to be sent on it first.
    pub(super) fn attach(&mut self) -> Script {
        self.connection = Connection::default();
        self.delivering = false;
        let connection = &mut self.connection;
        let mut script = Script::default();
        if let Some(told) = &self.handshake.initialize {
            let number = connection.number();
            if self.unanswered.has(&told.id) {
                self.unanswered.sent(&told.id, number);
            } else {
                connection.known.insert(told.id.clone(), None);
            }
            connection.awaited = Some(told.id.clone());
            script.first = Some(told.line.clone());
        }
        if let Some(line) = &self.handshake.initialized {
            connection.number();
            script.rest.push(line.clone());
        }
        for (told, followed) in self.handshake.wishes() {
            if !self.unanswered.has(&told.id) {
                connection.number();
                connection.known.insert(told.id.clone(), followed);
                script.rest.push(told.line.clone());
            }
        }
        let again = self.unanswered.send_again(|| connection.number());
        for line in &again {
            if let Message::Request { id, method } = peek(line)
                && method == LISTEN
                && self.acknowledged.contains(&id)
            {
                connection.reopened.insert(id, watched(line));
            }
        }
        script.rest.extend(again);
        script
    }

    /// Whether the rest of the script may be sent.
    pub(super) fn may_go_on(&self) -> bool {
        self.connection.awaited.is_none()
    }

    /// Appends to `out` what of the client's lines goes to the owner.
    pub(super) fn pass_to_owner(&mut self, lines: &[u8], out: &mut Vec<u8>) {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            match self.client_says(line) {
                Pass::On => out.extend_from_slice(line),
                Pass::Instead(other) if other.is_empty() => continue,
                Pass::Instead(other) => out.extend_from_slice(other.as_bytes()),
            }
            self.connection.number();
        }
    }

    fn client_says(&mut self, line: &[u8]) -> Pass {
        // As the owner reads it.
        let text = unmarked(line).trim_ascii();
        match peek(text) {
            Message::Request { id, method } => {
                self.handshake.request(&id, &method, text);
                let sent_as = self.connection.lines + 1;
                self.unanswered.add(id, method, Some(text), sent_as);
                Pass::On
            }
            Message::Batch => self.client_says_all(text),
            other => self.client_tells(&other, text),
        }
    }

    /// The client says what has no answer.
    fn client_tells(&mut self, message: &Message, text: &[u8]) -> Pass {
        match message {
            Message::Notification { method } => {
                self.handshake.notification(method, text);
                if method == CANCELLED
                    && let Some(id) = cancelled(text)
                {
                    self.forget(&id);
                }
                Pass::On
            }
            Message::Answer { id, .. } => self.questions.answer(id, text),
            Message::Request { .. } | Message::Batch | Message::Other => Pass::On,
        }
    }

    /// The client sends a batch. What of it has no answer goes to this owner only.
    fn client_says_all(&mut self, batch: &[u8]) -> Pass {
        // Refused as a whole, it is answered without an id.
        let Some(parts) = parts(batch).filter(|_| self.handshake.has_batches()) else {
            return Pass::On;
        };
        let (mut requests, mut passed, mut changed) = (Vec::new(), Vec::new(), false);
        for part in parts {
            let text = part.get();
            let pass = match peek(text.as_bytes()) {
                Message::Request { id, method } => {
                    self.handshake.request(&id, &method, text.as_bytes());
                    requests.push((id, method, text.as_bytes()));
                    Pass::On
                }
                other => self.client_tells(&other, text.as_bytes()),
            };
            match pass {
                Pass::On => passed.push(Cow::Borrowed(text)),
                Pass::Instead(other) => {
                    changed = true;
                    passed.extend((!other.is_empty()).then_some(Cow::Owned(other)));
                }
            }
        }
        let sent_as = self.connection.lines + 1;
        self.unanswered.add_batch(requests, sent_as);
        match changed {
            false => Pass::On,
            true if passed.is_empty() => Pass::NOTHING,
            true => Pass::Instead(one_line(&passed)),
        }
    }

    /// The client has ended, and answers no question that is open: the lines that do so for it.
    pub(super) fn refuse_questions(&mut self) -> String {
        let refused = self.questions.refuse_all();
        for _ in &refused {
            self.connection.number();
        }
        refused.concat()
    }

    /// A line that is too long to be kept begins so.
    pub(super) fn long_line_to_owner(&mut self, beginning: &[u8]) {
        let sent_as = self.connection.number();
        if let Message::Request { id, method } = peek(unmarked(beginning)) {
            self.unanswered.add(id, method, None, sent_as);
        }
    }

    /// Appends to `out` what of the owner's lines goes to the client.
    pub(super) fn pass_to_client(&mut self, lines: &[u8], out: &mut Vec<u8>) {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            match self.owner_says(line) {
                Pass::On => out.extend_from_slice(line),
                Pass::Instead(other) => out.extend_from_slice(other.as_bytes()),
            }
        }
    }

    fn owner_says(&mut self, line: &[u8]) -> Pass {
        match peek(line) {
            Message::Answer { id, error } => {
                let had_batches = self.handshake.has_batches();
                self.handshake.answer(&id, error, line);
                if had_batches && !self.handshake.has_batches() {
                    self.unanswered.forget_batches();
                }
                self.answered(&id, error)
            }
            Message::Batch => {
                for answer in answers(line) {
                    if let Message::Answer { id, .. } = peek(answer.get().as_bytes()) {
                        self.answered_in_batch(&id);
                    }
                }
                Pass::On
            }
            Message::Request { id, .. } => self.questions.ask(id, line),
            Message::Notification { method } => match method.as_str() {
                ACKNOWLEDGED => self.acknowledge(line),
                CANCELLED => self.questions.take_back(line),
                _ => Pass::On,
            },
            Message::Other => Pass::On,
        }
    }

    /// The owner has answered this one.
    pub(super) fn answered(&mut self, id: &Id, error: bool) -> Pass {
        if self.connection.awaited.as_ref() == Some(id) {
            self.connection.awaited = None;
        }
        if self.forget(id) {
            return Pass::On;
        }
        match self.connection.known.remove(id) {
            Some(followed) if !error => told_of(followed.as_slice(), None),
            Some(_) => {
                tracing::warn!(%id, "the new owner refuses what the one before had granted");
                Pass::NOTHING
            }
            None => Pass::On,
        }
    }

    /// The owner has answered the batch with this request, or is about to have done so.
    pub(super) fn answered_in_batch(&mut self, id: &Id) {
        self.unanswered.forget_batch(id);
    }

    fn acknowledge(&mut self, line: &[u8]) -> Pass {
        let Some(id) = acknowledged(line) else {
            return Pass::On;
        };
        if let Some(followed) = self.connection.reopened.remove(&id) {
            return told_of(&followed, Some(&id));
        }
        if self.unanswered.has(&id) {
            self.acknowledged.insert(id);
        }
        Pass::On
    }

    fn forget(&mut self, id: &Id) -> bool {
        self.acknowledged.remove(id);
        self.unanswered.forget(id)
    }

    /// Lines of the owner go to the client from now on, or have got there.
    pub(super) fn deliver(&mut self, delivering: bool) {
        self.delivering = delivering;
    }

    /// Whether the client has got whole lines only.
    pub(super) fn is_delivered(&self) -> bool {
        !self.delivering
    }

    /// Whether the client has got all that the owner will still answer.
    pub(super) fn is_settled(&self, loss: Loss) -> bool {
        !self.delivering && self.unanswered.under_way(loss) == 0
    }

    /// Whether nothing waits for an answer but what stays open by its nature.
    pub(super) fn waits_for_nothing(&self) -> bool {
        self.unanswered.waits_for_nothing()
    }

    /// The connection is lost: what the client has to be told of it.
    pub(super) fn lose(&mut self, loss: Loss) -> String {
        self.unanswered.lose(loss, &self.read_only) + &self.questions.lose()
    }

    /// There will be no other owner: the answers to all that waits.
    pub(super) fn lose_all(&mut self) -> String {
        self.unanswered.lose_all()
    }
}

/// A batch of these messages, as a line.
fn one_line(messages: &[Cow<'_, str>]) -> String {
    let messages: Vec<_> = messages.iter().map(|text| text.trim_end()).collect();
    format!("[{}]\n", messages.join(","))
}

/// What may have changed while no owner watched it.
fn told_of(followed: &[Followed], subscription: Option<&Id>) -> Pass {
    let lines = followed.iter().map(|what| what.changed(subscription));
    Pass::Instead(lines.collect())
}

#[cfg(test)]
mod tests;
