//! Errors of the SOPS file for people: what kind of failure, where, and what to do next.

use crate::document::intake::CONFLICT;
use crate::document::kind::DocumentKind;
use crate::failure::{Failure, Kind};
use crate::sops::file::FileError;

/// What is read when no file is named.
const STDIN: &str = "standard input";

/// The line an error is about.
pub fn line_of(error: &FileError) -> Option<usize> {
    match error {
        FileError::Yaml(error) => Some(error.line),
        FileError::Format(error) => Some(error.line),
        FileError::Shape { line, .. }
        | FileError::Unrepresentable { line, .. }
        | FileError::NotAValue { line, .. }
        | FileError::Unspellable { line, .. }
        | FileError::OnlyNull { line }
        | FileError::OpenBlockAtEnd { line }
        | FileError::AlreadyEncrypted { line }
        | FileError::LooksEncrypted { line, .. }
        | FileError::CommentLooksEncrypted { line }
        | FileError::AliasBomb { line }
        | FileError::Value { line, .. } => Some(*line),
        _ => None,
    }
}

/// An error of the pure room for people: kind, `file:line: message`, hint.
pub fn failure(name: &str, error: &FileError) -> Failure {
    let (kind, hint) = advice(error);
    let text = match error {
        FileError::Yaml(error) => {
            format!("{name}:{}:{}: {}", error.line, error.column, error.problem)
        }
        FileError::Format(error) => format!("{name}:{}:{}: {}", error.line, error.column, error.what),
        FileError::NotEncrypted if !has_entry(name) => {
            format!("{name}: there is no sops metadata: the file is not encrypted")
        }
        _ => match line_of(error) {
            Some(line) => {
                let text = error.to_string();
                let prefix = format!("line {line}: ");
                let rest = text.strip_prefix(&prefix).unwrap_or(&text);
                format!("{name}:{line}: {rest}")
            }
            None => format!("{name}: {error}"),
        },
    };
    let failure = Failure::new(kind, text);
    match hint {
        Some(hint) => failure.hint(hint),
        None if is_conflict(error) => failure.hint(format!(
            "settle the conflict first: git checkout --ours {name} (or --theirs), then make the other side's change \
             with sealant set or edit"
        )),
        None if matches!(error, FileError::NotEncrypted) && name != STDIN => {
            failure.hint(format!("encrypt it with: sealant encrypt -i {name}"))
        }
        None => failure,
    }
}

/// Whether metadata of that format is an entry with the name `sops`.
fn has_entry(name: &str) -> bool {
    matches!(DocumentKind::from_name(name), None | Some(DocumentKind::Yaml | DocumentKind::Json))
}

fn is_conflict(error: &FileError) -> bool {
    match error {
        FileError::Yaml(error) => error.problem == CONFLICT,
        FileError::Format(error) => error.what == CONFLICT,
        _ => false,
    }
}

fn advice(error: &FileError) -> (Kind, Option<&'static str>) {
    use crate::document::yaml::ProblemKind;
    match error {
        FileError::Yaml(error) if error.problem.contains("deep") || error.problem.contains("larger") => {
            (Kind::TooLarge, None)
        }
        FileError::Format(error) if error.what.contains("deep") || error.what.contains("larger") => {
            (Kind::TooLarge, None)
        }
        FileError::Yaml(_) | FileError::Format(_) => (Kind::CannotRead, None),
        FileError::Unrepresentable { is_final: true, .. } | FileError::Unspellable { .. } => {
            (Kind::Unrepresentable, None)
        }
        FileError::Unrepresentable { .. } => {
            (Kind::Unrepresentable, Some("if sops need not read the file, pass --allow-unrepresentable"))
        }
        FileError::NotAValue { .. } => {
            (Kind::Unrepresentable, Some("write the value itself there, or change the rule's selection"))
        }
        FileError::Shape { kind: ProblemKind::DuplicateKey, .. } => {
            (Kind::DuplicateKey, Some("remove one of them: which value counts would be a guess"))
        }
        FileError::Shape { kind, .. } if kind.is_final() => (Kind::Unrepresentable, None),
        FileError::Shape { .. } | FileError::OnlyNull { .. } => {
            (Kind::Unrepresentable, Some("if sops need not read the file, pass --allow-unrepresentable"))
        }
        FileError::OpenBlockAtEnd { .. } => (Kind::Unrepresentable, Some("end the file with a line break")),
        FileError::CommentRule => (
            Kind::Unrepresentable,
            Some("write out the alias that the comment stands beside, or move the comment to a line of its own"),
        ),
        FileError::Empty => (Kind::NoDocument, None),
        FileError::AlreadyEncrypted { .. } => (
            Kind::AlreadyEncrypted,
            Some("change it with sealant edit or sealant set, or take a new plain text over with encrypt --onto"),
        ),
        FileError::LooksEncrypted { .. } | FileError::CommentLooksEncrypted { .. } => {
            (Kind::LooksEncrypted, Some("it is most likely a piece of an encrypted file: put the plain value there"))
        }
        FileError::NothingSelected => (
            Kind::NothingSelected,
            Some("check the rule's selection against the keys of the file, or pass --allow-empty"),
        ),
        FileError::AliasBomb { .. } => (Kind::TooLarge, None),
        FileError::NotEncrypted => (Kind::NotEncrypted, None),
        FileError::NotBinary => (Kind::CannotRead, Some("say what it is: --input-type json")),
        FileError::Metadata(_) => (Kind::BadMetadata, Some("restore the sops entry from the file's Git history")),
        FileError::Regex(_) => (Kind::BadRegex, None),
        FileError::CommentPattern { .. } => (
            Kind::BadRegex,
            Some(
                "make the pattern longer, so that it does not match \"ENC[AES256_GCM,data:…,iv:…,tag:…,type:comment]\"",
            ),
        ),
        FileError::Value { .. } => (
            Kind::CannotDecryptValue,
            Some("restore the value from the file's Git history: it was changed, or moved to another key"),
        ),
        FileError::NoMac | FileError::BadMac | FileError::MacMismatch => (
            Kind::MacMismatch,
            Some(
                "compare with the file's Git history; sealant decrypt --ignore-mac shows the values without this check",
            ),
        ),
        FileError::MetadataEdited => (
            Kind::ConflictingOptions,
            Some("leave it as it was shown; who can open the file is changed by updatekeys, rotate and groups"),
        ),
        FileError::Random(_) => (Kind::Generic, None),
        FileError::Unfaithful => (
            Kind::SelfCheck,
            Some("this is a defect of sealant: please report the shape of the file, without its values"),
        ),
    }
}
