//! The catalogue that comes with the program.

use rust_decimal::Decimal;
use std::collections::BTreeSet;
use tekton_budget::core::price::{ModelTier, ServiceTier, Unit};
use tekton_budget::core::quantity::Counts;
use tekton_budget::pricing::book::PriceBook;
use tekton_budget::pricing::catalogue::{Capabilities, Catalogue, Mode, Search, Sort, Unresolved};
use tekton_budget::pricing::cost::{cost, full_cost_usd};
use tekton_budget::pricing::provider_usage;

#[test]
fn the_bundled_catalogue_is_whole() {
    let text = include_str!("../src/pricing/catalogue/bundled.json");
    let catalogue = Catalogue::from_json(text).unwrap();
    assert_eq!(catalogue.cards(), Catalogue::embedded().cards());
    assert!(catalogue.cards().len() > 5_000);
    assert!(catalogue.price_version().starts_with("bundled-20"));
    assert_eq!(catalogue.sources().len(), 2);
    let mut names = BTreeSet::new();
    for card in catalogue.cards() {
        let name = format!("{}/{}", card.provider, card.model);
        assert!(!card.quotes.is_empty(), "{name}");
        assert!(card.quotes.iter().all(|quote| quote.source < 2), "{name}");
        assert!(!card.rates.standard.rates.is_empty(), "{name}");
        assert!(names.insert(name.clone()), "{name} twice");
        let found = catalogue.resolve(Some(&card.provider), &card.model);
        assert_eq!(
            found.map(|found| found.model.clone()),
            Ok(card.model.clone()),
            "{name}"
        );
    }
    for mode in [
        Mode::Chat,
        Mode::Embedding,
        Mode::Image,
        Mode::AudioTranscription,
        Mode::AudioSpeech,
        Mode::Realtime,
        Mode::Rerank,
    ] {
        assert!(catalogue.cards_of(mode).count() > 5, "{mode:?}");
    }
}

#[test]
fn well_known_models_are_found_where_they_are_sold() {
    let catalogue = Catalogue::embedded();
    for (provider, model, found) in [
        (None, "gpt-4o", "openai/gpt-4o"),
        (None, "gpt-5", "openai/gpt-5"),
        (None, "claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
        (
            None,
            "anthropic/claude-sonnet-4-5",
            "anthropic/claude-sonnet-4-5",
        ),
        (None, "gemini-2.5-pro", "google/gemini-2.5-pro"),
        (
            Some("vertex_ai"),
            "gemini-2.5-pro",
            "vertex_ai/gemini-2.5-pro",
        ),
        (Some("azure"), "gpt-4o", "azure/gpt-4o"),
        (
            Some("aws"),
            "amazon.nova-micro-v1:0",
            "bedrock/amazon.nova-micro-v1:0",
        ),
        (
            None,
            "text-embedding-3-small",
            "openai/text-embedding-3-small",
        ),
        (None, "whisper-1", "openai/whisper-1"),
        (None, "grok-4.3", "xai/grok-4.3"),
        (None, "deepseek-flash", "deepseek/deepseek-flash"),
    ] {
        let card = catalogue.resolve(provider, model).unwrap();
        assert_eq!(format!("{}/{}", card.provider, card.model), found);
        assert_eq!(card.tier, ModelTier::RemoteHeavyweight);
    }
    for model in ["gpt-4o-turbo-max", "claude", "gemini"] {
        let unknown = catalogue.resolve(None, model);
        assert!(matches!(unknown, Err(Unresolved::Unknown)), "{model}");
    }
    let shared = catalogue.resolve(None, "meta-llama/Llama-3.3-70B-Instruct");
    assert!(
        matches!(shared, Err(Unresolved::Ambiguous { .. })),
        "{shared:?}"
    );
}

#[test]
fn a_providers_usage_costs_what_its_price_list_says() {
    let book = PriceBook::default();
    let price = book
        .price_at(
            Some("anthropic"),
            "claude-sonnet-4-5",
            book.catalogue().date(),
        )
        .unwrap();
    assert_eq!(price.sources().len(), 2);
    let usage = serde_json::json!({"input_tokens": 1_000, "cache_read_input_tokens": 10_000,
        "cache_creation_input_tokens": 2_000, "output_tokens": 500,
        "cache_creation": {"ephemeral_5m_input_tokens": 1_000, "ephemeral_1h_input_tokens": 1_000}});
    let taken = provider_usage::parse(Some("anthropic"), None, &usage).unwrap();
    // 3, 0.3, 3.75, 6 and 15 dollars a million.
    let usd = full_cost_usd(price.rates, &taken.counts, ServiceTier::Standard).unwrap();
    assert_eq!(usd.to_string(), "0.02325");
    let half = full_cost_usd(price.rates, &taken.counts, ServiceTier::Batch).unwrap();
    assert_eq!(half.amount() * Decimal::TWO, usd.amount());
}

#[test]
fn what_a_model_does_not_sell_is_unpriced() {
    let catalogue = Catalogue::embedded();
    let card = catalogue.resolve(None, "text-embedding-3-small").unwrap();
    let counts = Counts {
        input_tokens: 5,
        seconds: 9,
        ..Counts::default()
    };
    let whole = cost(&card.rates, &counts, ServiceTier::Standard);
    assert_eq!(whole.unpriced, [Unit::Second]);
}

#[test]
fn models_are_searched() {
    let catalogue = Catalogue::embedded();
    let search = Search {
        query: Some("CLAUDE sonnet"),
        provider: Some("anthropic"),
        ..Search::default()
    };
    let found = catalogue.search(&search);
    assert!(!found.is_empty());
    assert!(found.iter().all(|card| card.model.contains("sonnet")));
    let search = Search {
        mode: Some(Mode::Chat),
        max_input_price: Some(Decimal::new(5, 1)),
        min_context: Some(200_000),
        needs: Capabilities {
            tools: true,
            vision: true,
            reasoning: false,
        },
        sort: Sort::InputPrice,
        ..Search::default()
    };
    let found = catalogue.search(&search);
    let input = |at: usize| found[at].rates.standard.rates[&Unit::Input];
    assert!(found.len() > 10);
    assert!((1..found.len()).all(|at| input(at - 1) <= input(at)));
    assert!(input(found.len() - 1) <= Decimal::new(5, 1));
    assert!(found.iter().all(|card| card.capabilities.vision));
    let local = Search {
        tier: Some(ModelTier::LocalLightweight),
        ..Search::default()
    };
    let local = catalogue.search(&local);
    assert!(!local.is_empty());
    assert!(
        local
            .iter()
            .all(|card| &*card.provider == "ollama" || &*card.provider == "lemonade")
    );
    let nothing = Search {
        query: Some("no such model anywhere"),
        ..Search::default()
    };
    assert!(catalogue.search(&nothing).is_empty());
}
