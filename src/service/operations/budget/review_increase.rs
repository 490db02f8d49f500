//! `review_increase`: what was asked for, and its answer.

use crate::core::command::Command;
use crate::core::count::counted;
use crate::core::decide::closed_increase;
use crate::core::id::{BudgetId, IncreaseId, PolicyId};
use crate::core::increase::{Increase, IncreaseStatus};
use crate::core::name::Name;
use crate::core::refusal::{Code, Refusal};
use crate::core::role::Role;
use crate::core::state::{Row, RowKey, State};
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::request;
use crate::service::wire::amounts::Amounts;
use crate::service::wire::page;
use crate::service::wire::schema::Instant;
use crate::service::wire::verdict::name_of;
use crate::service::{Desk, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was asked for, and its answer.
pub struct ReviewIncrease;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewAction {
    /// List what waits for an answer.
    List,
    /// Grant a request.
    Grant,
    /// Decline a request.
    Decline,
}

/// What to do with which request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewIncreaseInput {
    /// list, grant or decline.
    pub action: ReviewAction,
    /// The request to grant or decline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub increase_id: Option<IncreaseId>,
    /// Why, for the audit trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Makes a retry safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Page length of list, 1 to 1000; default 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<page::PageLength>,
    /// next_cursor of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A request for more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncreaseView {
    /// Its id.
    pub increase_id: IncreaseId,
    /// Where it is in its life.
    pub status: IncreaseStatus,
    /// Budget.
    pub budget_id: BudgetId,
    /// Its name.
    pub budget_name: String,
    /// Policy.
    pub policy_id: PolicyId,
    /// How much more.
    pub amount: Amounts,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub actor: Name,
    /// When.
    pub asked_at: Instant,
}

/// What waits for an answer, or the request that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewIncreaseAnswer {
    /// The requests.
    pub increases: Vec<IncreaseView>,
    /// Next page's cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Whether this request_id had answered it before.
    pub duplicate: bool,
}

impl IncreaseView {
    fn of(increase: &Increase, state: &State) -> Self {
        Self {
            increase_id: increase.id,
            status: increase.status,
            budget_id: increase.budget,
            budget_name: name_of(state, increase.budget),
            policy_id: increase.policy,
            amount: Amounts::all(increase.amount),
            reason: increase.reason.clone(),
            actor: increase.actor.clone(),
            asked_at: Instant(increase.asked),
        }
    }
}

impl Operation for ReviewIncrease {
    type Input = ReviewIncreaseInput;
    type Output = ReviewIncreaseAnswer;
    const CONTRACT: Contract = Contract {
        name: "review_increase",
        title: "Review requests for more",
        description: "List the requests for more that wait for an answer, or grant or decline one. A grant adds to that \
            policy's present window only.",
        toolset: Toolset::Budget,
        role: Role::Admin,
        effect: Effect::Adds,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        match input.action {
            ReviewAction::List => list(service, &input).await,
            ReviewAction::Grant => answer(service, call, input, true).await,
            ReviewAction::Decline => answer(service, call, input, false).await,
        }
    }
}

async fn list(
    service: &Service,
    input: &ReviewIncreaseInput,
) -> Result<Answer<ReviewIncreaseAnswer>, Refusal> {
    let desk = service.desk().await?;
    let length = page::length(input.limit);
    desk.end_what_is_due(desk.now()).await?;
    let after = page::position(input.cursor.as_ref())?.unwrap_or(0);
    let state = desk.state();
    let waiting = state.increases().filter(|increase| increase.id.0 > after);
    let mut increases: Vec<_> = waiting
        .take(length + 1)
        .map(|increase| IncreaseView::of(increase, &state))
        .collect();
    let next_cursor = page::cut(&mut increases, length, |asked| asked.increase_id.0);
    let lines = increases.iter().map(|asked| {
        format!(
            "\n{} by {}: {} of {}: {}",
            asked.increase_id,
            asked.actor,
            asked.amount.words(),
            asked.budget_name,
            asked.reason
        )
    });
    let text = format!(
        "{} for an answer.{}",
        counted(increases.len(), "request waits", "requests wait"),
        lines.collect::<String>()
    );
    Ok(Answer {
        text,
        content: ReviewIncreaseAnswer {
            increases,
            next_cursor,
            duplicate: false,
        },
    })
}

async fn answer(
    service: &Service,
    call: &Call,
    input: ReviewIncreaseInput,
    grant: bool,
) -> Result<Answer<ReviewIncreaseAnswer>, Refusal> {
    let desk = service.desk().await?;
    let increase = input
        .increase_id
        .ok_or_else(|| Refusal::invalid("increase_id", "expects the request to answer"))?;
    let waiting = desk.state().increase(increase).cloned();
    let request = request(
        call,
        "review_increase",
        input.request_id.as_ref(),
        &(increase, grant, &input.reason),
    )?;
    let command = Command::ReviewIncrease { increase, grant };
    let given = desk
        .give_unjudged(call, input.reason, request, command)
        .await;
    let (_, duplicate) = given.map_err(|refusal| match refusal.code {
        Code::NotFound => closed(&desk, increase).unwrap_or(refusal),
        _ => refusal,
    })?;
    let answered = match waiting {
        Some(waiting) => Some(waiting),
        None => ended(&desk, increase)?,
    };
    let state = desk.state();
    let status = if grant {
        IncreaseStatus::Granted
    } else {
        IncreaseStatus::Declined
    };
    let increases = answered.into_iter().map(|asked| IncreaseView {
        status,
        ..IncreaseView::of(&asked, &state)
    });
    let text = format!(
        "{increase} is {}.",
        if grant { "granted" } else { "declined" }
    );
    Ok(Answer {
        text,
        content: ReviewIncreaseAnswer {
            increases: increases.collect(),
            next_cursor: None,
            duplicate,
        },
    })
}

/// Why a request of which only the store knows can't be answered any more.
fn closed(desk: &Desk, increase: IncreaseId) -> Option<Refusal> {
    match ended(desk, increase) {
        Ok(ended) => ended.map(|ended| closed_increase(increase, Some(ended.status))),
        Err(unreadable) => Some(unreadable),
    }
}

/// A request that waits no more.
fn ended(desk: &Desk, increase: IncreaseId) -> Result<Option<Increase>, Refusal> {
    let known = {
        let state = desk.state();
        let mut ended = state.ended_increases();
        ended.find(|ended| ended.id == increase).cloned()
    };
    if known.is_some() {
        return Ok(known);
    }
    // The state forgets what has ended once the store has it.
    let row = desk.ledger().shared().ended(&RowKey::Increase(increase))?;
    Ok(row.and_then(|row| match row {
        Row::Increase(ended) => Some(ended),
        _ => None,
    }))
}
