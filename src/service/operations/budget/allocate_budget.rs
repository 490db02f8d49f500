//! `allocate_budget`: decide and hold in one step.

use crate::core::charge::{Amount, ModelRef};
use crate::core::command::{Allocate, Command};
use crate::core::context::Context;
use crate::core::decide::Entry;
use crate::core::event::Event;
use crate::core::id::AllocationId;
use crate::core::price::ServiceTier;
use crate::core::quantity::{Counts, Usd};
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::core::verdict::Verdict;
use crate::pricing::book::PriceBook;
use crate::pricing::catalogue::provider;
use crate::pricing::cost::dearest_cost_usd;
use crate::service::advice::{Asked, way_out};
use crate::service::estimate::{Unsaid, Workload, estimate, name_model, own_cost};
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::{Ordered, request, unexpected};
use crate::service::wire::check::{CheckAnswer, WayOut};
use crate::service::wire::fields::{HasContext, HasCounts, arguments};
use crate::service::wire::schema::{HoldSeconds, Instant};
use crate::service::{Desk, Service};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a hold stands that does not say: a day.
const TTL: SignedDuration = SignedDuration::from_hours(24);

/// Decide and hold in one step.
pub struct AllocateBudget;

arguments!(
    /// A hold to make, for a call that is described or for so much.
    AllocateBudgetInput [model, counts, text, context] {
        /// Tokens to hold, in place of counts.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tokens: Option<u64>,
        /// USD to hold, a decimal string; default and least the call's cost.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cost_usd: Option<Usd>,
        /// How long it holds; default 86400.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ttl_seconds: Option<HoldSeconds>,
        /// Makes a retry safe: the same id holds only once.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub request_id: Option<String>,
    }
);

/// What check_budget answers, and the hold where it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AllocateBudgetAnswer {
    /// The check.
    #[serde(flatten)]
    pub check: CheckAnswer,
    /// The hold; give it to record_usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_id: Option<AllocationId>,
    /// Tokens held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_tokens: Option<i64>,
    /// USD held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_cost_usd: Option<Usd>,
    /// When the hold ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Instant>,
    /// Whether this request_id had made it before.
    pub duplicate: bool,
}

/// What is to be held.
struct Wanted {
    model: ModelRef,
    service_tier: ServiceTier,
    counts: Option<Counts>,
    estimated: bool,
    /// The caller's own word for the cost.
    cost: Option<Usd>,
    amount: Amount,
}

impl Operation for AllocateBudget {
    type Input = AllocateBudgetInput;
    type Output = AllocateBudgetAnswer;
    const CONTRACT: Contract = Contract {
        name: "allocate_budget",
        title: "Hold a part of a budget",
        description: "Decide and hold in one step before a model call, so that callers at the same time never pass a \
            limit together. Returns what check_budget returns and, where allowed, allocation_id: give it to \
            record_usage with final=true after the call; what was not used is available again at once.",
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
        let context = call.caller.fill(input.given_context())?;
        let prices = desk.prices();
        let wanted = wanted(&prices, &input, desk.now());
        let ttl = input.ttl_seconds.map_or(TTL, HoldSeconds::duration);
        let id = input.request_id.take();
        let request = request(call, "allocate_budget", id.as_ref(), &input)?;
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(refusal) => {
                let entry = desk.repeated(request, refusal).await?;
                return allowed(&desk, entry, true);
            }
        };
        let command = Command::Allocate(Allocate {
            model: wanted.model.clone(),
            service_tier: wanted.service_tier,
            context: context.clone(),
            amount: wanted.amount,
            estimated: wanted.estimated,
            ttl,
        });
        match desk.give_one(call, None, request, command).await? {
            Ordered::Denied(verdict) => Ok(denied(&desk, &verdict, &wanted, &context, &prices)),
            Ordered::Done { entry, duplicate } => allowed(&desk, entry, duplicate),
        }
    }
}

fn wanted(
    prices: &PriceBook,
    input: &AllocateBudgetInput,
    now: Timestamp,
) -> Result<Wanted, Refusal> {
    let describes =
        input.given_counts().is_some() || input.text().0.is_some() || input.text().1.is_some();
    let by_call = input.requests.is_some() && input.tokens.is_none() && input.cost_usd.is_none();
    let describes = describes || (by_call && input.model.is_some());
    if describes {
        if input.tokens.is_some() {
            return Err(Refusal::invalid(
                "tokens",
                "expects no counts or text beside it",
            ));
        }
        let estimate = estimate(prices, input, Unsaid::Most, input.cost_usd, now)?;
        return Ok(Wanted {
            model: estimate.model,
            service_tier: estimate.service_tier,
            counts: Some(estimate.counts),
            estimated: estimate.estimated,
            cost: input.cost_usd,
            amount: estimate.amount,
        });
    }
    if input.tokens.is_none() && input.cost_usd.is_none() {
        return Err(Refusal::invalid(
            "tokens",
            "expects what to hold: counts, input_text, tokens or cost_usd",
        ));
    }
    let service_tier = input.service_tier.unwrap_or_default();
    let (mut model, mut cost) = (
        ModelRef {
            provider: input
                .provider
                .as_deref()
                .map(|name| provider::canonical(name).into()),
            ..ModelRef::default()
        },
        own_cost(input.cost_usd)?,
    );
    if let Some(name) = &input.model {
        let named = name_model(prices, input.provider.as_deref(), name, now)?;
        let dearest = named.price.zip(input.tokens).and_then(|(price, tokens)| {
            dearest_cost_usd(price.rates, tokens, input.calls(), service_tier)
        });
        // Either may be unknown, which is less than any.
        cost = cost.max(dearest);
        model = named.model;
    }
    let amount = Amount {
        tokens: input.tokens,
        requests: input.calls(),
        cost,
    };
    Ok(Wanted {
        model,
        service_tier,
        counts: None,
        estimated: false,
        cost: input.cost_usd,
        amount,
    })
}

fn denied(
    desk: &Desk,
    verdict: &Verdict,
    wanted: &Wanted,
    context: &Context,
    prices: &PriceBook,
) -> Answer<AllocateBudgetAnswer> {
    let state = desk.state();
    let asked = Asked {
        model: &wanted.model,
        context,
        amount: &wanted.amount,
        counts: wanted.counts.as_ref(),
        cost: wanted.cost,
        service_tier: wanted.service_tier,
    };
    let way_out = way_out(verdict, &asked, &state, prices, desk.now());
    let answer = AllocateBudgetAnswer {
        check: CheckAnswer::new(verdict, &wanted.amount, wanted.estimated, way_out, &state),
        allocation_id: None,
        held_tokens: None,
        held_cost_usd: None,
        expires_at: None,
        duplicate: false,
    };
    Answer {
        text: words(&answer),
        content: answer,
    }
}

/// The answer to a call that was allowed: all of it follows from its event, so that a repeat is answered as the first.
fn allowed(
    desk: &Desk,
    entry: Entry,
    duplicate: bool,
) -> Result<Answer<AllocateBudgetAnswer>, Refusal> {
    let Event::AllocationMade(made) = entry.recorded.event else {
        return Err(unexpected());
    };
    let (asked, none) = (made.asked(), WayOut::default());
    let check = CheckAnswer::new(&made.verdict, &asked, made.estimated, none, &desk.state());
    let answer = AllocateBudgetAnswer {
        check,
        allocation_id: Some(AllocationId(entry.sequence)),
        held_tokens: Some(made.held.tokens),
        held_cost_usd: Some(made.held.cost),
        expires_at: Some(Instant(made.expires)),
        duplicate,
    };
    Ok(Answer {
        text: words(&answer),
        content: answer,
    })
}

fn words(answer: &AllocateBudgetAnswer) -> String {
    match (answer.allocation_id, answer.expires_at) {
        (Some(id), Some(until)) => {
            let held = answer.held_cost_usd.unwrap_or_default();
            format!(
                "{id} holds ${held} until {}.\n{}",
                until.0,
                answer.check.words()
            )
        }
        _ => answer.check.words(),
    }
}
