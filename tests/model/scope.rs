//! Which charges a budget covers, as the semantics say it, one value after the other.

use tekton_budget::core::charge::Facts;
use tekton_budget::core::scope::{Scope, Values};

/// Whether a scope covers a charge: every dimension that it names must have the charge's value.
pub fn covers(scope: &Scope, facts: &Facts<'_>) -> bool {
    let context = facts.context;
    let plain = [
        (&scope.provider, facts.provider),
        (&scope.component, context.component.as_deref()),
        (&scope.task_type, context.task_type.as_deref()),
        (&scope.user, context.user.as_deref()),
        (&scope.project, context.project.as_deref()),
    ];
    let tags = scope.tags.iter().map(|(name, values)| {
        (
            values,
            context
                .tags
                .iter()
                .find(|tag| tag.0 == name)
                .map(|tag| tag.1.as_str()),
        )
    });
    plain
        .into_iter()
        .chain(tags)
        .all(|(values, own)| named(values, own, |value, own| value == own))
        && [facts.model, facts.named]
            .into_iter()
            .any(|name| covers_model(scope, name))
        && (scope.tier.is_empty() || scope.tier.iter().any(|tier| facts.tier == Some(*tier)))
}

/// Whether a model is covered by one of its names.
fn covers_model(scope: &Scope, name: Option<&str>) -> bool {
    named(&scope.model, name, |pattern, model| {
        let chars = |name: &str| name.to_ascii_lowercase().chars().collect::<Vec<_>>();
        let is_pattern = pattern.contains(['*', '?']);
        pattern == model || is_pattern && glob(&chars(pattern), &chars(model))
    })
}

fn named(values: &Values, own: Option<&str>, same: impl Fn(&str, &str) -> bool) -> bool {
    values.iter().len() == 0 || own.is_some_and(|own| values.iter().any(|value| same(value, own)))
}

/// `*` is any text, `?` any one character; by trying everything.
pub fn glob(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|skip| glob(rest, &text[skip..])),
        Some(('?', rest)) => !text.is_empty() && glob(rest, &text[1..]),
        Some((own, rest)) => text.first() == Some(own) && glob(rest, &text[1..]),
    }
}
