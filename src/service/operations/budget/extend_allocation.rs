//! `extend_allocation`: more time, or more to hold.

use crate::core::charge::Amount;
use crate::core::command::{Command, Extend};
use crate::core::event::Event;
use crate::core::id::AllocationId;
use crate::core::quantity::{Counts, Usd};
use crate::core::refusal::{Code, Refusal};
use crate::core::role::Role;
use crate::core::verdict::Outcome;
use crate::pricing::cost::full_cost_usd;
use crate::service::estimate::name_model;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::{Ordered, request, unexpected};
use crate::service::wire::amounts::Amounts;
use crate::service::wire::schema::{HoldSeconds, Instant};
use crate::service::wire::verdict::{PolicyOutcome, reasons};
use crate::service::{Desk, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// More time, or more to hold.
pub struct ExtendAllocation;

/// A hold to give more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendAllocationInput {
    /// The hold.
    pub allocation_id: AllocationId,
    /// How long it holds from now on; it is never made shorter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<HoldSeconds>,
    /// Tokens to hold more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// USD to hold more, a decimal string; default what those tokens cost at the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<Usd>,
    /// Makes a retry safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The hold as it is now, or why it was not given more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExtendAllocationAnswer {
    /// Whether it was extended.
    pub allowed: bool,
    /// The worst of what the policies say.
    pub outcome: Outcome,
    /// The hold.
    pub allocation_id: AllocationId,
    /// What it holds now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<Amounts>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Instant>,
    /// What each policy says.
    pub policies: Vec<PolicyOutcome>,
    /// Why it is not simply allowed.
    pub reasons: Vec<String>,
    /// When the windows that refused reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Instant>,
    /// Whether this request_id had extended it before.
    pub duplicate: bool,
}

impl Operation for ExtendAllocation {
    type Input = ExtendAllocationInput;
    type Output = ExtendAllocationAnswer;
    const CONTRACT: Contract = Contract {
        name: "extend_allocation",
        title: "Extend a hold",
        description: "Keep a hold alive before it expires (ttl_seconds), or have it hold more tokens or cost, which is \
            decided like a new hold. Returns the hold, or a refusal as check_budget gives it.",
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
        own_allocation(&desk, call, input.allocation_id)?;
        let more = more(&desk, &input)?;
        let ttl = input.ttl_seconds.map(HoldSeconds::duration);
        let id = input.request_id.take();
        let request = request(call, "extend_allocation", id.as_ref(), &input)?;
        let command = Command::Extend(Extend {
            allocation: input.allocation_id,
            ttl,
            more,
        });
        let (verdict, remaining, expires, duplicate) =
            match desk.give_one(call, None, request, command).await? {
                Ordered::Denied(verdict) => (verdict, None, None, false),
                Ordered::Done { entry, duplicate } => {
                    let Event::AllocationExtended(extended) = entry.recorded.event else {
                        return Err(unexpected());
                    };
                    (
                        extended.verdict,
                        Some(extended.remaining),
                        Some(extended.expires),
                        duplicate,
                    )
                }
            };
        let state = desk.state();
        let answer = ExtendAllocationAnswer {
            allowed: verdict.allows(),
            outcome: verdict.outcome,
            allocation_id: input.allocation_id,
            remaining: remaining.map(Amounts::all),
            expires_at: expires.map(Instant),
            policies: verdict
                .findings
                .iter()
                .map(|finding| PolicyOutcome::of(finding, &state))
                .collect(),
            reasons: reasons(&verdict, &more, &state),
            retry_at: verdict.retry_at().map(Instant),
            duplicate,
        };
        Ok(Answer {
            text: words(&answer),
            content: answer,
        })
    }
}

/// Refuses a hold whose context is not the caller's.
pub(super) fn own_allocation(desk: &Desk, call: &Call, id: AllocationId) -> Result<(), Refusal> {
    let state = desk.state();
    let Some(allocation) = state.allocation(id) else {
        return Ok(());
    };
    call.caller
        .fill(allocation.context.clone())
        .map(drop)
        .map_err(|refusal| {
            Refusal::new(
                Code::PermissionDenied,
                format!("{id} is another's: {}", refusal.message),
            )
        })
}

fn more(desk: &Desk, input: &ExtendAllocationInput) -> Result<Amount, Refusal> {
    let nothing = input.tokens.is_none() && input.cost_usd.is_none();
    if nothing && input.ttl_seconds.is_none() {
        return Err(Refusal::invalid(
            "ttl_seconds",
            "expects what to extend: ttl_seconds, tokens or cost_usd",
        ));
    }
    let mut cost = input.cost_usd;
    if cost.is_none() && input.tokens.is_some() {
        let model = desk
            .state()
            .open_allocation(input.allocation_id)
            .map(|open| open.model.clone())
            .unwrap_or_default();
        let counts = Counts {
            output_tokens: input.tokens.unwrap_or(0),
            ..Counts::default()
        };
        let prices = desk.prices();
        let named = model
            .model
            .as_ref()
            .map(|name| name_model(&prices, model.provider.as_deref(), name, desk.now()));
        let price = named.transpose()?.and_then(|named| named.price);
        cost = price.and_then(|price| {
            full_cost_usd(
                price.rates,
                &counts,
                crate::core::price::ServiceTier::Standard,
            )
        });
    }
    // A part that is not asked for is no more of it; only tokens of a model without a price have an unknown cost.
    let cost = if input.tokens.is_none() {
        Some(cost.unwrap_or_default())
    } else {
        cost
    };
    Ok(Amount {
        tokens: Some(input.tokens.unwrap_or(0)),
        requests: 0,
        cost,
    })
}

fn words(answer: &ExtendAllocationAnswer) -> String {
    match (answer.remaining, answer.expires_at) {
        (Some(remaining), Some(until)) => {
            format!(
                "{} holds {} until {}.",
                answer.allocation_id,
                remaining.words(),
                until.0
            )
        }
        _ => format!("Not extended.\n{}", answer.reasons.join("\n")),
    }
}
