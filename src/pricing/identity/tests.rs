use super::*;
use crate::core::price::{ServiceTier, Unit};
use crate::pricing::catalogue::card::bare as card;
use crate::pricing::points::{Points, points};
use crate::pricing::sources::{Listing, Offer};
use jiff::civil::Date;
use rust_decimal::Decimal;

fn catalogue() -> Catalogue {
    let mut opus = card("anthropic", "claude-opus-4-0");
    opus.aliases.push("claude-opus-4-20250514".into());
    let cards = vec![
        opus,
        card("anthropic", "claude-3-7-sonnet-latest"),
        card("anthropic", "claude-haiku-4-5"),
        card("azure", "eu/gpt-4o"),
        card("azure", "gpt-4o"),
        card("bedrock", "anthropic.claude-opus-4-6-v1"),
        card("bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0"),
        card("bedrock", "eu.anthropic.claude-haiku-4-5-20251001-v1:0"),
        card("dashscope", "qwen-max"),
        card("google", "gemini-2.5-pro"),
        card("minimax", "MiniMax-M2"),
        card("mistral", "mistral-large-latest"),
        card("openai", "gpt-4o"),
        card("openai", "gpt-4o-2024-05-13"),
        card("openrouter", "openai/gpt-4o"),
        card("vertex_ai", "claude-opus-4-6"),
        card("vertex_ai", "gemini-2.5-pro"),
    ];
    Catalogue::new("test", jiff::Timestamp::UNIX_EPOCH, vec![], cards)
}

fn meant(seller: &str, name: &str) -> (String, Rule) {
    let found = identify(&catalogue(), seller, name).unwrap();
    (found.canonical.to_string(), found.rule)
}

fn all_mean(names: &[(&str, &str, &str, Rule)]) {
    for (seller, name, canonical, rule) in names {
        let expected = ((*canonical).to_owned(), *rule);
        assert_eq!(meant(seller, name), expected, "{seller} {name}");
    }
}

#[test]
fn names_of_sources_mean_one_model_by_a_rule() {
    let rules = [
        ("openai", "gpt-4o", "openai/gpt-4o", Rule::SameName),
        ("OpenAI", "GPT-4o", "openai/gpt-4o", Rule::OtherCase),
        (
            "openai",
            "openai/gpt-4o",
            "openai/gpt-4o",
            Rule::ProviderInFront,
        ),
        (
            "openrouter",
            "openai/gpt-4o",
            "openrouter/openai/gpt-4o",
            Rule::SameName,
        ),
        ("azure", "eu/gpt-4o", "azure/eu/gpt-4o", Rule::SameName),
        (
            "openai",
            "gpt-4o-20240513",
            "openai/gpt-4o-2024-05-13",
            Rule::DateOtherWay,
        ),
        (
            "openai",
            "gpt-4o-2026-10-01",
            "openai/gpt-4o",
            Rule::DateLeftOut,
        ),
        (
            "anthropic",
            "claude-opus-4-20250514",
            "anthropic/claude-opus-4-0",
            Rule::OtherName,
        ),
        (
            "anthropic",
            "claude-3-7-sonnet",
            "anthropic/claude-3-7-sonnet-latest",
            Rule::LatestAdded,
        ),
        (
            "anthropic",
            "claude-haiku-4-5-latest",
            "anthropic/claude-haiku-4-5",
            Rule::LatestLeftOut,
        ),
        (
            "mistral",
            "mistral-large",
            "mistral/mistral-large-latest",
            Rule::LatestAdded,
        ),
    ];
    all_mean(&rules);
    for name in ["Claude 4.5 Haiku", "anthropic/claude-4.5-haiku"] {
        let (canonical, rule) = meant("anthropic", name);
        assert_eq!(canonical, "anthropic/claude-haiku-4-5");
        assert!(matches!(rule, Rule::Alias(_)));
    }
}

#[test]
fn a_state_is_one_of_the_model_that_is_known_by_an_alias_or_as_its_latest() {
    let (haiku, sonnet) = (
        "anthropic/claude-haiku-4-5",
        "anthropic/claude-3-7-sonnet-latest",
    );
    all_mean(&[
        (
            "anthropic",
            "claude-haiku-4.5-20290101",
            haiku,
            Rule::DateLeftOut,
        ),
        (
            "claude",
            "anthropic/claude-4.5-haiku@2029-01-01",
            haiku,
            Rule::DateLeftOut,
        ),
        (
            "anthropic",
            "claude-haiku-4.5-Latest",
            haiku,
            Rule::LatestLeftOut,
        ),
        (
            "anthropic",
            "claude-3-7-sonnet-20250219",
            sonnet,
            Rule::DateLeftOut,
        ),
        (
            "anthropic",
            "claude-3.7-sonnet-20250219",
            sonnet,
            Rule::DateLeftOut,
        ),
        (
            "anthropic",
            "claude-3.7-sonnet-latest",
            sonnet,
            Rule::OtherName,
        ),
    ]);
    let listing = Listing {
        offers: ["claude-haiku-4.5-20290101", "claude-3-7-sonnet-20250219"]
            .map(|name| Offer {
                provider: "anthropic".to_owned(),
                ..offer(name, 2)
            })
            .into(),
        skipped: vec![],
        ..Listing::default()
    };
    let (placed, _) = place(&catalogue(), &listing, Date::constant(2026, 11, 24)).unwrap();
    let told = placed.iter().map(|one| {
        let of = one.state_of.as_ref().map(|of| &*of.canonical.model);
        (&*one.meant.canonical.model, of)
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (
                "claude-3-7-sonnet-2025-02-19",
                Some("claude-3-7-sonnet-latest")
            ),
            ("claude-haiku-4-5-2029-01-01", Some("claude-haiku-4-5")),
        ]
    );
}

#[test]
fn ids_of_clouds_and_names_on_pages_mean_one_model_by_a_rule() {
    all_mean(&[
        (
            "amazon-bedrock",
            "anthropic.claude-opus-4-6-v1:0",
            "bedrock/anthropic.claude-opus-4-6-v1",
            Rule::FirstRevision,
        ),
        (
            "aws",
            "anthropic.claude-haiku-4-5-20251001-v1",
            "bedrock/anthropic.claude-haiku-4-5-20251001-v1:0",
            Rule::FirstRevision,
        ),
        (
            "amazon-bedrock",
            "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            "bedrock/eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            Rule::SameName,
        ),
        (
            "google-vertex",
            "claude-opus-4-6@default",
            "vertex_ai/claude-opus-4-6",
            Rule::Frame,
        ),
        (
            "google-vertex-anthropic",
            "claude-opus-4-6",
            "vertex_ai/claude-opus-4-6",
            Rule::SameName,
        ),
        (
            "google",
            "models/gemini-2.5-pro",
            "google/gemini-2.5-pro",
            Rule::Frame,
        ),
        (
            "vertex",
            "publishers/google/models/gemini-2.5-pro",
            "vertex_ai/gemini-2.5-pro",
            Rule::Frame,
        ),
        ("alibaba", "qwen-max", "dashscope/qwen-max", Rule::SameName),
        (
            "minimax",
            "minimax-m2",
            "minimax/MiniMax-M2",
            Rule::OtherCase,
        ),
        (
            "Mistral",
            "Mistral Large Latest",
            "mistral/mistral-large-latest",
            Rule::SameName,
        ),
        ("xai", "Grok-9", "xai/grok-9", Rule::NotInCatalogue),
        ("xai", "xai/Grok-9", "xai/grok-9", Rule::NotInCatalogue),
    ]);
}

#[test]
fn regions_and_look_alikes_are_models_of_their_own() {
    for (seller, name) in [
        ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("bedrock", "us-gov-west-1/anthropic.claude-opus-4-6-v1"),
        ("azure", "us/gpt-4o"),
        ("openai", "gpt-4o-mini"),
        ("openai", "gpt-4"),
        ("openai", "gpt4o"),
        ("openai", "gpt-40"),
        ("openai", "gpt_4o"),
        ("openai", "gpt-4o:free"),
        ("openai", "azure/gpt-4o"),
        ("anthropic", "claude-opus-4.0"),
        ("google", "gemini-2-5-pro"),
        ("0penai", "gpt-4o"),
        ("open", "ai/gpt-4o"),
    ] {
        let (canonical, rule) = meant(seller, name);
        assert_eq!(rule, Rule::NotInCatalogue, "{seller} {name}: {canonical}");
    }
}

#[test]
fn names_that_could_deceive_the_eye_are_not_taken() {
    for (seller, name) in [
        ("openai", "gpt-4\u{43e}"),
        ("\u{43e}penai", "gpt-4o"),
        ("openai", "gpt\u{2011}4o"),
        ("openai", "gpt-4o\u{200b}"),
        ("openai", "\u{ff47}pt-4o"),
        ("openai", "gpt-4o\u{202e}"),
        ("openai", "gpt-4o\tmini"),
        ("openai", "gpt\0-4o"),
    ] {
        let apart = identify(&catalogue(), seller, name);
        assert_eq!(apart, Err(Apart::LooksLike), "{name:?}");
    }
    assert_eq!(identify(&catalogue(), "openai", "  "), Err(Apart::Empty));
}

#[test]
fn every_alias_has_a_reason_and_means_a_bundled_model() {
    let bundled = Catalogue::embedded();
    for alias in alias::ALIASES {
        let found = bundled.resolve_spelled(Some(alias.provider), alias.model);
        let (card, spelling) = found.unwrap();
        assert_eq!((&*card.model, spelling), (alias.model, Spelling::AsIs));
        let told = identify(&bundled, alias.seller, alias.name).unwrap();
        assert_eq!(told.rule, Rule::Alias(alias.reason));
        let told = told.to_string();
        assert!(
            told.contains(alias.reason) && told.contains(alias.model),
            "{told}"
        );
    }
}

fn offer(model: &str, input: i64) -> Offer {
    let mut offer = Offer {
        provider: "openai".to_owned(),
        model: model.to_owned(),
        ..Offer::default()
    };
    offer
        .sheet
        .state(ServiceTier::Standard, 0, Unit::Input, Decimal::from(input));
    offer
}

/// What all sources say by a name.
fn all_told(sources: &[&[Placed]], name: &Canonical) -> Vec<Points> {
    let all = sources.iter().copied().flatten();
    let named = all.filter(|placed| placed.meant.canonical == *name);
    named
        .filter_map(|placed| Some(points(placed.rates.as_ref()?)))
        .collect()
}

fn placed(offers: Vec<Offer>) -> (Vec<String>, usize) {
    let listing = Listing {
        offers,
        skipped: vec![],
        ..Listing::default()
    };
    let (placed, apart) = place(&catalogue(), &listing, Date::constant(2026, 11, 24)).unwrap();
    let told = placed.iter().map(|one| {
        let input = one.rates.as_ref().unwrap().standard.rates[&Unit::Input];
        format!("{} {input}", one.meant.canonical)
    });
    (told.collect(), apart.len())
}

#[test]
fn the_surest_name_counts_and_a_state_keeps_its_own_name() {
    let (told, apart) = placed(vec![
        offer("gpt-4o", 3),
        offer("gpt-4o-2026-10-01", 2),
        offer("gpt-4o-2026-11-01", 3),
        offer("gpt-4o-2024-05-13", 5),
    ]);
    assert_eq!(
        told,
        [
            "openai/gpt-4o 3",
            "openai/gpt-4o-2026-10-01 2",
            "openai/gpt-4o-2026-11-01 3",
            "openai/gpt-4o-2024-05-13 5"
        ]
    );
    assert_eq!(apart, 0);
    let differing = vec![offer("gpt-4o-2026-10-01", 2), offer("gpt-4o-2026-11-01", 3)];
    let both = ["openai/gpt-4o-2026-10-01 2", "openai/gpt-4o-2026-11-01 3"];
    assert_eq!(placed(differing).0, both);
}

#[test]
fn a_flood_of_states_leaves_the_newest() {
    let day = Date::constant(2020, 1, 1);
    let days = day.series(jiff::Span::new().days(1)).take(200);
    let mut offers: Vec<_> = days.map(|day| offer(&format!("gpt-4o-{day}"), 2)).collect();
    offers.push(offer("gpt-4o-latest", 2));
    offers.push(offer("gpt-4o", 3));
    let (told, apart) = placed(offers);
    assert_eq!((told.len(), apart), (65, 137));
    assert_eq!(told[..2], ["openai/gpt-4o 3", "openai/gpt-4o-2020-05-17 2"]);
    let newest = ["openai/gpt-4o-2020-07-18 2", "openai/gpt-4o-latest 2"];
    assert_eq!(told[63..], newest);
}

#[test]
fn a_state_alone_may_be_the_model_and_says_so() {
    let listing = |names: &[(&str, i64)]| Listing {
        offers: names
            .iter()
            .map(|(name, input)| offer(name, *input))
            .collect(),
        skipped: vec![],
        ..Listing::default()
    };
    let place = |names: &[(&str, i64)]| {
        place(&catalogue(), &listing(names), Date::constant(2026, 11, 24))
            .unwrap()
            .0
    };
    let means = |sources: &[&[Placed]]| {
        let means = join(
            sources,
            |name| name.model == "gpt-4o-2026-11-01",
            |name, _| all_told(sources, name),
        );
        let found = means
            .into_iter()
            .map(|(name, found)| format!("{name}: {found}"));
        found.collect::<Vec<_>>()
    };
    let state = "gpt-4o-2026-10-01";
    let sentence = "openai/gpt-4o-2026-10-01: It means openai/gpt-4o: the date names a state of the model, which has no price of its own.";
    let (own, model) = (place(&[(state, 3)]), place(&[("gpt-4o", 3)]));
    assert_eq!(means(&[&own, &model]), [sentence]);
    let both = place(&[("gpt-4o", 3), (state, 3)]);
    assert_eq!(means(&[&own, &both]), [sentence]);
    assert_eq!(means(&[&own]), [""; 0], "nobody says what the model costs");
    let dearer = place(&[(state, 5)]);
    assert_eq!(
        means(&[&dearer, &model]),
        [""; 0],
        "it is not the model's price"
    );
    assert_eq!(
        means(&[&own, &both, &dearer]),
        [""; 0],
        "nor do all say that it is"
    );
    let another = place(&[("gpt-4o-2026-12-01", 3)]);
    assert_eq!(means(&[&own, &model, &another]), [""; 0], "one of several");
    let spelled = place(&[("gpt-4o-20261101", 3)]);
    assert_eq!(spelled[0].meant.canonical.model, "gpt-4o-2026-11-01");
    assert_eq!(
        means(&[&spelled, &model]),
        [""; 0],
        "it has a price of its own"
    );
}

#[test]
fn a_release_that_the_catalogue_does_not_know_is_one_however_its_date_is_written() {
    let listing = Listing {
        offers: [
            "grok-9-20270101",
            "grok-9@2027-01-01",
            "grok-9-2027-01-01",
            "grok-9:latest",
            "grok-9",
        ]
        .map(|name| offer(name, 2))
        .into(),
        skipped: vec![],
        ..Listing::default()
    };
    let (placed, _) = place(&catalogue(), &listing, Date::constant(2026, 11, 24)).unwrap();
    let means = |known: &str| {
        let means = join(&[&placed], |name| name.model == known, |_, _| Vec::new());
        let found = means
            .into_iter()
            .map(|(name, found)| format!("{} is {}", name.model, found.canonical.model));
        found.collect::<Vec<_>>()
    };
    assert_eq!(
        means(""),
        [
            "grok-9-20270101 is grok-9-2027-01-01",
            "grok-9:latest is grok-9-latest",
            "grok-9@2027-01-01 is grok-9-2027-01-01",
        ]
    );
    assert_eq!(
        means("grok-9-20270101"),
        [
            "grok-9-2027-01-01 is grok-9-20270101",
            "grok-9:latest is grok-9-latest",
            "grok-9@2027-01-01 is grok-9-20270101",
        ],
        "it has a price by that name"
    );
}

#[test]
fn a_source_that_contradicts_itself_has_no_word() {
    let contradicting = || vec![offer("grok-9", 2), offer("GROK-9", 3)];
    let mut beside_another = contradicting();
    beside_another.push(offer("gpt-4o", 3));
    assert_eq!(
        placed(beside_another),
        (vec!["openai/gpt-4o 3".to_owned()], 1)
    );
    // Where more is kept apart than is left, the list is not what it was.
    let listing = Listing {
        offers: contradicting(),
        ..Listing::default()
    };
    let wrong = place(&catalogue(), &listing, Date::constant(2026, 11, 24)).unwrap_err();
    assert!(wrong.to_string().contains("contradicts itself"), "{wrong}");
    assert_eq!(
        placed(vec![offer("grok-9", 2), offer("GROK-9", 2)]),
        (vec!["openai/grok-9 2".to_owned()], 0)
    );
    // The very name is surer than another case of it.
    assert_eq!(
        placed(vec![offer("GPT-4o", 9), offer("gpt-4o", 3)]),
        (vec!["openai/gpt-4o 3".to_owned()], 1)
    );
}
