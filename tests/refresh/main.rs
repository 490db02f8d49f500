//! A refresh from the network to the price that holds: over a server on this machine and a ledger of its own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod asking;
mod background;
mod bounds;
mod failing;
mod ground;
mod past;
mod prices;
mod scopes;
