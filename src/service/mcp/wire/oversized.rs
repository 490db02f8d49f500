//! What a line that was not kept still tells: the id of its request, so that somebody gets the answer.

use rmcp::model::RequestId;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// The start and the end that are kept of a line; an id stands in one of them with every client that is known.
const KEPT: usize = 512;

/// The start and the end of a line.
pub(super) struct Glimpse {
    start: Vec<u8>,
    end: Vec<u8>,
}

impl Glimpse {
    /// Of what was read of the line so far.
    pub(super) fn of(read: &[u8]) -> Self {
        let mut glimpse = Self {
            start: Vec::new(),
            end: Vec::new(),
        };
        glimpse.pass(read);
        glimpse
    }

    /// Lets the next part of the line go by.
    pub(super) fn pass(&mut self, part: &[u8]) {
        let free = KEPT - self.start.len();
        self.start.extend_from_slice(&part[..free.min(part.len())]);
        self.end
            .extend_from_slice(&part[part.len().saturating_sub(KEPT)..]);
        let over = self.end.len().saturating_sub(KEPT);
        self.end.drain(..over);
    }

    /// The id of the request that the line was.
    pub(super) fn id(&self) -> Option<RequestId> {
        self.id_at_start().or_else(|| self.id_at_end())
    }

    fn id_at_start(&self) -> Option<RequestId> {
        let mut id = None;
        let mut json = serde_json::Deserializer::from_slice(&self.start);
        // The text breaks off: what stood before that is in `id`, whatever comes back.
        let _ = TopLevelId(&mut id).deserialize(&mut json);
        id
    }

    /// A key right before the last brace of a line is one of the outermost object.
    fn id_at_end(&self) -> Option<RequestId> {
        let end = self.end.trim_ascii_end().strip_suffix(b"}")?;
        let at = memchr::memmem::rfind(end, b"\"id\"")?;
        let value = end[at + 4..].trim_ascii_start().strip_prefix(b":")?;
        serde_json::from_slice(value).ok()
    }
}

struct TopLevelId<'a>(&'a mut Option<RequestId>);

impl<'de> DeserializeSeed<'de> for TopLevelId<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TopLevelId<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "id" {
                *self.0 = Some(map.next_value()?);
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_seen_at_either_end_and_nowhere_else() {
        let filling = "x".repeat(2000);
        let first = format!(r#"{{"jsonrpc":"2.0","id":7,"params":{{"a":"{filling}","id":1}}}}"#);
        let last = format!(r#"{{"params":{{"a":"{filling}"}},"jsonrpc":"2.0","id": "seven"}}"#);
        let inner = format!(r#"{{"params":{{"a":"{filling}","id":1}}}}"#);
        let cases = [
            (first, Some(RequestId::Number(7))),
            (last, Some(RequestId::String("seven".into()))),
            (inner, None),
            (filling, None),
        ];
        for (line, id) in cases {
            for size in [1, 100, 5000] {
                let mut glimpse = Glimpse::of(b"");
                for part in line.as_bytes().chunks(size) {
                    glimpse.pass(part);
                }
                assert_eq!(glimpse.id(), id, "{line}");
            }
        }
    }
}
