//! The first line of each connection, and its answer.

use crate::service::caller::Caller;
use semver::Version;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// The version of what owner and forwarder say to each other. Both must have the same; but for that, an owner makes room
/// for a newcomer with a higher one.
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

/// An owner's answer as a newcomer understands it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// One of the same protocol.
    Welcome(Welcome),
    /// An earlier one, which leaves.
    HandingOver,
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

/// The part of a first line, and of its answer, that every protocol has.
#[derive(Deserialize)]
struct Common {
    protocol: u32,
    version: String,
    /// Of a newcomer.
    #[serde(default)]
    stays: bool,
    /// Of an owner.
    #[serde(default)]
    answer: Option<String>,
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
    let Ok(common) = serde_json::from_slice::<Common>(line) else {
        return Judged::Refused("the first line of the connection is not a hello".into());
    };
    if common.protocol != PROTOCOL {
        return judge_other(&common, own);
    }
    match serde_json::from_slice::<Hello>(line) {
        Ok(hello) if hello.stays && hello.version.cmp_precedence(own).is_gt() => {
            Judged::Newer(hello.version)
        }
        Ok(hello) => Judged::Accepted(hello.caller),
        Err(error) => Judged::Refused(format!("the hello can't be read: {error}")),
    }
}

/// Judges a newcomer of another protocol: it can't be a forwarder, but a later one can be the owner.
fn judge_other(common: &Common, own: &Version) -> Judged {
    let later = common.protocol > PROTOCOL && common.stays;
    match common.version.parse::<Version>() {
        Ok(version) if later && version.cmp_precedence(own).is_gt() => Judged::Newer(version),
        _ => Judged::Refused(protocols_differ(common.protocol, &common.version, own)),
    }
}

/// Reads an owner's answer. One of an earlier protocol is understood where it hands over.
pub(super) fn read_welcome(line: &[u8], own: &Version) -> Result<Reply, String> {
    let unreadable = |error| format!("the owner's answer can't be read: {error}");
    let common: Common = serde_json::from_slice(line).map_err(unreadable)?;
    if common.protocol == PROTOCOL {
        let welcome = serde_json::from_slice(line).map_err(unreadable)?;
        return Ok(Reply::Welcome(welcome));
    }
    if common.protocol < PROTOCOL && common.answer.as_deref() == Some("handing_over") {
        return Ok(Reply::HandingOver);
    }
    Err(protocols_differ(common.protocol, &common.version, own))
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
        let other = br#"{"protocol": 99, "version": "9.0.0", "what": "else", "stays": false}"#;
        let Judged::Refused(why) = judge(other, &own) else {
            panic!("let in");
        };
        assert!(why.contains("9.0.0") && why.contains("1.2.0"), "{why}");
        assert_eq!(read_welcome(other, &own), Err(why));
        assert!(matches!(judge(b"{}", &own), Judged::Refused(_)));
    }

    #[test]
    fn a_newer_one_of_a_later_protocol_is_made_room_for_by_an_earlier_one() {
        let judged = |protocol: u32, own: Version| {
            let hello =
                serde_json::json!({"protocol": protocol, "version": "9.0.0", "stays": true});
            judge(hello.to_string().as_bytes(), &own)
        };
        let own = Version::new(1, 2, 0);
        assert!(matches!(
            judged(PROTOCOL + 1, own.clone()),
            Judged::Newer(_)
        ));
        assert!(matches!(
            judged(PROTOCOL - 1, own.clone()),
            Judged::Refused(_)
        ));
        let newest = Version::new(9, 0, 0);
        assert!(matches!(judged(PROTOCOL + 1, newest), Judged::Refused(_)));
        let reply = |protocol: u32, answer: &str| {
            let welcome =
                serde_json::json!({"protocol": protocol, "version": "0.9.0", "answer": answer});
            read_welcome(welcome.to_string().as_bytes(), &own)
        };
        let earlier = reply(PROTOCOL - 1, "handing_over");
        assert_eq!(earlier, Ok(Reply::HandingOver));
        assert!(reply(PROTOCOL - 1, "refused").is_err());
        assert!(reply(PROTOCOL + 1, "handing_over").is_err());
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
