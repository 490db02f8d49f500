//! What is kept, in two halves: the journal of events, which is the truth, and what is looked up.

pub mod backup;
pub mod files;
pub mod journal;
pub mod lookup;
