//! The shapes of arguments and results, in the words of the contract.

pub mod alert;
pub mod allocation;
pub mod amounts;
pub mod budget;
pub mod check;
pub mod fields;
pub mod page;
pub mod price;
pub mod repricing;
pub mod schema;
pub mod usage;
pub mod verdict;
