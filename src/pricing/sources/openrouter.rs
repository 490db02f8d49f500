//! OpenRouter's `/api/v1/models`: `{"data": [{"id", "pricing": {…}}]}`, USD for one unit, as texts.
//!
//! The prices are OpenRouter's own, for its own names (`anthropic/claude-…`): never those of the company behind.

use super::json::{self, Members};
use super::number::{self, Form};
use super::{Declaration, FULL, Listing, Offer, PricedBy, ShapeError, Source};
use crate::core::price::{ServiceTier, Unit};
use crate::pricing::catalogue::Capabilities;
use crate::pricing::sheet::Sheet;
use jiff::civil::Date;
use serde_json::value::RawValue;

/// OpenRouter's own list.
pub struct OpenRouter;

static DECLARATION: Declaration = Declaration::new(
    "openrouter",
    "https://openrouter.ai/api/v1/models",
    FULL,
    PricedBy::One,
);

/// The members that are prices. A zero of those that are marked means that it is not charged apart.
const PRICES: [(&str, Unit, bool); 9] = [
    ("prompt", Unit::Input, false),
    ("completion", Unit::Output, false),
    ("request", Unit::Request, true),
    ("image", Unit::Image, true),
    ("web_search", Unit::WebSearch, true),
    ("internal_reasoning", Unit::Reasoning, true),
    ("input_cache_read", Unit::CacheRead, true),
    ("input_cache_write", Unit::CacheWrite, true),
    ("audio", Unit::AudioInput, true),
];

impl Source for OpenRouter {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn parse(&self, body: &[u8], _: Date) -> Result<Listing, ShapeError> {
        let file = json::object(super::text(body)?).map_err(ShapeError::new)?;
        let models = file.list("data").map_err(ShapeError::new)?;
        let models = models.ok_or_else(|| ShapeError::new("has no \"data\""))?;
        let mut listing = Listing::default();
        for model in models {
            let read = json::object(model.get());
            let name = json::id_of(&read);
            let name = name.unwrap_or("a model without an id".into());
            listing.take(&name, read.and_then(|model| offer(&model)));
        }
        listing.priced()
    }
}

fn offer(model: &Members<'_>) -> Result<Offer, String> {
    let pricing = model.object("pricing")?.ok_or("has no \"pricing\"")?;
    let mut sheet = Sheet::default();
    for (name, unit, zero_is_none) in PRICES {
        let read = pricing.get(name).map(|raw| number::price(raw, Form::Text));
        let price = read
            .transpose()
            .map_err(|wrong| format!("{name} {wrong}"))?;
        let Some(price) = price.flatten() else {
            continue;
        };
        if !(zero_is_none && price.is_zero()) {
            let rate = number::rate_of_one(price).map_err(|wrong| format!("{name} {wrong}"))?;
            sheet.state(ServiceTier::Standard, 0, unit, rate);
        }
    }
    let has = |raw: Option<Vec<&RawValue>>, word: &str| {
        raw.is_some_and(|list| list.iter().any(|item| item.get().trim_matches('"') == word))
    };
    let inputs = model
        .object("architecture")?
        .and_then(|of| of.list("input_modalities").ok().flatten());
    let parameters = || model.list("supported_parameters").ok().flatten();
    let top = model.object("top_provider")?;
    Ok(Offer {
        provider: "openrouter".to_owned(),
        model: model.needed_text("id")?.into_owned(),
        context_window: model.get("context_length").and_then(number::whole),
        max_output_tokens: top
            .and_then(|top| top.get("max_completion_tokens"))
            .and_then(number::whole),
        capabilities: Capabilities {
            tools: has(parameters(), "tools"),
            vision: has(inputs, "image"),
            reasoning: has(parameters(), "reasoning"),
        },
        sheet,
        ..Offer::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(models: &str) -> Listing {
        let body = format!(r#"{{"data": [{models}], "links": {{}}}}"#);
        let read = OpenRouter.parse(body.as_bytes(), Date::constant(2026, 11, 24));
        read.unwrap()
    }

    #[test]
    fn prices_are_texts_for_one_unit() {
        let listing = parse(
            r#"{"id": "anthropic/claude-x", "context_length": 200000, "top_provider": {"max_completion_tokens": 64000},
                "architecture": {"input_modalities": ["text", "image"]}, "supported_parameters": ["tools"],
                "pricing": {"prompt": "0.000003", "completion": "0.000015", "request": "0", "image": "0",
                            "internal_reasoning": "0", "input_cache_read": "0.0000003", "web_search": "0.01", "discount": 0}},
               {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
               {"id": "floats", "pricing": {"prompt": 0.000003, "completion": 0.000015}},
               {"id": "free:free", "pricing": {"prompt": "0", "completion": "0"}},
               {"pricing": {"prompt": "0.1"}},
               7"#,
        );
        let [claude, free] = &*listing.offers else {
            panic!("{:?}", listing.offers);
        };
        let rates = serde_json::to_string(&claude.sheet.rates().standard).unwrap();
        assert_eq!(
            rates,
            r#"{"rates":{"input":"3","cache_read":"0.3","output":"15","web_search":"10000"}}"#
        );
        assert_eq!(
            (claude.context_window, claude.max_output_tokens),
            (Some(200_000), Some(64_000))
        );
        assert!(claude.capabilities.tools && claude.capabilities.vision);
        assert!(free.sheet.is_free());
        let why: Vec<_> = listing.skipped.iter().map(|(_, why)| &**why).collect();
        assert_eq!(why.len(), 4, "{why:?}");
        assert!(
            why[0].contains("below zero") && why[1].contains("where a text"),
            "{why:?}"
        );
    }
}
