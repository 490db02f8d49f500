//! The names in a budget's scope, brought to those that charges carry.

mod coming;
mod keeping;
mod names;
mod patterns;

pub use coming::Coming;
pub use keeping::{Scopes, keep_one_up, keep_up, prepare, rename};

use crate::core::refusal::Refusal;
use crate::core::scope::{Scope, Values};
use crate::pricing::book::PriceBook;
use crate::pricing::catalogue::provider;
use crate::pricing::identity::unframed;
use jiff::Timestamp;
use names::Names;
use patterns::is_anything;
use std::borrow::Cow;

/// A scope by the names under which usage is recorded: a limit under a name that no usage ever has would cover nothing.
///
/// A provider is named as the catalogue does, and where that may mean several, all are covered. A model under another of its names
/// is covered under its own as well, at every provider where the scope names none, and one that nobody knows, as a pattern, in
/// lower case. `kept` is the scope as it was kept so far.
pub fn by_own_names(scope: Scope, kept: &Scope, prices: &PriceBook, now: Timestamp) -> Scope {
    let known = Known {
        kept,
        before: prices,
    };
    let (provider, model) = settled(&scope, &known, prices, now);
    Scope {
        provider,
        model,
        ..scope
    }
}

/// What is known of the names of a scope.
struct Known<'a> {
    /// The scope so far: its names of models may be there only as other names of one beside them.
    kept: &'a Scope,
    /// The prices so far.
    before: &'a PriceBook,
}

/// How often a scope is looked at again: a name that is found may have others.
const LOOKS_MOST: usize = 4;

/// The providers and the models of such a scope, of which another look finds no more.
fn settled(
    scope: &Scope,
    known: &Known<'_>,
    prices: &PriceBook,
    now: Timestamp,
) -> (Values, Values) {
    let mut own = own_values(scope, known, prices, now);
    for _ in 0..LOOKS_MOST {
        let (provider, model) = own.clone();
        let kept = &Scope {
            provider,
            model,
            ..Scope::default()
        };
        let before = prices;
        let again = own_values(kept, &Known { kept, before }, prices, now);
        if again == own {
            break;
        }
        own = again;
    }
    own
}

/// The providers and the models of a scope at one look.
fn own_values(
    scope: &Scope,
    known: &Known<'_>,
    prices: &PriceBook,
    now: Timestamp,
) -> (Values, Values) {
    let providers = scope.provider.iter();
    let providers = providers.flat_map(|name| covered(name, &known.kept.provider));
    let providers = Values::new(providers.map(Cow::into_owned));
    let own = |model: &str| (model.to_owned(), Names::of(model, &providers, prices, now));
    let named: Vec<OwnNames> = scope.model.iter().map(own).collect();
    let is_kept = |name: &String| known.kept.model.iter().any(|kept| kept == name);
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

/// The catalogue's providers that a provider's name covers: all that a call by that name may mean, or the one alone that was
/// covered by that name so far without the others.
fn covered<'a>(name: &'a str, kept: &Values) -> Vec<Cow<'a, str>> {
    let (own, meant) = (provider::normal(name), provider::named(name));
    let is_kept = |name: &Cow<'_, str>| kept.iter().any(|kept| *kept == **name);
    if is_kept(&own) && meant.contains(&own) && !meant.iter().all(is_kept) {
        return vec![own];
    }
    meant
}

/// A name of a scope, and the names of its model.
type OwnNames = (String, Vec<String>);

/// Whether a name may be there only as one of another's model: what it would mean alone, without the provider that the other
/// names, say, is not meant, unless that was covered so far as well.
fn is_of_another((model, own): &OwnNames, named: &[OwnNames]) -> bool {
    let mut others = named.iter().filter(|(other, _)| other != model);
    others.any(|(other, names)| names.contains(model) && !own.contains(other))
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
mod tests;
