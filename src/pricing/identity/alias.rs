//! Names that no rule joins, and that mean the same all the same; each with its reason.

use super::without_seller;
use crate::pricing::catalogue::{parted, provider};
use std::borrow::Cow;

/// One name, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alias {
    /// The canonical provider of who uses the name.
    pub(super) seller: &'static str,
    /// The name, in lower case.
    pub(super) name: &'static str,
    /// The canonical provider that is meant.
    pub(super) provider: &'static str,
    /// The model that is meant.
    pub(super) model: &'static str,
    /// Why, as the end of a sentence.
    pub(super) reason: &'static str,
}

const DOTTED: &str = "Anthropic's API writes a version's dot as a hyphen";
const TURNED: &str = "Anthropic's API has the version behind the family's name";
const HYPHENED: &str = "Gemini's API writes a version with a dot";
const STABLE: &str =
    "Gemini's API numbers the stable version, 001, which the model's name stands for";
const NOVA: &str =
    "Amazon's own list leaves out the company's and the revision's part of Bedrock's id";

const fn alias(
    seller: &'static str,
    name: &'static str,
    model: &'static str,
    reason: &'static str,
) -> Alias {
    Alias {
        seller,
        name,
        provider: seller,
        model,
        reason,
    }
}

/// Every alias.
pub(super) const ALIASES: &[Alias] = &[
    alias(
        "anthropic",
        "claude-3.5-haiku",
        "claude-3-5-haiku-latest",
        DOTTED,
    ),
    alias(
        "anthropic",
        "claude-3.5-sonnet",
        "claude-3-5-sonnet",
        DOTTED,
    ),
    alias(
        "anthropic",
        "claude-3.7-sonnet",
        "claude-3-7-sonnet-latest",
        DOTTED,
    ),
    alias("anthropic", "claude-4-opus", "claude-opus-4-0", TURNED),
    alias("anthropic", "claude-4-sonnet", "claude-sonnet-4-0", TURNED),
    alias("anthropic", "claude-4.1-opus", "claude-opus-4-1", TURNED),
    alias("anthropic", "claude-4.5-haiku", "claude-haiku-4-5", TURNED),
    alias("anthropic", "claude-4.5-opus", "claude-opus-4-5", TURNED),
    alias(
        "anthropic",
        "claude-4.5-sonnet",
        "claude-sonnet-4-5",
        TURNED,
    ),
    alias("anthropic", "claude-4.6-opus", "claude-opus-4-6", TURNED),
    alias(
        "anthropic",
        "claude-4.6-sonnet",
        "claude-sonnet-4-6",
        TURNED,
    ),
    alias("anthropic", "claude-haiku-4.5", "claude-haiku-4-5", DOTTED),
    alias("anthropic", "claude-opus-4.1", "claude-opus-4-1", DOTTED),
    alias("anthropic", "claude-opus-4.5", "claude-opus-4-5", DOTTED),
    alias("anthropic", "claude-opus-4.6", "claude-opus-4-6", DOTTED),
    alias("anthropic", "claude-opus-4.7", "claude-opus-4-7", DOTTED),
    alias("anthropic", "claude-opus-4.8", "claude-opus-4-8", DOTTED),
    alias(
        "anthropic",
        "claude-sonnet-4.5",
        "claude-sonnet-4-5",
        DOTTED,
    ),
    alias(
        "anthropic",
        "claude-sonnet-4.6",
        "claude-sonnet-4-6",
        DOTTED,
    ),
    alias("bedrock", "amazon-nova-lite", "amazon.nova-lite-v1:0", NOVA),
    alias(
        "bedrock",
        "amazon-nova-micro",
        "amazon.nova-micro-v1:0",
        NOVA,
    ),
    alias(
        "bedrock",
        "amazon-nova-premier",
        "amazon.nova-premier-v1:0",
        NOVA,
    ),
    alias("bedrock", "amazon-nova-pro", "amazon.nova-pro-v1:0", NOVA),
    alias("google", "gemini-2.0-flash-001", "gemini-2.0-flash", STABLE),
    alias(
        "google",
        "gemini-2.0-flash-lite-001",
        "gemini-2.0-flash-lite",
        STABLE,
    ),
    alias(
        "google",
        "gemini-3-1-pro-preview",
        "gemini-3.1-pro-preview",
        HYPHENED,
    ),
];

/// The alias of a name, in whatever case.
pub(super) fn find(seller: &str, name: &str) -> Option<&'static Alias> {
    let same = |alias: &&Alias| alias.seller == seller && alias.name.eq_ignore_ascii_case(name);
    ALIASES.iter().find(same)
}

/// What a name means as an alias at a seller, or else at the company that gives such names to its own models or that stands in
/// front; with a date or `latest` behind it or not.
pub(super) fn meant(seller: Option<&str>, name: &str) -> Option<(Cow<'static, str>, String)> {
    // Most names are no alias, and are told so at once.
    let own = name.split_once('/').map_or(name, |(_, rest)| rest);
    let begins = |alias: &Alias| {
        let head = own.get(..alias.name.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(alias.name))
    };
    if !ALIASES.iter().any(begins) {
        return None;
    }
    let seller = match seller {
        Some(seller) => Cow::Owned(provider::canonical(seller).into_owned()),
        None => whose(name)?,
    };
    let own = without_seller(&seller, name);
    let model = find(&seller, own).map(|alias| alias.model.to_owned());
    let model = model.or_else(|| state(&seller, own))?;
    Some((seller, model))
}

/// The company that gives such names to its own models, or the provider in front.
fn whose(name: &str) -> Option<Cow<'static, str>> {
    let owner = provider::owner(name).map(Cow::Borrowed);
    owner.or_else(|| {
        let (prefix, _) = name.split_once('/')?;
        Some(Cow::Owned(provider::canonical(prefix).into_owned()))
    })
}

/// The name of a state, with its model's alias left for the model's own name: `claude-sonnet-4-5-20290101` for
/// `claude-sonnet-4.5-20290101`.
pub(super) fn state(seller: &str, name: &str) -> Option<String> {
    let (stem, state) = parted(name)?;
    let model = find(seller, stem)?.model;
    let model = parted(model).map_or(model, |(model, _)| model);
    Some(format!("{model}{state}"))
}
