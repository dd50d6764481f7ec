//! What `init` writes: the files of a new repository.

/// The commands that git runs to show an encrypted file.
pub const TEXTCONV: &str = "sealant textconv";

/// The lines of `.gitattributes`. Files that are not encrypted are shown as they are.
const ATTRIBUTES: [&str; 13] = [
    "*.yaml diff=sealant",
    "*.yml diff=sealant",
    "*.json diff=sealant",
    "*.jsonc diff=sealant",
    "*.env diff=sealant",
    ".env.* diff=sealant",
    "*.ini diff=sealant",
    "*.toml diff=sealant",
    "*.tfvars diff=sealant",
    "*.hcl diff=sealant",
    "*.properties diff=sealant",
    // bytes, of which these are text when they are decrypted
    "*.key diff=sealant",
    "*.pem diff=sealant",
];
const ATTRIBUTES_COMMENT: &str =
    "# git diff shows plain text to people who hold a key; files in clear are not affected";

/// The endings, as a pattern, of files whose values are encrypted one by one.
const FORMATS: &str = "ya?ml|jsonc?|env|ini|toml|tfvars|hcl|properties";

/// What follows `.env` in the name of such a file: all but `.example`, `.sample` and `.template`, which hold no secrets. These
/// patterns have no "not", so that every other end is spelled out.
const NO_TEMPLATE: &str =
    r"(\.([^/]*([^e/]|[^lt/]e|[^p/]le|[^m/]ple|[^a/]mple|[^a/]te|[^l/]ate|[^p/]late|[^m/]plate)|[lt]?e))?";

/// `.sops.yaml` for one recipient.
pub fn sops_yaml(name: &str, recipient: &str) -> String {
    format!(
        "\
# Who may open what, and which values are secret. The first rule whose path_regex fits a file decides;
# paths are relative to this file. sops and sealant both read it.
# A new colleague: their recipient goes into keys/NAME.pub, and into the lists below.
creation_rules:
  # Files that are secret as a whole: all in secrets/, and .env files, but not .env.example, .env.sample and .env.template.
  # Values below a key that ends in _unencrypted stay in clear.
  - path_regex: ^secrets/|(^|/)secrets?/.*\\.({FORMATS}|key|pem)$|(^|/)\\.env{NO_TEMPLATE}$|\\.(enc|secrets?)\\.({FORMATS})$
    age:
      - {recipient} # {name}

  # Settings: a value is secret when its key, or a key above it, has a telling name.
  - path_regex: ^config/.*\\.({FORMATS})$
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
    let comment = Some(ATTRIBUTES_COMMENT).filter(|comment| !has(comment));
    for line in comment.into_iter().chain(missing) {
        text.push_str(line);
        text.push_str(line_end);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::kind::DocumentKind;
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
            ("secrets/.env", Some(whole)),
            ("secrets/tls.key", Some(whole)),
            ("network.secret.tfvars", Some(whole)),
            ("config/prod.yaml", Some(settings)),
            ("config/app.json", Some(settings)),
            ("config/dev/legacy.ini", Some(settings)),
            ("config/tls.key", None),
            ("secrets/id_rsa", Some(whole)),
            ("secrets/README.md", Some(whole)),
            ("src/secret/lib.rs", None),
            (".env", Some(whole)),
            (".env.production", Some(whole)),
            ("config/.env.prod", Some(whole)),
            ("config/worker.env", Some(settings)),
            (".envrc", None),
            (".env.example", None),
            ("config/.env.example", None),
            (".env.prod.sample", None),
            (".env.template", None),
            (".env.simple", Some(whole)),
            (".env.example.local", Some(whole)),
            (".env.stage", Some(whole)),
            (".env.private", Some(whole)),
            (".env.e", Some(whole)),
            ("package.json", None),
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
        assert!(
            first.contains("\n*.yaml diff=sealant\n*.yml diff=sealant\n") && first.ends_with("\n*.pem diff=sealant\n")
        );
        assert_eq!(attributes(&first), None);
        let windows = attributes("*.yml diff=sealant\r\n").unwrap();
        assert!(windows.contains("\r\n*.yaml diff=sealant\r\n*.json diff=sealant\r\n"));
        assert_eq!(windows.matches("*.yml").count(), 1);
    }

    #[test]
    fn attributes_of_an_earlier_release_are_completed() {
        let earlier = format!("{ATTRIBUTES_COMMENT}\n*.yaml diff=sealant\n*.yml diff=sealant\n");
        let now = attributes(&earlier).unwrap();
        assert!(now.starts_with(&earlier) && now.contains("\n*.toml diff=sealant\n"));
        assert_eq!(now.matches(ATTRIBUTES_COMMENT).count(), 1);
    }

    /// Whatever a rule or a name says is of a format has a line.
    #[test]
    fn attributes_name_every_format() {
        let text = attributes("").unwrap();
        let known: Vec<&str> = text.lines().filter_map(|line| line.strip_suffix(" diff=sealant")).collect();
        for name in known.iter().filter(|name| !["*.key", "*.pem"].contains(name)) {
            assert!(DocumentKind::from_name(&name.replace('*', "x")).is_some(), "{name}");
        }
        for kind in DocumentKind::ALL.into_iter().filter(|kind| *kind != DocumentKind::Binary) {
            let named = |name: &&str| DocumentKind::from_name(&name.replace('*', "x")) == Some(kind);
            assert!(known.iter().any(named), "{}", kind.word());
        }
    }
}
