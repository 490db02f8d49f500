//! Budgets, holds and usage.

pub mod acknowledge_alert;
pub mod adjust_usage;
pub mod allocate_budget;
pub mod archive_budget;
pub mod check_budget;
pub mod extend_allocation;
pub mod get_budget_status;
pub mod list_alerts;
pub mod list_allocations;
pub mod list_budgets;
pub mod record_usage;
pub mod release_allocation;
pub mod remove_policy;
pub mod request_increase;
pub mod review_increase;
pub mod save_budget;
pub mod save_policy;
#[cfg(test)]
mod tests;
