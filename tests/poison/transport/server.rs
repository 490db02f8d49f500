//! A server on this machine that answers each path as it is told, and counts what it sends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is sent in answer to a question, from the status line on.
#[derive(Clone)]
pub struct Answer {
    pub head: Vec<u8>,
    /// Sent behind the head, so many times.
    pub part: Vec<u8>,
    pub times: usize,
    /// The pause before each part.
    pub pause: Duration,
    /// Whether the connection stays open behind all of it.
    pub waits: bool,
}

/// A server, for as long as the test runs.
pub struct Server {
    pub address: String,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    sent: Arc<AtomicU64>,
    asked: Arc<AtomicU64>,
}

impl Answer {
    /// A whole answer with a status line, further header lines, and its length.
    pub fn of(status: &str, headers: &[&str], body: Vec<u8>) -> Self {
        let length = body.len();
        Self::without_length(status, headers, body).with_length(length)
    }

    /// The same without its length: it ends with the connection.
    pub fn without_length(status: &str, headers: &[&str], body: Vec<u8>) -> Self {
        let mut head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        Self {
            head: head.into_bytes(),
            part: body,
            times: 1,
            pause: Duration::ZERO,
            waits: false,
        }
    }

    /// Says a length that is larger by so much.
    pub fn with_rest(self, more: usize) -> Self {
        let body = self.part.len();
        Self::without_length("200 OK", &[], self.part).with_length(body + more)
    }

    /// Says a length, and sends what it would.
    pub fn with_length(mut self, length: usize) -> Self {
        self.head.truncate(self.head.len() - 2);
        let line = format!("content-length: {length}\r\n\r\n");
        self.head.extend(line.bytes());
        self
    }

    /// These bytes and nothing else.
    pub fn raw(bytes: &[u8]) -> Self {
        Self {
            head: bytes.to_vec(),
            ..Self::without_length("", &[], Vec::new())
        }
    }
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            answers: Arc::default(),
            sent: Arc::default(),
            asked: Arc::default(),
        };
        let (answers, sent) = (Arc::clone(&server.answers), Arc::clone(&server.sent));
        let asked = Arc::clone(&server.asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream, Arc::clone(&answers), Arc::clone(&sent)));
            }
        });
        server
    }

    /// What is answered at a path from now on.
    pub fn say(&self, path: &str, answer: Answer) {
        let mut answers = self.answers.lock().unwrap();
        answers.insert(format!("/{path}"), answer);
    }

    /// How many bytes were taken of what it sent since this was asked last.
    pub fn sent(&self) -> u64 {
        self.sent.swap(0, Ordering::SeqCst)
    }

    /// How often it was asked.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn answer(
    mut stream: TcpStream,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    sent: Arc<AtomicU64>,
) {
    let mut question = Vec::new();
    while !question.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read_buf(&mut question).await {
            Ok(1..) => {}
            _ => return,
        }
    }
    let question = String::from_utf8_lossy(&question).into_owned();
    let path = question.split(' ').nth(1).unwrap_or_default();
    let Some(answer) = answers.lock().unwrap().get(path).cloned() else {
        return;
    };
    let parts = std::iter::repeat_n(&answer.part, answer.times);
    for (place, part) in std::iter::once(&answer.head).chain(parts).enumerate() {
        if place > 0 && !answer.pause.is_zero() {
            tokio::time::sleep(answer.pause).await;
        }
        let mut rest = &part[..];
        while !rest.is_empty() {
            let Ok(taken @ 1..) = stream.write(rest).await else {
                return;
            };
            sent.fetch_add(taken as u64, Ordering::SeqCst);
            rest = &rest[taken..];
        }
    }
    if answer.waits {
        // Until the other side goes.
        let _ = stream.read(&mut [0]).await;
    }
}
