use super::*;

const PAGE: &str = r#"{"name": "example.org", "address": "https://example.org/", "weight": "0.4",
    "priced_by": "million", "unit_said": {"at": "caption", "text": "1M tokens"},
    "provider": {"column": "Vendor"}, "model": "Model",
    "columns": {"input": "Input", "output": "Output", "cache_read": "Cached"}}"#;

fn parse(description: &str, html: &str) -> Result<Listing, ShapeError> {
    let page = Page::read(description).unwrap();
    HtmlTable::of(page).parse(html.as_bytes(), Date::constant(2026, 11, 24))
}

fn table(header: &str, rows: &str) -> String {
    format!(
        "<!doctype html><p>busy</p><table><tr><td>menu</table>
         <table><caption>USD for 1M tokens</caption><thead><tr>{header}</thead><tbody>{rows}</tbody></table>"
    )
}

const HEADER: &str = "<th>Model<th>Vendor<th> <b>Input</b><th>Output<th>CACHED<th>Notes";

#[test]
fn a_table_is_read_by_its_description() {
    let rows = "<tr><td><a href=/x>GPT-X</a> mini<td>OpenAI<td>$0.25<td>$2<td>—<td>new
        <tr><td>Y<td>xAI<td>$3 / 1M tokens<td>15<td>$0.75<td>
        <tr><td>Cents<td>xAI<td>30¢<td>15<td><td>
        <tr><td>Short<td>xAI
        <tr><td colspan=2>Wide<td>1<td>2<td>3<td>4<td>
        <tr><td>Nothing<td>xAI<td><td><td><td>";
    let listing = parse(PAGE, &table(HEADER, rows)).unwrap();
    let told: Vec<_> = listing
        .offers
        .iter()
        .map(|offer| {
            let rates = serde_json::to_string(&offer.sheet.rates().standard.rates).unwrap();
            format!("{}/{} {rates}", offer.provider, offer.model)
        })
        .collect();
    assert_eq!(
        told,
        [
            r#"OpenAI/GPT-X mini {"input":"0.25","output":"2"}"#,
            r#"xAI/Y {"input":"3","cache_read":"0.75","output":"15"}"#,
        ]
    );
    assert_eq!(listing.skipped.len(), 4, "{:?}", listing.skipped);
}

#[test]
fn columns_that_move_are_found_and_ones_that_go_are_told() {
    let moved = "<th>Vendor<th>Cached<th>Output<th>Input<th>Model";
    let rows = "<tr><td>xAI<td>0.1<td>15<td>3<td>grok";
    let listing = parse(PAGE, &table(moved, rows)).unwrap();
    let rates = listing.offers[0].sheet.rates().standard.rates;
    assert_eq!(rates[&Unit::Input].to_string(), "3");
    for (header, wrong) in [
        (
            "<th>Vendor<th>Output<th>Input<th>Model",
            "has no column \"cached\"",
        ),
        (
            "<th>Vendor<th>Cached<th>Output<th>Input<th>Input<th>Model",
            "has two columns \"input\"",
        ),
    ] {
        let error = parse(PAGE, &table(header, rows)).unwrap_err();
        assert_eq!(error.to_string(), wrong);
    }
}

#[test]
fn a_page_that_no_longer_says_its_unit_is_not_read() {
    let rows = "<tr><td>Y<td>xAI<td>3<td>15<td>0.1<td>";
    let html = table(HEADER, rows).replace("1M tokens", "1K tokens");
    let error = parse(PAGE, &html).unwrap_err().to_string();
    assert!(error.contains("its unit is not known"), "{error}");
    assert!(parse(PAGE, "<p>Log in").is_err());
}

#[test]
fn a_description_that_can_not_be_is_refused_by_field() {
    let long = format!("\"{}\"", "x".repeat(61));
    for (part, other, field) in [
        ("\"0.4\"", "\"4\"", "weight"),
        ("\"example.org\"", &*long, "60 at most"),
        ("\"example.org\"", "\"Example\"", "name"),
        ("\"caption\"", "\"<<\"", "unit_said.at"),
        ("\"million\"", "\"dozen\"", "dozen"),
        ("\"weight\"", "\"height\"", "height"),
    ] {
        let error = Page::read(&PAGE.replacen(part, other, 1)).unwrap_err();
        assert!(error.to_string().contains(field), "{error}");
    }
}

#[test]
fn the_pages_that_come_with_the_program_can_be_read() {
    assert_eq!(bundled().count(), BUNDLED.len());
}
