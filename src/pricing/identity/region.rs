//! Bedrock's regions, in front of the names of its models.

/// What stands in front of the ids of inference profiles, with a dot: the regions that a call may be served in. `regional` is
/// how public price lists name the price of every single region.
const PLACES: [&str; 11] = [
    "apac", "au", "ca", "eu", "global", "in", "jp", "regional", "sa", "us", "us-gov",
];

/// What is behind a region or a place in front of a name: they are a part of it, and what is behind alone is not meant.
pub fn behind_region(name: &str) -> Option<&str> {
    let is_place = |place: &str| is_region(place) || PLACES.contains(&place);
    let region = name.split_once('/').filter(|(region, _)| is_place(region));
    let place = || {
        let (place, rest) = name.split_once('.')?;
        (PLACES.contains(&place) && rest.contains('.')).then_some(rest)
    };
    region.map(|(_, rest)| rest).or_else(place)
}

/// Whether it is the name of a region, such as `eu-west-1` or `us-gov-east-1`.
fn is_region(name: &str) -> bool {
    let mut parts = name.rsplit('-');
    let is_number = |part: &str| part.len() == 1 && part.bytes().all(|it| it.is_ascii_digit());
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_lowercase());
    let is_numbered = parts.next().is_some_and(is_number);
    let words: Vec<_> = parts.collect();
    is_numbered && matches!(words.len(), 2 | 3) && words.into_iter().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_front_is_a_part_of_a_name() {
        for (name, is) in [
            ("eu/gpt-4o", true),
            ("eu-west-3/mistral.m", true),
            ("eu.anthropic.m", true),
            ("openai/gpt-4o", false),
            ("anthropic.m", false),
            ("eu", false),
        ] {
            assert_eq!(behind_region(name).is_some(), is, "{name}");
        }
    }

    #[test]
    fn a_region_in_front_is_told_from_the_rest_of_a_name() {
        for (name, rest) in [
            ("eu-west-1/meta.llama3", Some("meta.llama3")),
            ("us-gov-east-1/openai.gpt-5.4", Some("openai.gpt-5.4")),
            ("eu.anthropic.claude-5", Some("anthropic.claude-5")),
            ("regional.anthropic.claude-5", Some("anthropic.claude-5")),
            ("us-gov.anthropic.m", Some("anthropic.m")),
            ("meta.llama3", None),
            ("claude_platform/m", None),
            ("1024-x-1024/m", None),
            ("gpt-4.1", None),
            ("us.m", None),
            ("\u{e9}-west-1/m", None),
        ] {
            assert_eq!(behind_region(name), rest, "{name}");
        }
    }
}
