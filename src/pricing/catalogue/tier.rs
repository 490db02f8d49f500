//! Which tier a model is of, by its provider and the size in its name.

use super::provider;
use crate::core::price::ModelTier;

/// Programs that run models on one's own machine.
const LOCAL: &[&str] = &[
    "gpt4all",
    "koboldcpp",
    "lemonade",
    "llama_cpp",
    "llamacpp",
    "llamafile",
    "lm_studio",
    "lmstudio",
    "local",
    "localai",
    "mlx",
    "ollama",
    "ollama_chat",
    "vllm",
    "hosted_vllm",
    "xinference",
];

/// From this many billion parameters on, a local model is midweight.
const MIDWEIGHT_BILLIONS: f64 = 10.0;

/// Whether a provider runs on one's own machine.
pub fn is_local(name: &str) -> bool {
    LOCAL.contains(&&*provider::normal(name))
}

/// The tier of a model that nothing else is known of.
///
/// A provider elsewhere is heavyweight. On one's own machine the size in the name decides: below 10 billion
/// parameters lightweight, from there on midweight; a name without a size is midweight, the dearer guess.
pub fn of(provider: &str, model: &str) -> ModelTier {
    if !is_local(provider) {
        return ModelTier::RemoteHeavyweight;
    }
    match billions(model) {
        Some(size) if size < MIDWEIGHT_BILLIONS => ModelTier::LocalLightweight,
        _ => ModelTier::LocalMidweight,
    }
}

/// The parameters that a name such as `llama3:8b`, `Gemma-3-4b-it` or `mixtral-8x7b` states, in billions.
fn billions(model: &str) -> Option<f64> {
    let lower = model.to_ascii_lowercase();
    lower
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
        .find_map(size)
}

fn size(word: &str) -> Option<f64> {
    if let Some(millions) = word.strip_suffix('m') {
        return millions.parse::<f64>().ok().map(|size| size / 1_000.0);
    }
    let number = word.strip_suffix('b')?;
    let number = number.strip_prefix('e').unwrap_or(number);
    match number.split_once('x') {
        Some((experts, each)) => Some(experts.parse::<f64>().ok()? * each.parse::<f64>().ok()?),
        None => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_in_the_name_decides_locally() {
        for (model, tier) in [
            ("llama3:8b", ModelTier::LocalLightweight),
            ("Gemma-3-4b-it-GGUF", ModelTier::LocalLightweight),
            ("smollm2:135m", ModelTier::LocalLightweight),
            ("gemma3n:e4b", ModelTier::LocalLightweight),
            ("mixtral-8x7B-Instruct", ModelTier::LocalMidweight),
            ("qwen2.5-coder:32b", ModelTier::LocalMidweight),
            ("mystery", ModelTier::LocalMidweight),
        ] {
            assert_eq!(of("ollama", model), tier, "{model}");
            assert_eq!(of("openai", model), ModelTier::RemoteHeavyweight);
        }
        assert_eq!(of("LM Studio", "phi-3.8b"), ModelTier::LocalLightweight);
    }
}
