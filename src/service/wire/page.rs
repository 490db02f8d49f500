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
