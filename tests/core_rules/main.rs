//! Rules of the ledger that the model or a reading of them found broken once.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test says what is wrong by panicking"
)]

mod alerts;
mod corrections;
mod holds;
mod ledger;
mod saving;
mod windows;

#[allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "shared by several test binaries, each of which uses a part"
)]
#[path = "../model/mod.rs"]
mod model;
