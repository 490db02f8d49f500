//! `request_increase`: an agent can't raise a limit, but it can ask.

mod person;

use crate::core::command::{Command, RequestIncrease};
use crate::core::event::Event;
use crate::core::id::{IncreaseId, PolicyId};
use crate::core::increase::IncreaseStatus;
use crate::core::quantity::{COUNT_MOST, Usd};
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::core::tally::{Tally, saturate};
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::{request, unexpected};
use crate::service::wire::fields::{HasContext, arguments};
use crate::service::wire::schema::needed;
use crate::service::{Desk, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An agent can't raise a limit, but it can ask.
pub struct RequestIncreaseOperation;

arguments!(
    /// How much more is asked, of which policy, and why.
    #[schemars(transform = needed(&["policy_id", "reason"]))]
    RequestIncreaseInput [context] {
        /// The policy, as check_budget names it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub policy_id: Option<PolicyId>,
        /// USD more, a decimal string.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cost_usd: Option<Usd>,
        /// Tokens more.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tokens: Option<u64>,
        /// Calls more.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub requests: Option<u64>,
        /// Why, for the person who decides.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
        /// Makes a retry safe.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub request_id: Option<String>,
    }
);

/// The request, or its answer where a person was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestIncreaseAnswer {
    /// The request.
    pub increase_id: IncreaseId,
    /// Where it is in its life.
    pub status: IncreaseStatus,
    /// Whether this request_id had asked before.
    pub duplicate: bool,
}

impl Operation for RequestIncreaseOperation {
    type Input = RequestIncreaseInput;
    type Output = RequestIncreaseAnswer;
    const CONTRACT: Contract = Contract {
        name: "request_increase",
        title: "Ask for more",
        description: "Ask a person for more of one policy's present window when a call does not fit. Needs policy_id, \
            an amount and a reason. Returns its status: open until an admin answers, or the person's answer.",
        toolset: Toolset::Budget,
        role: Role::Agent,
        effect: Effect::Adds,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        mut input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        let policy = input
            .policy_id
            .ok_or_else(|| Refusal::invalid("policy_id", "expects the policy to ask more of"))?;
        let context = call.caller.fill(input.given_context())?;
        let amount = amount(&input)?;
        let id = input.request_id.take();
        let request = request(call, "request_increase", id.as_ref(), &input)?;
        let wanted = RequestIncrease {
            policy,
            context,
            fixed: call.caller.fixed.clone(),
            amount,
        };
        let reason = input.reason.as_ref();
        let answered = person::ask(&desk, call, &wanted, reason, request.as_ref()).await?;
        let fresh = match &answered {
            None => IncreaseStatus::Open,
            Some(answered) => reviewed(answered.granted),
        };
        let command = match answered {
            None => Command::RequestIncrease(wanted),
            Some(answered) => Command::AnsweredIncrease(Box::new(answered)),
        };
        let (entry, duplicate) = desk
            .give_unjudged(call, input.reason, request, command)
            .await?;
        let Event::IncreaseRequested { .. } = entry.recorded.event else {
            return Err(unexpected());
        };
        let increase_id = IncreaseId(entry.sequence);
        let status = if duplicate {
            first_status(&desk, increase_id)?
        } else {
            fresh
        };
        let text = match status {
            IncreaseStatus::Open => format!("{increase_id} waits for an admin's answer."),
            IncreaseStatus::Granted => format!("The person granted {increase_id}."),
            IncreaseStatus::Declined => format!("The person declined {increase_id}."),
            IncreaseStatus::Expired => format!("The window of {increase_id} is over."),
        };
        let content = RequestIncreaseAnswer {
            increase_id,
            status,
            duplicate,
        };
        Ok(Answer { text, content })
    }
}

const fn reviewed(granted: bool) -> IncreaseStatus {
    if granted {
        IncreaseStatus::Granted
    } else {
        IncreaseStatus::Declined
    }
}

/// What was answered when a request was recorded: a person's answer is the event right after it, where otherwise the
/// alert of the open request is.
fn first_status(desk: &Desk, increase_id: IncreaseId) -> Result<IncreaseStatus, Refusal> {
    let next = desk.ledger().shared().event(increase_id.0 + 1)?;
    Ok(match next.event {
        Event::IncreaseReviewed { increase, granted } if increase == increase_id => {
            reviewed(granted)
        }
        _ => IncreaseStatus::Open,
    })
}

fn amount(input: &RequestIncreaseInput) -> Result<Tally, Refusal> {
    for (field, count) in [("tokens", input.tokens), ("requests", input.requests)] {
        if count.is_some_and(|count| count > COUNT_MOST) {
            return Err(Refusal::invalid(field, "expects at most 10^12"));
        }
    }
    Ok(Tally {
        tokens: saturate(input.tokens.unwrap_or(0)),
        requests: saturate(input.requests.unwrap_or(0)),
        cost: input.cost_usd.unwrap_or_default(),
    })
}
