//! Looking for models.

use super::{Capabilities, Catalogue, Mode, ModelCard, provider};
use crate::core::price::{ModelTier, Unit};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What to look for; an empty one finds everything.
#[derive(Clone, Debug, Default)]
pub struct Search<'a> {
    /// Words that `provider/model` contains, all of them, in whatever case.
    pub query: Option<&'a str>,
    /// The provider, by any of its names.
    pub provider: Option<&'a str>,
    /// Where the model runs and how large it is.
    pub tier: Option<ModelTier>,
    /// What the model is for.
    pub mode: Option<Mode>,
    /// The most USD for a million input tokens; a model without that rate is left out.
    pub max_input_price: Option<Decimal>,
    /// The least context window; a model that states none is left out.
    pub min_context: Option<u64>,
    /// What it must be able to do.
    pub needs: Capabilities,
    /// The order of the answer.
    pub sort: Sort,
}

/// The order of found models; ties go by provider and model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// By provider and model.
    #[default]
    Name,
    /// By the input rate, cheapest first; models without one last.
    InputPrice,
    /// By the output rate, cheapest first; models without one last.
    OutputPrice,
    /// By the context window, largest first.
    Context,
}

impl Catalogue {
    /// The models that meet all that the search names.
    pub fn search(&self, search: &Search) -> Vec<&ModelCard> {
        let words: Vec<String> = search
            .query
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_ascii_lowercase)
            .collect();
        let providers = search.provider.map(provider::named);
        let mut found: Vec<&ModelCard> = self
            .cards()
            .iter()
            .filter(|card| {
                let of = |names: &Vec<Cow<str>>| names.iter().any(|name| **name == *card.provider);
                providers.as_ref().is_none_or(of) && search.takes(card) && has_words(card, &words)
            })
            .collect();
        match search.sort {
            Sort::Name => {}
            Sort::InputPrice => found.sort_by_key(|card| price_key(card, Unit::Input)),
            Sort::OutputPrice => found.sort_by_key(|card| price_key(card, Unit::Output)),
            Sort::Context => found.sort_by_key(|card| std::cmp::Reverse(card.context_window)),
        }
        found
    }
}

impl Search<'_> {
    fn takes(&self, card: &ModelCard) -> bool {
        let cheap = |most| rate(card, Unit::Input).is_some_and(|rate| rate <= most);
        let wide = |least| card.context_window.is_some_and(|window| window >= least);
        self.tier.is_none_or(|tier| card.tier == tier)
            && self.mode.is_none_or(|mode| card.mode == mode)
            && self.max_input_price.is_none_or(cheap)
            && self.min_context.is_none_or(wide)
            && card.capabilities.cover(self.needs)
    }
}

fn has_words(card: &ModelCard, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let name = format!("{}/{}", card.provider, card.model).to_ascii_lowercase();
    let alias = |word: &String| {
        let mut aliases = card.aliases.iter();
        aliases.any(|alias| alias.to_ascii_lowercase().contains(word.as_str()))
    };
    words
        .iter()
        .all(|word| name.contains(word.as_str()) || alias(word))
}

fn rate(card: &ModelCard, unit: Unit) -> Option<Decimal> {
    card.rates.standard.rates.get(&unit).copied()
}

fn price_key(card: &ModelCard, unit: Unit) -> (bool, Decimal) {
    let rate = rate(card, unit);
    (rate.is_none(), rate.unwrap_or_default())
}
