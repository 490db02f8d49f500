//! The texts that every charge carries.

/// A name or an id that somebody gave. A short one is kept in place and a long one is shared, so that it is cheap to copy
/// and most events need no memory of their own for it.
pub type Name = smol_str::SmolStr;
