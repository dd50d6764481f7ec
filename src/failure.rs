//! Errors at the edge: what a person reads, and the exit code a script reads. One table, below.
//!
//! The numbers are those of sops where it has one (sops 3.13.2 `cmd/sops/codes/codes.go`); ours begin at 210, above
//! all of sops's. Signals end us with 128 + their number, and `exec-env` and `exec-file` hand on their child's code.
//!
//! | code | kind | since |
//! |---|---|---|
//! | 1, 2, 3, 4, 7, 8, 23, 25, 51, 91, 92, 100, 112, 128, 200, 201, 203 | see [`TABLE`] | sops |
//! | 210 – 235 | see [`TABLE`] | sealant |

use std::error::Error;
use std::fmt;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::document::path::PathError;
use crate::fsio::FsError;
use crate::fsio::batch::BatchError;
use crate::fsio::child::ChildError;
use crate::fsio::printable::sanitize;
#[cfg(feature = "kube")]
use crate::k8s::{Cause, ClusterError};
use crate::keyservice::report::Policy;
use crate::keyservice::{CannotOpen, Names, WrapError};
#[cfg(feature = "gcp")]
use crate::net::google::GoogleError;
#[cfg(feature = "vault")]
use crate::net::vault::VaultError;
#[cfg(feature = "gcp")]
use crate::store::gcs::GcsError;
#[cfg(feature = "aws")]
use crate::store::s3::{S3Cause, S3Error};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)+) => {
        /// What went wrong, as far as a script may care.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])+ $name,)+
        }

        /// Every kind with its exit code and what it means: the source of `--help` and of the manual.
        pub const TABLE: &[(Kind, u8, &str)] =
            &[$((Kind::$name, $code, concat!($($doc),+).trim_ascii()),)+];

        impl Kind {
            /// The exit code.
            pub fn code(self) -> u8 {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

kinds! {
    /// anything without a number of its own, also a wrong command line and a key that cannot be wrapped
    Generic = 1;
    /// an input file cannot be read or parsed
    CannotRead = 2;
    /// an output file cannot be written
    CannotWrite = 3;
    /// the result cannot be spelled in the output format
    CannotEmit = 4;
    /// a value given to set, or the place it should go to, has the wrong form
    BadSetValue = 7;
    /// options that exclude each other
    ConflictingOptions = 8;
    /// a value cannot be encrypted
    CannotEncryptValue = 23;
    /// a value cannot be decrypted: it was changed, or moved from where it was encrypted
    CannotDecryptValue = 25;
    /// the MAC is missing or does not match: something in the file was changed without sealant
    MacMismatch = 51;
    /// a key path cannot be read
    BadPath = 91;
    /// there is no document to encrypt
    NoDocument = 92;
    /// no command or file was named, or the file does not exist
    NoFile = 100;
    /// the same kind of key twice in the decryption order
    DuplicateDecryptionOrder = 112;
    /// no identity opens the file
    CannotOpen = 128;
    /// the edited text is the old text
    NotChanged = 200;
    /// the editor cannot be run, or failed
    NoEditor = 201;
    /// the file is encrypted already
    AlreadyEncrypted = 203;
    /// no creation rule, or destination rule, matches the file
    NoRule = 210;
    /// the rule selects no value of the file
    NothingSelected = 211;
    /// the configuration file or a rule in it is invalid
    BadConfig = 212;
    /// a regular expression is invalid
    BadRegex = 213;
    /// a mapping has the same key twice
    DuplicateKey = 214;
    /// a plaintext value looks like an encrypted one
    LooksEncrypted = 215;
    /// the document has a shape that sops cannot represent
    Unrepresentable = 216;
    /// the file was changed by somebody else meanwhile
    Changed = 217;
    /// another sealant is writing the file
    Locked = 218;
    /// the file, its folder or its file system is read-only
    ReadOnly = 219;
    /// the document has nothing at this key path
    NoSuchPath = 220;
    /// the input is larger or deeper than the limits allow
    TooLarge = 221;
    /// the disk is full
    DiskFull = 222;
    /// the target is a folder, a device or a dangling link, or is named twice
    OddTarget = 223;
    /// the file exists already and is not overwritten
    Exists = 224;
    /// the file is not encrypted
    NotEncrypted = 225;
    /// what was encrypted does not decrypt to the same text: a defect, nothing was written
    SelfCheck = 226;
    /// the encrypted file's metadata is damaged
    BadMetadata = 227;
    /// a secret store cannot be reached, cannot be trusted, or does not work
    StoreUnreachable = 228;
    /// a secret store refuses: no token or a wrong one, no permission, no such place
    StoreRefuses = 229;
    /// a certificate is expired, is none, or is not for an RSA key
    CertificateUnfit = 230;
    /// a cluster cannot be reached or cannot be trusted, or no configuration names one
    ClusterUnreachable = 231;
    /// a cluster refuses: no credentials or wrong ones, no permission, no such object
    ClusterRefuses = 232;
    /// no private key at hand opens a sealed value
    CannotUnseal = 233;
    /// a check found something
    CheckFailed = 234;
    /// some Secrets could not be made of their ExternalSecrets; the others were
    SyncIncomplete = 235;
}

/// An error on its way to the person: message, cause, lines of detail, and what to try.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
    details: Vec<String>,
    hints: Vec<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
    cannot_open: Option<Box<CannotOpen>>,
}

impl Failure {
    /// A failure with its first line: lower case, no full stop, never a value.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), details: Vec::new(), hints: Vec::new(), source: None, cannot_open: None }
    }

    /// A failure whose first line is what the error says.
    pub fn of(kind: Kind, error: &dyn Error) -> Self {
        let mut failure = Self::new(kind, error.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            failure.add_cause(error.to_string());
            cause = error.source();
        }
        failure
    }

    /// Nobody here can open `file`; `policy` is what its creation rule says, if one is for it.
    pub fn cannot_open(file: &str, error: Box<CannotOpen>, names: &Names, policy: Option<&Policy>) -> Self {
        let report = error.report(file, names, policy);
        Self {
            details: report.details,
            hints: report.hints,
            cannot_open: Some(error),
            ..Self::new(Kind::CannotOpen, report.message)
        }
    }

    /// What was tried, when nobody here can open the file.
    pub fn tried(&self) -> Option<&CannotOpen> {
        self.cannot_open.as_deref()
    }

    /// Adds a line below the first.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Adds what to try next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the error behind this one; it is printed as a detail unless the message says the same.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says before everything else what the message is about: `name: message`.
    #[must_use]
    pub fn about(mut self, name: impl fmt::Display) -> Self {
        self.message = format!("{name}: {}", self.message);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.kind.code()
    }

    /// The first line, without the program's name.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The lines below the first.
    pub fn details(&self) -> &[String] {
        &self.details
    }

    /// What to try next.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Prints everything on standard error, in colour when that is a terminal and `NO_COLOR` is not set.
    pub fn print(&self) {
        // when standard error is gone there is nobody to tell
        _ = self.write(&mut anstream::stderr().lock());
    }

    /// Writes everything, with the terminal's colours: a stream of `anstream` removes them where they do not belong.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        let bold = Style::new().bold();
        write_lines(out, &format!("{red}sealant:{red:#} "), &self.message)?;
        for line in self.details.iter().chain(&self.causes()) {
            write_lines(out, "  ", line)?;
        }
        for hint in &self.hints {
            write_lines(out, &format!("{bold}hint:{bold:#} "), hint)?;
        }
        Ok(())
    }

    fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut cause: Option<&dyn Error> = self.source.as_deref().map(|error| error as _);
        while let Some(error) = cause {
            let text = error.to_string();
            // many errors repeat their cause in their own text
            let said = |earlier: &str| earlier.contains(&text);
            if !said(&self.message) && !causes.iter().any(|earlier| said(earlier)) {
                causes.push(text);
            }
            cause = error.source();
        }
        causes
    }

    fn add_cause(&mut self, text: String) {
        if !self.message.contains(&text) && !self.details.iter().any(|line| line.contains(&text)) {
            self.details.push(text);
        }
    }
}

/// One line for each line of `text`, what follows the first indented; nothing in it can command the terminal.
fn write_lines(out: &mut dyn Write, prefix: &str, text: &str) -> io::Result<()> {
    let mut lines = text.lines();
    writeln!(out, "{prefix}{}", sanitize(lines.next().unwrap_or_default()))?;
    lines.try_for_each(|line| writeln!(out, "    {}", sanitize(line)))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|error| error as _)
    }
}

impl From<FsError> for Failure {
    fn from(error: FsError) -> Self {
        let failure = Self::of(kind_of(&error), &error);
        match &error {
            _ if error.is_full() => failure.hint("free some space: the old file is untouched"),
            _ if error.is_too_many_open() => {
                failure.hint("allow more open files (ulimit -n), or take fewer files in one call")
            }
            FsError::ReadOnly(path) => failure.hint(format!("make it writable first: chmod u+w {}", path.display())),
            FsError::ReadOnlyFolder { folder, .. } => {
                failure.hint(format!("make the folder writable first: chmod u+w {}", folder.display()))
            }
            FsError::Changed(_) => failure.hint("nothing was written: run the command again"),
            FsError::Locked(_) => failure.hint("wait until the other command has finished"),
            FsError::Dangling { .. } => failure.hint("remove the link, or make the file it leads to"),
            _ => failure,
        }
    }
}

fn kind_of(error: &FsError) -> Kind {
    match error {
        FsError::Missing(_) => Kind::NoFile,
        FsError::Exists(_) => Kind::Exists,
        FsError::NotAFile(_) | FsError::Dangling { .. } | FsError::Twice(_) => Kind::OddTarget,
        FsError::ReadOnly(_) | FsError::ReadOnlyFolder { .. } => Kind::ReadOnly,
        FsError::TooLarge { .. } | FsError::TooMany { .. } | FsError::TooDeep { .. } => Kind::TooLarge,
        FsError::Changed(_) => Kind::Changed,
        FsError::Locked(_) => Kind::Locked,
        FsError::Io { .. } if error.is_full() => Kind::DiskFull,
        FsError::Io { source, .. } if source.kind() == io::ErrorKind::ReadOnlyFilesystem => Kind::ReadOnly,
        FsError::Io { action: "read" | "list", .. } => Kind::CannotRead,
        FsError::Io { .. } => Kind::CannotWrite,
    }
}

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Nothing(error) => error.into(),
            BatchError::Partly { ref source, .. } => Self::of(kind_of(source), &error)
                .hint("every file is whole, old or new: run the command again for the rest"),
            BatchError::NotDurable(_) => Self::of(Kind::CannotWrite, &error),
        }
    }
}

impl From<ChildError> for Failure {
    fn from(error: ChildError) -> Self {
        Self::of(Kind::NoEditor, &error)
    }
}

impl From<PathError> for Failure {
    fn from(error: PathError) -> Self {
        Self::of(Kind::BadPath, &error).hint("write it like db.users[0].password, \"a.b\".c or [\"db\"][\"x\"]")
    }
}

#[cfg(feature = "kube")]
impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        let kind = match error.cause {
            Cause::Exec | Cause::Unauthorized | Cause::Forbidden | Cause::NotFound | Cause::Conflict => {
                Kind::ClusterRefuses
            }
            // what was sent is not what it takes
            Cause::Server if error.status.is_some_and(|status| (400..500).contains(&status)) => Kind::ClusterRefuses,
            _ => Kind::ClusterUnreachable,
        };
        let failure = Self::new(kind, error.text);
        match error.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

#[cfg(feature = "vault")]
impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let (kind, hint) = match &error {
            VaultError::Address(_) => {
                (Kind::BadConfig, "the address is vault_address of the destination rule, else VAULT_ADDR")
            }
            VaultError::Path(_) => (Kind::BadConfig, "the path is made of the destination rule and the file's name"),
            VaultError::Token => (Kind::StoreRefuses, "set VAULT_TOKEN, or log in with: vault login"),
            VaultError::Namespace => (Kind::BadConfig, "the namespace is in VAULT_NAMESPACE"),
            VaultError::NoCertificates => {
                (Kind::BadConfig, "the files are those of VAULT_CACERT or VAULT_CAPATH; they have to be PEM")
            }
            VaultError::OwnCertificate => {
                (Kind::BadConfig, "the files are those of VAULT_CLIENT_CERT and VAULT_CLIENT_KEY; they have to be PEM")
            }
            VaultError::NoSystemRoots => {
                (Kind::StoreUnreachable, "install the package ca-certificates, or name a file in VAULT_CACERT")
            }
            VaultError::Unreachable { .. } => (Kind::StoreUnreachable, "is VAULT_ADDR right, and does the server run?"),
            VaultError::Timeout { .. } => (Kind::StoreUnreachable, "VAULT_CLIENT_TIMEOUT allows more time"),
            VaultError::Tls { .. } => {
                (Kind::StoreUnreachable, "if the certificate is from an authority of your own, name it in VAULT_CACERT")
            }
            VaultError::Redirect { .. } => (Kind::StoreUnreachable, "if you trust that place, name it in VAULT_ADDR"),
            VaultError::TooLarge { .. } | VaultError::NotVault { .. } => {
                (Kind::StoreUnreachable, "is VAULT_ADDR the address of a Vault?")
            }
            VaultError::Refused { status: 503, .. } => {
                (Kind::StoreUnreachable, "vault status says whether it is sealed")
            }
            VaultError::Refused { status: 500.., .. } => (Kind::StoreUnreachable, "the server's log says more"),
            VaultError::Refused { status: 403, .. } => {
                (Kind::StoreRefuses, "vault token lookup says whether the token is still good, and its policies")
            }
            VaultError::Refused { status: 404, .. } => (
                Kind::StoreRefuses,
                "vault secrets list shows the stores: vault_kv_mount_name and vault_kv_version have to fit one of them",
            ),
            VaultError::Refused { .. } => (Kind::StoreRefuses, "the message is the server's"),
        };
        Self::of(kind, &error).hint(hint)
    }
}

#[cfg(feature = "gcp")]
impl From<GcsError> for Failure {
    fn from(error: GcsError) -> Self {
        let (kind, hint) = match &error {
            GcsError::Emulator(_) => (Kind::BadConfig, "STORAGE_EMULATOR_HOST names it"),
            GcsError::Universe(_) => (Kind::BadConfig, "GOOGLE_CLOUD_UNIVERSE_DOMAIN names it"),
            GcsError::Bucket(_) => (Kind::BadConfig, "it is gcs_bucket of the destination rule"),
            GcsError::Name(_) => {
                (Kind::BadConfig, "it is made of gcs_prefix of the destination rule and the file's name")
            }
            GcsError::Google { source, .. } | GcsError::Client(source) => bucket_trouble(source),
        };
        Self::of(kind, &error).hint(hint)
    }
}

#[cfg(feature = "gcp")]
fn bucket_trouble(error: &GoogleError) -> (Kind, &'static str) {
    let log_in = "log in with: gcloud auth application-default login";
    match error {
        GoogleError::Credentials(_) => (Kind::StoreRefuses, log_in),
        GoogleError::NoRoots => (Kind::StoreUnreachable, "install the package ca-certificates"),
        GoogleError::Timeout { .. } | GoogleError::Unreachable { .. } => {
            (Kind::StoreUnreachable, "is the network there, and STORAGE_EMULATOR_HOST as it should be?")
        }
        GoogleError::Redirect { .. } | GoogleError::NotGoogle { .. } => {
            (Kind::StoreUnreachable, "is there something between here and Google, or another STORAGE_EMULATOR_HOST?")
        }
        GoogleError::Refused { refusal, .. } => match refusal.status {
            401 => (Kind::StoreRefuses, log_in),
            403 => (
                Kind::StoreRefuses,
                "the account needs storage.objects.create, and storage.objects.delete to replace what is there \
                 (the role Storage Object User)",
            ),
            404 => (Kind::StoreRefuses, "gcloud storage buckets list shows the buckets that there are"),
            429 | 500.. => (Kind::StoreUnreachable, "it was tried several times: try again later"),
            _ => (Kind::StoreRefuses, "the message is Google's"),
        },
    }
}

#[cfg(feature = "aws")]
impl From<S3Error> for Failure {
    fn from(error: S3Error) -> Self {
        let kind = match error.cause {
            S3Cause::Settings => Kind::BadConfig,
            S3Cause::Unreachable => Kind::StoreUnreachable,
            S3Cause::Refused => Kind::StoreRefuses,
        };
        let failure = Self::of(kind, &error);
        error.hint.into_iter().fold(failure, Failure::hint)
    }
}

impl From<WrapError> for Failure {
    fn from(error: WrapError) -> Self {
        let failure = Self::of(Kind::Generic, &error);
        let hint = match &error {
            WrapError::Key { source, .. } => source.hint(),
            _ => None,
        };
        hint.into_iter().fold(failure, Failure::hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(failure: &Failure) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        failure.write(&mut out).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn first_line_details_hints() {
        let failure = Failure::new(Kind::NoRule, "no creation rule matches a.yaml")
            .detail("looked in .sops.yaml")
            .caused_by(io::Error::other("because"))
            .hint("add one")
            .hint("or two");
        assert_eq!(
            text(&failure),
            "sealant: no creation rule matches a.yaml\n  looked in .sops.yaml\n  because\nhint: add one\nhint: or two\n"
        );
        assert_eq!((failure.code(), failure.to_string().as_str()), (210, failure.message()));
    }

    #[test]
    fn nothing_commands_the_terminal() {
        let failure = Failure::new(Kind::Generic, "a\x1b[2Jb\nnext").about("f\u{202e}");
        assert_eq!(text(&failure), "sealant: f\\u{202e}: a\\u{1b}[2Jb\n    next\n");
    }

    #[test]
    fn causes_are_not_repeated() {
        let error = FsError::io("write", "f".as_ref(), io::Error::other("no luck"));
        assert_eq!(text(&error.into()), "sealant: cannot write f: no luck\n");
        let failure = Failure::new(Kind::Generic, "it failed: no luck").caused_by(io::Error::other("no luck"));
        assert_eq!(text(&failure), "sealant: it failed: no luck\n");
    }

    #[test]
    fn codes_are_unique_and_described() {
        let mut codes: Vec<u8> = TABLE.iter().map(|row| row.1).collect();
        assert!(codes.is_sorted());
        codes.dedup();
        assert_eq!(codes.len(), TABLE.len());
        for (kind, code, meaning) in TABLE {
            assert_eq!(kind.code(), *code);
            assert!(!meaning.is_empty() && !meaning.ends_with('.') && !meaning.contains('\n'));
        }
    }

    #[cfg(unix)]
    #[test]
    fn too_many_open_files_name_the_limit() {
        let error = io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
        let failure = Failure::from(FsError::io("lock", "f".as_ref(), error));
        assert!(failure.hints().iter().any(|hint| hint.contains("ulimit -n")));
    }

    #[test]
    fn file_errors_have_their_own_codes() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let read_only = io::Error::from(io::ErrorKind::ReadOnlyFilesystem);
        let other = || io::Error::from(io::ErrorKind::PermissionDenied);
        let path = std::path::Path::new("f");
        for (error, kind) in [
            (FsError::io("write", path, full), Kind::DiskFull),
            (FsError::io("write", path, read_only), Kind::ReadOnly),
            (FsError::io("write", path, other()), Kind::CannotWrite),
            (FsError::io("read", path, other()), Kind::CannotRead),
            (FsError::Missing("f".into()), Kind::NoFile),
            (FsError::Locked("f".into()), Kind::Locked),
            (FsError::Changed("f".into()), Kind::Changed),
        ] {
            assert_eq!(Failure::from(error).kind(), kind);
        }
    }
}
