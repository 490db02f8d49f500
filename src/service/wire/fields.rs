//! Arguments that many operations share, written down once.
//!
//! A structure of arguments has to be flat (agents fill in flat ones best) and refuse unknown fields by name, which
//! serde's `flatten` can't do. So the shared fields are pasted in.

use crate::core::context::{Context, Priority, Tags};
use crate::core::name::Name;
use crate::core::price::ServiceTier;
use crate::core::quantity::Counts;

/// Arguments that name a model.
pub trait NamesModel {
    /// The provider, the model and the service tier.
    fn named_model(&self) -> (Option<&str>, Option<&str>, ServiceTier);
}

/// Arguments with counts.
pub trait HasCounts {
    /// The counts that were given; none where none was.
    fn given_counts(&self) -> Option<Counts>;
    /// How many calls the caller says that it is.
    fn requests(&self) -> Option<u64>;
    /// How many calls it is; one, unless the caller says otherwise.
    fn calls(&self) -> u64 {
        self.requests().unwrap_or(1)
    }
    /// Whether a count of output was given, be it zero.
    fn says_output(&self) -> bool;
}

/// Arguments with a context.
pub trait HasContext {
    /// The context as the caller gave it.
    fn given_context(&self) -> Context;
}

/// The parts of a context, to be put together.
pub(crate) struct ContextParts<'a> {
    pub(crate) component: &'a Option<Name>,
    pub(crate) task_type: &'a Option<Name>,
    pub(crate) session_id: &'a Option<Name>,
    pub(crate) task_id: &'a Option<Name>,
    pub(crate) user: &'a Option<Name>,
    pub(crate) project: &'a Option<Name>,
    pub(crate) tags: &'a Option<Tags>,
    pub(crate) priority: Option<Priority>,
}

impl ContextParts<'_> {
    pub(crate) fn context(self) -> Context {
        Context {
            component: self.component.clone(),
            task_type: self.task_type.clone(),
            session_id: self.session_id.clone(),
            task_id: self.task_id.clone(),
            user: self.user.clone(),
            project: self.project.clone(),
            tags: self.tags.clone().unwrap_or_default(),
            priority: self.priority,
        }
    }
}

/// Makes a structure of arguments from its own fields and the shared ones that it names:
/// `usage`, `model`, `counts`, `text`, `context`, `policy` and `page`.
macro_rules! arguments {
    (
        $(#[$meta:meta])* $name:ident [$($part:ident),* $(,)?] { $($own:tt)* }
    ) => {
        $crate::service::wire::fields::arguments!(@grow [$(#[$meta])*] $name [$($part)*] { $($own)* });
        $($crate::service::wire::fields::arguments!(@access $part $name);)*
    };
    (@grow [$($meta:tt)*] $name:ident [] { $($fields:tt)* }) => {
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        $($meta)*
        pub struct $name { $($fields)* }
    };
    (@grow $meta:tt $name:ident [model $($rest:ident)*] { $($fields:tt)* }) => {
        $crate::service::wire::fields::arguments!(@grow $meta $name [$($rest)*] {
            $($fields)*
            /// Provider, where several have the model.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub provider: Option<String>,
            /// Model.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub model: Option<String>,
            /// Service tier; default standard.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub service_tier: Option<$crate::core::price::ServiceTier>,
        });
    };
    (@grow $meta:tt $name:ident [counts $($rest:ident)*] { $($fields:tt)* }) => {
        $crate::service::wire::fields::arguments!(@grow $meta $name [$($rest)*] {
            $($fields)*
            /// Input tokens that no cache served.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub input_tokens: Option<u64>,
            /// Tokens read from a cache.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub cache_read_tokens: Option<u64>,
            /// Tokens written to a 5-minute cache.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub cache_write_tokens: Option<u64>,
            /// Tokens written to a 1-hour cache.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub cache_write_1h_tokens: Option<u64>,
            /// Output tokens without reasoning.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub output_tokens: Option<u64>,
            /// Reasoning tokens.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub reasoning_tokens: Option<u64>,
            /// Audio tokens in.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub audio_input_tokens: Option<u64>,
            /// Audio tokens out.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub audio_output_tokens: Option<u64>,
            /// Images.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub images: Option<u64>,
            /// Calls; default 1.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub requests: Option<u64>,
            /// Web searches.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub web_searches: Option<u64>,
            /// Seconds of audio.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub seconds: Option<u64>,
        });
    };
    (@grow $meta:tt $name:ident [text $($rest:ident)*] { $($fields:tt)* }) => {
        $crate::service::wire::fields::arguments!(@grow $meta $name [$($rest)*] {
            $($fields)*
            /// The input, counted here in place of input_tokens.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub input_text: Option<String>,
            /// Most output tokens, else the model's.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub max_output_tokens: Option<u64>,
        });
    };
    (@grow $meta:tt $name:ident [usage $($rest:ident)*] { $($fields:tt)* }) => {
        $crate::service::wire::fields::arguments!(@grow $meta $name [$($rest)*] {
            $($fields)*
            /// The usage object of the provider's response, verbatim, in place of counts.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub provider_usage: Option<serde_json::Map<String, serde_json::Value>>,
            /// The hold that it draws down.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub allocation_id: Option<$crate::core::id::AllocationId>,
            /// Whether it is the hold's last usage, so that the rest is released; default false.
            #[serde(rename = "final", skip_serializing_if = "Option::is_none")]
            pub is_final: Option<bool>,
            /// Makes a retry safe: the same id records only once.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub request_id: Option<String>,
            /// When it happened; default now.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub occurred_at: Option<$crate::service::wire::schema::Instant>,
            /// What the provider says it cost, a decimal string; goes before the price list.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub reported_cost_usd: Option<$crate::core::quantity::Usd>,
            /// Whatever else is to be kept.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
        });
    };
    (@grow $meta:tt $name:ident [context $($rest:ident)*] { $($fields:tt)* }) => {
        $crate::service::wire::fields::arguments!(@grow $meta $name [$($rest)*] {
            $($fields)*
            /// Part of the system that spends.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub component: Option<$crate::core::name::Name>,
            /// Kind of work.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub task_type: Option<$crate::core::name::Name>,
            /// Conversation.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub session_id: Option<$crate::core::name::Name>,
            /// Task.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub task_id: Option<$crate::core::name::Name>,
            /// Person.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub user: Option<$crate::core::name::Name>,
            /// Project.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub project: Option<$crate::core::name::Name>,
            /// Free tags by name.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub tags: Option<$crate::core::context::Tags>,
            /// 1 low, 5 normal (default), 8 high, 10 critical.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub priority: Option<$crate::core::context::Priority>,
        });
    };
    (@grow $meta:tt $name:ident [policy $($rest:ident)*] { $($fields:tt)* }) => {
        $crate::service::wire::fields::arguments!(@grow $meta $name [$($rest)*] {
            $($fields)*
            /// The policy to change; leave out for a new one.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub policy_id: Option<$crate::core::id::PolicyId>,
            /// How strictly it is kept; default hard_limit.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub enforcement: Option<$crate::core::policy::Enforcement>,
            /// How long a counter runs; needed for a new one.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub period: Option<$crate::core::period::Period>,
            /// Most tokens in one window.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub limit_tokens: Option<u64>,
            /// Most USD in one window, a decimal string.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub limit_cost_usd: Option<$crate::core::quantity::Usd>,
            /// Most calls in one window.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub limit_requests: Option<u64>,
            /// Used share that warns; default 0.8.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub warning_threshold: Option<$crate::service::wire::schema::Share>,
            /// Used share that asks for action; default 0.95.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub action_threshold: Option<$crate::service::wire::schema::Share>,
            /// IANA time zone of its windows; default UTC.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub time_zone: Option<String>,
            /// First day of its weeks; default monday.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub week_start: Option<$crate::core::period::WeekStart>,
            /// When it begins; default at once.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub start: Option<$crate::service::wire::schema::Instant>,
            /// When it ends; default never.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub end: Option<$crate::service::wire::schema::Instant>,
            /// Whether what is left over is carried into the next window; default none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub rollover: Option<$crate::core::policy::Rollover>,
            /// Most USD that is carried over.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub rollover_cap_usd: Option<$crate::core::quantity::Usd>,
            /// Whether priority 10 passes it; default false.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub critical_bypass: Option<bool>,
            /// Whether it counts; default true.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub enabled: Option<bool>,
            /// What it is to be without from now on, by name: a limit, a start, an end or a cap that it has.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub clear: Option<Vec<$crate::core::policy::PolicyField>>,
        });
    };
    (@grow $meta:tt $name:ident [page $($rest:ident)*] { $($fields:tt)* }) => {
        $crate::service::wire::fields::arguments!(@grow $meta $name [$($rest)*] {
            $($fields)*
            /// Page length; default 50.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub limit: Option<$crate::service::wire::page::PageLength>,
            /// next_cursor of the page before.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub cursor: Option<String>,
        });
    };
    (@access model $name:ident) => {
        impl $crate::service::wire::fields::NamesModel for $name {
            fn named_model(&self) -> (Option<&str>, Option<&str>, $crate::core::price::ServiceTier) {
                (self.provider.as_deref(), self.model.as_deref(), self.service_tier.unwrap_or_default())
            }
        }
    };
    (@access counts $name:ident) => {
        impl $crate::service::wire::fields::HasCounts for $name {
            fn given_counts(&self) -> Option<$crate::core::quantity::Counts> {
                let given = [
                    self.input_tokens, self.cache_read_tokens, self.cache_write_tokens, self.cache_write_1h_tokens,
                    self.output_tokens, self.reasoning_tokens, self.audio_input_tokens, self.audio_output_tokens,
                    self.images, self.web_searches, self.seconds,
                ];
                given.iter().any(Option::is_some).then(|| $crate::core::quantity::Counts {
                    input_tokens: self.input_tokens.unwrap_or(0),
                    cache_read_tokens: self.cache_read_tokens.unwrap_or(0),
                    cache_write_tokens: self.cache_write_tokens.unwrap_or(0),
                    cache_write_1h_tokens: self.cache_write_1h_tokens.unwrap_or(0),
                    output_tokens: self.output_tokens.unwrap_or(0),
                    reasoning_tokens: self.reasoning_tokens.unwrap_or(0),
                    audio_input_tokens: self.audio_input_tokens.unwrap_or(0),
                    audio_output_tokens: self.audio_output_tokens.unwrap_or(0),
                    images: self.images.unwrap_or(0),
                    requests: self.calls(),
                    web_searches: self.web_searches.unwrap_or(0),
                    seconds: self.seconds.unwrap_or(0),
                    // Only a provider's usage object tells cached audio apart.
                    cache_read_audio_tokens: 0,
                })
            }

            fn requests(&self) -> Option<u64> {
                self.requests
            }

            fn says_output(&self) -> bool {
                let said = [self.output_tokens, self.reasoning_tokens, self.audio_output_tokens];
                said.iter().any(Option::is_some)
            }
        }
    };
    (@access text $name:ident) => {
        impl $crate::service::estimate::Workload for $name {
            fn text(&self) -> (Option<&str>, Option<u64>) {
                (self.input_text.as_deref(), self.max_output_tokens)
            }
        }
    };
    (@access policy $name:ident) => {
        impl $name {
            /// The draft of a policy that it stands for.
            ///
            /// # Errors
            /// `invalid_argument` for a share that is no number of ours.
            pub fn draft(self) -> Result<$crate::core::command::PolicyDraft, $crate::core::refusal::Refusal> {
                use $crate::core::policy::Limits;
                use $crate::core::command::PolicyDraft;
                use $crate::service::wire::schema::Instant;
                use $crate::service::wire::budget::share;
                Ok(PolicyDraft {
                    id: self.policy_id,
                    enforcement: self.enforcement,
                    period: self.period,
                    limits: Limits {
                        tokens: self.limit_tokens,
                        requests: self.limit_requests,
                        cost: self.limit_cost_usd,
                    },
                    warning_threshold: share("warning_threshold", self.warning_threshold)?,
                    action_threshold: share("action_threshold", self.action_threshold)?,
                    time_zone: self.time_zone,
                    week_start: self.week_start,
                    start: self.start.map(Instant::time),
                    end: self.end.map(Instant::time),
                    rollover: self.rollover,
                    rollover_cap: self.rollover_cap_usd,
                    critical_bypass: self.critical_bypass,
                    enabled: self.enabled,
                    clear: self.clear.unwrap_or_default(),
                })
            }
        }
    };
    (@access page $name:ident) => {};
    (@access usage $name:ident) => {};
    (@access context $name:ident) => {
        impl $crate::service::wire::fields::HasContext for $name {
            fn given_context(&self) -> $crate::core::context::Context {
                $crate::service::wire::fields::ContextParts {
                    component: &self.component,
                    task_type: &self.task_type,
                    session_id: &self.session_id,
                    task_id: &self.task_id,
                    user: &self.user,
                    project: &self.project,
                    tags: &self.tags,
                    priority: self.priority,
                }
                .context()
            }
        }
    };
}

pub(crate) use arguments;
