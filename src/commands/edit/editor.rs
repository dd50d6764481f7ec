//! What an editor is told: the line to begin at, to keep no copies of the text elsewhere, and to wait until it is closed.
//!
//! Swap, undo, backup and history files would outlive the private folder. Where an editor has options against them,
//! they are given; they end with this one call.

use std::ffi::OsString;
use std::path::Path;

/// Where the cursor should be: line and column, from 1.
pub type Position = (usize, usize);

/// Vim's own files: no swap, no history, and after the user's settings no backup and no undo file.
const VIM_KEEPS_NOTHING: [&str; 5] =
    ["-n", "-i", "NONE", "-c", "silent! set noswapfile nobackup nowritebackup viminfo= noundofile"];
/// The same for Emacs, in its words.
const EMACS_KEEPS_NOTHING: [&str; 2] =
    ["--eval", "(setq make-backup-files nil auto-save-default nil create-lockfiles nil)"];

/// How an editor is told the position.
#[derive(Clone, Copy)]
enum Style {
    /// `+LINE FILE`
    Plus,
    /// `+LINE:COLUMN FILE`
    PlusColumn,
    /// `FILE:LINE:COLUMN`
    Colon,
    /// `-g FILE:LINE:COLUMN`
    Goto,
    /// `--line LINE FILE`
    LineOption,
    /// Not at all: an unknown program might take `+3` for a file.
    Nothing,
}

/// What is known about an editor.
struct Habits {
    style: Style,
    keeps_nothing: &'static [&'static str],
    /// The option that makes it wait, and its short form.
    wait: Option<(&'static str, &'static str)>,
}

const UNKNOWN: Habits = Habits { style: Style::Nothing, keeps_nothing: &[], wait: None };

/// The arguments for an editor. `names` are the names the program goes by, the most telling first (`vim.basic`, then
/// `vi`); `command` is what the user's variable says.
pub fn arguments(names: &[String], command: &str, file: &Path, position: Option<Position>) -> Vec<OsString> {
    let habits = names.iter().find_map(|name| habits(name));
    let habits = habits.unwrap_or(UNKNOWN);
    let mut arguments: Vec<OsString> = Vec::new();
    if let Some((long, short)) = habits.wait {
        let given = shlex::split(command).unwrap_or_default();
        if !given.iter().any(|word| word == long || word == short) {
            arguments.push(long.into());
        }
    }
    arguments.extend(habits.keeps_nothing.iter().map(OsString::from));
    match (habits.style, position) {
        (Style::Plus, Some((line, _))) => arguments.push(format!("+{line}").into()),
        (Style::PlusColumn, Some((line, column))) => {
            arguments.push(format!("+{line}:{column}").into());
        }
        (Style::LineOption, Some((line, _))) => {
            arguments.extend(["--line".into(), line.to_string().into()]);
        }
        (Style::Colon, Some((line, column))) => {
            arguments.push(with_position(file, line, column));
            return arguments;
        }
        (Style::Goto, Some((line, column))) => {
            arguments.push("-g".into());
            arguments.push(with_position(file, line, column));
            return arguments;
        }
        (_, None) | (Style::Nothing, _) => {}
    }
    arguments.push(file.into());
    arguments
}

fn with_position(file: &Path, line: usize, column: usize) -> OsString {
    let mut text = file.as_os_str().to_owned();
    text.push(format!(":{line}:{column}"));
    text
}

fn habits(program: &str) -> Option<Habits> {
    let name = program.to_ascii_lowercase();
    // vim.basic, code.cmd; emacs-nox, emacs29
    let name = name.split('.').next().unwrap_or_default();
    let name = if name.starts_with("emacs") && !name.starts_with("emacsclient") { "emacs" } else { name };
    let (style, keeps_nothing, wait): (_, &'static [&'static str], _) = match name {
        "vim" | "nvim" | "vimx" | "view" | "rvim" => (Style::Plus, &VIM_KEEPS_NOTHING, None),
        "gvim" | "mvim" => (Style::Plus, &VIM_KEEPS_NOTHING, Some(("-f", "--nofork"))),
        "vi" | "nvi" | "elvis" | "joe" | "jed" | "mg" | "ne" | "zile" | "pico" => (Style::Plus, &[], None),
        // restricted: no backup, no history, no other file
        "nano" | "rnano" => (Style::Plus, &["-R"], None),
        "emacs" => (Style::PlusColumn, &EMACS_KEEPS_NOTHING, None),
        "emacsclient" | "micro" | "kak" => (Style::PlusColumn, &[], None),
        "gedit" => (Style::PlusColumn, &[], Some(("--wait", "-w"))),
        "hx" | "helix" => (Style::Colon, &[], None),
        "subl" | "sublime_text" | "zed" | "zeditor" => (Style::Colon, &[], Some(("--wait", "-w"))),
        "code" | "code-insiders" | "code-oss" | "codium" | "vscodium" | "cursor" | "windsurf" => {
            (Style::Goto, &[], Some(("--wait", "-w")))
        }
        "kate" => (Style::LineOption, &[], Some(("--block", "-b"))),
        "mate" => (Style::LineOption, &[], Some(("--wait", "-w"))),
        // their vi takes no line
        "busybox" | "toybox" => (Style::Nothing, &[], None),
        _ => return None,
    };
    Some(Habits { style, keeps_nothing, wait })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(program: &str, command: &str, position: Option<Position>) -> String {
        let names: Vec<String> = program.split(' ').map(String::from).collect();
        let arguments = arguments(&names, command, "/p/db.yaml".as_ref(), position);
        let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    #[test]
    fn each_has_its_way_to_a_line() {
        let at = Some((7, 3));
        for (program, expected) in [
            ("vi", "+7 /p/db.yaml"),
            ("nano", "-R +7 /p/db.yaml"),
            ("micro", "+7:3 /p/db.yaml"),
            ("hx", "/p/db.yaml:7:3"),
            ("code", "--wait -g /p/db.yaml:7:3"),
            ("subl", "--wait /p/db.yaml:7:3"),
            ("kate", "--block --line 7 /p/db.yaml"),
            ("my-script", "/p/db.yaml"),
            ("busybox vi", "/p/db.yaml"),
            ("ex.something vi", "+7 /p/db.yaml"),
        ] {
            assert_eq!(words(program, program, at), expected);
        }
        assert_eq!(words("hx", "hx", None), "/p/db.yaml");
        assert_eq!(words("code", "code", None), "--wait /p/db.yaml");
    }

    #[test]
    fn vim_and_emacs_keep_no_copies() {
        for program in ["vim", "vim.basic", "vim.tiny vi", "nvim", "NVIM.exe"] {
            let words = words(program, program, Some((2, 1)));
            assert!(words.starts_with("-n -i NONE -c silent! set noswap"), "{words}");
            assert!(words.ends_with(" +2 /p/db.yaml"), "{words}");
        }
        for program in ["emacs", "emacs-nox", "emacs29.exe"] {
            assert!(words(program, program, None).starts_with("--eval (setq make-backup"));
        }
        assert_eq!(words("emacsclient", "emacsclient", None), "/p/db.yaml");
    }

    #[test]
    fn waiting_is_asked_for_once() {
        assert_eq!(words("code", "code -w", None), "/p/db.yaml");
        assert_eq!(words("code", "'/a b/code' --wait -n", None), "/p/db.yaml");
        assert!(words("gvim", "gvim", None).starts_with("-f -n"));
        assert!(words("gvim", "gvim --nofork", None).starts_with("-n"));
    }
}
