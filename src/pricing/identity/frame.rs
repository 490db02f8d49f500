//! What frames a name in an API, and whose way to write a name is nobody else's.

use crate::pricing::catalogue::provider;

/// A name without what frames it: `models/…` (Gemini), `projects/…/locations/…/publishers/…/models/…` and `…@default` (Vertex),
/// the start of a Bedrock resource's name or of a route to it, and the customer's part of a fine-tuned model's id (OpenAI).
pub fn unframed(name: &str) -> &str {
    let (_, name) = apart(name);
    let inner = [resource, route, published, customers]
        .iter()
        .find_map(|unframe| unframe(name));
    let inner = inner.or_else(|| name.strip_prefix(MODELS)).unwrap_or(name);
    let inner = inner.strip_suffix(DEFAULT).unwrap_or(inner);
    if inner.is_empty() { name } else { inner }
}

/// Whether a name may be framed: most have nothing of what every frame has, and need no other look.
pub fn may_be_framed(name: &str) -> bool {
    name.bytes().any(|byte| matches!(byte, b'/' | b':' | b'@'))
}

/// Vertex's word for a model's usual version.
pub const DEFAULT: &str = "@default";

/// The names that a framed one may mean, the first that is known: of a Bedrock model in a region that of the region, whose
/// price may be its own, before that of all others.
pub fn framed_names(name: &str) -> impl Iterator<Item = String> {
    let inner = unframed(name);
    let regional = region(apart(name).1).map(|region| format!("{region}/{inner}"));
    let framed = (inner != name).then(|| inner.to_owned());
    regional.into_iter().chain(framed)
}

/// The provider in whose API alone a name is framed so, and who is meant whether it has the model or not.
pub fn frames_owner(name: &str) -> Option<&'static str> {
    apart(name).0
}

fn owner_of_frame(name: &str) -> Option<&'static str> {
    let is_bedrocks = route(name).is_some()
        || name
            .strip_prefix("arn:")
            .is_some_and(|rest| rest.split(':').nth(1) == Some("bedrock"));
    let is_vertexs = || published(name).is_some().then_some("vertex_ai");
    is_bedrocks.then_some("bedrock").or_else(is_vertexs)
}

/// The provider whose way it is to write a name so: of one that is framed, and of one whose version is behind an at sign, which is
/// Vertex's.
pub fn framing_seller(name: &str) -> Option<&'static str> {
    if let Some(owner) = frames_owner(name) {
        return Some(owner);
    }
    let (model, version) = name.rsplit_once('@').unwrap_or_default();
    let is_version = version == "default"
        || !version.is_empty() && version.bytes().all(|it| it.is_ascii_digit());
    (is_version && !model.is_empty()).then_some("vertex_ai")
}

/// How frameworks that speak to several providers put one in front of a name, as in `openai:gpt-4o`; in order. Those that are
/// the names of models as well (`mistral:7b`) are not among them.
const CHOICES: &[(&str, &str)] = &[
    ("anthropic", "anthropic"),
    ("azure", "azure"),
    ("azure_openai", "azure"),
    ("bedrock", "bedrock"),
    ("bedrock_converse", "bedrock"),
    ("google_genai", "google"),
    ("google_gla", "google"),
    ("google_vertex", "vertex_ai"),
    ("google_vertexai", "vertex_ai"),
    ("groq", "groq"),
    ("mistralai", "mistral"),
    ("openai", "openai"),
    ("openrouter", "openrouter"),
    ("vertex_ai", "vertex_ai"),
    ("xai", "xai"),
];

/// The provider that a framework puts in front of a name, and what is behind it.
fn chosen(name: &str) -> Option<(&'static str, &str)> {
    let (choice, rest) = name.split_once(':')?;
    let choice = provider::normal(choice);
    let place = CHOICES.binary_search_by(|(known, _)| (*known).cmp(&*choice));
    let (_, provider) = CHOICES[place.ok()?];
    (!rest.is_empty()).then_some((provider, rest))
}

/// What is behind Gemini's provider and its frame.
fn gemini(name: &str) -> Option<(&'static str, &str)> {
    let (prefix, rest) = name.split_once('/')?;
    let is_its = rest.starts_with(MODELS) && provider::canonical(prefix) == "google";
    is_its.then_some(("google", rest))
}

/// Who alone writes a name so, and the name without that provider in front.
fn apart(name: &str) -> (Option<&'static str>, &str) {
    let behind = || {
        let (prefix, rest) = name.split_once('/')?;
        let owner = owner_of_frame(rest)?;
        (provider::canonical(prefix) == owner).then_some((owner, rest))
    };
    let said = chosen(name).or_else(|| gemini(name)).or_else(behind);
    match said {
        Some((owner, rest)) => (Some(owner), rest),
        None => (owner_of_frame(name), name),
    }
}

/// How Gemini's API frames a name.
const MODELS: &str = "models/";

/// What is behind the start of a Bedrock resource's name.
fn resource(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("arn:")?;
    let model = rest.rsplit_once("foundation-model/");
    let (_, inner) = model.or_else(|| rest.rsplit_once("inference-profile/"))?;
    Some(inner)
}

/// The region in the name of a Bedrock model; an inference profile has its own in its id.
fn region(name: &str) -> Option<&str> {
    let mut parts = name.strip_prefix("arn:")?.split(':');
    let region = parts.nth(2).filter(|region| !region.is_empty())?;
    name.contains("foundation-model/").then_some(region)
}

/// What is behind a route to Bedrock, as gateways name them.
fn route(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("bedrock/")?;
    rest.strip_prefix("converse/")
        .or_else(|| rest.strip_prefix("invoke/"))
}

/// What is behind the publisher of a Vertex model, and the project and place before it.
fn published(name: &str) -> Option<&str> {
    let publisher = if name.starts_with("projects/") {
        let (_, publisher) = name.split_once("/publishers/")?;
        publisher
    } else {
        name.strip_prefix("publishers/")?
    };
    let (_, inner) = publisher.split_once("/models/")?;
    Some(inner)
}

/// The model that a customer of OpenAI fine-tuned, which is what its price goes by: `ft:gpt-4o` of `ft:gpt-4o:acme::9x8y`.
fn customers(name: &str) -> Option<&str> {
    if !name.contains(':') {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let at = if lower.starts_with(TUNED) {
        0
    } else {
        lower.find("/ft:")? + 1
    };
    let end = name[at + TUNED.len()..].find(':')?;
    Some(&name[..at + TUNED.len() + end])
}

/// How the id of a fine-tuned model begins.
const TUNED: &str = "ft:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_in_order_and_name_the_catalogues_providers() {
        assert!(CHOICES.is_sorted_by(|a, b| a.0 < b.0));
        let catalogue = crate::pricing::catalogue::Catalogue::embedded();
        for (choice, provider) in CHOICES {
            assert_eq!(provider::normal(choice), *choice);
            assert!(catalogue.has_provider(provider), "{provider}");
        }
    }

    #[test]
    fn a_frame_is_left_out_and_says_whose_it_is() {
        let arn = "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/m-v1:0";
        let profile = "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.m-v1:0";
        let provisioned = "arn:aws:bedrock:eu-west-1:1:provisioned-model/m";
        let project = "projects/p/locations/us-east5/publishers/anthropic/models/m@20250805";
        for (name, inner, seller) in [
            ("models/m", "m", None),
            ("m@default", "m", Some("vertex_ai")),
            ("publishers/google/models/m", "m", Some("vertex_ai")),
            (project, "m@20250805", Some("vertex_ai")),
            ("m@20250805", "m@20250805", Some("vertex_ai")),
            ("m@001", "m@001", Some("vertex_ai")),
            ("m@2025-08-05", "m@2025-08-05", None),
            ("@cf/m", "@cf/m", None),
            ("@001", "@001", None),
            (arn, "m-v1:0", Some("bedrock")),
            (provisioned, provisioned, Some("bedrock")),
            ("arn:aws:iam::1:role/m", "arn:aws:iam::1:role/m", None),
            (profile, "eu.m-v1:0", Some("bedrock")),
            (
                "vertex_ai/publishers/google/models/m",
                "m",
                Some("vertex_ai"),
            ),
            (
                "openai/publishers/google/models/m",
                "openai/publishers/google/models/m",
                None,
            ),
            ("gemini/models/m", "m", Some("google")),
            ("openrouter/models/m", "openrouter/models/m", None),
            ("openai:m", "m", Some("openai")),
            ("Google-GLA:models/m", "m", Some("google")),
            ("bedrock_converse:us.m-v1:0", "us.m-v1:0", Some("bedrock")),
            ("openai:ft:m:org::id", "ft:m", Some("openai")),
            ("mistral:7b", "mistral:7b", None),
            ("openai:", "openai:", None),
            ("a/openai:m", "a/openai:m", None),
            ("bedrock/converse/us.m-v1:0", "us.m-v1:0", Some("bedrock")),
            ("ft:m-2024-07-18:org::id", "ft:m-2024-07-18", None),
            ("openai/ft:m:org:name:id", "openai/ft:m", None),
            ("ft:m", "ft:m", None),
            ("FT:M:org::id", "FT:M", None),
            ("ft:", "ft:", None),
            ("models/", "models/", None),
            ("publishers/google", "publishers/google", None),
            ("arn:aws:bedrock", "arn:aws:bedrock", Some("bedrock")),
            ("\u{e9}@\u{e9}", "\u{e9}@\u{e9}", None),
        ] {
            let is_framed = unframed(name) != name || framing_seller(name).is_some();
            assert!(may_be_framed(name) || !is_framed, "{name}");
            assert_eq!(
                (unframed(name), framing_seller(name)),
                (inner, seller),
                "{name}"
            );
        }
        let names: Vec<_> = framed_names(arn).collect();
        assert_eq!(names, ["us-gov-west-1/m-v1:0", "m-v1:0"]);
        let prefixed: Vec<_> = framed_names(&format!("bedrock/{arn}")).collect();
        assert_eq!(prefixed, names);
        assert_eq!(framing_seller(&format!("bedrock/{arn}")), Some("bedrock"));
        assert_eq!(framed_names(profile).collect::<Vec<_>>(), ["eu.m-v1:0"]);
        assert_eq!(framed_names("m").count(), 0);
    }
}
