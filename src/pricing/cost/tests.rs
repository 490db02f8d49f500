use super::*;
use crate::core::quantity::COUNT_MOST;
use proptest::prelude::*;

fn rates(text: &str) -> Rates {
    let rates: Rates = serde_json::from_str(text).unwrap();
    assert_eq!(rates.check(), Ok(()));
    rates
}

fn claude() -> Rates {
    rates(
        r#"{
            "standard": {
                "rates": {"input":"3","output":"15","cache_read":"0.3","cache_write":"3.75","web_search":"10000"},
                "context_tiers": [{"above":200000,"rates":{"input":"6","output":"22.5","cache_read":"0.6"}}]
            },
            "service_tiers": {"batch":{"rates":{"input":"1.5","output":"7.5"}}}
        }"#,
    )
}

fn usd(rates: &Rates, counts: Counts, tier: ServiceTier) -> String {
    let whole = cost(rates, &counts, tier);
    assert_eq!(whole.usd, cost_usd(rates, &counts, tier));
    assert_eq!(
        full_cost_usd(rates, &counts, tier),
        whole.unpriced.is_empty().then_some(whole.usd)
    );
    assert_eq!(whole.usd, whole.lines.iter().map(|line| line.usd).sum());
    whole.usd.to_string()
}

#[test]
fn each_count_costs_at_its_own_rate() {
    let counts = Counts {
        input_tokens: 1_000,
        cache_read_tokens: 10_000,
        cache_write_tokens: 100,
        output_tokens: 500,
        web_searches: 2,
        requests: 1,
        ..Counts::default()
    };
    // 0.003 + 0.003 + 0.000375 + 0.0075 + 0.02
    assert_eq!(usd(&claude(), counts, ServiceTier::Standard), "0.033875");
}

#[test]
fn a_long_prompt_costs_the_long_rate_for_all_of_the_usage() {
    let at = |cache_read_tokens| Counts {
        input_tokens: 100_000,
        cache_read_tokens,
        output_tokens: 1_000,
        ..Counts::default()
    };
    // At the threshold itself the short rates hold: 0.3 + 0.03 + 0.015.
    assert_eq!(usd(&claude(), at(100_000), ServiceTier::Standard), "0.345");
    // One token more, and everything is dearer: 0.6 + 0.0600006 + 0.0225.
    assert_eq!(
        usd(&claude(), at(100_001), ServiceTier::Standard),
        "0.6825006"
    );
}

#[test]
fn a_higher_long_prompt_tier_changes_only_what_it_names() {
    let rates = rates(
        r#"{"standard":{"rates":{"input":"1","output":"2"},"context_tiers":[
            {"above":100,"rates":{"input":"3","output":"4"}},
            {"above":200,"rates":{"input":"5"}}]}}"#,
    );
    let rate = |unit, prompt| {
        rate_of(&rates, unit, prompt, ServiceTier::Standard)
            .unwrap()
            .1
    };
    assert_eq!(rate(Unit::Input, 100), Decimal::from(1));
    assert_eq!(rate(Unit::Input, 101), Decimal::from(3));
    assert_eq!(rate(Unit::Input, 201), Decimal::from(5));
    assert_eq!(rate(Unit::Output, 201), Decimal::from(4));
}

#[test]
fn a_tier_costs_its_own_rates_and_the_standard_ones_for_the_rest() {
    let counts = Counts {
        input_tokens: 1_000_000,
        ..Counts::default()
    };
    let short = Counts {
        input_tokens: 1_000,
        cache_read_tokens: 1_000,
        ..Counts::default()
    };
    assert_eq!(usd(&claude(), short, ServiceTier::Batch), "0.0018");
    // No long-prompt batch rate is known, so the dearer standard one holds.
    assert_eq!(usd(&claude(), counts, ServiceTier::Batch), "6");
    // Flex is not sold.
    assert_eq!(usd(&claude(), short, ServiceTier::Flex), "0.0033");
}

#[test]
fn cached_audio_has_a_rate_of_its_own_or_is_audio() {
    let counts = Counts {
        cache_read_audio_tokens: 1_000_000,
        ..Counts::default()
    };
    for (known, cost) in [
        (r#""cache_read_audio":"0.1","audio_input":"1","#, "0.1"),
        (r#""audio_input":"1","#, "1"),
        ("", "0.3"),
    ] {
        let rates = rates(&format!(
            r#"{{"standard":{{"rates":{{{known}"input":"0.3","cache_read":"0.03","output":"2.5"}}}}}}"#
        ));
        assert_eq!(usd(&rates, counts, ServiceTier::Standard), cost);
    }
}

#[test]
fn what_has_no_rate_falls_back_upwards_or_is_said_to_be_unpriced() {
    let rates = rates(r#"{"standard":{"rates":{"input":"2","output":"8"}}}"#);
    let counts = Counts {
        cache_read_tokens: 1,
        cache_write_tokens: 1,
        cache_write_1h_tokens: 1,
        audio_input_tokens: 1,
        reasoning_tokens: 1,
        audio_output_tokens: 1,
        images: 1,
        requests: 1,
        web_searches: 1,
        seconds: 1,
        ..Counts::default()
    };
    let whole = cost(&rates, &counts, ServiceTier::Standard);
    assert_eq!(whole.usd.to_string(), "0.000024");
    assert_eq!(whole.unpriced, [Unit::Image, Unit::WebSearch, Unit::Second]);
    assert_eq!(whole.lines[2].unit, Unit::CacheWrite1h);
    assert_eq!(whole.lines[2].priced_as, Unit::Input);
    assert_eq!(full_cost_usd(&rates, &counts, ServiceTier::Standard), None);
    let hour = rate_of(&claude(), Unit::CacheWrite1h, 0, ServiceTier::Standard);
    assert_eq!(hour, Some((Unit::CacheWrite, Decimal::new(375, 2))));
}

#[test]
fn tokens_of_no_stated_kind_cost_what_the_dearest_does() {
    let dearest = |rates: &Rates, tier| {
        dearest_cost_usd(rates, 1_000_000, 1, tier).map(|cost| cost.to_string())
    };
    let some = |cost: &str| Some(cost.to_owned());
    assert_eq!(dearest(&claude(), ServiceTier::Standard), some("22.5"));
    // Of the standard tier's long prompts, for want of its own.
    assert_eq!(dearest(&claude(), ServiceTier::Batch), some("22.5"));
    let vectors = rates(r#"{"standard":{"rates":{"input":"0.02","request":"10000"}}}"#);
    assert_eq!(dearest(&vectors, ServiceTier::Flex), some("0.03"));
    let speech = rates(
        r#"{"standard":{"rates":{"input":"2.5","output":"10","audio_output":"64"}},
            "service_tiers":{"priority":{"rates":{"cache_write":"70"}}}}"#,
    );
    assert_eq!(dearest(&speech, ServiceTier::Standard), some("64"));
    assert_eq!(dearest(&speech, ServiceTier::Priority), some("70"));
    let pictures = rates(r#"{"standard":{"rates":{"image":"40000"}}}"#);
    assert_eq!(dearest(&pictures, ServiceTier::Standard), None);
}

#[test]
fn the_largest_count_at_the_finest_and_the_largest_rate() {
    let fine = rates(r#"{"standard":{"rates":{"input":"0.123456789012"}}}"#);
    let large = rates(r#"{"standard":{"rates":{"input":"1000000000"}}}"#);
    let most = Counts {
        input_tokens: COUNT_MOST,
        ..Counts::default()
    };
    let one = Counts {
        input_tokens: 1,
        ..Counts::default()
    };
    assert_eq!(
        usd(&fine, one, ServiceTier::Standard),
        "0.000000123456789012"
    );
    assert_eq!(usd(&fine, most, ServiceTier::Standard), "123456.789012");
    assert_eq!(usd(&large, most, ServiceTier::Standard), "1000000000000000");
}

fn any_unit_rates() -> impl Strategy<Value = UnitRates> {
    let rate =
        (0_i64..5_000_000_000, 0_u32..=8).prop_map(|(digits, scale)| Decimal::new(digits, scale));
    proptest::collection::btree_map(proptest::sample::select(Unit::ALL.to_vec()), rate, 0..=12)
}

/// Rates whose long prompts cost no less than short ones, as of all that are sold.
fn any_tier(above: u64) -> impl Strategy<Value = TierRates> {
    (any_unit_rates(), proptest::option::of(1_i64..4)).prop_map(move |(rates, factor)| {
        let context_tiers = factor.map(|factor| ContextTier {
            above,
            rates: rates
                .iter()
                .map(|(unit, rate)| (*unit, *rate * Decimal::from(factor)))
                .collect(),
        });
        TierRates {
            rates,
            context_tiers: context_tiers.into_iter().collect(),
        }
    })
}

fn any_rates() -> impl Strategy<Value = Rates> {
    let tiers = |above| (any_tier(above), proptest::option::of(any_tier(above)));
    (1_u64..200_000)
        .prop_flat_map(tiers)
        .prop_map(|(standard, batch)| Rates {
            standard,
            service_tiers: batch
                .map(|batch| (ServiceTier::Batch, batch))
                .into_iter()
                .collect(),
        })
}

fn counts_of(values: [u64; 13]) -> Counts {
    Counts {
        input_tokens: values[0],
        cache_read_tokens: values[1],
        cache_write_tokens: values[2],
        cache_write_1h_tokens: values[3],
        output_tokens: values[4],
        reasoning_tokens: values[5],
        audio_input_tokens: values[6],
        audio_output_tokens: values[7],
        images: values[8],
        requests: values[9],
        web_searches: values[10],
        seconds: values[11],
        cache_read_audio_tokens: values[12],
    }
}

fn any_tier_name() -> impl Strategy<Value = ServiceTier> {
    proptest::sample::select(vec![
        ServiceTier::Standard,
        ServiceTier::Batch,
        ServiceTier::Flex,
    ])
}

#[test]
fn tokens_of_what_is_sold_by_the_second_alone_are_not_charged() {
    let mut rates = Rates::default();
    rates.standard.rates.insert(Unit::Second, 50.into());
    let mut counts = Counts {
        input_tokens: 4,
        output_tokens: 635,
        seconds: 200,
        ..Counts::default()
    };
    let whole = cost(&rates, &counts, ServiceTier::Standard);
    assert_eq!(
        (whole.usd.to_string(), &*whole.unpriced),
        ("0.01".to_owned(), &[][..])
    );
    rates.standard.rates.insert(Unit::Input, 1.into());
    let whole = cost(&rates, &counts, ServiceTier::Standard);
    assert_eq!(whole.unpriced, [Unit::Output]);
    rates.standard.rates.remove(&Unit::Input);
    counts.seconds = 0;
    let whole = cost(&rates, &counts, ServiceTier::Standard);
    assert_eq!(whole.unpriced, [Unit::Input, Unit::Output]);
}

proptest! {
    #[test]
    fn nothing_costs_nothing(rates in any_rates(), tier in any_tier_name()) {
        prop_assert_eq!(cost(&rates, &Counts::default(), tier), Cost::default());
    }

    #[test]
    fn a_cost_is_never_negative_and_is_the_sum_of_its_lines(
        rates in any_rates(), values in any::<[u32; 13]>(), tier in any_tier_name(),
    ) {
        let counts = counts_of(values.map(u64::from));
        let whole = cost(&rates, &counts, tier);
        prop_assert!(!whole.usd.is_negative());
        prop_assert_eq!(whole.usd, whole.lines.iter().map(|line| line.usd).sum());
        prop_assert_eq!(whole.usd, cost_usd(&rates, &counts, tier));
        let counted = values.iter().filter(|value| **value > 0).count();
        let free_call = usize::from(
            values[9] > 0 && rate_of(&rates, Unit::Request, counts.prompt_tokens(), tier).is_none(),
        );
        let has_rate = |unit| rate_of(&rates, unit, counts.prompt_tokens(), tier).is_some();
        let tokens = || Unit::ALL.into_iter().filter(|unit| unit.is_token());
        let by_time = counts.seconds > 0 && has_rate(Unit::Second) && !tokens().any(has_rate);
        let told = if by_time { tokens().filter(|unit| unit.count(&counts) > 0).count() } else { 0 };
        prop_assert_eq!(whole.lines.len() + whole.unpriced.len() + free_call + told, counted);
    }

    #[test]
    fn more_of_anything_never_costs_less(
        rates in any_rates(), values in any::<[u16; 13]>(), which in 0_usize..13, more in any::<u16>(), tier in any_tier_name(),
    ) {
        let mut larger = values.map(u64::from);
        larger[which] += u64::from(more);
        let before = cost_usd(&rates, &counts_of(values.map(u64::from)), tier);
        prop_assert!(cost_usd(&rates, &counts_of(larger), tier) >= before);
    }

    #[test]
    fn no_tokens_cost_more_than_as_many_of_the_dearest(
        rates in any_rates(), values in any::<[u32; 13]>(), tier in any_tier_name(),
    ) {
        let tokens: [u64; 13] = std::array::from_fn(|place| match place {
            0..=7 | 9 | 12 => values[place].into(),
            _ => 0,
        });
        let counts = counts_of(tokens);
        let most = dearest_cost_usd(&rates, counts.tokens(), counts.requests, tier);
        if let Some(most) = most {
            prop_assert!(cost_usd(&rates, &counts, tier) <= most);
        }
    }

    #[test]
    fn within_one_context_tier_costs_add_up(
        rates in any_tier(1), left in any::<[u16; 13]>(), right in any::<[u16; 13]>(),
    ) {
        let rates = Rates { standard: TierRates { context_tiers: vec![], ..rates }, ..Rates::default() };
        let (left, right) = (left.map(u64::from), right.map(u64::from));
        let both: [u64; 13] = std::array::from_fn(|i| left[i] + right[i]);
        let usd = |values| cost_usd(&rates, &counts_of(values), ServiceTier::Standard);
        prop_assert_eq!(usd(left) + usd(right), usd(both));
    }
}
