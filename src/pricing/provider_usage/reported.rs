//! What a usage object tells beside its counts: its cost, and how it was served.

use super::fields::Fields;
use crate::core::price::ServiceTier;
use crate::core::quantity::Usd;
use crate::core::refusal::Refusal;
use rust_decimal::Decimal;
use serde_json::Value;

/// xAI counts a cost in ticks of 10^-10 dollars.
const TICK_PLACES: u32 = 10;

/// The cost that the provider tells.
///
/// - OpenRouter: `cost`. With a key of the caller's own (`is_byok`) that is its fee alone, and what the
///   provider asks stands in `cost_details.upstream_inference_cost`: both are paid.
/// - Perplexity: `cost.total_cost`.
/// - xAI: `cost_in_usd_ticks`.
pub(super) fn cost(fields: &Fields<'_>) -> Result<Option<Usd>, Refusal> {
    match fields.get("cost") {
        Some(Value::Object(_)) => fields.details(&["cost"])?.usd("total_cost"),
        Some(_) => {
            let own_key = fields.get("is_byok").and_then(Value::as_bool) == Some(true);
            let upstream = if own_key {
                let details = fields.details(&["cost_details"])?;
                details.usd("upstream_inference_cost")?
            } else {
                None
            };
            let fee = fields.usd("cost")?;
            Ok(fee.map(|fee| fee + upstream.unwrap_or_default()))
        }
        None => {
            let ticks = fields.count("cost_in_usd_ticks")?;
            Ok(ticks
                .map(|ticks| Usd::new(Decimal::from(ticks.count) * Decimal::new(1, TICK_PLACES))))
        }
    }
}

/// How the provider says it served: `service_tier`, `serviceTier` (Bedrock: an object), or Vertex's `trafficType`.
pub(super) fn tier(fields: &Fields<'_>) -> Option<ServiceTier> {
    let names = ["service_tier", "serviceTier", "trafficType", "traffic_type"];
    names.iter().find_map(|name| match fields.get(name)? {
        Value::String(text) => named(text),
        Value::Object(object) => named(object.get("type")?.as_str()?),
        _ => None,
    })
}

fn named(text: &str) -> Option<ServiceTier> {
    match text.to_ascii_lowercase().as_str() {
        "standard" | "default" | "on_demand" => Some(ServiceTier::Standard),
        "batch" => Some(ServiceTier::Batch),
        "flex" | "on_demand_flex" => Some(ServiceTier::Flex),
        "priority" | "on_demand_priority" => Some(ServiceTier::Priority),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use serde_json::json;

    fn cost_of(usage: &Value) -> Option<String> {
        let taken = parse(None, usage).unwrap();
        taken.reported_cost.map(|cost| cost.to_string())
    }

    #[test]
    fn openrouter_tells_its_cost_and_a_caller_with_an_own_key_pays_both() {
        let usage = json!({
            "prompt_tokens": 194, "completion_tokens": 2, "total_tokens": 196,
            "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 100, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
            "cost": 0.95, "is_byok": false, "cost_details": {"upstream_inference_cost": 19}
        });
        assert_eq!(cost_of(&usage).unwrap(), "0.95");
        let taken = parse(Some("openrouter"), &usage).unwrap();
        assert_eq!(taken.counts.input_tokens, 94);
        assert_eq!(taken.counts.cache_write_tokens, 100);
        let mut own = usage;
        own["is_byok"] = json!(true);
        assert_eq!(cost_of(&own).unwrap(), "19.95");
    }

    #[test]
    fn small_costs_keep_every_digit() {
        let usage = json!({"prompt_tokens": 1, "completion_tokens": 1, "cost": 1.35e-5});
        assert_eq!(cost_of(&usage).unwrap(), "0.0000135");
    }

    #[test]
    fn perplexity_tells_a_total() {
        let usage = json!({
            "prompt_tokens": 14, "completion_tokens": 187, "total_tokens": 201, "search_context_size": "low",
            "cost": {"input_tokens_cost": 0.0, "output_tokens_cost": 0.0, "request_cost": 0.005, "total_cost": 0.0052}
        });
        assert_eq!(cost_of(&usage).unwrap(), "0.0052");
    }

    #[test]
    fn xai_tells_ticks() {
        let usage = json!({"input_tokens": 1, "output_tokens": 1, "cost_in_usd_ticks": 37_756_000});
        assert_eq!(cost_of(&usage).unwrap(), "0.0037756");
    }

    #[test]
    fn a_cost_that_is_none_is_refused() {
        for wrong in [json!(-1), json!("free"), json!([1])] {
            let usage = json!({"prompt_tokens": 1, "cost": wrong});
            let refusal = parse(None, &usage).unwrap_err();
            assert_eq!(refusal.details["field"], "cost");
        }
    }

    #[test]
    fn the_tier_is_told_by_the_usage_or_the_response() {
        for (response, tier) in [
            (json!({"service_tier": "flex"}), Some(ServiceTier::Flex)),
            (
                json!({"service_tier": "default"}),
                Some(ServiceTier::Standard),
            ),
            (
                json!({"serviceTier": {"type": "priority"}}),
                Some(ServiceTier::Priority),
            ),
            (json!({"service_tier": "scale"}), None),
            (json!({}), None),
        ] {
            let mut response = response;
            response["usage"] = json!({"input_tokens": 1, "output_tokens": 1});
            assert_eq!(parse(None, &response).unwrap().service_tier, tier);
        }
    }
}
