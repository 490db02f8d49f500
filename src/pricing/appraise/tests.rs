use super::*;
use crate::core::price::{PriceStatus, Unit};
use crate::core::price_change::PriceApplied;
use crate::core::state::AppliedPrice;
use crate::pricing::book::Applied;
use crate::pricing::catalogue::Catalogue;
use crate::pricing::identity::place;
use crate::pricing::sources::{Source, llm_prices, models_dev, openrouter};
use jiff::civil::Date;

const DAY: Date = Date::constant(2026, 11, 24);

fn now() -> Timestamp {
    "2026-11-24T08:00:00Z".parse().unwrap()
}

fn witness(name: &str, source: &dyn Source, body: &str) -> Witness {
    of_catalogue(&Catalogue::default(), name, source, body)
}

fn listed(name: &str, source: &dyn Source, body: &str) -> Witness {
    of_catalogue(&Catalogue::embedded(), name, source, body)
}

fn of_catalogue(catalogue: &Catalogue, name: &str, source: &dyn Source, body: &str) -> Witness {
    let listing = source.parse(body.as_bytes(), DAY).unwrap();
    let (placed, apart) = place(catalogue, &listing, DAY).unwrap();
    assert!(apart.is_empty());
    Witness {
        source: name.into(),
        weight: source.declaration().weight,
        tense: source.declaration().tense,
        fetched_at: now(),
        content: Digest::of(body.as_bytes()),
        placed: placed.into(),
    }
}

#[test]
fn the_words_of_all_sources_are_put_side_by_side() {
    let model = r#"{"xai": {"models": {"grok-x": {"cost": {"input": 2, "output": 10}}, "alone": {"cost": {"input": 1, "output": 4}}}}}"#;
    let row = r#"{"id": "grok-x", "vendor": "xai", "name": "Grok X", "input": 2, "output": 10}"#;
    let witnesses = [
        witness("models_dev", &models_dev::ModelsDev, model),
        witness(
            "llm_prices",
            &llm_prices::Current,
            &format!(r#"{{"prices": [{row}]}}"#),
        ),
    ];
    let book = PriceBook::new(Arc::default());
    let appraisal = appraise(&book, &witnesses, &BTreeSet::new(), now());
    assert_eq!(appraisal.counts.models, 2);
    assert_eq!(
        (appraisal.counts.verified, appraisal.counts.single_source),
        (1, 1)
    );
    let models: Vec<_> = appraisal.proposals.iter().map(|one| &*one.model).collect();
    assert_eq!(models, ["alone", "grok-x"]);
    assert_eq!(appraisal.shares["models_dev"].models, 2);
    assert_eq!(
        appraisal.shares["llm_prices"],
        Share {
            models: 1,
            applied: 1,
            held_back: 0,
            left_out: 0
        }
    );
    let again = appraise(&book, &witnesses, &BTreeSet::new(), now());
    assert_eq!(again.proposals, appraisal.proposals);
}

/// What is decided of each model: its name, and the input that is applied or waits.
fn decided(book: &PriceBook, witnesses: &[Witness]) -> Vec<(String, Option<String>, bool)> {
    let appraisal = appraise(book, witnesses, &BTreeSet::new(), now());
    let proposals = appraisal.proposals.into_iter();
    let decided = proposals.map(|one| {
        let applied = one
            .apply
            .map(|apply| apply.rates.standard.rates[&Unit::Input].to_string());
        (one.model, applied, one.hold.is_some())
    });
    decided.collect()
}

#[test]
fn a_state_is_held_against_the_price_of_its_model() {
    const STATE: &str = "gpt-4o-2027-01-01";
    let book = || PriceBook::new(Catalogue::embedded());
    let dev = |model: &str, state: &str| {
        let body = format!(
            r#"{{"openai": {{"models": {{"gpt-4o": {{"cost": {model}}}, "{STATE}": {{"cost": {state}}}}}}}}}"#
        );
        listed("models_dev", &models_dev::ModelsDev, &body)
    };
    let prices = |model: &str, state: &str| {
        let row = |name: &str, cost: &str| {
            format!(
                r#"{{"id": "{name}", "vendor": "openai", "name": "G", {}}}"#,
                cost.trim_matches(['{', '}'])
            )
        };
        let body = format!(
            r#"{{"prices": [{}, {}]}}"#,
            row("gpt-4o", model),
            row(STATE, state)
        );
        listed("llm_prices", &llm_prices::Current, &body)
    };
    let (own, cut, slip) = (
        r#"{"input": 2.5, "output": 10}"#,
        r#"{"input": 5, "output": 20}"#,
        r#"{"input": 0.05, "output": 0.2}"#,
    );
    let of_state = |book: &PriceBook, witnesses: &[Witness]| {
        let mut decided = decided(book, witnesses);
        decided.retain(|(model, ..)| model == STATE);
        decided
    };
    assert_eq!(of_state(&book(), &[dev(own, own), prices(own, own)]), []);
    let alone = of_state(&book(), &[dev(own, cut), prices(own, own)]);
    assert_eq!(alone, [(STATE.to_owned(), None, true)], "two lists differ");
    let slipped = of_state(&book(), &[dev(own, slip), prices(own, own)]);
    assert!(
        slipped.iter().all(|(_, applied, _)| applied.is_none()),
        "{slipped:?}"
    );
    // Two lists confirm it, and say nothing of the rest of its model's price, which stays.
    let witnesses = [dev(own, cut), prices(own, cut)];
    let both = appraise(&book(), &witnesses, &BTreeSet::new(), now());
    let both = both
        .proposals
        .into_iter()
        .find(|one| one.model == STATE)
        .unwrap();
    let rates = both.apply.unwrap().rates;
    let of_model = book()
        .standing("openai", "gpt-4o", now())
        .present
        .unwrap()
        .0;
    assert_eq!(rates.standard.rates[&Unit::Input].to_string(), "5");
    assert_eq!(
        rates.standard.rates.get(&Unit::WebSearch),
        of_model.standard.rates.get(&Unit::WebSearch)
    );
}

#[test]
fn an_honest_list_alone_names_first_prices_whatever_it_does_not_know() {
    let priced = (0..30).map(|n| format!(r#""m-{n}": {{"cost": {{"input": 1, "output": 4}}}}"#));
    let free = (0..20).map(|n| format!(r#""z-{n}": {{"cost": {{"input": 0, "output": 0}}}}"#));
    let slipped =
        (0..6).map(|n| format!(r#""s-{n}": {{"cost": {{"input": 3000, "output": 12000}}}}"#));
    let models: Vec<_> = priced.chain(free).chain(slipped).collect();
    let models = format!(r#"{{"xai": {{"models": {{{}}}}}}}"#, models.join(", "));
    let witnesses = [witness("models_dev", &models_dev::ModelsDev, &models)];
    let book = PriceBook::new(Arc::default());
    let appraisal = appraise(&book, &witnesses, &BTreeSet::new(), now());
    assert_eq!(appraisal.counts.single_source, 30);
    assert_eq!(
        (appraisal.counts.held_back, appraisal.counts.rejected),
        (0, 26)
    );
    let expected = Votes {
        rejected: 6,
        undecided: 30,
        ..Votes::default()
    };
    assert_eq!(appraisal.votes["models_dev"], expected);
}

#[test]
fn only_so_many_changes_wait_and_those_of_known_models_first() {
    let names = || (0..5_010).map(|n| format!("m-{n:04}"));
    let dev = names().map(|name| format!(r#""{name}": {{"cost": {{"input": 1, "output": 4}}}}"#));
    let dev = dev.collect::<Vec<_>>().join(", ");
    let dev = format!(
        r#"{{"aaa": {{"models": {{{dev}}}}}, "openai": {{"models": {{"gpt-4o": {{"cost": {{"input": 2, "output": 8}}}}}}}}}}"#
    );
    let rows = names().map(|name| {
        format!(r#"{{"id": "{name}", "vendor": "aaa", "name": "M", "input": 2, "output": 8}}"#)
    });
    let rows = rows.collect::<Vec<_>>().join(", ");
    let witnesses = [
        listed("models_dev", &models_dev::ModelsDev, &dev),
        listed(
            "llm_prices",
            &llm_prices::Current,
            &format!(r#"{{"prices": [{rows}]}}"#),
        ),
    ];
    let book = PriceBook::new(Catalogue::embedded());
    let first = appraise(&book, &witnesses, &BTreeSet::new(), now());
    assert_eq!((first.counts.held_back, first.no_room), (5_000, 11));
    assert_eq!(first.counts.unchanged, 11);
    assert_eq!(first.shares["models_dev"].left_out, 11);
    let waiting: BTreeSet<Canonical> = first
        .proposals
        .into_iter()
        .map(|one| Canonical {
            provider: one.provider,
            model: one.model,
        })
        .collect();
    assert!(waiting.iter().any(|model| model.model == "gpt-4o"));
    // What waits goes on to, and of the others no more do than before.
    let again = appraise(&book, &witnesses, &waiting, now());
    assert_eq!((again.counts.held_back, again.no_room), (5_000, 11));
    let decided = waiting.into_iter().skip(4).collect();
    let later = appraise(&book, &witnesses, &decided, now());
    assert_eq!((later.counts.held_back, later.no_room), (5_000, 11));
}

#[test]
fn history_is_taken_in_and_has_no_vote() {
    let rows = r#"{"prices": [
        {"id": "grok-x", "vendor": "xai", "name": "X", "input": 3, "output": 15, "from_date": null, "to_date": "2026-03-01"},
        {"id": "grok-x", "vendor": "xai", "name": "X", "input": 2, "output": 10, "from_date": "2026-03-01", "to_date": null}]}"#;
    let witnesses = [witness("past", &llm_prices::Historical, rows)];
    let appraisal = appraise(
        &PriceBook::new(Arc::default()),
        &witnesses,
        &BTreeSet::new(),
        now(),
    );
    assert_eq!(appraisal.counts.models, 0);
    let [history] = &*appraisal.history else {
        panic!("{:?}", appraisal.history);
    };
    let prices = &history.prices;
    assert_eq!(prices.len(), 1, "what holds now is not history");
    assert_eq!(prices[0].from, Timestamp::UNIX_EPOCH);
    assert_eq!(prices[0].until.to_string(), "2026-03-01T00:00:00Z");
}

#[test]
fn what_waits_is_looked_at_even_if_no_source_says_it_any_more() {
    let waiting = BTreeSet::from([Canonical {
        provider: "xai".to_owned(),
        model: "gone".to_owned(),
    }]);
    let other =
        r#"{"data": [{"id": "x/y", "pricing": {"prompt": "0.000001", "completion": "0.000004"}}]}"#;
    let witnesses = [witness("openrouter", &openrouter::OpenRouter, other)];
    let appraisal = appraise(&PriceBook::new(Arc::default()), &witnesses, &waiting, now());
    let gone = appraisal
        .proposals
        .iter()
        .find(|one| one.model == "gone")
        .unwrap();
    assert!(
        gone.apply.is_none() && gone.hold.is_none(),
        "it is withdrawn"
    );
}

#[test]
fn a_word_without_a_voice_does_not_tell_a_state_from_its_model() {
    let dev = |name: &str, model: &str, cost: &str| {
        let body = format!(r#"{{"openai": {{"models": {{"{model}": {{"cost": {cost}}}}}}}}}"#);
        listed(name, &models_dev::ModelsDev, &body)
    };
    let cut = r#"{"input": 2, "output": 8}"#;
    let two = || {
        vec![
            dev("dated", "gpt-4o-2027-01-01", cut),
            dev("plain", "gpt-4o", cut),
        ]
    };
    let before = r#"{"input": 2.5, "output": 10}"#;
    let mut stale = dev("stale", "gpt-4o", before);
    stale.fetched_at -= jiff::SignedDuration::from_hours(9 * 24);
    let mut stale_of_another = dev("stale", "gpt-4o-2027-02-01", before);
    stale_of_another.fetched_at = stale.fetched_at;
    let history = r#"{"prices": [{"id": "gpt-4o", "vendor": "openai", "name": "G", "input": 2.5, "output": 10, "from_date": null, "to_date": null}]}"#;
    let others = [
        None,
        Some(stale),
        Some(stale_of_another),
        Some(dev("zero", "gpt-4o", r#"{"input": 0, "output": 0}"#)),
        Some(dev(
            "slip",
            "gpt-4o",
            r#"{"input": 0.0025, "output": 0.01}"#,
        )),
        Some(listed("past", &llm_prices::Historical, history)),
    ];
    for other in others {
        let told = format!("{other:?}");
        let mut witnesses = two();
        witnesses.extend(other);
        let mut decided = decided(&PriceBook::new(Catalogue::embedded()), &witnesses);
        decided.retain(|(model, ..)| model.starts_with("gpt-4o"));
        let expected = ("gpt-4o".to_owned(), Some("2".to_owned()), false);
        assert_eq!(decided, [expected], "{told}");
    }
    let mut differ = two();
    differ.push(dev("fresh", "gpt-4o", before));
    let differ = decided(&PriceBook::new(Catalogue::embedded()), &differ);
    assert!(differ.iter().all(|(_, applied, _)| applied.is_none()));
}

#[test]
fn the_steps_of_a_state_are_bound_from_the_price_of_its_model_on() {
    const STATE: &str = "gpt-4o-2027-01-01";
    let said = |model: &str, input: i64| {
        let dev = format!(
            r#"{{"openai": {{"models": {{"gpt-4o": {{"cost": {{"input": 2.5, "output": 10}}}}, "{model}": {{"cost": {{"input": {input}, "output": {}}}}}}}}}}}"#,
            4 * input
        );
        ["one", "other"].map(|name| listed(name, &models_dev::ModelsDev, &dev))
    };
    let judged = |book: &PriceBook, input: i64, day: i64| {
        let now = now() + jiff::SignedDuration::from_hours(24 * day);
        let mut said = said(STATE, input);
        for one in &mut said {
            one.fetched_at = now;
        }
        let all = appraise(book, &said, &BTreeSet::new(), now).proposals;
        all.into_iter().find(|one| one.model == STATE)
    };
    let mut book = PriceBook::new(Catalogue::embedded());
    let first = judged(&book, 12, 0).unwrap();
    assert!(first.hold.is_none());
    book.apply(carried_out(&first, 1));
    let second = judged(&book, 55, 1).unwrap();
    assert!(second.apply.is_none());
    assert_eq!(second.hold.unwrap().rule, PriceRule::DriftTooLarge);
}

/// A proposal as the ledger applies it.
fn carried_out(proposal: &PriceProposal, version: u64) -> Applied {
    let apply = proposal.apply.clone().unwrap();
    Applied {
        version: format!("price-{version}"),
        price: AppliedPrice {
            version,
            price: Arc::new(PriceApplied {
                provider: proposal.provider.clone(),
                model: proposal.model.clone(),
                rates: apply.rates,
                effective_from: proposal.effective_from,
                status: apply.status,
                apart: apply.apart,
                rule: apply.rule,
                quotes: proposal.quotes.clone(),
            }),
            applied_at: proposal.effective_from,
            review: None,
        },
    }
}

/// What two lists say of a model and of two of its states, of which the last is in one of them only.
fn of_a_model_and_its_states(model: &str, states: [&str; 2]) -> [Witness; 2] {
    let cost = |input: &str| {
        let output = input.parse::<Decimal>().unwrap() * Decimal::from(4);
        format!(r#"{{"cost": {{"input": {input}, "output": {output}}}}}"#)
    };
    let body = |alone: &str| {
        let (model, kept) = (cost(model), cost(states[0]));
        let states = format!(r#""gpt-4o-2027-01-01": {kept}{alone}"#);
        format!(r#"{{"openai": {{"models": {{"gpt-4o": {model}, {states}}}}}}}"#)
    };
    let alone = format!(r#", "gpt-4o-2027-02-02": {}"#, cost(states[1]));
    let said = |name: &str, alone: &str| listed(name, &models_dev::ModelsDev, &body(alone));
    [said("one", &alone), said("other", "")]
}

#[test]
fn a_state_keeps_its_price_in_the_refresh_in_which_its_model_moves() {
    let book = PriceBook::new(Catalogue::embedded());
    let mut cheaper_than_before = of_a_model_and_its_states("1.25", ["2.5", "2.5"]);
    for cut in ["1.25", "0.25"] {
        let said = of_a_model_and_its_states(cut, ["2.5", "2.5"]);
        let appraisal = appraise(&book, &said, &BTreeSet::new(), now());
        let all = &appraisal.proposals;
        let names: Vec<_> = all.iter().map(|one| &*one.model).collect();
        // The state's comes first.
        assert_eq!(
            names,
            ["gpt-4o-2027-01-01", "gpt-4o", "gpt-4o-2027-02-02"],
            "{cut}"
        );
        let before = book.standing("openai", "gpt-4o", now()).present.unwrap().0;
        let kept = all[0].apply.as_ref().unwrap();
        assert_eq!(kept.rates, before);
        assert_eq!(
            (kept.status, kept.rule),
            (PriceStatus::Verified, PriceRule::Quorum)
        );
        assert!(all[0].hold.is_none());
        // One list alone does not keep the other: what waits says what it is charged at from now on.
        let (moved, waits) = (all[1].apply.as_ref().unwrap(), &all[2]);
        assert_eq!(waits.present.as_ref(), Some(&moved.rates), "{cut}");
        assert_eq!(waits.hold.as_ref().unwrap().rule, PriceRule::NoQuorum);
        assert!(waits.apply.is_none());
        assert_eq!(
            (appraisal.counts.verified, appraisal.counts.held_back),
            (2, 1)
        );
    }
    let [one, _] = &mut cheaper_than_before;
    one.fetched_at -= jiff::SignedDuration::from_hours(9 * 24);
    let stale = appraise(&book, &cheaper_than_before, &BTreeSet::new(), now());
    assert!(stale.proposals.iter().all(|one| one.apply.is_none()));
}

#[test]
fn a_state_that_all_cut_with_its_model_needs_no_price_of_its_own() {
    let book = PriceBook::new(Catalogue::embedded());
    let said = of_a_model_and_its_states("1.25", ["1.25", "1.25"]);
    let both = decided(&book, &said);
    let model = ("gpt-4o".to_owned(), Some("1.25".to_owned()), false);
    assert_eq!(both, std::slice::from_ref(&model));
    // Another cut is held against what it was charged at.
    let said = of_a_model_and_its_states("1.25", ["2", "1.25"]);
    let other = ("gpt-4o-2027-01-01".to_owned(), Some("2".to_owned()), false);
    assert_eq!(decided(&book, &said), [other, model]);
}

/// So many of other sources' as it likes, but not of one.
#[test]
fn one_source_alone_names_only_so_many_models_that_nobody_else_knows() {
    let says = |names: std::ops::Range<usize>| {
        let models =
            names.map(|n| format!(r#""m-{n:05}": {{"cost": {{"input": 1, "output": 4}}}}"#));
        let models = models.collect::<Vec<_>>().join(", ");
        format!(r#"{{"aaa": {{"models": {{{models}}}}}}}"#)
    };
    let mut book = PriceBook::new(Catalogue::embedded());
    let many = listed("models_dev", &models_dev::ModelsDev, &says(0..10_003));
    let first = appraise(&book, std::slice::from_ref(&many), &BTreeSet::new(), now());
    assert_eq!((first.counts.single_source, first.too_many), (10_000, 3));
    assert_eq!(first.shares["models_dev"].left_out, 3);
    for (version, proposal) in (1..).zip(first.proposals) {
        let applying = proposal.apply.unwrap();
        let price = PriceApplied {
            provider: proposal.provider,
            model: proposal.model,
            rates: applying.rates,
            effective_from: now(),
            status: applying.status,
            apart: applying.apart,
            rule: applying.rule,
            quotes: proposal.quotes,
        };
        let price = AppliedPrice {
            version,
            applied_at: now(),
            price: Arc::new(price),
            review: None,
        };
        let version = format!("v{version}");
        book.apply(Applied { version, price });
    }
    // Others are known by other sources, and by two.
    let dev = listed("models_dev", &models_dev::ModelsDev, &says(3..10_007));
    let row = |n: usize| {
        format!(r#"{{"id": "m-{n}", "vendor": "aaa", "name": "M", "input": 1, "output": 4}}"#)
    };
    let rows = format!(r#"{{"prices": [{}, {}]}}"#, row(10_003), row(10_007));
    let other = listed("llm_prices", &llm_prices::Current, &rows);
    let next = appraise(&book, &[dev, other], &BTreeSet::new(), now());
    let counts = (next.counts.verified, next.counts.single_source);
    assert_eq!((counts, next.too_many), ((1, 3 + 1), 3));
    let again = appraise(&book, &[many], &BTreeSet::new(), now());
    assert_eq!((again.counts.unchanged, again.too_many), (10_000, 3));
    // What it names no more leaves room.
    let dev = listed("models_dev", &models_dev::ModelsDev, &says(20_000..20_004));
    let clean = appraise(&book, &[dev], &BTreeSet::new(), now());
    assert_eq!((clean.counts.single_source, clean.too_many), (4, 0));
}
