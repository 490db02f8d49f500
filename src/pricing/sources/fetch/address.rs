//! Which addresses may be asked.

use super::FetchError;
use reqwest::Url;

/// Checks a source's address, and says whether it is on this machine.
///
/// # Errors
/// [`FetchError::Address`]: it is not https (plain http is for this machine alone), has no host or names a user.
pub fn check(address: &str) -> Result<bool, FetchError> {
    let refuse = |why| FetchError::Address {
        address: address.to_owned(),
        why,
    };
    let url = Url::parse(address).map_err(|_| refuse("it is not a URL"))?;
    let here = is_here(&url);
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
            "models.dev",
            "",
        ] {
            assert!(check(refused).is_err(), "{refused}");
        }
    }
}
