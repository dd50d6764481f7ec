//! Fenced blocks of a page, and the commands in them.

/// A fenced block.
#[derive(Debug)]
pub struct Block {
    /// Line of its fence, from 1.
    pub line: usize,
    /// What the fence says.
    pub info: String,
    /// What is in it.
    pub lines: Vec<String>,
}

/// A command and what it should print.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub command: String,
    /// `None`: anything.
    pub expected: Option<Vec<String>>,
    /// Whether it has to succeed.
    pub succeeds: bool,
}

/// The blocks of a page.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        match (open.take(), line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block { line: number + 1, info: info.trim().to_owned(), lines: Vec::new() });
            }
            (None, None) => {}
            (Some(block), Some(_)) => found.push(block),
            (Some(mut block), None) => {
                block.lines.push(line.to_owned());
                open = Some(block);
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

impl Block {
    /// Whether its commands are run.
    pub fn is_run(&self) -> bool {
        matches!(self.info.as_str(), "console" | "sh")
    }

    /// Its commands.
    pub fn steps(&self) -> Vec<Step> {
        if self.info == "sh" {
            return vec![Step {
                command: format!("set -e\n{}\nset +e", self.lines.join("\n")),
                expected: None,
                succeeds: true,
            }];
        }
        let mut steps: Vec<Step> = Vec::new();
        let mut expects = false;
        for line in &self.lines {
            if let Some(command) = line.strip_prefix("$ ") {
                if command == "echo $?"
                    && let Some(last) = steps.last_mut()
                {
                    last.succeeds = false;
                }
                steps.push(Step { command: command.to_owned(), expected: None, succeeds: true });
                expects = false;
            } else if let Some(last) = steps.last_mut() {
                match line.strip_prefix("> ").or((line == ">").then_some("")) {
                    Some(more) if !expects => last.command.push_str(&format!("\n{more}")),
                    _ => {
                        expects = true;
                        last.expected.get_or_insert_default().push(line.clone());
                    }
                }
            } else {
                panic!("line {}: a session begins with a command", self.line);
            }
        }
        steps
    }
}

/// Whether the lines are those expected, `…` being anything.
pub fn fits(lines: &[&str], expected: &[String]) -> bool {
    match expected.split_first() {
        None => lines.is_empty(),
        Some((wanted, others)) if wanted == "…" => (0..=lines.len()).any(|count| fits(&lines[count..], others)),
        Some((wanted, others)) => {
            lines.split_first().is_some_and(|(line, lines)| fits_line(line, wanted) && fits(lines, others))
        }
    }
}

fn fits_line(line: &str, wanted: &str) -> bool {
    let Some((begin, rest)) = wanted.split_once('…') else { return line == wanted };
    let Some(left) = line.strip_prefix(begin) else { return false };
    (0..=left.len()).filter(|at| left.is_char_boundary(*at)).any(|at| fits_line(&left[at..], rest))
}

#[test]
fn sessions_are_understood() {
    let text = "```console\n$ a\n$ cat <<E\n> x\n>\n> E\none\ntwo\n$ b\n$ echo $?\n3\n```\n";
    let steps = blocks(text)[0].steps();
    let step = |command: &str, expected: Option<&[&str]>, succeeds| Step {
        command: command.to_owned(),
        expected: expected.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect()),
        succeeds,
    };
    assert_eq!(
        steps,
        [
            step("a", None, true),
            step("cat <<E\nx\n\nE", Some(&["one", "two"]), true),
            step("b", None, false),
            step("echo $?", Some(&["3"]), true),
        ]
    );
}

#[test]
fn dots_stand_for_anything() {
    let fits = |lines: &[&str], expected: &[&str]| {
        fits(lines, &expected.iter().map(|line| (*line).to_owned()).collect::<Vec<String>>())
    };
    assert!(fits(&["a", "b", "c"], &["a", "…", "c"]) && fits(&["a", "c"], &["a", "…", "c"]) && fits(&[], &["…"]));
    assert!(fits(&["age1xyz yours"], &["age1… yours"]) && fits(&["x"], &["…x"]) && fits(&["a", "b"], &["…"]));
    assert!(!fits(&["a", "b"], &["a"]) && !fits(&["a"], &["a", "b"]) && !fits(&["ab"], &["a…c"]) && !fits(&[], &["a"]));
}
