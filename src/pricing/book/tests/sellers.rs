//! Whose model a name without a provider means, where more than the catalogue know it.

use super::*;
use crate::pricing::catalogue::card::bare;

const FROM: &str = "2026-11-20T00:00:00Z";
const NOW: &str = "2026-11-24T00:00:00Z";

/// The catalogue's cards have no price; a book of changed ones says whose is meant by it.
fn book(changed: &[(&str, &str, i64)]) -> PriceBook {
    let cards = [
        ("anthropic", "claude-3-opus-latest"),
        ("anthropic", "claude-sonnet-4-5"),
        ("avian", "llama-3.1"),
        ("azure", "gpt-5"),
        ("azure", "gpt-5-chat"),
        ("google", "claude-3-opus"),
        ("google", "gemini-3.1-pro-preview"),
        ("groq", "mixtral"),
        ("novita", "mixtral"),
        ("openai", "gpt-5"),
        ("openrouter", "claude-sonnet-4.5"),
        ("openrouter", "anthropic/claude-sonnet-4.5"),
        ("openrouter", "anthropic/claude-omni"),
        ("openrouter", "anthropic/claude-solo"),
        ("ovhcloud", "Qwen3-32B"),
        ("vertex_ai", "claude-3-opus"),
        ("vertex_ai", "claude-haiku-3@20240101"),
        ("vertex_ai", "gemini-9"),
        ("vercel_ai_gateway", "anthropic/claude-sonnet-4.5"),
    ];
    let cards = cards.map(|(provider, model)| bare(provider, model)).into();
    let catalogue = Catalogue::new("test", at(NOW), vec![], cards);
    let mut book = PriceBook::new(Arc::new(catalogue));
    for (version, (provider, model, input)) in (1..).zip(changed) {
        book.apply(applied(provider, model, version, FROM, *input));
    }
    book
}

fn meant(book: &PriceBook, provider: Option<&str>, model: &str) -> String {
    match book.price_at(provider, model, at(NOW)) {
        Ok(price) => {
            let input = price.standard_rate(Unit::Input);
            let input = input.map_or_else(String::new, |rate| format!(" {rate}"));
            format!("{}/{}{input}", price.provider, price.model)
        }
        Err(Unresolved::Unknown) => "unknown".into(),
        Err(Unresolved::Ambiguous { providers }) => providers.join("|"),
    }
}

#[track_caller]
fn all_mean(book: &PriceBook, names: &[(Option<&str>, &str, &str)]) {
    for (provider, model, expected) in names {
        assert_eq!(
            meant(book, *provider, model),
            *expected,
            "{provider:?} {model}"
        );
    }
}

#[test]
fn a_name_that_sources_know_is_meant_before_a_model_without_its_date() {
    let stem = "ovhcloud/Qwen3-32B";
    all_mean(&book(&[]), &[(None, "qwen3-32b-20270101", stem)]);
    let mut known = book(&[
        ("zai", "qwen3-32b-20270101", 5),
        ("ovhcloud", "qwen3-32b-2027-02-01", 2),
        ("google", "gemini-9-latest", 3),
    ]);
    let its_own = "zai/qwen3-32b-20270101 5";
    all_mean(
        &known,
        &[
            (None, "qwen3-32b-20270101", its_own),
            (None, "Qwen3-32B@2027-01-01", its_own),
            (Some("ovhcloud"), "qwen3-32b-20270101", stem),
            // A state with a price of its own is counted as its model.
            (None, "qwen3-32b-2027-02-01", "ovhcloud/Qwen3-32B 2"),
            (
                Some("gemini"),
                "gemini-9-latest",
                "google/gemini-9-latest 3",
            ),
            (Some("gemini"), "gemini-9-20270101", "vertex_ai/gemini-9"),
        ],
    );
    known.apply(applied("zai", "qwen3-32b-2027-02-01", 9, FROM, 7));
    all_mean(&known, &[(None, "qwen3-32b-20270201", "ovhcloud|zai")]);
    assert_eq!(known.release("zai", "qwen3-32b-20270101"), None);
}

#[test]
fn a_name_that_others_sell_too_is_the_owners_or_nobodys_alone() {
    let known = book(&[
        ("azure_ai", "llama-3.1", 5),
        ("azure_ai", "gpt-5", 6),
        ("azure_ai", "gpt-5-chat", 7),
        ("openai", "gpt-5-chat", 8),
        ("azure_ai", "gpt-6", 9),
        ("openai", "gpt-6", 10),
        ("openrouter", "openai/gpt-6", 11),
        ("zai", "mixtral", 12),
        ("poe", "claude-sonnet-4.5", 13),
        ("poe", "gemini-9", 14),
        ("poe", "claude-haiku-3-2024-01-01", 15),
    ]);
    all_mean(
        &known,
        &[
            (None, "llama-3.1", "avian/llama-3.1"),
            (Some("avian"), "llama-3.1", "avian/llama-3.1"),
            (Some("azure"), "llama-3.1", "azure_ai/llama-3.1 5"),
            (None, "gpt-5", "openai/gpt-5"),
            (None, "azure/gpt-5", "azure/gpt-5"),
            (None, "gpt-5-chat", "openai/gpt-5-chat 8"),
            (None, "gpt-6", "openai/gpt-6 10"),
            (None, "openai/gpt-6", "openai/gpt-6 10"),
            (None, "gemini-9", "vertex_ai/gemini-9"),
            (
                None,
                "claude-haiku-3@20240101",
                "vertex_ai/claude-haiku-3@20240101",
            ),
            (None, "mixtral", "groq|novita|zai"),
            (None, "claude-sonnet-4.5", "anthropic/claude-sonnet-4-5"),
            (
                None,
                "anthropic/claude-sonnet-4.5",
                "anthropic/claude-sonnet-4-5",
            ),
            (
                Some("openrouter"),
                "anthropic/claude-sonnet-4.5",
                "openrouter/anthropic/claude-sonnet-4.5",
            ),
        ],
    );
}

#[test]
fn whose_way_it_is_to_write_a_name_says_whose_model_is_meant() {
    let gov = "us-gov-west-1/anthropic.claude-9-v1:0";
    let mut known = book(&[
        ("bedrock", "anthropic.claude-9-v1:0", 5),
        ("bedrock", gov, 6),
        ("vertex_ai", "claude-sonnet-4-5-2025-09-29", 7),
        ("openai", "ft:gpt-5-2026-01-01", 8),
    ]);
    known.apply(lone("vertex_ai", "claude-sonnet-4-5-2026-01-01", 9, 1));
    let arn = |region: &str| {
        format!("arn:aws:bedrock:{region}::foundation-model/anthropic.claude-9-v1:0")
    };
    let (gov_arn, other_arn) = (arn("us-gov-west-1"), arn("us-east-1"));
    let (regional, anywhere) = (
        format!("bedrock/{gov} 6"),
        "bedrock/anthropic.claude-9-v1:0 5",
    );
    let vertexs = "vertex_ai/claude-sonnet-4-5-2025-09-29 7";
    let release = "projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4-5@20250929";
    all_mean(
        &known,
        &[
            (None, &gov_arn, &regional),
            (Some("aws"), &gov_arn, &regional),
            (None, &other_arn, anywhere),
            (None, "bedrock/converse/anthropic.claude-9-v1:0", anywhere),
            (None, "claude-sonnet-4-5@20250929", vertexs),
            (None, release, vertexs),
            (
                Some("anthropic"),
                "claude-sonnet-4-5@20250929",
                "anthropic/claude-sonnet-4-5",
            ),
            (None, "publishers/google/models/gpt-5", "unknown"),
            // One source alone takes a name from nobody.
            (
                None,
                "claude-sonnet-4-5@20260101",
                "anthropic/claude-sonnet-4-5",
            ),
            (
                None,
                "publishers/anthropic/models/claude-sonnet-4-5@20260101",
                "vertex_ai/claude-sonnet-4-5-2026-01-01 1",
            ),
            (
                None,
                "arn:aws:bedrock:eu-west-1::foundation-model/gpt-5",
                "unknown",
            ),
            // Vertex does not have that one.
            (None, "gpt-5@20260101", "openai/gpt-5"),
            (
                None,
                "publishers/google/models/gemini-9",
                "vertex_ai/gemini-9",
            ),
            (
                None,
                "ft:gpt-5-2026-01-01:acme::9x8y",
                "openai/ft:gpt-5-2026-01-01 8",
            ),
        ],
    );
}

#[test]
fn one_source_alone_does_not_change_whose_model_a_name_means() {
    let names = ["llama-3.1", "qwen3-32b-20270101"];
    let known = [
        (None, names[0], "avian/llama-3.1"),
        (None, names[1], "ovhcloud/Qwen3-32B"),
    ];
    let mut book = book(&[]);
    for (version, name) in (1..).zip(names) {
        book.apply(lone("zzseller", name, version, 1));
    }
    all_mean(&book, &known);
    // Nor of a name that the catalogue does not know, and a quorum does; not even to the company's whose name it is.
    book.apply(applied("openrouter", "gpt-7", 7, FROM, 9));
    book.apply(lone("zzseller", "gpt-7", 8, 1));
    book.apply(lone("openai", "gpt-7", 9, 1));
    all_mean(&book, &[(None, "gpt-7", "openrouter/gpt-7 9")]);
}

#[test]
fn who_is_in_front_is_meant_before_others_that_have_the_whole_name() {
    let mut book = book(&[("anthropic", "claude-omni", 4), ("stepfun", "qwen3-32b", 5)]);
    book.apply(lone("anthropic", "claude-solo", 3, 1));
    all_mean(
        &book,
        &[
            (None, "anthropic/claude-omni", "anthropic/claude-omni 4"),
            (None, "stepfun/Qwen3-32B", "stepfun/qwen3-32b 5"),
            (
                Some("openrouter"),
                "anthropic/claude-omni",
                "openrouter/anthropic/claude-omni",
            ),
            // But by more than one source's word.
            (
                None,
                "anthropic/claude-solo",
                "openrouter/anthropic/claude-solo",
            ),
        ],
    );
}

/// A price that one source alone says.
fn lone(provider: &str, model: &str, version: u64, input: i64) -> Applied {
    let mut lone = applied(provider, model, version, FROM, input);
    Arc::make_mut(&mut lone.price.price).status = PriceStatus::SingleSource;
    lone
}

#[test]
fn what_one_source_has_on_ones_own_machine_is_meant_by_its_provider_alone() {
    // Such a price may be zero on one word, and the name be that of a dear model elsewhere.
    let mut book = book(&[("ollama", "gpt-9", 0)]);
    for (version, model) in (2..).zip(["gpt-6", "openai/gpt-6", "own-model", "gpt-7"]) {
        book.apply(lone("ollama", model, version, 0));
    }
    book.apply(lone("openrouter", "gpt-7", 7, 9));
    all_mean(
        &book,
        &[
            (None, "gpt-6", "ollama"),
            (None, "gpt-6-20270101", "unknown"),
            (None, "openai/gpt-6", "ollama"),
            (None, "own-model", "ollama"),
            (None, "ollama/own-model", "ollama/own-model 0"),
            (Some("ollama"), "gpt-6", "ollama/gpt-6 0"),
            (None, "gpt-7", "openrouter/gpt-7 9"),
            (None, "gpt-9", "ollama/gpt-9 0"),
        ],
    );
}

#[test]
fn what_has_no_price_of_that_name_is_no_other_seller() {
    let mut known = book(&[]);
    known.set(set("inhouse", "llama-3.1", FROM, Some(4)));
    known.set(set("unknown", "llama-3.1", FROM, Some(9)));
    assert_eq!(meant(&known, None, "llama-3.1"), "avian/llama-3.1");
    known.set(set("inhouse", "llama-3.1", NOW, None));
    known.import(imported("zai", "llama-3.1", &[(FROM, NOW, 5)]));
    known.import(imported("openai", "gpt-6", &[(FROM, NOW, 5)]));
    known.apply(applied("azure_ai", "gpt-6", 7, FROM, 6));
    let names = [
        (None, "llama-3.1", "avian/llama-3.1"),
        (None, "gpt-6", "azure_ai/gpt-6 6"),
    ];
    all_mean(&known, &names);
}

#[test]
fn a_release_of_a_model_that_is_known_as_its_latest_state_is_one_of_it() {
    let opus = "anthropic/claude-3-opus-latest";
    let names = [
        (Some("anthropic"), "claude-3-opus-20240229", opus),
        (Some("anthropic"), "claude-3-opus", opus),
        (None, "claude-3-opus-20240229", opus),
        (None, "claude-3-opus", opus),
        (
            Some("google"),
            "claude-3-opus-20240229",
            "google/claude-3-opus",
        ),
    ];
    all_mean(&book(&[]), &names);
    let known = book(&[("anthropic", "claude-3-opus-20240229", 15)]);
    let its_own = "anthropic/claude-3-opus-latest 15";
    all_mean(&known, &[(None, "claude-3-opus@2024-02-29", its_own)]);
    all_mean(&known, &names[1..2]);
    let release = known.release("anthropic", "claude-3-opus-20240301");
    assert_eq!(release.as_deref(), Some("claude-3-opus-2024-03-01"));
}

#[test]
fn an_alias_with_a_date_or_latest_is_of_a_state_of_its_model() {
    let known = book(&[
        ("anthropic", "claude-sonnet-4-5-20290101", 4),
        ("vertex_ai", "gemini-3-1-pro-preview", 5),
    ]);
    let model = "anthropic/claude-sonnet-4-5";
    let its_own = "anthropic/claude-sonnet-4-5 4";
    all_mean(
        &known,
        &[
            (None, "claude-sonnet-4.5-20290101", its_own),
            (
                Some("claude"),
                "anthropic/Claude-Sonnet-4.5-2029-01-01",
                its_own,
            ),
            (Some("anthropic"), "anthropic/claude-sonnet-4.5", model),
            // Nor is one of the same company that goes by the name.
            (
                Some("gemini"),
                "gemini-3-1-pro-preview",
                "google/gemini-3.1-pro-preview",
            ),
            // Another's very name is meant only where the company does not have it.
            (None, "Claude-Sonnet-4.5", model),
            (None, "claude-sonnet-4.5-20290102", model),
            (
                Some("openrouter"),
                "claude-sonnet-4.5",
                "openrouter/claude-sonnet-4.5",
            ),
            (Some("anthropic"), "claude-sonnet-4.5-20290102", model),
            (None, "claude-sonnet-4.5-Latest", model),
            (None, "CLAUDE-SONNET-4-5-LATEST", model),
            (None, "claude-sonnet-4.6-20290101", "unknown"),
        ],
    );
    let named = known.names_to_set("anthropic", "claude-sonnet-4.5-20290102");
    assert_eq!(named.unwrap().model, "claude-sonnet-4-5-2029-01-02");
}
