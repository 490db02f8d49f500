//! Whatever stands in a journal whose checksums are right.
#![no_main]

#[path = "../feed.rs"]
mod feed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| feed::event(bytes));
