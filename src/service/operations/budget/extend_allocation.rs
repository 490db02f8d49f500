//! `extend_allocation`: more time, or more to hold.

use crate::core::allocation::Allocation;
use crate::core::charge::Amount;
use crate::core::command::{Command, Extend};
use crate::core::decide::Entry;
use crate::core::event::Event;
use crate::core::id::AllocationId;
use crate::core::quantity::Usd;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::core::verdict::{Outcome, Verdict};
use crate::pricing::book::Price;
use crate::pricing::cost::dearest_cost_usd;
use crate::service::estimate::{name_model, own_cost};
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
    /// USD to hold more, a decimal string; default and least what those tokens may cost.
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
    /// When to ask again, where waiting helps.
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
        let hold = desk.own_hold(call, input.allocation_id)?;
        let ttl = input.ttl_seconds.map(HoldSeconds::duration);
        let id = input.request_id.take();
        let request = request(call, "extend_allocation", id.as_ref(), &input)?;
        let more = match more(&desk, &hold, &input) {
            Ok(more) => more,
            Err(refusal) => {
                let entry = desk.repeated(request, refusal).await?;
                return extended(&desk, entry, true);
            }
        };
        let command = Command::Extend(Extend {
            allocation: input.allocation_id,
            ttl,
            more,
        });
        match desk.give_one(call, None, request, command).await? {
            Ordered::Denied(verdict) => Ok(denied(&desk, input.allocation_id, &verdict, &more)),
            Ordered::Done { entry, duplicate } => extended(&desk, entry, duplicate),
        }
    }
}

fn extended(
    desk: &Desk,
    entry: Entry,
    duplicate: bool,
) -> Result<Answer<ExtendAllocationAnswer>, Refusal> {
    let Event::AllocationExtended(extended) = entry.recorded.event else {
        return Err(unexpected());
    };
    let added = Amount::from(extended.added);
    let answer = ExtendAllocationAnswer {
        remaining: Some(Amounts::all(extended.remaining)),
        expires_at: Some(Instant(extended.expires)),
        duplicate,
        ..judged(desk, extended.allocation, &extended.verdict, &added)
    };
    let text = words(&answer);
    Ok(Answer {
        text,
        content: answer,
    })
}

fn denied(
    desk: &Desk,
    allocation: AllocationId,
    verdict: &Verdict,
    more: &Amount,
) -> Answer<ExtendAllocationAnswer> {
    let answer = judged(desk, allocation, verdict, more);
    let text = words(&answer);
    Answer {
        text,
        content: answer,
    }
}

fn judged(
    desk: &Desk,
    allocation: AllocationId,
    verdict: &Verdict,
    more: &Amount,
) -> ExtendAllocationAnswer {
    let state = desk.state();
    let outcomes = verdict.findings.iter();
    let outcomes = outcomes.map(|finding| PolicyOutcome::of(finding, &state));
    ExtendAllocationAnswer {
        allowed: verdict.allows(),
        outcome: verdict.outcome,
        allocation_id: allocation,
        remaining: None,
        expires_at: None,
        policies: outcomes.collect(),
        reasons: reasons(verdict, more, &state),
        retry_at: state.retry_at(verdict, more).map(Instant),
        duplicate: false,
    }
}

fn more(desk: &Desk, hold: &Allocation, input: &ExtendAllocationInput) -> Result<Amount, Refusal> {
    let nothing = input.tokens.is_none() && input.cost_usd.is_none();
    if nothing && input.ttl_seconds.is_none() {
        return Err(Refusal::invalid(
            "ttl_seconds",
            "expects what to extend: ttl_seconds, tokens or cost_usd",
        ));
    }
    let dearest = match input.tokens {
        Some(tokens) => dearest(desk, hold, tokens)?,
        None => None,
    };
    // Either may be unknown, which is less than any.
    let cost = own_cost(input.cost_usd)?.max(dearest);
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

/// What so many tokens more of a hold cost at the most.
fn dearest(desk: &Desk, hold: &Allocation, tokens: u64) -> Result<Option<Usd>, Refusal> {
    let Some(model) = hold.model.priced_as() else {
        return Ok(None);
    };
    let prices = desk.prices();
    let named = name_model(&prices, hold.model.provider.as_deref(), model, desk.now())?;
    let cost = |price: Price<'_>| dearest_cost_usd(price.rates, tokens, 0, hold.service_tier);
    Ok(named.price.and_then(cost))
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
