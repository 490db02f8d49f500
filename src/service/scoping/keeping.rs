//! Keeping the scopes of budgets by the names that usage has, while prices change what names mean.
//!
//! A change of the prices is made in three steps: the scopes get the names that their models will have, the change is made, and
//! scopes that were saved meanwhile are looked at again. A limit is never without the usage that it is for.

use super::{Coming, Known, settled};
use crate::core::command::{Command, KeepScope};
use crate::core::decide::check_kept_scope;
use crate::core::id::BudgetId;
use crate::core::refusal::{Code, Refusal};
use crate::core::role::{Interface, Role};
use crate::core::scope::Scope;
use crate::core::state::{BudgetState, State};
use crate::idle::breathe;
use crate::pricing::book::PriceBook;
use crate::service::Desk;
use crate::service::caller::Caller;
use crate::service::operation::Call;
use futures_util::future::join_all;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// How many budgets are looked at while the ledger waits.
const TAKEN_MOST: usize = 256;

/// The scopes that name providers or models, of the budgets that are not archived.
#[derive(Clone, Debug, Default)]
pub struct Scopes(Vec<(BudgetId, Scope)>);

impl Scopes {
    /// Those of a ledger, as they are now. Of many only some are taken at a time, so that nothing waits for the rest.
    pub async fn of(desk: &Desk) -> Self {
        let (mut scopes, mut last) = (Vec::new(), BudgetId(0));
        loop {
            let seen = take_some(&desk.state(), last, &mut scopes);
            let Some(seen) = seen else {
                return Self(scopes);
            };
            last = seen;
            tokio::task::yield_now().await;
        }
    }

    /// Those that name a provider or a model as no usage does, with how they are to name it.
    pub fn outdated(&self, prices: &PriceBook, now: Timestamp) -> Vec<KeepScope> {
        self.outdated_since(prices, prices, now)
    }

    /// Those that will, once these changes of the prices are made.
    pub fn outdated_by(
        &self,
        coming: Coming,
        prices: &PriceBook,
        now: Timestamp,
    ) -> Vec<KeepScope> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut book = prices.clone();
        coming.make(&mut book, now);
        self.outdated_since(prices, &book, now)
    }

    fn outdated_since(
        &self,
        before: &PriceBook,
        prices: &PriceBook,
        now: Timestamp,
    ) -> Vec<KeepScope> {
        // Many budgets name the same models.
        let mut named = BTreeMap::new();
        let all = self.0.iter();
        let outdated = all.filter_map(|(budget, scope)| {
            breathe();
            let of = (&scope.provider, &scope.model);
            let known = Known {
                kept: scope,
                before,
            };
            let own = named
                .entry(of)
                .or_insert_with(|| settled(scope, &known, prices, now));
            let (provider, model) = own.clone();
            let is_outdated = (&provider, &model) != of;
            let to = Scope {
                provider,
                model,
                ..scope.clone()
            };
            is_outdated.then(|| KeepScope {
                budget: *budget,
                from: scope.clone(),
                to,
            })
        });
        outdated.filter(is_fit).collect()
    }
}

/// Takes the scopes of the next budgets; gives back the last one that was looked at, none at the end.
fn take_some(
    state: &State,
    after: BudgetId,
    scopes: &mut Vec<(BudgetId, Scope)>,
) -> Option<BudgetId> {
    let mut last = None;
    for own in state.budgets_after(after).take(TAKEN_MOST) {
        last = Some(own.budget.id);
        scopes.extend(scope_of(own));
    }
    last
}

fn scope_of(own: &BudgetState) -> Option<(BudgetId, Scope)> {
    let scope = &own.budget.scope;
    let names = !scope.provider.is_free() || !scope.model.is_free();
    (names && !own.budget.archived).then(|| (own.budget.id, scope.clone()))
}

fn is_fit(keep: &KeepScope) -> bool {
    let fit = check_kept_scope(&keep.to);
    if let Err(refusal) = &fit {
        let budget = keep.budget;
        tracing::warn!(%budget, %refusal, "a scope can't be kept by the names that usage has; name fewer models in it");
    }
    fit.is_ok()
}

/// Has the scopes name their models as they will be named once these changes are made.
///
/// # Errors
/// `unavailable` where nothing can be written: then the changes can't be made, either.
pub async fn prepare(desk: &Desk, coming: Coming) -> Result<(), Refusal> {
    let scopes = Scopes::of(desk).await;
    let (prices, now) = (desk.prices(), desk.now());
    let outdated = out_of_the_way(scopes, move |scopes| {
        scopes.outdated_by(coming, &prices, now)
    });
    rename(desk, outdated.await).await
}

/// Has scopes name their models as they are named now: the change that did that is made, so that what goes wrong here is only
/// told.
pub async fn keep_up(desk: &Desk) {
    keep_these_up(desk, Scopes::of(desk).await).await;
}

/// The same of one budget's.
pub async fn keep_one_up(desk: &Desk, budget: BudgetId) {
    let own = desk.state().budget(budget).and_then(scope_of);
    keep_these_up(desk, Scopes(own.into_iter().collect())).await;
}

async fn keep_these_up(desk: &Desk, scopes: Scopes) {
    let (prices, now) = (desk.prices(), desk.now());
    let outdated = out_of_the_way(scopes, move |scopes| scopes.outdated(&prices, now));
    if let Err(error) = rename(desk, outdated.await).await {
        tracing::warn!(%error, "scopes name providers or models as no usage does; the next start looks again");
    }
}

/// Looks at scopes, of which there may be many, where no call waits for it.
async fn out_of_the_way(
    scopes: Scopes,
    look: impl FnOnce(Scopes) -> Vec<KeepScope> + Send + 'static,
) -> Vec<KeepScope> {
    if scopes.0.is_empty() {
        return Vec::new();
    }
    let looked = tokio::task::spawn_blocking(move || look(scopes)).await;
    looked.unwrap_or_default()
}

/// How many scopes are saved at a time: they are in few writes of the journal, and nobody else waits for all of them.
const SAVED_MOST: usize = 64;

/// Saves scopes anew.
///
/// # Errors
/// `unavailable` where nothing can be written.
pub async fn rename(desk: &Desk, outdated: Vec<KeepScope>) -> Result<(), Refusal> {
    let call = Call::new(Caller {
        actor: "scope-names".into(),
        role: Role::Admin,
        interface: Interface::Ledger,
        ..Caller::default()
    });
    let mut outdated = outdated.into_iter().peekable();
    while outdated.peek().is_some() {
        let some = outdated.by_ref().take(SAVED_MOST);
        let saving = some.map(|keep| rename_one(desk, &call, keep));
        let saved = join_all(saving).await;
        saved.into_iter().collect::<Result<(), _>>()?;
    }
    Ok(())
}

async fn rename_one(desk: &Desk, call: &Call, keep: KeepScope) -> Result<(), Refusal> {
    let budget = keep.budget;
    let reason = Some("usage has these names now".to_owned());
    let command = Command::KeepScope(Box::new(keep));
    match desk.give(call, reason, None, command).await {
        Err(refusal) if refusal.code == Code::Unavailable => Err(refusal),
        Err(refusal) => {
            tracing::warn!(%budget, %refusal, "a scope can't be kept by the names that usage has");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}
