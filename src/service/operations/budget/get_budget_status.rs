//! `get_budget_status`: what is left of the budgets, and for how long.

use crate::core::alert::MeterKey;
use crate::core::count::counted;
use crate::core::id::BudgetId;
use crate::core::refusal::{Refusal, clipped};
use crate::core::role::Role;
use crate::core::state::{BudgetState, PolicyState, RowKey, State};
use crate::core::verdict::Finding;
use crate::service::Service;
use crate::service::ledger::Shared;
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::wire::fields::arguments;
use crate::service::wire::page;
use crate::service::wire::schema::{Instant, Share};
use crate::service::wire::verdict::PolicyOutcome;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many sessions or tasks of one policy are shown, the most used first.
const KEYS_MOST: usize = 20;
/// What part of a window must have been seen before anything follows from it: the first calls come close together.
const FORECAST_SHARE: i32 = 20;
/// What is enough of a long window, or of one that never ends.
const FORECAST_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What is left of the budgets, and for how long.
pub struct GetBudgetStatus;

arguments!(
    /// Which budget, and when.
    GetBudgetStatusInput [page] {
        /// The budget; all if neither id nor name is given.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub budget_id: Option<BudgetId>,
        /// The active budget of that name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub budget_name: Option<String>,
        /// The windows of that time; default now.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub at: Option<Instant>,
    }
);

/// How much of a counter is used.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum UseState {
    /// Below its thresholds.
    Ok,
    /// The warning threshold is reached.
    Warning,
    /// The action threshold is reached.
    Action,
    /// The limit is passed.
    Exceeded,
    /// The policy does not count then.
    Inactive,
}

/// One counter of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CounterStatus {
    /// Where it stands.
    #[serde(flatten)]
    pub standing: PolicyOutcome,
    /// The used share of the limit that is used most, posted and held; 1 is all of it.
    pub used_share: Share,
    /// How much is used.
    pub state: UseState,
    /// When it runs out if spending goes on as in this window so far; left out if it lasts, and until a twentieth of
    /// the window, or a day, was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs_out_at: Option<Instant>,
}

/// One budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetStatus {
    /// Its id.
    pub budget_id: BudgetId,
    /// Its name.
    pub name: String,
    /// The budget above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<BudgetId>,
    /// Its policies' counters; of one by session or task that nothing has used, its limit without counts_for.
    pub policies: Vec<CounterStatus>,
    /// The budgets right below it.
    pub children: Vec<BudgetId>,
}

/// A page of budgets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GetBudgetStatusAnswer {
    /// The budgets.
    pub budgets: Vec<BudgetStatus>,
    /// Next page's cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Operation for GetBudgetStatus {
    type Input = GetBudgetStatusInput;
    type Output = GetBudgetStatusAnswer;
    const CONTRACT: Contract = Contract {
        name: "get_budget_status",
        title: "Budget status",
        description: "See what is posted, held and left of a budget, or of all, in the present windows or those of a \
            time, and when each would run out.",
        toolset: Toolset::Budget,
        role: Role::Viewer,
        effect: Effect::Reads,
        open_world: false,
    };

    async fn run(
        service: &Service,
        _: &Call,
        input: Self::Input,
    ) -> Result<Answer<Self::Output>, Refusal> {
        let desk = service.desk().await?;
        let now = desk.now();
        desk.end_what_is_due(now).await?;
        let at = input.at.map_or(now, Instant::time);
        let state = desk.state();
        let (found, next_cursor) = find(&state, &input)?;
        let view = View {
            state: &state,
            shared: desk.ledger().shared(),
            at,
            now,
        };
        let budgets = found.iter().map(|known| view.status(known));
        let budgets = budgets.collect::<Result<Vec<_>, _>>()?;
        Ok(Answer {
            text: words(&budgets),
            content: GetBudgetStatusAnswer {
                budgets,
                next_cursor,
            },
        })
    }
}

fn find<'a>(
    state: &'a State,
    input: &GetBudgetStatusInput,
) -> Result<(Vec<&'a BudgetState>, Option<String>), Refusal> {
    match (input.budget_id, &input.budget_name) {
        (Some(_), Some(_)) => Err(Refusal::invalid(
            "budget_name",
            "expects no budget_id beside it",
        )),
        (Some(id), None) => state
            .budget(id)
            .map(|known| (vec![known], None))
            .ok_or_else(|| Refusal::not_found("budget", id)),
        (None, Some(name)) => state
            .budget_named(name)
            .map(|known| (vec![known], None))
            .ok_or_else(|| {
                let words = format!("budget {:?}; list_budgets names them", clipped(name));
                Refusal::none_such("budget", name, words)
            }),
        (None, None) => {
            let length = page::length(input.limit);
            let after = page::position(input.cursor.as_ref())?.unwrap_or(0);
            let active = state
                .budgets()
                .filter(|known| !known.budget.archived && known.budget.id.0 > after);
            let mut found: Vec<_> = active.take(length + 1).collect();
            let next_cursor = page::cut(&mut found, length, |known| known.budget.id.0);
            Ok((found, next_cursor))
        }
    }
}

/// What a status is read from.
struct View<'a> {
    state: &'a State,
    shared: &'a Shared,
    at: Timestamp,
    now: Timestamp,
}

impl View<'_> {
    fn status(&self, known: &BudgetState) -> Result<BudgetStatus, Refusal> {
        let policies = known.policies.iter();
        let mut counters = Vec::new();
        for policy in policies.filter_map(|id| self.state.policy(*id)) {
            counters.extend(self.counters(policy)?);
        }
        Ok(BudgetStatus {
            budget_id: known.budget.id,
            name: known.budget.name.clone(),
            parent_id: known.budget.parent,
            policies: counters,
            children: self
                .state
                .children(known.budget.id)
                .map(|child| child.budget.id)
                .collect(),
        })
    }

    fn counters(&self, policy: &PolicyState) -> Result<Vec<CounterStatus>, Refusal> {
        let standing = |key| self.state.standing_of(policy, key, self.now);
        if policy.policy.period.is_keyed() {
            let mut keys: Vec<_> = self.state.used_keys(policy).collect();
            keys.sort_by_cached_key(|key| std::cmp::Reverse(share(&standing(key.clone()))));
            keys.truncate(KEYS_MOST);
            if keys.is_empty() {
                let mut whole = self.counter(&standing(MeterKey::Of("".into())), policy);
                whole.standing.counts_for = None;
                return Ok(vec![whole]);
            }
            let found = keys.into_iter().map(standing);
            return Ok(found
                .map(|finding| self.counter(&finding, policy))
                .collect());
        }
        let key = MeterKey::Window(policy.window(self.at));
        let recalled = self.recalled(policy, &key)?;
        let finding = recalled.as_ref().map_or_else(
            || standing(key.clone()),
            |recalled| self.state.standing_of(recalled, key.clone(), self.now),
        );
        Ok(vec![self.counter(&finding, policy)])
    }

    /// The policy with the counters of a window that was moved into the store, and of the one before it.
    fn recalled(
        &self,
        policy: &PolicyState,
        key: &MeterKey,
    ) -> Result<Option<PolicyState>, Refusal> {
        let missing = self.state.missing_at(policy.policy.id, self.at);
        if missing.is_empty() {
            return Ok(None);
        }
        let before = match key {
            MeterKey::Window(window) => policy.window_before(window).map(MeterKey::Window),
            MeterKey::Of(_) => None,
        };
        let known = before.into_iter().chain([key.clone()]);
        let known = known.map(|key| (key.clone(), policy.meter(&key)));
        let moved = self.shared.moved(missing)?.into_iter();
        let moved = moved.filter_map(|(key, meter)| match key {
            RowKey::Meter(_, key) => Some((key, meter)),
            _ => None,
        });
        Ok(Some(policy.with_meters(known.chain(moved))))
    }

    fn counter(&self, finding: &Finding, policy: &PolicyState) -> CounterStatus {
        let used = share(finding);
        let use_state = if !policy.policy.applies(self.at) {
            UseState::Inactive
        } else if used > Decimal::ONE {
            UseState::Exceeded
        } else if used >= policy.policy.action_threshold {
            UseState::Action
        } else if used >= policy.policy.warning_threshold {
            UseState::Warning
        } else {
            UseState::Ok
        };
        CounterStatus {
            standing: PolicyOutcome::of(finding, self.state),
            used_share: Share(used.round_dp(6).to_f64().unwrap_or(f64::MAX)),
            state: use_state,
            runs_out_at: runs_out(finding, policy, self.now).map(Instant),
        }
    }
}

/// The used share of the limit that is used most; what is left of nothing counts as all used once anything is.
fn share(finding: &Finding) -> Decimal {
    let used = finding.posted.or_zero() + finding.held;
    let limits = &finding.limits;
    let of = |used: Decimal, limit: Decimal| {
        if limit.is_zero() {
            if used.is_zero() {
                Decimal::ZERO
            } else {
                Decimal::TWO
            }
        } else {
            used.checked_div(limit).unwrap_or(Decimal::MAX)
        }
    };
    let whole = limits.tally();
    let shares = [
        limits
            .tokens
            .map(|_| of(used.tokens.into(), whole.tokens.into())),
        limits
            .requests
            .map(|_| of(used.requests.into(), whole.requests.into())),
        limits
            .cost
            .map(|_| of(used.cost.amount(), whole.cost.amount())),
    ];
    shares.into_iter().flatten().max().unwrap_or_default()
}

/// When the window's limit is reached at the rate of posting so far; none if that is after the window, or past.
fn runs_out(finding: &Finding, policy: &PolicyState, now: Timestamp) -> Option<Timestamp> {
    let MeterKey::Window(window) = &finding.meter else {
        return None;
    };
    if !window.contains(now) {
        return None;
    }
    let since = window.start.max(policy.begins());
    let elapsed = now.duration_since(since).as_secs();
    let posted = Finding {
        held: crate::core::tally::Tally::ZERO,
        ..finding.clone()
    };
    let used = share(&posted);
    let needed = window.end.duration_since(window.start) / FORECAST_SHARE;
    if elapsed < needed.min(FORECAST_AFTER).as_secs() || used.is_zero() || used >= Decimal::ONE {
        return None;
    }
    let left = (Decimal::ONE - used)
        .checked_div(used)?
        .checked_mul(Decimal::from(elapsed))?
        .to_i64()?;
    let end = now.checked_add(SignedDuration::from_secs(left)).ok()?;
    (end < window.end || window.is_endless()).then_some(end)
}

fn words(budgets: &[BudgetStatus]) -> String {
    let mut lines = Vec::new();
    for budget in budgets.iter().take(20) {
        for counter in &budget.policies {
            let standing = &counter.standing;
            lines.push(format!(
                "{} ({}): {} of {} posted, {} held, {} left.",
                budget.name,
                standing.period.as_str(),
                standing.posted.words(),
                standing.limit.words(),
                standing.held.words(),
                standing.available.words()
            ));
        }
    }
    if lines.is_empty() {
        format!(
            "{}, no policies.",
            counted(budgets.len(), "budget", "budgets")
        )
    } else {
        lines.join("\n")
    }
}
