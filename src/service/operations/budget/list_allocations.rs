//! `list_allocations`: the holds, the newest first.

use crate::core::allocation::{Allocation, AllocationStatus};
use crate::core::context::Context;
use crate::core::id::AllocationId;
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
    ListAllocationsInput [context] {
        /// Only those of this status; default held.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<AllocationStatus>,
        /// Page length, 1 to 1000; default 50.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub limit: Option<u64>,
        /// next_cursor of the page before.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cursor: Option<String>,
    }
);

/// A page of holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListAllocationsAnswer {
    /// The holds.
    pub allocations: Vec<AllocationView>,
    /// Where the next page begins.
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
        let length = page::length(input.limit)?;
        let below = page::position(input.cursor.as_ref())?.unwrap_or(u64::MAX);
        let wanted = Wanted {
            status: input.status.unwrap_or(AllocationStatus::Held),
            context: input.given_context(),
            below,
        };
        // One more than the page tells whether there is another.
        let mut found = wanted.find(&desk, length + 1)?;
        let more = found.len() > length;
        found.truncate(length);
        let next_cursor = found
            .last()
            .filter(|_| more)
            .map(|last| last.id.0.to_string());
        let allocations: Vec<_> = found.iter().map(AllocationView::from).collect();
        let text = format!(
            "{} holds{}.",
            allocations.len(),
            if more { ", and more" } else { "" }
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
        let same = |own: &Option<String>, of: &Option<String>| own.is_none() || own == of;
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
        let mut found: Vec<Allocation> = {
            let state = desk.state();
            let all: Box<dyn Iterator<Item = &Allocation>> = match self.status {
                AllocationStatus::Held => Box::new(state.open_allocations()),
                _ => Box::new(state.ended_allocations()),
            };
            all.filter(|allocation| self.takes(allocation))
                .cloned()
                .collect()
        };
        if self.status != AllocationStatus::Held {
            let mut left = most;
            desk.ledger().shared().each_ended(
                &RowKey::Allocation(AllocationId(self.below)),
                |row| {
                    if let Row::Allocation(allocation) = row
                        && self.takes(&allocation)
                    {
                        found.push(allocation);
                        left -= 1;
                    }
                    left > 0
                },
            )?;
        }
        found.sort_unstable_by_key(|allocation| std::cmp::Reverse(allocation.id));
        // One that has ended just now may stand in the state and in the store.
        found.dedup_by_key(|allocation| allocation.id);
        found.truncate(most);
        Ok(found)
    }
}
