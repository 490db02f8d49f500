//! `check_budget`: would it fit?

use crate::core::decide::{check_amount, check_context};
use crate::core::refusal::Refusal;
use crate::core::role::Role;
use crate::service::Service;
use crate::service::advice::{Asked, way_out};
use crate::service::estimate::{Estimate, Unsaid, estimate};
use crate::service::operation::{Answer, Call, Contract, Effect, Operation, Toolset};
use crate::service::wire::check::CheckAnswer;
use crate::service::wire::fields::{HasContext, arguments};
use crate::service::wire::schema::needed;

/// Would it fit?
pub struct CheckBudget;

arguments!(
    /// A call that is about to be made.
    #[schemars(transform = needed(&["model"]))]
    CheckBudgetInput [model, counts, text, context] {
        /// What it costs at the most, a decimal string; no less than its price.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cost_usd: Option<crate::core::quantity::Usd>,
    }
);

impl Operation for CheckBudget {
    type Input = CheckBudgetInput;
    type Output = CheckAnswer;
    const CONTRACT: Contract = Contract {
        name: "check_budget",
        title: "Check a budget",
        description: "Ask before a model call whether it would fit every budget that covers it. Changes nothing and \
            holds nothing: use allocate_budget where other callers may spend at the same time. Returns allowed, the \
            outcome, the estimated cost, what each policy has left and, where it does not fit, what would.",
        toolset: Toolset::Budget,
        role: Role::Agent,
        effect: Effect::Reads,
        open_world: false,
    };

    async fn run(
        service: &Service,
        call: &Call,
        input: Self::Input,
    ) -> Result<Answer<CheckAnswer>, Refusal> {
        let desk = service.desk().await?;
        let context = call.caller.fill(input.given_context())?;
        check_context(&context)?;
        let (now, prices) = (desk.now(), desk.prices());
        let Estimate {
            model,
            service_tier,
            counts,
            estimated,
            amount,
            ..
        } = estimate(&prices, &input, Unsaid::Most, input.cost_usd, now)?;
        // What allocate_budget would refuse is not found to fit.
        check_amount(&amount)?;
        desk.end_what_is_due(now).await?;
        let state = desk.state();
        let verdict = state.weigh(&model.facts(&context), &amount, now, now);
        let asked = Asked {
            model: &model,
            context: &context,
            amount: &amount,
            counts: Some(&counts),
            cost: input.cost_usd,
            service_tier,
        };
        let way_out = way_out(&verdict, &asked, &state, &prices, now);
        let answer = CheckAnswer::new(&verdict, &amount, estimated, way_out, &state);
        Ok(Answer {
            text: answer.words(),
            content: answer,
        })
    }
}
