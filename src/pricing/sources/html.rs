//! Tables of prices in HTML pages, each read by a description of the page: a new page needs no code.
//!
//! The descriptions of the pages that come with the program are in `html/pages/`; others are read from the folder `pages` of the data
//! directory. What a description says is on [`Page`].

mod cell;
mod page;
mod tree;

pub use page::{Page, PageError, ProviderPlace, UnitSaid, Which};

use super::{Declaration, Listing, Offer, PricedBy, ShapeError, Source, number};
use crate::core::price::{ServiceTier, Unit};
use crate::pricing::sheet::Sheet;
use jiff::civil::Date;
use rust_decimal::Decimal;
use scraper::{ElementRef, Html, Selector};
use std::sync::Arc;

/// The pages that come with the program.
const BUNDLED: [&str; 2] = [
    include_str!("html/pages/llmprices.com.json"),
    include_str!("html/pages/pretrained.ai.json"),
];

/// The sources of the pages that come with the program.
pub(super) fn bundled() -> impl Iterator<Item = Arc<dyn Source>> {
    // A test reads each of them, so none is left out in a program that passed.
    BUNDLED.iter().filter_map(|text| {
        let page = Page::read(text);
        let page =
            page.inspect_err(|error| tracing::error!(%error, "a page's description can't be read"));
        Some(Arc::new(HtmlTable::of(page.ok()?)) as Arc<dyn Source>)
    })
}

/// A page with a table of prices.
pub struct HtmlTable {
    page: Page,
    declaration: Declaration,
}

impl HtmlTable {
    /// The source of a page.
    pub fn of(page: Page) -> Self {
        let declaration = page.declaration();
        Self { page, declaration }
    }
}

impl Source for HtmlTable {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn parse(&self, body: &[u8], _: Date) -> Result<Listing, ShapeError> {
        let html = tree::read(super::text(body)?)?;
        self.check_unit(&html)?;
        let selected = selector(&self.page.table)?;
        let mut missing = format!("has no table {:?}", self.page.table);
        for table in html.select(&selected) {
            match Columns::find(&self.page, table) {
                Ok(columns) => return self.read(table, &columns)?.priced(),
                Err(wrong) => missing = wrong,
            }
        }
        Err(ShapeError::new(missing))
    }
}

impl HtmlTable {
    /// The page must still say that its prices are for the number of units that the description has.
    fn check_unit(&self, html: &Html) -> Result<(), ShapeError> {
        let UnitSaid { at, text } = &self.page.unit_said;
        let said = html
            .select(&selector(at)?)
            .any(|element| cell::text(element).contains(text.as_str()));
        if said {
            return Ok(());
        }
        let wrong = format!("says {text:?} nowhere at {at:?}, so its unit is not known");
        Err(ShapeError::new(wrong))
    }

    fn read(&self, table: ElementRef<'_>, columns: &Columns) -> Result<Listing, ShapeError> {
        let (rows, cells) = (selector(&self.page.rows)?, selector(&self.page.cells)?);
        let mut listing = Listing::default();
        for row in table.select(&rows) {
            let cells: Vec<ElementRef<'_>> = row.select(&cells).collect();
            if cells.is_empty() {
                continue;
            }
            let name = cells.get(columns.model).map(|cell| cell::text(*cell));
            let offer = self.offer(&cells, columns);
            listing.take(name.unwrap_or_default(), offer);
        }
        Ok(listing)
    }

    fn offer(&self, cells: &[ElementRef<'_>], columns: &Columns) -> Result<Offer, String> {
        let spans = |cell: &ElementRef<'_>| cell.attr("colspan").is_some_and(|span| span != "1");
        if cells.len() != columns.count || cells.iter().any(spans) {
            return Err(format!("has not the {} cells of the header", columns.count));
        }
        let text = |place: usize| {
            cells
                .get(place)
                .map(|cell| cell::text(*cell))
                .unwrap_or_default()
        };
        let mut sheet = Sheet::default();
        for (unit, place) in &columns.units {
            let price = cell::price(&text(*place), self.page.priced_by);
            let price = price.map_err(|wrong| format!("{}: {wrong}", unit.as_str()))?;
            if let Some(price) = price {
                let rate = rate(price, self.page.priced_by);
                let rate = rate.map_err(|wrong| format!("{}: {wrong}", unit.as_str()))?;
                sheet.state(ServiceTier::Standard, 0, *unit, rate);
            }
        }
        Ok(Offer {
            provider: match (&self.page.provider, columns.provider) {
                (ProviderPlace::Fixed(provider), _) => provider.clone(),
                (_, place) => place.map(text).unwrap_or_default(),
            },
            model: text(columns.model),
            sheet,
            ..Offer::default()
        })
    }
}

fn rate(price: Decimal, priced_by: PricedBy) -> Result<Decimal, number::NoPrice> {
    match priced_by {
        PricedBy::One => number::rate_of_one(price),
        PricedBy::Thousand => number::rate_of_thousand(price),
        PricedBy::Million => number::rate(price),
    }
}

/// A selector that was checked when its page was read.
fn selector(text: &str) -> Result<Selector, ShapeError> {
    Selector::parse(text)
        .map_err(|error| ShapeError::new(format!("{text:?} selects nothing: {error}")))
}

/// Which column of a table is what.
struct Columns {
    count: usize,
    model: usize,
    provider: Option<usize>,
    units: Vec<(Unit, usize)>,
}

impl Columns {
    fn find(page: &Page, table: ElementRef<'_>) -> Result<Self, String> {
        let header = selector(&page.header).map_err(|error| error.to_string())?;
        let header: Vec<String> = table
            .select(&header)
            .map(|cell| cell::text(cell).to_lowercase())
            .collect();
        let place = |which: &Which| match which {
            Which::Place(place) if *place < header.len() => Ok(*place),
            Which::Place(place) => Err(format!("has no column {place}")),
            Which::Header(name) => {
                let name = name.to_lowercase();
                let mut found = header.iter().enumerate().filter(|(_, text)| **text == name);
                match (found.next(), found.next()) {
                    (Some((place, _)), None) => Ok(place),
                    (None, _) => Err(format!("has no column {name:?}")),
                    (Some(_), Some(_)) => Err(format!("has two columns {name:?}")),
                }
            }
        };
        let units = page.columns.iter();
        Ok(Self {
            count: header.len(),
            model: place(&page.model)?,
            provider: match &page.provider {
                ProviderPlace::Column(which) => Some(place(which)?),
                ProviderPlace::Fixed(_) => None,
            },
            units: units
                .map(|(unit, which)| Ok((*unit, place(which)?)))
                .collect::<Result<_, String>>()?,
        })
    }
}

#[cfg(test)]
mod tests;
