//! Budgets, holds and usage.

pub(super) mod acknowledge_alert;
pub(super) mod adjust_usage;
pub(super) mod allocate_budget;
pub(super) mod archive_budget;
pub(super) mod check_budget;
pub(super) mod extend_allocation;
pub(super) mod get_budget_status;
pub(super) mod list_alerts;
pub(super) mod list_allocations;
pub(super) mod list_budgets;
pub(super) mod record_usage;
pub(super) mod release_allocation;
pub(super) mod remove_policy;
pub(super) mod request_increase;
pub(super) mod review_increase;
pub(super) mod save_budget;
pub(super) mod save_policy;
