//! `search_models`: models with their prices.

use crate::core::count::{counted, listed};
use crate::core::price::ModelTier;
use crate::core::quantity::Usd;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::pricing::catalogue::{Candidate, Capabilities, Mode, Search, Sort};
use crate::service::Service;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::wire::fields::arguments;
use crate::service::wire::page;
use crate::service::wire::price::RatesByUnit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Models with their prices.
pub struct SearchModels;

/// The order of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    /// By provider and model.
    Name,
    /// Cheapest input first.
    InputPrice,
    /// Cheapest output first.
    OutputPrice,
    /// Largest context first.
    Context,
}

arguments!(
    /// What to look for.
    SearchModelsInput [page] {
        /// Words that provider/model contains.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub query: Option<String>,
        /// Provider.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub provider: Option<String>,
        /// Tier.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tier: Option<ModelTier>,
        /// Most USD per million input tokens, a decimal string.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub max_input_price: Option<Usd>,
        /// Least context window.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub min_context: Option<u64>,
        /// Order; default: exact names, makers' models, then by name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub sort: Option<SortBy>,
    }
);

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelView {
    /// Provider.
    pub provider: String,
    /// Model.
    pub model: String,
    /// What it is for, where the catalogue knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Tier.
    pub tier: ModelTier,
    /// Context window in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// Most output tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// What it can do: tools, vision, reasoning.
    pub capabilities: Vec<String>,
    /// USD per million, by unit.
    pub rates: RatesByUnit,
}

/// A page of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SearchModelsAnswer {
    /// The models.
    pub models: Vec<ModelView>,
    /// How many there are in all.
    pub total: u64,
    /// Next page's cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Operation for SearchModels {
    type Input = SearchModelsInput;
    type Output = SearchModelsAnswer;
    const CONTRACT: Contract = Contract {
        name: "search_models",
        title: "Search models",
        description: "Find models by name, provider, tier, price or context window, with their rates.",
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
        let length = page::length(input.limit);
        let start = page::position(input.cursor.as_ref())?.unwrap_or(0);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let found = prices.search(&search(&input), desk.now());
        let page = found.iter().skip(start).take(length);
        let models: Vec<_> = page.map(view).collect();
        let end = start.saturating_add(models.len());
        let next_cursor = (end < found.len() && !models.is_empty()).then(|| end.to_string());
        let names: Vec<_> = models
            .iter()
            .map(|model| format!("{}/{}", model.provider, model.model))
            .collect();
        let number = counted(found.len(), "model", "models");
        let text = listed(number, names.iter().map(String::as_str));
        Ok(Answer {
            text,
            content: SearchModelsAnswer {
                total: found.len() as u64,
                models,
                next_cursor,
            },
        })
    }
}

fn search(input: &SearchModelsInput) -> Search<'_> {
    Search {
        query: input.query.as_deref(),
        provider: input.provider.as_deref(),
        tier: input.tier,
        mode: None::<Mode>,
        max_input_price: input.max_input_price.map(Usd::amount),
        min_context: input.min_context,
        sort: match input.sort {
            None => Sort::Nearness,
            Some(SortBy::Name) => Sort::Name,
            Some(SortBy::InputPrice) => Sort::InputPrice,
            Some(SortBy::OutputPrice) => Sort::OutputPrice,
            Some(SortBy::Context) => Sort::Context,
        },
        ..Search::default()
    }
}

fn view(found: &Candidate<'_>) -> ModelView {
    let card = found.card;
    let able = card.map_or_else(Capabilities::default, |card| card.capabilities);
    let capabilities = [
        ("tools", able.tools),
        ("vision", able.vision),
        ("reasoning", able.reasoning),
    ];
    ModelView {
        provider: found.provider.to_owned(),
        model: found.model.to_owned(),
        mode: card.map(|card| card.mode.as_str().to_owned()),
        tier: found.tier(),
        context_window: card.and_then(|card| card.context_window),
        max_output_tokens: card.and_then(|card| card.max_output_tokens),
        capabilities: capabilities
            .into_iter()
            .filter(|(_, has)| *has)
            .map(|(name, _)| name.to_owned())
            .collect(),
        rates: found
            .rates
            .standard
            .rates
            .iter()
            .map(|(unit, rate)| (*unit, Usd::new(*rate)))
            .collect(),
    }
}
