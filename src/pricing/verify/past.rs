//! What is taken of a source's word about times that are over.
//!
//! Nobody else says what a model cost then, so there is no quorum: the first word that can be meant stands, and what would
//! change it waits for a person.

use super::sanity::{self, first_word};
use super::voices::slips;
use crate::core::price::{Rates, Unit};
use crate::core::price_change::{PastPrice, PriceRule};
use crate::pricing::catalogue::tier::is_local;
use crate::pricing::points::{Place, Points, points};
use jiff::Timestamp;
use std::sync::Arc;

/// How many rates a sentence names.
const PLACES_MOST: usize = 4;

/// What becomes of a source's word about a model's past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// What is known of it from now on, earliest first: what was known before, and what is new.
    pub prices: Vec<PastPrice>,
    /// How many of the told prices are known or taken.
    pub agreed: usize,
    /// What the source says against its own earlier word, with that word: it waits for a person.
    pub corrected: Vec<(PastPrice, PastPrice)>,
    /// The rules against those that are left out.
    pub left_out: Vec<PriceRule>,
}

/// Takes what can be meant of `told`, beside what the same source said before, what a person turned down of it, and what the
/// model costs now.
pub fn past(
    provider: &str,
    present: Option<&Arc<Rates>>,
    known: &[PastPrice],
    declined: &[PastPrice],
    told: impl IntoIterator<Item = PastPrice>,
) -> Past {
    let present = present.map_or_else(Points::new, |rates| points(rates));
    let mut past = Past {
        prices: known.to_vec(),
        ..Past::default()
    };
    let told: Vec<PastPrice> = told.into_iter().collect();
    for price in &told {
        let of_that_time = past.prices.iter().filter(|other| other.overlaps(price));
        let before = of_that_time
            .clone()
            .find(|known| known.rates != price.rates)
            .or_else(|| of_that_time.clone().find(|known| is_shorter(known, &told)))
            .cloned();
        let added = rest(price, &past.prices);
        if before.is_none() && added.is_empty() {
            past.agreed += 1;
        } else if let Some(rule) = against(provider, &present, &points(&price.rates)) {
            past.left_out.push(rule);
        } else if declined.contains(price) {
            past.left_out.push(PriceRule::NoQuorum);
        } else if let Some(before) = before {
            past.corrected.push((price.clone(), before));
        } else {
            past.agreed += 1;
            past.prices.extend(added);
        }
    }
    past.prices.sort_by_key(|price| price.from);
    past
}

/// Whether the source tells of a part of a known price's time no more, whatever it says of that.
fn is_shorter(known: &PastPrice, told: &[PastPrice]) -> bool {
    !rest(known, told).is_empty()
}

/// What is left of a price's time where others have theirs.
fn rest(price: &PastPrice, others: &[PastPrice]) -> Vec<PastPrice> {
    let mut rest = vec![price.clone()];
    for other in others.iter().filter(|other| other.overlaps(price)) {
        rest = rest.iter().flat_map(|one| one.without(other)).collect();
    }
    rest
}

/// Why a correction of the past waits, and what to do.
pub fn why_corrected(source: &str, price: &PastPrice, before: &PastPrice) -> String {
    let sides = |rates: &Rates| {
        let named = points(rates).into_iter();
        let named = named
            .take(PLACES_MOST)
            .map(|(place, rate)| format!("{place} {}", rate.normalize()));
        named.collect::<Vec<_>>().join(", ")
    };
    let time = |price: &PastPrice| {
        if price.from == Timestamp::UNIX_EPOCH {
            format!("until {}", price.until)
        } else {
            format!("from {} until {}", price.from, price.until)
        }
    };
    let (now, cost) = (time(price), sides(&price.rates));
    let said = if price.rates == before.rates {
        format!("that it cost so {}", time(before))
    } else {
        sides(&before.rates)
    };
    format!(
        "{source} says now that {now} it cost {cost}, and had said {said}: one source alone tells of that time, and contradicts itself. Approve it if the provider announced so, or reject it; until then its first word holds. Recorded usage keeps its cost, and an approval offers what it would cost."
    )
}

/// The rule against a price that can't have been.
fn against(provider: &str, present: &Points, told: &Points) -> Option<PriceRule> {
    if let Some(rule) = sanity::whole(told) {
        return Some(rule);
    }
    let free = |unit| {
        let rate = told.get(&Place::standard(unit));
        rate.is_some_and(rust_decimal::Decimal::is_zero)
    };
    if !is_local(provider) && (free(Unit::Input) || free(Unit::Output)) {
        return Some(PriceRule::Zero);
    }
    if sanity::is_swapped(told, present) {
        return Some(PriceRule::Swapped);
    }
    if slips(told, present) {
        return Some(PriceRule::UnitSlip);
    }
    let single = told.keys().find_map(|place| sanity::single(told, *place));
    single.or_else(|| present.is_empty().then(|| first_word(told)).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priced(from: i64, until: i64, input: &str, output: &str) -> PastPrice {
        let rates =
            format!(r#"{{"standard":{{"rates":{{"input":"{input}","output":"{output}"}}}}}}"#);
        let day = |day: i64| jiff::Timestamp::from_second(day * 86_400).unwrap();
        PastPrice {
            from: day(from),
            until: day(until),
            rates: Arc::new(serde_json::from_str(&rates).unwrap()),
        }
    }

    fn taken(known: &[PastPrice], told: &[PastPrice]) -> Past {
        let present = priced(0, 1, "2", "10").rates;
        past("xai", Some(&present), known, &[], told.to_vec())
    }

    #[test]
    fn what_is_new_is_added_and_what_is_known_stays() {
        let known = [priced(0, 10, "3", "15")];
        let again = taken(&known, &known);
        assert_eq!((&*again.prices, again.agreed), (&known[..], 1));
        let later = priced(10, 20, "2.5", "12");
        let both = taken(&known, &[known[0].clone(), later.clone()]);
        assert_eq!(both.prices, [known[0].clone(), later]);
        assert_eq!(taken(&known, &[]).prices, known);
        for other in [
            priced(0, 10, "1.5", "7.5"),
            priced(5, 6, "1", "5"),
            priced(5, 20, "1", "5"),
        ] {
            let changed = taken(&known, std::slice::from_ref(&other));
            assert_eq!(changed.prices, known);
            assert_eq!(changed.corrected, [(other.clone(), known[0].clone())]);
            let why = why_corrected("llm_prices_history", &other, &known[0]);
            assert!(why.contains("had said input 3, output 15"), "{why}");
            let present = priced(0, 1, "2", "10").rates;
            let declined = past(
                "xai",
                Some(&present),
                &known,
                std::slice::from_ref(&other),
                [other.clone()],
            );
            assert_eq!(declined.left_out, [PriceRule::NoQuorum]);
            assert_eq!(declined.corrected, []);
        }
        let slipped = taken(&known, &[priced(0, 10, "0.003", "0.015")]);
        assert_eq!(slipped.left_out, [PriceRule::UnitSlip]);
    }

    #[test]
    fn the_same_price_of_a_longer_time_is_more_of_it_and_of_a_shorter_one_a_correction() {
        let known = [priced(5, 10, "3", "15")];
        let longer = taken(&known, &[priced(0, 12, "3", "15")]);
        let whole = [
            priced(0, 5, "3", "15"),
            known[0].clone(),
            priced(10, 12, "3", "15"),
        ];
        assert_eq!((&*longer.prices, longer.agreed), (&whole[..], 1));
        let again = taken(&longer.prices, &[priced(0, 12, "3", "15")]);
        assert_eq!((again.prices, again.agreed), (longer.prices, 1));

        for other in [priced(5, 8, "3", "15"), priced(7, 12, "3", "15")] {
            let shorter = taken(&known, std::slice::from_ref(&other));
            assert_eq!(shorter.prices, known);
            assert_eq!(shorter.agreed, 0);
            assert_eq!(shorter.corrected, [(other.clone(), known[0].clone())]);
            let why = why_corrected("pages", &other, &known[0]);
            let said = "had said that it cost so from 1970-01-06T00:00:00Z until 1970-01-11";
            assert!(why.contains(said), "{why}");
        }
        // What it tells of the rest of that time is a word of its own.
        let split = [priced(5, 8, "3", "15"), priced(8, 10, "3", "15")];
        let same = taken(&known, &split);
        assert_eq!((&*same.prices, same.agreed), (&known[..], 2));
        let split = [priced(5, 8, "3", "15"), priced(8, 10, "2", "10")];
        let other = taken(&known, &split);
        assert_eq!(other.corrected, [(split[1].clone(), known[0].clone())]);
        assert_eq!(other.agreed, 1);
    }

    #[test]
    fn what_can_not_be_meant_is_left_out() {
        for (input, output, rule) in [
            ("0.000003", "0.000015", PriceRule::OutOfRange),
            ("0.003", "0.015", PriceRule::UnitSlip),
            ("0", "15", PriceRule::Zero),
            ("10", "2", PriceRule::Swapped),
            ("3", "0.2", PriceRule::OutputBelowInput),
        ] {
            let told = taken(&[], &[priced(0, 10, input, output)]);
            assert_eq!((told.prices.len(), &*told.left_out), (0, &[rule][..]));
        }
        let own = past("ollama", None, &[], &[], [priced(0, 10, "0", "0")]);
        assert_eq!(own.prices.len(), 1);
    }
}
