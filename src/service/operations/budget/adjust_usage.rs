//! `adjust_usage`: a correction, as an event of its own.

use crate::core::command::{Adjust, Command};
use crate::core::event::{Event, UsageAdjusted, UsageRecorded};
use crate::core::id::RecordId;
use crate::core::name::Name;
use crate::core::quantity::{COUNT_MOST, Counts, Usd};
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::core::usage::Correction;
use crate::core::usage::UNKNOWN_PROVIDER;
use crate::service::estimate::name_model;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::{request, unexpected};
use crate::service::wire::amounts::Amounts;
use crate::service::wire::fields::{HasContext, arguments};
use crate::service::wire::schema::{Instant, needed};
use crate::service::{Desk, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A correction, as an event of its own.
pub struct AdjustUsage;

arguments!(
    /// What to correct, and by how much: signed counts and a signed cost.
    #[schemars(transform = needed(&["reason"]))]
    AdjustUsageInput [context] {
        /// The record to correct; or a model and a context.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub record_id: Option<RecordId>,
        /// Provider, without record_id.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub provider: Option<String>,
        /// Model, without record_id.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub model: Option<String>,
        /// When the usage happened, without record_id; default now.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub occurred_at: Option<Instant>,
        /// USD to add, or with a minus to take away; a decimal string.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cost_usd: Option<Usd>,
        /// Input tokens, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub input_tokens: Option<i64>,
        /// Cache reads, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cache_read_tokens: Option<i64>,
        /// Audio tokens of cache reads, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cache_read_audio_tokens: Option<i64>,
        /// 5-minute cache writes, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cache_write_tokens: Option<i64>,
        /// 1-hour cache writes, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cache_write_1h_tokens: Option<i64>,
        /// Output tokens, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub output_tokens: Option<i64>,
        /// Reasoning tokens, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub reasoning_tokens: Option<i64>,
        /// Audio tokens in, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub audio_input_tokens: Option<i64>,
        /// Audio tokens out, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub audio_output_tokens: Option<i64>,
        /// Images, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub images: Option<i64>,
        /// Calls, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub requests: Option<i64>,
        /// Web searches, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub web_searches: Option<i64>,
        /// Seconds of audio, signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub seconds: Option<i64>,
        /// Why, for the audit trail; needed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
        /// Makes a retry safe.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub request_id: Option<String>,
    }
);

/// The correction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AdjustUsageAnswer {
    /// The correction's own id.
    pub adjustment_id: RecordId,
    /// The record that it corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<RecordId>,
    /// What it adds to the counters, either way.
    pub change: Amounts,
    /// Whether this request_id had made it before.
    pub duplicate: bool,
}

impl Operation for AdjustUsage {
    type Input = AdjustUsageInput;
    type Output = AdjustUsageAnswer;
    const CONTRACT: Contract = Contract {
        name: "adjust_usage",
        title: "Adjust recorded usage",
        description: "Correct what was recorded: signed counts and cost, counted in the window of the usage. The record \
            itself stays. Needs a reason.",
        toolset: Toolset::Budget,
        role: Role::Operator,
        effect: Effect::Adds,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        mut input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        let id = input.request_id.take();
        let request = request(call, "adjust_usage", id.as_ref(), &input)?;
        let command = adjust(&desk, call, &input).map(|adjust| Command::Adjust(Box::new(adjust)));
        let (entry, duplicate) = desk
            .give_or_repeat(call, input.reason, request, command)
            .await?;
        let Event::UsageAdjusted(adjusted) = &entry.recorded.event else {
            return Err(unexpected());
        };
        let change = Amounts::all(adjusted.correction.tally());
        let answer = AdjustUsageAnswer {
            adjustment_id: RecordId(entry.sequence),
            record_id: adjusted.record,
            change,
            duplicate,
        };
        Ok(Answer {
            text: format!("{}: {} are added.", answer.adjustment_id, change.words()),
            content: answer,
        })
    }
}

fn adjust(desk: &Desk, call: &Call, input: &AdjustUsageInput) -> Result<Adjust, Refusal> {
    let correction = correction(input)?;
    if let Some(id) = input.record_id {
        let corrected = recorded(desk, id)?;
        let usage = &corrected.usage;
        call.caller.owns(&usage.context)?;
        return Ok(Adjust {
            recorded: Some((usage.counts, usage.cost.usd)),
            adjusted: UsageAdjusted::of_record(id, corrected, correction),
        });
    }
    let now = desk.now();
    let occurred = input.occurred_at.map_or(now, Instant::time);
    let name = input
        .model
        .as_deref()
        .ok_or_else(|| Refusal::invalid("record_id", "expects a record, or a model"))?;
    let prices = desk.prices();
    let named = name_model(&prices, input.provider.as_deref(), name, occurred)?;
    let adjusted = UsageAdjusted {
        record: None,
        counted: None,
        provider: named
            .model
            .provider
            .unwrap_or_else(|| Name::new_static(UNKNOWN_PROVIDER)),
        model: named.model.model.unwrap_or_default(),
        named: named.model.named,
        tier: named.model.tier,
        context: call.caller.fill(input.given_context())?,
        occurred,
        correction,
    };
    Ok(Adjust {
        adjusted,
        recorded: None,
    })
}

fn recorded(desk: &Desk, id: RecordId) -> Result<UsageRecorded, Refusal> {
    let shared = desk.ledger().shared();
    if id.0 == 0 || id.0 > shared.state().sequence() {
        return Err(Refusal::not_found("record", id));
    }
    match shared.event(id.0)?.event {
        Event::UsageRecorded(recorded) => Ok(*recorded),
        _ => Err(Refusal::not_found("record", id)),
    }
}

fn correction(input: &AdjustUsageInput) -> Result<Correction, Refusal> {
    let part = |field: &str, count: Option<i64>| -> Result<(u64, u64), Refusal> {
        let count = count.unwrap_or(0);
        if count.unsigned_abs() > COUNT_MOST {
            return Err(Refusal::invalid(field, "expects at most 10^12 either way"));
        }
        Ok(if count < 0 {
            (0, count.unsigned_abs())
        } else {
            (count.unsigned_abs(), 0)
        })
    };
    let mut added = Counts::default();
    let mut removed = Counts::default();
    (added.input_tokens, removed.input_tokens) = part("input_tokens", input.input_tokens)?;
    (added.cache_read_tokens, removed.cache_read_tokens) =
        part("cache_read_tokens", input.cache_read_tokens)?;
    (
        added.cache_read_audio_tokens,
        removed.cache_read_audio_tokens,
    ) = part("cache_read_audio_tokens", input.cache_read_audio_tokens)?;
    (added.cache_write_tokens, removed.cache_write_tokens) =
        part("cache_write_tokens", input.cache_write_tokens)?;
    (added.cache_write_1h_tokens, removed.cache_write_1h_tokens) =
        part("cache_write_1h_tokens", input.cache_write_1h_tokens)?;
    (added.output_tokens, removed.output_tokens) = part("output_tokens", input.output_tokens)?;
    (added.reasoning_tokens, removed.reasoning_tokens) =
        part("reasoning_tokens", input.reasoning_tokens)?;
    (added.audio_input_tokens, removed.audio_input_tokens) =
        part("audio_input_tokens", input.audio_input_tokens)?;
    (added.audio_output_tokens, removed.audio_output_tokens) =
        part("audio_output_tokens", input.audio_output_tokens)?;
    (added.images, removed.images) = part("images", input.images)?;
    (added.requests, removed.requests) = part("requests", input.requests)?;
    (added.web_searches, removed.web_searches) = part("web_searches", input.web_searches)?;
    (added.seconds, removed.seconds) = part("seconds", input.seconds)?;
    Ok(Correction {
        added,
        removed,
        cost: input.cost_usd.unwrap_or_default(),
    })
}
