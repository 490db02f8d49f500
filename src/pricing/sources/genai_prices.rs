//! genai-prices' `prices/data.json`: a list of providers with their models, USD for a million tokens.

mod model;
mod pattern;
mod told;

pub(crate) use model::{Match, Model, Provider, find, read};
pub(crate) use told::Told;

use super::{Declaration, FULL, Listing, Offer, PricedBy, ShapeError, Source};
use jiff::civil::Date;

/// genai-prices, which the makers of pydantic keep.
pub struct GenaiPrices;

static DECLARATION: Declaration = Declaration::new(
    "genai_prices",
    "https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/data.json",
    FULL,
    PricedBy::Million,
);

impl Source for GenaiPrices {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn parse(&self, body: &[u8], day: Date) -> Result<Listing, ShapeError> {
        let (providers, mut listing) = read(super::text(body)?)?;
        for provider in &providers {
            for model in &provider.models {
                let name = format_args!("{}/{}", provider.id, model.id);
                listing.take(name, offer(&provider.id, model, day));
            }
        }
        listing.priced()
    }
}

fn offer(provider: &str, model: &Model, day: Date) -> Result<Offer, String> {
    let told = Told::of(model, Match::Exact, day)?;
    let now = told.on(day).map(|now| told.over_time[now].sheet.clone());
    let others = model.r#match.spelled_out().into_iter();
    Ok(Offer {
        provider: provider.to_owned(),
        model: model.id.clone(),
        aliases: others
            .filter(|name| *name != model.id)
            .map(str::to_owned)
            .collect(),
        context_window: model.context_window,
        sheet: now.unwrap_or_default(),
        times: told.over_time,
        ..Offer::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_today_is_offered_and_what_does_not_is_kept_by_day() {
        let body = br#"[
            {"id": "x-ai", "new": 1, "models": [
              {"id": "grok-x", "match": {"or": [{"equals": "grok-x"}, {"equals": "grok-x-latest"}]}, "prices": [
                {"prices": {"input_mtok": 3, "output_mtok": 15}},
                {"constraint": {"start_date": "2026-03-01"}, "prices": {"input_mtok": {"base": 2, "tiers": [{"start": 200000, "price": 4}]}, "output_mtok": 10}}]},
              {"id": "twice", "match": {"equals": "t"}, "prices": {"input_mtok": 1, "input_mtok": 2}},
              {"id": "negative", "match": {"equals": "n"}, "prices": {"input_mtok": -1}},
              {"id": "unmatched", "prices": {"input_mtok": 1}}]}]"#;
        let before = GenaiPrices.parse(body, Date::constant(2026, 2, 1)).unwrap();
        let after = GenaiPrices
            .parse(body, Date::constant(2026, 11, 24))
            .unwrap();
        let rates = |listing: &Listing| {
            serde_json::to_string(&listing.offers[0].sheet.rates().standard).unwrap()
        };
        assert_eq!(rates(&before), r#"{"rates":{"input":"3","output":"15"}}"#);
        assert_eq!(
            rates(&after),
            r#"{"rates":{"input":"2","output":"10"},"context_tiers":[{"above":200000,"rates":{"input":"4"}}]}"#
        );
        assert_eq!(after.offers.len(), 1);
        assert_eq!(after.offers[0].aliases, ["grok-x-latest"]);
        assert_eq!(after.offers[0].times.len(), 2);
        assert_eq!(after.skipped.len(), 3, "{:?}", after.skipped);
    }

    #[test]
    fn of_a_flood_of_entries_that_are_no_models_the_first_are_named_and_all_are_counted() {
        let right = r#"{"id": "m", "match": {"equals": "m"}, "prices": {"input_mtok": 1}}"#;
        let flood = "0,".repeat(20_000);
        let body = format!(r#"[{{"id": "x-ai", "models": [{flood}{right}]}}]"#);
        let listing = GenaiPrices.parse(body.as_bytes(), Date::constant(2026, 11, 24));
        let listing = listing.unwrap();
        assert_eq!(listing.offers.len(), 1);
        assert_eq!(
            (listing.skipped.len(), listing.skipped_beyond),
            (10_000, 10_000)
        );
        assert_eq!(listing.skipped[0].0, "x-ai's model 1");
    }

    #[test]
    fn a_price_with_a_hundred_conditions_is_left_out() {
        let day = |day: i32| {
            let day = Date::constant(2000, 1, 1) + jiff::Span::new().days(day);
            format!(
                r#"{{"constraint": {{"start_date": "{day}"}}, "prices": {{"input_mtok": {}}}}}"#,
                day.day()
            )
        };
        let days = |many: i32| (0..many).map(day).collect::<Vec<_>>().join(", ");
        let body = format!(
            r#"[{{"id": "x-ai", "models": [
              {{"id": "few", "match": {{"equals": "few"}}, "prices": [{}]}},
              {{"id": "many", "match": {{"equals": "many"}}, "prices": [{}]}}]}}]"#,
            days(100),
            days(101)
        );
        let listing = GenaiPrices.parse(body.as_bytes(), Date::constant(2026, 11, 24));
        let listing = listing.unwrap();
        assert_eq!(listing.offers[0].model, "few");
        let [(name, why)] = &*listing.skipped else {
            panic!("{:?}", listing.skipped);
        };
        assert!(
            name.contains("many") && why.contains("conditions"),
            "{name}: {why}"
        );
    }
}
