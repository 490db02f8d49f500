//! Which card a provider and a model name mean.
//!
//! The rules, in order:
//! 1. The name as it is, in whatever case, is one that the provider takes; or, with the provider in front
//!    (`openai/gpt-4o`), the rest of it is.
//! 2. A date in it is written another way (`-20251211` or `@2025-12-11` for `-2025-12-11`), or `:latest` for `-latest`.
//! 3. A date, `-latest` or `:latest` at its end is left out: providers give these to states of the model
//!    that the rest names. States that cost something else have cards of their own, and rule 1 finds them.
//! 4. A date at its end is left out for `-latest`: some models are known as their latest state alone.
//!
//! Nothing else matches: a name that only looks like another is unknown, and the answer names what is near.
//! Without a provider, a company's own model is meant where its name says whose it is (`gpt-` OpenAI,
//! `claude-` Anthropic, `gemini-` Google; [`provider::owner`]) and that company has it; else the one provider
//! that has it; where several do, it is the company's, if that has the name as one of a state or as `…-latest`; else
//! it is ambiguous.

use super::spelling::with_latest;
use super::{Catalogue, ModelCard, Spelling, provider, spellings};
use std::borrow::Cow;

/// Why no card was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// No card has that name.
    #[error("no model of that name is known")]
    Unknown,
    /// Several providers may have it, and none is its owner.
    #[error("the name alone does not tell whose model it is; name the provider: {}", .providers.join(", "))]
    Ambiguous {
        /// The providers, in order.
        providers: Vec<String>,
    },
}

/// A card, and how the name had to be written.
type Resolved<'a> = Result<(&'a ModelCard, Spelling), Unresolved>;

/// How many near names an answer gives.
const NEAR_MOST: usize = 5;
/// The longest name that is compared, in bytes.
const NEAR_LONGEST: usize = 100;
/// The least likeness of a near name, of 1.
const NEAR_LEAST: f64 = 0.85;

impl Catalogue {
    /// The card that a provider and a model name mean.
    ///
    /// # Errors
    /// [`Unresolved`]: unknown, or ambiguous, with the providers that have it. What is near an unknown name is
    /// [`Catalogue::near`].
    pub fn resolve(&self, provider: Option<&str>, model: &str) -> Result<&ModelCard, Unresolved> {
        self.resolve_spelled(provider, model).map(|(card, _)| card)
    }

    /// The same, with how the name had to be written.
    ///
    /// # Errors
    /// As for [`Catalogue::resolve`].
    pub fn resolve_spelled(&self, provider: Option<&str>, model: &str) -> Resolved<'_> {
        let model = model.trim();
        if let Some(found) = self.in_front(provider, model) {
            return Ok(found);
        }
        for (spelling, name) in spellings(model) {
            let Some(found) = self.find(provider, &name) else {
                continue;
            };
            // Whose the name is says who is meant, before who else has what is left of it, or writes it in a way of their own.
            let is_anothers = spelling == Spelling::WithoutDate || is_marked(&name, model);
            let is_open = found.is_err() || is_anothers;
            let owners = (is_open && provider.is_none()).then(|| self.of_owner(model, is_anothers));
            let found = found.map(|card| (card, spelling));
            return owners.flatten().unwrap_or(found);
        }
        Err(Unresolved::Unknown)
    }

    /// The card of that very name, however its date is written: a state of a model has no card of its own.
    ///
    /// # Errors
    /// As for [`Catalogue::resolve`].
    pub fn named(&self, provider: Option<&str>, model: &str) -> Result<&ModelCard, Unresolved> {
        let (card, spelling) = self.resolve_spelled(provider, model)?;
        if spelling.is_of_a_state() {
            return Err(Unresolved::Unknown);
        }
        Ok(card)
    }

    /// The providers that have a model of a name, however its date is written, or without what tells the state; some twice.
    pub fn providers_named(&self, model: &str) -> Vec<&str> {
        let cards = spellings(model).flat_map(|(_, name)| self.cards_named(&name));
        cards.map(|card| &*card.provider).collect()
    }

    /// The model of the provider in front of a name, where no other is named: it is meant however its date is written, before
    /// others that have the whole of the name.
    fn in_front(&self, asked: Option<&str>, model: &str) -> Option<(&ModelCard, Spelling)> {
        let (prefix, rest) = model.split_once('/').filter(|_| asked.is_none())?;
        let prefixes = provider::named(prefix);
        let of = |name: &str| prefixes.iter().find_map(|provider| self.of(provider, name));
        let mut ways = spellings(rest).take_while(|(spelling, _)| !spelling.is_of_a_state());
        ways.find_map(|(spelling, name)| Some((of(&name)?, spelling)))
    }

    fn find(&self, provider: Option<&str>, name: &str) -> Option<Result<&ModelCard, Unresolved>> {
        let inside = name.split_once('/');
        match provider {
            Some(asked) => {
                let asked = provider::named(asked);
                let own = asked.iter().find_map(|provider| self.of(provider, name));
                own.or_else(|| {
                    let (prefix, rest) = inside?;
                    let same = provider::named(prefix)
                        .into_iter()
                        .filter(|provider| asked.contains(provider));
                    same.into_iter()
                        .find_map(|provider| self.of(&provider, rest))
                })
                .map(Ok)
            }
            None => inside
                .and_then(|(prefix, rest)| {
                    let mut meant = provider::named(prefix).into_iter();
                    meant.find_map(|provider| self.of(&provider, rest))
                })
                .map(Ok)
                .or_else(|| self.anywhere(name)),
        }
    }

    /// The card of that name of a provider; the same case before another.
    fn of(&self, provider: &str, name: &str) -> Option<&ModelCard> {
        let exact = |card: &&ModelCard| {
            *card.model == *name || card.aliases.iter().any(|alias| **alias == *name)
        };
        let mut named = self
            .cards_named(name)
            .filter(|card| *card.provider == *provider);
        let first = named.next()?;
        Some(if exact(&first) {
            first
        } else {
            named.find(exact).unwrap_or(first)
        })
    }

    fn anywhere(&self, name: &str) -> Option<Result<&ModelCard, Unresolved>> {
        let mut providers: Vec<&str> = self.cards_named(name).map(|card| &*card.provider).collect();
        providers.dedup();
        let one = match providers.as_slice() {
            [] => return None,
            [one] => one,
            several => match provider::owner(name) {
                Some(owner) if several.contains(&owner) => owner,
                _ => {
                    return Some(Err(Unresolved::Ambiguous {
                        providers: several.iter().map(ToString::to_string).collect(),
                    }));
                }
            },
        };
        self.of(one, name).map(Ok)
    }

    /// The card of a name at the company that gives such names to its own models, as a state of it or as its latest; or, where
    /// that is wanted, at the provider in front of the name.
    fn of_owner(&self, model: &str, or_in_front: bool) -> Option<Resolved<'_>> {
        let in_front = || {
            let (prefix, _) = model.split_once('/')?;
            or_in_front.then(|| provider::canonical(prefix))
        };
        let owner = provider::owner(model).map(Cow::Borrowed);
        let owner = owner.or_else(in_front)?;
        let resolved = self.resolve_spelled(Some(&owner), model).ok();
        let latest = || Some((self.of(&owner, &with_latest(model))?, Spelling::LatestAdded));
        let (card, spelling) = resolved.or_else(latest)?;
        (*card.provider == *owner).then_some(Ok((card, spelling)))
    }

    /// The names that are near one that is unknown, as `provider/model`, nearest first. It looks at every card, so it is
    /// for an answer to a person and not for every call.
    pub fn near(&self, provider: Option<&str>, model: &str) -> Vec<String> {
        let model = model.trim();
        // Comparing costs the product of both lengths for every card, and a name from outside may be of any.
        if model.len() > NEAR_LONGEST {
            return Vec::new();
        }
        let asked = provider.map(provider::named).unwrap_or_default();
        let known = |card: &&ModelCard| asked.iter().any(|provider| **provider == *card.provider);
        let within = self.cards.iter().any(|card| known(&card));
        let wanted = model.to_ascii_lowercase();
        let mut near: Vec<(f64, &ModelCard)> = self
            .cards
            .iter()
            .filter(|card| !within || known(card))
            .map(|card| {
                let name = card.model.to_ascii_lowercase();
                (strsim::jaro_winkler(&wanted, &name), card)
            })
            .filter(|(likeness, _)| *likeness >= NEAR_LEAST)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        near.into_iter()
            .take(NEAR_MOST)
            .map(|(_, card)| format!("{}/{}", card.provider, card.model))
            .collect()
    }
}

/// Whether a name had to be written with an at sign before its date, which is Vertex's way alone.
fn is_marked(written: &str, model: &str) -> bool {
    written.contains('@') && !model.contains('@')
}

#[cfg(test)]
mod tests {
    use super::super::card::bare as card;
    use super::*;

    fn catalogue() -> Catalogue {
        let mut haiku = card("anthropic", "claude-3-5-haiku");
        haiku.aliases.push("claude-haiku-3.5".into());
        let cards = vec![
            haiku,
            card("openai", "gpt-4o"),
            card("azure", "gpt-4o"),
            card("openrouter", "openai/gpt-4o"),
            card("openrouter", "openai/gpt-4o-20240513"),
            card("openai", "gpt-4o-2024-05-13"),
            card("google", "gemini-2.5-pro"),
            card("vertex_ai", "gemini-2.5-pro"),
            card("vertex_ai", "claude-3-5-haiku@20241022"),
            card("anthropic", "claude-3-opus-latest"),
            card("google", "claude-3-opus"),
            card("vertex_ai", "claude-3-opus"),
            card("gateway", "anthropic/claude-3-opus"),
            card("openrouter", "anthropic/claude-3-opus"),
            card("anthropic", "claude-3-7-sonnet-latest"),
            card("google", "claude-3-7-sonnet"),
            card("groq", "llama-3.3-70b"),
            card("together_ai", "Llama-3.3-70B"),
            card("bedrock", "amazon.nova-pro-v1:0"),
        ];
        Catalogue::new("test", jiff::Timestamp::UNIX_EPOCH, vec![], cards)
    }

    fn found(provider: Option<&str>, model: &str) -> String {
        match catalogue().resolve(provider, model) {
            Ok(card) => format!("{}/{}", card.provider, card.model),
            Err(Unresolved::Unknown) => "unknown".into(),
            Err(Unresolved::Ambiguous { providers }) => providers.join("|"),
        }
    }

    #[test]
    fn names_mean_what_can_be_explained() {
        for (provider, model, card) in [
            (None, "gpt-4o", "openai/gpt-4o"),
            (Some("azure"), "gpt-4o", "azure/gpt-4o"),
            (None, "azure/gpt-4o", "azure/gpt-4o"),
            (None, "openai/gpt-4o", "openai/gpt-4o"),
            (Some("openai"), "openai/gpt-4o", "openai/gpt-4o"),
            (
                Some("openrouter"),
                "openai/gpt-4o",
                "openrouter/openai/gpt-4o",
            ),
            (None, "openrouter/openai/gpt-4o", "openrouter/openai/gpt-4o"),
            (None, "GPT-4o", "openai/gpt-4o"),
            (None, "gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13"),
            (None, "gpt-4o-20240513", "openai/gpt-4o-2024-05-13"),
            (None, "gpt-4o@2024-05-13", "openai/gpt-4o-2024-05-13"),
            (None, "gpt-4o@20240513", "openai/gpt-4o-2024-05-13"),
            (None, "openai/gpt-4o-20240513", "openai/gpt-4o-2024-05-13"),
            (
                Some("openrouter"),
                "openai/gpt-4o-2024-05-13",
                "openrouter/openai/gpt-4o-20240513",
            ),
            (
                None,
                "claude-3-5-haiku-20241022",
                "anthropic/claude-3-5-haiku",
            ),
            (
                Some("vertex"),
                "claude-3-5-haiku-2024-10-22",
                "vertex_ai/claude-3-5-haiku@20241022",
            ),
            (
                Some("anthropic"),
                "claude-3-opus:latest",
                "anthropic/claude-3-opus-latest",
            ),
            (None, "gpt-4o-2026-01-31", "openai/gpt-4o"),
            (
                None,
                "claude-3-5-haiku-latest",
                "anthropic/claude-3-5-haiku",
            ),
            (
                None,
                "claude-3-5-haiku-LATEST",
                "anthropic/claude-3-5-haiku",
            ),
            (None, "claude-haiku-3.5", "anthropic/claude-3-5-haiku"),
            (
                Some("anthropic"),
                "claude-3-opus-20240229",
                "anthropic/claude-3-opus-latest",
            ),
            (
                None,
                "claude-3-opus-20240229",
                "anthropic/claude-3-opus-latest",
            ),
            (
                None,
                "anthropic/claude-3-opus-20240229",
                "anthropic/claude-3-opus-latest",
            ),
            (None, "claude-3-opus", "anthropic/claude-3-opus-latest"),
            (Some("vertex"), "claude-3-opus", "vertex_ai/claude-3-opus"),
            (
                None,
                "claude-3-7-sonnet-20250219",
                "anthropic/claude-3-7-sonnet-latest",
            ),
            (None, "claude-3-7-sonnet", "google/claude-3-7-sonnet"),
            (Some("anthropic"), "claude-3-opus", "unknown"),
            (Some("gemini"), "gemini-2.5-pro", "google/gemini-2.5-pro"),
            (None, "gemini-2.5-pro", "google/gemini-2.5-pro"),
            (Some("vertex"), "gemini-2.5-pro", "vertex_ai/gemini-2.5-pro"),
            (
                Some("google"),
                "claude-3-5-haiku@20241022",
                "vertex_ai/claude-3-5-haiku@20241022",
            ),
            (
                Some("aws"),
                "amazon.nova-pro-v1:0",
                "bedrock/amazon.nova-pro-v1:0",
            ),
            (None, "llama-3.3-70b", "groq|together_ai"),
            (
                Some("together"),
                "llama-3.3-70b",
                "together_ai/Llama-3.3-70B",
            ),
        ] {
            assert_eq!(found(provider, model), card, "{provider:?} {model}");
        }
    }

    #[test]
    fn look_alikes_are_unknown() {
        for (provider, model) in [
            (None, "gpt-4"),
            (None, "gpt-4o-mini"),
            (None, "gpt-4o-2024-13-45"),
            (None, "gpt-4o-0513"),
            (None, "xgpt-4o"),
            (Some("mistral"), "gpt-4o"),
            (Some("azure"), "openai/gpt-4o"),
            (Some("nobody"), "gpt-4o"),
            (None, ""),
            (None, "é"),
            (None, "日本語日本語"),
        ] {
            assert_eq!(found(provider, model), "unknown", "{provider:?} {model}");
        }
    }

    #[test]
    fn an_unknown_model_is_told_what_is_near() {
        let catalogue = catalogue();
        let unknown = catalogue.resolve(None, "gpt-4o-mini").unwrap_err();
        assert_eq!(unknown, Unresolved::Unknown);
        let near = catalogue.near(None, "gpt-4o-mini");
        assert!(near.contains(&"openai/gpt-4o".to_owned()), "{near:?}");
    }
}
