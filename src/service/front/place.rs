//! Where owner and forwarders of one data directory meet.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// The longest path of a socket, in bytes: 104 with its end on macOS, 108 on Linux.
const LONGEST: usize = 103;

/// A data directory and its meeting point.
#[derive(Clone, Debug)]
pub(super) struct Place {
    dir: PathBuf,
}

impl Place {
    /// Makes the directory, for its owner alone, where it is not there.
    pub(super) fn prepare(data_dir: &Path) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir)?;
        Ok(Self {
            dir: fs::canonicalize(data_dir)?,
        })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.dir.join("owner.lock")
    }

    fn near(&self) -> PathBuf {
        self.dir.join("owner.sock")
    }

    /// Says where the socket is, where it is not [`Self::near`].
    fn record(&self) -> PathBuf {
        self.dir.join("owner.sock.path")
    }

    /// Where to look for the owner: none where no owner can have listened yet.
    pub(super) fn meeting_point(&self) -> Option<PathBuf> {
        let near = self.near();
        if fits(&near) {
            return Some(near);
        }
        let recorded = fs::read(self.record()).ok()?;
        Some(std::ffi::OsStr::from_bytes(&recorded).into())
    }

    /// Listens, as the holder of the lock. What a dead owner left is removed.
    pub(super) fn listen(&self) -> io::Result<(UnixListener, Socket)> {
        let path = self.choose()?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        let socket = Socket(path);
        fs::set_permissions(&socket.0, fs::Permissions::from_mode(0o600))?;
        Ok((listener, socket))
    }

    fn choose(&self) -> io::Result<PathBuf> {
        let near = self.near();
        if fits(&near) {
            return Ok(near);
        }
        let name = blake3::hash(self.dir.as_os_str().as_bytes()).to_hex();
        let far = private_dir(&runtime_dirs())?.join(format!("{}.sock", &name[..16]));
        let draft = self.dir.join("owner.sock.path.new");
        fs::write(&draft, far.as_os_str().as_bytes())?;
        fs::rename(&draft, self.record())?;
        Ok(far)
    }
}

/// An owner's socket in the file system; removed when it is dropped, so before the lock is released.
#[derive(Debug)]
pub(super) struct Socket(PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "the socket was gone already");
        }
    }
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() <= LONGEST
}

fn runtime_dirs() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    runtime
        .into_iter()
        .chain([std::env::temp_dir(), PathBuf::from("/tmp")])
        .collect()
}

/// A directory that is this user's alone in the first of `bases` where there can be one.
fn private_dir(bases: &[PathBuf]) -> io::Result<PathBuf> {
    let uid = rustix::process::geteuid().as_raw();
    let mut why = io::Error::other("the path of the data directory is too long for a socket");
    for base in bases {
        let dir = base.join(format!("tekton-budget-{uid}"));
        // The name of a socket there: a slash, 16 digits, `.sock`.
        if dir.as_os_str().len() + 22 > LONGEST {
            continue;
        }
        match make_private(&dir, uid) {
            Ok(()) => return Ok(dir),
            Err(error) => why = error,
        }
    }
    Err(why)
}

fn make_private(dir: &Path, uid: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Not followed: a link that another user laid is not our directory.
    let found = fs::symlink_metadata(dir)?;
    if found.is_dir() && found.uid() == uid && found.mode() & 0o7777 == 0o700 {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("{} is not a directory of this user alone", dir.display()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_is_the_user_s_alone_and_goes_with_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::prepare(&dir.path().join("made/here")).unwrap();
        assert_eq!(fs::metadata(place.dir()).unwrap().mode() & 0o777, 0o700);
        fs::write(place.near(), "what a dead owner left").unwrap();
        let (_listener, socket) = place.listen().unwrap();
        let path = place.meeting_point().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_long_path_meets_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::prepare(&dir.path().join("d".repeat(120))).unwrap();
        assert_eq!(place.meeting_point(), None);
        let (_listener, _socket) = place.listen().unwrap();
        let path = place.meeting_point().unwrap();
        assert!(fits(&path));
        tokio::net::UnixStream::connect(path).await.unwrap();
    }

    #[test]
    fn a_directory_that_others_may_enter_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let (open, private) = (dir.path().join("a"), dir.path().join("b"));
        fs::create_dir_all(&private).unwrap();
        let name = format!("tekton-budget-{}", rustix::process::geteuid().as_raw());
        fs::create_dir_all(open.join(&name)).unwrap();
        fs::set_permissions(open.join(&name), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(
            private_dir(&[open.clone(), private.clone()]).unwrap(),
            private.join(name)
        );
        assert!(private_dir(&[open]).is_err());
    }
}
