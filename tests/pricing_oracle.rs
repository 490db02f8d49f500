//! Costs of many usages, beside what litellm and genai-prices say of them.

mod skipped;

use flate2::read::GzDecoder;
use rust_decimal::Decimal;
use serde::Deserialize;
use skipped::skipped;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use tekton_budget::core::price::ServiceTier;
use tekton_budget::core::quantity::Counts;
use tekton_budget::pricing::book::PriceBook;
use tekton_budget::pricing::cost::full_cost_usd;

#[derive(Deserialize)]
struct Case {
    provider: String,
    model: String,
    usage: BTreeMap<String, u64>,
    at: jiff::Timestamp,
    litellm_usd: String,
    #[serde(default)]
    agree: bool,
}

impl Case {
    fn counts(&self) -> Counts {
        let of = |name: &str| self.usage.get(name).copied().unwrap_or(0);
        Counts {
            input_tokens: of("input"),
            cache_read_tokens: of("cache_read"),
            cache_write_tokens: of("cache_write"),
            output_tokens: of("output"),
            reasoning_tokens: of("reasoning"),
            ..Counts::default()
        }
    }
}

/// The oracle lies beside the project, not in it.
fn oracle() -> Option<impl BufRead> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/data/pricing/oracle.jsonl.gz"))
        .find_map(|path| std::fs::File::open(path).ok())?;
    Some(BufReader::new(GzDecoder::new(file)))
}

#[test]
fn what_both_libraries_say_is_what_we_say() {
    let Some(oracle) = oracle() else {
        skipped("shared/data/pricing/oracle.jsonl.gz is not there");
        return;
    };
    let cases = oracle
        .lines()
        .map(|line| serde_json::from_str::<Case>(&line.unwrap()).unwrap());
    let book = PriceBook::default();
    let mut asked = 0_u32;
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for case in cases.filter(|case| case.agree) {
        asked += 1;
        let expected = Decimal::from_str_exact(&case.litellm_usd)
            .or_else(|_| Decimal::from_scientific(&case.litellm_usd))
            .unwrap();
        let name = format!("{}/{}", case.provider, case.model);
        let said = match book.price_at(Some(&case.provider), &case.model, case.at) {
            Err(unresolved) => unresolved.to_string(),
            Ok(price) => {
                let cost = full_cost_usd(price.rates, &case.counts(), ServiceTier::Standard);
                match cost {
                    Some(cost) if close(cost.amount(), expected) => continue,
                    Some(cost) => format!("{cost}, not {expected}, for {:?}", case.usage),
                    None => format!("has no price for all of {:?}", case.usage),
                }
            }
        };
        wrong.entry(name).or_default().push(said);
    }
    let count: usize = wrong.values().map(Vec::len).sum();
    for (model, said) in &wrong {
        eprintln!("{model}: {} cases, the first: {}", said.len(), said[0]);
    }
    let wrong = u32::try_from(count).unwrap();
    eprintln!("{} of {asked} cases agree", asked - wrong);
    assert!(asked > 3_000, "only {asked} cases");
    assert!(
        wrong * 200 <= asked,
        "{wrong} of {asked} cases differ, more than 0.5 %"
    );
}

fn close(ours: Decimal, theirs: Decimal) -> bool {
    (ours - theirs).abs() <= theirs.abs() * Decimal::new(1, 9)
}
