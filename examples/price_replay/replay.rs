//! The way of a refresh, without its network and its ledger.

use flate2::read::GzDecoder;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tekton_budget::core::digest::Digest;
use tekton_budget::core::price_change::{PriceApplied, PriceProposal};
use tekton_budget::core::state::AppliedPrice;
use tekton_budget::pricing::appraise::{Appraisal, Witness, appraise};
use tekton_budget::pricing::book::{Applied, PriceBook};
use tekton_budget::pricing::catalogue::Catalogue;
use tekton_budget::pricing::identity::{Canonical, place};
use tekton_budget::pricing::sources;
use tekton_budget::pricing::verify::Outcome;
use tekton_budget::service::prices::applied_version;

/// A set of snapshots: its name, the time that it is taken for, and the file of each source.
type Set = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const OLDER: Set = (
    "the older set",
    "2026-05-31T00:00:00Z",
    &[
        ("litellm", "litellm-1.85.0"),
        ("models_dev", "models-dev-2026-02"),
        ("genai_prices", "genai-prices-2026-05"),
        ("llm_prices", "llm-prices-current-2026-03"),
    ],
);

const NEWER: Set = (
    "the newer set",
    "2026-08-31T00:00:00Z",
    &[
        ("litellm", "litellm-1.106.2"),
        ("openrouter", "openrouter-2026-08"),
        ("models_dev", "models-dev-2026-07"),
        ("genai_prices", "genai-prices-2026-08"),
        ("llm_prices", "llm-prices-current-2026-08"),
        ("llm_prices_history", "llm-prices-historical-2026-08"),
    ],
);

/// What came of one set.
pub(crate) struct Stage {
    name: &'static str,
    /// What all sources together came to.
    pub(crate) appraisal: Appraisal,
    /// By source: entries, those that were left out, and those that mean no model.
    pub(crate) read: BTreeMap<&'static str, (usize, usize, usize)>,
    /// How long reading all of them took.
    pub(crate) reading: Duration,
}

/// Puts the older set on an empty book, and the newer one on what came of it.
pub(crate) fn replay(folder: &Path) -> Result<(Stage, Stage), Box<dyn Error>> {
    // The names are those of the bundled catalogue; its prices, which are newer than both sets, are left aside.
    let names = Catalogue::embedded();
    let mut book = PriceBook::new(Arc::default());
    let mut waiting = BTreeSet::new();
    let older = stage(&OLDER, folder, &names, &mut book, &mut waiting)?;
    let newer = stage(&NEWER, folder, &names, &mut book, &mut waiting)?;
    Ok((older, newer))
}

fn stage(
    (name, at, files): &Set,
    folder: &Path,
    names: &Catalogue,
    book: &mut PriceBook,
    waiting: &mut BTreeSet<Canonical>,
) -> Result<Stage, Box<dyn Error>> {
    let now: Timestamp = at.parse()?;
    let day = TimeZone::UTC.to_datetime(now).date();
    let known = sources::all();
    let mut witnesses = Vec::new();
    let (mut read, mut reading) = (BTreeMap::new(), Duration::ZERO);
    for (source, file) in *files {
        let body = unpacked(&folder.join(format!("{file}.json.gz")))?;
        let of = known
            .iter()
            .find(|known| known.declaration().name == *source);
        let of = of.ok_or_else(|| format!("no source {source}"))?;
        let began = Instant::now();
        let listing = of.parse(&body, day)?;
        reading += began.elapsed();
        let (placed, apart) = place(names, &listing, day)?;
        let entries = listing.offers.len() + listing.skipped.len();
        read.insert(*source, (entries, listing.skipped.len(), apart.len()));
        witnesses.push(Witness {
            source: (*source).into(),
            weight: of.declaration().weight,
            tense: of.declaration().tense,
            fetched_at: now,
            content: Digest::of(&body),
            placed: placed.into(),
        });
    }
    let appraisal = appraise(book, &witnesses, waiting, now);
    for (version, proposal) in (1..).zip(&appraisal.proposals) {
        carry_out(
            proposal,
            version + now.as_second().unsigned_abs(),
            now,
            book,
            waiting,
        );
    }
    Ok(Stage {
        name,
        appraisal,
        read,
        reading,
    })
}

fn unpacked(path: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut body = Vec::new();
    GzDecoder::new(file).read_to_end(&mut body)?;
    Ok(body)
}

/// What the ledger does with a proposal.
fn carry_out(
    proposal: &PriceProposal,
    version: u64,
    now: Timestamp,
    book: &mut PriceBook,
    waiting: &mut BTreeSet<Canonical>,
) {
    let model = Canonical {
        provider: proposal.provider.clone(),
        model: proposal.model.clone(),
    };
    if proposal.hold.is_some() {
        waiting.insert(model);
    } else {
        waiting.remove(&model);
    }
    let Some(apply) = &proposal.apply else { return };
    let price = PriceApplied {
        provider: proposal.provider.clone(),
        model: proposal.model.clone(),
        rates: Arc::clone(&apply.rates),
        effective_from: proposal.effective_from,
        status: apply.status,
        apart: apply.apart.clone(),
        rule: apply.rule,
        quotes: proposal.quotes.clone(),
    };
    book.apply(Applied {
        version: applied_version(version),
        price: AppliedPrice {
            version,
            applied_at: now,
            price: Arc::new(price),
            review: None,
        },
    });
}

impl fmt::Display for Stage {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.appraisal.counts;
        writeln!(to, "| {} | models |\n|---|---|", self.name)?;
        for (outcome, models) in [
            ("looked at", counts.models),
            ("price stays", counts.unchanged),
            ("verified", counts.verified),
            ("single source", counts.single_source),
            ("held back", counts.held_back),
            ("rejected", counts.rejected),
        ] {
            writeln!(to, "| {outcome} | {models} |")?;
        }
        for ((outcome, rule), models) in &self.appraisal.rules {
            let word = if *outcome == Outcome::HeldBack {
                "held back"
            } else {
                "rejected"
            };
            writeln!(to, "| {word}: `{}` | {models} |", rule.as_str())?;
        }
        writeln!(
            to,
            "\n| source | entries | left out | of no model | models | applied | held back |"
        )?;
        writeln!(to, "|---|---|---|---|---|---|---|")?;
        for (source, (entries, skipped, apart)) in &self.read {
            let share = self
                .appraisal
                .shares
                .get(*source)
                .copied()
                .unwrap_or_default();
            writeln!(
                to,
                "| {source} | {entries} | {skipped} | {apart} | {} | {} | {} |",
                share.models, share.applied, share.held_back
            )?;
        }
        Ok(())
    }
}
