//! Where prices come from: one file a source, each the only reader of that source's shape.

pub(crate) mod genai_prices;
pub(crate) mod litellm;
pub(crate) mod number;

use super::catalogue::{Capabilities, Mode};
use super::sheet::Sheet;

/// What was read is not of its source's shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ShapeError(String);

impl ShapeError {
    /// An error that says what is wrong.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// An entry of a source that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The source.
    pub source: &'static str,
    /// The model, as the source names it.
    pub model: String,
    /// Why.
    pub why: String,
}

/// What a source offers under one name.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) mode: Option<Mode>,
    pub(crate) context_window: Option<u64>,
    pub(crate) max_output_tokens: Option<u64>,
    pub(crate) capabilities: Capabilities,
    pub(crate) sheet: Sheet,
}
