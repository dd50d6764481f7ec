//! The text of key files, and the names of their owners.

use std::path::Path;

use zeroize::Zeroizing;

use crate::fsio::env::Env;
use crate::keyservice::age::NewIdentity;

/// Longest name: it becomes a file's name.
const MAX_NAME: usize = 64;

/// The private file, as age-keygen writes it.
pub fn private(key: &NewIdentity, name: &str, now: &str) -> Zeroizing<String> {
    let parts = [
        "# age identity of ",
        name,
        ", private: whoever has this file can open what is encrypted for it\n# created: ",
        now,
        "\n# public key: ",
        &key.recipient,
        "\n",
        key.identity.expose(),
        "\n",
    ];
    // room for all of it, so that no unwiped copy is left when the text grows
    let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| text.push_str(part));
    text
}

/// The public file `keys/NAME.pub`, in the syntax of age recipients files.
pub fn public(name: &str, recipient: &str) -> String {
    format!("# {name}\n{recipient}\n")
}

/// Whether a name can be a file's name on every system.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+');
    !name.is_empty()
        && name.len() <= MAX_NAME
        && !name.starts_with(['.', '-'])
        && !name.ends_with('.')
        && name.chars().all(fits)
}

/// The user's name, for who gives none: that of the home folder.
pub fn default_name(env: &Env) -> String {
    let home = env.home().and_then(Path::file_name);
    let name = home.map(|name| name.to_string_lossy().into_owned());
    name.filter(|name| is_name(name)).unwrap_or_else(|| "me".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsio::env::Var;
    use crate::keyservice::age::generate;
    use crate::keyservice::names::recipients;

    #[test]
    fn private_text_is_an_identity_file() {
        let key = generate();
        let text = private(&key, "alice", "2026-01-15T08:00:00Z");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[..3].iter().all(|line| line.starts_with('#')));
        assert_eq!(lines[3], key.identity.expose());
        assert_eq!(text.len(), text.capacity());
    }

    #[test]
    fn public_text_is_a_recipients_file() {
        let text = public("alice", "age1x");
        assert_eq!(recipients(&text).unwrap(), ["age1x"]);
    }

    #[test]
    fn names_are_file_names() {
        for name in ["alice", "ci-prod", "a.b", "zoë", "me@host"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".hidden", "-x", "a/b", "a b", "a\n", "..", "x.", "a\\b"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn the_home_folder_has_a_name() {
        let named = |home: &str| default_name(&Env::from_pairs([(Var::Home, home)]));
        if cfg!(unix) {
            assert_eq!(named("/home/alice"), "alice");
            assert_eq!(named("/"), "me");
            assert_eq!(named("/home/a b"), "me");
        }
    }
}
