//! Prices and models.

pub(super) mod estimate_cost;
pub(super) mod get_price;
pub(super) mod override_price;
pub(super) mod search_models;
