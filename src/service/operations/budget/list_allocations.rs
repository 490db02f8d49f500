//! `list_allocations`: the holds, the newest first.

use crate::core::allocation::{Allocation, AllocationStatus};
use crate::core::context::Context;
use crate::core::count::counted;
use crate::core::id::AllocationId;
use crate::core::name::Name;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::core::state::{Row, RowKey};
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::wire::allocation::AllocationView;
use crate::service::wire::fields::{HasContext, arguments};
use crate::service::wire::page;
use crate::service::{Desk, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The holds, the newest first.
pub struct ListAllocations;

arguments!(
    /// Which holds.
    ListAllocationsInput [context, page] {
        /// Only those of this status; default held.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<AllocationStatus>,
    }
);

/// A page of holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListAllocationsAnswer {
    /// The holds.
    pub allocations: Vec<AllocationView>,
    /// Next page's cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Operation for ListAllocations {
    type Input = ListAllocationsInput;
    type Output = ListAllocationsAnswer;
    const CONTRACT: Contract = Contract {
        name: "list_allocations",
        title: "List holds",
        description: "List holds, the newest first: those that hold now, or with status those that have ended. Context \
            fields narrow it down.",
        toolset: Toolset::Budget,
        role: Role::Viewer,
        effect: Effect::Reads,
        open_world: false,
    };

    async fn run(
        service: &Service,
        _: &Call,
        input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        desk.end_what_is_due(desk.now()).await?;
        let length = page::length(input.limit);
        let below = page::position(input.cursor.as_ref())?.unwrap_or(u64::MAX);
        let wanted = Wanted {
            status: input.status.unwrap_or(AllocationStatus::Held),
            context: input.given_context(),
            below,
        };
        // One more than the page tells whether there is another.
        let mut found = wanted.find(&desk, length + 1)?;
        let next_cursor = page::cut(&mut found, length, |allocation| allocation.id.0);
        let allocations: Vec<_> = found.iter().map(AllocationView::from).collect();
        let text = format!(
            "{}{}.",
            counted(allocations.len(), "hold", "holds"),
            if next_cursor.is_some() {
                ", and more"
            } else {
                ""
            }
        );
        Ok(Answer {
            text,
            content: ListAllocationsAnswer {
                allocations,
                next_cursor,
            },
        })
    }
}

struct Wanted {
    status: AllocationStatus,
    context: Context,
    below: u64,
}

impl Wanted {
    fn takes(&self, allocation: &Allocation) -> bool {
        let (own, of) = (&self.context, &allocation.context);
        let same = |own: &Option<Name>, of: &Option<Name>| own.is_none() || own == of;
        allocation.status == self.status
            && allocation.id.0 < self.below
            && same(&own.component, &of.component)
            && same(&own.task_type, &of.task_type)
            && same(&own.session_id, &of.session_id)
            && same(&own.task_id, &of.task_id)
            && same(&own.user, &of.user)
            && same(&own.project, &of.project)
            && own
                .tags
                .iter()
                .all(|(name, value)| of.tags.get(name) == Some(value))
            && own
                .priority
                .is_none_or(|priority| of.priority == Some(priority))
    }

    fn find(&self, desk: &Desk, most: usize) -> Result<Vec<Allocation>, Refusal> {
        let state = desk.state();
        if self.status == AllocationStatus::Held {
            let mut held: Vec<_> = state
                .open_allocations()
                .filter(|allocation| self.takes(allocation))
                .collect();
            held.sort_unstable_by_key(|allocation| std::cmp::Reverse(allocation.id));
            return Ok(held.into_iter().take(most).cloned().collect());
        }
        let recent = state
            .ended_allocations()
            .filter(|allocation| self.takes(allocation))
            .cloned()
            .collect();
        drop(state);
        let take = |row| match row {
            Row::Allocation(allocation) if self.takes(&allocation) => Some(allocation),
            _ => None,
        };
        let below = RowKey::Allocation(AllocationId(self.below));
        desk.newest_ended(&below, recent, most, take, |allocation| allocation.id.0)
    }
}
