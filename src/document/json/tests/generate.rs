//! Random documents: a tree of tokens, and noise that decides how it is laid out.

use proptest::prelude::*;

/// A value as it is spelled.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Token(String),
    List(Vec<Tree>),
    /// Keys as their tokens; what they say is unique.
    Map(Vec<(String, Tree)>),
}

/// Where line breaks and blanks go.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Anywhere.
    Noise,
    /// As printers put them: line break, indentation.
    Pretty(&'static str, &'static str),
}

/// A document.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) tree: Tree,
    pub(super) text: String,
}

fn string() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => "[ -!#-\\[\\]-~é😀\u{2028}\u{7f}]{1,6}",
        1 => prop::sample::select(vec![
            "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0000", "\\u00e9", "\\uD83D\\ude00", "\\u2028",
        ]).prop_map(String::from),
    ];
    prop::collection::vec(part, 0..5).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

fn token() -> impl Strategy<Value = String> {
    let fixed = ["null", "true", "false", "-0", "-0.0", "0e9", "1E+2", "1.50", "1e-7", "9223372036854775808", "1e22"];
    prop_oneof![
        3 => string(),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
        1 => "-?(0|[1-9][0-9]{0,6})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?",
        2 => prop::sample::select(fixed.to_vec()).prop_map(String::from),
    ]
}

fn collection(inner: impl Strategy<Value = Tree> + Clone) -> impl Strategy<Value = Tree> {
    let key = prop::sample::select(vec![
        "\"a\"",
        "\"b\"",
        "\"c\"",
        "\"\\u0064\"",
        "\"\"",
        "\"é.\\\"\"",
        "\"// x\"",
        "\"g\\n\"",
    ]);
    let entries = prop::collection::vec((key, inner.clone()), 0..5).prop_map(|mut entries| {
        let mut seen = std::collections::HashSet::new();
        entries.retain(|(key, _)| seen.insert(*key));
        Tree::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    });
    prop_oneof![entries, prop::collection::vec(inner, 0..5).prop_map(Tree::List)]
}

fn tree() -> impl Strategy<Value = Tree> {
    let inner = token().prop_map(Tree::Token).prop_recursive(3, 20, 4, collection);
    collection(inner)
}

/// A document, with comments and trailing commas if `extended`.
pub(super) fn sample(extended: bool) -> impl Strategy<Value = Sample> {
    let shape = prop_oneof![
        2 => Just(Shape::Noise),
        1 => Just(Shape::Pretty("\n", "  ")),
        1 => Just(Shape::Pretty("\r\n", "\t")),
        1 => Just(Shape::Pretty("\n", "")),
        1 => Just(Shape::Pretty("", "")),
    ];
    (tree(), shape, prop::collection::vec(any::<u8>(), 1..64)).prop_map(move |(tree, shape, noise)| {
        let mut writer = Writer { out: String::new(), noise, at: 0, extended, shape };
        writer.gap();
        writer.tree(&tree, 0);
        writer.gap();
        Sample { tree, text: writer.out }
    })
}

struct Writer {
    out: String,
    noise: Vec<u8>,
    at: usize,
    extended: bool,
    shape: Shape,
}

impl Writer {
    fn choose(&mut self, count: usize) -> usize {
        self.at += 1;
        (usize::from(self.noise[self.at % self.noise.len()]) + self.at / self.noise.len()) % count
    }

    fn gap(&mut self) {
        if matches!(self.shape, Shape::Pretty(..)) {
            return;
        }
        for _ in 0..self.choose(3) {
            let blank = [" ", "\n", "\r\n", "\t", "\r", "\n    "][self.choose(6)];
            self.out.push_str(blank);
            self.comment();
        }
    }

    fn comment(&mut self) {
        if self.extended && self.choose(4) == 0 {
            let comment = ["// x, }\n", "/* , ] */", "/*\n \" */", "//\r\n", "// [\r"][self.choose(5)];
            self.out.push_str(comment);
        }
    }

    fn line(&mut self, level: usize) {
        match self.shape {
            Shape::Noise => self.gap(),
            Shape::Pretty(line_end, unit) => {
                if self.extended && self.choose(4) == 0 {
                    self.out.push_str([" // x", " /* y */"][usize::from(line_end.is_empty())]);
                }
                self.out.push_str(line_end);
                (0..level).for_each(|_| self.out.push_str(unit));
            }
        }
    }

    fn tree(&mut self, tree: &Tree, level: usize) {
        let (count, brackets) = match tree {
            Tree::Token(token) => return self.out.push_str(token),
            Tree::List(items) => (items.len(), "[]"),
            Tree::Map(entries) => (entries.len(), "{}"),
        };
        self.out.push_str(&brackets[..1]);
        for at in 0..count {
            self.line(level + 1);
            match tree {
                Tree::Map(entries) => {
                    self.out.push_str(&entries[at].0);
                    self.gap();
                    self.out.push(':');
                    self.gap();
                    self.tree(&entries[at].1, level + 1);
                }
                Tree::List(items) => self.tree(&items[at], level + 1),
                Tree::Token(_) => {}
            }
            self.gap();
            if at + 1 < count || self.extended && self.choose(3) == 0 {
                self.out.push(',');
            }
        }
        if count > 0 {
            self.line(level);
        } else {
            self.gap();
        }
        self.out.push_str(&brackets[1..]);
    }
}
