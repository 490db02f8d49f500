//! What is sent.

use super::ground::body;
use super::pack;
use super::server::Answer;
use crate::entry::PAGE;
use std::time::Duration;

const OK: &str = "200 OK";
const GIGABYTE: usize = 1 << 30;
const PART: usize = 64 << 10;

/// What a list may send; `address` is the server's own.
pub fn of_a_list(address: &str) -> Vec<(&'static str, Answer)> {
    [
        vanished(),
        cut_off(),
        large(),
        packed(),
        led(address),
        slow(),
    ]
    .concat()
}

/// What a page may send, which may send less.
pub fn of_a_page() -> Vec<(&'static str, Answer)> {
    let half = body(PAGE).len() / 2;
    let cut = body(PAGE)[..half].to_vec();
    vec![
        ("a page of a gigabyte, in parts", in_parts()),
        (
            "a page cut off by the connection",
            Answer::of(OK, &[], cut).with_rest(half),
        ),
    ]
}

fn vanished() -> Vec<(&'static str, Answer)> {
    vec![
        (
            "it is gone (404)",
            Answer::of("404 Not Found", &[], Vec::new()),
        ),
        (
            "it fails (500)",
            Answer::of("500 Internal Server Error", &[], Vec::new()),
        ),
        (
            "it asks for a login (401)",
            Answer::of("401 Unauthorized", &[], body("litellm")),
        ),
        ("it hangs up without a word", Answer::raw(b"")),
        (
            "it speaks another protocol",
            Answer::raw(b"SSH-2.0-OpenSSH_9.9\r\n"),
        ),
        (
            "nothing has changed (304), which nobody asked",
            Answer::of("304 Not Modified", &[], Vec::new()),
        ),
        ("an empty answer", Answer::of(OK, &[], Vec::new())),
        ("a header of two megabytes", {
            let header = format!("x-much: {}", "x".repeat(2 << 20));
            Answer::of(OK, &[&header], body("litellm"))
        }),
    ]
}

fn cut_off() -> Vec<(&'static str, Answer)> {
    let whole = body("litellm");
    let half = whole[..whole.len() / 2].to_vec();
    vec![
        (
            "JSON cut off, with the length that it has",
            Answer::of(OK, &[], half.clone()),
        ),
        (
            "JSON cut off, with the length that it should have",
            Answer::of(OK, &[], half.clone()).with_rest(99),
        ),
        (
            "JSON cut off, without a length",
            Answer::without_length(OK, &[], half),
        ),
    ]
}

fn in_parts() -> Answer {
    let mut part = format!("{PART:x}\r\n").into_bytes();
    part.resize(part.len() + PART, b' ');
    part.extend(b"\r\n");
    let chunked = ["transfer-encoding: chunked"];
    Answer {
        times: GIGABYTE / PART,
        ..Answer::without_length(OK, &chunked, part)
    }
}

fn large() -> Vec<(&'static str, Answer)> {
    let endless = Answer {
        times: GIGABYTE / PART,
        ..Answer::without_length(OK, &[], vec![b' '; PART])
    };
    vec![
        (
            "a gigabyte, as its length says",
            endless.clone().with_length(GIGABYTE),
        ),
        ("a gigabyte, in parts", in_parts()),
        ("a gigabyte, without a length", endless),
    ]
}

fn packed() -> Vec<(&'static str, Answer)> {
    let whole = body("litellm");
    let by = |encoding: &'static str, body| Answer::of(OK, &[encoding], body);
    let (gzip, brotli) = ("content-encoding: gzip", "content-encoding: br");
    let half = |packed: Vec<u8>| packed[..packed.len() / 2].to_vec();
    vec![
        (
            "a megabyte by gzip that is a gigabyte",
            by(gzip, pack::gzip_of_a_gigabyte()),
        ),
        (
            "211 bytes by brotli that are 256 MiB",
            by(brotli, pack::brotli_of_zeros()),
        ),
        (
            "packed by deflate, which nobody asked for",
            by("content-encoding: deflate", pack::deflate(&whole)),
        ),
        (
            "said to be packed by gzip, and is not",
            by(gzip, whole.clone()),
        ),
        (
            "said to be packed by brotli, and is not",
            by(brotli, whole.clone()),
        ),
        (
            "packed by gzip and cut off",
            by(gzip, half(pack::gzip(&whole))),
        ),
        (
            "packed by brotli and cut off",
            by(brotli, half(pack::brotli(&whole))),
        ),
    ]
}

fn led(address: &str) -> Vec<(&'static str, Answer)> {
    let to = |address: &str| {
        let location = format!("location: {address}");
        Answer::of("302 Found", &[&location], Vec::new())
    };
    // The same machine by another name is another host.
    let other = address.replace("127.0.0.1", "localhost");
    vec![
        (
            "it leads to another host",
            to("https://example.org/prices.json"),
        ),
        (
            "it leads to another name of this machine",
            to(&format!("{other}/models_dev")),
        ),
        ("it leads in a circle", to("/litellm")),
    ]
}

fn slow() -> Vec<(&'static str, Answer)> {
    let whole = body("litellm");
    let waits = |answer| Answer {
        waits: true,
        ..answer
    };
    vec![
        ("it is silent", waits(Answer::raw(b""))),
        (
            "it falls silent in the middle",
            waits(Answer::of(OK, &[], whole[..99].to_vec()).with_rest(99)),
        ),
        (
            "it sends a byte now and then",
            Answer {
                times: 60,
                pause: Duration::from_millis(500),
                ..Answer::without_length(OK, &[], vec![b' '])
            },
        ),
    ]
}
