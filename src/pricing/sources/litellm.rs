//! litellm's `model_prices_and_context_window.json`: an object of models, USD for one unit.

use super::json::{self, Members};
use super::number::{self, Form, NoPrice};
use super::{Declaration, FULL, Listing, Offer, PricedBy, ShapeError, Source};
use crate::core::price::{ServiceTier, Unit};
use crate::pricing::catalogue::{Capabilities, Mode, provider};
use crate::pricing::sheet::Sheet;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// litellm's list, which many hands keep.
pub struct Litellm;

static DECLARATION: Declaration = Declaration::new(
    "litellm",
    "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json",
    FULL,
    PricedBy::One,
);

impl Source for Litellm {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn parse(&self, body: &[u8], _: Date) -> Result<Listing, ShapeError> {
        read(super::text(body)?)?.priced()
    }
}

/// Entries that describe the file.
const NOT_MODELS: [&str; 2] = ["sample_spec", "fallback_generalizations"];

/// Reads the file; one without a model is not refused here.
pub(crate) fn read(text: &str) -> Result<Listing, ShapeError> {
    let (file, repeated) = json::entries(text).map_err(ShapeError::new)?;
    let mut listing = Listing::default();
    for name in repeated {
        listing.skip(&name, "is there twice");
    }
    let mut strange = 0;
    for (name, entry) in file.iter() {
        if NOT_MODELS.contains(&name) {
            continue;
        }
        if !entry.get().starts_with('{') {
            // A member that is no model is new, and means nothing for the others.
            strange += 1;
            listing.skip(name, "is not an object");
            continue;
        }
        let offer = json::object(entry.get()).and_then(|entry| offer(name, &entry));
        listing.take(name, offer);
    }
    listing.unless_mostly(strange, file.iter().count())
}

fn offer(name: &str, entry: &Members<'_>) -> Result<Offer, String> {
    let own_name = entry.text("litellm_provider")?.unwrap_or_default();
    if own_name.is_empty() {
        return Err("names no provider".to_owned());
    }
    let mode_name = entry.text("mode")?.unwrap_or_default();
    let Some(mode) = mode(&mode_name) else {
        return Err(format!("mode {mode_name:?} is not one of the catalogue's"));
    };
    if name.contains("commitment") {
        return Err("reserved capacity by time, not by usage".to_owned());
    }
    let provider = canonical(&own_name);
    let model = match name.split_once('/') {
        Some((prefix, rest)) if canonical(prefix) == provider => rest,
        _ => name,
    };
    Ok(Offer {
        mode: Some(mode),
        context_window: window(entry),
        max_output_tokens: entry.get("max_output_tokens").and_then(number::whole),
        capabilities: Capabilities {
            tools: entry.is_true("supports_function_calling"),
            vision: entry.is_true("supports_vision"),
            reasoning: entry.is_true("supports_reasoning"),
        },
        sheet: sheet(name, mode, entry)?,
        provider: provider.into_owned(),
        model: model.to_owned(),
        ..Offer::default()
    })
}

/// The catalogue's name of litellm's provider.
fn canonical(name: &str) -> Cow<'static, str> {
    let name = provider::normal(name);
    match &*name {
        "azure_text" => "azure".into(),
        "bedrock_converse" => "bedrock".into(),
        "cohere_chat" => "cohere".into(),
        "gemini" => "google".into(),
        "text_completion_codestral" => "codestral".into(),
        "text_completion_inception" => "inception".into(),
        "text_completion_openai" => "openai".into(),
        "fireworks_ai_embedding_models" => "fireworks_ai".into(),
        vertex if vertex.starts_with("vertex_ai") => "vertex_ai".into(),
        _ => name.into_owned().into(),
    }
}

fn mode(name: &str) -> Option<Mode> {
    Some(match name {
        "chat" | "completion" | "responses" => Mode::Chat,
        "embedding" => Mode::Embedding,
        "image_generation" | "image_edit" => Mode::Image,
        "audio_transcription" => Mode::AudioTranscription,
        "audio_speech" => Mode::AudioSpeech,
        "realtime" => Mode::Realtime,
        "rerank" => Mode::Rerank,
        "moderation" => Mode::Moderation,
        _ => return None,
    })
}

fn window(entry: &Members<'_>) -> Option<u64> {
    let named = |name: &str| entry.get(name).and_then(number::whole);
    named("max_input_tokens").or_else(|| named("max_tokens"))
}

/// The rate that a member states, if it is there and not null.
fn rate(name: &str, raw: &RawValue) -> Result<Option<Decimal>, String> {
    number::stated(name, raw, Form::Number, number::rate_of_one)
}

fn sheet(name: &str, mode: Mode, entry: &Members<'_>) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    let pictures = mode == Mode::Image || name.contains("image");
    for (key, raw) in entry.iter() {
        let Some(place) = Key::read(key) else {
            continue;
        };
        if pictures && place.is_of_text_alone(entry) {
            continue;
        }
        if let Some(unit) = place.unit(mode, pictures)
            && let Some(rate) = rate(key, raw)?
        {
            sheet.state(place.tier, place.above, unit, rate);
        }
    }
    if let Some(rate) = search(entry)? {
        sheet.state(ServiceTier::Standard, 0, Unit::WebSearch, rate);
    }
    if let Some(raw) = entry.get("input_cost_per_token_cache_hit")
        && let Some(rate) = rate("input_cost_per_token_cache_hit", raw)?
    {
        sheet.state_if_new(ServiceTier::Standard, 0, Unit::CacheRead, rate);
    }
    if let Some(rate) = by_pixel(name, entry)? {
        sheet.state_if_new(ServiceTier::Standard, 0, Unit::Image, rate);
    }
    ranges(mode, entry, &mut sheet)?;
    Ok(sheet)
}

/// The rate of a search of medium depth, the providers' default.
fn search(entry: &Members<'_>) -> Result<Option<Decimal>, String> {
    let by_depth = entry.object("search_context_cost_per_query")?;
    let medium = by_depth.and_then(|by_depth| by_depth.get("search_context_size_medium"));
    let read = medium.map(|raw| rate("search_context_size_medium", raw));
    read.transpose().map(Option::flatten)
}

/// The rate of one image, where the name says how many pixels it has (`1024-x-1536/…`).
///
/// litellm divided the price of an image by its pixels; prices of images have four places at most.
fn by_pixel(name: &str, entry: &Members<'_>) -> Result<Option<Decimal>, String> {
    let stated = ["input_cost_per_pixel", "output_cost_per_pixel"];
    let Some((key, raw)) = stated
        .into_iter()
        .find_map(|key| Some((key, entry.get(key)?)))
    else {
        return Ok(None);
    };
    let wrong = |wrong: NoPrice| format!("{key} {wrong}");
    let price = number::price(raw, Form::Number).map_err(wrong)?;
    let pixels = name.split('/').find_map(|part| {
        let (width, height) = part.split_once("-x-")?;
        width.parse::<u32>().ok()?.checked_mul(height.parse().ok()?)
    });
    let Some((price, pixels)) = price.zip(pixels) else {
        return Ok(None);
    };
    let image = price.saturating_mul(Decimal::from(pixels)).round_dp(4);
    if image.is_zero() {
        return Ok(None);
    }
    number::rate_of_one(image).map(Some).map_err(wrong)
}

/// `tiered_pricing`: rates by ranges of the prompt; the first range has the rates of short prompts.
fn ranges(mode: Mode, entry: &Members<'_>, sheet: &mut Sheet) -> Result<(), String> {
    for tier in entry.list("tiered_pricing")?.unwrap_or_default() {
        let tier = json::object(tier.get())?;
        let range = tier.list("range")?.unwrap_or_default();
        let Some(above) = range.first().and_then(|raw| number::whole(raw)) else {
            continue;
        };
        for (key, raw) in tier.iter() {
            let unit = Key::read(key).and_then(|key| key.unit(mode, false));
            if let Some(unit) = unit
                && let Some(rate) = rate(key, raw)?
            {
                sheet.state_if_new(ServiceTier::Standard, above, unit, rate);
            }
        }
    }
    Ok(())
}

/// A member's name, taken apart: `input_cost_per_token_above_200k_tokens_batches`.
struct Key<'a> {
    stem: &'a str,
    /// What follows the stem.
    rest: Option<&'a str>,
    above: u64,
    tier: ServiceTier,
}

impl<'a> Key<'a> {
    fn read(key: &'a str) -> Option<Self> {
        let suffixes = [
            ("_batches", ServiceTier::Batch),
            ("_flex", ServiceTier::Flex),
            ("_priority", ServiceTier::Priority),
        ];
        let (rest, tier) = suffixes
            .into_iter()
            .find_map(|(suffix, tier)| Some((key.strip_suffix(suffix)?, tier)))
            .unwrap_or((key, ServiceTier::Standard));
        let (stem, above) = match rest.strip_suffix("k_tokens") {
            None => (rest, 0),
            Some(thousands) => {
                let (stem, thousands) = thousands.rsplit_once("_above_")?;
                (stem, thousands.parse::<u64>().ok()?.checked_mul(1_000)?)
            }
        };
        let rest = key.strip_prefix(stem).filter(|rest| !rest.is_empty());
        Some(Self {
            stem,
            rest,
            above,
            tier,
        })
    }

    /// Whether it is a tier's or a long prompt's rate of text, where only the rate of pictures is dearer and
    /// is not stated for that tier: taken for both, it would make pictures cheap there.
    fn is_of_text_alone(&self, entry: &Members<'_>) -> bool {
        let pictures = match self.stem {
            "input_cost_per_token" => "input_cost_per_image_token",
            "output_cost_per_token" => "output_cost_per_image_token",
            "cache_read_input_token_cost" => "cache_read_input_image_token_cost",
            _ => return false,
        };
        self.rest.is_some_and(|rest| {
            let states = |name: &str| entry.get(name).is_some();
            states(pictures) && !states(&format!("{pictures}{rest}"))
        })
    }

    /// The unit that it prices for a model of that mode; `pictures` where its output is pictures.
    fn unit(&self, mode: Mode, pictures: bool) -> Option<Unit> {
        let by_time = matches!(
            mode,
            Mode::AudioTranscription | Mode::AudioSpeech | Mode::Realtime
        );
        Some(match self.stem {
            "input_cost_per_token" => Unit::Input,
            "output_cost_per_token" => Unit::Output,
            "output_cost_per_reasoning_token" => Unit::Reasoning,
            "cache_read_input_token_cost" => Unit::CacheRead,
            "cache_read_input_audio_token_cost" => Unit::CacheReadAudio,
            "cache_creation_input_token_cost" => Unit::CacheWrite,
            "cache_creation_input_token_cost_above_1hr" => Unit::CacheWrite1h,
            "input_cost_per_audio_token" => Unit::AudioInput,
            "output_cost_per_audio_token" => Unit::AudioOutput,
            // Tokens of pictures have no count of their own: the dearer of them and of text is taken.
            "input_cost_per_image_token" if pictures => Unit::Input,
            "output_cost_per_image_token" if pictures => Unit::Output,
            "cache_read_input_image_token_cost" if pictures => Unit::CacheRead,
            "input_cost_per_image" | "output_cost_per_image" => Unit::Image,
            "input_cost_per_query" | "input_cost_per_request" => Unit::Request,
            "input_cost_per_second" | "output_cost_per_second" if by_time => Unit::Second,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_members_are_taken_apart() {
        for (key, stem, above, tier) in [
            (
                "input_cost_per_token",
                "input_cost_per_token",
                0,
                ServiceTier::Standard,
            ),
            (
                "cache_creation_input_token_cost_above_1hr_above_200k_tokens",
                "cache_creation_input_token_cost_above_1hr",
                200_000,
                ServiceTier::Standard,
            ),
            (
                "output_cost_per_token_above_272k_tokens_priority",
                "output_cost_per_token",
                272_000,
                ServiceTier::Priority,
            ),
            (
                "input_cost_per_token_batches",
                "input_cost_per_token",
                0,
                ServiceTier::Batch,
            ),
        ] {
            let read = Key::read(key).unwrap();
            assert_eq!((read.stem, read.above, read.tier), (stem, above, tier));
        }
        for other in [
            "cache_creation_input_token_cost_above_12hr",
            "input_cost_per_token_ultrafast",
            "input_dbu_cost_per_token",
            "output_cost_per_second_1080p",
            "input_cost_per_character",
        ] {
            assert_eq!(
                Key::read(other).unwrap().unit(Mode::Chat, false),
                None,
                "{other}"
            );
        }
    }

    /// What becomes of one entry.
    fn entry(text: &str) -> Result<String, String> {
        let file = format!(r#"{{"m": {{"litellm_provider": "openai", "mode": "chat", {text}}}}}"#);
        let listing = read(&file).and_then(Listing::priced);
        let listing = match listing {
            Ok(listing) => listing,
            Err(wrong) => return Err(wrong.to_string()),
        };
        match listing.skipped.into_iter().next() {
            Some((_, why)) => Err(why),
            None => Ok(serde_json::to_string(&listing.offers[0].sheet.rates().standard).unwrap()),
        }
    }

    #[test]
    fn an_entry_with_a_wrong_number_is_left_out_whole() {
        let sound = entry(r#""input_cost_per_token": 1e-06, "a_new_field": {"of": "no meaning"}"#);
        assert_eq!(sound.unwrap(), r#"{"rates":{"input":"1"}}"#);
        for (members, why) in [
            (r#""input_cost_per_token": "1e-06""#, "is a text"),
            (r#""input_cost_per_token": -1e-06"#, "is below zero"),
            (r#""input_cost_per_token": -0.0"#, "minus sign"),
            (r#""input_cost_per_token": 1e999"#, "exponent"),
            (r#""input_cost_per_token": true"#, "is not a number"),
            (
                r#""input_cost_per_token": 1e-06, "output_cost_per_token": "NaN""#,
                "output_cost_per_token is a text",
            ),
            (
                r#""input_cost_per_token": 1e-06, "input_cost_per_token": 1e-09"#,
                "is there twice",
            ),
            (r#""input_cost_per_token": null"#, "no price"),
            (
                r#""input_cost_per_token": 5, "mode": "chat""#,
                "is there twice",
            ),
        ] {
            let wrong = entry(members).unwrap_err();
            assert!(wrong.contains(why), "{members}: {wrong}");
        }
    }

    #[test]
    fn a_new_member_beside_the_models_is_left_out() {
        let model =
            r#"{"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06}"#;
        let listing = read(&format!(r#"{{"_updated": "2026", "m": {model}}}"#)).unwrap();
        assert_eq!((listing.offers.len(), listing.skipped.len()), (1, 1));
        assert!(read(&format!(r#"{{"x": 1, "y": [], "m": {model}}}"#)).is_err());
    }

    #[test]
    fn a_model_that_is_there_twice_is_not_taken() {
        let model =
            r#"{"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06}"#;
        let listing = read(&format!(r#"{{"m": {model}, "n": {model}, "m": {model}}}"#)).unwrap();
        assert_eq!(listing.offers.len(), 1);
        assert_eq!(
            listing.skipped,
            [("m".to_owned(), "is there twice".to_owned())]
        );
    }
}
