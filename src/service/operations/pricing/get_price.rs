//! `get_price`: what a model costs, and where that comes from.

use super::offer::corrections;
use crate::core::refusal::{Code, Refusal};
use crate::core::role::Role;
use crate::pricing::book::{Origin, Price, PriceBook};
use crate::pricing::catalogue::Unresolved;
use crate::pricing::catalogue::provider::named;
use crate::pricing::identity::identify;
use crate::service::Service;
use crate::service::estimate::check_model;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::repricing::Concerned;
use crate::service::wire::price::PriceView;
use crate::service::wire::repricing::RepricingView;
use crate::service::wire::schema::Instant;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a model costs, and where that comes from.
pub struct GetPrice;

/// Which model, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPriceInput {
    /// Provider, where several have the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Model.
    pub model: String,
    /// The price of that time; default now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// Whether to list every version; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<bool>,
    /// Whether to offer corrections of recorded usage that would cost something else by now; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrections: Option<bool>,
}

/// A price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GetPriceAnswer {
    /// The price.
    #[serde(flatten)]
    pub price: PriceView,
    /// Set where it is the earliest known, of later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest_known: Option<bool>,
    /// Set where it is the latest known, and over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_known: Option<bool>,
    /// Every version, the earliest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<PriceView>>,
    /// What recorded usage would cost now, and how to correct it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repricing: Option<RepricingView>,
}

impl Operation for GetPrice {
    type Input = GetPriceInput;
    type Output = GetPriceAnswer;
    const CONTRACT: Contract = Contract {
        name: "get_price",
        title: "Price of a model",
        description: "See what a model costs, in USD per million units, with its version and sources; with history \
            every version.",
        toolset: Toolset::Pricing,
        role: Role::Viewer,
        effect: Effect::Reads,
        open_world: false,
    };

    async fn run(
        service: &Service,
        _: &Call,
        input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        let prices = desk.prices();
        let at = input.at.map_or_else(|| desk.now(), Instant::time);
        let provider = input.provider.as_deref();
        check_model(provider, &input.model)?;
        let known = prices.price_at(provider, &input.model, at);
        let is_over = known.is_err();
        // Of a model that is sold no more the past is asked for, and what was used of it then.
        let of_past = input.history == Some(true) || input.corrections == Some(true);
        let last = || last_known(&prices, provider, &input.model, at).filter(|_| of_past);
        let price = known
            .or_else(|error| last().ok_or(error))
            .map_err(|error| no_price(&prices, provider, &input.model, &error))?;
        let history = input
            .history
            .unwrap_or(false)
            .then(|| prices.history(provider, &input.model))
            .transpose();
        let history = history.map_err(|error| no_price(&prices, provider, &input.model, &error))?;
        let is_later = price.effective_from > at;
        let (repricing, offered) = if input.corrections.unwrap_or(false) {
            let release = prices.release(price.provider, &input.model);
            let named = release.as_deref().unwrap_or(price.model);
            let ever = Timestamp::UNIX_EPOCH;
            corrections(&desk, price.provider, named, ever, Concerned::All).await?
        } else {
            (None, String::new())
        };
        let content = GetPriceAnswer {
            repricing,
            price: PriceView::of(&price),
            earliest_known: is_later.then_some(true),
            latest_known: is_over.then_some(true),
            history: history.map(|versions| {
                let versions = versions.iter();
                versions.map(|price| version(&prices, price)).collect()
            }),
        };
        let rates = content.price.rates.standard.rates.iter();
        let rates: Vec<_> = rates
            .map(|(unit, rate)| format!("{} ${rate}", unit.as_str()))
            .collect();
        let mut text = format!(
            "{}/{} per million: {}. {}.{offered}",
            price.provider,
            price.release.unwrap_or(price.model),
            rates.join(", "),
            standing(&content.price)
        );
        if is_later {
            let since = price.effective_from;
            text.push_str(&format!(
                " No price of {at} is known; this is the earliest, of {since}."
            ));
        }
        text.push_str(&why_meant(&prices, &price, &input.model));
        if is_over {
            let since = price.effective_from;
            text.push_str(&format!(
                " No price of {at} is known; this is the latest, of {since}, and holds no more."
            ));
        }
        Ok(Answer { text, content })
    }
}

/// A sentence why a name means the model, where it is another than the model's own.
fn why_meant(prices: &PriceBook, price: &Price<'_>, name: &str) -> String {
    let found = identify(prices.catalogue(), price.provider, name).ok();
    let found = found.filter(|found| name != price.model && found.canonical.model == price.model);
    found.map_or_else(String::new, |found| format!(" {found}"))
}

/// The last price that a model had before a time of which none is known.
fn last_known<'a>(
    prices: &'a PriceBook,
    provider: Option<&str>,
    model: &str,
    at: Timestamp,
) -> Option<Price<'a>> {
    let versions = prices.history(provider, model).ok()?.into_iter();
    let mut before = versions.filter(|price| price.effective_from <= at);
    before.next_back()
}

/// A version, marked where it is a word of the past in whose place the source has said another since.
fn version(prices: &PriceBook, price: &Price<'_>) -> PriceView {
    let mut view = PriceView::of(price);
    if let Origin::Imported { imported, past, .. } = price.origin {
        let name = price.release.unwrap_or(price.model);
        let said = prices.imported(price.provider, name, &imported.history.source);
        view.superseded = (!said.contains(past)).then_some(true);
    }
    view
}

/// How far the rates can be trusted, in words.
fn standing(price: &PriceView) -> String {
    let others = price.other_status.iter();
    let others: Vec<_> = others
        .map(|(rate, status)| format!("{rate} {}", status.as_str()))
        .collect();
    let apart = if others.is_empty() {
        String::new()
    } else {
        format!(", but {}", others.join(", "))
    };
    format!("Status: {}{apart}", price.status.as_str())
}

/// The refusal of a model whose price is asked for and not known.
pub(super) fn no_price(
    prices: &PriceBook,
    provider: Option<&str>,
    model: &str,
    error: &Unresolved,
) -> Refusal {
    match error {
        Unresolved::Ambiguous { providers } => {
            Refusal::invalid("provider", error).with("providers", providers.clone())
        }
        Unresolved::Unknown => {
            let near = prices.catalogue().near(provider, model);
            let named = if near.is_empty() {
                String::new()
            } else {
                format!("; near it: {}", near.join(", "))
            };
            let error = whose(prices, provider, model).unwrap_or_else(|| error.to_string());
            let message = format!(
                "{error}{named}; search_models finds models, and an admin adds a price with override_price"
            );
            Refusal::new(Code::PriceUnknown, message).with("near", near)
        }
    }
}

/// That others have a model, where the one who is named does not.
fn whose(prices: &PriceBook, provider: Option<&str>, model: &str) -> Option<String> {
    let provider = provider?;
    let own = named(provider);
    let sellers = prices.sellers_of(model).into_iter();
    let others: Vec<_> = sellers
        .filter(|seller| own.iter().all(|own| own != seller))
        .collect();
    if others.is_empty() {
        return None;
    }
    let others = others.join(", ");
    Some(format!(
        "no model of that name is known of {provider}, but of {others}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_model_is_told_what_is_near() {
        let prices = PriceBook::default();
        let refusal = no_price(&prices, Some("openai"), "gpt-4oo", &Unresolved::Unknown);
        assert_eq!(refusal.code, Code::PriceUnknown);
        assert!(refusal.message.contains("near it"), "{refusal}");
        let near = refusal.details["near"].as_array().unwrap();
        assert!(near.contains(&"openai/gpt-4o".into()), "{near:?}");
    }
}
