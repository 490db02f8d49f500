//! What a JSON-RPC line is, read no further than it takes to know.

use crate::service::line::{BATCH_MOST, LINE_MOST};
use rmcp::model::RequestId;
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// A message's id: a number or a text.
pub(super) type Id = Value;

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Wants an answer.
    Request { id: Id, method: String },
    /// Wants none.
    Notification { method: String },
    /// Answers a request of the other side.
    Answer { id: Id, error: bool },
    /// Several messages in one line.
    Batch,
    /// Anything else: no JSON, an error without an id. Passed on, never remembered.
    Other,
}

/// What the line, or the beginning of a long one, is.
pub(super) fn peek(line: &[u8]) -> Message {
    if line.trim_ascii_start().starts_with(b"[") {
        return Message::Batch;
    }
    let mut seen = Seen::default();
    // An error says that enough was seen, or that the rest is no JSON; what was seen counts in both.
    let whole = Walk(&mut seen)
        .deserialize(&mut serde_json::Deserializer::from_slice(line))
        .is_ok();
    seen.message(whole)
}

/// The first message with an id in a batch, or in the beginning of a long one.
pub(super) fn peek_first(batch: &[u8]) -> Message {
    let mut seen = Seen::default();
    // As in `peek`.
    let _ = serde_json::Deserializer::from_slice(batch).deserialize_seq(Parts(&mut seen));
    seen.message(false)
}

/// The parts of a batch; none where an owner would refuse it as a whole.
pub(super) fn parts(batch: &[u8]) -> Option<Vec<&RawValue>> {
    if batch.len() > LINE_MOST {
        return None;
    }
    let parts = answers(batch);
    (1..=BATCH_MOST).contains(&parts.len()).then_some(parts)
}

/// The parts of a batch of answers.
pub(super) fn answers(batch: &[u8]) -> Vec<&RawValue> {
    serde_json::from_slice(batch).unwrap_or_default()
}

#[derive(Default)]
struct Seen {
    id: Option<Id>,
    method: Option<String>,
    /// Whether the answer is an error.
    answer: Option<bool>,
}

impl Seen {
    /// What was seen, `whole` where there is no more to see.
    fn message(self, whole: bool) -> Message {
        match self {
            Self {
                id: Some(id),
                method: Some(method),
                ..
            } => Message::Request { id, method },
            Self {
                id: Some(id),
                answer: Some(error),
                ..
            } => Message::Answer { id, error },
            Self {
                id: None,
                method: Some(method),
                ..
            } if whole => Message::Notification { method },
            _ => Message::Other,
        }
    }

    fn enough(&self) -> bool {
        self.id.is_some() && (self.method.is_some() || self.answer.is_some())
    }
}

struct Walk<'a>(&'a mut Seen);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let seen = self.0;
        while let Some(key) = map.next_key_seed(Name)? {
            match key {
                Key::Id => seen.id = map.next_value::<Option<Value>>()?.and_then(id),
                Key::Method => seen.method = Some(map.next_value()?),
                Key::Result => seen.answer = Some(false),
                Key::Error => seen.answer = Some(true),
                Key::Else => {}
            }
            if seen.enough() {
                return Err(A::Error::custom("enough"));
            }
            if matches!(key, Key::Result | Key::Error | Key::Else) {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Walks through the messages of a batch until it has seen enough of one.
struct Parts<'a>(&'a mut Seen);

impl<'de> Visitor<'de> for Parts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a batch of JSON-RPC messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<(), A::Error> {
        while parts.next_element_seed(Walk(&mut *self.0))?.is_some() {
            *self.0 = Seen::default();
        }
        Ok(())
    }
}

/// An id as the owner reads it and gives it back; none where it takes it for none.
fn id(value: Value) -> Option<Id> {
    if value.is_string() || value.is_i64() {
        return Some(value);
    }
    let id: RequestId = serde_json::from_value(value).ok()?;
    Some(id.into_json_value())
}

enum Key {
    Id,
    Method,
    Result,
    Error,
    Else,
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Key;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Key, E> {
        Ok(match name {
            "id" => Key::Id,
            "method" => Key::Method,
            "result" => Key::Result,
            "error" => Key::Error,
            _ => Key::Else,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_is_known_in_any_order_of_its_fields() {
        let request = Message::Request {
            id: json!(7),
            method: "tools/call".into(),
        };
        for line in [
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"id":1,"method":"x"}}"#,
            r#"{"method":"tools/call","params":{"id":1,"result":[{}]},"jsonrpc":"2.0","id":7}"#,
        ] {
            assert_eq!(peek(line.as_bytes()), request, "{line}");
        }
        assert_eq!(
            peek(br#"{"result":{"id":3},"id":"a\u0062"}"#),
            Message::Answer {
                id: json!("ab"),
                error: false
            }
        );
        assert_eq!(
            peek(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
            Message::Notification {
                method: "notifications/initialized".into()
            }
        );
    }

    #[test]
    fn a_whole_number_is_one_id_however_it_is_written() {
        assert_eq!(
            peek(br#"{"id":7.0,"method":"ping"}"#),
            peek(br#"{"id":7,"method":"ping"}"#)
        );
    }

    #[test]
    fn the_beginning_of_a_long_line_is_enough_where_it_names_the_id() {
        assert!(matches!(
            peek(br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"a":"bbbb"#),
            Message::Request { .. }
        ));
        assert_eq!(
            peek(br#"{"method":"tools/call","params":{"a":"bbbb"#),
            Message::Other
        );
    }

    #[test]
    fn a_batch_is_known_and_taken_apart_as_the_owner_does_it() {
        let batch = br#" [{"id":1,"method":"ping"}, {"method":"x"}, 7]"#;
        assert_eq!(peek(batch), Message::Batch);
        let texts: Vec<_> = parts(batch)
            .unwrap()
            .iter()
            .map(|part| part.get())
            .collect();
        assert_eq!(
            texts,
            [r#"{"id":1,"method":"ping"}"#, r#"{"method":"x"}"#, "7"]
        );
        for refused in [&b"[]"[..], b"[{}", b"[\xff]", b"[{}] {}"] {
            assert_eq!(peek(refused), Message::Batch);
            assert!(parts(refused).is_none());
        }
        let many = |count| format!("[{}]", vec!["7"; count].join(","));
        assert!(parts(many(BATCH_MOST).as_bytes()).is_some());
        assert!(parts(many(BATCH_MOST + 1).as_bytes()).is_none());
    }

    #[test]
    fn the_beginning_of_a_long_batch_of_answers_names_one_of_them() {
        let nameless = r#"{"id":null,"error":{}},{"id":[],"result":1}"#;
        for (text, id) in [
            (r#"[{"jsonrpc":"2.0","id":7,"result":"bbbb"#.to_owned(), 7),
            (format!(r#"[{nameless},{{"id":8,"error":{{"#), 8),
            (format!(r#"[{nameless},{{"result":{{}},"id":9}}]"#), 9),
        ] {
            let first = peek_first(text.as_bytes());
            assert!(
                matches!(&first, Message::Answer { id: known, .. } if *known == json!(id)),
                "{text}: {first:?}"
            );
        }
        assert_eq!(peek_first(nameless.as_bytes()), Message::Other);
        assert_eq!(peek_first(b"[{\"id\":7,"), Message::Other);
    }

    #[test]
    fn what_is_no_message_is_passed_on() {
        for line in [
            "",
            "x",
            r#"{"id":null,"error":{}}"#,
            r#"{"id":{},"method":1}"#,
            r#"{"id":null,"result":{}}"#,
            r#"{"id":1.5,"result":{}}"#,
            r#"{"id":18446744073709551615,"result":{}}"#,
        ] {
            assert_eq!(peek(line.as_bytes()), Message::Other, "{line}");
        }
    }
}
