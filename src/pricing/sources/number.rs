//! Numbers of price files, read from their text: a price never passes through a float.

use crate::core::price::RATE_SCALE;
use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// Units of which a rate is for one million.
const MILLION: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

/// The number that a JSON number, or a JSON string of one, states; none of anything else.
pub(crate) fn decimal(raw: &RawValue) -> Option<Decimal> {
    let text = raw.get().trim().trim_matches('"').trim();
    Decimal::from_str_exact(text)
        .or_else(|_| Decimal::from_scientific(text))
        .ok()
}

/// The whole number that a JSON number states (`128000`, `1e6`, `256000.0`).
pub(crate) fn whole(raw: &RawValue) -> Option<u64> {
    let number = decimal(raw)?.normalize();
    (number.scale() == 0)
        .then(|| u64::try_from(number).ok())
        .flatten()
}

/// The rate of a price for one unit.
pub(crate) fn rate_of_one(price: Decimal) -> Decimal {
    rate(price.saturating_mul(MILLION))
}

/// The rate of a price for a thousand units.
pub(crate) fn rate_of_thousand(price: Decimal) -> Decimal {
    rate(price.saturating_mul(Decimal::ONE_THOUSAND))
}

/// A rate at the places that rates have. What is beyond the twelfth is the tail of a float
/// (`9.499999999999999e-07` for 0.95 a million), and rounding takes it back.
pub(crate) fn rate(rate: Decimal) -> Decimal {
    rate.round_dp(RATE_SCALE).normalize()
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
            ("1.25e-06", Some("1.25")),
            ("2.5E-7", Some("0.25")),
            ("\"0.000003\"", Some("3")),
            ("9.499999999999999E-7", Some("0.95")),
            ("0.0000016000000000000001", Some("1.6")),
            ("0", Some("0")),
            ("null", None),
            ("{}", None),
            ("\"max\"", None),
        ] {
            let read = decimal(&raw(text)).map(|price| rate_of_one(price).to_string());
            assert_eq!(read.as_deref(), rate, "{text}");
        }
        assert_eq!(whole(&raw("256000.0")), Some(256_000));
        assert_eq!(whole(&raw("1e6")), Some(1_000_000));
        assert_eq!(whole(&raw("1.5")), None);
        assert_eq!(whole(&raw("-1")), None);
    }
}
