//! What the catalogue knows of one model.

use crate::core::price::{ModelTier, Rates};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Text, and whatever else, in conversation.
    Chat,
    /// Vectors.
    Embedding,
    /// Pictures, made or edited.
    Image,
    /// Speech into text.
    AudioTranscription,
    /// Text into speech.
    AudioSpeech,
    /// Speech and text both ways at once.
    Realtime,
    /// Documents put in order.
    Rerank,
    /// Contents judged.
    Moderation,
}

impl Mode {
    /// The mode's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embedding => "embedding",
            Self::Image => "image",
            Self::AudioTranscription => "audio_transcription",
            Self::AudioSpeech => "audio_speech",
            Self::Realtime => "realtime",
            Self::Rerank => "rerank",
            Self::Moderation => "moderation",
        }
    }
}

/// What a model can do; unset where no source says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Calls tools.
    #[serde(skip_serializing_if = "is_false")]
    pub tools: bool,
    /// Reads pictures.
    #[serde(skip_serializing_if = "is_false")]
    pub vision: bool,
    /// Reasons before it answers.
    #[serde(skip_serializing_if = "is_false")]
    pub reasoning: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Capabilities {
    /// Whether it can do all that is needed.
    pub const fn cover(self, needs: Self) -> bool {
        (self.tools || !needs.tools)
            && (self.vision || !needs.vision)
            && (self.reasoning || !needs.reasoning)
    }
}

/// One source's word for a card's price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Which of the catalogue's sources.
    pub source: usize,
    /// What it says, where that is not the card's price.
    pub rates: Option<Arc<Rates>>,
}

/// Rates that hold from a time on, until the next ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedRates {
    /// From when; none for the ones before the first date that is known.
    pub effective_from: Option<Timestamp>,
    /// The rates.
    pub rates: Arc<Rates>,
}

/// Rates that hold between two times of every day, in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyRates {
    /// The first moment.
    pub from: Time,
    /// The moment after the last.
    pub until: Time,
    /// The rates.
    pub rates: Arc<Rates>,
}

impl DailyRates {
    fn hold_at(&self, at: Timestamp) -> bool {
        let time = TimeZone::UTC.to_datetime(at).time();
        if self.from <= self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

/// What the catalogue knows of one model of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCard {
    /// The provider's canonical name.
    pub provider: Box<str>,
    /// The model's name, as the provider takes it.
    pub model: Box<str>,
    /// Other names that the provider takes for it.
    pub aliases: Vec<Box<str>>,
    /// What it is for.
    pub mode: Mode,
    /// Where it runs and how large it is.
    pub tier: ModelTier,
    /// The most tokens that it reads.
    pub context_window: Option<u64>,
    /// The most tokens that it writes.
    pub max_output_tokens: Option<u64>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What it costs, on the catalogue's date, at all hours that `hours` does not name.
    pub rates: Arc<Rates>,
    /// What it costs instead at some hours of the day.
    pub hours: Vec<DailyRates>,
    /// Since when it costs that, where a source says so.
    pub effective_from: Option<Timestamp>,
    /// What it cost or will cost at other times, earliest first.
    pub other_times: Vec<DatedRates>,
    /// The sources that know it, in the catalogue's order.
    pub quotes: Vec<Quote>,
}

impl ModelCard {
    /// The rates at a time, and since when they hold where that is known.
    ///
    /// Before the first date that is known, the earliest known rates stand in.
    pub fn rates_at(&self, at: Timestamp) -> (&Arc<Rates>, Option<Timestamp>) {
        let held = self.held_at(at);
        if held.1 != self.effective_from {
            return held;
        }
        (self.rates_at_hour(at), held.1)
    }

    /// Its present rates, or those of that hour of the day where it has such.
    pub fn rates_at_hour(&self, at: Timestamp) -> &Arc<Rates> {
        let hours = self.hours.iter().find(|hours| hours.hold_at(at));
        hours.map_or(&self.rates, |hours| &hours.rates)
    }

    /// The rates at a time, whatever the hour.
    pub fn base_rates_at(&self, at: Timestamp) -> &Arc<Rates> {
        self.held_at(at).0
    }

    fn held_at(&self, at: Timestamp) -> (&Arc<Rates>, Option<Timestamp>) {
        let own = (&self.rates, self.effective_from);
        if self.other_times.is_empty() {
            return own;
        }
        let all = || {
            let others = self.other_times.iter();
            others
                .map(|dated| (&dated.rates, dated.effective_from))
                .chain([own])
        };
        let holds = |from: Option<Timestamp>| from.is_none_or(|from| from <= at);
        all()
            .filter(|(_, from)| holds(*from))
            .max_by_key(|(_, from)| *from)
            .or_else(|| all().min_by_key(|(_, from)| *from))
            .unwrap_or(own)
    }

    /// When the rates that hold from a time on end, for others follow.
    pub fn end_of_rates_from(&self, from: Option<Timestamp>) -> Option<Timestamp> {
        let others = self.other_times.iter().map(|dated| dated.effective_from);
        let all = others.chain([self.effective_from]);
        all.filter(|other| *other > from).min().flatten()
    }

    /// Every set of rates by date, earliest first.
    pub fn rates_over_time(&self) -> Vec<(&Arc<Rates>, Option<Timestamp>)> {
        let mut all: Vec<_> = self
            .other_times
            .iter()
            .map(|dated| (&dated.rates, dated.effective_from))
            .chain([(&self.rates, self.effective_from)])
            .collect();
        all.sort_by_key(|(_, from)| *from);
        all
    }
}

/// A chat model of which nothing is known but its name, for tests.
#[cfg(test)]
pub(crate) fn bare(provider: &str, model: &str) -> ModelCard {
    ModelCard {
        provider: provider.into(),
        model: model.into(),
        aliases: vec![],
        mode: Mode::Chat,
        tier: super::tier::of(provider, model),
        context_window: None,
        max_output_tokens: None,
        capabilities: Capabilities::default(),
        rates: Arc::default(),
        hours: vec![],
        effective_from: None,
        other_times: vec![],
        quotes: vec![],
    }
}
