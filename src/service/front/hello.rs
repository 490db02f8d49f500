//! The first line of each connection, and its answer.

use crate::service::caller::Caller;
use semver::Version;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// The version of what owner and forwarder say to each other. Both must have the same.
pub(super) const PROTOCOL: u32 = 1;

/// The longest first line, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Who comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hello {
    pub(super) protocol: u32,
    pub(super) version: Version,
    pub(super) caller: Caller,
    /// Whether it could own the store for long. The owner makes room only for one that stays.
    pub(super) stays: bool,
}

/// What the owner answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Welcome {
    pub(super) protocol: u32,
    pub(super) version: Version,
    pub(super) pid: u32,
    pub(super) answer: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
}

/// Whether it may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// What follows is a session.
    Accepted,
    /// The owner leaves: try to become it.
    HandingOver,
    /// There is no use in trying again.
    Refused,
}

/// The part of a first line that every protocol has.
#[derive(Deserialize)]
struct Common {
    protocol: u32,
    version: String,
}

/// What an owner makes of a first line.
pub(super) enum Judged {
    Accepted(Caller),
    /// The newcomer is newer than the owner.
    Newer(Version),
    Refused(String),
}

/// Judges a newcomer.
pub(super) fn judge(line: &[u8], own: &Version) -> Judged {
    let Ok(Common { protocol, version }) = serde_json::from_slice(line) else {
        return Judged::Refused("the first line of the connection is not a hello".into());
    };
    if protocol != PROTOCOL {
        return Judged::Refused(protocols_differ(protocol, &version, own));
    }
    match serde_json::from_slice::<Hello>(line) {
        Ok(hello) if hello.stays && hello.version.cmp_precedence(own).is_gt() => {
            Judged::Newer(hello.version)
        }
        Ok(hello) => Judged::Accepted(hello.caller),
        Err(error) => Judged::Refused(format!("the hello can't be read: {error}")),
    }
}

/// Reads an owner's answer.
pub(super) fn read_welcome(line: &[u8], own: &Version) -> Result<Welcome, String> {
    let common: Common = serde_json::from_slice(line)
        .map_err(|error| format!("the owner's answer can't be read: {error}"))?;
    if common.protocol != PROTOCOL {
        return Err(protocols_differ(common.protocol, &common.version, own));
    }
    serde_json::from_slice(line)
        .map_err(|error| format!("the owner's answer can't be read: {error}"))
}

fn protocols_differ(protocol: u32, version: &str, own: &Version) -> String {
    format!(
        "version {version} speaks protocol {protocol} and version {own} speaks protocol {PROTOCOL}; \
         end the processes of one of them, or use the same version for all clients of this data directory"
    )
}

/// Reads one line that has an end.
pub(super) async fn read_line(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(LONGEST).read_until(b'\n', &mut line).await?;
    if line.ends_with(b"\n") {
        return Ok(line);
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// One of these messages as a line.
pub(super) fn line(message: &(impl Serialize + DeserializeOwned)) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

/// Whether the process at the other end may come in: only one of the same user.
pub(super) fn is_same_user(peer: u32) -> bool {
    peer == rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(version: &str, stays: bool) -> Vec<u8> {
        let hello = Hello {
            protocol: PROTOCOL,
            version: version.parse().unwrap(),
            caller: Caller::default(),
            stays,
        };
        line(&hello).unwrap()
    }

    #[test]
    fn only_a_newer_one_that_stays_is_made_room_for() {
        let own = Version::new(1, 2, 0);
        let judged = |version, stays| judge(&hello(version, stays), &own);
        assert!(matches!(judged("1.2.0", true), Judged::Accepted(_)));
        assert!(matches!(judged("1.2.0+other", true), Judged::Accepted(_)));
        assert!(matches!(judged("1.1.9", true), Judged::Accepted(_)));
        assert!(matches!(judged("1.2.0-rc.1", true), Judged::Accepted(_)));
        assert!(matches!(judged("1.2.1", true), Judged::Newer(_)));
        assert!(matches!(judged("1.2.1", false), Judged::Accepted(_)));
    }

    #[test]
    fn another_protocol_is_refused_by_both_sides_with_both_versions() {
        let own = Version::new(1, 2, 0);
        let other = br#"{"protocol": 99, "version": "9.0.0", "what": "else"}"#;
        let Judged::Refused(why) = judge(other, &own) else {
            panic!("let in");
        };
        assert!(why.contains("9.0.0") && why.contains("1.2.0"), "{why}");
        assert_eq!(read_welcome(other, &own), Err(why));
        assert!(matches!(judge(b"{}", &own), Judged::Refused(_)));
    }

    #[test]
    fn another_user_is_not_let_in() {
        let own = rustix::process::geteuid().as_raw();
        assert!(is_same_user(own));
        assert!(!is_same_user(own + 1));
    }

    #[tokio::test]
    async fn a_first_line_has_an_end_and_a_bound() {
        let mut endless = tokio::io::BufReader::new(tokio::io::repeat(b'x'));
        assert!(read_line(&mut endless).await.is_err());
        assert!(read_line(&mut &b"half"[..]).await.is_err());
        assert_eq!(
            read_line(&mut &b"whole\nmore"[..]).await.unwrap(),
            b"whole\n"
        );
    }
}
