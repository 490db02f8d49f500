//! Numbers of things in words.

use std::fmt::Display;

/// How many names a sentence lists.
const LISTED: usize = 10;

/// How many there are: "1 policy", "2 policies".
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(
    count: N,
    one: &str,
    many: &str,
) -> String {
    let word = if count == N::from(1) { one } else { many };
    format!("{count} {word}")
}

/// A number of things and the first names of them: "2 models: a, b"; "0 models".
pub fn listed<'a>(number: String, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.take(LISTED).collect();
    if names.is_empty() {
        return number;
    }
    format!("{number}: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_said_as_one() {
        assert_eq!(counted(1, "policy", "policies"), "1 policy");
        assert_eq!(counted(0, "policy", "policies"), "0 policies");
        assert_eq!(counted(21, "policy", "policies"), "21 policies");
    }

    #[test]
    fn nothing_is_listed_without_a_colon() {
        let none = counted(0, "budget", "budgets");
        assert_eq!(listed(none, std::iter::empty()), "0 budgets");
        let two = counted(2, "budget", "budgets");
        assert_eq!(listed(two, ["a", "b"].into_iter()), "2 budgets: a, b");
    }
}
