//! Checking that the journal is what was written.

use crate::core::refusal::Refusal;
use crate::service::operation::Progress;
use crate::store::journal::{Check, JournalReader, ReadError};
use schemars::JsonSchema;
use serde::Serialize;

/// Events between two words of progress.
const STRIDE: u64 = 100_000;

/// What a check of the journal's chain of hashes found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Verification {
    /// How many events were checked.
    pub checked_events: u64,
    /// Whether each is as it was written.
    pub intact: bool,
    /// What is wrong first, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
}

impl Verification {
    /// The same in a sentence.
    pub(crate) fn words(&self) -> String {
        let Some(damage) = &self.damage else {
            return format!("The journal is intact: {} events. ", self.checked_events);
        };
        format!(
            "The journal is damaged after {} events: {damage}. ",
            self.checked_events
        )
    }
}

/// Reads the whole journal up to its durable end and checks each batch against the chain.
pub(crate) fn verify(
    journal: &JournalReader,
    progress: &Progress,
    stopped: &dyn Fn() -> bool,
) -> Result<Verification, Refusal> {
    let end = journal.end();
    let mut checked = 0;
    match walk(journal, end.sequence, progress, stopped, &mut checked) {
        Ok(()) => Ok(Verification {
            checked_events: checked,
            intact: true,
            damage: None,
        }),
        Err(Ended::Read(ReadError::Damaged(damage))) => Ok(Verification {
            checked_events: checked,
            intact: false,
            damage: Some(damage.to_string()),
        }),
        Err(Ended::Read(error)) => Err(Refusal::unavailable(format!(
            "the journal can't be read: {error}"
        ))),
        Err(Ended::Stopped) => Err(Refusal::unavailable("the check was cancelled")),
    }
}

enum Ended {
    Read(ReadError),
    Stopped,
}

impl From<ReadError> for Ended {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

fn walk(
    journal: &JournalReader,
    total: u64,
    progress: &Progress,
    stopped: &dyn Fn() -> bool,
    checked: &mut u64,
) -> Result<(), Ended> {
    let mut batches = journal.read(1, Check::Chain)?;
    let mut told = 0;
    while let Some(batch) = batches.next_batch()? {
        *checked += batch.len() as u64;
        if *checked >= told + STRIDE {
            told = *checked;
            progress.tell(told, Some(total.max(told)), "checking the hash chain");
        }
        if stopped() {
            return Err(Ended::Stopped);
        }
    }
    Ok(())
}
