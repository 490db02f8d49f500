//! models.dev's `api.json`: an object of providers, each with an object of models; USD for a million tokens.

use super::json::{self, Members};
use super::number::{self, Form};
use super::{Declaration, FULL, Listing, Offer, PricedBy, ShapeError, Source};
use crate::core::price::{ServiceTier, Unit};
use crate::pricing::catalogue::Capabilities;
use crate::pricing::sheet::Sheet;
use jiff::civil::Date;
use serde_json::value::RawValue;

/// models.dev, which many hands keep.
pub struct ModelsDev;

static DECLARATION: Declaration = Declaration::new(
    "models_dev",
    "https://models.dev/api.json",
    FULL,
    PricedBy::Million,
);

/// The members of a cost that are prices.
const PRICES: [(&str, Unit); 7] = [
    ("input", Unit::Input),
    ("output", Unit::Output),
    ("cache_read", Unit::CacheRead),
    ("cache_write", Unit::CacheWrite),
    ("reasoning", Unit::Reasoning),
    ("input_audio", Unit::AudioInput),
    ("output_audio", Unit::AudioOutput),
];

impl Source for ModelsDev {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn parse(&self, body: &[u8], _: Date) -> Result<Listing, ShapeError> {
        let (file, repeated) = json::entries(super::text(body)?).map_err(ShapeError::new)?;
        let mut listing = Listing::default();
        for provider in repeated {
            listing.skip(&provider, "is there twice");
        }
        let mut strange = 0;
        for (provider, value) in file.iter() {
            let (models, repeated) = match models_of(value) {
                Ok(read) => read,
                // A member that is no provider is new, and means nothing for the others.
                Err(wrong) => {
                    strange += 1;
                    listing.skip(provider, wrong);
                    continue;
                }
            };
            for model in repeated {
                listing.skip(format_args!("{provider}/{model}"), "is there twice");
            }
            for (model, value) in models.iter() {
                let offer =
                    json::object(value.get()).and_then(|value| offer(provider, model, &value));
                listing.take(format_args!("{provider}/{model}"), offer);
            }
        }
        listing
            .unless_mostly(strange, file.iter().count())?
            .priced()
    }
}

/// The models of a provider, and the names that are there more than once.
fn models_of(provider: &RawValue) -> Result<(Members<'_>, Vec<String>), String> {
    let provider = json::object(provider.get())?;
    let models = provider.get("models").ok_or("has no \"models\"")?;
    json::entries(models.get())
}

fn offer(provider: &str, name: &str, model: &Members<'_>) -> Result<Offer, String> {
    let cost = model.object("cost")?.ok_or("has no \"cost\"")?;
    let mut sheet = Sheet::default();
    state(&mut sheet, 0, &cost)?;
    for tier in cost.list("tiers")?.unwrap_or_default() {
        let tier = json::object(tier.get())?;
        let by = tier.object("tier")?.ok_or("has a tier without \"tier\"")?;
        let of_context = by.text("type")?.is_none_or(|kind| kind == "context");
        if of_context {
            let size = by.get("size").and_then(number::whole);
            state(&mut sheet, size.ok_or("has a tier without a size")?, &tier)?;
        }
    }
    if let Some(long) = cost.object("context_over_200k")? {
        state(&mut sheet, 200_000, &long)?;
    }
    let limit = model.object("limit")?;
    let limit = |name: &str| {
        limit
            .as_ref()
            .and_then(|limit| limit.get(name))
            .and_then(number::whole)
    };
    let inputs = model
        .object("modalities")?
        .and_then(|of| of.list("input").ok().flatten());
    Ok(Offer {
        provider: provider.to_owned(),
        model: name.to_owned(),
        context_window: limit("context").filter(|tokens| *tokens > 0),
        max_output_tokens: limit("output").filter(|tokens| *tokens > 0),
        capabilities: Capabilities {
            tools: model.is_true("tool_call"),
            vision: inputs.is_some_and(|list| list.iter().any(|item| item.get() == "\"image\"")),
            reasoning: model.is_true("reasoning"),
        },
        sheet,
        ..Offer::default()
    })
}

fn state(sheet: &mut Sheet, above: u64, cost: &Members<'_>) -> Result<(), String> {
    for (name, unit) in PRICES {
        if let Some(raw) = cost.get(name)
            && let Some(rate) = number::stated(name, raw, Form::Number, number::rate)?
        {
            sheet.state(ServiceTier::Standard, above, unit, rate);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Listing, ShapeError> {
        ModelsDev.parse(body.as_bytes(), Date::constant(2026, 11, 24))
    }

    #[test]
    fn long_prompts_cost_what_either_form_says() {
        let listing = parse(
            r#"{"google": {"id": "google", "models": {
                "gemini-x": {"id": "gemini-x", "tool_call": true, "limit": {"context": 1000000, "output": 0},
                  "modalities": {"input": ["text", "image"]},
                  "cost": {"input": 1.25, "output": 10, "cache_read": 0.125, "context_over_200k": {"input": 2.5, "output": 15}}},
                "gemini-y": {"cost": {"input": 2, "output": 12, "citation": 7,
                  "tiers": [{"tier": {"type": "context", "size": 272000}, "input": 4}, {"tier": {"type": "hour", "size": 3}, "input": 1}]}},
                "without": {"name": "no cost"},
                "texts": {"cost": {"input": "1.25", "output": 10}}}},
              "openai": {"models": {}}}"#,
        )
        .unwrap();
        let rates: Vec<_> = listing
            .offers
            .iter()
            .map(|offer| serde_json::to_string(&offer.sheet.rates().standard).unwrap())
            .collect();
        assert_eq!(
            rates,
            [
                r#"{"rates":{"input":"1.25","cache_read":"0.125","output":"10"},"context_tiers":[{"above":200000,"rates":{"input":"2.5","output":"15"}}]}"#,
                r#"{"rates":{"input":"2","output":"12"},"context_tiers":[{"above":272000,"rates":{"input":"4"}}]}"#,
            ]
        );
        assert_eq!(listing.offers[0].max_output_tokens, None);
        assert!(listing.offers[0].capabilities.vision);
        let skipped: Vec<_> = listing.skipped.iter().map(|(name, _)| &**name).collect();
        assert_eq!(skipped, ["google/without", "google/texts"]);
    }

    #[test]
    fn a_new_member_beside_the_providers_is_left_out() {
        let listing = parse(
            r#"{"version": 3, "meta": {"of": 1}, "a": {"models": {"m": {"cost": {"input": 1, "output": 2}}}}, "b": {"models": {}}}"#,
        );
        let listing = listing.unwrap();
        assert_eq!((listing.offers.len(), listing.skipped.len()), (1, 2));
    }

    #[test]
    fn another_shape_is_told_and_names_that_repeat_are_left_out() {
        assert!(parse(r#"{"google": {"models": []}}"#).is_err());
        assert!(parse(r#"{"google": []}"#).is_err());
        let model = r#"{"cost": {"input": 1, "output": 2}}"#;
        let listing = parse(&format!(
            r#"{{"a": {{"models": {{"m": {model}, "m": {model}, "n": {model}}}}}, "b": {{"models": {{}}}}, "b": {{"models": {{}}}}}}"#
        ));
        let listing = listing.unwrap();
        assert_eq!(listing.offers.len(), 1);
        assert_eq!(listing.skipped.len(), 2);
    }
}
