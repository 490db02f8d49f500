//! Reports and the audit trail.

pub(super) mod audit_trail;
pub(super) mod usage_report;
