//! Where the demo plays: a folder with the example repository, this very program run in it, and what is printed of that.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Color, Style};

use super::compare::Line;
use crate::failure::{Failure, Kind};
use crate::fsio::child::{self, Ended};
use crate::fsio::read::{DOCUMENT_LIMIT, read_bounded};
use crate::fsio::write::{NewMode, write_atomic};
use crate::fsio::{folder, output};

/// More than any command of the demo prints.
const LIMIT: u64 = 4 * 1024 * 1024;

/// See the file's description.
pub struct Stage {
    /// The repository.
    pub shop: PathBuf,
    /// A home folder of its own, so that nobody's keys are touched.
    home: PathBuf,
    /// The file with the identity in use.
    identity: Option<String>,
    /// Checks that held.
    pub checks: usize,
}

impl Stage {
    /// Makes the folders.
    ///
    /// # Errors
    /// What the file system says.
    pub fn new(within: &Path) -> Result<Self, Failure> {
        let stage = Self { shop: within.join("shop"), home: within.join("home"), identity: None, checks: 0 };
        folder::make(&stage.shop, true)?;
        folder::make(&stage.home, true)?;
        Ok(stage)
    }

    /// Writes a file of the repository.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &str, text: &str) -> Result<(), Failure> {
        let path = self.shop.join(path);
        if let Some(parent) = path.parent() {
            folder::make(parent, false)?;
        }
        Ok(write_atomic(&path, text.as_bytes(), NewMode::Public)?)
    }

    /// Reads a file of the repository.
    ///
    /// # Errors
    /// What the file system says, and text that is not UTF-8.
    pub fn read(&self, path: &str) -> Result<String, Failure> {
        let content = read_bounded(&self.shop.join(path), DOCUMENT_LIMIT)?;
        String::from_utf8(content.bytes.to_vec())
            .map_err(|_| Failure::new(Kind::Generic, format!("{path} is not UTF-8 text")))
    }

    /// `export SOPS_AGE_KEY_FILE=…`
    pub fn export_identity(&mut self, file: &str) {
        command(&format!("export SOPS_AGE_KEY_FILE={file}"));
        self.identity = Some(file.to_owned());
    }

    /// Runs the program as the owner of `identity`, prints the command and what it says, and checks how it ends.
    ///
    /// # Errors
    /// Another exit code than `wanted`.
    pub fn sealant_as(&mut self, identity: &str, arguments: &[&str], wanted: u8) -> Result<Ended, Failure> {
        command(&format!("SOPS_AGE_KEY_FILE={identity} {}", shown(arguments)));
        self.run(Some(identity), arguments, b"", wanted)
    }

    /// Runs the program, prints the command and what it says, and checks that it succeeds.
    ///
    /// # Errors
    /// It fails.
    pub fn sealant(&mut self, arguments: &[&str]) -> Result<Ended, Failure> {
        command(&shown(arguments));
        let identity = self.identity.clone();
        self.run(identity.as_deref(), arguments, b"", 0)
    }

    /// The same with `input` on standard input.
    ///
    /// # Errors
    /// It fails.
    pub fn sealant_with(&mut self, input: &str, arguments: &[&str]) -> Result<Ended, Failure> {
        command(&format!("printf %s '{input}' | {}", shown(arguments)));
        let identity = self.identity.clone();
        self.run(identity.as_deref(), arguments, input.as_bytes(), 0)
    }

    fn run(&mut self, identity: Option<&str>, arguments: &[&str], input: &[u8], wanted: u8) -> Result<Ended, Failure> {
        let home: &OsStr = self.home.as_os_str();
        let config = self.home.join(".config");
        let mut variables: Vec<(&str, &OsStr)> = vec![
            ("HOME", home),
            ("USERPROFILE", home),
            ("AppData", config.as_os_str()),
            ("XDG_CONFIG_HOME", config.as_os_str()),
        ];
        if let Some(identity) = identity {
            variables.push(("SOPS_AGE_KEY_FILE", OsStr::new(identity)));
        }
        let ended = child::run_self(arguments, &self.shop, &variables, input, LIMIT)?;
        for bytes in [&ended.stderr, &ended.stdout] {
            let text = String::from_utf8_lossy(bytes);
            text.lines().for_each(|line| print(Style::new(), line));
        }
        let ended_well = ended.code == Some(i32::from(wanted));
        if !ended_well {
            let text = format!("{} did not end with {wanted}", shown(arguments));
            return Err(Failure::new(Kind::Generic, text));
        }
        Ok(ended)
    }

    /// Counts a check that must hold.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&mut self, holds: bool, what: &str) -> Result<(), Failure> {
        if !holds {
            return Err(Failure::new(Kind::Generic, format!("this should hold, and does not: {what}")));
        }
        self.checks += 1;
        let green = Style::new().bold().fg_color(Some(Color::Ansi(AnsiColor::Green)));
        print(green, &format!("✓ {what}"));
        Ok(())
    }
}

fn shown(arguments: &[&str]) -> String {
    let words = std::iter::once("sealant").chain(arguments.iter().copied());
    let words: Vec<_> = words.map(|word| shlex::try_quote(word).unwrap_or(word.into())).collect();
    words.join(" ")
}

/// Prints a heading.
pub fn heading(text: &str) {
    print(Style::new(), "");
    print(Style::new().bold(), text);
}

/// Prints a remark.
pub fn remark(text: &str) {
    print(Style::new(), text);
}

/// Prints a command as one would type it.
pub fn command(text: &str) {
    let cyan = Style::new().bold().fg_color(Some(Color::Ansi(AnsiColor::Cyan)));
    print(cyan, &format!("$ {text}"));
}

/// Prints a diff.
pub fn diff(lines: &[Line]) {
    for line in lines {
        let colour = match line.mark {
            '-' => Some(AnsiColor::Red),
            '+' => Some(AnsiColor::Green),
            '@' => Some(AnsiColor::Cyan),
            _ => None,
        };
        let style = Style::new().fg_color(colour.map(Color::Ansi));
        let mark = if line.mark == '@' { ' ' } else { line.mark };
        print(style, &format!("{mark}{}", line.text));
    }
}

/// One line on standard output, safe to print.
fn print(style: Style, line: &str) {
    output::show(style, line);
}
