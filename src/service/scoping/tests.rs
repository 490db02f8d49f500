//! Which names of models and providers scopes are kept by.

use super::*;

fn values(values: &[&str]) -> Values {
    Values::new(values.iter().map(ToString::to_string))
}

fn saved(providers: &[&str], models: &[&str], is_kept: bool) -> (Values, Values) {
    let scope = Scope {
        provider: values(providers),
        model: values(models),
        ..Scope::default()
    };
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    let kept = if is_kept {
        scope.clone()
    } else {
        Scope::default()
    };
    let saved = by_own_names(scope, &kept, &PriceBook::default(), now);
    (saved.provider, saved.model)
}

/// Providers and models as they are given, and as they are kept.
type Row<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str], &'a [&'a str]);

fn are_kept(rows: &[Row<'_>]) {
    for (providers, models, kept_providers, kept_models) in rows {
        let kept = (values(kept_providers), values(kept_models));
        assert_eq!(saved(providers, models, false), kept);
        let again = saved(kept_providers, kept_models, true);
        assert_eq!(again, kept, "saved again");
    }
}

#[test]
fn a_scope_is_kept_by_the_names_that_usage_has() {
    are_kept(&[
        (&["OpenAI"][..], &[][..], &["openai"][..], &[][..]),
        (&["Gemini"], &[], &["google", "vertex_ai"], &[]),
        (&["In House"], &[], &["in_house"], &[]),
        (&[], &["GPT-4o"], &[], &["GPT-4o", "gpt-4o"]),
        (&[], &["gpt-4o"], &[], &["gpt-4o"]),
        (
            &[],
            &["foo/Nobody"],
            &[],
            &["foo/Nobody", "foo/nobody", "nobody"],
        ),
        (
            &["bedrock_converse"],
            &["arn:aws:bedrock:eu-west-1::foundation-model/acme.q-v1:0"],
            &["bedrock"],
            &[
                "arn:aws:bedrock:eu-west-1::foundation-model/acme.q-v1:0",
                "eu-west-1/acme.q-v1:0",
            ],
        ),
        (
            &[],
            &["together_ai/deepseek-ai/DeepSeek-V4.1-Flash-1017"],
            &[],
            // Others sell one of that name in lower case.
            &[
                "deepseek-ai/DeepSeek-V4.1-Flash-1017",
                "deepseek-ai/deepseek-v4.1-flash-1017",
                "together_ai/deepseek-ai/DeepSeek-V4.1-Flash-1017",
                "together_ai/deepseek-ai/deepseek-v4.1-flash-1017",
            ],
        ),
        (&[], &["GPT-*", "tuned"], &[], &["GPT-*", "gpt-*", "tuned"]),
        (
            &["vertex"],
            &["claude-sonnet-4@*"],
            &["vertex_ai"],
            &[
                "claude-sonnet-4-20*",
                "claude-sonnet-4@*",
                "claude-sonnet-4@20*",
            ],
        ),
        (
            &[],
            &["claude-sonnet-4-6"],
            &[],
            &["claude-sonnet-4-6", "claude-sonnet-4-6@default"],
        ),
        // What one seller takes it for is another model elsewhere.
        (&[], &["o1-preview"], &[], &["o1-preview"]),
        // Every seller's way to write it, and the maker's behind a reseller's whole name.
        (
            &[],
            &["codestral-2501"],
            &[],
            &["Codestral-2501", "codestral", "codestral-2501"],
        ),
        (
            &[],
            &["google/gemini-2.5-pro-preview-03-25"],
            &[],
            &[
                "gemini-2.5-pro-preview-03-25",
                "google/gemini-2.5-pro-preview-03-25",
            ],
        ),
        (
            &["vertex"],
            &["M@20260101"],
            &["vertex_ai"],
            &["M@20260101", "m-2026-01-01"],
        ),
        (
            &[],
            &["OpenAI/Gpt-X"],
            &[],
            &["OpenAI/Gpt-X", "gpt-x", "openai/gpt-x"],
        ),
        (
            &["claude"],
            &["Claude-Sonnet-4-5-latest"],
            &["anthropic"],
            &[
                "Claude-Sonnet-4-5-latest",
                "claude-sonnet-4-5",
                "claude-sonnet-4-5-latest",
            ],
        ),
    ]);
}

#[test]
fn a_scope_covers_all_that_a_name_may_mean() {
    are_kept(&[
        // A provider's name may mean several, of which one may be meant alone.
        (&["Azure"], &["gpt-4o"], &["azure", "azure_ai"], &["gpt-4o"]),
        (&["Azure OpenAI"], &[], &["azure"], &[]),
        // A model of Bedrock's is one in whatever region; a resource's name says which.
        (
            &[],
            &["mistral.mistral-7b-instruct-v0:2"],
            &[],
            &[
                "*.mistral.mistral-7b-instruct-v0:2",
                "*/mistral.mistral-7b-instruct-v0:2",
                "mistral.mistral-7b-instruct-v0:2",
            ],
        ),
        (
            &["aws_bedrock"],
            &["arn:aws:bedrock:eu-west-3::foundation-model/mistral.mistral-7b-instruct-v0:2"],
            &["bedrock", "bedrock_mantle"],
            &[
                "arn:aws:bedrock:eu-west-3::foundation-model/mistral.mistral-7b-instruct-v0:2",
                "eu-west-3/mistral.mistral-7b-instruct-v0:2",
            ],
        ),
        (
            &[],
            &["eu-west-3/mistral.mistral-7b-instruct-v0:2"],
            &[],
            &["eu-west-3/mistral.mistral-7b-instruct-v0:2"],
        ),
        (
            &["bedrock"],
            &["eu.anthropic.claude-sonnet-4-20250514-v1:0"],
            &["bedrock", "bedrock_mantle"],
            &["eu.anthropic.claude-sonnet-4-20250514-v1:0"],
        ),
        (
            &["azure"],
            &["eu/gpt-4o"],
            &["azure", "azure_ai"],
            &["eu/gpt-4o"],
        ),
        // Of providers that one name may mean, the first that has the model says what it is.
        (
            &["azure"],
            &["gpt-6-astra-2026-09-03"],
            &["azure", "azure_ai"],
            &["gpt-6-astra-2026-09-03"],
        ),
        // A date is one however it is written.
        (
            &["openai"],
            &["gpt-?.5-20260423"],
            &["openai"],
            &[
                "gpt-?.5-2026-04-23",
                "gpt-?.5-20260423",
                "gpt-?.5@2026-04-23",
                "gpt-?.5@20260423",
            ],
        ),
        (
            &["openai"],
            &["gpt-5.5-2026-*"],
            &["openai"],
            &["gpt-5.5-2026*", "gpt-5.5-2026-*", "gpt-5.5@2026*"],
        ),
        (
            &["anthropic"],
            &["claude-3-5-haiku-2024*"],
            &["anthropic"],
            &["claude-3-5-haiku-2024*", "claude-3-5-haiku@2024*"],
        ),
        (
            &["bedrock_converse"],
            &["anthropic.claude-*"],
            &["bedrock"],
            &[
                "*.anthropic.claude-*",
                "*/anthropic.claude-*",
                "anthropic.claude-*",
            ],
        ),
        (
            &["anthropic"],
            &["Claude-Opus-4-2025*"],
            &["anthropic"],
            &[
                "Claude-Opus-4-2025*",
                "claude-opus-4-2025*",
                "claude-opus-4@2025*",
            ],
        ),
    ]);
}
