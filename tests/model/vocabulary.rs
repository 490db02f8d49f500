//! Random words, amounts and drafts out of small sets, so that charges and scopes often meet and limits are often hit.

use super::random::Random;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use tekton_budget::core::charge::{Amount, ModelRef};
use tekton_budget::core::command::PolicyDraft;
use tekton_budget::core::context::{Context, Priority};
use tekton_budget::core::name::Name;
use tekton_budget::core::period::{Period, WeekStart};
use tekton_budget::core::policy::{Enforcement, Limits, PolicyField, Rollover};
use tekton_budget::core::price::ModelTier;
use tekton_budget::core::quantity::{Counts, Usd};
use tekton_budget::core::scope::{Scope, Values};

/// Time zones whose days and hours are unlike one another.
pub const ZONES: [&str; 7] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kathmandu",
    "Pacific/Apia",
];
/// Every period.
pub const PERIODS: [Period; 9] = [
    Period::Hourly,
    Period::Daily,
    Period::Weekly,
    Period::Monthly,
    Period::Quarterly,
    Period::Yearly,
    Period::Total,
    Period::PerSession,
    Period::PerTask,
];
const PROVIDERS: [&str; 3] = ["openai", "anthropic", "ollama"];
const MODELS: [&str; 8] = [
    "gpt-4o",
    "gpt-4o-mini",
    "o3",
    "claude-5-opus",
    "claude-5-häiku",
    "qwen3",
    "Qwen3-Mini",
    "模型-1",
];
const PATTERNS: [&str; 15] = [
    "gpt-4o",
    "gpt-*",
    "*mini",
    "claude-?-*",
    "*",
    "o?",
    "*-*-*",
    "模*",
    "claude-5-h?iku",
    "?*3",
    "qwen3",
    "g*o*i",
    "GPT-*",
    "QWEN3",
    "*wen3-mi*",
];
const TIERS: [ModelTier; 3] = [
    ModelTier::LocalLightweight,
    ModelTier::LocalMidweight,
    ModelTier::RemoteHeavyweight,
];
const COMPONENTS: [&str; 2] = ["apollo", "rhetor"];
const TASKS: [&str; 2] = ["code", "chat"];
const USERS: [&str; 2] = ["ann", "bob"];
const PROJECTS: [&str; 2] = ["moon", "mars"];
const TAGS: [&str; 2] = ["team", "env"];
const TAG_VALUES: [&str; 2] = ["red", "blue"];
const IDS: [&str; 3] = ["a", "b", "c"];
const SHARES: [i64; 6] = [10, 333, 500, 800, 950, 1000];
const WEEK_STARTS: [WeekStart; 3] = [WeekStart::Monday, WeekStart::Saturday, WeekStart::Sunday];

/// Who and what a charge is for.
pub fn context(random: &mut Random) -> Context {
    let mut owned = |nothing, from: &[&str]| random.maybe(nothing, from).map(Name::from);
    let mut context = Context {
        component: owned(40, &COMPONENTS),
        task_type: owned(40, &TASKS),
        session_id: owned(40, &IDS),
        task_id: owned(40, &IDS),
        user: owned(40, &USERS),
        project: owned(40, &PROJECTS),
        ..Context::default()
    };
    for tag in TAGS {
        if let Some(value) = random.maybe(50, &TAG_VALUES) {
            context.tags.insert(tag.into(), value.into());
        }
    }
    if random.chance(30) {
        context.priority = Some(if random.chance(50) {
            Priority::CRITICAL
        } else {
            Priority::default()
        });
    }
    context
}

/// The model of a charge; a part is missing this often in a hundred.
pub fn model(random: &mut Random, nothing: u64) -> ModelRef {
    ModelRef {
        provider: random.maybe(nothing, &PROVIDERS).map(Name::from),
        model: random.maybe(nothing, &MODELS).map(Name::from),
        tier: random.maybe(30, &TIERS),
        release: None,
        named: random.maybe(80, &MODELS).map(Name::from),
    }
}

fn values(random: &mut Random, free: u64, from: &[&str]) -> Values {
    if random.chance(free) {
        return Values::default();
    }
    let many = 1 + random.below(2);
    Values::new((0..many).map(|_| (*random.pick(from)).to_owned()))
}

/// The charges that a budget covers; rather everything or a few dimensions than many.
pub fn scope(random: &mut Random) -> Scope {
    if random.chance(30) {
        return Scope::default();
    }
    let free = if random.chance(80) { 85 } else { 40 };
    let mut scope = Scope {
        provider: values(random, free, &PROVIDERS),
        model: values(random, free, &PATTERNS),
        component: values(random, free, &COMPONENTS),
        task_type: values(random, free, &TASKS),
        user: values(random, free, &USERS),
        project: values(random, free, &PROJECTS),
        ..Scope::default()
    };
    if !random.chance(free) {
        scope.tier.push(*random.pick(&TIERS));
    }
    for tag in TAGS {
        if !random.chance(free) {
            let own = values(random, 10, &TAG_VALUES);
            scope.tags.insert(tag.to_owned(), own);
        }
    }
    scope
}

/// An amount of money from nothing to a few dollars, with up to nine places.
pub fn money(random: &mut Random, most_cents: u64) -> Usd {
    match random.below(10) {
        0 => Usd::ZERO,
        1 => Usd::new(Decimal::new(1, 9)),
        2..=4 => {
            let nanos = random.below(most_cents * 10_000_000);
            Usd::new(Decimal::new(i64::try_from(nanos).unwrap(), 9))
        }
        _ => {
            let cents = random.below(most_cents + 1);
            Usd::new(Decimal::new(i64::try_from(cents).unwrap(), 2))
        }
    }
}

/// What a usage consumed.
pub fn counts(random: &mut Random) -> Counts {
    let mut few = |percent, most| {
        if random.chance(percent) {
            random.below(most)
        } else {
            0
        }
    };
    Counts {
        input_tokens: few(90, 400),
        cache_read_tokens: few(20, 400),
        cache_read_audio_tokens: few(5, 50),
        cache_write_tokens: few(10, 50),
        cache_write_1h_tokens: few(10, 50),
        output_tokens: few(80, 200),
        reasoning_tokens: few(20, 100),
        audio_input_tokens: few(5, 50),
        audio_output_tokens: few(5, 50),
        images: few(5, 3),
        requests: few(90, 3),
        web_searches: few(5, 3),
        seconds: few(5, 60),
    }
}

/// What is asked for.
pub fn amount(random: &mut Random) -> Amount {
    Amount {
        tokens: (!random.chance(10)).then(|| random.below(800)),
        requests: random.below(3),
        cost: (!random.chance(10)).then(|| money(random, 150)),
    }
}

fn share(random: &mut Random) -> Decimal {
    Decimal::new(*random.pick(&SHARES), 3)
}

fn limits(random: &mut Random, nothing: u64) -> Limits {
    Limits {
        tokens: (!random.chance(nothing)).then(|| random.below(4000)),
        requests: (!random.chance(nothing)).then(|| random.below(12)),
        cost: (!random.chance(nothing)).then(|| money(random, 800)),
    }
}

/// A policy; a new one has a period and mostly what else it needs, a change leaves most as it is.
pub fn policy(random: &mut Random, new: bool, now: Timestamp) -> PolicyDraft {
    let same = if new { 50 } else { 80 };
    let mut draft = PolicyDraft {
        enforcement: random.maybe(
            same,
            &[
                Enforcement::Ignore,
                Enforcement::Warn,
                Enforcement::SoftLimit,
                Enforcement::HardLimit,
                Enforcement::HardLimit,
            ],
        ),
        period: random.maybe(if new { 1 } else { 85 }, &PERIODS),
        limits: limits(random, if new { 45 } else { 70 }),
        time_zone: random.maybe(same, &ZONES).map(str::to_owned),
        week_start: random.maybe(same, &WEEK_STARTS),
        rollover: random.maybe(same, &[Rollover::Unused, Rollover::Unused, Rollover::None]),
        rollover_cap: (!random.chance(80)).then(|| money(random, 300)),
        critical_bypass: random.maybe(same, &[true, false]),
        enabled: random.maybe(80, &[true, true, false]),
        ..PolicyDraft::default()
    };
    if !random.chance(same) {
        draft.warning_threshold = Some(share(random));
        draft.action_threshold = Some(share(random));
        if random.chance(90) && draft.warning_threshold > draft.action_threshold {
            std::mem::swap(&mut draft.warning_threshold, &mut draft.action_threshold);
        }
    }
    if random.chance(15) {
        draft.start = Some(now + SignedDuration::from_hours(random.between(-72, 72)));
    }
    let clearable = [
        (PolicyField::LimitTokens, draft.limits.tokens.is_none()),
        (PolicyField::LimitRequests, draft.limits.requests.is_none()),
        (PolicyField::LimitCostUsd, draft.limits.cost.is_none()),
        (PolicyField::RolloverCapUsd, draft.rollover_cap.is_none()),
        (PolicyField::Start, draft.start.is_none()),
        (PolicyField::End, true),
    ];
    for (field, free) in clearable {
        if !new && (free || random.chance(3)) && random.chance(12) {
            draft.clear.push(field);
        }
    }
    let ends = !draft.clear.contains(&PolicyField::End);
    if ends && random.chance(10) {
        draft.end = Some(now + SignedDuration::from_hours(random.between(-24, 240)));
    }
    draft
}
