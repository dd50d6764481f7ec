//! Go's syntax to that of the `regex` crate, in one pass. Flags are written at each item they concern, so that nothing
//! depends on how the crate scopes them.

use std::fmt::Write;

use super::Problem;
use super::class;
use super::scan::{Count, MAX_REPEAT, Scanner};

/// Flags that are on.
#[derive(Clone, Copy, Default)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_newline: bool,
    ungreedy: bool,
}

/// What a repetition would apply to.
#[derive(Clone, Copy)]
struct Item {
    /// Where it begins in the output.
    start: usize,
    /// Product of the repetition counts inside it.
    repeats: u32,
    /// It is itself a repetition.
    repeated: bool,
}

/// An open group.
struct Group {
    start: usize,
    flags: Flags,
    /// The largest product of repetition counts inside it so far.
    repeats: u32,
}

struct Translator<'a> {
    scanner: Scanner<'a>,
    out: String,
    flags: Flags,
    groups: Vec<Group>,
    last: Option<Item>,
    /// The repetition that was just read: another one must not follow at once.
    last_repeat: Option<&'a str>,
    /// The largest product of repetition counts outside of all groups.
    repeats: u32,
    /// Groups keep what they match.
    keeps_groups: bool,
}

/// The same pattern for the `regex` crate; groups match without keeping anything unless `keeps_groups`.
pub(super) fn translate(pattern: &str, keeps_groups: bool) -> Result<String, Problem> {
    let mut translator = Translator {
        scanner: Scanner::new(pattern),
        out: String::with_capacity(pattern.len() * 2),
        flags: Flags::default(),
        groups: vec![],
        last: None,
        last_repeat: None,
        repeats: 1,
        keeps_groups,
    };
    while let Some(next) = translator.scanner.peek() {
        let last_repeat = translator.last_repeat.take();
        translator.step(next, last_repeat)?;
    }
    if translator.groups.is_empty() { Ok(translator.out) } else { Err(Problem::MissingParen) }
}

impl<'a> Translator<'a> {
    fn step(&mut self, next: char, last_repeat: Option<&'a str>) -> Result<(), Problem> {
        match next {
            '(' => self.open(),
            ')' => self.close(),
            '|' => {
                self.scanner.next();
                self.out.push('|');
                self.last = None;
                Ok(())
            }
            '[' => {
                let start = self.begin(self.flags.fold_case.then_some('i'));
                class::bracketed(&mut self.scanner, &mut self.out)?;
                self.end(start, self.flags.fold_case);
                Ok(())
            }
            '.' => self.simple(".", self.flags.dot_newline.then_some('s')),
            '^' => self.simple("^", self.flags.multi_line.then_some('m')),
            '$' => self.simple("$", self.flags.multi_line.then_some('m')),
            '*' | '+' | '?' => {
                let start = self.scanner.rest();
                self.scanner.next();
                self.repeat(&start[..1], None, start, last_repeat)
            }
            '{' => {
                let start = self.scanner.rest();
                match self.scanner.count() {
                    Some(count) => {
                        let count = count?;
                        self.repeat(self.scanner.since(start), Some(count), start, last_repeat)
                    }
                    None => {
                        self.scanner.next();
                        self.literal('{'.into());
                        Ok(())
                    }
                }
            }
            '\\' => self.backslash(),
            plain => {
                self.scanner.next();
                self.literal(plain.into());
                Ok(())
            }
        }
    }

    /// Begins an item, with a flag of its own if need be.
    fn begin(&mut self, flag: Option<char>) -> usize {
        let start = self.out.len();
        if let Some(flag) = flag {
            // writing to a String cannot fail
            let _ = write!(self.out, "(?{flag}:");
        }
        start
    }

    fn end(&mut self, start: usize, flagged: bool) {
        if flagged {
            self.out.push(')');
        }
        self.last = Some(Item { start, repeats: 1, repeated: false });
    }

    /// An item of one character.
    fn simple(&mut self, text: &str, flag: Option<char>) -> Result<(), Problem> {
        self.scanner.next();
        let start = self.begin(flag);
        self.out.push_str(text);
        self.end(start, flag.is_some());
        Ok(())
    }

    fn literal(&mut self, code: u32) {
        let start = self.begin(self.flags.fold_case.then_some('i'));
        class::push_code(code, &mut self.out);
        self.end(start, self.flags.fold_case);
    }

    fn backslash(&mut self) -> Result<(), Problem> {
        for (go, ours) in [(r"\A", r"\A"), (r"\z", r"\z"), (r"\b", r"(?-u:\b)"), (r"\B", r"(?-u:\B)")] {
            if self.scanner.take(go) {
                let start = self.begin(None);
                self.out.push_str(ours);
                self.end(start, false);
                return Ok(());
            }
        }
        if self.scanner.take(r"\Q") {
            let rest = self.scanner.rest();
            let text = self.scanner.take_until(r"\E").unwrap_or_else(|| {
                self.scanner = Scanner::new("");
                rest
            });
            text.chars().for_each(|plain| self.literal(plain.into()));
            return Ok(());
        }
        let start = self.begin(self.flags.fold_case.then_some('i'));
        if let Some(class) = class::perl(&mut self.scanner) {
            self.out.push_str(class);
        } else if !class::unicode(&mut self.scanner, &mut self.out)? {
            let code = self.scanner.escape()?;
            class::push_code(code, &mut self.out);
        }
        self.end(start, self.flags.fold_case);
        Ok(())
    }

    /// Repeats the last item; `operator` was read already.
    fn repeat(
        &mut self,
        operator: &str,
        count: Option<Count>,
        start: &'a str,
        last_repeat: Option<&'a str>,
    ) -> Result<(), Problem> {
        let lazy = self.scanner.take("?") != self.flags.ungreedy;
        if let Some(earlier) = last_repeat {
            return Err(Problem::DoubleRepeat(self.scanner.since(earlier).to_owned()));
        }
        let Some(item) = &mut self.last else {
            return Err(Problem::NothingToRepeat(operator.to_owned()));
        };
        if let Some(Count { min, max }) = count {
            // what Go counts: the maximum, or the minimum when there is none; nothing inside counts when it is 0
            item.repeats = match max.unwrap_or(min) {
                0 if max.is_some() => 1,
                times => item.repeats.saturating_mul(times.max(1)),
            };
            if (min >= 2 || max.is_some_and(|max| max >= 2)) && item.repeats > MAX_REPEAT {
                return Err(Problem::RepeatSize(operator.to_owned()));
            }
        }
        if item.repeated {
            // an operator after an operator would be read as one
            self.out.insert_str(item.start, "(?:");
            self.out.push(')');
        }
        item.repeated = true;
        self.out.push_str(operator);
        if lazy {
            self.out.push('?');
        }
        let repeats = item.repeats;
        self.note_repeats(repeats);
        self.last_repeat = Some(start);
        Ok(())
    }

    /// Remembers, in the group around, how often things inside it are repeated.
    fn note_repeats(&mut self, repeats: u32) {
        let most = match self.groups.last_mut() {
            Some(group) => &mut group.repeats,
            None => &mut self.repeats,
        };
        *most = repeats.max(*most);
    }

    fn open(&mut self) -> Result<(), Problem> {
        let start = self.scanner.rest();
        self.scanner.next();
        if !self.scanner.take("?") {
            self.open_group(self.flags, if self.keeps_groups { "(" } else { "(?:" });
            return Ok(());
        }
        if self.scanner.take("P<") || self.scanner.take("<") {
            let problem = |text: &str| Problem::GroupName(text.to_owned());
            let name = self.scanner.take_until(">").ok_or_else(|| problem(start))?;
            if name.is_empty() || !name.chars().all(|next| next.is_ascii_alphanumeric() || next == '_') {
                return Err(problem(self.scanner.since(start)));
            }
            let opening = if self.keeps_groups { format!("(?P<{name}>") } else { "(?:".to_owned() };
            self.open_group(self.flags, &opening);
            return Ok(());
        }
        self.flags(start)
    }

    /// `(?flags)` or `(?flags:`; the question mark was read.
    fn flags(&mut self, start: &'a str) -> Result<(), Problem> {
        let mut flags = self.flags;
        let mut on = true;
        let mut seen = false;
        loop {
            let next = self.scanner.next();
            match next {
                Some('i') => flags.fold_case = on,
                Some('m') => flags.multi_line = on,
                Some('s') => flags.dot_newline = on,
                Some('U') => flags.ungreedy = on,
                Some('-') if on => {
                    on = false;
                    seen = false;
                    continue;
                }
                Some(':') if on || seen => {
                    self.open_group(flags, "(?:");
                    return Ok(());
                }
                Some(')') if on || seen => {
                    self.flags = flags;
                    return Ok(());
                }
                None => return Err(Problem::MissingParen),
                _ => return Err(Problem::Group(self.scanner.since(start).to_owned())),
            }
            seen = true;
        }
    }

    /// Begins a group in which `flags` hold; those of now hold again after it.
    fn open_group(&mut self, flags: Flags, opening: &str) {
        self.groups.push(Group { start: self.out.len(), flags: self.flags, repeats: 1 });
        self.out.push_str(opening);
        self.flags = flags;
        self.last = None;
    }

    fn close(&mut self) -> Result<(), Problem> {
        let group = self.groups.pop().ok_or(Problem::UnexpectedParen)?;
        self.scanner.next();
        self.out.push(')');
        self.flags = group.flags;
        self.last = Some(Item { start: group.start, repeats: group.repeats, repeated: false });
        self.note_repeats(group.repeats);
        Ok(())
    }
}
