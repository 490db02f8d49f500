//! `override_price`: an admin's price, which holds until it is taken away.

use super::offer::corrections;
use crate::core::command::Command;
use crate::core::event::Event;
use crate::core::name::Name;
use crate::core::price::Rates;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::pricing::book::{Origin, PriceBook};
use crate::pricing::catalogue::provider::canonical;
use crate::service::estimate::name_model;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::ordering::{request, unexpected};
use crate::service::prices::override_version;
use crate::service::repricing::Concerned;
use crate::service::scoping::{Coming, keep_up, prepare};
use crate::service::wire::price::RatesView;
use crate::service::wire::repricing::RepricingView;
use crate::service::wire::schema::Instant;
use crate::service::{Desk, Service};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An admin's price, which holds until it is taken away.
pub struct OverridePrice;

/// A price to set, or to take away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverridePriceInput {
    /// Provider.
    pub provider: String,
    /// Model; the catalogue need not know it.
    pub model: String,
    /// The rates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rates: Option<RatesView>,
    /// From when on; default now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Instant>,
    /// Whether to take the override away, in place of rates; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove: Option<bool>,
    /// Why, for the audit trail; needed.
    pub reason: String,
    /// Makes a retry safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The price that was set, or taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OverridePriceAnswer {
    /// Provider.
    pub provider: String,
    /// Model.
    pub model: String,
    /// Its version, as records name it; left out where it was taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// From when on.
    pub effective_from: Instant,
    /// Until when, where a price or a removal of yours from a later time on goes over it; its beginning, where it never holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// What recorded usage since then would cost now, and how to correct it; nothing is costed anew by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repricing: Option<RepricingView>,
    /// Whether this request_id had set it before.
    pub duplicate: bool,
}

/// The names under which the ledger keeps a model's overrides. Those set before providers had one name each are kept as
/// they were written then; the price book has them under the one name already.
fn kept_under(desk: &Desk, provider: &str, model: &str) -> (String, String) {
    let state = desk.state();
    let otherwise = || {
        let mut kept = state.overrides();
        kept.find(|(kept_provider, kept_model, _)| {
            kept_model.eq_ignore_ascii_case(model) && canonical(kept_provider) == provider
        })
    };
    let names = if state.overrides_of(provider, model).is_empty() {
        otherwise().map(|(provider, model, _)| (provider.to_owned(), model.to_owned()))
    } else {
        None
    };
    names.unwrap_or_else(|| (provider.to_owned(), model.to_owned()))
}

/// The rates to set; none where they are to be taken away.
fn rates_of(input: &mut OverridePriceInput) -> Result<Option<Rates>, Refusal> {
    match (input.rates.take(), input.remove.unwrap_or(false)) {
        (Some(rates), false) => Some(rates.rates()).transpose(),
        (None, true) => Ok(None),
        (Some(_), true) => Err(Refusal::invalid("remove", "expects no rates beside it")),
        (None, false) => Err(Refusal::invalid(
            "rates",
            "expects the rates, or remove: true",
        )),
    }
}

/// The provider and the model by the names under which their price is kept.
fn names(
    desk: &Desk,
    input: &OverridePriceInput,
    removes: bool,
) -> Result<(String, String), Refusal> {
    let prices = desk.prices();
    let named = name_model(&prices, Some(&input.provider), &input.model, desk.now())?;
    let known = prices.names_to_set(&input.provider, &input.model);
    let (provider, model) = known.map_or_else(
        || {
            let own = &named.model;
            let name = |own: Option<&Name>, given: &str| {
                own.map_or_else(|| given.to_owned(), ToString::to_string)
            };
            let provider = name(own.provider.as_ref(), &input.provider);
            (provider, name(own.model.as_ref(), &input.model))
        },
        |known| (known.provider, known.model),
    );
    Ok(if removes {
        kept_under(desk, &provider, &model)
    } else {
        (provider, model)
    })
}

/// When a price that was set ends, where a price or a removal from a later time on goes over it.
fn until(desk: &Desk, (provider, model): (&str, &str), version: &str) -> Option<Timestamp> {
    let prices = desk.prices();
    let history = prices.history(Some(provider), model).ok()?;
    let set = history.iter().find(|price| price.version == version)?;
    match set.origin {
        Origin::Override { until, .. } => until,
        _ => None,
    }
}

/// What is to be known of a price of a state: usage of it is recorded as its model's, so that what was recorded before can't be
/// told from the model's own.
fn counted_as(desk: &Desk, provider: &str, model: &str) -> String {
    let prices = desk.prices();
    let price = prices.price_at(Some(provider), model, desk.now());
    let model_of = price.ok().filter(|price| price.model != model);
    model_of.map_or_else(String::new, |price| {
        format!(
            " Its usage is counted as {}'s; what was recorded before keeps its cost, and no correction of it is offered.",
            price.model
        )
    })
}

/// That nobody knew the model before: its name may be a mistake.
fn unheard_of(before: &PriceBook, provider: &str, model: &str) -> String {
    if before.model_meant(Some(provider), model).is_some() {
        return String::new();
    }
    let near = before.catalogue().near(Some(provider), model);
    let near = match near.as_slice() {
        [] => String::new(),
        near => format!(" (near it: {})", near.join(", ")),
    };
    format!(
        " No price list knows a model of that name{near}; remove: true takes it away if it is not the one you mean."
    )
}

/// What is to be known of a price that ends.
fn beyond(until: Timestamp, now: Timestamp) -> String {
    let over = "a price or a removal of yours from a later time on goes over it";
    if until <= now {
        format!(
            " It does not hold now: {over} since {until}. Leave effective_from out to have it hold from now on."
        )
    } else {
        format!(" It ends at {until}: {over}.")
    }
}

impl Operation for OverridePrice {
    type Input = OverridePriceInput;
    type Output = OverridePriceAnswer;
    const CONTRACT: Contract = Contract {
        name: "override_price",
        title: "Override a price",
        description: "Set a model's rates in USD per million units, over every price list, or take such rates away. \
            Recorded usage keeps the cost it was recorded at; for a time that is over the answer offers corrections.",
        toolset: Toolset::Pricing,
        role: Role::Admin,
        effect: Effect::Overwrites,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        mut input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        let now = desk.now();
        let id = input.request_id.take();
        let request = request(call, "override_price", id.as_ref(), &input)?;
        let rates = rates_of(&mut input)?;
        if input.reason.trim().is_empty() {
            return Err(Refusal::invalid("reason", "expects why the price is set"));
        }
        let effective_from = input.effective_from.map_or(now, Instant::time);
        let before = desk.prices();
        let command =
            names(&desk, &input, rates.is_none()).map(|(provider, model)| Command::OverridePrice {
                provider,
                model,
                rates,
                effective_from,
            });
        if let Ok(Command::OverridePrice {
            provider,
            model,
            rates,
            ..
        }) = &command
            && !desk.is_known(request.as_ref()).await?
        {
            let coming = Coming::of_an_admin(provider, model, rates.as_ref(), effective_from);
            prepare(&desk, coming).await?;
        }
        let (entry, duplicate) = desk
            .give_or_repeat(call, Some(input.reason), request, command)
            .await?;
        // A repeat answers what was set when it was asked first.
        let Event::PriceOverridden {
            provider,
            model,
            rates,
            effective_from,
        } = entry.recorded.event
        else {
            return Err(unexpected());
        };
        keep_up(&desk).await;
        let provider = canonical(&provider).into_owned();
        let version = rates.is_some().then(|| override_version(entry.sequence));
        let word = if rates.is_some() {
            "has a price of yours"
        } else {
            "has no override any more"
        };
        let (repricing, offered) = corrections(
            &desk,
            &provider,
            &model,
            effective_from,
            Concerned::ByChange,
        )
        .await?;
        let names = (&*provider, &*model);
        let until = version
            .as_ref()
            .and_then(|version| until(&desk, names, version));
        let beyond = until.map_or_else(String::new, |until| beyond(until, now));
        let counted = counted_as(&desk, &provider, &model);
        let unheard = match &version {
            Some(_) => unheard_of(&before, &provider, &model),
            None => String::new(),
        };
        let text = format!(
            "{provider}/{model} {word} from {effective_from} on.{beyond}{offered}{counted}{unheard}"
        );
        let content = OverridePriceAnswer {
            provider,
            model,
            version,
            effective_from: Instant(effective_from),
            until: until.map(Instant),
            repricing,
            duplicate,
        };
        Ok(Answer { text, content })
    }
}
