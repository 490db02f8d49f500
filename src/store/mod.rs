//! Bytes on disk, in two halves: the journal, which is the truth, and what is looked up.

pub mod lookup;
