//! The flags of sops 3.13.2, by subcommand (`cmd/sops/main.go`).

use super::grammar::{Flag, Kind};
use crate::fsio::env::Var;

/// A subcommand: how it is called, what it takes.
#[derive(Debug)]
pub struct Command {
    /// Its name; of a subcommand of `groups` or `completion` both words.
    pub name: &'static str,
    /// What follows the name.
    pub usage: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Its flags, in lists that are shared.
    pub flags: &'static [&'static [Flag]],
}

impl Command {
    /// All its flags.
    pub fn all_flags(&self) -> Vec<Flag> {
        self.flags.iter().flat_map(|list| list.iter().copied()).chain([HELP]).collect()
    }
}

const fn flag(name: &'static str, kind: Kind, help: &'static str) -> Flag {
    Flag { name, aliases: &[], kind, var: None, help }
}

const fn short(aliases: &'static [&'static str], flag: Flag) -> Flag {
    Flag { aliases, ..flag }
}

const fn from(var: Var, flag: Flag) -> Flag {
    Flag { var: Some(var), ..flag }
}

const HELP: Flag = short(&["h"], flag("help", Kind::Bool, "show help"));
const IN_PLACE: Flag =
    short(&["i"], flag("in-place", Kind::Bool, "write output back to the same file instead of stdout"));
const OUTPUT: Flag = flag("output", Kind::Text, "write the output to this file");
const INPUT_TYPE: Flag =
    flag("input-type", Kind::Text, "yaml, json, dotenv, ini or binary, instead of what the name says");
const OUTPUT_TYPE: Flag =
    flag("output-type", Kind::Text, "yaml, json, dotenv, ini or binary, instead of what the name says");
const OVERRIDE: Flag = flag("filename-override", Kind::Text, "the name that creation rules and types are looked up by");
const IGNORE_MAC: Flag = flag("ignore-mac", Kind::Bool, "give out values even when the integrity cannot be shown");
const THRESHOLD: Flag =
    flag("shamir-secret-sharing-threshold", Kind::Number, "how many key groups are needed (default: all)");
const CONTEXT: Flag = flag("encryption-context", Kind::Text, "KMS encryption context, key:value pairs with commas");
const AWS_PROFILE: Flag = flag("aws-profile", Kind::Text, "the AWS profile");
const ORDER: Flag =
    from(Var::SopsDecryptionOrder, flag("decryption-order", Kind::Text, "kinds of keys, in the order they are tried"));
const BACKGROUND: Flag = flag("background", Kind::Bool, "do not wait for the command to end (deprecated)");
const USER: Flag = flag("user", Kind::Text, "the user to run the command as");
const YES: Flag = short(&["y"], flag("yes", Kind::Bool, "do not ask"));
const VERBOSE: Flag = flag("verbose", Kind::Bool, "accepted, says nothing more");
const SHOW_KEYS: Flag = short(&["s"], flag("show-master-keys", Kind::Bool, "show the metadata in the editor"));
const MAC_ONLY: Flag = flag("mac-only-encrypted", Kind::Bool, "leave values in clear out of the MAC");
const FILE: Flag = short(&["f"], flag("file", Kind::Text, "the file"));

const SERVICES: &[Flag] = &[
    from(
        Var::SopsEnableLocalKeyservice,
        flag("enable-local-keyservice", Kind::Bool, "use keys of this machine (default: true)"),
    ),
    from(Var::SopsKeyservice, flag("keyservice", Kind::List, "another key service, protocol://address")),
];

const KEYS: &[Flag] = &[
    from(Var::SopsKmsArn, short(&["k"], flag("kms", Kind::Text, "AWS KMS ARNs, with commas"))),
    AWS_PROFILE,
    from(Var::SopsGcpKmsIds, flag("gcp-kms", Kind::Text, "Google Cloud KMS resource IDs, with commas")),
    from(Var::SopsHuaweicloudKmsIds, flag("hckms", Kind::Text, "HuaweiCloud KMS key IDs, with commas")),
    from(Var::SopsAzureKeyvaultUrls, flag("azure-kv", Kind::Text, "Azure Key Vault URLs, with commas")),
    from(Var::SopsVaultUris, flag("hc-vault-transit", Kind::Text, "Vault transit key URIs, with commas")),
    from(Var::SopsPgpFp, short(&["p"], flag("pgp", Kind::Text, "PGP fingerprints, with commas"))),
    from(Var::SopsAgeRecipients, short(&["a"], flag("age", Kind::Text, "age recipients, with commas"))),
];

const SELECTION: &[Flag] = &[
    flag("unencrypted-suffix", Kind::Text, "keys with this ending stay in clear"),
    flag("encrypted-suffix", Kind::Text, "only keys with this ending are encrypted"),
    flag("unencrypted-regex", Kind::Text, "keys that match stay in clear"),
    flag("encrypted-regex", Kind::Text, "only keys that match are encrypted"),
];

const COMMENTS: &[Flag] = &[
    flag("unencrypted-comment-regex", Kind::Text, "values under a comment that matches stay in clear"),
    flag("encrypted-comment-regex", Kind::Text, "only values under a comment that matches are encrypted"),
];

const CHANGES: &[Flag] = &[
    flag("add-gcp-kms", Kind::Text, "Google Cloud KMS keys to add"),
    flag("rm-gcp-kms", Kind::Text, "Google Cloud KMS keys to remove"),
    flag("add-hckms", Kind::Text, "HuaweiCloud KMS keys to add"),
    flag("rm-hckms", Kind::Text, "HuaweiCloud KMS keys to remove"),
    flag("add-azure-kv", Kind::Text, "Azure Key Vault keys to add"),
    flag("rm-azure-kv", Kind::Text, "Azure Key Vault keys to remove"),
    flag("add-kms", Kind::Text, "AWS KMS keys to add"),
    flag("rm-kms", Kind::Text, "AWS KMS keys to remove"),
    flag("add-hc-vault-transit", Kind::Text, "Vault transit keys to add"),
    flag("rm-hc-vault-transit", Kind::Text, "Vault transit keys to remove"),
    flag("add-age", Kind::Text, "age recipients to add"),
    flag("rm-age", Kind::Text, "age recipients to remove"),
    flag("add-pgp", Kind::Text, "PGP fingerprints to add"),
    flag("rm-pgp", Kind::Text, "PGP fingerprints to remove"),
];

const GROUP_KEYS: &[Flag] = &[
    flag("pgp", Kind::List, "a PGP fingerprint of the new group; may be repeated"),
    flag("kms", Kind::List, "an AWS KMS ARN of the new group; may be repeated"),
    AWS_PROFILE,
    flag("gcp-kms", Kind::List, "a Google Cloud KMS key of the new group; may be repeated"),
    flag("hckms", Kind::List, "a HuaweiCloud KMS key of the new group; may be repeated"),
    flag("azure-kv", Kind::List, "an Azure Key Vault key of the new group; may be repeated"),
    flag("hc-vault-transit", Kind::List, "a Vault transit key of the new group; may be repeated"),
    flag("age", Kind::List, "an age recipient of the new group; may be repeated"),
];

/// Without a subcommand: modes as flags, and what all subcommands look up before their own name.
pub const ROOT: Command = Command {
    name: "",
    usage: "[global options] command [command options] [arguments...]",
    help: "reads and writes encrypted files, as sops 3.13.2 does",
    flags: &[
        &[
            short(&["d"], flag("decrypt", Kind::Bool, "decrypt a file")),
            short(&["e"], flag("encrypt", Kind::Bool, "encrypt a file")),
            short(&["r"], flag("rotate", Kind::Bool, "encrypt all values with a new data key")),
            from(
                Var::SopsDisableVersionCheck,
                flag("disable-version-check", Kind::Bool, "accepted: nothing is looked up on the network"),
            ),
            flag("check-for-updates", Kind::Bool, "accepted: nothing is looked up on the network"),
        ],
        KEYS,
        &[
            IN_PLACE,
            flag("extract", Kind::Text, "only this part, for example '[\"key\"][0]'"),
            INPUT_TYPE,
            OUTPUT_TYPE,
            SHOW_KEYS,
        ],
        CHANGES,
        &[IGNORE_MAC, MAC_ONLY],
        SELECTION,
        COMMENTS,
        &[
            from(
                Var::SopsConfig,
                flag("config", Kind::Text, "the configuration file, instead of looking for .sops.yaml"),
            ),
            CONTEXT,
            flag("set", Kind::Text, "change a value: '[\"key\"] JSON'"),
            THRESHOLD,
            flag("indent", Kind::Number, "columns a level where a file is written in another format"),
            VERBOSE,
            OUTPUT,
            OVERRIDE,
            ORDER,
        ],
        SERVICES,
        &[short(&["v"], flag("version", Kind::Bool, "print the version"))],
    ],
};

/// The subcommands, in the order of the help page.
pub static COMMANDS: &[Command] = &[
    Command { name: "completion", usage: "bash|zsh", help: "print a completion script", flags: &[] },
    Command { name: "completion bash", usage: "", help: "for bash", flags: &[] },
    Command { name: "completion zsh", usage: "", help: "for zsh", flags: &[] },
    Command {
        name: "exec-env",
        usage: "[file to decrypt] [command to run]",
        help: "run a command with decrypted values in its environment",
        flags: &[
            &[
                BACKGROUND,
                flag("pristine", Kind::Bool, "hand on nothing of the environment but the decrypted values"),
                USER,
                flag("same-process", Kind::Bool, "become the command instead of starting it"),
                ORDER,
            ],
            SERVICES,
        ],
    },
    Command {
        name: "exec-file",
        usage: "[file to decrypt] [command to run]",
        help: "run a command with the decrypted content in a temporary file, whose name replaces {}",
        flags: &[
            &[
                BACKGROUND,
                flag("no-fifo", Kind::Bool, "a regular file instead of a FIFO"),
                USER,
                INPUT_TYPE,
                OUTPUT_TYPE,
                flag("filename", Kind::Text, "the file's name (default: tmp-file)"),
                ORDER,
            ],
            SERVICES,
        ],
    },
    Command {
        name: "publish",
        usage: "file",
        help: "publish a file or folder to a configured destination",
        flags: &[
            &[
                YES,
                flag("omit-extensions", Kind::Bool, "leave extensions out of the names at the destination"),
                flag("recursive", Kind::Bool, "everything in the folder"),
                VERBOSE,
                ORDER,
            ],
            SERVICES,
        ],
    },
    Command {
        name: "keyservice",
        usage: "",
        help: "serve keys to others",
        flags: &[&[
            short(&["net"], flag("network", Kind::Text, "tcp or unix")),
            short(&["addr"], flag("address", Kind::Text, "where to listen")),
            flag("prompt", Kind::Bool, "ask for each request"),
            VERBOSE,
        ]],
    },
    Command { name: "filestatus", usage: "file", help: "say whether a file is encrypted", flags: &[&[INPUT_TYPE]] },
    Command { name: "groups", usage: "add|delete", help: "change the key groups of a file", flags: &[] },
    Command {
        name: "groups add",
        usage: "",
        help: "add a key group to a file",
        flags: &[&[FILE], GROUP_KEYS, &[IN_PLACE, THRESHOLD, CONTEXT], SERVICES],
    },
    Command {
        name: "groups delete",
        usage: "[index]",
        help: "delete a key group of a file",
        flags: &[&[FILE, IN_PLACE, THRESHOLD], SERVICES],
    },
    Command {
        name: "updatekeys",
        usage: "file",
        help: "give a file the keys of its creation rule",
        flags: &[&[YES, INPUT_TYPE], SERVICES],
    },
    Command {
        name: "decrypt",
        usage: "[file]",
        help: "decrypt a file, or standard input",
        flags: &[
            &[
                IN_PLACE,
                flag("extract", Kind::Text, "only this part, for example '[\"key\"][0]'"),
                OUTPUT,
                INPUT_TYPE,
                OUTPUT_TYPE,
                IGNORE_MAC,
                OVERRIDE,
                ORDER,
            ],
            SERVICES,
        ],
    },
    Command {
        name: "encrypt",
        usage: "[file]",
        help: "encrypt a file, or standard input",
        flags: &[
            &[IN_PLACE, OUTPUT],
            KEYS,
            &[INPUT_TYPE, OUTPUT_TYPE],
            SELECTION,
            &[CONTEXT, THRESHOLD, OVERRIDE],
            SERVICES,
        ],
    },
    Command {
        name: "rotate",
        usage: "file",
        help: "encrypt all values with a new data key",
        flags: &[&[IN_PLACE, OUTPUT, INPUT_TYPE, OUTPUT_TYPE, CONTEXT], CHANGES, &[OVERRIDE, ORDER], SERVICES],
    },
    Command {
        name: "edit",
        usage: "file",
        help: "edit an encrypted file",
        flags: &[
            KEYS,
            &[INPUT_TYPE, OUTPUT_TYPE],
            SELECTION,
            &[CONTEXT, THRESHOLD, SHOW_KEYS, IGNORE_MAC, ORDER],
            SERVICES,
        ],
    },
    Command {
        name: "set",
        usage: "file index [ value ]",
        help: "change one value, given as JSON",
        flags: &[
            &[
                INPUT_TYPE,
                OUTPUT_TYPE,
                flag("value-file", Kind::Bool, "the value is in the file that is named in its place"),
                flag("value-stdin", Kind::Bool, "the value is on standard input"),
                THRESHOLD,
                IGNORE_MAC,
                ORDER,
                flag("idempotent", Kind::Bool, "write nothing when nothing changes"),
            ],
            SERVICES,
        ],
    },
    Command {
        name: "unset",
        usage: "file index",
        help: "remove one value",
        flags: &[
            &[
                INPUT_TYPE,
                OUTPUT_TYPE,
                THRESHOLD,
                IGNORE_MAC,
                ORDER,
                flag("idempotent", Kind::Bool, "nothing is there: no error"),
            ],
            SERVICES,
        ],
    },
    Command { name: "help", usage: "[command]", help: "show help", flags: &[] },
];

/// The subcommand of that name.
pub fn find(name: &str) -> Option<&'static Command> {
    let name = if name == "h" { "help" } else { name };
    COMMANDS.iter().find(|command| command.name == name)
}

/// Whether `name` is the first word of subcommands.
pub fn has_children(name: &str) -> bool {
    matches!(name, "groups" | "completion")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_means_two_flags() {
        for command in COMMANDS.iter().chain([&ROOT]) {
            let mut seen = BTreeSet::new();
            for flag in command.all_flags() {
                for name in flag.aliases.iter().chain([&flag.name]) {
                    assert!(seen.insert(*name), "{}: {name}", command.name);
                }
            }
        }
    }

    #[test]
    fn every_command_is_found() {
        for command in COMMANDS {
            assert!(std::ptr::eq(find(command.name).unwrap(), command));
        }
        assert!(find("foo").is_none() && find("").is_none());
        assert_eq!(find("h").unwrap().name, "help");
    }
}
