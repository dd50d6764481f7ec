//! `sops completion`, and what its scripts ask for. The scripts are those of urfave/cli v1 (`autocomplete/`).

use std::ffi::OsString;

use super::flags::{self, COMMANDS, ROOT};

/// For bash.
pub const BASH: &str = r#"#! /bin/bash

_sops_complete() {
  local cur opts
  COMPREPLY=()
  cur="${COMP_WORDS[COMP_CWORD]}"
  if [[ "$cur" == "-"* ]]; then
    opts=$( "${COMP_WORDS[@]:0:$COMP_CWORD}" "$cur" --generate-bash-completion )
  else
    opts=$( "${COMP_WORDS[@]:0:$COMP_CWORD}" --generate-bash-completion )
  fi
  COMPREPLY=( $(compgen -W "${opts}" -- "$cur") )
  return 0
}
complete -o bashdefault -o default -o nospace -F _sops_complete sops
"#;

/// For zsh.
pub const ZSH: &str = r#"#compdef sops

_sops_complete() {
  local -a opts
  local cur
  cur=${words[-1]}
  if [[ "$cur" == "-"* ]]; then
    opts=("${(@f)$(${words[@]:0:#words[@]-1} ${cur} --generate-bash-completion)}")
  else
    opts=("${(@f)$(${words[@]:0:#words[@]-1} --generate-bash-completion)}")
  fi
  if [[ "${opts[1]}" != "" ]]; then
    _describe 'values' opts
  else
    _files
  fi
}

compdef _sops_complete sops
"#;

/// One suggestion a line: flags when the last word begins with a dash, else subcommands.
pub fn suggest(words: &[OsString]) -> String {
    let command = words.iter().filter_map(|word| word.to_str()).find_map(flags::find);
    let is_flag = words.last().is_some_and(|word| word.to_string_lossy().starts_with('-'));
    let mut lines = Vec::new();
    if is_flag {
        for flag in command.unwrap_or(&ROOT).all_flags() {
            lines.push(format!("--{}", flag.name));
        }
    } else if let Some(command) = command {
        let children = COMMANDS.iter().filter_map(|child| child.name.strip_prefix(command.name)?.strip_prefix(' '));
        lines.extend(children.map(str::to_owned));
        if !lines.is_empty() {
            lines.extend(["help", "h"].map(str::to_owned));
        }
    } else {
        lines.extend(COMMANDS.iter().filter(|one| !one.name.contains(' ')).map(|one| one.name.to_owned()));
        lines.push("h".to_owned());
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> String {
        suggest(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn suggestions() {
        assert!(of("").starts_with("completion\nexec-env\n"));
        assert_eq!(of("groups"), "add\ndelete\nhelp\nh\n");
        assert!(of("decrypt -").contains("--extract\n"));
        assert!(of("-").contains("--encrypt\n"));
        assert_eq!(of("decrypt"), "");
    }
}
