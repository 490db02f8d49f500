//! The names in a budget's scope, brought to those that charges carry.

mod coming;
mod keeping;

pub use coming::Coming;
pub use keeping::{Scopes, keep_one_up, keep_up, prepare, rename};

use super::estimate::unknown;
use crate::core::refusal::Refusal;
use crate::core::scope::{Scope, Values};
use crate::pricing::book::PriceBook;
use crate::pricing::catalogue::{Unresolved, parted, provider};
use crate::pricing::identity::{DEFAULT, framed_names, frames_owner, unframed, unlisted};
use jiff::Timestamp;
use std::borrow::Cow;

/// A scope by the names under which usage is recorded: a limit under a name that no usage ever has would cover nothing.
///
/// A provider is named as the catalogue does. A model under another of its names is covered under its own as well, at every
/// provider where the scope names none, and one that nobody knows, as a pattern, in lower case. `kept` is the scope as it was kept
/// so far.
pub fn by_own_names(scope: Scope, kept: &Scope, prices: &PriceBook, now: Timestamp) -> Scope {
    let known = Known {
        kept: &kept.model,
        before: prices,
    };
    let (provider, model) = own_values(&scope, &known, prices, now);
    Scope {
        provider,
        model,
        ..scope
    }
}

/// What is known of the names of a scope.
struct Known<'a> {
    /// Those that may be there only as other names of one beside them.
    kept: &'a Values,
    /// The prices so far.
    before: &'a PriceBook,
}

/// The providers and the models of such a scope.
fn own_values(
    scope: &Scope,
    known: &Known<'_>,
    prices: &PriceBook,
    now: Timestamp,
) -> (Values, Values) {
    let providers = scope.provider.iter().flat_map(provider::limited);
    let providers = Values::new(providers.map(Cow::into_owned));
    let own = |model: &str| (model.to_owned(), Names::of(model, &providers, prices, now));
    let named: Vec<OwnNames> = scope.model.iter().map(own).collect();
    let is_kept = |name: &String| known.kept.iter().any(|kept| kept == name);
    let is_anothers = |one: &&OwnNames| {
        let means = || Names::of(&one.0, &providers, known.before, now);
        is_kept(&one.0) && is_of_another(one, &named) && !means().iter().all(is_kept)
    };
    let given = named.iter().filter(|one| !is_anothers(one));
    let own = given.flat_map(|(_, names)| names.iter().cloned());
    let all = named.iter().map(|(model, _)| model.clone());
    let models = Values::new(all.chain(own));
    (providers, models)
}

/// A name of a scope, and the names of its model.
type OwnNames = (String, Vec<String>);

/// Whether a name may be there only as one of another's model: what it would mean alone, without the provider that the other
/// names, say, is not meant, unless that was covered so far as well.
fn is_of_another((model, own): &OwnNames, named: &[OwnNames]) -> bool {
    let mut others = named.iter().filter(|(other, _)| other != model);
    others.any(|(other, names)| names.contains(model) && !own.contains(other))
}

/// The names that usage of one model has.
struct Names<'a> {
    prices: &'a PriceBook,
    now: Timestamp,
    found: Vec<String>,
}

impl<'a> Names<'a> {
    fn of(model: &str, providers: &Values, prices: &'a PriceBook, now: Timestamp) -> Vec<String> {
        let mut names = Self {
            prices,
            now,
            found: Vec::new(),
        };
        names.take(model, providers);
        names.take_defaults(providers);
        names.found
    }

    fn take(&mut self, model: &str, providers: &Values) {
        if is_pattern(model) {
            self.take_pattern(model);
            return;
        }
        // What a name means may become another once sources know it; by that name.
        self.found.push(unlisted(unframed(model)));
        let framed = framed_names(model).map(|name| unlisted(&name));
        self.found.extend(framed);
        if !providers.is_free() {
            for provider in providers.iter() {
                self.take_meant(Some(provider), model);
            }
            return;
        }
        for provider in self.take_meant(None, model) {
            self.take_meant(Some(&provider), model);
        }
        if frames_owner(model).is_none() {
            self.take_writings(model);
        }
    }

    /// How each seller writes the very name. What a seller alone takes it for may be another model elsewhere, and is not meant.
    fn take_writings(&mut self, model: &str) {
        let name = unlisted(unframed(model));
        let stem = parted(&name).map(|(stem, _)| stem);
        for provider in self.prices.sellers_of(model) {
            let own = self.prices.model_meant(Some(&provider), model);
            let is_it = |own: &&str| {
                let own = unlisted(own);
                own == name || Some(&*own) == stem
            };
            self.found.extend(own.filter(is_it).map(str::to_owned));
        }
    }

    /// Vertex's usual versions, where they have cards of their own.
    fn take_defaults(&mut self, providers: &Values) {
        if !providers.cover(Some(VERTEX)) {
            return;
        }
        let catalogue = self.prices.catalogue();
        let versions = self.found.iter().map(|name| format!("{name}{DEFAULT}"));
        let listed = versions.filter(|name| catalogue.named(Some(VERTEX), name).is_ok());
        let listed: Vec<_> = listed.collect();
        self.found.extend(listed);
    }

    /// A pattern as it is kept, and what is behind the provider in front of it. A dot in Anthropic's versions is a hyphen.
    fn take_pattern(&mut self, pattern: &str) {
        let pattern = pattern.to_ascii_lowercase();
        let inner = unframed(&pattern);
        let behind = inner.split_once('/');
        let behind = behind.filter(|(prefix, _)| !is_pattern(prefix));
        let alone = behind.map_or(inner, |(_, rest)| rest);
        if !is_anything(alone) {
            self.found.extend(with_hyphen(alone));
            if provider::owner(alone) == Some("anthropic") {
                self.found.push(alone.replace('.', "-"));
            }
            self.found.push(alone.to_owned());
        }
        self.found.push(pattern);
    }

    /// The names of what it means at a provider; or, where none is named, alone. Gives back the providers where that is several's.
    fn take_meant(&mut self, provider: Option<&str>, model: &str) -> Vec<String> {
        // Also one whose price begins later.
        let meant = self.prices.model_meant(provider, model);
        self.found.extend(meant.map(str::to_owned));
        let behind = unframed(model).split_once('/');
        let behind = behind.filter(|(_, rest)| !rest.trim().is_empty());
        let (price, several) = match self.prices.price_at(provider, model, self.now) {
            Ok(price) => (Some(price), Vec::new()),
            Err(Unresolved::Ambiguous { providers }) => (None, providers),
            Err(Unresolved::Unknown) => (None, Vec::new()),
        };
        if let Some(price) = &price {
            self.found.push(price.model.to_owned());
        } else {
            let unknown = unknown(self.prices, provider, model).model;
            self.found.extend(unknown.map(String::from));
        }
        // Whoever is in front may be the one who sells it, and may be named as its provider.
        if let Some((prefix, rest)) = behind
            && price.is_none_or(|price| provider.is_none() && !is_named(prefix, price.provider))
        {
            self.found.push(unlisted(rest));
        }
        several
    }
}

/// Vertex, by the catalogue's name for it.
const VERTEX: &str = "vertex_ai";

/// A pattern of versions behind an at sign, as their dates are written behind a hyphen.
fn with_hyphen(pattern: &str) -> Option<String> {
    let (model, version) = pattern.split_once('@')?;
    if version.starts_with("20") {
        Some(format!("{model}-{version}"))
    } else {
        is_anything(version).then(|| format!("{model}-20{version}"))
    }
}

/// Whether a name stands for a provider.
fn is_named(name: &str, provider: &str) -> bool {
    let named = provider::named(name);
    named.iter().any(|name| *name == *provider)
}

fn is_pattern(model: &str) -> bool {
    model.contains(['*', '?'])
}

/// Whether a pattern is nothing but wildcards.
fn is_anything(pattern: &str) -> bool {
    pattern.bytes().all(|byte| matches!(byte, b'*' | b'?'))
}

/// A pattern of all that one provider has is no pattern of a model's name: usage is recorded without the provider in front.
///
/// # Errors
/// `invalid_argument`, where the scope does not name the provider.
pub fn check_patterns(scope: &Scope, prices: &PriceBook) -> Result<(), Refusal> {
    let is_provider = |name: &str| {
        let mut named = provider::named(name).into_iter();
        named.any(|name| prices.catalogue().has_provider(&name))
    };
    let is_of_a_provider = |model: &&str| match unframed(model) {
        inner if is_anything(inner) => inner != *model,
        inner => inner
            .split_once('/')
            .is_some_and(|(prefix, rest)| is_anything(rest) && is_provider(prefix)),
    };
    let mut all = scope.model.iter().filter(|_| scope.provider.is_free());
    all.find(is_of_a_provider).map_or(Ok(()), |model| {
        let expects = format!(
            "expects names of models; {model:?} is all of a provider: name that in scope.provider"
        );
        Err(Refusal::invalid("scope.model", expects))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(values: &[&str]) -> Values {
        Values::new(values.iter().map(ToString::to_string))
    }

    fn saved(providers: &[&str], models: &[&str]) -> (Values, Values) {
        let scope = Scope {
            provider: values(providers),
            model: values(models),
            ..Scope::default()
        };
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        let kept = scope.clone();
        let saved = by_own_names(scope, &kept, &PriceBook::default(), now);
        (saved.provider, saved.model)
    }

    #[test]
    fn a_scope_is_kept_by_the_names_that_usage_has() {
        for (providers, models, kept_providers, kept_models) in [
            (&["OpenAI"][..], &[][..], &["openai"][..], &[][..]),
            (&["Gemini"], &[], &["google", "vertex_ai"], &[]),
            (&["In House"], &[], &["in_house"], &[]),
            (&[], &["GPT-4o"], &[], &["GPT-4o", "gpt-4o"]),
            (&[], &["gpt-4o"], &[], &["gpt-4o"]),
            (
                &[],
                &["foo/Nobody"],
                &[],
                &["foo/Nobody", "foo/nobody", "nobody"],
            ),
            (
                &["bedrock"],
                &["arn:aws:bedrock:eu-west-1::foundation-model/acme.q-v1:0"],
                &["bedrock"],
                &[
                    "acme.q-v1:0",
                    "arn:aws:bedrock:eu-west-1::foundation-model/acme.q-v1:0",
                    "eu-west-1/acme.q-v1:0",
                ],
            ),
            (
                &[],
                &["together_ai/deepseek-ai/DeepSeek-V4.1-Flash-1017"],
                &[],
                // Others sell one of that name in lower case, which is not meant.
                &[
                    "deepseek-ai/DeepSeek-V4.1-Flash-1017",
                    "together_ai/deepseek-ai/DeepSeek-V4.1-Flash-1017",
                    "together_ai/deepseek-ai/deepseek-v4.1-flash-1017",
                ],
            ),
            (&[], &["GPT-*", "tuned"], &[], &["GPT-*", "gpt-*", "tuned"]),
            (
                &["vertex"],
                &["claude-sonnet-4@*"],
                &["vertex_ai"],
                &["claude-sonnet-4-20*", "claude-sonnet-4@*"],
            ),
            (
                &[],
                &["claude-sonnet-4-6"],
                &[],
                &["claude-sonnet-4-6", "claude-sonnet-4-6@default"],
            ),
            // What one seller takes it for is another model elsewhere.
            (&[], &["o1-preview"], &[], &["o1-preview"]),
            // Every seller's way to write it, and the maker's behind a reseller's whole name.
            (
                &[],
                &["codestral-2501"],
                &[],
                &["Codestral-2501", "codestral", "codestral-2501"],
            ),
            (
                &[],
                &["google/gemini-2.5-pro-preview-03-25"],
                &[],
                &[
                    "gemini-2.5-pro-preview-03-25",
                    "google/gemini-2.5-pro-preview-03-25",
                ],
            ),
            (
                &["vertex"],
                &["M@20260101"],
                &["vertex_ai"],
                &["M@20260101", "m-2026-01-01"],
            ),
            (
                &[],
                &["OpenAI/Gpt-X"],
                &[],
                &["OpenAI/Gpt-X", "gpt-x", "openai/gpt-x"],
            ),
            (
                &["claude"],
                &["Claude-Sonnet-4-5-latest"],
                &["anthropic"],
                &[
                    "Claude-Sonnet-4-5-latest",
                    "claude-sonnet-4-5",
                    "claude-sonnet-4-5-latest",
                ],
            ),
        ] {
            let kept = (values(kept_providers), values(kept_models));
            assert_eq!(saved(providers, models), kept);
            assert_eq!(saved(kept_providers, kept_models), kept, "saved again");
        }
    }
}
