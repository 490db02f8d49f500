use super::*;
use crate::core::price::{ServiceTier, Unit};
use crate::core::price_change::Evidence;
use jiff::SignedDuration;

mod declined;
mod dropped;
mod honest;
mod laws;
mod poisoned;
mod room;

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// A price in the standard tier: `input 2.5 output 10`.
fn price(text: &str) -> Arc<Rates> {
    let mut rates = Rates::default();
    let words: Vec<_> = text.split_whitespace().collect();
    for pair in words.chunks(2) {
        let (name, rate) = (pair[0], pair[1].parse().unwrap());
        let (tier, name) = name.split_once('.').unwrap_or(("standard", name));
        let unit: Unit = serde_json::from_value(name.into()).unwrap();
        match tier {
            "standard" => rates.standard.rates.insert(unit, rate),
            "batch" => {
                let batch = rates.service_tiers.entry(ServiceTier::Batch).or_default();
                batch.rates.insert(unit, rate)
            }
            tier => panic!("no tier {tier}"),
        };
    }
    Arc::new(rates)
}

fn quote(source: &str, weight: &str, text: &str) -> Quote {
    Quote {
        source: source.into(),
        weight: weight.parse().unwrap(),
        fetched_at: now() - SignedDuration::from_hours(1),
        content: Digest(7),
        rates: price(text),
    }
}

fn bundled(text: &str) -> Standing {
    let past = "2026-01-01T00:00:00Z".parse().unwrap();
    Standing {
        apart: std::collections::BTreeMap::new(),
        version: 0,
        present: Some((price(text), PriceStatus::Bundled)),
        past: vec![(past, price(text))],
        anew: BTreeMap::new(),
        gone: BTreeMap::new(),
        said: Vec::new(),
        of_its_model: false,
        model_moves_to: None,
        waiting: false,
        declined: Vec::new(),
    }
}

/// A person turns a change down.
fn turn_down(standing: &mut Standing, hold: &Holding) {
    let before = standing.present.as_ref();
    let evidence = Evidence::behind(hold.rule, before.is_some());
    let turned_down = TurnedDown {
        before: before
            .map(|(rates, _)| points::points(rates))
            .unwrap_or_default(),
        after: points::points(&hold.rates),
        evidence,
    };
    standing.declined.push(turned_down);
}

fn verified(text: &str) -> Standing {
    let mut standing = bundled(text);
    standing.present = Some((price(text), PriceStatus::Verified));
    standing
}

fn subject(standing: &Standing) -> Subject<'_> {
    Subject {
        provider: "openai",
        model: "gpt-x",
        standing,
        peers: &[],
        now: now(),
    }
}

fn judged(standing: &Standing, quotes: &[Quote]) -> Judgement {
    verify(&subject(standing), quotes)
}

fn applied(judgement: &Judgement) -> Option<&Rates> {
    judgement.apply.as_ref().map(|apply| &*apply.rates)
}

fn held(judgement: &Judgement) -> Option<PriceRule> {
    judgement.hold.as_ref().map(|hold| hold.rule)
}

fn vote(judgement: &Judgement, source: &str) -> (Vote, Option<PriceRule>) {
    let quote = judgement.quotes.iter().find(|quote| quote.source == source);
    quote.map(|quote| (quote.vote, quote.against)).unwrap()
}

const OLD: &str = "input 2.5 output 10";
