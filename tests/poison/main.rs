//! Poisoned sources: whatever one of them, or a crowd of light ones, says or does, no price changes without a person. And
//! honest changes do pass.
//!
//! Each kind begins with a ledger on which all sources were honest; then a source is poisoned and all are asked again. The prices of
//! all models, now and at times before, have to be what they were, and what was said has to be seen somewhere: outvoted,
//! rejected, held back, left out, or reported. What came of each is a table of docs/pricing.md, which is compared;
//! `POISON_WRITE=1` writes it.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod collusion;
mod crowd;
mod document;
mod drip;
mod entry;
mod event;
mod first;
mod ground;
mod honest;
mod kinds;
mod table;
mod transport;
mod trial;

use kinds::{names, prices, shapes, texts};
use trial::{told_by_models, told_by_source};

#[test]
fn honest_sources_agree() {
    let ground = ground::Ground::honest();
    trial::check_honest(&ground);
}

#[test]
fn a_wrong_price_changes_nothing() {
    table::compare("prices", &told_by_models(&prices::KINDS));
}

#[test]
fn a_number_that_is_none_changes_nothing() {
    table::compare("numbers", &told_by_models(&texts::KINDS));
}

#[test]
fn a_name_that_looks_like_another_changes_nothing() {
    table::compare("names", &told_by_source(&names::KINDS));
}

#[test]
fn a_document_that_is_not_what_it_was_changes_nothing() {
    table::compare("shapes", &told_by_source(&shapes::KINDS));
}

#[test]
fn a_crowd_changes_nothing() {
    let header = "| what happens | what came of it |";
    table::compare("crowds", &event::told(header, &crowd::STORIES));
}

#[test]
fn a_drip_comes_no_further_than_its_bounds() {
    let header = "| what happens | what came of it |";
    table::compare("drips", &event::told(header, &drip::STORIES));
}

#[test]
fn an_error_that_all_have_copied_waits() {
    let header = "| what happens | what came of it |";
    table::compare("collusion", &event::told(header, &collusion::STORIES));
}

#[test]
fn a_first_word_that_can_not_be_is_no_price() {
    table::compare("first words", &first::told());
}

#[test]
fn honest_changes_pass() {
    let header = "| what changes | what came of it |";
    table::compare("honest", &event::told(header, &honest::STORIES));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_can_not_be_taken_is_reported_and_bounded() {
    table::compare("answers", &transport::told().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_answer_is_read() {
    transport::packed_is_read().await;
}
