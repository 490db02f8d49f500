//! Making, changing and taking away policies.

use super::{Desk, Done};
use crate::core::command::PolicyDraft;
use crate::core::event::Event;
use crate::core::id::{BudgetId, PolicyId};
use crate::core::period::{GoesOn, WeekStart};
use crate::core::policy::{
    ACTION_THRESHOLD, Enforcement, Limits, Policy, PolicyField, Rollover, THRESHOLD_SCALE,
    WARNING_THRESHOLD,
};
use crate::core::quantity::USD_MOST;
use crate::core::refusal::{Code, Refusal, clipped};
use crate::core::time;
use rust_decimal::Decimal;

/// The most policies of one budget.
pub(super) const POLICIES_MOST: usize = 64;
/// The highest limit of tokens or calls.
const LIMIT_MOST: u64 = 1_000_000_000_000_000;

impl Desk<'_> {
    pub(super) fn save_policy(
        &mut self,
        budget: BudgetId,
        draft: PolicyDraft,
    ) -> Result<Done, Refusal> {
        let state = self
            .state
            .budget(budget)
            .ok_or_else(|| Refusal::not_found("budget", budget))?;
        if state.budget.archived {
            return Err(Refusal::new(
                Code::Conflict,
                format!("{budget} is archived; save_budget brings it back"),
            ));
        }
        if draft.id.is_none() && state.policies.len() >= POLICIES_MOST {
            return Err(Refusal::invalid(
                "budget_id",
                format!("has {POLICIES_MOST} policies, the most it may have"),
            ));
        }
        let policy = self.policy_of(
            budget,
            draft,
            &mut (self.state.next_id().max(1)..).map(PolicyId),
        )?;
        let id = policy.id;
        let anew = self.counts_anew(&policy);
        let done = self.conclude(Event::PolicySaved {
            budget,
            policy,
            anew,
            goes_on: GoesOn::default(),
        });
        self.decline_stale(id);
        self.settle(id);
        Ok(done)
    }

    /// Whether a policy as it is to be cuts its counters in another way than it does.
    pub(super) fn counts_anew(&self, policy: &Policy) -> bool {
        let known = self.state.policy(policy.id);
        known.is_some_and(|known| !known.policy.calendar().cuts_as(&policy.calendar()))
    }

    pub(super) fn remove_policy(&mut self, policy: PolicyId) -> Result<Done, Refusal> {
        let state = self
            .state
            .policy(policy)
            .ok_or_else(|| Refusal::not_found("policy", policy))?;
        let budget = state.budget;
        self.check_alerts_of(&[policy])?;
        self.decline_all(policy);
        self.resolve_all(policy);
        Ok(self.conclude(Event::PolicyRemoved { budget, policy }))
    }

    pub(super) fn policy_of(
        &self,
        budget: BudgetId,
        draft: PolicyDraft,
        fresh: &mut impl Iterator<Item = PolicyId>,
    ) -> Result<Policy, Refusal> {
        let mut policy = match draft.id {
            Some(id) => {
                let known = self.state.policy(id).filter(|state| state.budget == budget);
                known
                    .ok_or_else(|| {
                        Refusal::none_such("policy", id, format!("policy {id} of {budget}"))
                    })?
                    .policy
                    .clone()
            }
            None => self.new_policy(&draft, fresh)?,
        };
        let cleared = clear(&draft)?;
        change(&mut policy, draft);
        for field in cleared {
            empty(&mut policy, field);
        }
        check_policy(&policy)?;
        Ok(policy)
    }

    fn new_policy(
        &self,
        draft: &PolicyDraft,
        fresh: &mut impl Iterator<Item = PolicyId>,
    ) -> Result<Policy, Refusal> {
        Ok(Policy {
            id: fresh.next().unwrap_or(PolicyId(u64::MAX)),
            enforcement: Enforcement::HardLimit,
            period: draft
                .period
                .ok_or_else(|| Refusal::invalid("period", "a new policy needs one"))?,
            limits: Limits::default(),
            warning_threshold: WARNING_THRESHOLD,
            action_threshold: ACTION_THRESHOLD,
            time_zone: "UTC".to_owned(),
            week_start: WeekStart::Monday,
            start: None,
            end: None,
            rollover: Rollover::None,
            rollover_cap: None,
            critical_bypass: false,
            enabled: true,
            created: self.now,
        })
    }
}

fn change(policy: &mut Policy, draft: PolicyDraft) {
    fn set<T>(field: &mut T, given: Option<T>) {
        if let Some(given) = given {
            *field = given;
        }
    }
    set(&mut policy.enforcement, draft.enforcement);
    set(&mut policy.period, draft.period);
    set(&mut policy.warning_threshold, draft.warning_threshold);
    set(&mut policy.action_threshold, draft.action_threshold);
    set(&mut policy.time_zone, draft.time_zone);
    set(&mut policy.week_start, draft.week_start);
    set(&mut policy.rollover, draft.rollover);
    set(&mut policy.critical_bypass, draft.critical_bypass);
    set(&mut policy.enabled, draft.enabled);
    policy.limits = Limits {
        tokens: draft.limits.tokens.or(policy.limits.tokens),
        requests: draft.limits.requests.or(policy.limits.requests),
        cost: draft.limits.cost.or(policy.limits.cost),
    };
    policy.start = draft.start.or(policy.start);
    policy.end = draft.end.or(policy.end);
    policy.rollover_cap = draft.rollover_cap.or(policy.rollover_cap);
}

/// The parts that a policy is to be without, none of which may be given as well.
fn clear(draft: &PolicyDraft) -> Result<Vec<PolicyField>, Refusal> {
    for field in &draft.clear {
        let (name, given) = match field {
            PolicyField::LimitTokens => ("limit_tokens", draft.limits.tokens.is_some()),
            PolicyField::LimitRequests => ("limit_requests", draft.limits.requests.is_some()),
            PolicyField::LimitCostUsd => ("limit_cost_usd", draft.limits.cost.is_some()),
            PolicyField::Start => ("start", draft.start.is_some()),
            PolicyField::End => ("end", draft.end.is_some()),
            PolicyField::RolloverCapUsd => ("rollover_cap_usd", draft.rollover_cap.is_some()),
        };
        not_given(name, given)?;
    }
    Ok(draft.clear.clone())
}

fn empty(policy: &mut Policy, field: PolicyField) {
    match field {
        PolicyField::LimitTokens => policy.limits.tokens = None,
        PolicyField::LimitRequests => policy.limits.requests = None,
        PolicyField::LimitCostUsd => policy.limits.cost = None,
        PolicyField::Start => policy.start = None,
        PolicyField::End => policy.end = None,
        PolicyField::RolloverCapUsd => policy.rollover_cap = None,
    }
}

fn check_policy(policy: &Policy) -> Result<(), Refusal> {
    let limits = &policy.limits;
    if limits.is_empty() {
        return Err(Refusal::invalid(
            "limit_cost_usd",
            "a policy needs a limit: of cost, tokens or requests",
        ));
    }
    for (field, limit) in [
        ("limit_tokens", limits.tokens),
        ("limit_requests", limits.requests),
    ] {
        if limit.is_some_and(|limit| limit > LIMIT_MOST) {
            return Err(Refusal::invalid(field, "expects at most 10^15"));
        }
    }
    for (field, amount) in [
        ("limit_cost_usd", limits.cost),
        ("rollover_cap_usd", policy.rollover_cap),
    ] {
        let within = Decimal::ZERO..=Decimal::from(USD_MOST);
        if amount.is_some_and(|amount| !within.contains(&amount.amount())) {
            return Err(Refusal::invalid(
                field,
                format!("expects 0 to {USD_MOST} dollars"),
            ));
        }
    }
    check_thresholds(policy)?;
    if time::zone(&policy.time_zone).is_none() {
        let message = format!(
            "{:?} is not an IANA time zone such as \"Europe/Berlin\"",
            clipped(&policy.time_zone)
        );
        return Err(Refusal::invalid("time_zone", message));
    }
    match (policy.start, policy.end) {
        (Some(start), Some(end)) if end <= start => {
            Err(Refusal::invalid("end", "expects a time after start"))
        }
        _ => Ok(()),
    }
}

fn check_thresholds(policy: &Policy) -> Result<(), Refusal> {
    let shares = [
        ("warning_threshold", policy.warning_threshold),
        ("action_threshold", policy.action_threshold),
    ];
    for (field, share) in shares {
        if share <= Decimal::ZERO || share > Decimal::ONE {
            return Err(Refusal::invalid(
                field,
                "expects a share above 0 and up to 1",
            ));
        }
        if share.normalize().scale() > THRESHOLD_SCALE {
            return Err(Refusal::invalid(
                field,
                format!("expects at most {THRESHOLD_SCALE} decimal places"),
            ));
        }
    }
    if policy.warning_threshold > policy.action_threshold {
        return Err(Refusal::invalid(
            "warning_threshold",
            "expects no more than action_threshold",
        ));
    }
    Ok(())
}

/// What is to be empty can't be given as well.
pub(super) fn not_given(field: &str, given: bool) -> Result<(), Refusal> {
    if given {
        let expects = "expects no value where clear names it";
        return Err(Refusal::invalid(field, expects));
    }
    Ok(())
}
