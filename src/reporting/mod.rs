//! Where the money went: sums of usage over time, and the reports made of them.

pub mod report;
pub mod rollup;
