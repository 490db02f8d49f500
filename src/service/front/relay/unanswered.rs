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
    /// Where it can be sent again.
    text: Option<Box<[u8]>>,
}

impl Request {
    fn kept(&self) -> usize {
        self.text.as_ref().map_or(0, |text| text.len())
    }
}

/// A line of the client that waits for the line that answers it.
struct Asked {
    /// One, or those of a batch that are to be answered.
    requests: Vec<Request>,
    is_batch: bool,
    /// The number of the line on this connection; none where it was not sent yet.
    sent_as: Option<u64>,
    losses: u8,
}

impl Asked {
    /// What is to be sent again; none where not all of it was kept.
    fn text(&self) -> Option<Box<[u8]>> {
        let texts: Option<Vec<_>> = self.requests.iter().map(|it| it.text.as_deref()).collect();
        let texts = texts?.join(&b',');
        Some(if self.is_batch {
            [b"[", texts.as_slice(), b"]"].concat().into()
        } else {
            texts.into()
        })
    }

    fn is_kept(&self) -> bool {
        self.requests.iter().all(|request| request.text.is_some())
    }

    fn is_repeatable(&self, read_only: &ReadOnly) -> bool {
        self.requests.iter().all(|Request { method, text, .. }| {
            text.as_ref()
                .is_some_and(|text| is_repeatable(method, text, read_only))
        })
    }

    /// Whether it stays open by its nature.
    fn stays_open(&self) -> bool {
        self.requests.iter().all(|it| it.method == super::LISTEN)
    }

    /// Whether no owner can have taken it.
    const fn has_reached_none(&self) -> bool {
        self.sent_as.is_none() && self.losses == 0
    }

    /// The line that says that nobody will answer.
    fn unavailable(&self) -> String {
        let answers = self
            .requests
            .iter()
            .map(|it| unavailable(&it.id, &it.method, self.has_reached_none()));
        let answers: Vec<_> = answers.map(|answer| answer.to_string()).collect();
        let answers = answers.join(",");
        if self.is_batch {
            format!("[{answers}]\n")
        } else {
            format!("{answers}\n")
        }
    }
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
    asked: BTreeMap<u64, Asked>,
    places: HashMap<Id, u64>,
    next: u64,
    kept: usize,
}

impl Unanswered {
    /// Remembers a request. `text` is none where the line is too long to be kept.
    pub(super) fn add(&mut self, id: Id, method: String, text: Option<&[u8]>, sent_as: u64) {
        let text = text.filter(|text| self.has_room_for(text.len()));
        let request = Request {
            id,
            method,
            text: text.map(Box::from),
        };
        self.ask([request], false, sent_as);
    }

    /// Remembers the requests of a batch, which are answered together.
    pub(super) fn add_batch(&mut self, requests: Vec<(Id, String, &[u8])>, sent_as: u64) {
        let has_room = self.has_room_for(requests.iter().map(|(_, _, text)| text.len()).sum());
        let requests = requests.into_iter().map(|(id, method, text)| Request {
            id,
            method,
            text: has_room.then(|| text.into()),
        });
        self.ask(requests, true, sent_as);
    }

    fn has_room_for(&self, len: usize) -> bool {
        self.kept + len <= MOST_KEPT
    }

    fn ask(&mut self, requests: impl IntoIterator<Item = Request>, is_batch: bool, sent_as: u64) {
        let place = self.next;
        let mut asked = Asked {
            requests: Vec::new(),
            is_batch,
            sent_as: Some(sent_as),
            losses: 0,
        };
        for request in requests {
            // A client that uses an id twice at once gets one of its answers; which one is up to it.
            if self.places.get(&request.id) == Some(&place) {
                continue;
            }
            self.forget(&request.id);
            self.kept += request.kept();
            self.places.insert(request.id.clone(), place);
            asked.requests.push(request);
        }
        if !asked.requests.is_empty() {
            self.asked.insert(place, asked);
            self.next += 1;
        }
    }

    /// Forgets a request that is answered or cancelled; says whether there was one.
    pub(super) fn forget(&mut self, id: &Id) -> bool {
        let Some(place) = self.places.remove(id) else {
            return false;
        };
        if let Some(asked) = self.asked.get_mut(&place) {
            let gone = asked.requests.iter().position(|it| it.id == *id);
            let gone = gone.map(|at| asked.requests.remove(at));
            self.kept -= gone.as_ref().map_or(0, Request::kept);
            if asked.requests.is_empty() {
                self.asked.remove(&place);
            }
        }
        true
    }

    /// Forgets the whole batch with this request, as it is answered.
    pub(super) fn forget_batch(&mut self, id: &Id) {
        if let Some(place) = self.places.get(id).copied() {
            self.take(place);
        }
    }

    /// Forgets all batches: the owner refuses each as a whole, which names none of its requests.
    pub(super) fn forget_batches(&mut self) {
        let batches = self.asked.iter().filter(|(_, asked)| asked.is_batch);
        let places: Vec<_> = batches.map(|(place, _)| *place).collect();
        for place in places {
            self.take(place);
        }
    }

    fn take(&mut self, place: u64) -> Option<Asked> {
        let asked = self.asked.remove(&place)?;
        for request in &asked.requests {
            self.places.remove(&request.id);
            self.kept -= request.kept();
        }
        Some(asked)
    }

    /// Whether the client waits for this one.
    pub(super) fn has(&self, id: &Id) -> bool {
        self.places.contains_key(id)
    }

    /// How many lines will still be answered by the owner; one that stays open by its nature is
    /// not waited for, nor one that the owner has not taken.
    pub(super) fn under_way(&self, loss: Loss) -> usize {
        self.asked
            .values()
            .filter(|asked| !asked.stays_open())
            .filter(|asked| asked.sent_as.is_some_and(|at| loss.may_have_reached(at)))
            .count()
    }

    /// Whether there is none but those that stay open by their nature.
    pub(super) fn waits_for_nothing(&self) -> bool {
        self.asked.values().all(Asked::stays_open)
    }

    /// The connection is lost: what may not be sent again is forgotten and answered, by a line each.
    pub(super) fn lose(&mut self, loss: Loss, read_only: &ReadOnly) -> String {
        let mut gone = Vec::new();
        for (place, asked) in &mut self.asked {
            let Some(sent_as) = asked.sent_as.take() else {
                continue;
            };
            let reached = loss.may_have_reached(sent_as);
            asked.losses += u8::from(reached);
            let again = if reached {
                asked.losses < MOST_LOSSES && asked.is_repeatable(read_only)
            } else {
                asked.is_kept()
            };
            if !again {
                gone.push(*place);
            }
        }
        self.give_up(&gone)
    }

    /// Nobody will answer: everything is forgotten and answered.
    pub(super) fn lose_all(&mut self) -> String {
        let all: Vec<_> = self.asked.keys().copied().collect();
        self.give_up(&all)
    }

    fn give_up(&mut self, gone: &[u64]) -> String {
        let gone = gone.iter().filter_map(|place| self.take(*place));
        gone.map(|asked| asked.unavailable()).collect()
    }

    /// The texts to send again, in order. `number` gives each its number on the new connection.
    pub(super) fn send_again(&mut self, mut number: impl FnMut() -> u64) -> Vec<Box<[u8]>> {
        let mut texts = Vec::new();
        for asked in self.asked.values_mut() {
            if asked.sent_as.is_none()
                && let Some(text) = asked.text()
            {
                asked.sent_as = Some(number());
                texts.push(text);
            }
        }
        texts
    }

    /// Notes that a request is sent otherwise than by [`Self::send_again`].
    pub(super) fn sent(&mut self, id: &Id, sent_as: u64) {
        if let Some(asked) = self
            .places
            .get(id)
            .and_then(|place| self.asked.get_mut(place))
        {
            asked.sent_as = Some(sent_as);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

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
        assert!(unanswered.asked.is_empty() && unanswered.places.is_empty());
    }

    fn batch(unanswered: &mut Unanswered, request_ids: &[(&str, Option<&str>)], sent_as: u64) {
        let calls: Vec<_> = request_ids
            .iter()
            .map(|(id, request_id)| (json!(id), call(*request_id)))
            .collect();
        let requests = calls
            .iter()
            .map(|(id, text)| (id.clone(), "tools/call".into(), text.as_slice()));
        unanswered.add_batch(requests.collect(), sent_as);
    }

    #[test]
    fn a_batch_goes_again_whole_or_is_answered_in_one_line() {
        let mut unanswered = Unanswered::default();
        batch(&mut unanswered, &[("a", Some("r1")), ("b", Some("r2"))], 1);
        batch(&mut unanswered, &[("c", Some("r3")), ("d", None)], 2);
        batch(&mut unanswered, &[("e", None)], 3);
        assert_eq!(unanswered.under_way(Loss::After(2)), 2);
        let told = unanswered.lose(Loss::After(2), &ReadOnly::new());
        let told: Vec<Value> = told
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(told.len(), 1);
        let ids: Vec<_> = told[0]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["id"])
            .collect();
        assert_eq!(ids, [&json!("c"), &json!("d")]);
        assert!(told[0].to_string().contains("unavailable"));
        let [again, untaken] = &unanswered.send_again(|| 1)[..] else {
            panic!("the first and the last go again");
        };
        let expected = [b"[", &call(Some("r1"))[..], b",", &call(Some("r2")), b"]"].concat();
        assert_eq!(**again, *expected);
        assert_eq!(**untaken, *[b"[", call(None).as_slice(), b"]"].concat());
    }

    #[test]
    fn a_batch_waits_until_it_is_answered_or_all_of_it_is_cancelled() {
        let mut unanswered = Unanswered::default();
        batch(&mut unanswered, &[("a", None), ("b", None), ("a", None)], 1);
        batch(&mut unanswered, &[("c", Some("r1")), ("d", Some("r2"))], 2);
        batch(&mut unanswered, &[], 3);
        unanswered.forget_batch(&json!("b"));
        assert!(!unanswered.has(&json!("a")));
        assert!(unanswered.forget(&json!("c")));
        assert_eq!(unanswered.under_way(Loss::Abrupt), 1);
        unanswered.lose(Loss::Abrupt, &ReadOnly::new());
        let rest = [b"[", call(Some("r2")).as_slice(), b"]"].concat();
        assert_eq!(unanswered.send_again(|| 1), [rest.into()]);
        assert!(unanswered.forget(&json!("d")));
        assert!(unanswered.waits_for_nothing());
        assert!(unanswered.kept == 0 && unanswered.places.is_empty());
    }

    #[test]
    fn an_id_that_is_used_twice_at_once_is_waited_for_once() {
        let mut unanswered = waiting();
        batch(&mut unanswered, &[("x", None)], 4);
        let text = call(None);
        unanswered.add_batch(
            vec![
                (json!(1), "tools/call".into(), &text),
                (json!("x"), "tools/call".into(), &text),
            ],
            5,
        );
        assert_eq!(unanswered.under_way(Loss::Abrupt), 3);
        // The first of the two uses is answered by itself.
        assert!(unanswered.forget(&json!(1)));
        unanswered.forget_batch(&json!("x"));
        assert_eq!(unanswered.under_way(Loss::Abrupt), 2);
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
