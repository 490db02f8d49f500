//! Bounds on the texts that come from outside.

use crate::core::context::Context;
use crate::core::refusal::Refusal;
use crate::core::scope::{Scope, Values};

/// The longest name, id or value, in bytes.
pub(super) const NAME_MOST: usize = 256;
/// The longest description, reason or note, in bytes.
pub(super) const PROSE_MOST: usize = 4096;
/// The most tags of a charge, and the most values of one dimension of a scope.
const ITEMS_MOST: usize = 64;
/// The most models that a scope is given.
const MODELS_MOST: usize = 16 * ITEMS_MOST;
/// The most that a scope comes to have: a model may have several names, each of which is kept, and prices may give it others.
const KEPT_MOST: usize = 2 * MODELS_MOST;

/// A name must say something, fit, and hold no control characters.
pub fn name(field: &str, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::invalid(field, "expects a text that is not empty"));
    }
    if text.len() > NAME_MOST {
        return Err(Refusal::invalid(
            field,
            format!("expects at most {NAME_MOST} bytes, and has {}", text.len()),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::invalid(
            field,
            "expects a text without control characters",
        ));
    }
    Ok(())
}

/// The same for one that may be missing.
pub(super) fn optional_name(field: &str, text: Option<&impl AsRef<str>>) -> Result<(), Refusal> {
    text.map_or(Ok(()), |text| name(field, text.as_ref()))
}

/// A reason that has to be given.
pub(super) fn reason(given: Option<&String>, expects: &str) -> Result<(), Refusal> {
    match given {
        Some(reason) if !reason.trim().is_empty() => Ok(()),
        _ => Err(Refusal::invalid("reason", expects)),
    }
}

/// A longer text must fit.
pub(super) fn prose(field: &str, text: Option<&String>) -> Result<(), Refusal> {
    match text {
        Some(text) if text.len() > PROSE_MOST => Err(Refusal::invalid(
            field,
            format!("expects at most {PROSE_MOST} bytes, and has {}", text.len()),
        )),
        _ => Ok(()),
    }
}

/// Every text of a context must fit.
///
/// # Errors
/// `invalid_argument` that names the part.
pub fn context(context: &Context) -> Result<(), Refusal> {
    optional_name("component", context.component.as_ref())?;
    optional_name("task_type", context.task_type.as_ref())?;
    optional_name("session_id", context.session_id.as_ref())?;
    optional_name("task_id", context.task_id.as_ref())?;
    optional_name("user", context.user.as_ref())?;
    optional_name("project", context.project.as_ref())?;
    if context.tags.len() > ITEMS_MOST {
        return Err(Refusal::invalid(
            "tags",
            format!("expects at most {ITEMS_MOST} tags"),
        ));
    }
    context.tags.iter().try_for_each(|(tag, value)| {
        name("tags", tag)?;
        name(&format!("tags.{tag}"), value)
    })
}

/// Every value of a scope must fit, as it is given.
///
/// # Errors
/// `invalid_argument` that names the field.
pub fn given_scope(scope: &Scope) -> Result<(), Refusal> {
    scope_of(scope, MODELS_MOST)
}

/// The same of one whose models have all their names.
///
/// # Errors
/// As of [`given_scope`].
pub fn kept_scope(scope: &Scope) -> Result<(), Refusal> {
    scope_of(scope, KEPT_MOST)
}

fn scope_of(scope: &Scope, models_most: usize) -> Result<(), Refusal> {
    values("scope.provider", &scope.provider, ITEMS_MOST)?;
    values("scope.model", &scope.model, models_most)?;
    values("scope.component", &scope.component, ITEMS_MOST)?;
    values("scope.task_type", &scope.task_type, ITEMS_MOST)?;
    values("scope.user", &scope.user, ITEMS_MOST)?;
    values("scope.project", &scope.project, ITEMS_MOST)?;
    if scope.tags.len() > ITEMS_MOST {
        return Err(Refusal::invalid(
            "scope.tags",
            format!("expects at most {ITEMS_MOST} tags"),
        ));
    }
    scope.tags.iter().try_for_each(|(tag, allowed)| {
        name("scope.tags", tag)?;
        values(&format!("scope.tags.{tag}"), allowed, ITEMS_MOST)
    })
}

fn values(field: &str, values: &Values, most: usize) -> Result<(), Refusal> {
    if values.iter().len() > most {
        return Err(Refusal::invalid(
            field,
            format!(
                "expects at most {most} values, and has {}",
                values.iter().len()
            ),
        ));
    }
    values.iter().try_for_each(|value| name(field, value))
}
