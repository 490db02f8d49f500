//! Who calls, and what the call's configuration fixes.

use crate::core::context::Context;
use crate::core::name::Name;
use crate::core::refusal::{Code, Refusal};
use crate::core::role::{Interface, Role};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Who answers a client's requests for more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approvals {
    /// An admin, some time later.
    #[default]
    Admin,
    /// The person behind the client, at once, where the client can ask them; otherwise an admin.
    Person,
}

impl FromStr for Approvals {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "admin" => Ok(Self::Admin),
            "person" => Ok(Self::Person),
            _ => Err(format!("{text:?} can't approve; expects admin or person")),
        }
    }
}

/// A client, as its configuration describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Its name in the audit trail.
    pub actor: Name,
    /// What it may do.
    pub role: Role,
    /// The face it came through.
    pub interface: Interface,
    /// The context that its configuration fixes: fills what a call leaves out, and refuses another.
    pub fixed: Context,
    /// Who answers its requests for more.
    #[serde(default)]
    pub approvals: Approvals,
}

impl Caller {
    /// The call's context with the fixed parts filled in.
    ///
    /// # Errors
    /// `permission_denied` where the call claims another value than the fixed one.
    pub fn fill(&self, mut context: Context) -> Result<Context, Refusal> {
        let Context {
            component,
            task_type,
            session_id,
            task_id,
            user,
            project,
            tags,
            priority,
        } = &self.fixed;
        fill_one("component", &mut context.component, component.as_ref())?;
        fill_one("task_type", &mut context.task_type, task_type.as_ref())?;
        fill_one("session_id", &mut context.session_id, session_id.as_ref())?;
        fill_one("task_id", &mut context.task_id, task_id.as_ref())?;
        fill_one("user", &mut context.user, user.as_ref())?;
        fill_one("project", &mut context.project, project.as_ref())?;
        for (name, value) in tags {
            let mut claimed = context.tags.remove(name);
            fill_one(&format!("tags.{name}"), &mut claimed, Some(value))?;
            context.tags.insert(name.clone(), value.clone());
        }
        context.priority = context.priority.or(*priority);
        Ok(context)
    }

    /// Whether what has this context is the caller's: it has every part that the configuration fixes, as it is fixed.
    /// What lacks one is somebody else's.
    ///
    /// # Errors
    /// `permission_denied` where it is another's.
    pub fn owns(&self, context: &Context) -> Result<(), Refusal> {
        let priority = context.priority;
        // What a call that claims another value is told to leave out, nobody gave here.
        let filled = self.fill(context.clone());
        if filled.is_ok_and(|filled| (Context { priority, ..filled }) == *context) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::PermissionDenied,
            "it is not for what this client's configuration fixes; use one that this client made",
        ))
    }
}

fn fill_one(name: &str, claimed: &mut Option<Name>, fixed: Option<&Name>) -> Result<(), Refusal> {
    match (claimed.as_ref(), fixed) {
        (Some(claimed), Some(fixed)) if claimed != fixed => Err(Refusal::new(
            Code::PermissionDenied,
            format!(
                "this client's {name} is fixed to {fixed:?}; leave {name} out or use that value"
            ),
        )
        .with("field", name)),
        (None, Some(fixed)) => {
            *claimed = Some(fixed.clone());
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed() -> Caller {
        let fixed = Context {
            project: Some("apollo".into()),
            tags: [("team".into(), "red".into())].into(),
            ..Context::default()
        };
        Caller {
            fixed,
            ..Caller::default()
        }
    }

    #[test]
    fn fixed_context_fills_what_is_left_out() {
        let filled = fixed().fill(Context::default()).unwrap();
        assert_eq!(filled.project.as_deref(), Some("apollo"));
        assert_eq!(filled.tags["team"], "red");
    }

    #[test]
    fn a_claim_of_another_is_refused() {
        let claim = Context {
            project: Some("rhetor".into()),
            ..Context::default()
        };
        let refusal = fixed().fill(claim).unwrap_err();
        assert_eq!(refusal.code, Code::PermissionDenied);
        let claim = Context {
            tags: [("team".into(), "blue".into())].into(),
            ..Context::default()
        };
        assert_eq!(
            fixed().fill(claim).unwrap_err().details["field"],
            "tags.team"
        );
    }

    #[test]
    fn only_what_has_all_that_is_fixed_is_the_callers_own() {
        let of = |project: Option<&str>, team: Option<&str>| Context {
            component: Some("any".into()),
            project: project.map(Name::from),
            tags: team
                .map(|team| ("team".into(), team.into()))
                .into_iter()
                .collect(),
            ..Context::default()
        };
        let owned = |context: &Context| match fixed().owns(context) {
            Ok(()) => true,
            Err(refusal) => {
                assert_eq!(refusal.code, Code::PermissionDenied);
                assert!(!refusal.message.contains("leave"), "{refusal}");
                false
            }
        };
        assert!(owned(&of(Some("apollo"), Some("red"))));
        assert!(!owned(&of(Some("apollo"), None)));
        assert!(!owned(&of(None, Some("red"))));
        assert!(!owned(&of(Some("rhetor"), Some("red"))));
        assert!(!owned(&Context::default()));
        assert_eq!(Caller::default().owns(&of(None, None)), Ok(()));
    }
}
