//! How fast the program is through its pipes, each figure beside its floor in the same run.
//!
//! `cargo bench --bench load` takes about a minute. `TEKTON_BUDGET_LOAD_RECORDS` says how many records the store gets
//! (100,000 unless it is set; 5,000,000 in the long form), `TEKTON_BUDGET_LOAD_BUDGETS` how many budgets (10,000).
//! Calls and their floors take turns, so that a busy machine slows both alike.

#[path = "load/client.rs"]
mod client;
#[path = "load/floor.rs"]
mod floor;
#[path = "load/parsing.rs"]
mod parsing;
#[path = "load/sources.rs"]
mod sources;
#[path = "load/table.rs"]
mod table;

use client::{Client, Done, call, request};
use floor::RawLog;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};
use table::{Times, alone, heading, per_second, row, skipped};

const CALLS: usize = 2000;
const SINGLES: usize = 1000;
const CALLERS: usize = 16;
const BATCH: usize = 1000;
const STARTS: usize = 5;
const REFRESHES: usize = 6;
/// About the bytes of one record in the journal.
const RECORD_BYTES: usize = 400;

fn main() -> Done<()> {
    match std::env::args().nth(1).as_deref() {
        Some(floor::SERVE) => return floor::serve(),
        Some(parsing::ONCE) => return parsing::once(),
        _ => {}
    }
    let records = number("TEKTON_BUDGET_LOAD_RECORDS", 100_000)?;
    let budgets = number("TEKTON_BUDGET_LOAD_BUDGETS", 10_000)?;
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store = scratch.path().join("ledger");

    heading("A fresh store");
    starts(|turn| scratch.path().join(format!("fresh-{turn}")), "fresh")?;
    let mut idle = Client::ledger(&scratch.path().join("idle"), "agent")?;
    idle.ask(&check())?;
    alone("memory, idle", "MB", idle.resident_mb()?, "< 30 MB");
    idle.end()?;

    heading(&format!("{budgets} budgets"));
    save_budgets(&store, budgets)?;
    calls(&store)?;

    heading("Records");
    singles(&store, scratch.path())?;
    batches(&store, scratch.path(), records)?;

    heading(&format!("{records} records"));
    starts(|_| store.clone(), "full")?;
    let mut full = Client::ledger(&store, "agent")?;
    full.ask(&check())?;
    alone("memory", "MB", full.resident_mb()?, "< 400 MB with 5 M");
    full.end()?;
    calls(&store)?;
    replay(&store)?;

    heading("Price sources");
    parsing::figures()?;
    refresh(&store)
}

fn number(name: &str, default: usize) -> Done<usize> {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .map_err(|error| format!("{name}: {error}").into()),
        Err(_) => Ok(default),
    }
}

/// Three budgets of the ten thousand cover it.
fn charge() -> Value {
    json!({
        "provider": "openai", "model": "gpt-4o-mini",
        "project": "project-0", "user": "user-1", "component": "component-2",
    })
}

fn with(fields: &Value) -> Value {
    let mut charge = charge();
    if let (Value::Object(charge), Value::Object(fields)) = (&mut charge, fields) {
        charge.extend(fields.clone());
    }
    charge
}

fn check() -> String {
    call(
        "check_budget",
        &with(&json!({"input_tokens": 1200, "max_output_tokens": 500})),
    )
}

fn usage() -> Value {
    with(&json!({"input_tokens": 1200, "output_tokens": 350}))
}

fn save_budgets(store: &Path, budgets: usize) -> Done<()> {
    let mut admin = Client::ledger(store, "admin")?;
    let lines = (0..budgets).map(|number| {
        let scope = match number % 3 {
            0 => json!({"project": format!("project-{number}")}),
            1 => json!({"user": format!("user-{number}")}),
            _ => json!({"component": format!("component-{number}")}),
        };
        let policy =
            json!({"enforcement": "hard_limit", "period": "daily", "limit_cost_usd": "1000000"});
        let draft =
            json!({"name": format!("budget {number}"), "scope": scope, "policies": [policy]});
        call("save_budget", &draft)
    });
    let took = admin.pipelined(lines, 64)?;
    alone("budgets saved", "/s", per_second(budgets, took), "");
    admin.end()
}

/// Calls that change nothing: of the owner and of a forwarder, beside the empty tool.
fn calls(store: &Path) -> Done<()> {
    let mut empty = Client::floor()?;
    let mut owner = Client::ledger(store, "agent")?;
    let mut forwarder = Client::ledger(store, "agent")?;
    let (nothing, check) = (call("empty", &json!({})), check());
    let mut times = [Times::default(), Times::default(), Times::default()];
    for turn in 0..CALLS + CALLS / 10 {
        let took = [
            empty.timed(&nothing)?,
            owner.timed(&check)?,
            forwarder.timed(&check)?,
        ];
        // The first tenth warms up.
        if turn >= CALLS / 10 {
            for (times, took) in times.iter_mut().zip(took) {
                times.push(took);
            }
        }
    }
    let [floor, own, forwarded] = times;
    row("check_budget p50", "us", own.us(50), floor.us(50), "");
    row("check_budget p99", "us", own.us(99), floor.us(99), "<= 2 x");
    row(
        "forwarded check p50, beside the owner's",
        "us",
        forwarded.us(50),
        own.us(50),
        "adds < 100 us",
    );
    row(
        "forwarded check p99, beside the owner's",
        "us",
        forwarded.us(99),
        own.us(99),
        "",
    );
    forwarder.end()?;
    owner.end()?;
    empty.end()
}

fn singles(store: &Path, scratch: &Path) -> Done<()> {
    let mut empty = Client::floor()?;
    let mut owner = Client::ledger(store, "agent")?;
    let mut raw = RawLog::create(scratch, RECORD_BYTES)?;
    let (nothing, record) = (call("empty", &json!({})), call("record_usage", &usage()));
    let (mut own, mut floor) = (Times::default(), Times::default());
    for _ in 0..SINGLES {
        own.push(owner.timed(&record)?);
        floor.push(empty.timed(&nothing)? + raw.append()?);
    }
    row("record_usage p50", "us", own.us(50), floor.us(50), "");
    row("record_usage p99", "us", own.us(99), floor.us(99), "<= 3 x");

    let many = SINGLES * 4;
    let took = owner.pipelined(std::iter::repeat_n(record.clone(), many), CALLERS)?;
    let name = format!("{CALLERS} callers of one server, beside one");
    row(&name, "/s", per_second(many, took), own.rate(), ">= 6 x");

    let took = at_once(store, &record)?;
    let many = CALLERS * (SINGLES / 4);
    let name = format!("{CALLERS} servers of one caller, beside one");
    row(&name, "/s", per_second(many, took), own.rate(), ">= 6 x");
    owner.end()?;
    empty.end()
}

/// How long callers with a process of their own take for their records, all at the same time.
fn at_once(store: &Path, record: &str) -> Done<Duration> {
    let clients: Done<Vec<_>> = (0..CALLERS)
        .map(|_| Client::ledger(store, "agent"))
        .collect();
    let mut clients = clients?;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let running: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                scope.spawn(move || -> Done<()> {
                    for _ in 0..SINGLES / 4 {
                        client.ask(record)?;
                    }
                    Ok(())
                })
            })
            .collect();
        running
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a caller panicked")?)
    })?;
    let took = begun.elapsed();
    clients.into_iter().try_for_each(Client::end)?;
    Ok(took)
}

fn batches(store: &Path, scratch: &Path, records: usize) -> Done<()> {
    let mut owner = Client::ledger(store, "agent")?;
    let mut raw = RawLog::create(scratch, RECORD_BYTES * BATCH)?;
    let mut floor = Times::default();
    for _ in 0..20 {
        floor.push(raw.append()?);
    }
    let floor = floor.rate() * 1000.0;
    let mut turn = 0..;
    let mut batch = || unlike(turn.next().unwrap_or_default());
    let mut alone_times = Times::default();
    for _ in 0..20 {
        let batch = batch();
        alone_times.push(owner.timed(&batch)?);
    }
    let name = "records in batches of 1,000, one batch at a time";
    row(name, "/s", alone_times.rate() * 1000.0, floor, ">= 100 k");
    let many = records.div_ceil(BATCH);
    let took = owner.pipelined((0..many).map(|_| batch()), 4)?;
    let name = "records in batches of 1,000, four at a time";
    row(
        name,
        "/s",
        per_second(many * BATCH, took),
        floor,
        ">= 100 k",
    );
    let memory = owner.resident_mb()?;
    alone("memory after recording", "MB", memory, "< 400 MB with 5 M");
    owner.end()
}

/// A batch of records of four sessions with their own request ids, users and models. It is written out by hand: the
/// client shares the machine with the server, and a tree of JSON would cost it more than the server's whole work.
fn unlike(turn: usize) -> String {
    const MODELS: [&str; 4] = ["gpt-4o-mini", "gpt-4o", "gpt-4.1", "o3"];
    let mut records = String::with_capacity(BATCH * 320);
    for place in 0..BATCH {
        let session = (turn * 4 + place % 4) % 5000;
        let (model, user) = (MODELS[session % 4], session % 1000);
        let (input, output) = (1000 + place, 300 + turn % 100);
        let comma = if place == 0 { "" } else { "," };
        let _ = write!(
            records,
            "{comma}{{\"provider\":\"openai\",\"model\":\"{model}\",\"project\":\"project-0\",\
             \"user\":\"user-{user}\",\"component\":\"component-2\",\"session_id\":\"session-{session}\",\
             \"input_tokens\":{input},\"output_tokens\":{output},\"request_id\":\"request {turn} {place}\"}}"
        );
    }
    request(
        "tools/call",
        &format!("{{\"name\":\"record_usage\",\"arguments\":{{\"records\":[{records}]}}}}"),
    )
}

/// Checks while five sources are read, verified and applied again and again, beside checks without that.
fn refresh(store: &Path) -> Done<()> {
    if !sources::serve(store)? {
        skipped("check_budget during a refresh: there are no snapshots of sources here");
        return Ok(());
    }
    let mut owner = Client::ledger(store, "agent")?;
    let mut operator = Client::ledger(store, "operator")?;
    let (mut quiet, mut during, mut refreshes) =
        (Times::default(), Times::default(), Times::default());
    let check = check();
    for _ in 0..REFRESHES {
        for _ in 0..CALLS {
            quiet.push(owner.timed(&check)?);
        }
        refreshes.push(checks_until_refreshed(
            &mut owner,
            &mut operator,
            &mut during,
        )?);
    }
    operator.end()?;
    owner.end()?;
    alone(
        "refresh of five sources",
        "ms",
        refreshes.us(50) / 1000.0,
        "",
    );
    let name = "check_budget p50 during it, beside without";
    row(name, "us", during.us(50), quiet.us(50), "");
    let name = "check_budget p99 during it, beside without";
    row(name, "us", during.us(99), quiet.us(99), "<= 1.2 x");
    Ok(())
}

/// Times checks for as long as a refresh takes, and gives that.
fn checks_until_refreshed(
    owner: &mut Client,
    operator: &mut Client,
    times: &mut Times,
) -> Done<Duration> {
    let (check, refresh) = (check(), call("refresh_prices", &json!({})));
    std::thread::scope(|scope| {
        let refreshed = scope.spawn(|| operator.timed(&refresh));
        while !refreshed.is_finished() {
            times.push(owner.timed(&check)?);
        }
        refreshed.join().map_err(|_| "the refresher panicked")?
    })
}

/// The lookup store is lost and made again from the journal.
fn replay(store: &Path) -> Done<()> {
    let recorded = events(store)?;
    let known = started(store)?;
    std::fs::remove_dir_all(store.join("lookup"))?;
    let rebuilt = started(store)?;
    alone(
        "replay of the whole journal",
        "/s",
        per_second(recorded, rebuilt.saturating_sub(known)),
        ">= 1 M",
    );
    Ok(())
}

/// How long a start takes to its first check.
fn started(store: &Path) -> Done<Duration> {
    let begun = Instant::now();
    let mut owner = Client::ledger(store, "agent")?;
    owner.ask(&check())?;
    let took = begun.elapsed();
    owner.end()?;
    Ok(took)
}

/// How many events the journal has, by the program's own word.
fn events(store: &Path) -> Done<usize> {
    let verify = std::process::Command::new(env!("CARGO_BIN_EXE_tekton-budget"))
        .arg("--data-dir")
        .arg(store)
        .arg("verify")
        .output()?;
    let told = String::from_utf8(verify.stdout)?;
    let before = told.split(" events").next().unwrap_or_default();
    let number = before
        .rsplit(' ')
        .next()
        .and_then(|number| number.parse().ok());
    number.ok_or_else(|| format!("verify said {told:?}").into())
}

/// From the start of the process to its first answers, beside the empty server's.
fn starts(store: impl Fn(usize) -> std::path::PathBuf, what: &str) -> Done<()> {
    let mut times = [Times::default(), Times::default(), Times::default()];
    for turn in 0..STARTS {
        let begun = Instant::now();
        let mut empty = Client::floor()?;
        empty.list_tools()?;
        times[0].push(begun.elapsed());
        empty.end()?;
        let begun = Instant::now();
        let mut owner = Client::ledger(&store(turn), "agent")?;
        owner.list_tools()?;
        times[1].push(begun.elapsed());
        owner.ask(&check())?;
        times[2].push(begun.elapsed());
        owner.end()?;
    }
    let [floor, listed, checked] = times.map(|times| times.us(50) / 1000.0);
    let name = format!("start ({what}) to the first tools/list");
    row(&name, "ms", listed, floor, "< 100 ms");
    let name = format!("start ({what}) to the first check");
    row(&name, "ms", checked, floor, "< 500 ms");
    Ok(())
}
