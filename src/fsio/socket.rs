//! Sockets that others connect to: addresses of this machine, and sockets in the file system that only their owner can reach.

use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use super::signals;

/// Listens at `host`, a name or an address, and `port`.
///
/// # Errors
/// What the system says.
pub fn listen_tcp(host: &str, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((host, port))
}

/// A socket in the file system; it is gone when this is dropped, and when a signal ends us.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        signals::forget(&self.0);
        // whoever has removed it already has done our work
        _ = std::fs::remove_file(&self.0);
    }
}

/// Listens on a socket that only its owner may use. One that a dead server has left is replaced; anything else that has the
/// name is not.
///
/// # Errors
/// `AddrInUse` when somebody answers there; `AlreadyExists` when it is no socket; what the system says.
#[cfg(unix)]
pub fn listen_unix(path: &Path) -> io::Result<(std::os::unix::net::UnixListener, SocketFile)> {
    use std::os::unix::fs::FileTypeExt;
    use std::os::unix::net::{UnixListener, UnixStream};

    use rustix::fs::Mode;

    if let Ok(there) = std::fs::symlink_metadata(path) {
        if !there.file_type().is_socket() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is something that is no socket"));
        }
        match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            Ok(_) => return Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens there already")),
            Err(error) => return Err(error),
        }
    }
    // from its first moment nobody else may connect
    let before = rustix::process::umask(Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(path);
    rustix::process::umask(before);
    let listener = listener?;
    signals::remove_on_signal(path);
    Ok((listener, SocketFile(path.to_owned())))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner_may_connect_and_nothing_else_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.sock");
        let (listener, file) = listen_unix(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(listen_unix(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        // what a dead server leaves
        drop(listener);
        std::mem::forget(file);
        let (_listener, file) = listen_unix(&path).unwrap();
        drop(file);
        assert!(!path.exists());
        std::fs::write(&path, "x").unwrap();
        assert_eq!(listen_unix(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
    }
}
