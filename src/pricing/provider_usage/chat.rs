//! OpenAI's chat completions and embeddings, and the providers that follow them.
//!
//! | provider | what is its own |
//! |---|---|
//! | DeepSeek | `prompt_cache_hit_tokens` and `prompt_cache_miss_tokens` make up `prompt_tokens` |
//! | Mistral | `prompt_audio_seconds`, in place of what audio has as tokens; `connector_tokens` and `connectors` beside the prompt |
//! | Qwen | what is written to a cache, by time, among the details |
//! | litellm's proxy | Anthropic's names of what a cache read and took, beside a prompt that includes them |
//! | xAI | reasoning stands beside `completion_tokens`; `cost_in_usd_ticks`, of 10⁻¹⁰ dollars; `num_sources_used` and the tools that ran |
//! | Perplexity | `citation_tokens` and `reasoning_tokens` beside the rest; `num_search_queries`; `cost.total_cost` |
//! | OpenRouter | `cost`, to which the upstream's is added where the caller's own key paid that; web searches |

use super::fields::Fields;
use super::inclusive::{Names, Reasoning, split, split_beside};
use super::tools::take_calls;
use super::{Shape, TakenUsage};
use crate::core::quantity::{Counts, Usd};
use crate::core::refusal::Refusal;
use rust_decimal::Decimal;

const NAMES: Names = Names {
    input: "prompt_tokens",
    input_details: &["prompt_tokens_details", "prompt_token_details"],
    output: "completion_tokens",
    output_details: &["completion_tokens_details"],
    cached: &[
        "prompt_cache_hit_tokens",
        "cached_tokens",
        "num_cached_tokens",
        "cached_prompt_text_tokens",
        "cache_read_input_tokens",
    ],
    written: &["cache_creation_input_tokens"],
};

/// Where xAI tells of the tools that it ran.
pub(super) const XAI_TOOLS: &str = "server_side_tool_usage_details";
/// What xAI calls searches of the web there.
pub(super) const XAI_SEARCHES: &[&str] = &["web_search_calls"];
/// What Mistral's connectors call them.
const MISTRAL_SEARCHES: &[&str] = &["web_search", "web_search_premium"];

/// Whose it is, of those who follow OpenAI.
pub(super) fn shape(usage: &Fields<'_>, from: impl Fn(&str) -> bool) -> Shape {
    let marked = [
        (
            Shape::Deepseek,
            "deepseek",
            &["prompt_cache_hit_tokens"][..],
        ),
        (
            Shape::Mistral,
            "mistral",
            &["prompt_audio_seconds", "connector_tokens"],
        ),
        (
            Shape::Xai,
            "xai",
            &["num_sources_used", "cost_in_usd_ticks"],
        ),
        (
            Shape::Perplexity,
            "perplexity",
            &[
                "citation_tokens",
                "num_search_queries",
                "search_context_size",
            ],
        ),
        (
            Shape::Openrouter,
            "openrouter",
            &["cost_details", "is_byok"],
        ),
    ];
    let by_name = marked.iter().find(|(_, name, _)| from(name));
    let by_mark = || marked.iter().find(|(.., marks)| usage.has_any(marks));
    if let Some((shape, ..)) = by_name.or_else(by_mark) {
        return *shape;
    }
    if from("openai") || from("azure") {
        Shape::OpenaiChat
    } else {
        Shape::OpenaiCompatible
    }
}

pub(super) fn take(shape: Shape, usage: &Fields<'_>) -> Result<TakenUsage, Refusal> {
    let otherwise = match shape {
        Shape::Xai | Shape::Perplexity => Reasoning::Beside,
        _ => Reasoning::Within,
    };
    let mut taken = match shape {
        Shape::Perplexity => TakenUsage::of(shape, perplexity(usage)?),
        Shape::Mistral => TakenUsage::of(shape, mistral(usage)?),
        _ => TakenUsage::of(shape, split(usage, &NAMES, otherwise)?),
    };
    match shape {
        Shape::Deepseek => check_cache_sides(usage)?,
        Shape::Mistral => {
            if let Some(connectors) = usage.object(&["connectors"]) {
                take_calls(&connectors, MISTRAL_SEARCHES, &mut taken)?;
            }
        }
        Shape::Xai => {
            match usage.object(&[XAI_TOOLS]) {
                Some(tools) => take_calls(&tools, XAI_SEARCHES, &mut taken)?,
                None => {
                    taken.counts.web_searches = usage.count(&["num_sources_used"])?.or_zero();
                }
            }
            taken.reported_cost = ticks(usage)?;
        }
        Shape::Perplexity => {
            let cost = usage.object(&["cost"]);
            taken.reported_cost = match cost {
                Some(cost) => cost.usd(&["total_cost"])?,
                None => None,
            };
        }
        Shape::Openrouter => {
            taken.counts.web_searches = match usage.object(&["server_tool_use"]) {
                Some(tools) => tools.count(&["web_search_requests"])?.or_zero(),
                None => 0,
            };
            taken.reported_cost = openrouter_cost(usage)?;
        }
        _ => {}
    }
    Ok(taken)
}

/// Mistral's own. Audio is sold by the second: its tokens, which stand beside the prompt in the details and the total, are
/// neither a part of the prompt nor charged, cached or not. What connectors brought in stands beside the prompt, too, and is
/// charged as input.
fn mistral(usage: &Fields<'_>) -> Result<Counts, Refusal> {
    // Where no audio was sent the member is there all the same, and empty.
    let seconds = match usage.object(&["prompt_audio_seconds"]) {
        Some(_) => 0,
        None => usage.seconds(&["prompt_audio_seconds"])?,
    };
    let connected = usage.count(&["connector_tokens"])?.or_zero();
    let mut counts = if seconds > 0 {
        Counts {
            input_tokens: usage.count(&[NAMES.input])?.or_zero(),
            output_tokens: usage.count(&[NAMES.output])?.or_zero(),
            ..Counts::default()
        }
    } else {
        split_beside(usage, &NAMES, Reasoning::Within, connected)?
    };
    counts.input_tokens = counts.input_tokens.saturating_add(connected);
    counts.seconds = seconds;
    Ok(counts)
}

fn check_cache_sides(usage: &Fields<'_>) -> Result<(), Refusal> {
    let hit = usage.count(&["prompt_cache_hit_tokens"])?;
    let miss = usage.count(&["prompt_cache_miss_tokens"])?;
    let prompt = usage.count(&["prompt_tokens"])?;
    if miss.given().is_some() && hit.or_zero() + miss.or_zero() != prompt.or_zero() {
        let expects = format!(
            "what {} of prompt_tokens leaves beside the {} of prompt_cache_hit_tokens",
            prompt.or_zero(),
            hit.or_zero()
        );
        return Err(miss.refuse(&expects));
    }
    Ok(())
}

/// xAI's ticks to a dollar, as decimal places.
const TICK_PLACES: u32 = 10;

/// What xAI says that it cost.
pub(super) fn ticks(usage: &Fields<'_>) -> Result<Option<Usd>, Refusal> {
    let ticks = usage.count(&["cost_in_usd_ticks"])?.given();
    Ok(ticks.map(|ticks| {
        let dollar = Decimal::new(1, TICK_PLACES);
        Usd::new(Decimal::from(ticks) * dollar)
    }))
}

/// Citations are read by the model, and priced as input; they and reasoning stand beside the other counts.
fn perplexity(usage: &Fields<'_>) -> Result<Counts, Refusal> {
    let input = usage.count(&["prompt_tokens"])?.or_zero();
    let citations = usage.count(&["citation_tokens"])?.or_zero();
    Ok(Counts {
        input_tokens: input + citations,
        output_tokens: usage.count(&["completion_tokens"])?.or_zero(),
        reasoning_tokens: usage.count(&["reasoning_tokens"])?.or_zero(),
        web_searches: usage.count(&["num_search_queries"])?.or_zero(),
        ..Counts::default()
    })
}

/// What OpenRouter says that it cost.
pub(super) fn openrouter_cost(usage: &Fields<'_>) -> Result<Option<Usd>, Refusal> {
    let own = usage.usd(&["cost"])?;
    let upstream = match usage.object(&["cost_details"]) {
        Some(details) if usage.flag("is_byok") => details.usd(&["upstream_inference_cost"])?,
        _ => None,
    };
    Ok(match (own, upstream) {
        (Some(own), Some(upstream)) => Some(own + upstream),
        (own, upstream) => own.or(upstream),
    })
}
