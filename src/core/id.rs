//! Ids: a number inside, a prefixed text outside (`bud-12`).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "-{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                text.strip_prefix(concat!($prefix, "-"))
                    .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
                    .and_then(|digits| digits.parse().ok())
                    .map(Self)
                    .ok_or_else(|| format!(concat!("{:?} is not an id such as \"", $prefix, "-12\""), text))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_u64(self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
                } else {
                    u64::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

id!(
    /// A budget.
    BudgetId, "bud"
);
id!(
    /// A policy of a budget.
    PolicyId, "pol"
);
id!(
    /// A hold; the sequence of the event that made it.
    AllocationId, "all"
);
id!(
    /// A usage record; the sequence of its event, so that the journal finds it.
    RecordId, "use"
);
id!(
    /// An alert; the sequence of the event that raised it.
    AlertId, "alt"
);
id!(
    /// A request for more; the sequence of its event.
    IncreaseId, "inc"
);
id!(
    /// A change of a price that waits for a person; the sequence of its event.
    ChangeId, "chg"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_from_its_text_and_nothing_else_is() {
        assert_eq!(BudgetId(12).to_string().parse(), Ok(BudgetId(12)));
        for wrong in [
            "12",
            "bud-",
            "bud--1",
            "bud-+1",
            "pol-12",
            "bud-99999999999999999999",
            "",
        ] {
            assert!(wrong.parse::<BudgetId>().is_err(), "{wrong}");
        }
    }
}
