//! The pages that are described in the folder `pages` of the data directory.

use super::{Configured, Settings, text};
use crate::core::decide::QUOTES_MOST;
use crate::core::price_change::PAGES_FOLDER;
use crate::pricing::sources::Source;
use crate::pricing::sources::fetch::check_address;
use crate::pricing::sources::html::{HtmlTable, Page};
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Settings {
    /// Adds the pages that are described in a folder, by the files' names.
    pub(super) fn add_pages(&mut self, folder: &Path) {
        let paths = match described(folder) {
            Ok(paths) => paths,
            Err(error) => return self.leave_out(PAGES_FOLDER, &error.to_string()),
        };
        for path in paths {
            match page(&path) {
                Ok(page) => self.add_page(&path, page),
                Err(why) => self.leave_out(&shown(&path), &why),
            }
        }
    }

    fn add_page(&mut self, path: &Path, page: Page) {
        let mut others = self.sources.iter().map(|known| &*known.declaration.name);
        if others.any(|known| known == page.name) {
            let why = format!("a source is named {:?} already", page.name);
            return self.leave_out(&shown(path), &why);
        }
        if self.sources.len() >= QUOTES_MOST {
            let why = format!("expects at most {QUOTES_MOST} sources in all");
            return self.leave_out(&shown(path), &why);
        }
        let source: Arc<dyn Source> = Arc::new(HtmlTable::of(page));
        self.sources.push(Configured::of(source));
    }
}

/// The descriptions in a folder, which need not be there.
fn described(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let found = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let mut paths = Vec::new();
    for entry in found {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

fn page(path: &Path) -> Result<Page, String> {
    let text = text(path).map_err(|error| error.to_string())?;
    let page = Page::read(&text).map_err(|error| error.to_string())?;
    check_address(&page.address).map_err(|error| error.to_string())?;
    Ok(page)
}

/// A description's file, as it is named where it has no other name.
fn shown(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default();
    format!("{PAGES_FOLDER}/{}", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::sources;

    #[test]
    fn a_page_in_the_folder_is_a_source() {
        let folder = tempfile::tempdir().unwrap();
        let pages = folder.path().join(PAGES_FOLDER);
        std::fs::create_dir(&pages).unwrap();
        let page = r#"{"name": "example.org", "address": "https://example.org/", "weight": "0.4", "asked": true,
            "priced_by": "million", "unit_said": {"at": "caption", "text": "1M"}, "provider": {"fixed": "xai"},
            "model": 0, "columns": {"input": 1}}"#;
        std::fs::write(pages.join("b.json"), format!("\u{feff}{page}")).unwrap();
        let settings = Settings::read(folder.path(), None).unwrap();
        let last = &settings.sources.last().unwrap().declaration;
        assert!(last.name == "example.org" && last.asked);
        std::fs::write(pages.join("a.json"), page.replace("example.org", "litellm")).unwrap();
        std::fs::write(pages.join("c.json"), page).unwrap();
        std::fs::write(pages.join("d.json"), "{}").unwrap();
        let plain = page
            .replace("https://", "http://")
            .replace("\"example", "\"plain");
        std::fs::write(pages.join("e.json"), plain).unwrap();
        let settings = Settings::read(folder.path(), None).unwrap();
        let last = &settings.sources.last().unwrap().declaration;
        assert_eq!(last.name, "example.org");
        let left_out = settings.left_out.iter().map(|one| &*one.source);
        let expected = [
            "pages/a.json",
            "pages/c.json",
            "pages/d.json",
            "pages/e.json",
        ];
        assert!(left_out.eq(expected), "{:?}", settings.left_out);
    }

    #[test]
    fn there_are_no_more_pages_than_one_price_can_name() {
        let folder = tempfile::tempdir().unwrap();
        let pages = folder.path().join(PAGES_FOLDER);
        std::fs::create_dir(&pages).unwrap();
        for number in 10..50 {
            let page = format!(
                r#"{{"name": "page-{number}", "address": "https://example.org/", "weight": "0.4",
                "priced_by": "million", "unit_said": {{"at": "caption", "text": "1M"}}, "provider": {{"fixed": "xai"}},
                "model": 0, "columns": {{"input": 1}}}}"#
            );
            std::fs::write(pages.join(format!("{number}.json")), page).unwrap();
        }
        let settings = Settings::read(folder.path(), None).unwrap();
        assert_eq!(settings.sources.len(), QUOTES_MOST);
        let left_out = &settings.left_out;
        assert_eq!(left_out.len(), sources::all().len() + 40 - QUOTES_MOST);
        assert!(left_out.iter().all(|one| one.why.contains("32 sources")));
    }
}
