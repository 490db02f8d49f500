//! Many clients over one store: owners that come, hand over and die, with a toy store behind them.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test that can't go on has failed"
)]

mod client;
mod crash;
mod handover;
mod member;
mod sharing;
mod toy;

/// Run by other tests in a process of its own: a member of the data directory that is named.
#[test]
fn member_process() {
    if let Some(dir) = std::env::var_os(member::DIR) {
        member::be(dir.into());
    }
}
