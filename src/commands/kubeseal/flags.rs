//! The flags of kubeseal 0.36.6 with client-go 0.35 and klog 2.140, and the page that lists them. Pure.

/// How a flag's value is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`; on its own `true`.
    Bool,
    /// Texts, separated by commas or one a flag.
    List,
    /// Texts, one a flag.
    Array,
    /// A scope.
    Scope,
    /// A flag of the log, of this type. It is checked and nothing else: there is no such log here.
    Log(LogKind),
}

/// The types of the flags of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogKind {
    /// `true` or `false`; on its own `true`.
    Bool,
    /// Any text.
    Text,
    /// A number from 0.
    Uint,
    /// How much is said.
    Level,
    /// A severity.
    Severity,
    /// Levels for single files.
    Modules,
    /// A line of a file.
    Trace,
}

/// One flag.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// The long name.
    pub name: &'static str,
    /// The letter.
    pub short: Option<char>,
    /// How its value is read.
    pub kind: Kind,
    /// Its value when it is not given, as the page shows it.
    pub default: &'static str,
    /// What it is for.
    pub usage: &'static str,
}

const fn flag(name: &'static str, kind: Kind, usage: &'static str) -> Flag {
    Flag { name, short: None, kind, default: "", usage }
}

impl Flag {
    const fn short(self, letter: char) -> Self {
        Self { short: Some(letter), ..self }
    }

    const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    /// Whether it may stand without a value.
    pub fn is_switch(&self) -> bool {
        matches!(self.kind, Kind::Bool | Kind::Log(LogKind::Bool))
    }

    /// Whether `SEALED_SECRETS_…` sets it.
    pub fn has_preset(&self) -> bool {
        !matches!(self.kind, Kind::Log(_))
    }

    /// The variable that sets it.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_uppercase().replace('-', "_"))
    }
}

/// What the names of the variables begin with.
pub const PREFIX: &str = "SEALED_SECRETS_";
/// Another name of `re-encrypt`, and what is said of it.
pub const ROTATE: &str = "rotate";
/// The flag that stands for [`ROTATE`].
pub const RE_ENCRYPT: &str = "re-encrypt";

const ON: Kind = Kind::Log(LogKind::Bool);
const LOG_TEXT: Kind = Kind::Log(LogKind::Text);
const SEVERITY: Kind = Kind::Log(LogKind::Severity);

/// All of them, in the order of their names.
pub const FLAGS: &[Flag] = &[
    flag("add_dir_header", ON, "If true, adds the file directory to the header of the log messages"),
    flag("allow-empty-data", Kind::Bool, "Allow empty data in the secret object"),
    flag("alsologtostderr", ON, "log to standard error as well as files (no effect when -logtostderr=true)"),
    flag(
        "alsologtostderrthreshold",
        SEVERITY,
        "logs at or above this threshold go to stderr when -alsologtostderr=true (no effect when -logtostderr=true)",
    ),
    flag("as", Kind::Text, "Username to impersonate for the operation"),
    flag(
        "as-group",
        Kind::Array,
        "Group to impersonate for the operation, this flag can be repeated to specify multiple groups.",
    ),
    flag("as-uid", Kind::Text, "UID to impersonate for the operation"),
    flag("cert", Kind::Text, "Certificate / public key file/URL to use for encryption. Overrides --controller-*"),
    flag("certificate-authority", Kind::Text, "Path to a cert file for the certificate authority"),
    flag("client-certificate", Kind::Text, "Path to a client certificate file for TLS"),
    flag("client-key", Kind::Text, "Path to a client key file for TLS"),
    flag("cluster", Kind::Text, "The name of the kubeconfig cluster to use"),
    flag("context", Kind::Text, "The name of the kubeconfig context to use"),
    flag("controller-name", Kind::Text, "Name of sealed-secrets controller.").default("sealed-secrets-controller"),
    flag("controller-namespace", Kind::Text, "Namespace of sealed-secrets controller.").default("kube-system"),
    flag(
        "disable-compression",
        Kind::Bool,
        "If true, opt-out of response compression for all requests to the server",
    ),
    flag("fetch-cert", Kind::Bool, "Write certificate to stdout. Useful for later use with --cert"),
    flag("format", Kind::Text, "Output format for sealed secret. Either json or yaml").short('o').default("json"),
    flag(
        "from-file",
        Kind::List,
        "(only with --raw) Secret items can be sourced from files. Pro-tip: you can use /dev/stdin to read pipe input. \
         This flag tries to follow the same syntax as in kubectl",
    ),
    flag("help", Kind::Bool, "Print this help message"),
    flag(
        "insecure-skip-tls-verify",
        Kind::Bool,
        "If true, the server's certificate will not be checked for validity. This will make your HTTPS connections \
         insecure",
    ),
    flag("kubeconfig", Kind::Text, "Path to a kube config. Only required if out-of-cluster"),
    flag(
        "legacy_stderr_threshold_behavior",
        ON,
        "If true, stderrthreshold is ignored when logtostderr=true (legacy behavior). If false, stderrthreshold is honored \
         even when logtostderr=true",
    )
    .default("true"),
    flag(
        "log_backtrace_at",
        Kind::Log(LogKind::Trace),
        "when logging hits line file:N, emit a stack trace",
    )
    .default(":0"),
    flag(
        "log_dir",
        LOG_TEXT,
        "If non-empty, write log files in this directory (no effect when -logtostderr=true)",
    ),
    flag("log_file", LOG_TEXT, "If non-empty, use this log file (no effect when -logtostderr=true)"),
    flag(
        "log_file_max_size",
        Kind::Log(LogKind::Uint),
        "Defines the maximum size a log file can grow to (no effect when -logtostderr=true). Unit is megabytes. If the value \
         is 0, the maximum file size is unlimited.",
    )
    .default("1800"),
    flag("logtostderr", ON, "log to standard error instead of files").default("true"),
    flag(
        "merge-into",
        Kind::Text,
        "Merge items from secret into an existing sealed secret file, updating the file in-place instead of writing to \
         stdout.",
    ),
    flag("name", Kind::Text, "Name of the sealed secret (required with --raw and default (strict) scope)"),
    flag("namespace", Kind::Text, "If present, the namespace scope for this CLI request").short('n'),
    flag(
        "one_output",
        ON,
        "If true, only write logs to their native severity level (vs also writing to each lower severity level; no effect \
         when -logtostderr=true)",
    ),
    flag("password", Kind::Text, "Password for basic authentication to the API server"),
    flag("proxy-url", Kind::Text, "If provided, this URL will be used to connect via proxy"),
    flag("raw", Kind::Bool, "Encrypt a raw value passed via the --from-* flags instead of the whole secret object"),
    flag(RE_ENCRYPT, Kind::Bool, "Re-encrypt the given sealed secret to use the latest cluster key."),
    flag(
        "recovery-private-key",
        Kind::List,
        "Private key filename used by the --recovery-unseal command. Multiple files accepted either via comma separated list \
         or by repetition of the flag. Either PEM encoded private keys or a backup of a json/yaml encoded k8s sealed-secret \
         controller secret (and v1.List) are accepted. ",
    ),
    flag(
        "recovery-unseal",
        Kind::Bool,
        "Decrypt a sealed secrets file obtained from stdin, using the private key passed with --recovery-private-key. \
         Intended to be used in disaster recovery mode.",
    ),
    flag(
        "request-timeout",
        Kind::Text,
        "The length of time to wait before giving up on a single server request. Non-zero values should contain a \
         corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don't timeout requests.",
    )
    .default("0"),
    flag(
        "scope",
        Kind::Scope,
        "Set the scope of the sealed secret: strict, namespace-wide, cluster-wide (defaults to strict). Mandatory for --raw, \
         otherwise the 'sealedsecrets.bitnami.com/cluster-wide' and 'sealedsecrets.bitnami.com/namespace-wide' annotations \
         on the input secret can be used to select the scope.",
    )
    .default("strict"),
    flag("sealed-secret-file", Kind::Text, "Sealed-secret (output) file").short('w'),
    flag("secret-file", Kind::Text, "Secret (input) file").short('f'),
    flag("server", Kind::Text, "The address and port of the Kubernetes API server"),
    flag("skip_headers", ON, "If true, avoid header prefixes in the log messages"),
    flag(
        "skip_log_headers",
        ON,
        "If true, avoid headers when opening log files (no effect when -logtostderr=true)",
    ),
    flag(
        "stderrthreshold",
        SEVERITY,
        "logs at or above this threshold go to stderr when writing to files and stderr (no effect when -logtostderr=true or \
         -alsologtostderr=true unless -legacy_stderr_threshold_behavior=false)",
    )
    .default("2"),
    flag(
        "tls-server-name",
        Kind::Text,
        "If provided, this name will be used to validate server certificate. If this is not provided, hostname used to \
         contact the server is used.",
    ),
    flag("token", Kind::Text, "Bearer token for authentication to the API server"),
    flag("user", Kind::Text, "The name of the kubeconfig user to use"),
    flag("username", Kind::Text, "Username for basic authentication to the API server"),
    flag("v", Kind::Log(LogKind::Level), "number for the log level verbosity").short('v'),
    flag("validate", Kind::Bool, "Validate that the sealed secret can be decrypted"),
    flag("version", Kind::Bool, "Print version information and exit"),
    flag(
        "vmodule",
        Kind::Log(LogKind::Modules),
        "comma-separated list of pattern=N settings for file-filtered logging",
    ),
];

/// Not in the list, because the page does not show it.
const HIDDEN: Flag = flag(ROTATE, Kind::Bool, "");

/// The flag with that long name.
pub fn find(name: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.name == name).or((name == ROTATE).then_some(&HIDDEN))
}

/// The flag with that letter.
pub fn find_short(letter: char) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.short == Some(letter))
}

/// All of them as pflag lists them, without wrapping.
pub fn page() -> String {
    let names: Vec<String> = FLAGS.iter().map(shown_name).collect();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    let mut page = String::new();
    for (name, flag) in names.iter().zip(FLAGS) {
        let default = match flag.kind {
            _ if flag.default.is_empty() => String::new(),
            Kind::Text | Kind::Scope => format!(" (default \"{}\")", flag.default),
            _ => format!(" (default {})", flag.default),
        };
        page.push_str(&format!("{name:width$}   {}{default}\n", flag.usage));
    }
    page
}

fn shown_name(flag: &Flag) -> String {
    let letter = flag.short.map_or_else(|| "      ".to_owned(), |letter| format!("  -{letter}, "));
    let value = match flag.kind {
        Kind::Bool | ON => "",
        Kind::Text | Kind::Scope | LOG_TEXT => " string",
        Kind::List => " strings",
        Kind::Array => " stringArray",
        Kind::Log(LogKind::Uint) => " uint",
        Kind::Log(LogKind::Level) => " Level",
        SEVERITY => " severity",
        Kind::Log(LogKind::Modules) => " moduleSpec",
        Kind::Log(LogKind::Trace) => " traceLocation",
    };
    format!("{letter}--{}{value}", flag.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_letters_unique() {
        assert!(FLAGS.is_sorted_by(|a, b| a.name < b.name));
        let mut letters: Vec<char> = FLAGS.iter().filter_map(|flag| flag.short).collect();
        letters.sort_unstable();
        assert_eq!(letters, ['f', 'n', 'o', 'v', 'w']);
        assert_eq!(find("rotate").unwrap().variable(), "SEALED_SECRETS_ROTATE");
    }

    #[test]
    fn page_is_that_of_pflag() {
        let page = page();
        // three columns after the longest name
        let gap = " "
            .repeat("      --alsologtostderrthreshold severity".len() - "  -w, --sealed-secret-file string".len() + 3);
        let line = format!("\n  -w, --sealed-secret-file string{gap}Sealed-secret (output) file\n");
        assert!(page.contains(&line), "{page}");
        assert!(page.contains("(default \"kube-system\")\n"), "{page}");
        assert!(page.contains("threshold_behavior=false) (default 2)\n"), "{page}");
        assert!(!page.contains("rotate"), "{page}");
    }
}
