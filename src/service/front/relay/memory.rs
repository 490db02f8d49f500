//! What a relay has to know so that its client need not know who serves it.

use super::handshake::{Handshake, acknowledged, updated, watched};
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
    /// Answers that the client has already; in their place it is told of these resources.
    known: HashMap<Id, Vec<String>>,
    /// Acknowledgements that the client has already, and the resources that they watch.
    reopened: HashMap<Id, Vec<String>>,
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
                connection.known.insert(told.id.clone(), Vec::new());
            }
            connection.awaited = Some(told.id.clone());
            script.first = Some(told.line.clone());
        }
        if let Some(line) = &self.handshake.initialized {
            connection.number();
            script.rest.push(line.clone());
        }
        let level = self.handshake.level.iter().map(|told| (told, None));
        let subscribed = self.handshake.subscribed.iter();
        for (told, uri) in level.chain(subscribed.map(|(uri, told)| (told, Some(uri)))) {
            if !self.unanswered.has(&told.id) {
                connection.number();
                let uris = uri.into_iter().cloned().collect();
                connection.known.insert(told.id.clone(), uris);
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
        let Some(parts) = parts(batch).filter(|_| self.handshake.has_batches) else {
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
                self.handshake.answer(&id, line);
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
            Some(uris) if !error => told_of(&uris, None),
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
        if let Some(uris) = self.connection.reopened.remove(&id) {
            return told_of(&uris, Some(&id));
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
fn told_of(uris: &[String], subscription: Option<&Id>) -> Pass {
    Pass::Instead(uris.iter().map(|uri| updated(uri, subscription)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn client(memory: &mut Memory, message: &Value) -> String {
        let mut out = Vec::new();
        memory.pass_to_owner(format!("{message}\n").as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn owner(memory: &mut Memory, message: &Value) -> String {
        let mut out = Vec::new();
        memory.pass_to_client(format!("{message}\n").as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn messages(script: Script) -> Vec<Value> {
        let lines = script.first.into_iter().chain(script.rest);
        lines
            .map(|line| serde_json::from_slice(&line).unwrap())
            .collect()
    }

    #[test]
    fn a_new_owner_hears_the_handshake_then_the_wishes_then_what_waits() {
        let mut memory = Memory::new(ReadOnly::new());
        assert!(messages(memory.attach()).is_empty());
        let initialize = json!({"id": 1, "method": "initialize"});
        let initialized = json!({"method": "notifications/initialized"});
        let level = json!({"id": 2, "method": "logging/setLevel", "params": {"level": "info"}});
        let budgets =
            json!({"id": 3, "method": "resources/subscribe", "params": {"uri": "budget://status"}});
        let alerts =
            json!({"id": 4, "method": "resources/subscribe", "params": {"uri": "budget://alerts"}});
        let list = json!({"id": 5, "method": "tools/list"});
        for message in [&initialize, &initialized, &level, &budgets, &alerts, &list] {
            client(&mut memory, message);
        }
        for id in 1..=4 {
            assert!(!owner(&mut memory, &json!({"id": id, "result": {}})).is_empty());
        }
        let unsubscribe = json!({"id": 6, "method": "resources/unsubscribe", "params": {"uri": "budget://alerts"}});
        client(&mut memory, &unsubscribe);
        owner(&mut memory, &json!({"id": 6, "result": {}}));

        assert_eq!(memory.lose(Loss::Abrupt), "");
        let script = messages(memory.attach());
        assert_eq!(script, [initialize, initialized, level, budgets, list]);
        assert!(!memory.may_go_on());
        assert_eq!(owner(&mut memory, &json!({"id": 1, "result": {}})), "");
        assert!(memory.may_go_on());
        let told = owner(&mut memory, &json!({"id": 3, "result": {}}));
        assert!(told.contains("resources/updated") && told.contains("budget://status"));
        assert!(owner(&mut memory, &json!({"id": 5, "result": {}})).contains(r#""id":5"#));
    }

    #[test]
    fn an_initialize_without_its_answer_is_sent_once_and_answered_once() {
        let mut memory = Memory::new(ReadOnly::new());
        memory.attach();
        client(&mut memory, &json!({"id": 1, "method": "initialize"}));
        client(&mut memory, &json!({"method": "notifications/initialized"}));
        memory.lose(Loss::Abrupt);
        assert_eq!(messages(memory.attach()).len(), 2);
        assert!(!owner(&mut memory, &json!({"id": 1, "result": {}})).is_empty());
    }

    #[test]
    fn an_open_subscription_is_opened_again_without_a_word_but_of_what_may_have_changed() {
        let mut memory = Memory::new(ReadOnly::new());
        memory.attach();
        let listen = json!({"id": "s", "method": LISTEN, "params": {
            "notifications": {"resourceSubscriptions": ["budget://status"]}}});
        let acknowledged = json!({"method": ACKNOWLEDGED, "params": {
            "_meta": {"io.modelcontextprotocol/subscriptionId": "s"}}});
        client(&mut memory, &listen);
        assert!(!owner(&mut memory, &acknowledged).is_empty());
        assert!(memory.is_settled(Loss::Abrupt) && memory.waits_for_nothing());
        memory.lose(Loss::Abrupt);
        assert_eq!(messages(memory.attach()), [listen]);
        let told = owner(&mut memory, &acknowledged);
        assert!(told.contains("resources/updated") && told.contains(r#""s""#));
        client(
            &mut memory,
            &json!({"method": CANCELLED, "params": {"requestId": "s"}}),
        );
        memory.lose(Loss::Abrupt);
        assert!(messages(memory.attach()).is_empty());
    }

    #[test]
    fn a_cancelled_request_is_not_sent_again() {
        let mut memory = Memory::new(ReadOnly::new());
        memory.attach();
        client(&mut memory, &json!({"id": 1, "method": "ping"}));
        client(
            &mut memory,
            &json!({"method": CANCELLED, "params": {"requestId": 1}}),
        );
        assert_eq!(memory.lose(Loss::Abrupt), "");
        assert!(messages(memory.attach()).is_empty());
    }

    /// A session of the protocol that has batches.
    fn session() -> Memory {
        let mut memory = Memory::new(["check_budget"].into());
        memory.attach();
        client(&mut memory, &json!({"id": 0, "method": "initialize"}));
        let agreed = json!({"id": 0, "result": {"protocolVersion": "2025-03-26"}});
        assert!(!owner(&mut memory, &agreed).is_empty());
        memory
    }

    fn check(id: u64) -> Value {
        json!({"id": id, "method": "tools/call", "params": {"name": "check_budget"}})
    }

    #[test]
    fn a_batch_is_waited_for_until_its_answer_and_sent_again_with_what_is_to_be_answered() {
        let mut memory = session();
        let level = json!({"id": 3, "method": "logging/setLevel", "params": {"level": "info"}});
        let batch = json!([check(1), {"method": "notifications/initialized"}, check(2), level]);
        assert_eq!(client(&mut memory, &batch), format!("{batch}\n"));
        assert!(!memory.is_settled(Loss::Abrupt));
        assert_eq!(memory.lose(Loss::Abrupt), "");
        let script = messages(memory.attach());
        let initialized = json!({"method": "notifications/initialized"});
        assert_eq!(
            script[1..],
            [initialized, json!([check(1), check(2), level])]
        );
        client(
            &mut memory,
            &json!({"method": CANCELLED, "params": {"requestId": 2}}),
        );
        let answer = json!([{"id": 3, "result": {}}, {"id": 1, "result": {}}]);
        assert_eq!(owner(&mut memory, &answer), format!("{answer}\n"));
        assert!(memory.is_settled(Loss::Abrupt) && memory.waits_for_nothing());
        // The wish in it stands.
        memory.lose(Loss::Abrupt);
        assert_eq!(messages(memory.attach()).last(), Some(&level));
    }

    #[test]
    fn a_batch_that_may_not_be_repeated_is_answered_as_one() {
        let mut memory = session();
        let change = json!({"id": 2, "method": "tools/call", "params": {"name": "save_budget"}});
        client(&mut memory, &json!([check(1), change]));
        let told: Value = serde_json::from_str(&memory.lose(Loss::Abrupt)).unwrap();
        assert_eq!((&told[0]["id"], &told[1]["id"]), (&json!(1), &json!(2)));
        assert!(memory.waits_for_nothing());
        client(&mut memory, &json!([change]));
        assert!(memory.lose_all().starts_with("[{"));
    }

    #[test]
    fn a_batch_that_the_owner_refuses_as_a_whole_is_not_waited_for() {
        let batch = json!([check(1)]);
        let mut memory = Memory::new(ReadOnly::new());
        memory.attach();
        assert_eq!(client(&mut memory, &batch), format!("{batch}\n"));
        assert!(memory.waits_for_nothing());
        let mut memory = session();
        for refused in [json!([]), vec![check(1); 1001].into()] {
            client(&mut memory, &refused);
        }
        client(&mut memory, &json!([{"method": "notifications/x"}, 7]));
        assert!(memory.waits_for_nothing());
    }

    #[test]
    fn answers_to_questions_find_their_owner_in_a_batch_too() {
        let mut memory = session();
        owner(
            &mut memory,
            &json!({"id": 0, "method": "elicitation/create"}),
        );
        memory.lose(Loss::Abrupt);
        memory.attach();
        let question = owner(
            &mut memory,
            &json!({"id": 0, "method": "elicitation/create"}),
        );
        let name = serde_json::from_str::<Value>(&question).unwrap()["id"].clone();
        let (dead, live) = (
            json!({"id": 0, "result": 1}),
            json!({"id": name, "result": 2}),
        );
        let passed = client(&mut memory, &json!([dead, check(1), live]));
        let passed: Value = serde_json::from_str(&passed).unwrap();
        assert_eq!(passed, json!([check(1), {"id": 0, "result": 2}]));
        memory.lose(Loss::Abrupt);
        assert_eq!(
            client(&mut memory, &json!([{"id": 9, "result": 1}])),
            "[{\"id\":9,\"result\":1}]\n"
        );
        let question = owner(
            &mut memory,
            &json!({"id": 1, "method": "elicitation/create"}),
        );
        let name = serde_json::from_str::<Value>(&question).unwrap()["id"].clone();
        memory.lose(Loss::Abrupt);
        assert_eq!(client(&mut memory, &json!([{"id": name, "result": 1}])), "");
    }

    #[test]
    fn a_line_with_a_byte_order_mark_is_read_as_the_owner_reads_it() {
        let mut memory = Memory::new(ReadOnly::new());
        memory.attach();
        let text = r#"{"id":1,"method":"initialize"}"#;
        let line = format!("\u{feff} {text}\r\n");
        let mut out = Vec::new();
        memory.pass_to_owner(line.as_bytes(), &mut out);
        assert_eq!(out, line.as_bytes());
        let script = memory.attach();
        assert_eq!(script.first.as_deref(), Some(text.as_bytes()));
        memory.long_line_to_owner("\u{feff}{\"id\":2,\"method\":\"ping\"".as_bytes());
        assert!(memory.unanswered.has(&json!(2)));
    }
}
