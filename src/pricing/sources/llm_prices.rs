//! llm-prices.com: `current-v1.json` and `historical-v1.json`, both `{"prices": [{"id", "vendor", "name", "input",
//! "output", "input_cached"}]}`, USD for a million tokens; the second with `from_date` and `to_date`.
//!
//! Long prompts have rows of their own (`gpt-5.4-272k`, "GPT-5.4 >272k"); they are the long-prompt rates of the row
//! before them. One person keeps both files, so the second is history and has no word beside the first.

use super::json::{self, Members};
use super::number::{self, Form};
use super::{Declaration, Listing, ONE_HAND, Offer, PricedBy, ShapeError, Source, Tense};
use crate::core::price::{ServiceTier, Unit};
use crate::pricing::sheet::{DatedSheet, Sheet};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// What models cost now.
pub struct Current;

/// What models cost over time.
pub struct Historical;

static CURRENT: Declaration = Declaration::new(
    "llm_prices",
    "https://www.llm-prices.com/current-v1.json",
    ONE_HAND,
    PricedBy::Million,
);

static HISTORICAL: Declaration = {
    let mut declaration = Declaration::new(
        "llm_prices_history",
        "https://www.llm-prices.com/historical-v1.json",
        ONE_HAND,
        PricedBy::Million,
    );
    declaration.tense = Tense::Past;
    declaration.ttl = std::time::Duration::from_hours(7 * 24);
    declaration
};

impl Source for Current {
    fn declaration(&self) -> &Declaration {
        &CURRENT
    }

    fn parse(&self, body: &[u8], day: Date) -> Result<Listing, ShapeError> {
        parse(body, day)
    }
}

impl Source for Historical {
    fn declaration(&self) -> &Declaration {
        &HISTORICAL
    }

    fn parse(&self, body: &[u8], day: Date) -> Result<Listing, ShapeError> {
        parse(body, day)
    }
}

/// One row.
struct Row {
    vendor: String,
    /// The model, without the mark of long prompts.
    model: String,
    above: u64,
    from: Option<Date>,
    to: Option<Date>,
    sheet: Sheet,
}

fn parse(body: &[u8], day: Date) -> Result<Listing, ShapeError> {
    let file = json::object(super::text(body)?).map_err(ShapeError::new)?;
    let rows = file.list("prices").map_err(ShapeError::new)?;
    let rows = rows.ok_or_else(|| ShapeError::new("has no \"prices\""))?;
    let mut listing = Listing::default();
    let mut by_model: BTreeMap<(String, String), Vec<Row>> = BTreeMap::new();
    for row in rows {
        let members = json::object(row.get());
        let id = json::id_of(&members);
        let id = id.unwrap_or("a row without an id".into()).into_owned();
        match members.and_then(|members| read(&members)) {
            Ok(row) => by_model
                .entry((row.vendor.clone(), row.model.clone()))
                .or_default()
                .push(row),
            Err(why) => listing.skip_unread(id, why),
        }
    }
    for ((vendor, model), rows) in by_model {
        let name = format!("{vendor}/{model}");
        listing.take(name, offer(vendor, model, rows, day));
    }
    listing.priced()
}

fn read(row: &Members<'_>) -> Result<Row, String> {
    let id = row.needed_text("id")?;
    let name = row.text("name")?.unwrap_or_default();
    if name.contains("(image gen)") {
        return Err(
            "tokens of text and of pictures apart, under names that no model has".to_owned(),
        );
    }
    let (model, above) = long_prompt(&id, &name).unwrap_or((&id, 0));
    let mut sheet = Sheet::default();
    for (key, unit) in [
        ("input", Unit::Input),
        ("output", Unit::Output),
        ("input_cached", Unit::CacheRead),
    ] {
        if let Some(raw) = row.get(key)
            && let Some(rate) = number::stated(key, raw, Form::Number, number::rate)?
        {
            sheet.state(ServiceTier::Standard, above, unit, rate);
        }
    }
    let (from, to) = (date(row, "from_date")?, date(row, "to_date")?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err("to_date is not after from_date".to_owned());
    }
    Ok(Row {
        vendor: row.needed_text("vendor")?.into_owned(),
        model: model.to_owned(),
        above,
        from,
        to,
        sheet,
    })
}

fn date(row: &Members<'_>, key: &str) -> Result<Option<Date>, String> {
    let read =
        |text: std::borrow::Cow<'_, str>| text.parse().map_err(|_| format!("{key} is not a date"));
    row.text(key)?.map(read).transpose()
}

/// The model and the least prompt of a row of long prompts: its id ends in `-200k`, and its name says `>200k`.
fn long_prompt<'a>(id: &'a str, name: &str) -> Option<(&'a str, u64)> {
    let (model, mark) = id.rsplit_once('-')?;
    let thousands: u64 = mark.strip_suffix('k')?.parse().ok()?;
    name.contains(&format!(">{mark}"))
        .then_some((model, thousands.checked_mul(1_000)?))
}

/// What the rows of one model say. Of two rows of one time the same places must not be stated twice.
fn offer(vendor: String, model: String, mut rows: Vec<Row>, day: Date) -> Result<Offer, String> {
    rows.sort_by_key(|row| (row.from, row.above));
    let mut times: Vec<DatedSheet> = Vec::new();
    let mut stated = None;
    let mut ended = None;
    let mut ends = BTreeMap::new();
    for row in rows {
        if row.above == 0 && stated == Some(row.from) {
            return Err("has two rows of one time".to_owned());
        }
        match times.last_mut() {
            Some(last) if last.since == row.from => {
                last.sheet = std::mem::take(&mut last.sheet).joined(&row.sheet);
            }
            _ => times.push(DatedSheet {
                since: row.from,
                sheet: row.sheet,
            }),
        }
        if row.above == 0 {
            stated = Some(row.from);
            ended = row.to;
            ends.insert(row.from, row.to);
        }
    }
    times.retain(|dated| !dated.sheet.is_empty());
    let times = with_gaps(times, &ends);
    let over = ended.is_some_and(|ended| ended <= day);
    let begun = |dated: &&DatedSheet| dated.since.is_none_or(|since| since <= day);
    let now = times.iter().rfind(begun).filter(|_| !over);
    Ok(Offer {
        provider: vendor,
        model,
        sheet: now.map(|dated| dated.sheet.clone()).unwrap_or_default(),
        times,
        ended,
        ..Offer::default()
    })
}

/// The same times, with one that says nothing wherever a row ends before the next begins.
fn with_gaps(
    times: Vec<DatedSheet>,
    ends: &BTreeMap<Option<Date>, Option<Date>>,
) -> Vec<DatedSheet> {
    let mut whole = Vec::with_capacity(times.len());
    let mut times = times.into_iter().peekable();
    while let Some(dated) = times.next() {
        let end = ends.get(&dated.since).copied().flatten();
        let next = times.peek().map(|next| next.since);
        whole.push(dated);
        if let (Some(end), Some(next)) = (end, next)
            && Some(end) < next
        {
            whole.push(DatedSheet {
                since: Some(end),
                sheet: Sheet::default(),
            });
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::catalogue::Catalogue;
    use crate::pricing::identity::place;

    fn rates(sheet: &Sheet) -> String {
        serde_json::to_string(&sheet.rates().standard).unwrap()
    }

    #[test]
    fn rows_of_long_prompts_and_of_other_times_are_one_model() {
        let body = r#"{"updated_at": "2026-08-06", "prices": [
            {"id": "gpt-x", "vendor": "openai", "name": "GPT-X ≤272k", "input": 2, "output": 12.0, "input_cached": 0.2, "from_date": "2026-07-30", "to_date": null},
            {"id": "gpt-x-272k", "vendor": "openai", "name": "GPT-X >272k", "input": 5.0, "output": 22.5, "input_cached": null, "from_date": null, "to_date": "2026-07-30"},
            {"id": "gpt-x-272k", "vendor": "openai", "name": "GPT-X >272k", "input": 4.0, "output": 18.0, "input_cached": null, "from_date": "2026-07-30", "to_date": null},
            {"id": "gpt-x", "vendor": "openai", "name": "GPT-X ≤272k", "input": 2.5, "output": 15.0, "input_cached": 0.25, "from_date": null, "to_date": "2026-07-30"},
            {"id": "gone", "vendor": "openai", "name": "Gone", "input": 1, "output": 1, "to_date": "2026-01-01"},
            {"id": "phi-3-mini-128k", "vendor": "azure", "name": "Phi 3 mini 128k", "input": 0.1, "output": 0.1},
            {"id": "twice", "vendor": "xai", "name": "Twice", "input": 1, "output": 1},
            {"id": "twice", "vendor": "xai", "name": "Twice", "input": 2, "output": 2},
            {"id": "gpt-image-1", "vendor": "openai", "name": "gpt-image-1 (image gen)", "input": 10, "output": 40},
            {"id": "text", "vendor": "xai", "name": "Text", "input": "1", "output": 1},
            {"id": "day", "vendor": "xai", "name": "Day", "input": 1, "output": 1, "from_date": "yesterday"}]}"#;
        let listing = Historical
            .parse(body.as_bytes(), Date::constant(2026, 11, 24))
            .unwrap();
        let named = |model: &str| {
            listing
                .offers
                .iter()
                .find(|offer| offer.model == model)
                .unwrap()
        };
        let gpt = named("gpt-x");
        let now = r#"{"rates":{"input":"2","cache_read":"0.2","output":"12"},"context_tiers":[{"above":272000,"rates":{"input":"4","output":"18"}}]}"#;
        assert_eq!(rates(&gpt.sheet), now);
        assert_eq!(gpt.times.len(), 2);
        assert_eq!(gpt.times[0].since, None);
        assert_eq!(
            rates(&gpt.times[0].sheet),
            r#"{"rates":{"input":"2.5","cache_read":"0.25","output":"15"},"context_tiers":[{"above":272000,"rates":{"input":"5","output":"22.5"}}]}"#
        );
        let gone = named("gone");
        assert!(gone.sheet.is_empty() && gone.ended == Some(Date::constant(2026, 1, 1)));
        assert_eq!(
            rates(&named("phi-3-mini-128k").sheet),
            r#"{"rates":{"input":"0.1","output":"0.1"}}"#
        );
        let skipped: Vec<_> = listing.skipped.iter().map(|(name, _)| &**name).collect();
        assert_eq!(skipped, ["gpt-image-1", "text", "day", "xai/twice"]);
        // Before its price fell, it is the dearer one.
        let before = Current
            .parse(body.as_bytes(), Date::constant(2026, 7, 29))
            .unwrap();
        let gpt = before
            .offers
            .iter()
            .find(|offer| offer.model == "gpt-x")
            .unwrap();
        assert_eq!(rates(&gpt.sheet), rates(&gpt.times[0].sheet));
    }

    #[test]
    fn a_row_ends_at_its_day_and_not_only_where_the_next_begins() {
        let body = br#"{"prices": [
            {"id": "g", "vendor": "openai", "name": "G", "input": 5, "output": 20, "to_date": "2025-01-01"},
            {"id": "g", "vendor": "openai", "name": "G", "input": 3, "output": 12, "from_date": "2025-06-01", "to_date": "2025-12-01"},
            {"id": "g", "vendor": "openai", "name": "G", "input": 2, "output": 8, "from_date": "2025-09-01"},
            {"id": "back", "vendor": "openai", "name": "B", "input": 1, "output": 4, "from_date": "2025-06-01", "to_date": "2025-01-01"}]}"#;
        let listing = |day| Historical.parse(body, day).unwrap();
        let (then, now) = (Date::constant(2025, 3, 1), Date::constant(2026, 11, 24));
        assert_eq!(listing(then).skipped[0].0, "back");
        assert!(listing(then).offers.is_empty() || listing(then).offers[0].sheet.is_empty());
        let (placed, _) = place(&Catalogue::default(), &listing(now), now).unwrap();
        let past: Vec<_> = placed[0]
            .past
            .iter()
            .map(|(from, until, rates)| {
                let input = rates.standard.rates[&Unit::Input];
                (from.map(|day| day.to_string()), until.to_string(), input)
            })
            .collect();
        let day = |day: &str| Some(day.to_owned());
        assert_eq!(
            past,
            [
                (None, "2025-01-01".to_owned(), 5.into()),
                (day("2025-06-01"), "2025-09-01".to_owned(), 3.into()),
            ]
        );
    }
}
