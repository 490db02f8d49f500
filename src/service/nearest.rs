//! The names that a mistaken one was probably meant to be.

/// At most three of `known` that read like `name`, the likest first.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    // Comparing costs the product of both lengths, and a name from outside may be of any.
    if name.len() > 100 {
        return Vec::new();
    }
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|candidate| (likeness(name, candidate), candidate))
        .filter(|(score, _)| *score >= 0.8)
        .collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let best = scored.first().map_or(0.0, |(score, _)| *score);
    scored
        .into_iter()
        .take_while(|(score, _)| best - score < 0.05)
        .take(3)
        .map(|(_, candidate)| candidate)
        .collect()
}

/// 1 for the same name; words in another order or one left out count as close.
fn likeness(name: &str, candidate: &str) -> f64 {
    let mut words: Vec<&str> = name.split(['_', '-', '.']).collect();
    let mut theirs: Vec<&str> = candidate.split('_').collect();
    words.sort_unstable();
    theirs.sort_unstable();
    let reordered = strsim::jaro_winkler(&words.join("_"), &theirs.join("_"));
    strsim::jaro_winkler(name, candidate).max(reordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["check_budget", "record_usage", "list_budgets", "get_price"];

    #[test]
    fn a_slip_finds_the_name_and_noise_finds_none() {
        assert_eq!(nearest("chekc_budget", KNOWN)[0], "check_budget");
        assert_eq!(nearest("budget_check", KNOWN), ["check_budget"]);
        assert_eq!(nearest("record-usage", KNOWN)[0], "record_usage");
        assert!(nearest("zzz", KNOWN).is_empty());
        assert!(nearest(&"x".repeat(10_000), KNOWN).is_empty());
    }
}
