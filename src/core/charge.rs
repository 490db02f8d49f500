//! What is asked for or spent, with everything that decides which policies it meets.

use super::context::Context;
use super::name::Name;
use super::price::ModelTier;
use super::quantity::Usd;
use super::tally::{Tally, saturate};
use serde::{Deserialize, Serialize};

/// What decides which budgets cover a charge.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The provider, where it is known.
    pub provider: Option<&'a str>,
    /// The model, where it is known.
    pub model: Option<&'a str>,
    /// The name that was given for it, where that is another.
    pub named: Option<&'a str>,
    /// The model's tier, where it is known.
    pub tier: Option<ModelTier>,
    /// Who and what it is for.
    pub context: &'a Context,
}

/// The model that a charge is for, as far as the caller said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelRef {
    /// The provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Name>,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Name>,
    /// Its tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<ModelTier>,
    /// The release of it that was named, which may have a price of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Name>,
    /// The name that was given for it, where that is another than its own, be it a release's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<Name>,
}

impl ModelRef {
    /// The name that it is priced by.
    pub fn priced_as(&self) -> Option<&str> {
        self.release.as_deref().or(self.model.as_deref())
    }

    /// The facts of a charge for this model.
    pub fn facts<'a>(&'a self, context: &'a Context) -> Facts<'a> {
        Facts {
            provider: self.provider.as_deref(),
            model: self.model.as_deref(),
            named: self.named.as_deref(),
            tier: self.tier,
            context,
        }
    }
}

/// An upper bound of what a call will take; a part that is not known can't pass a hard limit on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Tokens, unless only money was asked for.
    pub tokens: Option<u64>,
    /// Calls.
    pub requests: u64,
    /// Cost, unless the model has no price.
    pub cost: Option<Usd>,
}

impl Amount {
    /// What is held for it; an unknown part holds nothing.
    pub fn tally(self) -> Tally {
        Tally {
            tokens: saturate(self.tokens.unwrap_or(0)),
            requests: saturate(self.requests),
            cost: self.cost.unwrap_or_default(),
        }
    }
}

impl From<Tally> for Amount {
    fn from(tally: Tally) -> Self {
        Self {
            tokens: Some(u64::try_from(tally.tokens).unwrap_or(0)),
            requests: u64::try_from(tally.requests).unwrap_or(0),
            cost: Some(tally.cost),
        }
    }
}
