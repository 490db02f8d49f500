//! The batches of protocol 2025-03-26: several messages in one line, and their answers in one.

use rmcp::model::RequestId;
use std::collections::HashSet;

/// The batches that still wait for answers.
#[derive(Default)]
pub(super) struct Batches(Vec<Batch>);

/// One batch: whose answers it waits for, and those it has, each as JSON.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) waiting: HashSet<RequestId>,
    pub(super) answers: Vec<Vec<u8>>,
}

impl Batch {
    /// The line that answers it, where there is anything to answer.
    fn line(self) -> Option<Vec<u8>> {
        if self.answers.is_empty() {
            return None;
        }
        let answers = self.answers.join(&b',');
        Some([b"[", answers.as_slice(), b"]"].concat())
    }
}

impl Batches {
    /// Takes a batch up; its line at once where nothing has to be waited for.
    pub(super) fn open(&mut self, batch: Batch) -> Option<Vec<u8>> {
        if batch.waiting.is_empty() {
            return batch.line();
        }
        self.0.push(batch);
        None
    }

    /// Whether the answer to `id` belongs into a batch.
    pub(super) fn wait_for(&self, id: &RequestId) -> bool {
        self.0.iter().any(|batch| batch.waiting.contains(id))
    }

    /// Files an answer, or that there will be none; the line of the batch that is complete by it.
    pub(super) fn settle(&mut self, id: &RequestId, answer: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let at = self.0.iter().position(|batch| batch.waiting.contains(id))?;
        let batch = &mut self.0[at];
        batch.waiting.remove(id);
        batch.answers.extend(answer);
        if batch.waiting.is_empty() {
            self.0.swap_remove(at).line()
        } else {
            None
        }
    }
}
