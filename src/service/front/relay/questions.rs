//! What the owner asks the client: each owner counts its questions from the start, the client knows
//! them all by the same names.

use super::peek::Id;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// The code of the error that answers for a client that has ended.
const GONE: i64 = -32_000;

/// What to do with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Pass it on as it is.
    On,
    /// Pass this on in its place: nothing, one line or several.
    Instead(String),
}

impl Pass {
    pub(super) const NOTHING: Self = Self::Instead(String::new());
}

/// The questions that are open at the client.
#[derive(Default)]
pub(super) struct Questions {
    /// Of the present owner: the id that the client knows, and the owner's own.
    open: HashMap<Id, Id>,
    /// Of owners that are gone, by the id that the client knows.
    dead: HashSet<Id>,
    renamed: u64,
    /// Whether an owner is gone: the names that it used are not used again.
    lost: bool,
}

impl Questions {
    /// The owner asks.
    pub(super) fn ask(&mut self, id: Id, line: &[u8]) -> Pass {
        if !self.lost && !self.open.contains_key(&id) {
            self.open.insert(id.clone(), id);
            return Pass::On;
        }
        self.renamed += 1;
        let name = json!(format!("again-{}", self.renamed));
        let pass = rewritten(line, |message| message["id"] = name.clone());
        self.open.insert(name, id);
        pass
    }

    /// The client answers.
    pub(super) fn answer(&mut self, id: &Id, line: &[u8]) -> Pass {
        if self.dead.remove(id) {
            return Pass::NOTHING;
        }
        match self.open.remove(id) {
            Some(own) if own != *id => rewritten(line, |message| message["id"] = own),
            _ => Pass::On,
        }
    }

    /// The owner takes a question back.
    pub(super) fn take_back(&mut self, line: &[u8]) -> Pass {
        let Some(own) = cancelled(line) else {
            return Pass::On;
        };
        let Some(id) = self
            .open
            .iter()
            .find_map(|(id, known)| (*known == own).then(|| id.clone()))
        else {
            return Pass::On;
        };
        self.open.remove(&id);
        if id == own {
            return Pass::On;
        }
        rewritten(line, |message| message["params"]["requestId"] = id)
    }

    /// The client has ended: the owner gets an error for each open question, by a line each.
    pub(super) fn refuse_all(&mut self) -> Vec<String> {
        let error = json!({"code": GONE, "message": "the client has ended"});
        let refused = self.open.drain().map(|(_, own)| {
            let line = json!({"jsonrpc": "2.0", "id": own, "error": error});
            format!("{line}\n")
        });
        refused.collect()
    }

    /// The owner is gone: its questions are taken back, by a line each.
    pub(super) fn lose(&mut self) -> String {
        self.lost = true;
        let lines = self.open.keys().map(|id| {
            let line = json!({"jsonrpc": "2.0", "method": super::CANCELLED, "params": {
                "requestId": id, "reason": "the process that asked is gone",
            }});
            format!("{line}\n")
        });
        let lines = lines.collect();
        self.dead.extend(self.open.drain().map(|(id, _)| id));
        lines
    }
}

/// The id that a `notifications/cancelled` names.
pub(super) fn cancelled(line: &[u8]) -> Option<Id> {
    let mut message: Value = serde_json::from_slice(line).ok()?;
    Some(message.get_mut("params")?.get_mut("requestId")?.take())
}

fn rewritten(line: &[u8], change: impl FnOnce(&mut Value)) -> Pass {
    match serde_json::from_slice::<Value>(line) {
        Ok(mut message) if message.is_object() => {
            change(&mut message);
            Pass::Instead(format!("{message}\n"))
        }
        _ => Pass::NOTHING,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_a_dead_owner_is_dropped_and_the_new_owner_s_question_has_another_name() {
        let mut questions = Questions::default();
        let question = br#"{"id":0,"method":"elicitation/create"}"#;
        let answer = br#"{"id":0,"result":{}}"#;
        assert_eq!(questions.ask(json!(0), question), Pass::On);
        assert!(questions.lose().contains(r#""requestId":0"#));
        let Pass::Instead(renamed) = questions.ask(json!(0), question) else {
            panic!("asked under a name that is taken");
        };
        let name = serde_json::from_str::<Value>(&renamed).unwrap()["id"].clone();
        assert_ne!(name, json!(0));
        assert_eq!(questions.answer(&json!(0), answer), Pass::NOTHING);
        let Pass::Instead(back) = questions.answer(&name, answer) else {
            panic!("the owner does not know the name {name}");
        };
        assert_eq!(serde_json::from_str::<Value>(&back).unwrap()["id"], 0);
        assert!(questions.open.is_empty() && questions.dead.is_empty());
    }

    #[test]
    fn a_name_that_an_owner_before_has_used_is_not_used_again() {
        let mut questions = Questions::default();
        let question = br#"{"id":0,"method":"elicitation/create"}"#;
        assert_eq!(questions.ask(json!(0), question), Pass::On);
        assert_eq!(
            questions.answer(&json!(0), br#"{"id":0,"result":{}}"#),
            Pass::On
        );
        assert_eq!(questions.lose(), "");
        assert!(matches!(
            questions.ask(json!(0), question),
            Pass::Instead(_)
        ));
    }

    #[test]
    fn the_questions_of_a_client_that_has_ended_are_answered_under_the_owner_s_names() {
        let mut questions = Questions::default();
        questions.ask(json!(0), b"{}");
        questions.lose();
        questions.ask(json!(0), b"{}");
        let refused = questions.refuse_all();
        assert_eq!(refused.len(), 1);
        let answer: Value = serde_json::from_str(&refused[0]).unwrap();
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&json!(0), &json!(GONE))
        );
        assert!(questions.refuse_all().is_empty());
    }

    #[test]
    fn a_question_taken_back_is_forgotten_under_the_client_s_name() {
        let mut questions = Questions::default();
        questions.ask(json!(0), b"{}");
        questions.lose();
        questions.ask(json!(0), b"{}");
        let back = br#"{"method":"notifications/cancelled","params":{"requestId":0}}"#;
        let Pass::Instead(line) = questions.take_back(back) else {
            panic!("the client would take back the wrong one");
        };
        assert!(line.contains("again-1"));
        assert!(questions.open.is_empty());
    }
}
