//! `review_price_changes`: changes of prices that wait for a person, and the answer.

use super::offer::corrections;
use crate::core::command::Command;
use crate::core::event::Event;
use crate::core::id::ChangeId;
use crate::core::price::PriceStatus;
use crate::core::price_change::{PriceHeldBack, PriceRule};
use crate::core::quantity::Usd;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::pricing::book::SourceQuote;
use crate::pricing::catalogue::provider;
use crate::pricing::verify::differences;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::{request, unexpected};
use crate::service::prices::{applied_version, imported_version};
use crate::service::repricing::Concerned;
use crate::service::scoping::{Coming, keep_up, prepare};
use crate::service::wire::page;
use crate::service::wire::price::{RatesView, SourceView};
use crate::service::wire::repricing::RepricingView;
use crate::service::wire::schema::Instant;
use crate::service::{Desk, Service};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Changes of prices that wait for a person, and the answer.
pub struct ReviewPriceChanges;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceReview {
    /// List what waits.
    List,
    /// Apply a change.
    Approve,
    /// Turn a change down.
    Reject,
}

/// What to do with which change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewPriceChangesInput {
    /// list, approve or reject.
    pub action: PriceReview,
    /// The change to approve or reject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeId>,
    /// Why, for the audit trail; needed to reject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Makes a retry safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// List only changes of this provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Page length of list, 1 to 1000; default 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<page::PageLength>,
    /// next_cursor of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Where a change is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeStatus {
    /// It waits.
    Waiting,
    /// It was approved, and holds.
    Approved,
    /// It was turned down.
    Rejected,
}

/// One rate that would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RateChangeView {
    /// Unit, with its service tier and prompt length where it has one.
    pub rate: String,
    /// USD per million now; left out where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Usd>,
    /// USD per million then; left out where it would have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Usd>,
}

/// A change of a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriceChangeView {
    /// Its id.
    pub change_id: ChangeId,
    /// Where it is in its life.
    pub status: ChangeStatus,
    /// Provider.
    pub provider: String,
    /// Model.
    pub model: String,
    /// The rule that held it back.
    pub rule: PriceRule,
    /// Why it was held back, and what to do.
    pub reason: String,
    /// The rates that would change.
    pub changes: Vec<RateChangeView>,
    /// All rates now, or as they were said of a past time; left out where the model has no price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present: Option<RatesView>,
    /// All rates then.
    pub proposed: RatesView,
    /// From when on it would hold: when it was proposed, or when the past time began that it corrects.
    pub effective_from: Instant,
    /// Until when, where its source corrects what it had said of a time that is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// What each source says.
    pub sources: Vec<SourceView>,
}

/// What waits, or the change that was decided about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewPriceChangesAnswer {
    /// The changes.
    pub changes: Vec<PriceChangeView>,
    /// How many wait in all.
    pub waiting: u64,
    /// Next page's cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// The approved price's version, as records name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What recorded usage since then would cost now, and how to correct it; nothing is costed anew by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repricing: Option<RepricingView>,
    /// Whether this request_id had decided it before.
    pub duplicate: bool,
}

impl PriceChangeView {
    fn of(id: ChangeId, change: &PriceHeldBack, status: ChangeStatus) -> Self {
        let changes = differences(change.present.as_deref(), &change.rates);
        let changes = changes.into_iter().map(|(place, from, to)| RateChangeView {
            rate: place.to_string(),
            from: from.map(Usd::new),
            to: to.map(Usd::new),
        });
        let proposed = RatesView::from(&*change.rates);
        let sources = change.quotes.iter().map(|quote| {
            let view = SourceView::from(SourceQuote::from(quote));
            let value = view.value.or_else(|| Some(proposed.clone()));
            SourceView { value, ..view }
        });
        let sources = sources.collect();
        Self {
            change_id: id,
            status,
            provider: change.provider.clone(),
            model: change.model.clone(),
            rule: change.rule,
            reason: change.reason.clone(),
            changes: changes.collect(),
            present: change.present.as_deref().map(RatesView::from),
            proposed,
            effective_from: Instant(change.effective_from),
            until: change.until.map(Instant),
            sources,
        }
    }
}

impl Operation for ReviewPriceChanges {
    type Input = ReviewPriceChangesInput;
    type Output = ReviewPriceChangesAnswer;
    const CONTRACT: Contract = Contract {
        name: "review_price_changes",
        title: "Review price changes",
        description: "List price changes that were held back, with what each source says and why, and approve or \
            reject one. An approved price holds from effective_from on, when it was proposed; usage recorded since keeps its \
            cost, and the answer offers corrections. A rejected one is not proposed again.",
        toolset: Toolset::Pricing,
        role: Role::Operator,
        effect: Effect::Adds,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        match input.action {
            PriceReview::List => list(&desk, &input),
            PriceReview::Approve => decide(&desk, call, input, true).await,
            PriceReview::Reject => decide(&desk, call, input, false).await,
        }
    }
}

fn list(
    desk: &Desk,
    input: &ReviewPriceChangesInput,
) -> Result<Answer<ReviewPriceChangesAnswer>, Refusal> {
    let length = page::length(input.limit);
    let after = page::position(input.cursor.as_ref())?.unwrap_or(0);
    let state = desk.state();
    let providers = input.provider.as_deref().map(provider::limited);
    let all = || {
        state.waiting_prices().filter(|open| {
            let mut named = providers.iter().flatten();
            providers.is_none() || named.any(|name| **name == *open.change.provider)
        })
    };
    let page = all().filter(|open| open.id.0 > after).take(length + 1);
    let mut changes: Vec<_> = page
        .map(|open| PriceChangeView::of(open.id, &open.change, ChangeStatus::Waiting))
        .collect();
    let waiting = all().count() as u64;
    drop(state);
    let next_cursor = page::cut(&mut changes, length, |change| change.change_id.0);
    let lines = changes.iter().take(10).map(|change| {
        format!(
            "\n{} {}/{}: {}",
            change.change_id, change.provider, change.model, change.reason
        )
    });
    let text = format!("{waiting} price changes wait.{}", lines.collect::<String>());
    Ok(Answer {
        text,
        content: ReviewPriceChangesAnswer {
            changes,
            waiting,
            next_cursor,
            version: None,
            repricing: None,
            duplicate: false,
        },
    })
}

/// What is charged in place of a price that was approved.
fn beneath(desk: &Desk, provider: &str, model: &str) -> &'static str {
    match present(desk, provider, model) {
        Some(PriceStatus::Override) => ", beneath an override of yours, which is charged",
        _ => "",
    }
}

/// How far what is charged now can be trusted; none where nothing is.
fn present(desk: &Desk, provider: &str, model: &str) -> Option<PriceStatus> {
    let prices = desk.prices();
    let price = prices.price_at(Some(provider), model, desk.now());
    price.ok().map(|price| price.status)
}

async fn decide(
    desk: &Arc<Desk>,
    call: &Call,
    input: ReviewPriceChangesInput,
    approve: bool,
) -> Result<Answer<ReviewPriceChangesAnswer>, Refusal> {
    let id = input
        .change_id
        .ok_or_else(|| Refusal::invalid("change_id", "expects the change to decide about"))?;
    let request = request(
        call,
        "review_price_changes",
        input.request_id.as_ref(),
        &(id, approve, &input.reason),
    )?;
    let command = Command::ReviewPrice {
        change: id,
        approve,
    };
    if approve && !desk.is_known(request.as_ref()).await? {
        let waiting = desk.state().waiting_price(id).cloned();
        let coming = waiting.map(|open| Coming::of_a_review(&open.change));
        prepare(desk, coming.unwrap_or_default()).await?;
    }
    let (entry, duplicate) = desk
        .give_unjudged(call, input.reason, request, command)
        .await?;
    keep_up(desk).await;
    let Event::PriceHeldBack(change) = desk.ledger().shared().event(id.0)?.event else {
        return Err(unexpected());
    };
    let status = if approve {
        ChangeStatus::Approved
    } else {
        ChangeStatus::Rejected
    };
    let (provider, model) = (&change.provider, &change.model);
    let (repricing, offered) = if approve {
        // The first price is the nearest for all that was used before, too.
        let from = match change.present {
            Some(_) => change.effective_from,
            None => Timestamp::UNIX_EPOCH,
        };
        corrections(desk, provider, model, from, Concerned::ByChange).await?
    } else {
        (None, String::new())
    };
    let version = approve.then(|| match change.correction() {
        Some((by, _)) => imported_version(&by.source, entry.sequence),
        None => applied_version(entry.sequence),
    });
    let said = if let Some(version) = &version {
        // A price of the past is not what is charged now.
        let is_past = change.until.is_some();
        let beneath = (!is_past).then(|| beneath(desk, provider, model));
        let beneath = beneath.unwrap_or_default();
        format!("{id} is approved: {provider}/{model} has the price {version}{beneath}.")
    } else {
        let keeps = match present(desk, provider, model) {
            Some(_) => "keeps its price",
            None => "has no price",
        };
        format!("{id} is rejected: {provider}/{model} {keeps}.")
    };
    Ok(Answer {
        text: format!("{said}{offered}"),
        content: ReviewPriceChangesAnswer {
            changes: vec![PriceChangeView::of(id, &change, status)],
            waiting: desk.state().waiting_prices().count() as u64,
            next_cursor: None,
            version,
            repricing,
            duplicate,
        },
    })
}
