//! What an owner tells a relay beside the client's session.
//!
//! Such a line begins with a byte that no JSON begins with.

use serde::{Deserialize, Serialize};

/// A line of the owner that is not the session's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Control {
    /// The owner leaves. It takes no line after these, and answers those.
    Closing {
        /// How many lines it has taken on this connection.
        read: u64,
        /// The version that it makes room for.
        to: Option<semver::Version>,
    },
    /// The session has ended by itself; the owner stays.
    Over,
}

impl Control {
    /// The first byte of such a line.
    pub(super) const MARK: u8 = 0x1e;

    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = vec![Self::MARK];
        // A unit, a number and a version: there is nothing here that JSON can't hold.
        serde_json::to_writer(&mut line, self).unwrap_or_default();
        line.push(b'\n');
        line
    }

    /// Reads a line, where it is one of these.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let (mark, json) = line.split_first()?;
        (*mark == Self::MARK)
            .then(|| serde_json::from_slice(json).ok())
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_line_is_read_back_and_a_message_is_none() {
        for control in [
            Control::Over,
            Control::Closing {
                read: 7,
                to: Some(semver::Version::new(1, 2, 3)),
            },
        ] {
            assert_eq!(Control::read(&control.line()), Some(control));
        }
        assert_eq!(Control::read(b"{}\n"), None);
        assert_eq!(Control::read(b""), None);
    }
}
