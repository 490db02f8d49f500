//! The ledger: what a budget is and what holds it. Pure: no clock, no randomness, no I/O.

pub mod alert;
pub mod allocation;
pub mod budget;
pub mod charge;
pub mod codec;
pub mod command;
pub mod context;
pub mod decide;
pub mod digest;
pub mod event;
pub mod id;
pub mod increase;
pub mod name;
pub mod period;
pub mod policy;
pub mod price;
pub mod price_change;
pub mod quantity;
pub mod refusal;
pub mod role;
pub mod scope;
pub mod state;
pub mod tally;
pub mod time;
pub mod usage;
pub mod verdict;
