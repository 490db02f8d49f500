//! `audit_trail`: who did what, when and why.

mod search;
mod subject;
mod verification;
mod view;

use crate::core::count::counted;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::service::Service;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::wire::page;
use crate::service::wire::schema::Instant;
use schemars::JsonSchema;
use search::Search;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use subject::EventKind;
use verification::Verification;
use view::EventView;

/// Who did what, when and why.
pub(crate) struct AuditTrail;

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditTrailInput {
    /// Only those at or after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
    /// Only those before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// Only those by this actor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Only this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<EventKind>,
    /// Only those about this id (bud-1, pol-2, all-7, use-9, alt-3, inc-5), provider/model or request_id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Also check the whole journal's hash chain; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<bool>,
    /// Page length; default 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<page::PageLength>,
    /// next_cursor of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct AuditTrailAnswer {
    /// The events, the newest first.
    pub events: Vec<EventView>,
    /// Where the next page begins; a page that searched far may be short and have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// What the check of the chain found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
}

/// Tells work in another thread that nobody waits for it any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Operation for AuditTrail {
    type Input = AuditTrailInput;
    type Output = AuditTrailAnswer;
    const CONTRACT: Contract = Contract {
        name: "audit_trail",
        title: "Audit trail",
        description: "List what was done in the ledger, the newest first: by whom, in which role, through which \
            interface and why. verify checks that nothing was altered.",
        toolset: Toolset::Report,
        role: Role::Operator,
        effect: Effect::Reads,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        let length = page::length(input.limit);
        let below = page::position(input.cursor.as_ref())?.unwrap_or(u64::MAX);
        let verify = input.verify.unwrap_or(false);
        let search = Search::of(input);
        let progress = call.progress.clone();
        let stop = Arc::new(AtomicBool::new(false));
        let _stopping = StopOnDrop(Arc::clone(&stop));
        let working = tokio::task::spawn_blocking(move || {
            let journal = desk.ledger().shared().journal();
            let stopped = || stop.load(Ordering::Relaxed);
            let found = search.page(journal, below, length, &stopped)?;
            let verification = verify
                .then(|| verification::verify(journal, &progress, &stopped))
                .transpose()?;
            Ok::<_, Refusal>(AuditTrailAnswer {
                events: found.events,
                next_cursor: found.next.map(|next| next.to_string()),
                verification,
            })
        });
        let content = working.await.map_err(|error| {
            Refusal::unavailable(format!("the journal's reading broke off: {error}"))
        })??;
        Ok(Answer {
            text: words(&content),
            content,
        })
    }
}

fn words(answer: &AuditTrailAnswer) -> String {
    let verified = answer.verification.as_ref().map(Verification::words);
    let lines = answer.events.iter().take(10).map(|event| {
        let about = event.subjects.join(", ");
        let (at, actor, kind) = (event.at.0, &event.actor, &event.kind);
        format!("\n{} {at} {actor}: {kind} {about}", event.sequence)
    });
    let more = answer
        .next_cursor
        .as_ref()
        .map_or("", |_| " There may be more.");
    format!(
        "{}{}.{more}{}",
        verified.unwrap_or_default(),
        counted(answer.events.len(), "event", "events"),
        lines.collect::<String>()
    )
}
