//! What a provider says was used, as counts that never overlap.
//!
//! A usage object is recognised by its fields and not by its provider's name, for many providers speak
//! another's shape; the name only decides where the fields leave it open. What is inconsistent is refused:
//! a ledger that guesses is no ledger.

mod anthropic;
mod bedrock;
mod cohere;
mod fields;
mod google;
mod ollama;
mod openai;
mod reported;

#[cfg(test)]
mod tests;

use crate::core::price::ServiceTier;
use crate::core::quantity::{Counts, Usd};
use crate::core::refusal::Refusal;
use fields::Fields;
use serde_json::Value;

/// What was taken from a provider's usage object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenUsage {
    /// The counts; one call, or as many as the provider bills.
    pub counts: Counts,
    /// The cost, where the provider tells it.
    pub reported_cost: Option<Usd>,
    /// How it was served, where the provider tells it in a word that is known.
    pub service_tier: Option<ServiceTier>,
    /// How it was recognised.
    pub shape: Shape,
}

/// The shapes of usage objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `prompt_tokens` and `completion_tokens`: OpenAI's chat completions and embeddings, and most others.
    OpenAiChat,
    /// `input_tokens` and `output_tokens`, caches included: OpenAI's responses, images, realtime; LangChain.
    OpenAiResponses,
    /// Seconds of audio: OpenAI's transcription.
    OpenAiDuration,
    /// `input_tokens` without the cached ones: Anthropic's messages.
    Anthropic,
    /// `usageMetadata`: Google's Gemini.
    Google,
    /// `inputTokens` without the cached ones: Amazon's Bedrock.
    Bedrock,
    /// `billed_units`: Cohere.
    Cohere,
    /// `prompt_eval_count`: Ollama.
    Ollama,
}

/// A shape, its mark, and its reader.
struct Known {
    shape: Shape,
    is: fn(&Fields<'_>, Hint) -> bool,
    counts: fn(&Fields<'_>, Hint) -> Result<Counts, Refusal>,
}

/// In order: the first whose mark is there is it.
const KNOWN: [Known; 8] = [
    Known {
        shape: Shape::OpenAiDuration,
        is: |fields, _| fields.text("type") == Some("duration"),
        counts: |fields, _| openai::duration(fields),
    },
    Known {
        shape: Shape::OpenAiChat,
        is: |fields, _| fields.has_any(&["prompt_tokens", "completion_tokens"]),
        counts: openai::chat,
    },
    Known {
        shape: Shape::Google,
        is: |fields, _| google::is(fields),
        counts: |fields, _| google::counts(fields),
    },
    Known {
        shape: Shape::Cohere,
        is: |fields, _| fields.has_any(&["billed_units", "tokens"]),
        counts: |fields, _| cohere::counts(fields),
    },
    Known {
        shape: Shape::Bedrock,
        is: |fields, _| bedrock::is(fields),
        counts: |fields, _| bedrock::counts(fields),
    },
    Known {
        shape: Shape::Ollama,
        is: |fields, _| fields.has_any(&["prompt_eval_count", "eval_count"]),
        counts: |fields, _| ollama::counts(fields),
    },
    Known {
        shape: Shape::Anthropic,
        is: anthropic::is,
        counts: |fields, _| anthropic::counts(fields),
    },
    Known {
        shape: Shape::OpenAiResponses,
        is: |fields, _| fields.has_any(&["input_tokens", "output_tokens", "total_tokens"]),
        counts: |fields, _| openai::responses(fields),
    },
];

/// What the provider's name says of its numbers, where their fields don't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hint {
    Anthropic,
    Google,
    Xai,
    Nothing,
}

impl Hint {
    fn of(provider: Option<&str>) -> Self {
        let provider = provider.unwrap_or_default().to_ascii_lowercase();
        let has = |name: &str| provider.contains(name);
        if has("anthropic") || has("claude") {
            Self::Anthropic
        } else if has("google") || has("gemini") || has("vertex") {
            Self::Google
        } else if has("xai") || has("x-ai") || has("grok") {
            Self::Xai
        } else {
            Self::Nothing
        }
    }
}

/// Where a whole response keeps its usage.
const KEPT_IN: [&str; 5] = [
    "usage",
    "usageMetadata",
    "usage_metadata",
    "meta",
    "amazon-bedrock-invocationMetrics",
];

/// Takes a provider's usage object, or a whole response that holds one.
///
/// # Errors
/// `invalid_argument` with the path of the field: one that is no count, counts that contradict each other, or
/// an object that is no usage.
pub fn parse(provider: Option<&str>, usage: &Value) -> Result<TakenUsage, Refusal> {
    let Value::Object(map) = usage else {
        return Err(not_one());
    };
    let hint = Hint::of(provider);
    let outer = Fields::of(map);
    if let Some(known) = recognise(&outer, hint) {
        return take(known, &outer, &outer, hint);
    }
    for name in KEPT_IN {
        let Some(Value::Object(_)) = outer.get(name) else {
            continue;
        };
        let Some(inner) = outer.object(name)? else {
            continue;
        };
        if let Some(known) = recognise(&inner, hint) {
            return take(known, &inner, &outer, hint);
        }
    }
    Err(not_one())
}

fn recognise(fields: &Fields<'_>, hint: Hint) -> Option<&'static Known> {
    const { &KNOWN }
        .iter()
        .find(|known| (known.is)(fields, hint))
}

fn take(
    known: &Known,
    fields: &Fields<'_>,
    response: &Fields<'_>,
    hint: Hint,
) -> Result<TakenUsage, Refusal> {
    let mut counts = (known.counts)(fields, hint)?;
    counts.requests = counts.requests.max(1);
    counts
        .within_bounds()
        .map_err(|name| fields.refusal(name, "expects at most 10^12 in all"))?;
    Ok(TakenUsage {
        counts,
        reported_cost: reported::cost(fields)?,
        service_tier: reported::tier(fields).or_else(|| reported::tier(response)),
        shape: known.shape,
    })
}

fn not_one() -> Refusal {
    Refusal::invalid(
        "usage",
        "expects a provider's usage object as it came, with prompt_tokens, input_tokens, inputTokens, \
         promptTokenCount, prompt_eval_count or billed_units, or a whole response that holds one",
    )
}
