//! The values of a file as real sops prints them, in a form that can be compared: comments, layout and the
//! metadata are gone.

use granit_parser::{Event, Options, Parser, ScalarStyle};

/// What sops is asked to print. JSON shows every type, but only the first document and no infinities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `--output-type json`
    Json,
    /// `--output-type yaml`
    Yaml,
}

impl Form {
    /// The word that sops has for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }

    /// The values in what sops printed.
    pub fn values(self, text: &str) -> Values {
        match self {
            Self::Json => Values(json(text)),
            Self::Yaml => Values(yaml(text)),
        }
    }
}

/// Stands where the rest cannot be read.
const BROKEN: &str = "not YAML from here";

/// Lines that are equal when the values are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values(Vec<String>);

impl Values {
    /// False when what sops printed is no YAML.
    pub fn is_whole(&self) -> bool {
        !self.0.iter().any(|line| line == BROKEN)
    }

    /// The first place where two differ, for a message.
    pub fn difference(&self, other: &Self) -> String {
        let at = self.0.iter().zip(&other.0).position(|(one, two)| one != two);
        let at = at.unwrap_or(self.0.len().min(other.0.len()));
        let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_else(|| "<end>".to_owned());
        format!("at line {at}: expected {:?}, got {:?}", line(&self.0), line(&other.0))
    }
}

/// sops indents JSON with tabs, one value a line, metadata last.
fn json(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.trim_end_matches(',').to_owned());
    let mut kept: Vec<String> = lines.take_while(|line| line != "\t\"sops\": {").collect();
    if kept.last().is_some_and(|line| line == "}") {
        kept.pop();
    }
    // an empty map is printed on one line
    if kept.last().is_some_and(|line| line == "{}") {
        kept.pop();
        kept.push("{".to_owned());
    }
    kept
}

/// YAML as a list of events, so that comments and layout do not count.
fn yaml(text: &str) -> Vec<String> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut walk = Walk::default();
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, _)) => walk.event(&event),
            Err(_) => {
                // sops writes some block scalars with a wrong indentation indicator; what stands before still counts
                walk.lines.push(BROKEN.to_owned());
                break;
            }
        }
    }
    walk.lines
}

#[derive(Default)]
struct Walk {
    lines: Vec<String>,
    depth: usize,
    /// nodes seen in the top-level map of this document: keys and values in turn
    nodes: usize,
    /// from the key `sops` to the end of the document
    skipping: bool,
}

impl Walk {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::DocumentStart(..) => {
                self.nodes = 0;
                self.skipping = false;
                self.lines.push("---".to_owned());
            }
            Event::Scalar(text, style, _, tag) => {
                let key = self.depth == 1 && self.nodes.is_multiple_of(2);
                self.skipping |= key && text == "sops";
                self.node();
                let bare = if *style == ScalarStyle::Plain { "plain" } else { "text" };
                let tag = tag.as_ref().map(|tag| format!("{tag:?} ")).unwrap_or_default();
                self.line(&format!("{tag}{bare} {text:?}"));
            }
            Event::Alias(_) => {
                self.node();
                self.line("alias");
            }
            Event::SequenceStart(..) => self.open("["),
            Event::MappingStart(..) => self.open("{"),
            Event::SequenceEnd => self.close("]"),
            Event::MappingEnd => self.close("}"),
            _ => {}
        }
    }

    fn node(&mut self) {
        self.nodes += usize::from(self.depth == 1);
    }

    fn open(&mut self, bracket: &str) {
        self.node();
        self.line(bracket);
        self.depth += 1;
    }

    fn close(&mut self, bracket: &str) {
        self.depth -= 1;
        if self.depth == 0 {
            self.skipping = false;
        }
        self.line(bracket);
    }

    fn line(&mut self, text: &str) {
        if !self.skipping {
            self.lines.push(text.to_owned());
        }
    }
}

#[test]
fn metadata_and_comments_do_not_count() {
    let with = "a: 1 # x\nl:\n    - b\n    # y\nsops:\n    mac: z\n---\nc: \"2\"\nsops:\n    mac: z\n";
    assert_eq!(Form::Yaml.values(with), Form::Yaml.values("a: 1\nl: [b]\n---\nc: \"2\"\n"));
    assert_ne!(Form::Yaml.values(with), Form::Yaml.values("a: 1\nl: [b]\n---\nc: 2\n"));
    let json = "{\n\t\"a\": 1,\n\t\"sops\": {\n\t\t\"mac\": \"\"\n\t}\n}\n";
    assert_eq!(Form::Json.values(json), Form::Json.values("{\n\t\"a\": 1\n}\n"));
    assert_eq!(Form::Json.values("{\n\t\"sops\": {\n\t}\n}\n"), Form::Json.values("{}\n"));
}
