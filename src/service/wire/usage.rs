//! A usage as a caller hands it in.

use super::fields::arguments;

arguments!(
    /// One usage.
    #[derive(Default)]
    UsageInput [usage, model, counts, context] {}
);
