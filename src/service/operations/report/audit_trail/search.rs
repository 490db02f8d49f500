//! Looking for events, backwards through the journal.

use super::AuditTrailInput;
use super::subject::{EventKind, first_about, subjects};
use super::view::EventView;
use crate::core::codec;
use crate::core::event::Recorded;
use crate::core::refusal::Refusal;
use crate::pricing::catalogue::provider;
use crate::service::wire::schema::Instant;
use crate::store::journal::JournalReader;
use jiff::{SignedDuration, Timestamp};

/// The most events that are looked at for one page.
const SCAN_MOST: u64 = 200_000;
/// How far the clock may have been set back: a search ends this long before what it is asked from.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_hours(24);

/// What is looked for.
#[derive(Debug)]
pub(crate) struct Search {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    actor: Option<String>,
    kind: Option<EventKind>,
    /// The subject, and for a price's the same under the names that its provider is recorded by; empty for any.
    subjects: Vec<String>,
    /// The first event that can be wanted.
    first: u64,
}

/// What a page found, and from below which sequence the next one looks.
#[derive(Debug)]
pub(crate) struct Found {
    pub events: Vec<EventView>,
    pub next: Option<u64>,
}

impl Search {
    /// The search that is asked for.
    pub(crate) fn of(input: AuditTrailInput) -> Self {
        let first = input.subject.as_deref().map_or(1, first_about);
        Self {
            since: input.since.map(Instant::time),
            until: input.until.map(Instant::time),
            actor: input.actor,
            kind: input.kind,
            subjects: input.subject.map(named).unwrap_or_default(),
            first,
        }
    }

    /// The newest events below a sequence that are wanted, at most `length`.
    pub(crate) fn page(
        &self,
        journal: &JournalReader,
        below: u64,
        length: usize,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Found, Refusal> {
        let mut last = below.saturating_sub(1).min(journal.end().sequence);
        let mut found = Found {
            events: Vec::new(),
            next: None,
        };
        let enough = last.saturating_sub(SCAN_MOST);
        while last >= self.first {
            if last <= enough || stopped() {
                found.next = Some(last + 1);
                break;
            }
            let batch = journal.read_batch_of(last).map_err(unreadable)?;
            let batch = batch.as_batch();
            let first = batch.first();
            let events = (first..=last).zip(batch.events());
            let events: Vec<_> = events.collect();
            for (sequence, bytes) in events.into_iter().rev() {
                let recorded = codec::decode(bytes).map_err(unreadable)?;
                if self.is_before_all(&recorded) {
                    return Ok(found);
                }
                if sequence >= self.first && self.wants(sequence, &recorded) {
                    if found.events.len() == length {
                        found.next = Some(sequence + 1);
                        return Ok(found);
                    }
                    found.events.push(EventView::of(sequence, recorded)?);
                }
            }
            last = first.saturating_sub(1);
        }
        Ok(found)
    }

    fn is_before_all(&self, recorded: &Recorded) -> bool {
        let earliest = self
            .since
            .and_then(|since| since.checked_sub(CLOCK_SLACK).ok());
        earliest.is_some_and(|earliest| recorded.stamp.at < earliest)
    }

    fn wants(&self, sequence: u64, recorded: &Recorded) -> bool {
        let stamp = &recorded.stamp;
        self.since.is_none_or(|since| stamp.at >= since)
            && self.until.is_none_or(|until| stamp.at < until)
            && self
                .actor
                .as_ref()
                .is_none_or(|actor| stamp.actor == *actor)
            && self.kind.is_none_or(|kind| recorded.event.kind() == kind.0)
            && self.is_about(sequence, recorded)
    }

    fn is_about(&self, sequence: u64, recorded: &Recorded) -> bool {
        let wanted = |subject: &str| self.subjects.iter().any(|own| own == subject);
        let request = recorded.request.as_ref();
        self.subjects.is_empty()
            || request.is_some_and(|request| wanted(&request.id))
            || subjects(sequence, &recorded.event)
                .iter()
                .any(|subject| wanted(subject))
    }
}

/// A subject as it is given, and where it is a `provider/model`, under the provider's own names, too.
fn named(subject: String) -> Vec<String> {
    let mut names = Vec::new();
    if let Some((provider, model)) = subject.split_once('/') {
        let own = provider::limited(provider).into_iter();
        names.extend(own.map(|provider| format!("{provider}/{}", model.trim())));
    }
    names.push(subject);
    names
}

fn unreadable(error: impl std::fmt::Display) -> Refusal {
    Refusal::unavailable(format!("the journal can't be read: {error}"))
}
