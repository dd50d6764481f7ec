//! What `init` writes: the files of a new repository.

/// The commands that git runs to show an encrypted file.
pub const TEXTCONV: &str = "sealant textconv";

/// The lines of `.gitattributes`. Files that are not encrypted are shown as they are.
const ATTRIBUTES: [&str; 2] = ["*.yaml diff=sealant", "*.yml diff=sealant"];
const ATTRIBUTES_COMMENT: &str =
    "# git diff shows plain text to people who hold a key; files in clear are not affected";

/// `.sops.yaml` for one recipient.
pub fn sops_yaml(name: &str, recipient: &str) -> String {
    format!(
        "\
# Who may open what, and which values are secret. The first rule whose path_regex fits a file decides;
# paths are relative to this file. sops and sealant both read it.
# A new colleague: their recipient goes into keys/NAME.pub, and into the lists below.
creation_rules:
  # Files that are secret as a whole. Values below a key that ends in _unencrypted stay in clear.
  - path_regex: (^|/)secrets?/.*\\.ya?ml$|\\.(enc|secrets?)\\.ya?ml$
    age:
      - {recipient} # {name}

  # Settings: a value is secret when its key, or a key above it, has a telling name.
  - path_regex: ^config/.*\\.ya?ml$
    encrypted_regex: (?i)(password|passwd|passphrase|secret|token|credential|(access|api|encryption|private|signing)_?key)
    age:
      - {recipient} # {name}
"
    )
}

/// What `.gitattributes` becomes; `None` when it has all lines already.
pub fn attributes(present: &str) -> Option<String> {
    let has = |wanted: &str| present.lines().any(|line| line.trim() == wanted);
    let missing: Vec<&str> = ATTRIBUTES.into_iter().filter(|line| !has(line)).collect();
    if missing.is_empty() {
        return None;
    }
    let line_end = if present.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = present.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(line_end);
    }
    for line in [ATTRIBUTES_COMMENT].into_iter().chain(missing) {
        text.push_str(line);
        text.push_str(line_end);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::Document;
    use crate::sops::rules::Config;
    use crate::sops::selector::Selector;

    const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    fn config() -> Config {
        let document = Document::parse(sops_yaml("alice", RECIPIENT)).unwrap();
        let tree = document.tree(document.root(0)).unwrap();
        Config::read(&tree, ".sops.yaml").unwrap()
    }

    #[test]
    fn the_rules_are_valid_and_fit() {
        let config = config();
        assert_eq!(config.warnings, []);
        let line = |path: &str| config.rule_for(path).map(|rule| rule.line);
        let (whole, settings) = (config.rules[0].line, config.rules[1].line);
        for (path, rule) in [
            ("secrets/app.yaml", Some(whole)),
            ("config/prod/secret/x.yml", Some(whole)),
            ("a/db.enc.yaml", Some(whole)),
            ("db.secret.yml", Some(whole)),
            ("config/prod.yaml", Some(settings)),
            (".github/workflows/ci.yml", None),
            ("docker-compose.yaml", None),
            ("xsecrets/app.yaml", None),
        ] {
            assert_eq!(line(path), rule, "{path}");
        }
        assert!(config.rules.iter().all(|rule| rule.groups.len() == 1));
    }

    #[test]
    fn settings_are_secret_by_name() {
        let rule = &config().rules[1];
        let selector = Selector::compile(&rule.selection).unwrap();
        for (key, secret) in [
            ("password", true),
            ("dbPassword", true),
            ("API_KEY", true),
            ("signingKey", true),
            ("client_secret", true),
            ("host", false),
            ("key", false),
        ] {
            let mut walk = selector.walk();
            walk.enter_key(key);
            assert_eq!(walk.leaf(), secret, "{key}");
        }
    }

    #[test]
    fn attributes_are_added_once() {
        let first = attributes("*.png binary").unwrap();
        assert!(first.starts_with("*.png binary\n# git diff"));
        assert!(first.ends_with("*.yaml diff=sealant\n*.yml diff=sealant\n"));
        assert_eq!(attributes(&first), None);
        let windows = attributes("*.yml diff=sealant\r\n").unwrap();
        assert!(windows.ends_with("*.yaml diff=sealant\r\n"));
        assert_eq!(windows.matches("*.yml").count(), 1);
    }
}
