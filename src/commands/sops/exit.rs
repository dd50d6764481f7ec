//! How a run called as `sops` ends badly: with the numbers and the words of sops (sops 3.13.2 `cmd/sops/codes/codes.go`),
//! as programs that call it look for both. What we know beyond that follows on lines of its own.

use super::report;
use crate::commands::rekey::RekeyError;
use crate::failure::{Failure, Kind};
use crate::fsio::{clock, output};
use crate::keyservice::WrapError;

/// What it says for a file that is encrypted already.
const ALREADY: &str = "\
The file you have provided contains a top-level entry called 'sops', or for
flat file formats top-level entries starting with 'sops_'. This is
generally due to the file already being encrypted. SOPS uses a top-level
entry called 'sops' to store the metadata required to decrypt the file. For
this reason, SOPS can not encrypt files that already contain such an entry.

If this is an unencrypted file, rename the 'sops' entry.

If this is an encrypted file and you want to edit it, use the editor mode,
for example: `sops edit my_file.yaml`";
const CANNOT_OPEN: &str = "Failed to get the data key required to decrypt the SOPS file.";
const NO_KEYS: &str =
    "config file not found, or has no creation rules, and no keys provided through command line options";
const NO_RULE: &str = "error loading config: no matching creation rules found";

/// An exit code and what is said before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exit {
    /// The code.
    pub code: u8,
    /// What is said; may have several lines.
    pub text: String,
    /// It is said as a fatal line of the log.
    fatal: bool,
}

impl Exit {
    /// With this code and text.
    pub fn new(code: u8, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), fatal: false }
    }

    /// With code 1 and a fatal line of the log.
    pub fn fatal(text: impl Into<String>) -> Self {
        Self { code: 1, text: text.into(), fatal: true }
    }

    /// The same with another code.
    #[must_use]
    pub fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// No configuration, or nothing in it for this file.
    pub fn no_rule(has_rules: bool) -> Self {
        Self::new(1, if has_rules { NO_RULE } else { NO_KEYS })
    }

    /// No file was named.
    pub fn no_file() -> Self {
        Self::new(Kind::NoFile.code(), "Error: no file specified")
    }

    /// A failure while a plain text is encrypted.
    pub fn encrypting(failure: &Failure) -> Self {
        Self::of(failure, true)
    }

    /// A data key that cannot be wrapped.
    pub fn cannot_wrap(error: &WrapError) -> Self {
        let why = match error {
            WrapError::NoGroups | WrapError::EmptyGroup(_) => "empty key group provided".to_owned(),
            WrapError::Key { key, source } => {
                format!("failed to encrypt new data key with master key \"{key}\": {source}")
            }
            WrapError::NotSupported(key) => {
                format!(
                    "failed to encrypt new data key with master key \"{key}\": no key service that is used here knows this kind of key"
                )
            }
            WrapError::Split(error) => error.to_string(),
        };
        let hint = match error {
            WrapError::Key { source, .. } => source.hint().map(|hint| format!("\nhint: {hint}")),
            _ => None,
        };
        Self::new(1, format!("Could not generate data key: [{why}]{}", hint.unwrap_or_default()))
    }

    fn of(failure: &Failure, encrypting: bool) -> Self {
        let message = failure.message();
        let first = match failure.kind() {
            Kind::NotEncrypted => "sops metadata not found".to_owned(),
            Kind::MacMismatch => format!("MAC mismatch. {message}"),
            Kind::CannotDecryptValue => format!("Error decrypting tree: {message}"),
            Kind::CannotEncryptValue | Kind::LooksEncrypted | Kind::SelfCheck => {
                format!("Error encrypting tree: {message}")
            }
            Kind::CannotOpen => match failure.tried() {
                Some(tried) => format!("{CANNOT_OPEN}\n\n{}\n{message}", report::text(tried)),
                None => format!("{CANNOT_OPEN}\n\n{message}"),
            },
            Kind::CannotRead | Kind::DuplicateKey | Kind::Unrepresentable if encrypting => {
                format!("Error unmarshalling file: {message}")
            }
            Kind::NoFile => format!("Error reading file: {message}"),
            Kind::AlreadyEncrypted => ALREADY.to_owned(),
            Kind::NoDocument => "File cannot be completely empty, it must contain at least one document".to_owned(),
            Kind::NotChanged => "File has not changed, exiting.".to_owned(),
            Kind::NoEditor => format!("Could not run editor: {message}"),
            Kind::NoRule if message.contains("matches") => NO_RULE.to_owned(),
            Kind::NoRule => NO_KEYS.to_owned(),
            Kind::BadConfig | Kind::BadRegex => format!("error loading config: {message}"),
            Kind::CannotEmit => format!("Error dumping file: {message}"),
            _ => message.to_owned(),
        };
        let details = failure.details().iter().map(|line| format!("\n  {line}"));
        // hints name our own commands and options, which is fine: it is us
        let hints = failure.hints().iter().map(|hint| format!("\nhint: {hint}"));
        let only_sops = [Kind::NotEncrypted, Kind::AlreadyEncrypted, Kind::NoDocument, Kind::NotChanged];
        let more: String = match only_sops.contains(&failure.kind()) {
            true => String::new(),
            false => details.chain(hints).collect(),
        };
        Self::new(code(failure.kind(), encrypting), first + &more)
    }

    /// Says it.
    pub fn print(&self) {
        if self.fatal {
            return log("CMD", "fatal", &self.text);
        }
        self.text.lines().for_each(output::say);
    }
}

impl From<Failure> for Exit {
    fn from(failure: Failure) -> Self {
        Self::of(&failure, false)
    }
}

impl From<RekeyError> for Exit {
    fn from(error: RekeyError) -> Self {
        match error {
            RekeyError::Wrap(error) => Self::cannot_wrap(&error),
            RekeyError::Other(failure) => Self::encrypting(&failure),
        }
    }
}

impl From<crate::fsio::FsError> for Exit {
    fn from(error: crate::fsio::FsError) -> Self {
        Failure::from(error).into()
    }
}

/// The number that sops has for it: ours begin where sops has none.
fn code(kind: Kind, encrypting: bool) -> u8 {
    match kind {
        Kind::CannotRead | Kind::DuplicateKey | Kind::Unrepresentable | Kind::TooLarge if encrypting => 2,
        Kind::CannotRead | Kind::DuplicateKey | Kind::Unrepresentable | Kind::TooLarge => 1,
        Kind::LooksEncrypted | Kind::SelfCheck => Kind::CannotEncryptValue.code(),
        Kind::Changed | Kind::Locked | Kind::ReadOnly | Kind::DiskFull | Kind::OddTarget | Kind::Exists => {
            Kind::CannotWrite.code()
        }
        kind if kind.code() < 210 => kind.code(),
        _ => 1,
    }
}

/// A line of the log, in the form that logrus has when nobody reads it on a terminal.
pub fn log(who: &str, level: &str, text: &str) {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    output::log(who, &format!("time=\"{}\" level={level} msg=\"{text}\"", clock::now()));
}

/// A warning of the log.
pub fn warn(text: &str) {
    log("CMD", "warning", text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::TABLE;

    #[test]
    fn all_numbers_are_those_of_sops() {
        let known = [1, 2, 3, 4, 7, 8, 23, 25, 51, 91, 92, 100, 112, 128, 200, 201, 203];
        for (kind, own, _) in TABLE {
            for encrypting in [false, true] {
                let code = code(*kind, encrypting);
                assert!(known.contains(&code), "{kind:?}: {code}");
                assert!(*own >= 210 || *own == code || *kind == Kind::CannotRead, "{kind:?}");
            }
        }
    }

    #[test]
    fn words_that_callers_look_for() {
        let first = |kind| Exit::from(Failure::new(kind, "why").hint("try")).text;
        assert_eq!(first(Kind::NotEncrypted), "sops metadata not found");
        assert!(first(Kind::MacMismatch).starts_with("MAC mismatch"));
        assert!(first(Kind::CannotOpen).starts_with("Failed to get the data key required"));
        assert!(first(Kind::AlreadyEncrypted).starts_with("The file you have provided contains"));
        assert_eq!(first(Kind::NotChanged), "File has not changed, exiting.");
        assert_eq!(first(Kind::Locked), "why\nhint: try");
        assert!(Exit::no_rule(true).text.contains("no matching creation rules found"));
        let empty = Exit::cannot_wrap(&WrapError::EmptyGroup(1));
        assert_eq!(empty.text, "Could not generate data key: [empty key group provided]");
    }
}
