//! `record_usage`: what was used is recorded in full.

use crate::core::alert::Alert;
use crate::core::command::Command;
use crate::core::decide::{Entry, RECORDS_MOST};
use crate::core::quantity::Usd;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::service::ledger::{Outcome, Receipt};
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::denied_unjudged;
use crate::service::recording::{Read, RecordAnswer, Recording};
use crate::service::wire::alert::AlertView;
use crate::service::wire::fields::arguments;
use crate::service::wire::usage::UsageInput;
use crate::service::{Desk, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What was used is recorded in full.
pub struct RecordUsage;

arguments!(
    /// One usage, or several in records.
    RecordUsageInput [usage, model, counts, context] {
        /// Up to 1000 usages, each an object with the fields of a single one, all or none; in place of those.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<Vec<serde_json::Map<String, serde_json::Value>>>")]
        pub records: Option<Vec<UsageInput>>,
    }
);

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordUsageAnswer {
    /// One for each usage, in order.
    pub records: Vec<RecordAnswer>,
    /// The alerts that this raised.
    pub alerts: Vec<AlertView>,
}

impl Operation for RecordUsage {
    type Input = RecordUsageInput;
    type Output = RecordUsageAnswer;
    const CONTRACT: Contract = Contract {
        name: "record_usage",
        title: "Record usage",
        description: "Record what a model call used, right after it: pass the provider's usage object as \
            provider_usage, with allocation_id and final=true if it was held, and a request_id so that a retry is \
            safe. Always recorded in full, even past a limit. Returns the cost, whether it was an overrun, and the \
            alerts it raised.",
        toolset: Toolset::Budget,
        role: Role::Agent,
        effect: Effect::Adds,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        let recording = Recording::new(&desk, call);
        let usages = usages(input)?;
        let alone = usages.len() == 1;
        let mut postings = Vec::with_capacity(usages.len());
        let mut known = Vec::new();
        for (place, usage) in usages.into_iter().enumerate() {
            let read = recording.read(usage).await;
            match read.map_err(|refusal| {
                if alone {
                    refusal
                } else {
                    refusal.within(&format!("records[{place}]"))
                }
            })? {
                Read::Fresh(posting) => postings.push(posting),
                Read::Known(entry) => known.push((place, entry)),
            }
        }
        let reply = desk
            .give(call, None, None, Command::Record(postings))
            .await?;
        let Outcome::Done(mut receipts) = reply.outcome else {
            return Err(denied_unjudged());
        };
        // By ascending place, so that each lands where it was asked.
        for (place, entry) in known {
            receipts.insert(
                place.min(receipts.len()),
                Receipt {
                    entry,
                    duplicate: true,
                },
            );
        }
        let records: Vec<_> = receipts.iter().filter_map(RecordAnswer::of).collect();
        let raised = raised(&desk, &reply.alerts, &receipts)?;
        let state = desk.state();
        let alerts = raised.iter().map(|alert| AlertView::of(alert, &state));
        let alerts = alerts.collect();
        let content = RecordUsageAnswer { records, alerts };
        Ok(Answer {
            text: words(&content),
            content,
        })
    }
}

/// The alerts that a call raised, now or when what it repeats was recorded: those follow their record in the journal.
fn raised(desk: &Desk, fresh: &[Entry], receipts: &[Receipt]) -> Result<Vec<Alert>, Refusal> {
    let shared = desk.ledger().shared();
    let last = shared.state().sequence();
    let alert = |entry: &Entry| entry.recorded.raised_alert(entry.sequence);
    // By their place: of two in one call that are the same, one repeats the other.
    let mut found: BTreeMap<_, _> = fresh
        .iter()
        .filter_map(|entry| Some((entry.sequence, alert(entry)?)))
        .collect();
    // What follows one record is often the next, which is no alert and need not be read.
    let records: BTreeSet<_> = receipts.iter().map(|own| own.entry.sequence).collect();
    for repeated in receipts.iter().filter(|receipt| receipt.duplicate) {
        let after = repeated.entry.sequence + 1..=last;
        for sequence in after.take_while(|sequence| !records.contains(sequence)) {
            let Some(alert) = shared.event(sequence)?.raised_alert(sequence) else {
                break;
            };
            found.insert(sequence, alert);
        }
    }
    Ok(found.into_values().collect())
}

fn usages(mut input: RecordUsageInput) -> Result<Vec<UsageInput>, Refusal> {
    let several = input.records.take();
    let one = UsageInput::from(input);
    let Some(several) = several else {
        return Ok(vec![one]);
    };
    if one != UsageInput::default() {
        return Err(Refusal::invalid(
            "records",
            "expects no field of a single usage beside it",
        ));
    }
    if several.is_empty() || several.len() > RECORDS_MOST {
        let expects = format!(
            "expects 1 to {RECORDS_MOST} records, and has {}",
            several.len()
        );
        return Err(Refusal::invalid("records", expects));
    }
    Ok(several)
}

impl From<RecordUsageInput> for UsageInput {
    fn from(input: RecordUsageInput) -> Self {
        Self {
            provider_usage: input.provider_usage,
            allocation_id: input.allocation_id,
            is_final: input.is_final,
            request_id: input.request_id,
            occurred_at: input.occurred_at,
            reported_cost_usd: input.reported_cost_usd,
            metadata: input.metadata,
            provider: input.provider,
            model: input.model,
            service_tier: input.service_tier,
            input_tokens: input.input_tokens,
            cache_read_tokens: input.cache_read_tokens,
            cache_write_tokens: input.cache_write_tokens,
            cache_write_1h_tokens: input.cache_write_1h_tokens,
            output_tokens: input.output_tokens,
            reasoning_tokens: input.reasoning_tokens,
            audio_input_tokens: input.audio_input_tokens,
            audio_output_tokens: input.audio_output_tokens,
            images: input.images,
            requests: input.requests,
            web_searches: input.web_searches,
            seconds: input.seconds,
            component: input.component,
            task_type: input.task_type,
            session_id: input.session_id,
            task_id: input.task_id,
            user: input.user,
            project: input.project,
            tags: input.tags,
            priority: input.priority,
        }
    }
}

fn words(answer: &RecordUsageAnswer) -> String {
    let mut words = match answer.records.as_slice() {
        [only] => only.words(),
        several => {
            let cost = several.iter().map(|record| record.cost_usd).sum::<Usd>();
            let duplicates = several.iter().filter(|record| record.duplicate).count();
            let overruns = several.iter().filter(|record| record.overrun).count();
            format!(
                "{} records, ${cost}; {duplicates} had been recorded before, {overruns} overran.",
                several.len()
            )
        }
    };
    for alert in &answer.alerts {
        words.push_str("\nAlert: ");
        words.push_str(&alert.message);
    }
    words
}
