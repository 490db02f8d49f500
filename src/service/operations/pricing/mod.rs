//! Prices and models.

pub mod estimate_cost;
pub mod get_price;
mod offer;
pub mod override_price;
pub mod refresh_prices;
pub mod review_price_changes;
pub mod search_models;

#[cfg(test)]
pub(super) mod tests;
