//! What is counted: money and the units that one usage consumes.

use rust_decimal::Decimal;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// An exact amount of US dollars; a decimal string in JSON (`"0.0123"`).
///
/// Amounts that come from outside pass [`Usd::parse`], whose bounds keep every sum of them exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(Decimal);

/// The most decimal places that an amount may have.
///
/// A rate has at most six decimals of its own beyond the six that "per million" adds.
pub const USD_SCALE: u32 = 18;
/// The largest single amount, in dollars, either way.
pub const USD_MOST: i64 = 1_000_000_000;

impl Usd {
    /// No money.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Takes an amount that a computation of ours made; rounds to [`USD_SCALE`] places, half to even.
    pub fn new(amount: Decimal) -> Self {
        if amount.scale() > USD_SCALE {
            Self(amount.round_dp(USD_SCALE))
        } else {
            Self(amount)
        }
    }

    /// Reads an amount from outside: digits, with a minus before and a dot with digits after them where need be, at most
    /// [`USD_SCALE`] places and [`USD_MOST`] dollars. Anything else, a minus before a zero too, was meant to be another amount.
    ///
    /// # Errors
    /// Says what is wrong with the text in words for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !is_decimal(text) {
            return Err(format!(
                "{text:?} is not an amount of dollars: expects digits, a decimal such as \"0.25\""
            ));
        }
        let number = Decimal::from_str_exact(text)
            .map_err(|_| format!("{text:?} has more digits than an amount may have"))?;
        if number.is_zero() && text.starts_with('-') {
            return Err(format!("{text:?} is a zero with a minus sign"));
        }
        let number = number.normalize();
        if number.scale() > USD_SCALE {
            return Err(format!("{text:?} has more than {USD_SCALE} decimal places"));
        }
        if number.abs() > Decimal::from(USD_MOST) {
            return Err(format!("{text:?} is more than {USD_MOST} dollars"));
        }
        Ok(Self(number))
    }

    /// The amount as a number.
    pub const fn amount(self) -> Decimal {
        self.0
    }

    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    /// Whether it is nothing, as serde asks it.
    pub const fn is_nothing(&self) -> bool {
        self.0.is_zero()
    }

    /// This, or nothing where it is negative.
    #[must_use]
    pub fn or_zero(self) -> Self {
        if self.is_negative() { Self::ZERO } else { self }
    }
}

/// Whether a text is an optional minus, digits, and optionally a dot with digits.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, places) = match unsigned.split_once('.') {
        Some((whole, places)) => (whole, Some(places)),
        None => (unsigned, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && places.is_none_or(digits)
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Usd {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Usd {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

/// The most of any one unit that a single usage may count.
pub const COUNT_MOST: u64 = 1_000_000_000_000;

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(&self.0.serialize())
        }
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(UsdVisitor)
        } else {
            deserializer.deserialize_bytes(UsdVisitor)
        }
    }
}

struct UsdVisitor;

impl Visitor<'_> for UsdVisitor {
    type Value = Usd;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount of US dollars as a decimal string such as \"0.25\"")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Usd, E> {
        Usd::parse(text).map_err(E::custom)
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Usd, E> {
        let bytes: [u8; 16] = bytes
            .try_into()
            .map_err(|_| E::invalid_length(bytes.len(), &"16 bytes of a decimal"))?;
        Ok(Usd(Decimal::deserialize(bytes)))
    }
}

/// What one usage consumed, unit by unit; the counts never overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Counts {
    /// Input tokens that no cache served.
    #[serde(skip_serializing_if = "is_zero")]
    pub input_tokens: u64,
    /// Input tokens read from a cache that are no audio.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_read_tokens: u64,
    /// Audio tokens of the input read from a cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_read_audio_tokens: u64,
    /// Input tokens written to a five-minute cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_tokens: u64,
    /// Input tokens written to a one-hour cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_1h_tokens: u64,
    /// Output tokens that are not reasoning.
    #[serde(skip_serializing_if = "is_zero")]
    pub output_tokens: u64,
    /// Output tokens spent on reasoning.
    #[serde(skip_serializing_if = "is_zero")]
    pub reasoning_tokens: u64,
    /// Audio tokens of the input.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_input_tokens: u64,
    /// Audio tokens of the output.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_output_tokens: u64,
    /// Images made or read where they have a price of their own.
    #[serde(skip_serializing_if = "is_zero")]
    pub images: u64,
    /// Calls; what a limit of requests counts.
    #[serde(skip_serializing_if = "is_zero")]
    pub requests: u64,
    /// Web searches that the provider ran.
    #[serde(skip_serializing_if = "is_zero")]
    pub web_searches: u64,
    /// Seconds of audio, for models that are priced by time.
    #[serde(skip_serializing_if = "is_zero")]
    pub seconds: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// Every token of the usage: cached, written, reasoned and audio included.
    pub const fn tokens(&self) -> u64 {
        self.prompt_tokens()
            .saturating_add(self.completion_tokens())
    }

    /// The tokens of the input side, which decide the context tier of a price.
    pub const fn prompt_tokens(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.cache_read_tokens)
            .saturating_add(self.cache_read_audio_tokens)
            .saturating_add(self.cache_write_tokens)
            .saturating_add(self.cache_write_1h_tokens)
            .saturating_add(self.audio_input_tokens)
    }

    /// The tokens of the output side.
    pub const fn completion_tokens(&self) -> u64 {
        self.output_tokens
            .saturating_add(self.reasoning_tokens)
            .saturating_add(self.audio_output_tokens)
    }

    /// Each count and the other's together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    /// Each count without the other's.
    #[must_use]
    pub fn less(&self, other: &Self) -> Self {
        self.each(other, u64::saturating_sub)
    }

    fn each(&self, other: &Self, with: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            input_tokens: with(self.input_tokens, other.input_tokens),
            cache_read_tokens: with(self.cache_read_tokens, other.cache_read_tokens),
            cache_read_audio_tokens: with(
                self.cache_read_audio_tokens,
                other.cache_read_audio_tokens,
            ),
            cache_write_tokens: with(self.cache_write_tokens, other.cache_write_tokens),
            cache_write_1h_tokens: with(self.cache_write_1h_tokens, other.cache_write_1h_tokens),
            output_tokens: with(self.output_tokens, other.output_tokens),
            reasoning_tokens: with(self.reasoning_tokens, other.reasoning_tokens),
            audio_input_tokens: with(self.audio_input_tokens, other.audio_input_tokens),
            audio_output_tokens: with(self.audio_output_tokens, other.audio_output_tokens),
            images: with(self.images, other.images),
            requests: with(self.requests, other.requests),
            web_searches: with(self.web_searches, other.web_searches),
            seconds: with(self.seconds, other.seconds),
        }
    }

    /// The counts with their names on the wire, in the order of the contract.
    pub const fn named(&self) -> [(&'static str, u64); 13] {
        [
            ("input_tokens", self.input_tokens),
            ("cache_read_tokens", self.cache_read_tokens),
            ("cache_read_audio_tokens", self.cache_read_audio_tokens),
            ("cache_write_tokens", self.cache_write_tokens),
            ("cache_write_1h_tokens", self.cache_write_1h_tokens),
            ("output_tokens", self.output_tokens),
            ("reasoning_tokens", self.reasoning_tokens),
            ("audio_input_tokens", self.audio_input_tokens),
            ("audio_output_tokens", self.audio_output_tokens),
            ("images", self.images),
            ("requests", self.requests),
            ("web_searches", self.web_searches),
            ("seconds", self.seconds),
        ]
    }

    /// Checks that every count is within [`COUNT_MOST`].
    ///
    /// # Errors
    /// The name of the first count that is too large.
    pub fn within_bounds(&self) -> Result<(), &'static str> {
        self.named()
            .iter()
            .find(|(_, count)| *count > COUNT_MOST)
            .map_or(Ok(()), |(name, _)| Err(*name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_read_exactly_and_within_bounds() {
        assert_eq!(Usd::parse("0.0123").unwrap().to_string(), "0.0123");
        assert_eq!(Usd::parse("-2.50").unwrap().to_string(), "-2.5");
        assert_eq!(Usd::parse("100").unwrap().to_string(), "100");
        for wrong in [
            "",
            " 1",
            "1 ",
            "1\n",
            "$1",
            "+1",
            "--1",
            "-",
            ".",
            ".5",
            "1.",
            "-.5",
            "1e3",
            "1e-9",
            "1E+2",
            "1,000",
            "\u{661}",
            "1_0",
            "-0",
            "-0.00",
            "-0e3",
            "NaN",
            "inf",
            "1.2.3",
            "1_000 000",
            "1e30",
            "0.0000000000000000001",
            "1000000001",
        ] {
            assert!(Usd::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_token_counts_once() {
        let counts = Counts {
            input_tokens: 1,
            cache_read_tokens: 2,
            cache_read_audio_tokens: 256,
            cache_write_tokens: 4,
            cache_write_1h_tokens: 8,
            output_tokens: 16,
            reasoning_tokens: 32,
            audio_input_tokens: 64,
            audio_output_tokens: 128,
            images: 9,
            requests: 9,
            web_searches: 9,
            seconds: 9,
        };
        assert_eq!(counts.tokens(), 511);
        assert_eq!(counts.within_bounds(), Ok(()));
        assert_eq!(
            Counts {
                images: COUNT_MOST + 1,
                ..counts
            }
            .within_bounds(),
            Err("images")
        );
    }
}
