//! Reports and the audit trail.
