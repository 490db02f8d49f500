//! What a cell of a table says.

use crate::pricing::sources::PricedBy;
use crate::pricing::sources::number;
use rust_decimal::Decimal;
use scraper::ElementRef;

/// An element's text, with single spaces.
pub(super) fn text(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    for part in element.text() {
        text.push_str(part);
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The price that a cell states: `$1.25`, `1.25`, `$1.25 / 1M tokens`, `Free`; none where it says that there is none.
pub(super) fn price(text: &str, priced_by: PricedBy) -> Result<Option<Decimal>, String> {
    let lower = text.to_lowercase();
    match lower.as_str() {
        "" | "-" | "–" | "—" | "n/a" | "na" | "none" => return Ok(None),
        "free" => return Ok(Some(Decimal::ZERO)),
        _ => {}
    }
    let (amount, per) = match lower.split_once('/').or_else(|| lower.split_once(" per ")) {
        Some((amount, per)) => (amount.trim(), Some(per.trim())),
        None => (lower.as_str(), None),
    };
    if let Some(per) = per {
        let stated = unit(per).ok_or_else(|| format!("{text:?} is for an unknown unit"))?;
        if stated != priced_by {
            return Err(format!("{text:?} is for another unit than the page's"));
        }
    }
    let amount = amount.strip_prefix('$').unwrap_or(amount).trim_start();
    let price = number::plain(amount).map_err(|wrong| format!("{text:?} {wrong}"))?;
    Ok(Some(price))
}

fn unit(per: &str) -> Option<PricedBy> {
    let number = per
        .strip_suffix("tokens")
        .or_else(|| per.strip_suffix("tok"));
    Some(match number.unwrap_or(per).trim_end() {
        "1m" | "m" | "million" | "1 million" => PricedBy::Million,
        "1k" | "k" | "thousand" | "1,000" => PricedBy::Thousand,
        "token" => PricedBy::One,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_states_one_amount_of_dollars() {
        let read = |text: &str| {
            let price = price(text, PricedBy::Million).map_err(|_| "wrong")?;
            Ok(price.map(|price| price.to_string()).unwrap_or_default())
        };
        for (text, price) in [
            ("$1.25", Ok("1.25")),
            ("$ 15", Ok("15")),
            ("0.075", Ok("0.075")),
            ("$3.00 / 1M tokens", Ok("3.00")),
            ("$3/MTok", Ok("3")),
            ("$3 per million tokens", Ok("3")),
            ("Free", Ok("0")),
            ("—", Ok("")),
            ("", Ok("")),
            ("$0.003 / 1K tokens", Err("wrong")),
            ("$3 / hour", Err("wrong")),
            ("€3", Err("wrong")),
            ("$1,250", Err("wrong")),
            ("1,25", Err("wrong")),
            ("$1 - $2", Err("wrong")),
            ("-$1", Err("wrong")),
            ("$-1", Err("wrong")),
            ("$1e400", Err("wrong")),
            ("NaN", Err("wrong")),
            ("from $3", Err("wrong")),
        ] {
            assert_eq!(read(text), price.map(str::to_owned), "{text}");
        }
    }
}
