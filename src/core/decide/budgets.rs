//! Making and changing budgets.

use super::policies::{POLICIES_MOST, not_given};
use super::{Desk, Done, text};
use crate::core::budget::{Budget, BudgetField, DEPTH_MOST};
use crate::core::command::{KeepScope, PolicyDraft, SaveBudget};
use crate::core::event::Event;
use crate::core::id::{BudgetId, PolicyId};
use crate::core::period::GoesOn;
use crate::core::refusal::{Code, Refusal};

impl Desk<'_> {
    pub(super) fn save_budget(&mut self, draft: SaveBudget) -> Result<Done, Refusal> {
        let next = self.state.next_id().max(1);
        let mut budget = self.budget_of(&draft, next)?;
        budget.archived = false;
        self.check_name(&budget)?;
        self.check_parent(&budget)?;
        if let Some(scope) = &draft.scope {
            text::kept_scope(scope)?;
        }
        self.save(budget, draft.policies, next)
    }

    /// Saves a budget with policies of its own.
    fn save(
        &mut self,
        budget: Budget,
        drafts: Vec<PolicyDraft>,
        next: u64,
    ) -> Result<Done, Refusal> {
        let own = self
            .state
            .budget(budget.id)
            .map_or(&[][..], |state| &state.policies);
        let fresh = drafts.iter().filter(|policy| policy.id.is_none()).count();
        if own.len() + fresh > POLICIES_MOST {
            return Err(Refusal::invalid(
                "policies",
                format!("expects at most {POLICIES_MOST} for one budget"),
            ));
        }
        let mut fresh_ids = (next.max(budget.id.0 + 1)..).map(PolicyId);
        let mut policies = Vec::with_capacity(drafts.len());
        for (place, policy) in drafts.into_iter().enumerate() {
            let made = self.policy_of(budget.id, policy, &mut fresh_ids);
            policies.push(made.map_err(|refusal| refusal.within(&format!("policies[{place}]")))?);
        }
        let mut changed: Vec<_> = policies.iter().map(|policy| policy.id).collect();
        if let Some(back) = self
            .state
            .budget(budget.id)
            .filter(|own| own.budget.archived)
        {
            // Its alerts were resolved when it was archived.
            changed.extend(&back.policies);
            changed.sort_unstable();
            changed.dedup();
        }
        let anew = policies.iter().filter(|policy| self.counts_anew(policy));
        let anew = anew.map(|policy| policy.id).collect();
        let done = self.conclude(Event::BudgetSaved {
            budget,
            policies,
            anew,
            goes_on: GoesOn::default(),
        });
        for policy in changed {
            self.decline_stale(policy);
            self.settle(policy);
        }
        Ok(done)
    }

    pub(super) fn keep_scope(&mut self, keep: KeepScope) -> Result<Done, Refusal> {
        let known = self.state.budget(keep.budget);
        let seen = known.filter(|own| !own.budget.archived && own.budget.scope == keep.from);
        let Some(seen) = seen else {
            return Ok(Done::Events(Vec::new()));
        };
        text::kept_scope(&keep.to)?;
        let budget = Budget {
            scope: keep.to,
            ..seen.budget.clone()
        };
        let next = self.state.next_id().max(1);
        self.save(budget, Vec::new(), next)
    }

    fn budget_of(&self, draft: &SaveBudget, next: u64) -> Result<Budget, Refusal> {
        let mut budget = match draft.id {
            Some(id) => self
                .state
                .budget(id)
                .ok_or_else(|| Refusal::not_found("budget", id))?
                .budget
                .clone(),
            None => Budget {
                id: BudgetId(next),
                name: draft
                    .name
                    .clone()
                    .ok_or_else(|| Refusal::invalid("name", "a new budget needs one"))?,
                owner: None,
                description: None,
                parent: None,
                scope: crate::core::scope::Scope::default(),
                archived: false,
            },
        };
        if let Some(name) = &draft.name {
            budget.name.clone_from(name);
        }
        if draft.owner.is_some() {
            budget.owner.clone_from(&draft.owner);
        }
        if draft.description.is_some() {
            budget.description.clone_from(&draft.description);
        }
        if let Some(parent) = draft.parent {
            budget.parent = parent;
        }
        if let Some(scope) = &draft.scope {
            budget.scope = scope.clone();
        }
        for field in &draft.clear {
            let (name, given, own) = match field {
                BudgetField::Owner => ("owner", &draft.owner, &mut budget.owner),
                BudgetField::Description => {
                    let given = &draft.description;
                    ("description", given, &mut budget.description)
                }
            };
            not_given(name, given.is_some())?;
            *own = None;
        }
        Ok(budget)
    }

    fn check_name(&self, budget: &Budget) -> Result<(), Refusal> {
        text::name("name", &budget.name)?;
        text::optional_name("owner", budget.owner.as_ref())?;
        text::prose("description", budget.description.as_ref())?;
        match self.state.budget_named(&budget.name) {
            Some(other) if other.budget.id != budget.id => {
                let id = other.budget.id;
                let message = format!(
                    "{id} has the name {:?} already; change that one or take another name",
                    budget.name
                );
                Err(Refusal::new(Code::Conflict, message).with("budget_id", id.to_string()))
            }
            _ => Ok(()),
        }
    }

    fn check_parent(&self, budget: &Budget) -> Result<(), Refusal> {
        let known = self.state.budget(budget.id);
        let moved = known.is_none_or(|known| known.budget.parent != budget.parent);
        let mut above = budget.parent;
        for ancestors in 0..=DEPTH_MOST {
            let Some(id) = above else {
                return self.check_depth(budget.id, if moved { ancestors } else { 0 });
            };
            if id == budget.id {
                return Err(Refusal::invalid(
                    "parent_id",
                    format!("{id} would be its own ancestor"),
                ));
            }
            let parent = self
                .state
                .budget(id)
                .filter(|state| !state.budget.archived || Some(id) != budget.parent || !moved);
            above = parent
                .ok_or_else(|| {
                    let words = format!("active budget {id}");
                    Refusal::none_such("budget", id, words).with("field", "parent_id")
                })?
                .budget
                .parent;
        }
        Err(Refusal::invalid(
            "parent_id",
            format!("expects at most {DEPTH_MOST} ancestors"),
        ))
    }

    /// Whether those below a budget would have no more ancestors than they may.
    fn check_depth(&self, id: BudgetId, ancestors: usize) -> Result<(), Refusal> {
        if ancestors == 0 {
            return Ok(());
        }
        let deepest = ancestors + self.state.height(id);
        if deepest > DEPTH_MOST {
            return Err(Refusal::invalid(
                "parent_id",
                format!(
                    "expects at most {DEPTH_MOST} ancestors, and would give {deepest} to a budget below {id}"
                ),
            ));
        }
        Ok(())
    }

    pub(super) fn archive_budget(&mut self, id: BudgetId) -> Result<Done, Refusal> {
        let state = self
            .state
            .budget(id)
            .ok_or_else(|| Refusal::not_found("budget", id))?;
        if state.budget.archived {
            return Err(Refusal::new(
                Code::Conflict,
                format!("{id} is archived already"),
            ));
        }
        let policies = state.policies.clone();
        self.check_alerts_of(&policies)?;
        let done = self.conclude(Event::BudgetArchived { budget: id });
        for policy in policies {
            self.decline_all(policy);
            self.resolve_all(policy);
        }
        Ok(done)
    }
}
