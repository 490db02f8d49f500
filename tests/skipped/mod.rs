//! What a test says that can't run here.

use std::fmt::Display;
use std::io::Write as _;

/// Says that a test is skipped, on standard error itself: what `eprintln` writes the test runner keeps to itself.
pub(crate) fn skipped(why: impl Display) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}
