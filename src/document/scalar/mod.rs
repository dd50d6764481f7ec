//! Scalars: how text resolves to a value, the bytes sops hashes, and how a value is spelled (being built).

/// What a value is encrypted as: the word after `type:` in `ENC[…]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TypeWord {
    /// Text.
    Str,
    /// A 64-bit signed integer.
    Int,
    /// A 64-bit float.
    Float,
    /// A boolean.
    Bool,
    /// A timestamp.
    Time,
    /// Raw bytes; never written.
    Bytes,
    /// A comment.
    Comment,
}

impl TypeWord {
    /// The word as files hold it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Time => "time",
            Self::Bytes => "bytes",
            Self::Comment => "comment",
        }
    }

    /// The word back to the type; `None` for any other word.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "str" => Self::Str,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "time" => Self::Time,
            "bytes" => Self::Bytes,
            "comment" => Self::Comment,
            _ => return None,
        })
    }
}
