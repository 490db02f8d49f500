//! Holds as callers name them: open or ended, their own or another's.

use super::Desk;
use super::operation::Call;
use crate::core::allocation::Allocation;
use crate::core::id::AllocationId;
use crate::core::refusal::{Code, Refusal};
use crate::core::state::{Row, RowKey};

impl Desk {
    /// A hold, be it long over.
    fn hold(&self, id: AllocationId) -> Result<Allocation, Refusal> {
        if let Some(known) = self.state().allocation(id) {
            return Ok(known.clone());
        }
        // The state forgets what has ended once the store has it.
        match self.ledger().shared().ended(&RowKey::Allocation(id))? {
            Some(Row::Allocation(ended)) => Ok(ended),
            _ => Err(no_hold(id)),
        }
    }

    /// A hold, be it long over, whose context the caller's configuration allows.
    ///
    /// # Errors
    /// `not_found` where there never was one of that id, `permission_denied` for another's, or `unavailable` where the
    /// store can't be read.
    pub fn own_hold(&self, call: &Call, id: AllocationId) -> Result<Allocation, Refusal> {
        let hold = self.hold(id)?;
        let own = call.caller.owns(&hold.context);
        own.map_err(|refusal| {
            Refusal::new(
                Code::PermissionDenied,
                format!("allocation_id: {id} is another's: {}", refusal.message),
            )
            .with("field", "allocation_id")
        })?;
        Ok(hold)
    }
}

fn no_hold(id: AllocationId) -> Refusal {
    let message = format!(
        "allocation_id: there is no hold {id}, and never was; give the id that allocate_budget answered"
    );
    Refusal::new(Code::NotFound, message)
        .with("field", "allocation_id")
        .with("allocation", id.to_string())
}
