//! `refresh_prices`: asks the price sources now.

use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::pricing::appraise::{Appraisal, Counts};
use crate::pricing::verify::bounds::is_fresh;
use crate::service::Service;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::request;
use crate::service::refresh::{Answered, Gathered, Refreshed, Wanted};
use crate::service::wire::schema::Instant;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Asks the price sources now.
pub struct RefreshPrices;

/// Which sources to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshPricesInput {
    /// Sources to ask; default all. Of the others, what they said last has its word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<String>>,
    /// Whether to only tell what would change; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// Makes a retry safe: what the same id has applied is not asked for again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// What became of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// It said something new.
    Fetched,
    /// It says what it said before.
    Unchanged,
    /// It was not asked.
    NotAsked,
    /// It gave no answer that can be used, or is not configured as it should be.
    Failed,
}

/// One source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefreshedSource {
    /// Source.
    pub source: String,
    /// fetched, unchanged, not_asked or failed.
    pub state: SourceState,
    /// Why it failed, could not be asked, or is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it last said what is used of it; left out where it has never said anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Instant>,
    /// How old that is, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<u64>,
    /// Models that it has a price for now.
    pub models: usize,
    /// Models whose applied price it agrees with.
    pub applied: usize,
    /// Models of its own of which a change is held back.
    pub held_back: usize,
    /// Entries that can't be read, mean no model, or have a rate that a price, or a change that waits, has no room for.
    pub left_out: usize,
}

/// How many models came to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefreshCounts {
    /// Looked at.
    pub looked_at: usize,
    /// Price stays.
    pub unchanged: usize,
    /// A quorum's price is applied, in part too.
    pub verified: usize,
    /// One source's price is applied, where there was none.
    pub single_source: usize,
    /// A change waits in review_price_changes, past_held_back among them.
    pub held_back: usize,
    /// Only a correction of its past waits there.
    pub past_held_back: usize,
    /// Nothing that is said can be meant.
    pub rejected: usize,
    /// A change would wait, but so many do already that it is left out for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_room: Option<usize>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefreshPricesAnswer {
    /// Whether nothing was applied.
    pub dry_run: bool,
    /// The sources.
    pub sources: Vec<RefreshedSource>,
    /// How many models came to what.
    pub models: RefreshCounts,
    /// Models with recorded usage in a time of which a source says something new, the first 20; it keeps its cost, and get_price
    /// with corrections offers what it would cost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repriced_past: Vec<String>,
    /// Whether none that was asked, or rests since it was, could be reached: then this machine is offline, and no
    /// alert says that they fail.
    pub offline: bool,
    /// Whether this request_id had refreshed them before: then nothing was asked.
    pub duplicate: bool,
}

impl Operation for RefreshPrices {
    type Input = RefreshPricesInput;
    type Output = RefreshPricesAnswer;
    const CONTRACT: Contract = Contract {
        name: "refresh_prices",
        title: "Refresh the prices",
        description: "Ask the price sources now, verify what they say together, and apply what enough of them agree on; \
            what is in doubt waits in review_price_changes. With dry_run it only tells.",
        toolset: Toolset::Pricing,
        role: Role::Operator,
        effect: Effect::Adds,
        open_world: true,
    };

    async fn run(
        service: &Service,
        call: &Call,
        mut input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        let id = input.request_id.take();
        let request = request(call, "refresh_prices", id.as_ref(), &input)?;
        let dry_run = input.dry_run.unwrap_or(false);
        // A dry run changes nothing, so there is nothing to know again.
        let request = request.filter(|_| !dry_run);
        if let Some(request) = &request
            && desk.ledger().known(request.clone()).await?.is_some()
        {
            return Ok(done_before());
        }
        let wanted = Wanted {
            sources: input.sources.unwrap_or_default(),
            dry_run,
            doubts: false,
            request,
        };
        let refreshed = service.refresher()?.refresh(&desk, call, &wanted).await?;
        if refreshed.known {
            return Ok(done_before());
        }
        let now = desk.now();
        let content = view(&refreshed, wanted.dry_run, now);
        let mut text = told(&content, now);
        if let many @ 1.. = refreshed.appraisal.too_many {
            // Writing into a String can't fail.
            let _ = write!(
                text,
                " {many} models are left out that one source alone knows, for it has named so many of those; each has a price once another source or an admin names one."
            );
        }
        Ok(Answer { content, text })
    }
}

/// What is answered where the request id has refreshed the prices before.
fn done_before() -> Answer<RefreshPricesAnswer> {
    let content = RefreshPricesAnswer {
        dry_run: false,
        sources: Vec::new(),
        models: Counts::default().into(),
        repriced_past: Vec::new(),
        offline: false,
        duplicate: true,
    };
    Answer {
        content,
        text: "This request_id has refreshed the prices before; nothing was asked again."
            .to_owned(),
    }
}

fn view(refreshed: &Refreshed, dry_run: bool, now: Timestamp) -> RefreshPricesAnswer {
    let appraisal = &refreshed.appraisal;
    let sources = refreshed.sources.iter();
    RefreshPricesAnswer {
        dry_run,
        sources: sources.map(|one| source(one, appraisal, now)).collect(),
        models: RefreshCounts {
            no_room: (appraisal.no_room > 0).then_some(appraisal.no_room),
            ..appraisal.counts.into()
        },
        repriced_past: repriced_past(refreshed),
        offline: refreshed.offline,
        duplicate: false,
    }
}

/// How many models an answer names whose past costs something else.
const REPRICED_MOST: usize = 20;

fn repriced_past(refreshed: &Refreshed) -> Vec<String> {
    let models = refreshed.repriced.iter().take(REPRICED_MOST);
    models
        .map(|(provider, model)| format!("{provider}/{model}"))
        .collect()
}

fn source(one: &Gathered, appraisal: &Appraisal, now: Timestamp) -> RefreshedSource {
    let (state, error) = match &one.answered {
        Answered::Fetched => (SourceState::Fetched, None),
        Answered::Unchanged => (SourceState::Unchanged, None),
        Answered::NotAsked => (SourceState::NotAsked, None),
        Answered::Spared { why, .. } => (SourceState::NotAsked, Some(why.clone())),
        Answered::Failed { why, .. } | Answered::Misconfigured { why } => {
            (SourceState::Failed, Some(why.clone()))
        }
    };
    let said = one.said.as_ref();
    let share = appraisal
        .shares
        .get(&*one.name)
        .copied()
        .unwrap_or_default();
    let past_left_out = appraisal.past_left_out.iter();
    let past_left_out = past_left_out.filter(|(source, ..)| *source == one.name);
    let past_left_out = past_left_out.count();
    let age = |at: Timestamp| now.duration_since(at).as_secs().max(0).unsigned_abs();
    RefreshedSource {
        source: one.name.to_string(),
        state,
        error,
        as_of: said.map(|said| Instant(said.checked_at)),
        age_seconds: said.map(|said| age(said.checked_at)),
        models: share.models,
        applied: share.applied,
        held_back: share.held_back,
        left_out: said.map_or(0, |said| said.left_out) + share.left_out + past_left_out,
    }
}

impl From<Counts> for RefreshCounts {
    fn from(counts: Counts) -> Self {
        Self {
            looked_at: counts.models,
            unchanged: counts.unchanged,
            verified: counts.verified + counts.applied_in_part,
            single_source: counts.single_source,
            held_back: counts.held_back + counts.past_held_back,
            past_held_back: counts.past_held_back,
            rejected: counts.rejected,
            no_room: None,
        }
    }
}

fn told(answer: &RefreshPricesAnswer, now: Timestamp) -> String {
    let models = &answer.models;
    let verb = if answer.dry_run { "would be" } else { "are" };
    let past = match models.past_held_back {
        0 => String::new(),
        past => format!(" ({past} for a correction of the past)"),
    };
    let rejected = match models.rejected {
        0 => String::new(),
        rejected => format!(", of {rejected} nothing can be meant that is said"),
    };
    let mut text = format!(
        "Of {} models {} {verb} verified, {} {verb} from one source, {} {verb} held back{past}, {} stay as they are{rejected}.",
        models.looked_at, models.verified, models.single_source, models.held_back, models.unchanged
    );
    if models.held_back > 0 && !answer.dry_run {
        text.push_str(" review_price_changes shows what waits.");
    }
    // Writing into a String can't fail.
    if let Some(left_out) = models.no_room {
        let _ = write!(
            text,
            " {left_out} more would be held back, but so many changes wait that there is no room for them; review_price_changes makes room."
        );
    }
    if answer.offline {
        text.push_str(" No source could be reached; the prices stay as they are.");
    }
    if !answer.repriced_past.is_empty() {
        let models = answer.repriced_past.join(", ");
        let _ = write!(
            text,
            " Past prices of {models} are told anew; recorded usage keeps its cost, and get_price with corrections offers what it would cost."
        );
    }
    for source in &answer.sources {
        let Some(error) = &source.error else {
            continue;
        };
        let _ = write!(text, " {}: {error}", source.source);
        let _ = write!(text, "; {}.", last_word(source, now));
    }
    text
}

/// What becomes of what a source said last.
fn last_word(source: &RefreshedSource, now: Timestamp) -> String {
    let (Some(Instant(at)), Some(age)) = (source.as_of, source.age_seconds) else {
        return "it has said nothing so far".to_owned();
    };
    let hours = age / 3_600;
    match is_fresh(at, now) {
        true => format!("what it said {hours} h ago is used"),
        false if at > now => {
            format!("what it said by a clock that was ahead, at {at}, does not count")
        }
        false => format!("what it said {hours} h ago is too old to count"),
    }
}
