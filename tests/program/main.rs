//! The program as a client meets it: the real binary over its own standard input and output.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod approvals;
mod bad_lines;
mod bad_values;
mod by_hand;
mod client;
mod crash;
mod damage;
mod ending;
mod last_cent;
mod main_job;
mod python;
mod repeating;
mod roles;
#[path = "../skipped/mod.rs"]
mod skipped;
mod take_over;
