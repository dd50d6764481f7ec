//! Standard output, for data, and standard error, for people.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};

use super::FsError;
use super::printable::sanitize;

/// Writes data to standard output, as it is. A reader who has gone away has seen enough: that is no error.
///
/// # Errors
/// [`FsError::Io`], a full disk for example.
pub fn data(bytes: &[u8]) -> Result<(), FsError> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| FsError::io("write", Path::new("standard output"), error)),
    }
}

/// Where standard output is reopened: behind a redirection it is a file, which `>>` must not lose.
const STDOUT: &str = "/dev/stdout";

/// Whether `path` is standard output, a character device or a pipe: it is written to, and not replaced.
pub fn is_stream(path: &Path) -> bool {
    path == Path::new(STDOUT) || std::fs::metadata(path).is_ok_and(|metadata| is_stream_type(metadata.file_type()))
}

#[cfg(unix)]
fn is_stream_type(kind: std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_char_device() || kind.is_fifo()
}

#[cfg(not(unix))]
fn is_stream_type(_: std::fs::FileType) -> bool {
    false
}

/// Writes to a device or a pipe that has a name, such as `/dev/stdout`. `false` when `path` is no such thing: a file is
/// replaced as a whole, see [`super::write`].
///
/// # Errors
/// [`FsError::Io`].
pub fn to_stream(path: &Path, bytes: &[u8]) -> Result<bool, FsError> {
    if path == Path::new(STDOUT) {
        return data(bytes).map(|()| true);
    }
    let Ok(metadata) = std::fs::metadata(path) else {
        return Ok(false);
    };
    if metadata.is_file() || metadata.is_dir() {
        return Ok(false);
    }
    let opened = std::fs::File::options().write(true).open(path);
    match opened.and_then(|mut file| file.write_all(bytes)) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        other => other.map(|()| true).map_err(|error| FsError::io("write", path, error)),
    }
}

/// A line for people on standard output, made safe to print; in colour when that is a terminal and `NO_COLOR` is not set.
pub fn show(style: Style, line: &str) {
    // a reader who has gone away has seen enough
    _ = writeln!(anstream::stdout().lock(), "{style}{}{style:#}", sanitize(line));
}

/// A line for people on standard error, made safe to print.
pub fn say(line: &str) {
    // when standard error is gone there is nobody to tell
    _ = writeln!(anstream::stderr().lock(), "{}", sanitize(line));
}

/// A line of a log on standard error: who speaks, and what, made safe to print.
pub fn log(who: &str, line: &str) {
    _ = writeln!(anstream::stderr().lock(), "[{who}]\t {}", sanitize(line));
}

/// A line of a structured log on standard error, with its end, as it is: the caller has made it safe to print.
pub fn log_line(line: &str) {
    let mut err = io::stderr().lock();
    // in one piece: others write to the same pipe
    _ = err.write_all(line.as_bytes()).and_then(|()| err.flush());
}

/// A warning on standard error, made safe to print.
pub fn warn(line: &str) {
    let yellow = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
    _ = writeln!(anstream::stderr().lock(), "{yellow}warning:{yellow:#} {}", sanitize(line));
}
