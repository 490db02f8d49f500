//! Lists in pages.

use crate::core::refusal::Refusal;

/// The length of a page that does not say.
pub const PAGE: usize = 50;
/// The longest page.
pub const PAGE_MOST: usize = 1000;

/// The length of a page, from what the caller asks.
///
/// # Errors
/// `invalid_argument` outside 1 to [`PAGE_MOST`].
pub fn length(limit: Option<u64>) -> Result<usize, Refusal> {
    let limit = limit.map_or(Ok(PAGE), usize::try_from);
    match limit {
        Ok(limit) if (1..=PAGE_MOST).contains(&limit) => Ok(limit),
        _ => Err(Refusal::invalid(
            "limit",
            format!("expects 1 to {PAGE_MOST}"),
        )),
    }
}

/// The number that a cursor stands for.
///
/// # Errors
/// `invalid_argument` where it is none of ours.
pub fn position(cursor: Option<&String>) -> Result<Option<u64>, Refusal> {
    cursor
        .map(|cursor| {
            cursor
                .parse()
                .map_err(|_| Refusal::invalid("cursor", "expects the next_cursor of an answer"))
        })
        .transpose()
}
