//! Lists in pages.

use super::schema::Within;
use crate::core::refusal::Refusal;

/// The length of a page that does not say.
pub const PAGE: usize = 50;
/// The longest page.
pub const PAGE_MOST: usize = 1000;

/// The length of a page, as the caller asks.
pub type PageLength = Within<1, { PAGE_MOST as u64 }>;

/// The length of a page, from what the caller asks.
pub fn length(limit: Option<PageLength>) -> usize {
    limit
        .and_then(|limit| usize::try_from(limit.get()).ok())
        .unwrap_or(PAGE)
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

/// Cuts what was found, one more than a page where there is another, to the page's length; gives back the cursor of the
/// next page, which is the number of the last item.
pub fn cut<T>(found: &mut Vec<T>, length: usize, number: impl Fn(&T) -> u64) -> Option<String> {
    let more = found.len() > length;
    found.truncate(length);
    found
        .last()
        .filter(|_| more)
        .map(|last| number(last).to_string())
}
