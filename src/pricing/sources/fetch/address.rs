//! Which addresses may be asked.

use super::FetchError;
use reqwest::Url;

/// Checks a source's address, and says whether it is on this machine.
///
/// # Errors
/// [`FetchError::Address`]: it is not https (plain http is for this machine alone), has no host or names a user.
pub fn check(address: &str) -> Result<bool, FetchError> {
    let parsed = Url::parse(address);
    let refuse = |why| FetchError::Address {
        address: shown(address, parsed.as_ref().ok()),
        why,
    };
    let url = parsed.as_ref().map_err(|_| refuse("it is not a URL"))?;
    let here = is_here(url);
    match url.scheme() {
        "https" => {}
        "http" if here => {}
        "http" => {
            return Err(refuse(
                "plain http is for this machine alone; expects https",
            ));
        }
        _ => return Err(refuse("expects https")),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(refuse("it names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("it names a user"));
    }
    Ok(here)
}

/// An address without its user and password, which are nobody's to see.
fn shown(address: &str, url: Option<&Url>) -> String {
    let Some(mut url) = url.cloned() else {
        let rest = address.rsplit_once('@').map(|(_, rest)| rest);
        return rest.unwrap_or(address).to_owned();
    };
    // An address that can't have a user has none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    address.map_or_else(|_| bare == "localhost", |address| address.is_loopback())
}

/// Whether two addresses are at one place: scheme, host and port.
pub(super) fn same_place(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_asked_and_http_of_this_machine() {
        for here in [
            "http://localhost:8080/x",
            "http://127.0.0.1/",
            "http://[::1]:9/",
            "https://localhost/",
        ] {
            assert_eq!(check(here), Ok(true), "{here}");
        }
        assert_eq!(check("https://models.dev/api.json"), Ok(false));
        for refused in [
            "http://models.dev/api.json",
            "http://localhost.models.dev/",
            "http://128.0.0.1/",
            "ftp://models.dev/",
            "file:///etc/passwd",
            "https://me:secret@models.dev/",
            "https://me:secret@/",
            "http://me:secret@models.dev/",
            "models.dev",
            "",
        ] {
            let told = check(refused).unwrap_err().to_string();
            assert!(!told.contains("secret"), "{told}");
        }
    }
}
