//! Writes entries in each source's own format.

use crate::entry::{Entry, Feed, PAGE, Said};
use rust_decimal::Decimal;
use std::fmt::Write as _;

/// The document of a source.
pub fn write(feed: Feed, entries: &[Entry]) -> String {
    match feed {
        "litellm" => litellm(entries),
        "openrouter" => openrouter(entries),
        "models_dev" => models_dev(entries),
        "genai_prices" => genai_prices(entries),
        "llm_prices" | "llm_prices_history" => llm_prices(entries),
        PAGE => page(entries),
        other => panic!("no source {other}"),
    }
}

/// The members of an entry's prices, by the source's names for them.
fn prices(entry: &Entry, names: [&str; 3], written: impl Fn(Decimal) -> String) -> String {
    let text = |said: &Said| match said {
        Said::Rate(rate) => written(*rate),
        Said::AsWritten(text) => text.clone(),
    };
    let [input, output, read] = names;
    let mut members = vec![(input, &entry.input), (output, &entry.output)];
    members.extend(entry.cache_read.iter().map(|said| (read, said)));
    members.extend(entry.input_again.iter().map(|said| (input, said)));
    let members = members.into_iter();
    let members = members.map(|(name, said)| format!("{name:?}: {}", text(said)));
    members.collect::<Vec<_>>().join(", ")
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn listed(entries: &[Entry], written: impl Fn(&Entry) -> String) -> String {
    let items: Vec<_> = entries.iter().map(written).collect();
    items.join(",\n  ")
}

fn litellm(entries: &[Entry]) -> String {
    let names = [
        "input_cost_per_token",
        "output_cost_per_token",
        "cache_read_input_token_cost",
    ];
    let written = |entry: &Entry| {
        let key = quoted(&format!("{}/{}", entry.provider, entry.model));
        let provider = quoted(&entry.provider);
        let prices = prices(entry, names, |rate| format!("{rate}e-06"));
        format!(r#"{key}: {{"litellm_provider": {provider}, "mode": "chat", {prices}}}"#)
    };
    format!("{{\n  {}\n}}", listed(entries, written))
}

fn openrouter(entries: &[Entry]) -> String {
    let names = ["prompt", "completion", "input_cache_read"];
    let million = Decimal::from(1_000_000);
    let written = |entry: &Entry| {
        let id = quoted(&entry.model);
        let prices = prices(entry, names, |rate| {
            format!("\"{}\"", (rate / million).normalize())
        });
        format!(r#"{{"id": {id}, "pricing": {{{prices}}}}}"#)
    };
    format!("{{\"data\": [\n  {}\n]}}", listed(entries, written))
}

/// The entries of each provider, in their order.
fn by_provider(entries: &[Entry]) -> Vec<(&str, Vec<Entry>)> {
    let mut groups: Vec<(&str, Vec<Entry>)> = Vec::new();
    for entry in entries {
        match groups
            .iter_mut()
            .find(|(provider, _)| *provider == entry.provider)
        {
            Some((_, group)) => group.push(entry.clone()),
            None => groups.push((&entry.provider, vec![entry.clone()])),
        }
    }
    groups
}

fn models_dev(entries: &[Entry]) -> String {
    let written = |entry: &Entry| {
        let prices = prices(entry, ["input", "output", "cache_read"], plain);
        format!(r#"{}: {{"cost": {{{prices}}}}}"#, quoted(&entry.model))
    };
    let providers = by_provider(entries).into_iter().map(|(provider, models)| {
        let provider = quoted(provider);
        format!(
            r#"{provider}: {{"models": {{{}}}}}"#,
            listed(&models, written)
        )
    });
    format!("{{{}}}", providers.collect::<Vec<_>>().join(",\n"))
}

fn genai_prices(entries: &[Entry]) -> String {
    let names = ["input_mtok", "output_mtok", "cache_read_mtok"];
    let written = |entry: &Entry| {
        let id = quoted(&entry.model);
        let prices = prices(entry, names, plain);
        format!(r#"{{"id": {id}, "match": {{"equals": {id}}}, "prices": {{{prices}}}}}"#)
    };
    let providers = by_provider(entries).into_iter().map(|(provider, models)| {
        let id = quoted(provider);
        format!(
            r#"{{"id": {id}, "models": [{}]}}"#,
            listed(&models, written)
        )
    });
    format!("[{}]", providers.collect::<Vec<_>>().join(",\n"))
}

fn llm_prices(entries: &[Entry]) -> String {
    let written = |entry: &Entry| {
        let (id, vendor) = (quoted(&entry.model), quoted(&entry.provider));
        let prices = prices(entry, ["input", "output", "input_cached"], plain);
        let day = |day: &Option<String>| day.as_deref().map_or_else(|| "null".to_owned(), quoted);
        let (from, to) = (day(&entry.dates.0), day(&entry.dates.1));
        format!(
            r#"{{"id": {id}, "vendor": {vendor}, "name": {id}, {prices}, "from_date": {from}, "to_date": {to}}}"#
        )
    };
    format!("{{\"prices\": [\n  {}\n]}}", listed(entries, written))
}

fn plain(rate: Decimal) -> String {
    rate.normalize().to_string()
}

/// The page's table; where an input is stated twice, its row has a cell too many.
fn page(entries: &[Entry]) -> String {
    let cell = |said: &Said| match said {
        Said::Rate(rate) => format!("${}", rate.normalize()),
        Said::AsWritten(text) => text.trim_matches('"').to_owned(),
    };
    let mut rows = String::new();
    for entry in entries {
        let again = entry.input_again.iter().map(cell);
        let cells = [cell(&entry.input)].into_iter().chain(again);
        let cells = cells.chain([cell(&entry.output)]);
        let cells = cells.collect::<Vec<_>>().join("</td><td>");
        let (provider, model) = (&entry.provider, &entry.model);
        writeln!(
            rows,
            "<tr><td>{provider}</td><td>{model}</td><td>{cells}</td></tr>"
        )
        .unwrap();
    }
    format!(
        "<!doctype html><title>Prices</title><p>USD for 1M tokens</p>\n<table><thead><tr><th>Provider</th>\
         <th>Model</th><th>Input</th><th>Output</th></tr></thead><tbody>\n{rows}</tbody></table>"
    )
}
