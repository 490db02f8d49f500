//! litellm's `model_prices_and_context_window.json`: an object of models, USD for one unit.

use super::{Offer, ShapeError, Skipped, number};
use crate::core::price::{ServiceTier, Unit};
use crate::pricing::catalogue::{Capabilities, Mode, provider};
use crate::pricing::sheet::Sheet;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One model, member by member; what is not needed stays unread.
type Entry<'a> = BTreeMap<String, &'a RawValue>;

/// Entries that describe the file.
const NOT_MODELS: [&str; 2] = ["sample_spec", "fallback_generalizations"];

pub(crate) fn read(text: &str) -> Result<(Vec<Offer>, Vec<Skipped>), ShapeError> {
    let file: BTreeMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|error| ShapeError::new(error.to_string()))?;
    let mut offers = Vec::new();
    let mut skipped = Vec::new();
    for (name, entry) in file {
        if NOT_MODELS.contains(&name.as_str()) {
            continue;
        }
        let entry: Entry<'_> = serde_json::from_str(entry.get())
            .map_err(|error| ShapeError::new(format!("{name}: {error}")))?;
        match offer(&name, &entry) {
            Ok(offer) => offers.push(offer),
            Err(why) => skipped.push(Skipped {
                source: "litellm",
                model: name,
                why,
            }),
        }
    }
    Ok((offers, skipped))
}

fn offer(name: &str, entry: &Entry<'_>) -> Result<Offer, String> {
    let own_name: String = member(entry, "litellm_provider").unwrap_or_default();
    if own_name.is_empty() {
        return Err("names no provider".to_owned());
    }
    let mode_name: String = member(entry, "mode").unwrap_or_default();
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
        max_output_tokens: entry
            .get("max_output_tokens")
            .and_then(|raw| number::whole(raw)),
        capabilities: Capabilities {
            tools: flag(entry, "supports_function_calling"),
            vision: flag(entry, "supports_vision"),
            reasoning: flag(entry, "supports_reasoning"),
        },
        sheet: sheet(name, mode, entry),
        provider: provider.into_owned(),
        model: model.to_owned(),
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

fn member<'a, T: Deserialize<'a>>(entry: &Entry<'a>, name: &str) -> Option<T> {
    serde_json::from_str(entry.get(name)?.get()).ok()
}

fn flag(entry: &Entry<'_>, name: &str) -> bool {
    member(entry, name).unwrap_or(false)
}

fn window(entry: &Entry<'_>) -> Option<u64> {
    let named = |name: &str| entry.get(name).and_then(|raw| number::whole(raw));
    named("max_input_tokens").or_else(|| named("max_tokens"))
}

fn sheet(name: &str, mode: Mode, entry: &Entry<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    let pictures = mode == Mode::Image || name.contains("image");
    for (key, raw) in entry {
        let Some(place) = Key::read(key) else {
            continue;
        };
        if pictures && place.is_of_text_alone(entry) {
            continue;
        }
        if let (Some(unit), Some(price)) = (place.unit(mode, pictures), number::decimal(raw)) {
            sheet.state(place.tier, place.above, unit, number::rate_of_one(price));
        }
    }
    if let Some(price) = entry
        .get("search_context_cost_per_query")
        .and_then(|raw| search(raw))
    {
        let rate = number::rate_of_one(price);
        sheet.state(ServiceTier::Standard, 0, Unit::WebSearch, rate);
    }
    let hit = entry.get("input_cost_per_token_cache_hit");
    if let Some(price) = hit.and_then(|raw| number::decimal(raw)) {
        let rate = number::rate_of_one(price);
        sheet.state_if_new(ServiceTier::Standard, 0, Unit::CacheRead, rate);
    }
    if let Some(price) = by_pixel(name, entry) {
        sheet.state_if_new(ServiceTier::Standard, 0, Unit::Image, price);
    }
    ranges(mode, entry, &mut sheet);
    sheet
}

/// The price of a search of medium depth, the providers' default.
fn search(raw: &RawValue) -> Option<Decimal> {
    let by_depth: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    number::decimal(by_depth.get("search_context_size_medium")?)
}

/// The rate of one image, where the name says how many pixels it has (`1024-x-1536/…`).
///
/// litellm divided the price of an image by its pixels; prices of images have four places at most.
fn by_pixel(name: &str, entry: &Entry<'_>) -> Option<Decimal> {
    let price = entry
        .get("input_cost_per_pixel")
        .or_else(|| entry.get("output_cost_per_pixel"))
        .and_then(|raw| number::decimal(raw))?;
    let pixels = name.split('/').find_map(|part| {
        let (width, height) = part.split_once("-x-")?;
        width.parse::<u32>().ok()?.checked_mul(height.parse().ok()?)
    })?;
    let image = (price * Decimal::from(pixels)).round_dp(4);
    (!image.is_zero()).then(|| number::rate_of_one(image))
}

/// `tiered_pricing`: rates by ranges of the prompt; the first range has the rates of short prompts.
fn ranges(mode: Mode, entry: &Entry<'_>, sheet: &mut Sheet) {
    let tiers: Vec<Entry<'_>> = member(entry, "tiered_pricing").unwrap_or_default();
    for tier in tiers {
        let range: Vec<&RawValue> = member(&tier, "range").unwrap_or_default();
        let Some(above) = range.first().and_then(|raw| number::whole(raw)) else {
            continue;
        };
        for (key, raw) in &tier {
            let unit = Key::read(key).and_then(|key| key.unit(mode, false));
            if let (Some(unit), Some(price)) = (unit, number::decimal(raw)) {
                let rate = number::rate_of_one(price);
                sheet.state_if_new(ServiceTier::Standard, above, unit, rate);
            }
        }
    }
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
    fn is_of_text_alone(&self, entry: &Entry<'_>) -> bool {
        let pictures = match self.stem {
            "input_cost_per_token" => "input_cost_per_image_token",
            "output_cost_per_token" => "output_cost_per_image_token",
            "cache_read_input_token_cost" => "cache_read_input_image_token_cost",
            _ => return false,
        };
        self.rest.is_some_and(|rest| {
            entry.contains_key(pictures) && !entry.contains_key(&format!("{pictures}{rest}"))
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
}
