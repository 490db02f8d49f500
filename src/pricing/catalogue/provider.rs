//! The names of providers, and who owns which family of models.

use std::borrow::Cow;

/// A provider's name as the catalogue writes it: lower case, with underscores.
pub fn normal(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) {
        return Cow::Borrowed(name);
    }
    let word = |c: char| {
        if matches!(c, '-' | ' ' | '.') {
            '_'
        } else {
            c.to_ascii_lowercase()
        }
    };
    Cow::Owned(name.chars().map(word).collect())
}

/// Other names of providers. One name may mean several of the catalogue's, of one company: the first that
/// has the model is meant.
const ALIASES: &[(&str, &[&str])] = &[
    ("alibaba", &["dashscope"]),
    ("amazon", &["bedrock", "bedrock_mantle", "amazon_nova"]),
    ("amazon_bedrock", &["bedrock", "bedrock_mantle"]),
    ("aws", &["bedrock", "bedrock_mantle", "amazon_nova"]),
    ("aws_bedrock", &["bedrock", "bedrock_mantle"]),
    ("azure", &["azure", "azure_ai"]),
    ("azure_foundry", &["azure_ai", "azure"]),
    ("azure_openai", &["azure"]),
    ("bedrock", &["bedrock", "bedrock_mantle"]),
    ("bedrock_converse", &["bedrock"]),
    ("claude", &["anthropic"]),
    ("cloudflare_workers_ai", &["cloudflare"]),
    ("cohere_chat", &["cohere"]),
    ("copilot", &["github_copilot"]),
    ("fireworks", &["fireworks_ai"]),
    ("friendli", &["friendliai"]),
    ("gemini", &["google", "vertex_ai"]),
    ("gmicloud", &["gmi"]),
    ("google", &["google", "vertex_ai"]),
    ("google_ai", &["google"]),
    ("google_ai_studio", &["google"]),
    ("google_gemini", &["google"]),
    ("google_genai", &["google", "vertex_ai"]),
    ("google_vertex", &["vertex_ai"]),
    ("google_vertex_anthropic", &["vertex_ai"]),
    ("grok", &["xai"]),
    ("kimi", &["moonshot"]),
    ("meta_ai", &["meta"]),
    ("microsoft", &["azure", "azure_ai"]),
    ("mistralai", &["mistral"]),
    ("moonshot_ai", &["moonshot"]),
    ("moonshotai", &["moonshot"]),
    ("novita_ai", &["novita"]),
    ("open_ai", &["openai"]),
    ("openai_responses", &["openai"]),
    ("qwen", &["dashscope"]),
    ("snowflake_cortex", &["snowflake"]),
    ("together", &["together_ai"]),
    ("togetherai", &["together_ai"]),
    ("vercel", &["vercel_ai_gateway"]),
    ("vertex", &["vertex_ai"]),
    ("vertexai", &["vertex_ai"]),
    ("voyageai", &["voyage"]),
    ("x_ai", &["xai"]),
    ("xiaomi", &["xiaomi_mimo"]),
    ("z_ai", &["zai"]),
];

/// The catalogue's names for a provider, in the order in which they are asked.
pub fn named(name: &str) -> Vec<Cow<'_, str>> {
    let name = normal(name);
    match ALIASES.binary_search_by(|(alias, _)| (*alias).cmp(&name)) {
        Ok(at) => ALIASES[at]
            .1
            .iter()
            .map(|name| Cow::Borrowed(*name))
            .collect(),
        Err(_) => vec![name],
    }
}

/// The first of the names that a provider's name means: the one by which models are known that no catalogue has.
pub fn canonical(name: &str) -> Cow<'_, str> {
    named(name)
        .into_iter()
        .next()
        .unwrap_or(Cow::Borrowed(name))
}

/// The catalogue's providers that a limit on a provider's name is of: one of the catalogue's own stands for itself, any
/// other for all that it may mean.
pub fn limited(name: &str) -> Vec<Cow<'_, str>> {
    let (own, meant) = (normal(name), named(name));
    if meant.contains(&own) {
        vec![own]
    } else {
        meant
    }
}

/// The starts of names that a company gives to its own models, and its name in the catalogue.
///
/// A start counts only as a whole: `o3` owns `o3` and `o3-mini`, not `o300`.
const OWNERS: &[(&str, &[&str])] = &[
    ("ai21", &["jamba", "j2"]),
    ("anthropic", &["claude"]),
    ("bedrock", &["amazon"]),
    ("cohere", &["command", "c4ai", "embed", "rerank"]),
    (
        "dashscope",
        &[
            "qwen", "qwen2", "qwen2.5", "qwen3", "qwen3.5", "qwen3.6", "qwen3.7", "qwen3.8", "qwq",
            "qvq",
        ],
    ),
    ("deepseek", &["deepseek"]),
    ("google", &["gemini", "gemma", "imagen", "learnlm"]),
    ("minimax", &["minimax"]),
    (
        "mistral",
        &[
            "mistral",
            "ministral",
            "magistral",
            "codestral",
            "devstral",
            "pixtral",
            "voxtral",
            "open-mistral",
            "open-mixtral",
        ],
    ),
    ("moonshot", &["kimi", "moonshot"]),
    (
        "openai",
        &[
            "gpt",
            "chatgpt",
            "o1",
            "o3",
            "o4",
            "text-embedding-3",
            "text-embedding-ada",
            "dall-e",
            "whisper-1",
            "tts-1",
            "davinci-002",
            "babbage-002",
            "codex",
            "computer-use",
            "omni-moderation",
            "text-moderation",
            "ft:gpt",
            "ft:o4",
        ],
    ),
    ("perplexity", &["sonar"]),
    ("voyage", &["voyage"]),
    ("xai", &["grok"]),
    ("zai", &["glm"]),
];

/// The company that gives such names to its own models.
pub fn owner(model: &str) -> Option<&'static str> {
    let model = model.to_ascii_lowercase();
    let starts = |start: &&str| {
        model
            .strip_prefix(*start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.', ':', '@', '/']))
    };
    OWNERS
        .iter()
        .find(|(_, prefixes)| prefixes.iter().any(starts))
        .map(|(owner, _)| *owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_in_order_and_normal() {
        assert!(ALIASES.is_sorted_by(|a, b| a.0 < b.0));
        for (alias, meant) in ALIASES {
            assert_eq!(normal(alias), *alias);
            assert!(meant.iter().all(|name| normal(name) == *name));
        }
    }

    #[test]
    fn providers_go_by_many_names() {
        assert_eq!(named("AWS"), ["bedrock", "bedrock_mantle", "amazon_nova"]);
        assert_eq!(named("x-ai"), ["xai"]);
        assert_eq!(named(" Together AI "), ["together_ai"]);
        assert_eq!(named("openai"), ["openai"]);
        assert_eq!(named("Open AI"), ["openai"]);
    }

    #[test]
    fn a_limit_is_of_the_name_itself_or_of_all_that_it_means() {
        assert_eq!(limited("OpenAI"), ["openai"]);
        assert_eq!(limited("Google"), ["google"]);
        assert_eq!(limited("Gemini"), ["google", "vertex_ai"]);
        assert_eq!(limited("aws"), ["bedrock", "bedrock_mantle", "amazon_nova"]);
        for (alias, _) in ALIASES {
            for meant in limited(alias) {
                assert_eq!(limited(&meant), [&*meant], "saved again, {alias} stays");
            }
        }
    }

    #[test]
    fn families_have_owners_and_look_alikes_do_not() {
        assert_eq!(owner("gpt-4o"), Some("openai"));
        assert_eq!(owner("Claude-Opus-5"), Some("anthropic"));
        assert_eq!(owner("o3"), Some("openai"));
        assert_eq!(owner("o3-mini"), Some("openai"));
        assert_eq!(owner("o300"), None);
        assert_eq!(owner("gptx"), None);
        assert_eq!(owner("my-claude"), None);
    }
}
