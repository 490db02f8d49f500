//! Takes the usage objects of providers as they are, and splits their inclusive counts.
//!
//! Each provider's shape is one file; the ones that follow OpenAI share [`inclusive`], which checks the parts
//! against the whole. A part that is more than its whole is refused by field: clamped, it would be costed wrongly and
//! nobody would know. The total of all is no part: it tells where reasoning stands, and one that fits nothing goes to
//! the log. Members that are not known are left alone, for providers add some often.

mod anthropic;
mod bedrock;
mod chat;
mod cohere;
mod fields;
mod gemini;
mod inclusive;
mod ollama;
mod responses;
mod tools;

use crate::core::price::ServiceTier;
use crate::core::quantity::{Counts, Usd};
use crate::core::refusal::Refusal;
use crate::pricing::catalogue::provider;
use fields::Fields;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whose usage object it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// OpenAI's chat completions and embeddings.
    OpenaiChat,
    /// OpenAI's responses, images, transcriptions and realtime.
    OpenaiResponses,
    /// Anthropic's messages.
    Anthropic,
    /// Google's `usageMetadata`.
    Gemini,
    /// Amazon Bedrock's converse.
    Bedrock,
    /// Mistral's.
    Mistral,
    /// DeepSeek's.
    Deepseek,
    /// xAI's.
    Xai,
    /// Perplexity's.
    Perplexity,
    /// Cohere's.
    Cohere,
    /// Ollama's.
    Ollama,
    /// OpenRouter's.
    Openrouter,
    /// Of some other provider that follows OpenAI's chat completions.
    OpenaiCompatible,
}

/// A usage as a provider tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenUsage {
    /// What was consumed; the counts never overlap, and one call is counted.
    pub counts: Counts,
    /// Whose object it was.
    pub shape: Shape,
    /// What the provider says that it cost.
    pub reported_cost: Option<Usd>,
    /// The tier that the provider served it in, where it says so in a word that is known.
    pub service_tier: Option<ServiceTier>,
    /// The model, where the whole response was given.
    pub model: Option<String>,
    /// What the provider charges for beside its prices for these counts, as it names it: the cost is not known in full.
    pub unpriced: Vec<String>,
}

/// Where the argument stands in a call.
const ROOT: &str = "provider_usage";

/// Takes a provider's usage object, or the whole response that it stands in.
///
/// The provider and the model, as the caller knows them, settle what the object itself does not.
///
/// # Errors
/// `invalid_argument` that names the field: no shape that is known, a count that can't be, or one that
/// contradicts another.
pub fn parse(
    provider_hint: Option<&str>,
    model: Option<&str>,
    usage: &Value,
) -> Result<TakenUsage, Refusal> {
    let given = Fields::new(ROOT, usage)?;
    let response = given
        .object(&["response", "message"])
        .filter(|inner| usage_in(inner).is_some());
    let response = response.unwrap_or(given);
    let usage = usage_in(&response).unwrap_or_else(|| response.clone());
    let shape = shape(provider_hint, &usage).ok_or_else(|| {
        Refusal::invalid(
            usage.path(),
            "a provider's usage object with its counts (such as prompt_tokens, input_tokens, promptTokenCount, \
             inputTokens, billed_units or prompt_eval_count); or give the counts themselves",
        )
    })?;
    let own_model = response.text(&["model", "modelVersion", "model_version"]);
    let mut taken = match shape {
        Shape::Anthropic => anthropic::take(&usage),
        Shape::Gemini => gemini::take(&usage, &response, own_model.or(model)),
        Shape::Bedrock => bedrock::take(&usage),
        Shape::Cohere => cohere::take(&usage),
        Shape::Ollama => ollama::take(&usage),
        Shape::OpenaiResponses => responses::take(&usage, &response),
        Shape::OpenaiChat
        | Shape::Mistral
        | Shape::Deepseek
        | Shape::Xai
        | Shape::Perplexity
        | Shape::Openrouter
        | Shape::OpenaiCompatible => chat::take(shape, &usage),
    }?;
    taken.counts.requests = taken.counts.requests.max(1);
    let words = [&usage, &response].map(|fields| {
        let nested = fields.object(&["serviceTier"]);
        let nested = nested.and_then(|tier| tier.text(&["type"]));
        nested.or_else(|| fields.text(&["service_tier", "serviceTier", "trafficType"]))
    });
    taken.service_tier = words.into_iter().flatten().find_map(fields::tier);
    taken.model = own_model.map(ToOwned::to_owned);
    Ok(taken)
}

impl TakenUsage {
    /// Counts of a shape, without what the provider may say beside them.
    const fn of(shape: Shape, counts: Counts) -> Self {
        Self {
            counts,
            shape,
            reported_cost: None,
            service_tier: None,
            model: None,
            unpriced: Vec::new(),
        }
    }
}

/// The usage object in a whole response.
fn usage_in<'a>(response: &Fields<'a>) -> Option<Fields<'a>> {
    let own = response.object(&["usage", "usageMetadata", "usage_metadata"]);
    own.or_else(|| {
        let meta = response.object(&["meta"])?;
        meta.has("billed_units").then_some(meta)
    })
}

/// Whose object it is: by its members, and among those that follow OpenAI by the provider.
fn shape(hint: Option<&str>, usage: &Fields<'_>) -> Option<Shape> {
    if usage.has_any(gemini::MARKS) {
        return Some(Shape::Gemini);
    }
    if usage.has_any(bedrock::MARKS) {
        return Some(Shape::Bedrock);
    }
    if usage.has_any(ollama::MARKS) {
        return Some(Shape::Ollama);
    }
    if usage.has_any(cohere::MARKS) {
        return Some(Shape::Cohere);
    }
    let hint = hint.map(provider::named).unwrap_or_default();
    let from = |name: &str| hint.iter().any(|hint| hint == name);
    if usage.has_any(&["prompt_tokens", "completion_tokens"]) {
        return Some(chat::shape(usage, from));
    }
    if usage.has_any(&["input_tokens", "output_tokens", "seconds"]) {
        let details = usage.has_any(responses::MARKS);
        let anthropic = usage.has_any(anthropic::MARKS) || from("anthropic");
        return Some(if !details && (anthropic || !usage.has("total_tokens")) {
            Shape::Anthropic
        } else {
            Shape::OpenaiResponses
        });
    }
    if usage.has("total_tokens") {
        return Some(chat::shape(usage, from));
    }
    // Pictures are told by their cost alone.
    let by_cost = usage.has("cost_in_usd_ticks") || (from("openrouter") && usage.has("cost"));
    by_cost.then(|| chat::shape(usage, from))
}

#[cfg(test)]
mod tests;
