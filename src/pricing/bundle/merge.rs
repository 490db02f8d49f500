//! Puts the sources' words for each model together.

use super::{Disagreement, GENAI, LITELLM, Report};
use crate::pricing::catalogue::format::midnight;
use crate::pricing::catalogue::{DailyRates, DatedRates, Mode, ModelCard, Quote, provider, tier};
use crate::pricing::sheet::Sheet;
use crate::pricing::sources::genai_prices::{self as genai, Match, Model, Provider, Told};
use crate::pricing::sources::{NO_PRICE, Offer, Skipped};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A provider and a name in lower case.
type Name = (String, String);

fn name(provider: &str, model: &str) -> Name {
    (provider.to_owned(), model.to_lowercase())
}

/// Every card that the sources make.
pub(super) fn cards(
    offers: Vec<Offer>,
    genai: &[Provider],
    date: Date,
    report: &mut Report,
) -> Vec<ModelCard> {
    let mut cards = Vec::new();
    let mut known: BTreeSet<Name> = BTreeSet::new();
    for offer in once_each(offers, report) {
        let told = match counterpart(genai, &offer) {
            Some((model, how)) => told(model, how, date, report),
            None => Told::default(),
        };
        if offer.sheet.is_empty() {
            report.skipped.push(Skipped {
                source: "litellm",
                model: format!("{}/{}", offer.provider, offer.model),
                why: NO_PRICE.to_owned(),
            });
        }
        if let Some(card) = card(offer, &told, date, report) {
            known.insert(name(&card.provider, &card.model));
            cards.push(card);
        }
    }
    for provider in genai {
        for model in &provider.models {
            let offer = offer(&provider::canonical(&provider.id), model);
            if known.contains(&name(&offer.provider, &offer.model)) {
                continue;
            }
            let told = told(model, Match::Exact, date, report);
            let Some(mut card) = card(offer, &told, date, report) else {
                continue;
            };
            known.insert(name(&card.provider, &card.model));
            for alias in model.r#match.spelled_out() {
                if known.insert(name(&card.provider, alias)) {
                    card.aliases.push(alias.into());
                }
            }
            cards.push(card);
        }
    }
    cards
}

/// What genai-prices says of a model; nothing where it can't be read.
fn told(model: &Model, how: Match, date: Date, report: &mut Report) -> Told {
    Told::of(model, how, date).unwrap_or_else(|why| {
        report.skip("genai-prices", vec![(model.id.clone(), why)]);
        Told::default()
    })
}

/// Each name once: of two entries under one name the dearer, or the first where they cost the same.
fn once_each(offers: Vec<Offer>, report: &mut Report) -> Vec<Offer> {
    let mut by_name: BTreeMap<(String, String), Offer> = BTreeMap::new();
    for mut offer in offers {
        offer.sheet.tidy();
        let name = (offer.provider.clone(), offer.model.clone());
        let Some(known) = by_name.get_mut(&name) else {
            by_name.insert(name, offer);
            continue;
        };
        let (old, new) = known.sheet.weigh(&offer.sheet);
        if known.sheet.is_empty() || new > old {
            std::mem::swap(known, &mut offer);
        }
        if known.sheet.agrees(&offer.sheet) {
            known.sheet = std::mem::take(&mut known.sheet).joined(&offer.sheet);
        } else if !offer.sheet.is_empty() {
            report.skipped.push(Skipped {
                source: "litellm",
                model: format!("{}/{}", offer.provider, offer.model),
                why: "a second entry of that name is dearer".to_owned(),
            });
        }
    }
    by_name.into_values().collect()
}

/// Whether both sides of a model cost something.
fn talks(mode: Option<Mode>) -> bool {
    matches!(mode, None | Some(Mode::Chat))
}

/// genai-prices' entry for what litellm offers.
fn counterpart<'a>(genai: &'a [Provider], offer: &Offer) -> Option<(&'a Model, Match)> {
    let own = genai
        .iter()
        .filter(|provider| provider::canonical(&provider.id) == offer.provider)
        .find_map(|provider| genai::find(genai, &provider.id, &offer.model));
    // It has one list for both of a company's services.
    let shared = match offer.provider.as_str() {
        "vertex_ai" => "google",
        "azure_ai" => "azure",
        _ => return own,
    };
    own.or_else(|| genai::find(genai, shared, &offer.model).map(|(model, _)| (model, Match::Loose)))
}

/// What a model is for, where its name says that it is not for chat.
fn mode_by_name(model: &str) -> Option<Mode> {
    let id = model.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| id.contains(word));
    if has(&["rerank"]) {
        Some(Mode::Rerank)
    } else if has(&["embed", "voyage", "bge-"]) {
        Some(Mode::Embedding)
    } else if has(&["whisper", "transcribe", "scribe", "-stt"]) {
        Some(Mode::AudioTranscription)
    } else if has(&["tts"]) {
        Some(Mode::AudioSpeech)
    } else if has(&["realtime"]) {
        Some(Mode::Realtime)
    } else if has(&["image", "dall-e", "flux"]) {
        Some(Mode::Image)
    } else {
        None
    }
}

/// What a model is for: litellm's word, but for one that it has for chat and whose own name knows better.
///
/// A name with "image" in it may be of a model that chats and draws, so it is no better than that word.
fn mode(offer: &Offer) -> Mode {
    let by_name = || mode_by_name(&offer.model).filter(|_| !offer.model.contains("image"));
    match offer.mode {
        None => Mode::Chat,
        Some(Mode::Chat) => by_name().unwrap_or(Mode::Chat),
        Some(other) => other,
    }
}

/// What genai-prices alone offers.
fn offer(provider: &str, model: &Model) -> Offer {
    Offer {
        provider: provider.to_owned(),
        model: model.id.clone(),
        mode: Some(mode_by_name(&model.id).unwrap_or(Mode::Chat)),
        context_window: model.context_window,
        max_output_tokens: None,
        ..Offer::default()
    }
}

/// Whose word counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Both,
    Litellm,
    Genai,
}

fn card(offer: Offer, told: &Told, date: Date, report: &mut Report) -> Option<ModelCard> {
    let full_name = format!("{}/{}", offer.provider, offer.model);
    let now = told.on(date);
    let theirs = now.map(|now| &told.over_time[now].sheet);
    let both_free = offer.sheet.is_free() && theirs.is_some_and(Sheet::is_free);
    let free = both_free || tier::is_local(&offer.provider) || is_named_free(&offer.model);
    let litellm =
        Some(&offer.sheet).filter(|sheet| taken(sheet, free, &full_name, "litellm", report));
    let theirs = theirs.filter(|sheet| taken(sheet, free, &full_name, "genai-prices", report));
    let (word, sheet) = chosen(litellm, theirs, told.how, talks(offer.mode))?;
    count(
        report,
        full_name,
        word,
        litellm.is_some() && theirs.is_some(),
    );
    let (now, other_times) = match now {
        Some(now) if word != Word::Litellm => (Some(now), other_times(told, now)),
        _ => (None, vec![]),
    };
    let by_hour = if word == Word::Litellm {
        &[]
    } else {
        &*told.by_hour
    };
    let hours = by_hour.iter().map(|(from, until, sheet)| DailyRates {
        from: *from,
        until: *until,
        rates: Arc::new(sheet.rates()),
    });
    let since = now.and_then(|now| told.over_time[now].since);
    let mode = mode(&offer);
    Some(ModelCard {
        tier: tier::of(&offer.provider, &offer.model),
        provider: offer.provider.into(),
        model: offer.model.into(),
        aliases: vec![],
        mode,
        context_window: offer.context_window.or(told.window),
        max_output_tokens: offer.max_output_tokens,
        capabilities: offer.capabilities,
        rates: Arc::new(sheet.rates()),
        hours: hours.collect(),
        effective_from: since.map(midnight),
        other_times,
        quotes: quotes(word, litellm, theirs),
    })
}

fn other_times(told: &Told, now: usize) -> Vec<DatedRates> {
    let times = told.over_time.iter().enumerate();
    times
        .filter(|(index, _)| *index != now)
        .map(|(_, dated)| DatedRates {
            effective_from: dated.since.map(midnight),
            rates: Arc::new(dated.sheet.rates()),
        })
        .collect()
}

fn quotes(word: Word, litellm: Option<&Sheet>, genai: Option<&Sheet>) -> Vec<Quote> {
    let quote = |source, sheet: &Sheet, own| Quote {
        source,
        rates: (word != Word::Both && word != own).then(|| Arc::new(sheet.rates())),
    };
    let litellm = litellm.map(|sheet| quote(LITELLM, sheet, Word::Litellm));
    let genai = genai.map(|sheet| quote(GENAI, sheet, Word::Genai));
    litellm.into_iter().chain(genai).collect()
}

fn count(report: &mut Report, model: String, word: Word, both: bool) {
    match word {
        _ if !both => report.single += 1,
        Word::Both => report.agreed += 1,
        Word::Litellm | Word::Genai => report.disagreements.push(Disagreement {
            model,
            taken: if word == Word::Genai {
                "genai-prices"
            } else {
                "litellm"
            },
        }),
    }
}

fn is_named_free(model: &str) -> bool {
    let model = model.to_ascii_lowercase();
    model.ends_with(":free") || model.ends_with("-free") || model.ends_with("/free")
}

/// Whether a source's word is taken at all.
fn taken(sheet: &Sheet, free: bool, name: &str, source: &'static str, report: &mut Report) -> bool {
    if sheet.is_empty() {
        return false;
    }
    let why = if let Some((place, rate)) = sheet.slip() {
        let unit = place.unit.as_str();
        format!("{rate} USD for a million of {unit} is a slip of units")
    } else if sheet.is_free() && !free {
        "everything at zero is a price that is not known".to_owned()
    } else {
        return true;
    };
    report.skipped.push(Skipped {
        source,
        model: name.to_owned(),
        why,
    });
    false
}

fn chosen(
    litellm: Option<&Sheet>,
    genai: Option<&Sheet>,
    how: Option<Match>,
    talks: bool,
) -> Option<(Word, Sheet)> {
    let (word, mut sheet) = match (litellm, genai) {
        (None, None) => return None,
        (Some(litellm), None) => (Word::Litellm, litellm.clone()),
        (None, Some(genai)) => (Word::Genai, genai.clone()),
        (Some(litellm), Some(genai)) => choose(litellm, genai, how),
    };
    if talks {
        sheet.doubt_free_sides(litellm.zip(genai));
    }
    Some((word, sheet))
}

fn choose(litellm: &Sheet, genai: &Sheet, how: Option<Match>) -> (Word, Sheet) {
    if litellm.agrees(genai) {
        return (Word::Both, litellm.clone().joined(genai));
    }
    let (ours, theirs) = litellm.weigh(genai);
    if how == Some(Match::Exact) && theirs > ours {
        (Word::Genai, genai.clone())
    } else {
        (Word::Litellm, litellm.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_knows_better_than_a_word_for_chat() {
        let of = |model: &str, said| {
            mode(&Offer {
                model: model.to_owned(),
                mode: said,
                ..Offer::default()
            })
        };
        let chat = Some(Mode::Chat);
        assert_eq!(of("flux-1-dev-controlnet-union", chat), Mode::Image);
        assert_eq!(of("mistral/codestral-embed", chat), Mode::Embedding);
        assert_eq!(of("gemini-2.5-pro-preview-tts", chat), Mode::AudioSpeech);
        // It chats and draws.
        assert_eq!(of("gemini-3-pro-image", chat), Mode::Chat);
        assert_eq!(of("gpt-4o", chat), Mode::Chat);
        assert_eq!(of("gpt-4o", None), Mode::Chat);
        assert_eq!(of("bge-reranker", Some(Mode::Embedding)), Mode::Embedding);
    }
}
