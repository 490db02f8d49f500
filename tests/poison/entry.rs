//! What honest sources say: a few models, of which each source knows some that others know and one that it alone knows.

use rust_decimal::Decimal;

/// A source under test, by its name.
pub type Feed = &'static str;

/// The history, which has a word about the past alone.
pub const HISTORY: Feed = "llm_prices_history";
/// The page, of which there are many like it.
pub const PAGE: Feed = "llmprices.com";

/// Every source: the six of the issue, of which one has two files.
pub const FEEDS: [Feed; 7] = [
    "litellm",
    "openrouter",
    "models_dev",
    "genai_prices",
    "llm_prices",
    HISTORY,
    PAGE,
];

/// A price as a source states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// USD for a million, to be written in the source's own unit.
    Rate(Decimal),
    /// What stands in the number's place, as it is.
    AsWritten(String),
}

/// One entry of a source's document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub provider: String,
    pub model: String,
    pub input: Said,
    pub output: Said,
    pub cache_read: Option<Said>,
    /// The input, stated a second time.
    pub input_again: Option<Said>,
    /// From when and until when, where the source says so.
    pub dates: (Option<String>, Option<String>),
}

/// How a model is known, from the most sources to the fewest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// All sources say it that could.
    Widely,
    /// The source and one other.
    ByTwo,
    /// The source alone.
    Alone,
}

impl Known {
    pub const ALL: [Self; 3] = [Self::Widely, Self::ByTwo, Self::Alone];
}

/// A decimal of a text.
pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

impl Entry {
    pub fn new(provider: &str, model: &str, input: &str, output: &str, read: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            model: model.to_owned(),
            input: Said::Rate(dec(input)),
            output: Said::Rate(dec(output)),
            cache_read: Some(Said::Rate(dec(read))),
            input_again: None,
            dates: (None, None),
        }
    }

    pub fn of((provider, model): &(String, String), input: &str, output: &str) -> Self {
        let mut entry = Self::new(provider, model, input, output, "0");
        entry.cache_read = None;
        entry
    }

    /// Every price that it states.
    pub fn prices(&mut self) -> impl Iterator<Item = &mut Said> {
        let sides = [&mut self.input, &mut self.output];
        sides.into_iter().chain(self.cache_read.as_mut())
    }

    /// Multiplies every price.
    pub fn scale(&mut self, factor: &str) {
        let factor = dec(factor);
        for said in self.prices() {
            said.scale(factor);
        }
    }
}

impl Said {
    pub fn scale(&mut self, factor: Decimal) {
        if let Self::Rate(rate) = self {
            *rate = (*rate * factor).normalize();
        }
    }
}

/// The provider and model that a source is tried on.
pub fn subject(feed: Feed, known: Known) -> (String, String) {
    let (provider, front) = if feed == "openrouter" {
        ("openrouter", "acme/")
    } else {
        ("xai", "")
    };
    let model = match known {
        Known::Widely => format!("{front}grok-many"),
        Known::ByTwo => format!("{front}grok-pair-{feed}"),
        Known::Alone => format!("{front}grok-alone-{feed}"),
    };
    (provider.to_owned(), model)
}

/// The source that knows a model beside it.
fn partner(feed: Feed) -> Feed {
    match feed {
        "litellm" => "models_dev",
        "models_dev" => "genai_prices",
        _ => "litellm",
    }
}

fn entry(feed: Feed, known: Known) -> Entry {
    let (provider, model) = subject(feed, known);
    let (input, output, read) = match known {
        Known::Widely => ("2", "10", "0.5"),
        Known::ByTwo => ("3", "12", "0.75"),
        Known::Alone => ("4", "20", "1"),
    };
    Entry::new(&provider, &model, input, output, read)
}

/// How the names of models begin that stay as they are, where the others' numbers are none: a list of which most can't be read is
/// another kind.
pub const CONTROL: &str = "acme/grok-control";

/// What a source says while it is honest.
pub fn honest(feed: Feed) -> Vec<Entry> {
    let mut entries = Vec::new();
    if feed != "openrouter" {
        entries.push(entry(PAGE, Known::Widely));
        entries.push(Entry::new("openai", "gpt-4o", "2.5", "10", "1.25"));
    }
    if ["litellm", "openrouter", "models_dev", "genai_prices"].contains(&feed) {
        entries.push(entry("openrouter", Known::Widely));
    }
    let beside = FEEDS
        .into_iter()
        .filter(|other| *other == feed || partner(other) == feed);
    entries.extend(beside.map(|other| entry(other, Known::ByTwo)));
    entries.push(entry(feed, Known::Alone));
    let controls = [
        "", "-a", "-b", "-c", "-d", "-e", "-f", "-g", "-h", "-i", "-j", "-k",
    ];
    let controls = controls.map(|end| format!("{CONTROL}{end}"));
    entries.extend(controls.map(|name| Entry::new("openrouter", &name, "1", "5", "0.25")));
    if feed == HISTORY {
        entries = entries.into_iter().flat_map(over_time).collect();
    }
    entries
}

/// The day on which the honest prices of the history changed.
pub const CHANGED: &str = "2026-11-01";

/// A price that was half as much again before it changed.
fn over_time(now: Entry) -> [Entry; 2] {
    let mut before = now.clone();
    before.scale("1.5");
    before.dates.1 = Some(CHANGED.to_owned());
    let mut now = now;
    now.dates.0 = Some(CHANGED.to_owned());
    [before, now]
}
