//! Which model a source's name means: one canonical provider and model, with the rule that says so.
//!
//! The rules, in order; the first that holds counts:
//! 1. What frames a name in an API is left out ([`frame`]): `models/` (Gemini), `publishers/…/models/` and `@default` (Vertex), the
//!    start of a Bedrock resource's name, what follows the model in the id of a fine-tuned one of OpenAI's; and a framework's choice
//!    of the provider (`openai:gpt-4o`).
//! 2. The table of aliases ([`alias`]): each entry has its reason. With a date or `latest` behind it, an alias is the name of a
//!    state of its model.
//! 3. The catalogue's own rules ([`crate::pricing::catalogue`]): the name in whatever case, with the provider in front, its date
//!    written the other way, its date or `latest` left out, or its date for `latest`.
//! 4. `latest` is added, where the catalogue has the model by that name only; Bedrock's `:0`, the first revision, is
//!    added or left out.
//!    A date or `latest` is left out only where all, or all that have a vote, say the same of that state and of the model
//!    ([`join`]): a release may have a price of its own.
//! 5. Else it is a model that the catalogue does not know: its own name, in lower case, is canonical.
//!
//! A region is a part of the name (`eu.anthropic.…`, `us-gov-west-1/…`, `eu/gpt-4o`): its price is its own, and never
//! a word about another region's. A name with a character beyond printable ASCII matches nothing and is not taken: it
//! may look like another. Nothing else matches, however alike it looks.

mod alias;
mod frame;
mod place;
mod region;
mod states;

pub use frame::{DEFAULT, framed_names, frames_owner, framing_seller, may_be_framed, unframed};
pub use place::{Placed, place};
pub use region::behind_region;
pub use states::{join, one_spelling};

use crate::pricing::catalogue::{Catalogue, ModelCard, Spelling, provider};
use std::borrow::Cow;
use std::fmt;

/// The one name of a model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Canonical {
    /// The provider's canonical name.
    pub provider: String,
    /// The model's name: as the catalogue has it, or in lower case where the catalogue does not know it.
    pub model: String,
}

impl Canonical {
    /// The provider's name and the model's.
    pub fn names(&self) -> (&str, &str) {
        (&self.provider, &self.model)
    }
}

impl fmt::Display for Canonical {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}/{}", self.provider, self.model)
    }
}

/// The rule by which a name means a model, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The catalogue has the very name.
    SameName,
    /// The catalogue has the name in another case.
    OtherCase,
    /// The catalogue has it as another name of the model.
    OtherName,
    /// The name without the provider in front is the catalogue's.
    ProviderInFront,
    /// The name without what frames it in an API is the catalogue's.
    Frame,
    /// The catalogue does not know it, so it is a model of its own.
    NotInCatalogue,
    /// The table of aliases says so.
    Alias(&'static str),
    /// The date or `latest` in it is written another way.
    DateOtherWay,
    /// Bedrock's first revision has the same name with `:0` and without.
    FirstRevision,
    /// The catalogue has the model with `latest` at its end.
    LatestAdded,
    /// The name says `latest`, and the catalogue has the model without.
    LatestLeftOut,
    /// The name has a date, and the catalogue has the model without, or as its latest state.
    DateLeftOut,
}

impl Rule {
    /// Whether it says that the name is that of a state of the model, with what tells the state left out.
    const fn is_of_a_state(self) -> bool {
        matches!(self, Self::LatestLeftOut | Self::DateLeftOut)
    }

    /// Whether it says that the name is the model's, and not only that of a state of it.
    const fn is_of_the_model(self) -> bool {
        !matches!(
            self,
            Self::FirstRevision
                | Self::LatestAdded
                | Self::LatestLeftOut
                | Self::DateLeftOut
                | Self::NotInCatalogue
        )
    }
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The model.
    pub canonical: Canonical,
    /// The rule that says so.
    pub rule: Rule,
}

impl fmt::Display for Match {
    /// One sentence for a person.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.rule {
            Rule::SameName => "the catalogue has that name",
            Rule::OtherCase => "the catalogue has that name in another case",
            Rule::OtherName => "the catalogue has that as another name of the model",
            Rule::ProviderInFront => "the provider in front is the one that sells it",
            Rule::Frame => "what frames the name in the provider's API is left out",
            Rule::NotInCatalogue => "the catalogue has no such name, so it is a model of its own",
            Rule::Alias(reason) => reason,
            Rule::DateOtherWay => "the date or `latest` in it is written another way",
            Rule::FirstRevision => "Bedrock's first revision is the same with :0 and without",
            Rule::LatestAdded => "the catalogue has the model as its latest state",
            Rule::LatestLeftOut => "the latest state is what the name without it means",
            Rule::DateLeftOut => {
                "the date names a state of the model, which has no price of its own"
            }
        };
        write!(to, "It means {}: {why}.", self.canonical)
    }
}

/// Why a name means nothing that could be priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Apart {
    /// It may look like another name.
    #[error("the name has a character beyond printable ASCII, and may only look like another")]
    LooksLike,
    /// There is nothing left of it.
    #[error("the name is empty")]
    Empty,
}

/// What a source's name means.
///
/// # Errors
/// [`Apart`]: it is kept apart from all models.
pub fn identify(catalogue: &Catalogue, seller: &str, name: &str) -> Result<Match, Apart> {
    let (seller, name) = (seller.trim(), name.trim());
    if seller.is_empty() || name.is_empty() {
        return Err(Apart::Empty);
    }
    let printable = |c: char| c.is_ascii_graphic() || c == ' ';
    if !seller.chars().chain(name.chars()).all(printable) {
        return Err(Apart::LooksLike);
    }
    let name = spaced(name);
    let inner = unframed(&name);
    let canonical_seller = provider::canonical(seller);
    let own = without_seller(&canonical_seller, inner);
    if let Some(known) = alias::find(&canonical_seller, own) {
        let canonical = Canonical {
            provider: known.provider.to_owned(),
            model: known.model.to_owned(),
        };
        return Ok(found(canonical, Rule::Alias(known.reason)));
    }
    let surest = if inner.len() < name.len() {
        Rule::Frame
    } else {
        Rule::SameName
    };
    let (inner, surest) = match alias::state(&canonical_seller, own) {
        Some(state) => (Cow::Owned(state), surest.max(Rule::OtherName)),
        None => (Cow::Borrowed(inner), surest),
    };
    if let Some((card, rule)) = known(catalogue, seller, &inner) {
        return Ok(found(of_card(card), rule.max(surest)));
    }
    Ok(unknown(&canonical_seller, &inner))
}

/// The name of a model or a state that a name means by a rule of its own here: an alias, Bedrock's first revision, or `latest`
/// that is added.
pub fn by_another_name(catalogue: &Catalogue, seller: &str, name: &str) -> Option<Canonical> {
    let Match { canonical, rule } = identify(catalogue, seller, name).ok()?;
    match rule {
        Rule::Alias(_) | Rule::FirstRevision | Rule::LatestAdded => Some(canonical),
        _ => {
            let seller = provider::canonical(seller.trim());
            let model = alias::state(&seller, without_seller(&seller, unframed(name.trim())))?;
            let provider = seller.into_owned();
            Some(Canonical { provider, model })
        }
    }
}

/// The name of a model or a state that a name means as an alias at a provider; where none is named, at the company whose name it
/// is.
pub fn by_alias(provider: Option<&str>, name: &str) -> Option<Canonical> {
    let (provider, model) = alias::meant(provider, name)?;
    let provider = provider.into_owned();
    Some(Canonical { provider, model })
}

const fn found(canonical: Canonical, rule: Rule) -> Match {
    Match { canonical, rule }
}

fn of_card(card: &ModelCard) -> Canonical {
    Canonical {
        provider: card.provider.to_string(),
        model: card.model.to_string(),
    }
}

/// The model of its own that a name means, whatever the catalogue says.
pub fn own(seller: &str, name: &str) -> Canonical {
    let (seller, name) = (provider::canonical(seller.trim()), spaced(name.trim()));
    let name = unframed(&name);
    let state = alias::state(&seller, without_seller(&seller, name));
    unknown(&seller, state.as_deref().unwrap_or(name)).canonical
}

/// The name of a model that nobody knows, be it without a provider: as sources' names of such models are kept, so that it stays
/// the same once one knows it.
pub fn unlisted(name: &str) -> String {
    one_spelling(name.trim().to_ascii_lowercase())
}

/// A model of its own.
fn unknown(seller: &str, name: &str) -> Match {
    let canonical = Canonical {
        provider: seller.to_owned(),
        model: without_seller(seller, name).to_ascii_lowercase(),
    };
    found(canonical, Rule::NotInCatalogue)
}

/// A name without its own seller's in front.
fn without_seller<'a>(seller: &str, name: &'a str) -> &'a str {
    let own_prefix = name
        .split_once('/')
        .filter(|(prefix, _)| provider::canonical(prefix) == seller);
    own_prefix.map_or(name, |(_, rest)| rest)
}

/// A name as pages for people show it, written as an API takes it: `GPT-4o mini`, `gpt-4o-mini`.
fn spaced(name: &str) -> Cow<'_, str> {
    if name.contains(' ') {
        Cow::Owned(
            name.split_whitespace()
                .collect::<Vec<_>>()
                .join("-")
                .to_ascii_lowercase(),
        )
    } else {
        Cow::Borrowed(name)
    }
}

/// The catalogue's model of a name.
fn known<'a>(catalogue: &'a Catalogue, seller: &str, name: &str) -> Option<(&'a ModelCard, Rule)> {
    if let Ok((card, spelling)) = catalogue.resolve_spelled(Some(seller), name) {
        let rule = match spelling {
            Spelling::AsIs => as_it_is(card, name),
            Spelling::DateOtherWay => Rule::DateOtherWay,
            Spelling::LatestAdded => Rule::LatestAdded,
            Spelling::WithoutDate | Spelling::LatestForDate => Rule::DateLeftOut,
            Spelling::WithoutLatest => Rule::LatestLeftOut,
        };
        return Some((card, rule));
    }
    let as_is = |name: &str| {
        let found = catalogue.resolve_spelled(Some(seller), name).ok();
        found.filter(|(_, spelling)| *spelling == Spelling::AsIs)
    };
    if provider::canonical(seller) == "bedrock" {
        let other = name
            .strip_suffix(":0")
            .map_or_else(|| format!("{name}:0"), str::to_owned);
        if let Some((card, _)) = as_is(&other) {
            return Some((card, Rule::FirstRevision));
        }
    }
    let (card, _) = as_is(&format!("{name}-latest"))?;
    Some((card, Rule::LatestAdded))
}

fn as_it_is(card: &ModelCard, name: &str) -> Rule {
    if *card.model == *name {
        Rule::SameName
    } else if card.model.eq_ignore_ascii_case(name) {
        Rule::OtherCase
    } else if card
        .aliases
        .iter()
        .any(|alias| alias.eq_ignore_ascii_case(name))
    {
        Rule::OtherName
    } else {
        Rule::ProviderInFront
    }
}

#[cfg(test)]
mod tests;
