//! Price sources on this machine: the real snapshots beside the project, an older and a newer set by turns, so that every
//! refresh has everything to read and to verify.

use crate::client::Done;
use flate2::read::GzDecoder;
use serde_json::{Map, json};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) const SNAPSHOTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../shared/data/pricing/sources"
);
/// The five sources, each with the older and the newer of its files.
const FILES: [(&str, [&str; 2]); 5] = [
    ("litellm", ["litellm-1.85.0", "litellm-1.106.2"]),
    ("openrouter", ["openrouter-2026-08", "openrouter-2026-08"]),
    ("models_dev", ["models-dev-2026-02", "models-dev-2026-07"]),
    (
        "genai_prices",
        ["genai-prices-2026-05", "genai-prices-2026-08"],
    ),
    (
        "llm_prices",
        ["llm-prices-current-2026-03", "llm-prices-current-2026-08"],
    ),
];

struct Served {
    name: &'static str,
    bodies: [Vec<u8>; 2],
    asked: AtomicUsize,
}

/// Serves the sources from now on and has the store in a data directory ask them; false where there are no snapshots.
pub(crate) fn serve(store: &Path) -> Done<bool> {
    if !Path::new(SNAPSHOTS).exists() {
        return Ok(false);
    }
    let mut served = Vec::new();
    for (name, files) in FILES {
        let [older, newer] = files.map(read);
        served.push(Served {
            name,
            bodies: [older?, newer?],
            asked: AtomicUsize::new(0),
        });
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away ends its own connection and nothing else.
            let _ = answer(&stream, &served);
        }
    });
    let mut sources = Map::new();
    for (name, _) in FILES {
        let own = json!({"address": format!("http://{address}/{name}"), "requests_an_hour": 3600});
        sources.insert(name.to_owned(), own);
    }
    sources.insert("llm_prices_history".to_owned(), json!({"asked": false}));
    std::fs::write(
        store.join("prices.json"),
        json!({ "sources": sources }).to_string(),
    )?;
    Ok(true)
}

/// The newer snapshot of a source, if there is one.
pub(crate) fn newest(source: &str) -> Option<Done<Vec<u8>>> {
    let found = FILES.iter().find(|(name, _)| *name == source);
    found.map(|(_, [_, newer])| read(newer))
}

fn read(name: &str) -> Done<Vec<u8>> {
    let file = File::open(Path::new(SNAPSHOTS).join(format!("{name}.json.gz")))?;
    let mut body = Vec::new();
    GzDecoder::new(file).read_to_end(&mut body)?;
    Ok(body)
}

fn answer(mut stream: &TcpStream, served: &[Served]) -> Done<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().ok_or("no request")??;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let wanted = first.split([' ', '/']).nth(2).unwrap_or_default();
    let one = served.iter().find(|one| one.name == wanted);
    let one = one.ok_or_else(|| format!("{first:?} is not served"))?;
    let body = &one.bodies[one.asked.fetch_add(1, Ordering::Relaxed) % 2];
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )?;
    Ok(stream.write_all(body)?)
}
