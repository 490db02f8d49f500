//! Prices and models.

pub mod estimate_cost;
pub mod get_price;
pub mod override_price;
pub mod search_models;
