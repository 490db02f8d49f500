//! How many tokens a text has: counted for OpenAI's models, estimated for all others.
//!
//! The estimate is meant to be no less than the true count of ordinary text: a hold that is too small lets a
//! limit be passed. It goes by kinds of characters. Each weight is above what the tokenizers that are public
//! need, OpenAI's `cl100k_base` and `o200k_base` (the tests compare), with room for Anthropic's newer ones,
//! which make up to about 1.35 times the tokens of their predecessors (Anthropic, on Claude Opus 4.7):
//!
//! | characters | tokens |
//! |---|---|
//! | a run of ASCII letters, up to the next change from small to capital | one for every three letters |
//! | a digit, a mark, a line end, a tab | one each |
//! | a run of spaces | none for one, else one for every four |
//! | other letters of Europe and the Near East (two bytes in UTF-8) | three for two |
//! | Chinese and Japanese characters, and their marks | three for two |
//! | all other scripts and signs (three bytes) | two each |
//! | emoji and whatever is rarer (four bytes) | three each |
//!
//! English prose and code come to about 1.7 times what `o200k_base` counts.

use super::catalogue::provider;
use tiktoken_rs::CoreBPE;
use tiktoken_rs::tokenizer::{Tokenizer, get_tokenizer};

/// A number of tokens, and whether it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenCount {
    /// How many.
    pub tokens: u64,
    /// Whether the model's own tokenizer counted them; an estimate otherwise.
    pub exact: bool,
}

/// Longer texts are estimated for every model: counting them could take a second.
const EXACT_BYTES_MOST: usize = 512 * 1024;

/// How many tokens a text has for a model, the text alone: what frames a message is not counted.
///
/// A tokenizer is loaded when it is first needed, and stays: some 45 MB and a tenth of a second.
pub fn count(provider: Option<&str>, model: &str, text: &str) -> TokenCount {
    let tokenizer = if text.len() > EXACT_BYTES_MOST {
        None
    } else {
        tokenizer(provider, model)
    };
    match tokenizer {
        Some(tokenizer) => TokenCount {
            tokens: wide(loaded(tokenizer).count_ordinary(text)),
            exact: true,
        },
        None => TokenCount {
            tokens: estimate(text),
            exact: false,
        },
    }
}

/// The tokenizer of a model, where it is public: of OpenAI's own, wherever they are served.
fn tokenizer(provider: Option<&str>, model: &str) -> Option<Tokenizer> {
    let model = model
        .rsplit('/')
        .next()
        .unwrap_or(model)
        .to_ascii_lowercase();
    if provider::owner(&model) != Some("openai") && !model.starts_with("text-") {
        return None;
    }
    // A name that others also give their models counts only where OpenAI's are served.
    let serves = |name: &std::borrow::Cow<'_, str>| {
        matches!(
            &**name,
            "openai" | "azure" | "azure_ai" | "openrouter" | "github_copilot" | "vercel_ai_gateway"
        )
    };
    let open = model.starts_with("gpt-oss-");
    if provider.is_some_and(|name| !open && !provider::named(name).iter().any(serves)) {
        return None;
    }
    get_tokenizer(&model)
}

fn loaded(tokenizer: Tokenizer) -> &'static CoreBPE {
    match tokenizer {
        Tokenizer::O200kHarmony => tiktoken_rs::o200k_harmony_singleton(),
        Tokenizer::O200kBase => tiktoken_rs::o200k_base_singleton(),
        Tokenizer::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
        Tokenizer::P50kBase => tiktoken_rs::p50k_base_singleton(),
        Tokenizer::P50kEdit => tiktoken_rs::p50k_edit_singleton(),
        Tokenizer::R50kBase | Tokenizer::Gpt2 => tiktoken_rs::r50k_base_singleton(),
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What the text may have at most, in ordinary texts.
fn estimate(text: &str) -> u64 {
    let mut sum = HalfTokens::default();
    for character in text.chars() {
        sum.take(character);
    }
    sum.end_run();
    sum.halves.div_ceil(2)
}

/// Letters of a run that its first token takes, and each further one.
const LETTERS_A_TOKEN: u64 = 3;
/// Spaces of a run that one token takes.
const SPACES_A_TOKEN: u64 = 4;

/// Counts in halves of a token, character by character.
#[derive(Default)]
struct HalfTokens {
    halves: u64,
    letters: u64,
    spaces: u64,
    small_before: bool,
}

impl HalfTokens {
    fn take(&mut self, character: char) {
        if character.is_ascii_alphabetic() {
            let new_word = self.small_before && character.is_ascii_uppercase();
            if self.letters == 0 || new_word {
                self.end_run();
            }
            self.letters += 1;
            self.small_before = character.is_ascii_lowercase();
            return;
        }
        if character == ' ' {
            if self.spaces == 0 {
                self.end_run();
            }
            self.spaces += 1;
            return;
        }
        self.end_run();
        self.halves += weight(character);
    }

    fn end_run(&mut self) {
        self.halves += 2 * self.letters.div_ceil(LETTERS_A_TOKEN);
        if self.spaces > 1 {
            self.halves += 2 * self.spaces.div_ceil(SPACES_A_TOKEN);
        }
        self.letters = 0;
        self.spaces = 0;
        self.small_before = false;
    }
}

/// Halves of a token for a character that is neither an ASCII letter nor a space.
fn weight(character: char) -> u64 {
    match (character.len_utf8(), u32::from(character)) {
        (1, _) => 2,
        // All of two bytes; of three, marks and kana, ideographs, and their full-width forms.
        (2, _) | (3, 0x3000..=0x30FF | 0x3400..=0x9FFF | 0xFF00..=0xFFEF) => 3,
        (3, _) => 4,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Ordinary texts of many kinds.
    const TEXTS: &[&str] = &[
        "The ledger decides and holds in one step that nothing can come between: however many callers ask at \
         once, the sum of what is held and posted never passes a hard limit.",
        "Antidisestablishmentarianism notwithstanding, incomprehensibilities characterised the misunderstanding.",
        "fn each_line(rates: &Rates, mut each: impl FnMut(Result<CostLine, Unit>)) {\n    let sheet = \
         Sheet::new(rates, counts.prompt_tokens(), tier);\n    for unit in Unit::ALL {\n        if count == 0 \
         {\n            continue;\n        }\n    }\n}\n",
        "{\"provider\":\"openai\",\"model\":\"gpt-4o\",\"rates\":{\"input\":\"2.5\",\"output\":\"10\"},\"n\":[1,22,333,4444]}",
        "SELECT u.id, COUNT(*) AS n FROM usage_records u WHERE u.occurred_at >= '2026-11-24' GROUP BY 1;",
        "3.14159265358979323846264338327950288419716939937510",
        "Übergrößenträger dürfen Äußerungen über Mäßigung künftig nicht überhören, heißt es in der Größenordnung.",
        "Où êtes-vous allés cet été ? L'œuvre a été très appréciée par les élèves français.",
        "El niño comió piñas y pingüinos mañana según la leyenda española más antigua.",
        "Съешь же ещё этих мягких французских булок, да выпей чаю перед сном в зимнюю ночь.",
        "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία του ανθρώπου μέσα στη νύχτα.",
        "العربية لغة جميلة يتحدث بها الملايين من الناس في أنحاء العالم كله.",
        "השפה העברית היא שפה שמית ממשפחת השפות האפרו-אסיאתיות.",
        "人工智能正在改变世界,我们需要仔细管理每一笔开支,并确保预算不会超支。",
        "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。カタカナも混ぜる。",
        "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
        "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
        "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
        "Ship it 🚀🎉 — great work 👩‍💻👍🏽! 😀😃😄",
        "| a | b |\n|---|---|\n| 1 | `x` |\n\n- **bold** _em_ [link](https://example.com/a/b?c=d&e=f#g)\n",
        "    indented\n\t\ttabs\r\n\r\n        deeper = value  # comment\n",
    ];

    #[test]
    fn openai_models_are_counted() {
        let count = |model| count(Some("openai"), model, "tiktoken is great!");
        let exact = |tokens| TokenCount {
            tokens,
            exact: true,
        };
        assert_eq!(count("gpt-4o"), exact(6));
        assert_eq!(count("gpt-5-2025-08-07"), exact(6));
        assert_eq!(count("text-embedding-3-small"), exact(6));
        assert_eq!(
            super::count(Some("openrouter"), "openai/gpt-4o-mini", ""),
            exact(0)
        );
        assert_eq!(
            super::count(Some("groq"), "openai/gpt-oss-120b", "hello").tokens,
            1
        );
        assert!(super::count(None, "gpt-4.1", "hello").exact);
    }

    #[test]
    fn others_are_estimated_and_said_to_be() {
        for (provider, model) in [
            (Some("anthropic"), "claude-sonnet-4-5"),
            (None, "gemini-2.5-pro"),
            (Some("openai"), "gpt-unheard-of"),
            (Some("inhouse"), "gpt-4o"),
            (Some("google"), "text-embedding-004"),
        ] {
            assert!(
                !count(provider, model, "hello").exact,
                "{provider:?} {model}"
            );
        }
        let long = "a".repeat(EXACT_BYTES_MOST + 1);
        assert!(!count(Some("openai"), "gpt-4o", &long).exact);
        assert_eq!(estimate(""), 0);
    }

    #[test]
    fn the_estimate_of_ordinary_text_is_above_the_count_and_not_far_above() {
        for text in TEXTS {
            let estimated = estimate(text);
            for tokenizer in [Tokenizer::Cl100kBase, Tokenizer::O200kBase] {
                let counted = wide(loaded(tokenizer).count_ordinary(text));
                assert!(estimated >= counted, "{estimated} for {counted}: {text}");
            }
            let worst = wide(loaded(Tokenizer::Cl100kBase).count_ordinary(text));
            assert!(estimated <= worst * 3, "{estimated} for {worst}: {text}");
        }
    }

    proptest! {
        #[test]
        fn more_text_is_never_estimated_at_less(head in ".{0,40}", tail in ".{0,40}") {
            let both = format!("{head}{tail}");
            prop_assert!(estimate(&both) + 1 >= estimate(&head));
            prop_assert!(estimate(&both) <= estimate(&head) + estimate(&tail) + 1);
        }
    }
}
