use super::*;
use crate::core::price::{ModelTier, Rates, ServiceTier, Unit};
use crate::core::quantity::Counts;
use crate::pricing::catalogue::{ModelCard, Unresolved};
use crate::pricing::cost::cost_usd;
use jiff::Timestamp;

fn built() -> (Catalogue, Report) {
    let inputs = Inputs {
        litellm: include_str!("fixtures/litellm.json"),
        litellm_name: "litellm 0",
        genai: include_str!("fixtures/genai.json"),
        genai_name: "genai-prices 0",
        date: Date::constant(2026, 11, 24),
    };
    build(&inputs).unwrap()
}

/// The rates of the standard tier as their JSON, without frame and quotation marks.
fn rates_text(rates: &Rates) -> String {
    let text = serde_json::to_string(&rates.standard).unwrap();
    let text = text.replace('"', "");
    let inner = text
        .strip_prefix("{rates:")
        .and_then(|text| text.strip_suffix('}'));
    inner.unwrap().to_owned()
}

fn card<'a>(catalogue: &'a Catalogue, provider: &str, model: &str) -> &'a ModelCard {
    let card = catalogue.resolve(Some(provider), model);
    card.unwrap_or_else(|error| panic!("{provider}/{model}: {error}"))
}

#[test]
fn prices_of_one_unit_become_rates_of_a_million() {
    let (catalogue, _) = built();
    let of = |provider, model| rates_text(&card(&catalogue, provider, model).rates);
    assert_eq!(
        of("anthropic", "claude-sonnet-4-5"),
        "{input:3,cache_read:0.3,cache_write:3.75,cache_write_1h:6,output:15},\
         context_tiers:[{above:200000,rates:{input:6,cache_write_1h:12,output:22.5}}]"
    );
    assert_eq!(
        of("cohere", "rerank-v3.5"),
        "{input:0,output:0,request:2000}"
    );
    assert_eq!(of("openai", "whisper-1"), "{second:100}");
    assert_eq!(
        of("openai", "high/1024-x-1536/gpt-image-1"),
        "{image:250000}"
    );
    assert_eq!(
        of("dashscope", "qwen-plus"),
        "{input:0.4,output:1.2,reasoning:4},context_tiers:[{above:256000,rates:{input:1.2,output:3.6,reasoning:12}}]"
    );
}

#[test]
fn pictures_cost_the_dearer_of_their_tokens_and_of_text() {
    let (catalogue, _) = built();
    let rates = &card(&catalogue, "google", "gemini-image").rates;
    assert_eq!(rates.standard.rates[&Unit::Output].to_string(), "30");
    assert_eq!(rates.standard.rates[&Unit::Image].to_string(), "39000");
    // In a batch only the text's rate is known, so pictures stay at the standard one.
    let batch = &rates.service_tiers[&ServiceTier::Batch].rates;
    assert_eq!(batch.get(&Unit::Output), None);
    assert_eq!(batch[&Unit::Input].to_string(), "0.15");
}

#[test]
fn sources_that_agree_are_joined() {
    let (catalogue, report) = built();
    let gpt = card(&catalogue, "openai", "gpt-4o");
    assert_eq!(gpt.quotes.len(), 2);
    assert!(gpt.quotes.iter().all(|quote| quote.rates.is_none()));
    assert_eq!(
        gpt.rates.standard.rates[&Unit::WebSearch].to_string(),
        "35000"
    );
    assert_eq!(
        gpt.rates.service_tiers[&ServiceTier::Priority].rates[&Unit::Input].to_string(),
        "4.25"
    );
    assert!(gpt.capabilities.tools && gpt.capabilities.vision && !gpt.capabilities.reasoning);
    assert_eq!(gpt.max_output_tokens, Some(16_384));
    // A tier that is sold from a later day on is a change of that day.
    let later = "2027-01-02T00:00:00Z".parse().unwrap();
    assert!(!gpt.rates.service_tiers.contains_key(&ServiceTier::Flex));
    assert!(
        gpt.rates_at(later)
            .0
            .service_tiers
            .contains_key(&ServiceTier::Flex)
    );
    // Azure's is confirmed by OpenAI's.
    assert_eq!(card(&catalogue, "azure", "gpt-4o").quotes.len(), 2);
    assert_eq!(report.agreed, 3);
}

#[test]
fn of_sources_that_disagree_the_dearer_counts_if_it_names_the_model() {
    let (catalogue, report) = built();
    let grok = card(&catalogue, "xai", "grok-dearer");
    assert_eq!(rates_text(&grok.rates), "{input:1,output:2}");
    assert_eq!(
        (grok.quotes[0].source, grok.quotes[1].source),
        (LITELLM, GENAI)
    );
    let other = grok.quotes[0].rates.as_ref().unwrap();
    assert_eq!(rates_text(other), "{input:0.2,output:0.5}");
    assert!(grok.quotes[1].rates.is_none());
    // A pattern confirms, no more.
    let loose = card(&catalogue, "xai", "grok-loose-2");
    assert_eq!(rates_text(&loose.rates), "{input:0.2,output:0.5}");
    assert!(loose.quotes[1].rates.is_some());
    let taken: Vec<_> = report
        .disagreements
        .iter()
        .map(|of| (of.model.as_str(), of.taken))
        .collect();
    assert_eq!(
        taken,
        [
            ("xai/grok-dearer", "genai-prices"),
            ("xai/grok-loose-2", "litellm")
        ]
    );
}

#[test]
fn slips_and_zeros_are_doubted() {
    let (catalogue, report) = built();
    let unknown = |provider, model| {
        let found = catalogue.resolve(Some(provider), model);
        assert!(matches!(found, Err(Unresolved::Unknown)), "{model}");
    };
    unknown("azure_ai", "jais-30b-chat");
    unknown("publicai", "free-for-all");
    unknown("vertex_ai", "veo");
    unknown(
        "bedrock",
        "us-east-1/1-month-commitment/cohere.command-text-v14",
    );
    let left_out = |model: &str| {
        let skipped = report
            .skipped
            .iter()
            .find(|skipped| skipped.model.contains(model));
        skipped.unwrap_or_else(|| panic!("{model}")).why.clone()
    };
    assert!(left_out("jais").contains("slip of units"));
    assert!(left_out("free-for-all").contains("not known"));
    assert!(left_out("veo").contains("video_generation"));
    assert!(left_out("commitment").contains("by time"));
    // One's own machine is free, and so is what is named so.
    let local = card(&catalogue, "ollama", "llama3:8b");
    assert_eq!(local.tier, ModelTier::LocalLightweight);
    assert_eq!(rates_text(&local.rates), "{input:0,output:0}");
    card(
        &catalogue,
        "openrouter",
        "meta-llama/llama-3.2-3b-instruct:free",
    );
    // A router's fee is no price of what it routes to.
    assert_eq!(
        rates_text(&card(&catalogue, "azure", "model-router").rates),
        "{input:0.14}"
    );
}

#[test]
fn a_model_costs_what_it_costs_at_the_time() {
    let (catalogue, _) = built();
    let next = card(&catalogue, "openai", "gpt-next");
    let input = |at: &str| {
        let at: Timestamp = at.parse().unwrap();
        let rates = next.rates_at(at).0;
        rates.standard.rates[&Unit::Input].to_string()
    };
    assert_eq!(input("2026-05-31T23:59:59Z"), "9");
    assert_eq!(input("2026-06-01T00:00:00Z"), "4");
    assert_eq!(input("2027-02-28T23:59:59Z"), "4");
    assert_eq!(input("2027-03-01T00:00:00Z"), "2");
    assert_eq!(next.rates.standard.context_tiers[0].above, 272_000);
    assert_eq!(next.aliases, ["gpt-next-mini-not".into()]);
}

#[test]
fn dear_hours_are_the_rule_and_cheap_ones_the_exception() {
    let (catalogue, _) = built();
    let flash = card(&catalogue, "deepseek", "deepseek-flash");
    assert_eq!(
        rates_text(&flash.rates),
        "{input:0.3,cache_read:0.006,output:1.2}"
    );
    let counts = Counts {
        input_tokens: 1_000_000,
        ..Counts::default()
    };
    for (hour, usd) in [
        ("00", "0.15"),
        ("01", "0.3"),
        ("04", "0.15"),
        ("09", "0.3"),
        ("12", "0.15"),
    ] {
        let at: Timestamp = format!("2026-11-24T{hour}:30:00Z").parse().unwrap();
        let cost = cost_usd(flash.rates_at(at).0, &counts, ServiceTier::Standard);
        assert_eq!(cost.to_string(), usd, "{hour}:30");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let (catalogue, _) = built();
    let text = catalogue.to_json("MIT").unwrap();
    let again = Catalogue::from_json(&text).unwrap();
    assert_eq!(again.cards(), catalogue.cards());
    assert_eq!(again.sources(), catalogue.sources());
    assert_eq!(again.price_version(), "bundled-2026-11-24");
    assert_eq!(again.to_json("MIT").unwrap(), text);
}

#[test]
fn files_of_another_shape_are_refused() {
    let inputs = |litellm, genai| Inputs {
        litellm,
        litellm_name: "litellm 0",
        genai,
        genai_name: "genai-prices 0",
        date: Date::constant(2026, 11, 24),
    };
    let build = |litellm, genai| build(&inputs(litellm, genai)).map(|_| ());
    assert!(matches!(build("[]", "[]"), Err(BuildError::Litellm(_))));
    assert!(matches!(build("{}", "{}"), Err(BuildError::Genai(_))));
    assert!(matches!(
        build(r#"{"a": 1}"#, "[]"),
        Err(BuildError::Litellm(_))
    ));
    assert!(build("{}", "[]").is_ok());
}
