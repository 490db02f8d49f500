//! Numbers of price lists, read from their text: a price never passes through a float.

use crate::core::price::{RATE_MOST, RATE_SCALE};
use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// Units of which a rate is for one million.
const MILLION: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
/// The furthest that an exponent may move the point.
const EXPONENT_MOST: u32 = 20;
/// The most digits of a number: what a decimal holds for certain.
const DIGITS_MOST: usize = 28;

/// How a source writes its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As numbers.
    Number,
    /// As texts of numbers.
    Text,
    /// As either.
    Either,
}

/// What is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPrice {
    #[error("is not a number")]
    NotANumber,
    #[error("is a text where a number is expected")]
    Text,
    #[error("is a number where a text of one is expected")]
    NotText,
    #[error("is below zero")]
    Negative,
    #[error("is a zero with a minus sign")]
    NegativeZero,
    #[error("has an exponent beyond {EXPONENT_MOST}")]
    Exponent,
    #[error("has more than {DIGITS_MOST} digits")]
    Digits,
    #[error("is more than {RATE_MOST} USD for a million")]
    TooMuch,
}

/// The price that a member states; none where it is null.
pub(crate) fn price(raw: &RawValue, form: Form) -> Result<Option<Decimal>, NoPrice> {
    let text = raw.get();
    if text == "null" {
        return Ok(None);
    }
    let inside = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    match (inside, form) {
        (Some(_), Form::Number) => Err(NoPrice::Text),
        (None, Form::Text) if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            Err(NoPrice::NotText)
        }
        (inside, _) => plain(inside.unwrap_or(text)).map(Some),
    }
}

/// The number that a text of JSON's own form for numbers states, not below zero.
pub(crate) fn plain(text: &str) -> Result<Decimal, NoPrice> {
    let (negative, number) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (number, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let unsigned = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    let leading = whole.len() > 1 && whole.starts_with('0');
    if !digits(whole) || !digits(part) || leading || !unsigned.is_none_or(digits) {
        return Err(NoPrice::NotANumber);
    }
    if unsigned.is_some_and(|text| {
        text.parse().is_ok_and(|far: u32| far > EXPONENT_MOST) || text.len() > 9
    }) {
        return Err(NoPrice::Exponent);
    }
    if mantissa.len() > DIGITS_MOST + 1 {
        return Err(NoPrice::Digits);
    }
    let read = if exponent.is_some() {
        Decimal::from_scientific(number)
    } else {
        Decimal::from_str_exact(number)
    };
    match read {
        Err(_) => Err(NoPrice::Digits),
        Ok(zero) if zero.is_zero() && negative => Err(NoPrice::NegativeZero),
        Ok(_) if negative => Err(NoPrice::Negative),
        Ok(number) => Ok(number),
    }
}

/// Makes the rate of a price.
pub(crate) type ToRate = fn(Decimal) -> Result<Decimal, NoPrice>;

/// The rate of the price that is stated under a name; none where it is null.
///
/// # Errors
/// The name, and why it is no price.
pub(crate) fn stated(
    name: &str,
    raw: &RawValue,
    form: Form,
    to_rate: ToRate,
) -> Result<Option<Decimal>, String> {
    let rate = price(raw, form).and_then(|price| price.map(to_rate).transpose());
    rate.map_err(|wrong| format!("{name} {wrong}"))
}

/// The whole number that a JSON number states (`128000`, `1e6`, `256000.0`).
pub(crate) fn whole(raw: &RawValue) -> Option<u64> {
    let number = price(raw, Form::Number).ok()??.normalize();
    (number.scale() == 0)
        .then(|| u64::try_from(number).ok())
        .flatten()
}

/// The rate of a price for one unit.
pub(crate) fn rate_of_one(price: Decimal) -> Result<Decimal, NoPrice> {
    rate(price.saturating_mul(MILLION))
}

/// The rate of a price for a thousand units.
pub(crate) fn rate_of_thousand(price: Decimal) -> Result<Decimal, NoPrice> {
    rate(price.saturating_mul(Decimal::ONE_THOUSAND))
}

/// A rate at the places that rates have. What is beyond the twelfth is the tail of a float
/// (`9.499999999999999e-07` for 0.95 a million), and rounding takes it back.
pub(crate) fn rate(rate: Decimal) -> Result<Decimal, NoPrice> {
    if rate > Decimal::from(RATE_MOST) {
        return Err(NoPrice::TooMuch);
    }
    Ok(rate.round_dp(RATE_SCALE).normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn numbers_are_read_from_their_text() {
        for (text, rate) in [
            ("1.25e-06", "1.25"),
            ("2.5E-7", "0.25"),
            ("\"0.000003\"", "3"),
            ("9.499999999999999E-7", "0.95"),
            ("0.0000016000000000000001", "1.6"),
            ("0", "0"),
            ("0e5", "0"),
            ("1e-18", "0.000000000001"),
        ] {
            let read = price(&raw(text), Form::Either).unwrap().unwrap();
            assert_eq!(rate_of_one(read).unwrap().to_string(), rate, "{text}");
        }
        assert_eq!(price(&raw("null"), Form::Number), Ok(None));
        assert_eq!(whole(&raw("256000.0")), Some(256_000));
        assert_eq!(whole(&raw("1e6")), Some(1_000_000));
        for none in ["1.5", "-1", "\"7\"", "null"] {
            assert_eq!(whole(&raw(none)), None, "{none}");
        }
    }

    #[test]
    fn what_is_no_price_is_said() {
        for (text, form, why) in [
            ("{}", Form::Either, NoPrice::NotANumber),
            ("true", Form::Number, NoPrice::NotANumber),
            ("true", Form::Text, NoPrice::NotANumber),
            ("\"max\"", Form::Text, NoPrice::NotANumber),
            ("\"NaN\"", Form::Text, NoPrice::NotANumber),
            ("\"Infinity\"", Form::Either, NoPrice::NotANumber),
            ("\"\"", Form::Text, NoPrice::NotANumber),
            ("\" 1\"", Form::Text, NoPrice::NotANumber),
            ("\"1,000\"", Form::Text, NoPrice::NotANumber),
            ("\"1_000\"", Form::Text, NoPrice::NotANumber),
            ("\"+1\"", Form::Text, NoPrice::NotANumber),
            ("\"0x10\"", Form::Text, NoPrice::NotANumber),
            ("\"01\"", Form::Text, NoPrice::NotANumber),
            ("\"1e\"", Form::Text, NoPrice::NotANumber),
            ("\"1e+-2\"", Form::Text, NoPrice::NotANumber),
            ("\"\u{ff11}\"", Form::Text, NoPrice::NotANumber),
            ("\"0.1\"", Form::Number, NoPrice::Text),
            ("0.1", Form::Text, NoPrice::NotText),
            ("-0", Form::Number, NoPrice::NegativeZero),
            ("-0.0e-3", Form::Number, NoPrice::NegativeZero),
            ("-1e-6", Form::Number, NoPrice::Negative),
            ("\"-1\"", Form::Text, NoPrice::Negative),
            ("1e400", Form::Number, NoPrice::Exponent),
            ("1e-400", Form::Number, NoPrice::Exponent),
            ("1e99999999999", Form::Number, NoPrice::Exponent),
            (
                "0.10000000000000000000000000000001",
                Form::Number,
                NoPrice::Digits,
            ),
            ("1e20", Form::Number, NoPrice::TooMuch),
        ] {
            let read = price(&raw(text), form)
                .and_then(|read| read.map_or(Ok(Decimal::ZERO), rate_of_one));
            assert_eq!(read, Err(why), "{text}");
        }
    }
}
