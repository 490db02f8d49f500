//! The process's own input and output, taken for the protocol alone.

use super::house::{Reader, Writer};
use rustix::io::fcntl_dupfd_cloexec;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

/// The first descriptor that a private copy may get: the standard ones stay what they are.
const FIRST_PRIVATE: i32 = 3;

/// Takes standard input and output for the protocol, and points standard output at standard error:
/// whatever a library prints can't get between the protocol's lines.
///
/// Pipes and sockets, which is what clients use, are read and written without a thread between.
///
/// # Errors
/// Where the descriptors can't be copied, or there is no runtime with I/O.
pub fn claim() -> io::Result<(Reader, Writer)> {
    let input = fcntl_dupfd_cloexec(rustix::stdio::stdin(), FIRST_PRIVATE)?;
    let output = fcntl_dupfd_cloexec(rustix::stdio::stdout(), FIRST_PRIVATE)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok((reader(input)?, writer(output)?))
}

fn reader(fd: OwnedFd) -> io::Result<Reader> {
    if let Ok(pipe) = pipe::Receiver::from_owned_fd(fd.try_clone()?) {
        return Ok(Box::new(pipe));
    }
    if let Some(socket) = socket(&fd)? {
        return Ok(Box::new(socket));
    }
    Ok(Box::new(tokio::fs::File::from_std(File::from(fd))))
}

fn writer(fd: OwnedFd) -> io::Result<Writer> {
    if let Ok(pipe) = pipe::Sender::from_owned_fd(fd.try_clone()?) {
        return Ok(Box::new(pipe));
    }
    if let Some(socket) = socket(&fd)? {
        return Ok(Box::new(socket));
    }
    Ok(Box::new(tokio::fs::File::from_std(File::from(fd))))
}

/// The same as a stream, where it is one end of a Unix socket.
fn socket(fd: &OwnedFd) -> io::Result<Option<UnixStream>> {
    let stream = StdUnixStream::from(fd.try_clone()?);
    // Any other descriptor has no address.
    if stream.local_addr().is_err() {
        return Ok(None);
    }
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    async fn passes(near: OwnedFd, far: OwnedFd) {
        let (mut writer, mut reader) = (writer(near).unwrap(), reader(far).unwrap());
        writer.write_all(b"a line\n").await.unwrap();
        writer.flush().await.unwrap();
        drop(writer);
        let mut all = String::new();
        reader.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "a line\n");
    }

    #[tokio::test]
    async fn pipes_sockets_and_files_all_do() {
        let (far, near) = io::pipe().unwrap();
        passes(near.into(), far.into()).await;
        let (near, far) = StdUnixStream::pair().unwrap();
        passes(near.into(), far.into()).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        let (near, far) = (File::create(file.path()).unwrap(), file.reopen().unwrap());
        passes(near.into(), far.into()).await;
    }
}
