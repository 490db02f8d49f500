//! What the client waits for.

use super::peek::Id;
use super::repeat::{ReadOnly, is_repeatable, unavailable};
use std::collections::{BTreeMap, HashMap};

/// How much of unanswered lines is kept for a second sending, in bytes. What comes while this much
/// is kept can't be repeated.
const MOST_KEPT: usize = 64 * 1024 * 1024;

/// How often a request may be lost with its owner before it is taken for the cause.
const MOST_LOSSES: u8 = 4;

/// A request without its answer.
struct Request {
    id: Id,
    method: String,
    /// The line, where it can be sent again.
    line: Option<Box<[u8]>>,
    /// The number of the line on this connection; none where it was not sent yet.
    sent_as: Option<u64>,
    losses: u8,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Without a word: each request that was sent may have been done.
    Abrupt,
    /// After the owner said how many lines it had taken: later ones were not done.
    After(u64),
}

impl Loss {
    fn may_have_reached(self, sent_as: u64) -> bool {
        match self {
            Self::Abrupt => true,
            Self::After(read) => sent_as <= read,
        }
    }
}

/// The unanswered requests in the order of their coming.
#[derive(Default)]
pub(super) struct Unanswered {
    requests: BTreeMap<u64, Request>,
    places: HashMap<Id, u64>,
    next: u64,
    kept: usize,
}

impl Unanswered {
    /// Remembers a request. `line` is none where the line is too long to be kept.
    pub(super) fn add(&mut self, id: Id, method: String, line: Option<&[u8]>, sent_as: u64) {
        // A client that uses an id twice at once gets one of its answers; which one is up to it.
        self.forget(&id);
        let line = line.filter(|line| self.kept + line.len() <= MOST_KEPT);
        self.kept += line.map_or(0, <[u8]>::len);
        self.places.insert(id.clone(), self.next);
        self.requests.insert(
            self.next,
            Request {
                id,
                method,
                line: line.map(Box::from),
                sent_as: Some(sent_as),
                losses: 0,
            },
        );
        self.next += 1;
    }

    /// Forgets a request that is answered or cancelled; says whether there was one.
    pub(super) fn forget(&mut self, id: &Id) -> bool {
        let request = self
            .places
            .remove(id)
            .and_then(|place| self.requests.remove(&place));
        if let Some(line) = request.as_ref().and_then(|request| request.line.as_ref()) {
            self.kept -= line.len();
        }
        request.is_some()
    }

    /// Whether the client waits for this one.
    pub(super) fn has(&self, id: &Id) -> bool {
        self.places.contains_key(id)
    }

    /// How many requests will still be answered by the owner; one that stays open by its nature is
    /// not waited for, nor one that the owner has not taken.
    pub(super) fn under_way(&self, loss: Loss) -> usize {
        self.requests
            .values()
            .filter(|request| request.method != super::LISTEN)
            .filter(|request| request.sent_as.is_some_and(|at| loss.may_have_reached(at)))
            .count()
    }

    /// Whether there is none but those that stay open by their nature.
    pub(super) fn waits_for_nothing(&self) -> bool {
        self.requests
            .values()
            .all(|request| request.method == super::LISTEN)
    }

    /// The connection is lost: what may not be sent again is forgotten and answered, by a line each.
    pub(super) fn lose(&mut self, loss: Loss, read_only: &ReadOnly) -> String {
        let mut gone = Vec::new();
        for request in self.requests.values_mut() {
            let Some(sent_as) = request.sent_as.take() else {
                continue;
            };
            let reached = loss.may_have_reached(sent_as);
            request.losses += u8::from(reached);
            let again = request.line.as_ref().is_some_and(|line| {
                !reached
                    || request.losses < MOST_LOSSES
                        && is_repeatable(&request.method, line, read_only)
            });
            if !again {
                gone.push((request.id.clone(), request.method.clone()));
            }
        }
        self.give_up(&gone)
    }

    /// Nobody will answer: everything is forgotten and answered.
    pub(super) fn lose_all(&mut self) -> String {
        let all: Vec<_> = self
            .requests
            .values()
            .map(|request| (request.id.clone(), request.method.clone()))
            .collect();
        self.give_up(&all)
    }

    fn give_up(&mut self, gone: &[(Id, String)]) -> String {
        gone.iter()
            .map(|(id, method)| {
                self.forget(id);
                unavailable(id, method)
            })
            .collect()
    }

    /// The lines to send again, in order. `number` gives each its number on the new connection.
    pub(super) fn send_again(&mut self, mut number: impl FnMut() -> u64) -> Vec<Box<[u8]>> {
        let mut lines = Vec::new();
        for request in self.requests.values_mut() {
            if let (None, Some(line)) = (request.sent_as, &request.line) {
                request.sent_as = Some(number());
                lines.push(line.clone());
            }
        }
        lines
    }

    /// Notes that a request is sent otherwise than by [`Self::send_again`].
    pub(super) fn sent(&mut self, id: &Id, sent_as: u64) {
        if let Some(request) = self
            .places
            .get(id)
            .and_then(|place| self.requests.get_mut(place))
        {
            request.sent_as = Some(sent_as);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(request_id: Option<&str>) -> Vec<u8> {
        let arguments = request_id.map_or(json!({}), |id| json!({"request_id": id}));
        json!({"params": {"name": "allocate_budget", "arguments": arguments}})
            .to_string()
            .into_bytes()
    }

    fn waiting() -> Unanswered {
        let mut unanswered = Unanswered::default();
        for (at, request_id) in [(1, Some("a")), (2, None), (3, Some("b"))] {
            let line = call(request_id);
            unanswered.add(json!(at), "tools/call".into(), Some(&line), at);
        }
        unanswered
    }

    #[test]
    fn after_an_abrupt_end_the_safe_ones_go_again_in_order() {
        let mut unanswered = waiting();
        unanswered.forget(&json!(1));
        unanswered.add(json!(4), "ping".into(), Some(b"ping"), 4);
        let answers = unanswered.lose(Loss::Abrupt, &ReadOnly::new());
        assert_eq!(answers.lines().count(), 1);
        assert!(answers.contains(r#""id":2"#));
        let again = unanswered.send_again(|| 1);
        assert_eq!(again, [call(Some("b")).into(), (*b"ping").into()]);
        assert!(unanswered.send_again(|| 1).is_empty());
    }

    #[test]
    fn what_a_leaving_owner_did_not_take_goes_again_whatever_it_is() {
        let mut unanswered = waiting();
        assert_eq!(unanswered.under_way(Loss::After(1)), 1);
        assert_eq!(unanswered.lose(Loss::After(1), &ReadOnly::new()), "");
        assert_eq!(unanswered.send_again(|| 1).len(), 3);
    }

    #[test]
    fn a_request_that_is_lost_with_each_owner_is_given_up() {
        let mut unanswered = waiting();
        for _ in 1..MOST_LOSSES {
            unanswered.lose(Loss::Abrupt, &ReadOnly::new());
            assert_eq!(unanswered.send_again(|| 1).len(), 2);
        }
        let answers = unanswered.lose(Loss::Abrupt, &ReadOnly::new());
        assert_eq!(answers.lines().count(), 2);
        assert_eq!(unanswered.kept, 0);
        assert!(unanswered.requests.is_empty() && unanswered.places.is_empty());
    }

    #[test]
    fn a_line_too_long_to_keep_is_answered() {
        let mut unanswered = Unanswered::default();
        unanswered.add(json!(1), "tools/call".into(), None, 1);
        assert!(
            unanswered
                .lose(Loss::Abrupt, &ReadOnly::new())
                .contains("unavailable")
        );
        assert!(!unanswered.has(&json!(1)));
    }
}
