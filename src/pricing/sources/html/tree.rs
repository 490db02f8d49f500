//! The elements of a page, of which there are only so many: a browser's rules repeat what is open wherever a paragraph begins,
//! so a page of some kilobytes could mean gigabytes of elements.

use super::super::ShapeError;
use crate::idle::breathe;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink};
use scraper::{Html, HtmlTreeSink};
use std::cell::Cell;

type Handle = <HtmlTreeSink as TreeSink>::Handle;

/// How many elements and texts a page has, at most: a page of 2,000 models with 20 columns has about 90,000.
const NODES_MOST: usize = 200_000;
/// How many elements are open at a time, at most: browsers stop at twice that.
const DEPTH_MOST: usize = 256;
/// How many attributes an element has, at most.
const ATTRIBUTES_MOST: usize = 256;
/// How long a tag or a comment is, at most, in bytes: each attribute is looked for among those before it.
const TAG_MOST: usize = 128 << 10;
/// How much of a page is taken in at a time, in bytes.
const PIECE: usize = 4 << 10;

/// Reads a page as browsers do.
///
/// # Errors
/// [`ShapeError`]: the page is larger, deeper or stranger than any table of prices.
pub(super) fn read(text: &str) -> Result<Html, ShapeError> {
    let page = Bounded::new();
    let tokenizer = Tokenizer::new(page, TokenizerOpts::default());
    let queue = BufferQueue::default();
    let mut rest = text;
    while !rest.is_empty() {
        breathe();
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        queue.push_back(StrTendril::from(piece));
        // It stops where a script would run, which none does here.
        while !queue.is_empty() {
            let _ = tokenizer.feed(&queue);
        }
        tokenizer.sink.taken_in(piece.len());
        tokenizer.sink.check()?;
        rest = after;
    }
    tokenizer.end();
    tokenizer.sink.check()?;
    Ok(tokenizer.sink.tree.sink.finish())
}

/// Takes in a page until it has too much of something.
struct Bounded {
    tree: TreeBuilder<Handle, HtmlTreeSink>,
    /// How many bytes came since the last token was whole.
    unfinished: Cell<usize>,
    excess: Cell<Option<&'static str>>,
}

impl Bounded {
    fn new() -> Self {
        let sink = HtmlTreeSink::new(Html::new_document());
        Self {
            tree: TreeBuilder::new(sink, TreeBuilderOpts::default()),
            unfinished: Cell::new(0),
            excess: Cell::new(None),
        }
    }

    fn taken_in(&self, bytes: usize) {
        self.unfinished.set(self.unfinished.get() + bytes);
        if self.unfinished.get() > TAG_MOST {
            self.excess
                .set(Some("has a tag or a comment of over 128 KiB"));
        }
    }

    fn check(&self) -> Result<(), ShapeError> {
        self.excess
            .get()
            .map_or(Ok(()), |excess| Err(ShapeError::new(excess)))
    }

    /// What the tree has too much of after a token.
    fn excess(&self) -> Option<&'static str> {
        let page = self.tree.sink.0.borrow();
        let mut nodes = page.tree.nodes();
        if nodes.len() > NODES_MOST {
            return Some("has over 200,000 elements");
        }
        let last = nodes.next_back()?;
        let deep = last.ancestors().nth(DEPTH_MOST).is_some();
        deep.then_some("has over 256 elements in each other")
    }
}

impl TokenSink for Bounded {
    type Handle = Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        if matches!(token, Token::ParseError(_)) || self.excess.get().is_some() {
            return TokenSinkResult::Continue;
        }
        self.unfinished.set(0);
        if let Token::TagToken(Tag { attrs, .. }) = &token
            && attrs.len() > ATTRIBUTES_MOST
        {
            self.excess
                .set(Some("has an element with over 256 attributes"));
            return TokenSinkResult::Continue;
        }
        let result = self.tree.process_token(token, line);
        self.excess.set(self.excess());
        result
    }

    fn end(&self) {
        self.tree.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.tree
            .adjusted_current_node_present_but_not_in_html_namespace()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let read = read(text).map(|_| ());
        read.expect_err("too much").to_string()
    }

    #[test]
    fn formatting_that_is_repeated_in_every_paragraph_ends_early() {
        let page = |sizes| {
            let open = (0..sizes).map(|size| format!("<font a={size}>"));
            format!("<p>{}{}", open.collect::<String>(), "<p>x".repeat(10_000))
        };
        let deep = wrong(&page(5_000));
        assert!(deep.contains("256 elements in each other"), "{deep}");
        let many = wrong(&page(200));
        assert!(many.contains("200,000 elements"), "{many}");
    }

    #[test]
    fn a_tag_without_an_end_ends_early() {
        let names: Vec<String> = (0..1_000_000).map(|name| format!("a{name}")).collect();
        let names = names.join(" ");
        assert!(wrong(&format!("<p {names}>")).contains("128 KiB"));
        let few = &names[..4_000];
        assert!(wrong(&format!("<p {few}>")).contains("256 attributes"));
    }

    #[test]
    fn long_texts_scripts_and_letters_are_taken_in_whole() {
        let long = "é< ".repeat(200_000);
        let page = format!("<script>{long}</script><p>{long}</p><table><tr><td>1</table>");
        let html = read(&page).expect("a page");
        let of = |selector: &str| {
            let selector = scraper::Selector::parse(selector).expect("a selector");
            html.select(&selector)
                .next()
                .expect("one")
                .text()
                .collect::<String>()
        };
        assert_eq!(
            (of("script"), of("p"), of("td")),
            (long.clone(), long, "1".to_owned())
        );
    }
}
