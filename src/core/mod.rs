//! The ledger: what a budget is and what holds it. Pure: no clock, no randomness, no I/O.

pub mod context;
pub mod price;
pub mod quantity;
pub mod refusal;
pub mod role;
