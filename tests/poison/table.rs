//! The tables of docs/pricing.md, each between two marks.

use crate::entry::{FEEDS, Feed};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Set, the tables are written and not compared.
const WRITE: &str = "POISON_WRITE";

/// The tests run at once and write one file.
static FILE: Mutex<()> = Mutex::new(());

/// What came of one kind at one source.
#[derive(Clone, Debug)]
pub struct Finding {
    pub kind: &'static str,
    pub feed: Feed,
    pub cells: Vec<String>,
}

/// A table: its header, and its rows.
pub struct Table {
    pub header: &'static str,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// One row for the sources of a kind that came to the same.
    pub fn of(header: &'static str, findings: &[Finding]) -> Self {
        let mut groups: Vec<(&Finding, Vec<Feed>)> = Vec::new();
        for one in findings {
            let same =
                |(of, _): &&mut (&Finding, Vec<Feed>)| of.kind == one.kind && of.cells == one.cells;
            match groups.iter_mut().find(same) {
                Some((_, feeds)) => feeds.push(one.feed),
                None => groups.push((one, vec![one.feed])),
            }
        }
        let row = |(of, feeds): (&Finding, Vec<Feed>)| {
            let named = [of.kind.to_owned(), sources(&feeds)];
            named.into_iter().chain(of.cells.clone()).collect()
        };
        let rows = groups.into_iter().map(row).collect();
        Self { header, rows }
    }

    fn text(&self) -> String {
        let columns = self.header.matches('|').count() - 1;
        let mut text = format!("{}\n|{}\n", self.header, "---|".repeat(columns));
        for row in &self.rows {
            assert_eq!(row.len(), columns, "{row:?}");
            writeln!(text, "| {} |", row.join(" | ")).unwrap();
        }
        text
    }
}

fn sources(feeds: &[Feed]) -> String {
    if feeds.len() == FEEDS.len() {
        return "all".to_owned();
    }
    let missing: Vec<_> = FEEDS.iter().filter(|feed| !feeds.contains(feed)).collect();
    if let [one] = &*missing {
        return format!("all but `{one}`");
    }
    let named = feeds.iter().map(|feed| format!("`{feed}`"));
    named.collect::<Vec<_>>().join(", ")
}

/// Compares a table with the document's of that name.
pub fn compare(name: &str, table: &Table) {
    let _file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pricing.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (open, close) = (format!("<!-- poisoned: {name} -->\n"), "<!-- end -->");
    let (before, rest) = document.split_once(&open).expect("the table's mark");
    let (known, after) = rest.split_once(close).expect("the table's end");
    let found = format!("\n{}\n", table.text());
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, format!("{before}{open}{found}{close}{after}")).unwrap();
        return;
    }
    assert!(
        known == found,
        "docs/pricing.md is not what was found; {WRITE}=1 writes this:\n{found}"
    );
}
