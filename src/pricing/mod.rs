//! What models cost: the engine, the catalogue, the price book, and what providers say was used.

pub mod appraise;
pub mod book;
pub mod bundle;
pub mod catalogue;
pub mod cost;
pub mod identity;
pub mod points;
pub mod provider_usage;
pub mod sheet;
pub mod sources;
pub mod tokens;
pub mod verify;
