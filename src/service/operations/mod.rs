//! Every operation, one file each, in the folders of the contract.

pub mod budget;
pub mod pricing;
pub mod report;
#[cfg(test)]
mod testing;

use super::operation::Tool;

/// Every operation, in the order in which it is published.
pub static TOOLS: &[Tool] = &[
    Tool::of::<budget::check_budget::CheckBudget>(),
    Tool::of::<budget::allocate_budget::AllocateBudget>(),
    Tool::of::<budget::record_usage::RecordUsage>(),
    Tool::of::<budget::extend_allocation::ExtendAllocation>(),
    Tool::of::<budget::release_allocation::ReleaseAllocation>(),
    Tool::of::<budget::list_allocations::ListAllocations>(),
    Tool::of::<budget::get_budget_status::GetBudgetStatus>(),
    Tool::of::<budget::list_budgets::ListBudgets>(),
    Tool::of::<budget::save_budget::SaveBudgetOperation>(),
    Tool::of::<budget::archive_budget::ArchiveBudget>(),
    Tool::of::<budget::save_policy::SavePolicy>(),
    Tool::of::<budget::remove_policy::RemovePolicy>(),
    Tool::of::<budget::request_increase::RequestIncreaseOperation>(),
    Tool::of::<budget::review_increase::ReviewIncrease>(),
    Tool::of::<budget::adjust_usage::AdjustUsage>(),
    Tool::of::<budget::list_alerts::ListAlerts>(),
    Tool::of::<budget::acknowledge_alert::AcknowledgeAlert>(),
    Tool::of::<pricing::get_price::GetPrice>(),
    Tool::of::<pricing::search_models::SearchModels>(),
    Tool::of::<pricing::estimate_cost::EstimateCost>(),
    Tool::of::<pricing::refresh_prices::RefreshPrices>(),
    Tool::of::<pricing::review_price_changes::ReviewPriceChanges>(),
    Tool::of::<pricing::override_price::OverridePrice>(),
    Tool::of::<report::usage_report::UsageReport>(),
    Tool::of::<report::audit_trail::AuditTrail>(),
];

/// The operation of a name.
pub fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.contract.name == name)
}

#[cfg(test)]
mod tests;
