//! Other users of this machine: who they are, and giving them a file.

use std::io;
use std::path::{Path, PathBuf};

use super::FsError;
use super::read::{KEY_LIMIT, read_stream};

/// A user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The number of the main group.
    pub gid: u32,
    /// The home folder.
    pub home: PathBuf,
}

/// The user of that name, from `/etc/passwd`; `None` when there is none.
///
/// # Errors
/// [`FsError`] when the file cannot be read.
pub fn find(name: &str) -> Result<Option<User>, FsError> {
    let bytes = read_stream(Path::new("/etc/passwd"), KEY_LIMIT)?;
    Ok(parse(&String::from_utf8_lossy(&bytes), name))
}

fn parse(text: &str, name: &str) -> Option<User> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next().filter(|found| *found == name && !name.is_empty())?;
        let (_, uid, gid) = (fields.next()?, fields.next()?, fields.next()?);
        let home = fields.nth(1)?;
        Some(User { name: found.to_owned(), uid: uid.parse().ok()?, gid: gid.parse().ok()?, home: home.into() })
    })
}

/// Makes a file or folder somebody else's.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub fn give(path: &Path, owner: &User) -> io::Result<()> {
    std::os::unix::fs::chown(path, Some(owner.uid), Some(owner.gid))
}

/// Not on this system.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn give(_: &Path, _: &User) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let text = "root:x:0:0:root:/root:/bin/sh\nbroken\napp:x:1001:1002:App,,:/srv/app:/bin/false\n";
        let app = User { name: "app".into(), uid: 1001, gid: 1002, home: "/srv/app".into() };
        assert_eq!(parse(text, "app"), Some(app));
        assert_eq!(parse(text, "ap"), None);
        assert_eq!(parse(text, "broken"), None);
        assert_eq!(parse(text, ""), None);
    }
}
