//! What is kept: the journal of events, and the file layer that it stands on.

pub mod files;
pub mod journal;
