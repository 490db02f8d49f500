//! How many tokens a text has: counted for OpenAI's models, estimated from above for the others.
//!
//! The tokenizers of most other providers are not public, so theirs is an upper bound for ordinary text and not
//! a count. Its ratios are set against two figures: Anthropic's word that English has about 3.5 characters to a
//! token and that its newer tokenizers make up to 1.35 times as many tokens of a text, and Google's of about
//! 4 characters to a token. They are checked in the tests to stay above 1.35 times OpenAI's counts of prose,
//! code and other scripts:
//! - a word in small letters has a token for every 3 begun letters (its space is part of it), one in capitals
//!   for every 2;
//! - every digit, mark and line break is a token, as in tokenizers that join none (Gemini, Qwen); of several
//!   spaces every 4 begun ones are;
//! - every letter of two bytes (Cyrillic, Greek, Arabic, accented Latin) is a token;
//! - every Chinese, Japanese or Korean character is two;
//! - anything else, emoji included, is as many as it has bytes: a tokenizer that starts from bytes never makes more.
//!
//! What a provider puts around messages (three tokens or so for each) is no part of a text and not counted.

use tiktoken_rs::tokenizer::{Tokenizer, get_tokenizer};

/// How many tokens a text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenCount {
    /// Tokens: a count, or an upper bound for ordinary text.
    pub tokens: u64,
    /// Whether they were counted by the model's own tokenizer.
    pub exact: bool,
}

/// The tokenizer's regular expressions give up on longer runs of blanks or of anything else.
const RUN_MOST: usize = 50_000;

/// Counts the tokens of a text, or estimates them. A tokenizer is loaded at its first use and kept.
pub fn count(provider: &str, model: &str, text: &str) -> TokenCount {
    let counted = tokenizer_of(provider, model)
        .filter(|_| longest_run(text) <= RUN_MOST)
        .and_then(|tokenizer| tiktoken_rs::bpe_for_tokenizer(tokenizer).ok())
        .map(|tokenizer| tokenizer.encode_ordinary(text).len() as u64);
    match counted {
        Some(tokens) => TokenCount {
            tokens,
            exact: true,
        },
        None => TokenCount {
            tokens: estimate(text),
            exact: false,
        },
    }
}

/// The tokenizer of an OpenAI model, whoever serves it.
fn tokenizer_of(provider: &str, model: &str) -> Option<Tokenizer> {
    let model = model.to_ascii_lowercase();
    let provider = provider.to_ascii_lowercase();
    let own = ["openai", "azure"]
        .iter()
        .any(|name| provider.contains(name));
    let (maker, name) = model.rsplit_once('/').unwrap_or(("", &model));
    let name = name.strip_prefix("openai.").unwrap_or(name);
    // A short name such as `ada` or `o1` may be anybody's.
    let named =
        maker.ends_with("openai") || name.starts_with("gpt-") || name.starts_with("chatgpt-");
    (own || named).then(|| get_tokenizer(name)).flatten()
}

/// The longest run, in bytes, of blanks or of what is none.
fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    let mut blank = false;
    for character in text.chars() {
        if character.is_whitespace() != blank {
            blank = !blank;
            run = 0;
        }
        run += character.len_utf8();
        longest = longest.max(run);
    }
    longest
}

/// What a character is to the estimate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Small,
    Capital,
    Space,
    /// So many tokens of its own.
    Alone(u64),
}

fn class(character: char) -> Class {
    match character {
        'a'..='z' => Class::Small,
        'A'..='Z' => Class::Capital,
        ' ' => Class::Space,
        _ if character.is_ascii() => Class::Alone(1),
        // Kana, Han, Hangul, and the full-width forms.
        '\u{3000}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{ff00}'..='\u{ffef}' => {
            Class::Alone(2)
        }
        '\u{80}'..='\u{7ff}' if character.is_alphabetic() => Class::Alone(1),
        _ => Class::Alone(character.len_utf8() as u64),
    }
}

/// An upper bound of a text's tokens.
fn estimate(text: &str) -> u64 {
    let mut tokens = 0;
    let mut run = Run::default();
    for character in text.chars() {
        let class = class(character);
        if !run.takes(class) {
            tokens += run.tokens();
            run = Run {
                class: Some(class),
                length: 0,
            };
        }
        run.length += 1;
    }
    tokens + run.tokens()
}

/// Characters of one class in a row.
#[derive(Default)]
struct Run {
    class: Option<Class>,
    length: u64,
}

impl Run {
    /// Whether a further character belongs to it. A capital starts the word that follows it.
    fn takes(&mut self, class: Class) -> bool {
        if self.class == Some(Class::Capital) && self.length == 1 && class == Class::Small {
            self.class = Some(Class::Small);
        }
        self.class == Some(class) && !matches!(class, Class::Alone(_))
    }

    fn tokens(&self) -> u64 {
        match self.class {
            Some(Class::Small) => self.length.div_ceil(3),
            Some(Class::Capital) => self.length.div_ceil(2),
            // A single space belongs to the word after it.
            Some(Class::Space) => (self.length - 1).div_ceil(4),
            Some(Class::Alone(tokens)) => tokens,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn openai_is_counted() {
        for (model, text, tokens) in [
            ("gpt-4", "tiktoken is great!", 6),
            ("gpt-4o", "tiktoken is great!", 6),
            ("text-embedding-3-small", "hello world", 2),
            ("o3-mini", "hello world", 2),
            ("gpt-5-mini", "", 0),
            ("gpt-4o", "<|endoftext|>", 7),
        ] {
            let counted = count("openai", model, text);
            assert_eq!(
                counted,
                TokenCount {
                    tokens,
                    exact: true
                },
                "{model}"
            );
        }
    }

    #[test]
    fn an_openai_model_is_known_wherever_it_is_served() {
        for (provider, model) in [
            ("openrouter", "openai/gpt-4o"),
            ("azure", "gpt-4o"),
            ("", "gpt-4.1-mini"),
            ("groq", "openai/gpt-oss-120b"),
            ("bedrock", "openai.gpt-oss-20b-1:0"),
        ] {
            assert!(count(provider, model, "hi").exact, "{provider} {model}");
        }
        for (provider, model) in [
            ("anthropic", "claude-opus-4-6"),
            ("google", "gemini-2.5-pro"),
            ("somebody", "ada"),
            ("openai", "something-new"),
        ] {
            assert!(!count(provider, model, "hi").exact, "{provider} {model}");
        }
    }

    const TEXTS: [(&str, &str); 13] = [
        (
            "prose",
            "The quick brown fox jumps over the lazy dog, and nobody was very surprised when it came back an hour later; it had done so every evening since the spring. Would it ever stop? \"I doubt it,\" she said.",
        ),
        (
            "plain words",
            "it is not what you do but how you do it that is of use to us all in the end as we go on",
        ),
        (
            "technical",
            "An idempotent HTTP PUT request to https://api.example.com/v1/users/42?verbose=true returned 503 after 12.75 seconds; see RFC 9110, section 9.3.4.",
        ),
        (
            "Rust",
            "impl<T: Clone> Iterator for Walk<'_, T> {\n    type Item = (usize, T);\n\n    fn next(&mut self) -> Option<Self::Item> {\n        let node = self.stack.pop()?;\n        self.stack.extend(node.children.iter().rev());\n        Some((node.depth, node.value.clone()))\n    }\n}\n",
        ),
        (
            "Python",
            "def fib(n: int) -> int:\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n\nif __name__ == \"__main__\":\n    print([fib(i) for i in range(10)])\n",
        ),
        (
            "JSON",
            "{\"id\": 1042, \"name\": \"Widget\", \"tags\": [\"a\", \"b\"], \"price\": 12.50, \"nested\": {\"ok\": true, \"none\": null}}",
        ),
        (
            "hex and base64",
            "3f786850e387550fdab836ed7e6dc881de23001b TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsu eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        ),
        (
            "German",
            "Die Donaudampfschifffahrtsgesellschaft veröffentlichte gestern überraschend günstige Jahreszahlen für das vergangene Geschäftsjahr.",
        ),
        (
            "Chinese",
            "人工智能正在改变我们的生活方式。今天天气很好，我们去公园散步吧！",
        ),
        (
            "Japanese",
            "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
        ),
        (
            "Korean",
            "안녕하세요, 오늘 날씨가 정말 좋네요. 같이 산책하러 갈까요?",
        ),
        (
            "Russian and Arabic",
            "Все счастливые семьи похожи друг на друга. مرحبا بالعالم كيف حالك اليوم",
        ),
        (
            "emoji and Hindi",
            "Great job 🎉🎉 👩‍👩‍👧‍👦 🏳️‍🌈 ❤️ नमस्ते दुनिया, आप कैसे हैं? สวัสดีชาวโลก",
        ),
    ];

    #[test]
    fn the_estimate_stays_above_what_any_tokenizer_makes_of_ordinary_text() {
        for (name, text) in TEXTS {
            let estimated = count("anthropic", "claude-opus-4-6", text);
            assert!(!estimated.exact);
            let o200k = count("openai", "gpt-4o", text).tokens;
            let cl100k = count("openai", "gpt-4", text).tokens;
            assert!(
                estimated.tokens * 100 >= o200k * 135,
                "{name}: {estimated:?}, {o200k}"
            );
            assert!(
                estimated.tokens >= cl100k,
                "{name}: {estimated:?}, {cl100k}"
            );
            assert!(estimated.tokens <= text.len() as u64, "{name}");
        }
    }

    #[test]
    fn the_estimate_of_prose_is_not_far_above() {
        let (_, prose) = TEXTS[0];
        let tokens = count("google", "gemini-2.5-pro", prose).tokens;
        assert!(tokens <= 3 * count("openai", "gpt-4o", prose).tokens);
    }

    #[test]
    fn a_run_without_end_is_estimated() {
        for run in [" ", "\n", "^", "a", "字"] {
            let text = run.repeat(1_000_000);
            assert!(!count("openai", "gpt-4o", &text).exact);
        }
        let blanks = format!("{}x", " ".repeat(RUN_MOST));
        assert!(count("openai", "gpt-4o", &blanks).exact);
    }

    proptest! {
        #[test]
        fn no_text_has_more_tokens_than_bytes(text in ".{0,200}") {
            prop_assert!(count("anthropic", "claude", &text).tokens <= text.len() as u64);
            prop_assert!(count("openai", "gpt-4o", &text).tokens <= text.len() as u64);
        }

        #[test]
        fn more_text_has_no_fewer_tokens(text in ".{0,100}", more in ".{0,20}") {
            let longer = format!("{text}{more}");
            prop_assert!(count("x", "y", &longer).tokens >= count("x", "y", &text).tokens);
        }
    }
}
