//! Answers that are poison as they are sent, over the network to the ledger.

mod ground;
mod kinds;
mod pack;
mod server;

use crate::entry::{FEEDS, PAGE};
use crate::table::Table;
use ground::{Ground, body, of};
use server::Answer;
use tekton_budget::service::refresh::Answered;

/// The most that a list and a page may answer.
const LIST_MOST: u64 = 16 << 20;
const PAGE_MOST: u64 = 8 << 20;
/// What may be on its way in the buffers of both sides when reading ends.
const ON_ITS_WAY: u64 = 16 << 20;

/// Every kind at the list, and what came of it.
pub async fn told() -> Table {
    let ground = Ground::honest().await;
    let mut rows = Vec::new();
    for (name, answer) in kinds::of_a_list(&ground.server.address) {
        let (why, sent) = refused(&ground, "litellm", name, answer).await;
        assert!(sent <= LIST_MOST + ON_ITS_WAY, "{name}: {sent}");
        rows.push(vec![name.to_owned(), why]);
    }
    for (name, answer) in kinds::of_a_page() {
        let (why, sent) = refused(&ground, PAGE, name, answer).await;
        assert!(sent <= PAGE_MOST + ON_ITS_WAY, "{name}: {sent}");
        rows.push(vec![name.to_owned(), why]);
    }
    let header = "| what it sends | what is reported |";
    Table { header, rows }
}

/// Has a source answer so: no price changes, the failure is reported, what it said last counts, and all others go on. Then it
/// answers as before, and is well. Gives why it was refused, and how many bytes were taken of all that was sent.
async fn refused(ground: &Ground, feed: &'static str, name: &str, answer: Answer) -> (String, u64) {
    let before = ground.prices(feed);
    let others = ground.server.asked();
    ground.server.sent();
    ground.server.say(feed, answer);
    let refreshed = ground.refresh().await;
    let gathered = of(&refreshed, feed);
    let Answered::Failed { why, .. } = &gathered.answered else {
        panic!("{name}: {:?}", gathered.answered);
    };
    assert!(gathered.said.is_some(), "{name}: what it said last");
    assert!(refreshed.appraisal.shares[feed].models > 0, "{name}");
    assert!(!refreshed.offline, "{name}");
    for other in FEEDS.into_iter().filter(|other| *other != feed) {
        let answered = &of(&refreshed, other).answered;
        assert_eq!(*answered, Answered::Unchanged, "{name}: {other}");
    }
    assert!(ground.server.asked() >= others + FEEDS.len() as u64);
    assert_eq!(ground.prices(feed), before, "{name}");
    assert!(ground.is_reported(feed), "{name}");
    let why = why.split(": ").next().unwrap_or(why);
    // The server's port is another one each time.
    let (_, port) = ground.server.address.rsplit_once(':').unwrap();
    let why = why.replace(&format!(":{port}"), "");
    ground.say_honestly(feed);
    let sent = ground.server.sent();
    let refreshed = ground.refresh().await;
    assert_eq!(of(&refreshed, feed).answered, Answered::Unchanged, "{name}");
    assert!(!ground.is_reported(feed), "{name}");
    (why, sent)
}

/// Packed in either way that is asked for, an honest answer is read.
pub async fn packed_is_read() {
    let ground = Ground::honest().await;
    let packed = [
        ("content-encoding: gzip", pack::gzip(&body("litellm"))),
        ("content-encoding: br", pack::brotli(&body("litellm"))),
    ];
    for (encoding, packed) in packed {
        let answer = Answer::of("200 OK", &[encoding], packed);
        ground.server.say("litellm", answer);
        let refreshed = ground.refresh().await;
        assert_eq!(
            of(&refreshed, "litellm").answered,
            Answered::Unchanged,
            "{encoding}"
        );
    }
}
