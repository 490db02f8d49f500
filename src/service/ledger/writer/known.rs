//! Requests that are made again.

use super::{Batch, Writer};
use crate::core::command::Posting;
use crate::core::decide::Entry;
use crate::core::event::Request;
use crate::core::refusal::{Code, Refusal};

impl Writer {
    /// The durable event of an earlier order with the same request id and content.
    pub(in crate::service::ledger) fn find(
        &mut self,
        request: &Request,
    ) -> Result<Option<Entry>, Refusal> {
        self.known(request, &mut Batch::default())
    }

    /// The event of an earlier command with the same request id and content.
    pub(super) fn known(
        &mut self,
        request: &Request,
        batch: &mut Batch,
    ) -> Result<Option<Entry>, Refusal> {
        let found = self
            .requests
            .find(&request.id)
            .map_err(|error| Refusal::unavailable(error.to_string()))?;
        let Some(sequence) = found else {
            return Ok(None);
        };
        let entry = match batch.entries.first() {
            Some(first) if sequence >= first.sequence => {
                let place = usize::try_from(sequence - first.sequence).unwrap_or(usize::MAX);
                batch.entries.get(place).cloned()
            }
            _ => Some(Entry {
                sequence,
                recorded: batch.earlier.event(&self.shared, sequence)?,
            }),
        };
        let same_id = |entry: &Entry| {
            entry
                .recorded
                .request
                .as_ref()
                .is_some_and(|known| known.id == request.id)
        };
        let Some(entry) = entry.filter(same_id) else {
            return Ok(None);
        };
        match &entry.recorded.request {
            Some(known) if known.content != request.content => Err(conflict(&request.id)),
            _ => Ok(Some(entry)),
        }
    }
}

/// Refuses a request id that a posting of the same command has with other content.
pub(super) fn same_content(
    fresh: &[Posting],
    twin: usize,
    request: &Request,
) -> Result<(), Refusal> {
    match fresh.get(twin).and_then(|posting| posting.request.as_ref()) {
        Some(first) if first.content != request.content => Err(conflict(&request.id)),
        _ => Ok(()),
    }
}

fn conflict(id: &str) -> Refusal {
    let message = format!("request_id {id:?} was used before for something else; take a new one");
    Refusal::new(Code::Conflict, message).with("request_id", id)
}
