//! What a caller says was used, made into postings, and the answer to each.

use super::Desk;
use super::estimate::{Named, name_used_model};
use super::ledger::Receipt;
use super::operation::Call;
use super::ordering::request;
use super::wire::amounts::Amounts;
use super::wire::fields::{HasContext, HasCounts};
use super::wire::schema::Instant;
use super::wire::usage::UsageInput;
use crate::core::allocation::Allocation;
use crate::core::command::Posting;
use crate::core::context::Context;
use crate::core::decide::Entry;
use crate::core::event::Event;
use crate::core::id::{AllocationId, RecordId};
use crate::core::name::Name;
use crate::core::price::ServiceTier;
use crate::core::quantity::{Counts, Usd};
use crate::core::refusal::Refusal;
use crate::core::usage::UNKNOWN_PROVIDER;
use crate::core::usage::{Cost, CostSource, Draw, Usage};
use crate::pricing;
use crate::pricing::book::PriceBook;
use crate::pricing::cost::full_cost_usd;
use crate::pricing::provider_usage;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The most bytes of a usage's metadata.
const METADATA_MOST: usize = 4096;

/// Makes postings of what one call records.
pub struct Recording<'a> {
    desk: &'a Desk,
    call: &'a Call,
    prices: Arc<PriceBook>,
    now: Timestamp,
}

/// A usage, as far as it has to be recorded yet.
pub enum Read {
    /// It has, unless its request id says otherwise.
    Fresh(Posting),
    /// It was recorded before, and could not be read in the same way again.
    Known(Entry),
}

/// What was counted, and what the provider said besides.
struct Counted {
    counts: Counts,
    cost: Option<Usd>,
    tier: Option<ServiceTier>,
    /// The model, where a whole response was given.
    model: Option<String>,
    /// What the provider charges for that no price states.
    unpriced: Vec<String>,
}

impl<'a> Recording<'a> {
    /// Recording by a call, at the prices that hold now.
    pub fn new(desk: &'a Desk, call: &'a Call) -> Self {
        Self {
            desk,
            call,
            prices: desk.prices(),
            now: desk.now(),
        }
    }

    /// What is to be done of a usage.
    ///
    /// # Errors
    /// `invalid_argument`, `not_found` for a hold that never was, or `permission_denied` for a context that is not the
    /// caller's.
    pub async fn read(&self, mut input: UsageInput) -> Result<Read, Refusal> {
        let id = input.request_id.take();
        let request = request(self.call, "record_usage", id.as_ref(), &input)?;
        match self.usage(input) {
            Ok(usage) => Ok(Read::Fresh(Posting { usage, request })),
            Err(refusal) => {
                let known = self.desk.repeated(request, refusal).await?;
                Ok(Read::Known(known))
            }
        }
    }

    fn usage(&self, input: UsageInput) -> Result<Usage, Refusal> {
        let hold = input
            .allocation_id
            .map(|id| self.desk.own_hold(self.call, id))
            .transpose()?;
        let context = self.context(&input, hold.as_ref())?;
        let occurred = input.occurred_at.map_or(self.now, Instant::time);
        let (provider, model) = self.names(&input, hold.as_ref(), occurred);
        let counted = counted(provider, model, &input)?;
        let model = model.or(counted.model.as_deref());
        let model =
            model.ok_or_else(|| Refusal::invalid("model", "expects the model that was used"))?;
        let mut named = name_used_model(&self.prices, provider, model, occurred)?;
        // What a hold was asked for by stays the name of what draws on it; and what nobody knows stays what was held, however its
        // name would be read again.
        let held = hold.as_ref().map(|hold| &hold.model);
        if let Some(held) = held.filter(|held| held.model.is_some() && input.model.is_none()) {
            named.model.named = held.named.clone().or(named.model.named);
            if named.price.is_none() && input.provider.is_none() {
                named.model = held.clone();
            }
        }
        let tier = input.service_tier.or(counted.tier).unwrap_or_default();
        let reported = input.reported_cost_usd.or(counted.cost);
        let counts = counted.counts;
        let cost = cost(reported, &named, counted, tier);
        Ok(Usage {
            provider: named
                .model
                .provider
                .unwrap_or_else(|| Name::new_static(UNKNOWN_PROVIDER)),
            model: named.model.model.unwrap_or_default(),
            release: named.model.release,
            named: named.model.named,
            tier: named.model.tier,
            service_tier: Some(tier),
            context,
            counts,
            cost,
            occurred,
            allocation: input.allocation_id,
            is_final: input.is_final.unwrap_or(false),
            metadata: metadata(input.metadata)?,
        })
    }

    /// The context of a usage: what it says, else what its hold says, within what the client's configuration fixes.
    fn context(&self, input: &UsageInput, hold: Option<&Allocation>) -> Result<Context, Refusal> {
        let mut context = input.given_context();
        if let Some(hold) = hold {
            inherit(&mut context, &hold.context);
        }
        self.call.caller.fill(context)
    }

    /// The provider and the model of a usage: what it says, else what its hold says. A provider that it leaves out is
    /// its hold's where that has a model of this name, however many others have one, too.
    fn names<'b>(
        &self,
        input: &'b UsageInput,
        hold: Option<&'b Allocation>,
        occurred: Timestamp,
    ) -> (Option<&'b str>, Option<&'b str>) {
        let (provider, model) = (input.provider.as_deref(), input.model.as_deref());
        let Some(held) = hold.map(|hold| &hold.model) else {
            return (provider, model);
        };
        let is_its_own = |own: &&str| {
            let Some(model) = model else { return true };
            held.model.as_deref() == Some(model)
                || self.prices.price_at(Some(own), model, occurred).is_ok()
        };
        let held_by = held.provider.as_deref().filter(is_its_own);
        (provider.or(held_by), model.or(held.priced_as()))
    }
}

fn inherit(context: &mut Context, from: &Context) {
    fn one(own: &mut Option<Name>, from: Option<&Name>) {
        if own.is_none() {
            *own = from.cloned();
        }
    }
    one(&mut context.component, from.component.as_ref());
    one(&mut context.task_type, from.task_type.as_ref());
    one(&mut context.session_id, from.session_id.as_ref());
    one(&mut context.task_id, from.task_id.as_ref());
    one(&mut context.user, from.user.as_ref());
    one(&mut context.project, from.project.as_ref());
    for (name, value) in &from.tags {
        context
            .tags
            .entry(name.clone())
            .or_insert_with(|| value.clone());
    }
    context.priority = context.priority.or(from.priority);
}

fn counted(
    provider: Option<&str>,
    model: Option<&str>,
    input: &UsageInput,
) -> Result<Counted, Refusal> {
    let given = input.given_counts();
    let Some(object) = &input.provider_usage else {
        let nothing_counted = input.reported_cost_usd.is_none() && input.requests.is_none();
        let counts = match given {
            Some(counts) => counts,
            None if nothing_counted => {
                return Err(Refusal::invalid(
                    "provider_usage",
                    "expects the provider's usage object, or counts",
                ));
            }
            None => Counts {
                requests: input.calls(),
                ..Counts::default()
            },
        };
        return Ok(Counted {
            counts,
            cost: None,
            tier: None,
            model: None,
            unpriced: Vec::new(),
        });
    };
    if given.is_some() {
        return Err(Refusal::invalid(
            "provider_usage",
            "expects no counts beside it",
        ));
    }
    let taken = provider_usage::parse(provider, model, &Value::Object(object.clone()))?;
    let counts = Counts {
        // Where the provider counts what it sells by the call, that is no less.
        requests: input.requests.unwrap_or(1).max(taken.counts.requests),
        ..taken.counts
    };
    Ok(Counted {
        counts,
        cost: taken.reported_cost,
        tier: taken.service_tier,
        model: taken.model,
        unpriced: taken.unpriced,
    })
}

/// What a usage cost: what the provider said, else what its price makes of it. What has no price makes the cost unknown
/// and takes nothing away from what has one.
fn cost(reported: Option<Usd>, named: &Named<'_>, counted: Counted, tier: ServiceTier) -> Cost {
    if let Some(usd) = reported {
        return Cost {
            usd,
            source: CostSource::Reported,
            price_version: None,
            unpriced: Vec::new(),
            sellers: Vec::new(),
        };
    }
    let Some(price) = &named.price else {
        return Cost {
            usd: Usd::ZERO,
            source: CostSource::Unknown,
            price_version: None,
            unpriced: Vec::new(),
            sellers: named.sellers.clone(),
        };
    };
    let mut unpriced = counted.unpriced;
    let usd = full_cost_usd(price.rates, &counted.counts, tier).unwrap_or_else(|| {
        let part = pricing::cost::cost(price.rates, &counted.counts, tier);
        unpriced.extend(part.unpriced.iter().map(|unit| unit.as_str().to_owned()));
        part.usd
    });
    let source = if unpriced.is_empty() {
        CostSource::Catalogue
    } else {
        CostSource::Unknown
    };
    Cost {
        usd,
        source,
        price_version: Some(price.version.into()),
        unpriced,
        sellers: Vec::new(),
    }
}

fn metadata(metadata: Option<Map<String, Value>>) -> Result<Map<String, Value>, Refusal> {
    let metadata = metadata.unwrap_or_default();
    let size = if metadata.is_empty() {
        0
    } else {
        serde_json::to_vec(&metadata).map_or(usize::MAX, |bytes| bytes.len())
    };
    if size > METADATA_MOST {
        return Err(Refusal::invalid(
            "metadata",
            format!("expects at most {METADATA_MOST} bytes of JSON"),
        ));
    }
    Ok(metadata)
}

/// What was recorded of one usage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordAnswer {
    /// The record.
    pub record_id: RecordId,
    /// What it cost.
    pub cost_usd: Usd,
    /// Where the cost comes from.
    pub cost_source: CostSource,
    /// What of an unknown cost has no price.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpriced: Vec<String>,
    /// Who sells the model, where a provider has to be named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sellers: Vec<String>,
    /// The version of the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_version: Option<Name>,
    /// Whether this request_id had recorded it before.
    pub duplicate: bool,
    /// Whether it was more than was held, or passed a limit.
    pub overrun: bool,
    /// What the hold has left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_remaining: Option<Amounts>,
    /// Set where the hold has ended: recorded without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_closed: Option<AllocationId>,
}

impl RecordAnswer {
    /// The answer that a receipt makes.
    pub fn of(receipt: &Receipt) -> Option<Self> {
        let Event::UsageRecorded(recorded) = &receipt.entry.recorded.event else {
            return None;
        };
        let (remaining, closed) = match recorded.draw {
            Some(Draw::Drawn { remaining, .. }) => (Some(Amounts::all(remaining)), None),
            Some(Draw::Ended) => (None, recorded.usage.allocation),
            None => (None, None),
        };
        let cost = &recorded.usage.cost;
        Some(Self {
            record_id: RecordId(receipt.entry.sequence),
            cost_usd: cost.usd,
            cost_source: cost.source,
            unpriced: cost.unpriced.clone(),
            sellers: cost.sellers.clone(),
            price_version: cost.price_version.clone(),
            duplicate: receipt.duplicate,
            overrun: recorded.overrun,
            allocation_remaining: remaining,
            allocation_closed: closed,
        })
    }

    /// The answer in a line.
    pub fn words(&self) -> String {
        let cost = match self.cost_source {
            CostSource::Unknown if !self.sellers.is_empty() => {
                let sellers = self.sellers.join(", ");
                format!(
                    "an unknown cost (name the provider, one of {sellers}; adjust_usage corrects this record)"
                )
            }
            CostSource::Unknown if self.unpriced.is_empty() => {
                "an unknown cost (the model has no price)".to_owned()
            }
            CostSource::Unknown => format!(
                "${}, without what has no price: {}",
                self.cost_usd,
                self.unpriced.join(", ")
            ),
            _ => format!("${}", self.cost_usd),
        };
        let again = if self.duplicate {
            " It had been recorded before."
        } else {
            ""
        };
        let over = if self.overrun {
            " It overran what was held or left."
        } else {
            ""
        };
        let closed = self.allocation_closed.map_or(String::new(), |id| {
            format!(" {id} has ended, so nothing was drawn of it.")
        });
        format!("{}: {cost}.{again}{over}{closed}", self.record_id)
    }
}
