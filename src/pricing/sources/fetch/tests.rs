use super::*;
use crate::pricing::sources::PricedBy;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_decimal::Decimal;
use std::io::Write as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use wiremock::matchers::{header, header_exists, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn fetcher() -> Fetcher {
    Fetcher::new(Patience {
        connect: Duration::from_secs(5),
        silence: Duration::from_millis(300),
        attempt: Duration::from_secs(5),
        attempts: 3,
        pause: Duration::from_millis(1),
    })
}

fn source(address: String) -> Declaration {
    Declaration {
        address: address.into(),
        requests_an_hour: 100,
        bytes_most: 1_000,
        ..Declaration::new("test", "", Decimal::ONE, PricedBy::One)
    }
}

async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

async fn failure(answer: ResponseTemplate) -> (FetchError, usize) {
    let server = server(answer).await;
    let error = fetcher()
        .fetch(&source(server.uri()), None)
        .await
        .unwrap_err();
    (error, asked(&server).await)
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
    let server = MockServer::start().await;
    let unchanged = ResponseTemplate::new(304);
    Mock::given(header("if-none-match", "\"7\""))
        .and(header_exists("if-modified-since"))
        .respond_with(unchanged)
        .mount(&server)
        .await;
    let fresh = ResponseTemplate::new(200)
        .insert_header("etag", "\"7\"")
        .insert_header("last-modified", "Tue, 24 Nov 2026 08:00:00 GMT")
        .set_body_string("prices");
    Mock::given(method("GET"))
        .respond_with(fresh)
        .mount(&server)
        .await;
    let (fetcher, source) = (fetcher(), source(server.uri()));
    let Ok(Fetched::Fresh { body, validators }) = fetcher.fetch(&source, None).await else {
        panic!("fresh");
    };
    assert_eq!(body, b"prices");
    let again = fetcher.fetch(&source, Some(&validators)).await;
    assert_eq!(again, Ok(Fetched::Unchanged));
    let sent = server.received_requests().await.unwrap();
    let since = sent[1].headers.get("if-modified-since").unwrap();
    assert_eq!(since, "Tue, 24 Nov 2026 08:00:00 GMT");
    // A server that says so without having been asked has no answer.
    let unasked = self::server(ResponseTemplate::new(304)).await;
    let unasked = fetcher.fetch(&self::source(unasked.uri()), None).await;
    assert_eq!(unasked, Err(FetchError::Status(304)));
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again() {
    let server = MockServer::start().await;
    let busy = Mock::given(method("GET")).respond_with(ResponseTemplate::new(503));
    busy.up_to_n_times(2).mount(&server).await;
    let fine = ResponseTemplate::new(200).set_body_string("prices");
    Mock::given(method("GET"))
        .respond_with(fine)
        .mount(&server)
        .await;
    let fetched = fetcher().fetch(&source(server.uri()), None).await;
    assert!(matches!(fetched, Ok(Fetched::Fresh { .. })), "{fetched:?}");
    assert_eq!(asked(&server).await, 3);
    let (error, asked) = failure(ResponseTemplate::new(500)).await;
    assert_eq!((error, asked), (FetchError::Status(500), 3));
    let (error, asked) = failure(ResponseTemplate::new(404)).await;
    assert_eq!((error, asked), (FetchError::Status(404), 1));
    let later = ResponseTemplate::new(429).insert_header("retry-after", "3600");
    assert_eq!(failure(later).await, (FetchError::Status(429), 1));
}

#[tokio::test]
async fn a_source_that_fails_again_and_again_rests() {
    let server = server(ResponseTemplate::new(500)).await;
    let (fetcher, source) = (fetcher(), source(server.uri()));
    for _ in 0..3 {
        let error = fetcher.fetch(&source, None).await.unwrap_err();
        assert_eq!(error, FetchError::Status(500));
    }
    let error = fetcher.fetch(&source, None).await.unwrap_err();
    assert!(
        matches!(error, FetchError::Resting { failures: 3, .. }),
        "{error}"
    );
    assert_eq!(asked(&server).await, 9, "nothing is sent while it rests");
}

#[tokio::test]
async fn a_source_is_asked_no_more_often_than_it_may_be() {
    let server = server(ResponseTemplate::new(200).set_body_string("prices")).await;
    let fetcher = fetcher();
    let source = Declaration {
        requests_an_hour: 2,
        ..source(server.uri())
    };
    for _ in 0..2 {
        fetcher.fetch(&source, None).await.unwrap();
    }
    let error = fetcher.fetch(&source, None).await.unwrap_err();
    assert!(matches!(error, FetchError::TooOften { .. }), "{error}");
    assert_eq!(asked(&server).await, 2);
}

#[tokio::test]
async fn one_that_may_be_asked_seldom_fails_by_its_own_error() {
    let server = server(ResponseTemplate::new(500)).await;
    let fetcher = fetcher();
    let source = Declaration {
        requests_an_hour: 2,
        ..source(server.uri())
    };
    let error = fetcher.fetch(&source, None).await.unwrap_err();
    assert_eq!(error, FetchError::Status(500));
    assert_eq!(asked(&server).await, 2);
    let error = fetcher.fetch(&source, None).await.unwrap_err();
    assert!(matches!(error, FetchError::TooOften { .. }), "{error}");
}

#[tokio::test]
async fn another_place_is_not_followed_to() {
    let other = server(ResponseTemplate::new(200).set_body_string("other prices")).await;
    let to = |address: &str| ResponseTemplate::new(302).insert_header("location", address);
    let (error, _) = failure(to(&other.uri())).await;
    assert!(matches!(error, FetchError::Redirect(_)), "{error}");
    assert_eq!(asked(&other).await, 0);
    let (error, _) = failure(to("https://example.org/prices")).await;
    assert_eq!(
        error,
        FetchError::Redirect("https://example.org".to_owned())
    );
    // On the same host it is.
    let server = MockServer::start().await;
    Mock::given(path("/old"))
        .respond_with(to("/new"))
        .mount(&server)
        .await;
    let fine = ResponseTemplate::new(200).set_body_string("prices");
    Mock::given(path("/new"))
        .respond_with(fine)
        .mount(&server)
        .await;
    let fetched = fetcher()
        .fetch(&source(format!("{}/old", server.uri())), None)
        .await;
    assert!(matches!(fetched, Ok(Fetched::Fresh { .. })), "{fetched:?}");
    // In a circle it is not for ever.
    let (error, _) = failure(to("/")).await;
    assert!(matches!(error, FetchError::Redirect(_)), "{error}");
}

#[tokio::test]
async fn an_answer_is_read_no_further_than_it_may_be_large() {
    let most = FetchError::TooLarge { most: 1_000 };
    let (error, asked) =
        failure(ResponseTemplate::new(200).set_body_bytes(vec![b'x'; 1_001])).await;
    assert_eq!((&error, asked), (&most, 1));
    // A megabyte of zeros is a kilobyte as it is sent.
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&vec![0; 500_000]).unwrap();
    let packed = gzip.finish().unwrap();
    assert!(packed.len() < 1_000);
    let bomb = ResponseTemplate::new(200).insert_header("content-encoding", "gzip");
    let (error, _) = failure(bomb.set_body_bytes(packed)).await;
    assert_eq!(error, most);
}

#[tokio::test]
async fn a_packed_answer_is_unpacked_and_a_broken_one_told() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(b"prices").unwrap();
    let packed = gzip.finish().unwrap();
    let of = |body: &[u8]| {
        let answer = ResponseTemplate::new(200).insert_header("content-encoding", "gzip");
        answer.set_body_bytes(body.to_vec())
    };
    let server = server(of(&packed)).await;
    let fetched = fetcher().fetch(&source(server.uri()), None).await;
    let Ok(Fetched::Fresh { body, .. }) = fetched else {
        panic!("{fetched:?}");
    };
    assert_eq!(body, b"prices");
    for broken in [&packed[..packed.len() - 6], b"not gzip at all"] {
        let (error, _) = failure(of(broken)).await;
        assert!(matches!(error, FetchError::Broken(_)), "{error}");
    }
}

/// A server that sends the same bytes to everyone and then waits, or hangs up.
async fn raw(answer: &'static [u8], waits: bool) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer).await;
                if waits {
                    tokio::time::sleep(Duration::from_mins(1)).await;
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn an_answer_that_stops_half_way_is_none() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"data\": [";
    for (answer, waits, expected) in [
        (&half[..], true, FetchError::Timeout),
        (b"", true, FetchError::Timeout),
    ] {
        let address = raw(answer, waits).await;
        let error = fetcher().fetch(&source(address), None).await.unwrap_err();
        assert_eq!(error, expected);
    }
    let address = raw(half, false).await;
    let error = fetcher().fetch(&source(address), None).await.unwrap_err();
    assert!(matches!(error, FetchError::Broken(_)), "{error}");
    // A body without a length and without an end is still bounded.
    let endless = Box::leak(
        [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 10_000]]
            .concat()
            .into_boxed_slice(),
    );
    let address = raw(endless, true).await;
    let error = fetcher().fetch(&source(address), None).await.unwrap_err();
    assert_eq!(error, FetchError::TooLarge { most: 1_000 });
}

#[tokio::test]
async fn nobody_there_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = fetcher().fetch(&source(address), None).await.unwrap_err();
    assert!(matches!(error, FetchError::Unreachable(_)), "{error}");
    let error = fetcher()
        .fetch(&source("http://example.org/".to_owned()), None)
        .await;
    assert!(
        matches!(error, Err(FetchError::Address { .. })),
        "{error:?}"
    );
}
