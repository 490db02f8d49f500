//! The names in a budget's scope, brought to those that charges carry.

mod coming;
mod keeping;

pub use coming::Coming;
pub use keeping::{Scopes, keep_up, prepare, rename};

use super::estimate::unknown;
use crate::core::scope::{Scope, Values};
use crate::pricing::book::PriceBook;
use crate::pricing::catalogue::{Unresolved, provider};
use crate::pricing::identity::{framed_names, unframed, unlisted};
use jiff::Timestamp;

/// A scope by the names under which usage is recorded: a limit under a name that no usage ever has would cover nothing.
///
/// A provider is named as the catalogue does. A model under another of its names is covered under its own as well, and one that
/// nobody knows, as a pattern, in lower case.
pub fn by_own_names(mut scope: Scope, prices: &PriceBook, now: Timestamp) -> Scope {
    scope.provider = providers_by_own_names(&scope.provider);
    let own = |model: &str| {
        let mut names = Vec::new();
        if model.contains(['*', '?']) {
            names.push(model.to_ascii_lowercase());
        } else {
            own_names(model, &scope.provider, prices, now, &mut names);
        }
        (model.to_owned(), names)
    };
    let named: Vec<_> = scope.model.iter().map(own).collect();
    let given = named.iter().filter(|one| !is_of_another(one, &named));
    let own = given.flat_map(|(_, names)| names.iter().cloned());
    let kept = named.iter().map(|(model, _)| model.clone());
    scope.model = Values::new(kept.chain(own));
    scope
}

/// A name of a scope, and the names of its model.
type OwnNames = (String, Vec<String>);

/// Whether a name is there only as one of another's model: what it would mean alone, without the provider that the other names, say,
/// is not meant.
fn is_of_another((model, own): &OwnNames, named: &[OwnNames]) -> bool {
    let mut others = named.iter().filter(|(other, _)| other != model);
    others.any(|(other, names)| names.contains(model) && !own.contains(other))
}

fn providers_by_own_names(named: &Values) -> Values {
    let providers = named.iter().flat_map(provider::limited);
    Values::new(providers.map(std::borrow::Cow::into_owned))
}

fn own_names(
    model: &str,
    providers: &Values,
    prices: &PriceBook,
    now: Timestamp,
    names: &mut Vec<String>,
) {
    // What a name means may become another once sources know it; by that name.
    names.push(unlisted(unframed(model)));
    names.extend(framed_names(model).map(|name| unlisted(&name)));
    let mut add = |provider: Option<&str>| {
        // Also one whose price begins later.
        names.extend(prices.model_meant(provider, model).map(str::to_owned));
        match prices.price_at(provider, model, now) {
            Ok(price) => {
                names.push(price.model.to_owned());
                Vec::new()
            }
            Err(error) => {
                names.extend(unknown(prices, provider, model).model.map(String::from));
                // Whoever is in front may be the one who sells it.
                let behind = unframed(model).split_once('/').map(|(_, rest)| rest.trim());
                names.extend(behind.filter(|rest| !rest.is_empty()).map(unlisted));
                match error {
                    Unresolved::Ambiguous { providers } => providers,
                    Unresolved::Unknown => Vec::new(),
                }
            }
        }
    };
    if providers.is_free() {
        for provider in add(None) {
            add(Some(&provider));
        }
    } else {
        for provider in providers.iter() {
            add(Some(provider));
        }
    }
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
        let saved = by_own_names(scope, &PriceBook::default(), now);
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
