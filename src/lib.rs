//! A budget that holds: the ledger, prices, store and faces of `tekton-budget`.

pub mod core;
mod idle;
pub mod pricing;
pub mod reporting;
pub mod service;
pub mod store;
