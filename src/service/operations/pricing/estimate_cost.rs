//! `estimate_cost`: what a call would cost, line by line.

use super::get_price::no_price;
use crate::core::price::Unit;
use crate::core::quantity::Usd;
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::pricing::cost::cost;
use crate::service::Service;
use crate::service::estimate::{Unsaid, check_model, estimate};
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::wire::fields::{NamesModel, arguments};
use crate::service::wire::schema::{Instant, needed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a call would cost, line by line.
pub struct EstimateCost;

arguments!(
    /// A call, and when it is made.
    #[schemars(transform = needed(&["model"]))]
    EstimateCostInput [model, counts, text] {
        /// At the price of that time; default now.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub at: Option<Instant>,
    }
);

/// What one unit costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CostLineView {
    /// What was counted.
    pub unit: Unit,
    /// How many.
    pub count: u64,
    /// USD per million.
    pub rate: Usd,
    /// What they cost.
    pub cost_usd: Usd,
}

/// What a call costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EstimateCostAnswer {
    /// Provider.
    pub provider: String,
    /// Model.
    pub model: String,
    /// The sum.
    pub cost_usd: Usd,
    /// Whether tokens are estimated.
    pub estimated: bool,
    /// A line for each unit.
    pub lines: Vec<CostLineView>,
    /// What has no price: it costs more than the sum.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unpriced: Vec<Unit>,
    /// The version of the price.
    pub price_version: String,
}

impl Operation for EstimateCost {
    type Input = EstimateCostInput;
    type Output = EstimateCostAnswer;
    const CONTRACT: Contract = Contract {
        name: "estimate_cost",
        title: "Estimate a cost",
        description: "Compute what a call costs from counts or a text, line by line, whatever the budgets say.",
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
        let (provider, model, tier) = input.named_model();
        let model =
            model.ok_or_else(|| Refusal::invalid("model", "expects the model of the call"))?;
        check_model(provider, model)?;
        let price = prices
            .price_at(provider, model, at)
            .map_err(|error| no_price(&prices, provider, model, &error))?;
        let estimated = estimate(&prices, &input, Unsaid::None, None, at)?;
        let found = cost(price.rates, &estimated.counts, tier);
        let lines = found.lines.iter().map(|line| CostLineView {
            unit: line.unit,
            count: line.count,
            rate: Usd::new(line.rate),
            cost_usd: line.usd,
        });
        let content = EstimateCostAnswer {
            provider: price.provider.to_owned(),
            model: price.model.to_owned(),
            cost_usd: found.usd,
            estimated: estimated.estimated,
            lines: lines.collect(),
            unpriced: found.unpriced,
            price_version: price.version.to_owned(),
        };
        Ok(Answer {
            text: format!(
                "${} with {}/{}.",
                content.cost_usd, content.provider, content.model
            ),
            content,
        })
    }
}
