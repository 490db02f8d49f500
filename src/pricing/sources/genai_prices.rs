//! genai-prices' `prices/data.json`.

mod model;
mod pattern;
mod told;

pub(crate) use model::{Match, Model, Provider, canonical, find, read};
pub(crate) use told::Told;
