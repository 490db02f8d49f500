//! Looking for models.

use super::{Capabilities, Catalogue, Mode, ModelCard, provider, tier};
use crate::core::price::{ModelTier, Rates, Unit};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What to look for; an empty one finds everything.
#[derive(Clone, Debug, Default)]
pub struct Search<'a> {
    /// Words that `provider/model` contains, all of them, in whatever case.
    pub query: Option<&'a str>,
    /// The provider and model that the query means as a name, whatever words are in it.
    pub meant: Option<(&'a str, &'a str)>,
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
    /// Models of exactly the name that is looked for, then those that their makers sell themselves, then all others.
    Nearness,
    /// By the input rate, cheapest first; models without one last.
    InputPrice,
    /// By the output rate, cheapest first; models without one last.
    OutputPrice,
    /// By the context window, largest first.
    Context,
}

/// A model with the rates that it is looked at by.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The provider's canonical name.
    pub provider: &'a str,
    /// The model's name.
    pub model: &'a str,
    /// What the catalogue knows of it; none where it does not know it.
    pub card: Option<&'a ModelCard>,
    /// What it costs.
    pub rates: &'a Rates,
}

impl Catalogue {
    /// The models that meet all that the search names, at the catalogue's own prices;
    /// [`PriceBook::search`](crate::pricing::book::PriceBook::search) takes those that hold.
    pub fn search(&self, search: &Search) -> Vec<&ModelCard> {
        let all = self.cards().iter().map(|card| Candidate {
            provider: &card.provider,
            model: &card.model,
            card: Some(card),
            rates: &card.rates,
        });
        let found = search.among(all).into_iter();
        found.filter_map(|candidate| candidate.card).collect()
    }
}

impl Search<'_> {
    /// Those that meet all that it names, in its order; the candidates come by provider and model.
    pub fn among<'a>(&self, all: impl Iterator<Item = Candidate<'a>>) -> Vec<Candidate<'a>> {
        let words: Vec<String> = self
            .query
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_ascii_lowercase)
            .collect();
        let providers = self.provider.map(provider::named);
        let mut found: Vec<Candidate<'_>> = all
            .filter(|one| {
                let of = |names: &Vec<Cow<str>>| names.iter().any(|name| **name == *one.provider);
                let is_asked = self.means(one) || one.has_words(&words);
                providers.as_ref().is_none_or(of) && self.takes(one) && is_asked
            })
            .collect();
        match self.sort {
            Sort::Name => {}
            Sort::Nearness => {
                let query = self.query.unwrap_or_default().trim().to_ascii_lowercase();
                if !query.is_empty() {
                    found.sort_by_cached_key(|one| {
                        (!self.means(one), !one.is_named(&query), !one.is_of_maker())
                    });
                }
            }
            Sort::InputPrice => found.sort_by_key(|one| one.price_key(Unit::Input)),
            Sort::OutputPrice => found.sort_by_key(|one| one.price_key(Unit::Output)),
            Sort::Context => found.sort_by_key(|one| std::cmp::Reverse(one.context_window())),
        }
        found
    }

    fn means(&self, one: &Candidate<'_>) -> bool {
        self.meant == Some((one.provider, one.model))
    }

    fn takes(&self, one: &Candidate<'_>) -> bool {
        let cheap = |most| one.rate(Unit::Input).is_some_and(|rate| rate <= most);
        let wide = |least| one.context_window().is_some_and(|window| window >= least);
        let mode = one.card.map(|card| card.mode);
        let able = one
            .card
            .map_or_else(Capabilities::default, |card| card.capabilities);
        self.tier.is_none_or(|tier| one.tier() == tier)
            && (self.mode.is_none() || self.mode == mode)
            && self.max_input_price.is_none_or(cheap)
            && self.min_context.is_none_or(wide)
            && able.cover(self.needs)
    }
}

impl Candidate<'_> {
    /// Where it runs and how large it is.
    pub fn tier(&self) -> ModelTier {
        let of_name = || tier::of(self.provider, self.model);
        self.card.map_or_else(of_name, |card| card.tier)
    }

    fn context_window(&self) -> Option<u64> {
        self.card?.context_window
    }

    fn rate(&self, unit: Unit) -> Option<Decimal> {
        self.rates.standard.rates.get(&unit).copied()
    }

    fn price_key(&self, unit: Unit) -> (bool, Decimal) {
        let rate = self.rate(unit);
        (rate.is_none(), rate.unwrap_or_default())
    }

    /// Whether the query is its whole name.
    fn is_named(&self, query: &str) -> bool {
        let inside = query.strip_prefix(self.provider);
        let inside = inside.and_then(|rest| rest.strip_prefix('/'));
        let aliases = self.card.map_or(&[][..], |card| &card.aliases);
        let mut names = std::iter::once(self.model).chain(aliases.iter().map(|alias| &**alias));
        names.any(|name| {
            [Some(query), inside]
                .iter()
                .flatten()
                .any(|one| name.eq_ignore_ascii_case(one))
        })
    }

    /// Whether who sells it gives such names to models of their own.
    fn is_of_maker(&self) -> bool {
        provider::owner(self.model) == Some(self.provider)
    }

    fn has_words(&self, words: &[String]) -> bool {
        if words.is_empty() {
            return true;
        }
        let name = format!("{}/{}", self.provider, self.model).to_ascii_lowercase();
        let aliases = self.card.map_or(&[][..], |card| &card.aliases);
        let alias = |word: &String| {
            let mut aliases = aliases.iter();
            aliases.any(|alias| alias.to_ascii_lowercase().contains(word.as_str()))
        };
        words
            .iter()
            .all(|word| name.contains(word.as_str()) || has_version(&name, word) || alias(word))
    }
}

/// Whether a name has the version that a word is, its dot written as a hyphen: `4.5` in `claude-sonnet-4-5`.
fn has_version(name: &str, word: &str) -> bool {
    if !word.contains('.') {
        return false;
    }
    let version = word.replace('.', "-");
    let mut ends = name
        .match_indices(&version)
        .map(|(at, _)| at + version.len());
    ends.any(|end| !name[end..].starts_with(|next: char| next.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_with_its_dot_written_as_a_hyphen() {
        for (name, word, has) in [
            ("anthropic/claude-sonnet-4-5", "4.5", true),
            ("anthropic/claude-sonnet-4-5-20250929", "sonnet-4.5", true),
            ("openai/gpt-4-1106-preview", "4.1", false),
            ("openai/gpt-4-1106-preview", "gpt", false),
            ("é/é-4-5é", "4.5", true),
        ] {
            assert_eq!(has_version(name, word), has, "{name} {word}");
        }
    }
}
