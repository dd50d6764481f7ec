//! Which leaves of a document are secret: the six selection settings, evaluated along a walk.
//!
//! Mirrors sops 3.13.2 `sops.go` (`shouldBeEncrypted`, `walkBranch`, `walkSlice`): a key's match holds for everything
//! beneath it; positions in lists are no keys; a comment is *active* for the comments after it, the next item and all
//! beneath that item.

use crate::pattern::{self, RegexError};

/// The suffix that keeps a key in clear when a file says nothing else.
pub const DEFAULT_UNENCRYPTED_SUFFIX: &str = "_unencrypted";

/// The selection setting as a file or a creation rule says it. There is at most one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Selection {
    /// Nothing said: keys ending in `_unencrypted` stay in clear.
    #[default]
    Default,
    /// Keys with this ending stay in clear.
    UnencryptedSuffix(String),
    /// Only keys with this ending are encrypted.
    EncryptedSuffix(String),
    /// Keys that match stay in clear.
    UnencryptedRegex(String),
    /// Only keys that match are encrypted.
    EncryptedRegex(String),
    /// Values under a comment that matches stay in clear.
    UnencryptedCommentRegex(String),
    /// Only values under a comment that matches are encrypted.
    EncryptedCommentRegex(String),
}

impl Selection {
    /// The name and value under which metadata and rules hold the setting.
    pub fn field(&self) -> (&'static str, &str) {
        match self {
            Self::Default => ("unencrypted_suffix", DEFAULT_UNENCRYPTED_SUFFIX),
            Self::UnencryptedSuffix(suffix) => ("unencrypted_suffix", suffix),
            Self::EncryptedSuffix(suffix) => ("encrypted_suffix", suffix),
            Self::UnencryptedRegex(pattern) => ("unencrypted_regex", pattern),
            Self::EncryptedRegex(pattern) => ("encrypted_regex", pattern),
            Self::UnencryptedCommentRegex(pattern) => ("unencrypted_comment_regex", pattern),
            Self::EncryptedCommentRegex(pattern) => ("encrypted_comment_regex", pattern),
        }
    }

    /// The setting for a field of [`Selection::FIELDS`]; `None` for another name or an empty value, which sets nothing.
    pub fn from_field(name: &str, value: &str) -> Option<Self> {
        if value.is_empty() {
            return None;
        }
        let value = value.to_owned();
        Some(match name {
            "unencrypted_suffix" if value == DEFAULT_UNENCRYPTED_SUFFIX => Self::Default,
            "unencrypted_suffix" => Self::UnencryptedSuffix(value),
            "encrypted_suffix" => Self::EncryptedSuffix(value),
            "unencrypted_regex" => Self::UnencryptedRegex(value),
            "encrypted_regex" => Self::EncryptedRegex(value),
            "unencrypted_comment_regex" => Self::UnencryptedCommentRegex(value),
            "encrypted_comment_regex" => Self::EncryptedCommentRegex(value),
            _ => return None,
        })
    }

    /// The names of the six settings.
    pub const FIELDS: [&'static str; 6] = [
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
    ];
}

/// How a key or a comment is tested.
#[derive(Debug)]
enum Test {
    Suffix(String),
    Pattern(::regex::Regex),
    /// An invalid pattern in a file: sops takes it as one that matches nothing.
    Never,
}

impl Test {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::Pattern(pattern) => pattern.is_match(text),
            Self::Never => false,
        }
    }
}

/// A selection, ready for use.
#[derive(Debug)]
pub struct Selector {
    test: Test,
    /// Comments are tested instead of keys.
    by_comment: bool,
    /// What matches is encrypted, instead of left in clear.
    match_encrypts: bool,
}

impl Selector {
    /// For encrypting: a pattern that does not compile is an error, since it would leave everything in clear.
    ///
    /// # Errors
    /// [`RegexError`] names the pattern and what is wrong with it.
    pub fn compile(selection: &Selection) -> Result<Self, RegexError> {
        let test = match selection {
            Selection::Default | Selection::UnencryptedSuffix(_) | Selection::EncryptedSuffix(_) => {
                Test::Suffix(selection.field().1.to_owned())
            }
            Selection::UnencryptedRegex(pattern)
            | Selection::EncryptedRegex(pattern)
            | Selection::UnencryptedCommentRegex(pattern)
            | Selection::EncryptedCommentRegex(pattern) => Test::Pattern(pattern::compile(pattern)?),
        };
        Ok(Self::new(selection, test))
    }

    /// For decrypting: a pattern that does not compile matches nothing, as it did when sops wrote the file.
    pub fn compile_lenient(selection: &Selection) -> Self {
        Self::compile(selection).unwrap_or_else(|_| Self::new(selection, Test::Never))
    }

    /// Whether comments, not keys, decide.
    pub fn reads_comments(&self) -> bool {
        self.by_comment
    }

    fn new(selection: &Selection, test: Test) -> Self {
        Self {
            test,
            by_comment: matches!(
                selection,
                Selection::UnencryptedCommentRegex(_) | Selection::EncryptedCommentRegex(_)
            ),
            match_encrypts: matches!(
                selection,
                Selection::EncryptedSuffix(_) | Selection::EncryptedRegex(_) | Selection::EncryptedCommentRegex(_)
            ),
        }
    }

    /// A walk that starts at the root of a document. The root's own container is opened by the caller.
    pub fn walk(&self) -> SelectorWalk<'_> {
        SelectorWalk { selector: self, keys: vec![], comments: vec![], levels: vec![], hits: 0 }
    }

    /// Whether an encrypted comment, as it will be stored, would itself switch the encryption below it off when the file
    /// is read again. sops refuses to encrypt then.
    pub fn misreads_encrypted_comment(&self, stored: &str) -> bool {
        self.by_comment && !self.match_encrypts && self.test.matches(stored)
    }
}

/// Where a walk is. Calls follow the document: `open` and `close` around the items of each mapping and list,
/// `enter_key` and `leave_key` around a key's value, `comment` at each comment, and `after_item` when an item that is no
/// comment is done, its children included.
#[derive(Debug)]
pub struct SelectorWalk<'a> {
    selector: &'a Selector,
    /// For each key of the path: whether it, or one above it, matches.
    keys: Vec<bool>,
    /// Whether each active comment matches, outermost level first.
    comments: Vec<bool>,
    /// Where each level's comments begin.
    levels: Vec<usize>,
    /// How many active comments match.
    hits: usize,
}

impl SelectorWalk<'_> {
    /// Goes down into the value of `key`.
    pub fn enter_key(&mut self, key: &str) {
        let inherited = self.keys.last().copied().unwrap_or(false);
        let matches = !self.selector.by_comment && (inherited || self.selector.test.matches(key));
        self.keys.push(matches);
    }

    /// Leaves the value of the last key entered.
    pub fn leave_key(&mut self) {
        self.keys.pop();
    }

    /// Begins a mapping or list.
    pub fn open(&mut self) {
        self.levels.push(self.comments.len());
    }

    /// Ends a mapping or list.
    pub fn close(&mut self) {
        self.forget_level();
        self.levels.pop();
    }

    /// Makes a comment active and says whether it is to be encrypted. The path is that of the container.
    pub fn comment(&mut self, text: &str) -> bool {
        if !self.selector.by_comment {
            // nobody will ask about it
            return self.leaf();
        }
        let before = self.hits;
        let matches = self.selector.test.matches(text);
        self.comments.push(matches);
        self.hits += usize::from(matches);
        // a marker that switches encryption on does not hide itself
        if self.selector.match_encrypts { before > 0 } else { self.hits == 0 }
    }

    /// Whether a scalar here is to be encrypted.
    pub fn leaf(&self) -> bool {
        let matches = if self.selector.by_comment { self.hits > 0 } else { self.keys.last().copied().unwrap_or(false) };
        matches == self.selector.match_encrypts
    }

    /// Ends an item that is no comment: the comments of its level are no longer active.
    pub fn after_item(&mut self) {
        self.forget_level();
    }

    /// Takes the newest comment of this level back, as if it had not been there.
    pub fn forget_last_comment(&mut self) {
        if self.comments.len() > self.level_start()
            && let Some(matched) = self.comments.pop()
        {
            self.hits -= usize::from(matched);
        }
    }

    fn level_start(&self) -> usize {
        self.levels.last().copied().unwrap_or(0)
    }

    fn forget_level(&mut self) {
        let start = self.level_start();
        self.hits -= self.comments.drain(start..).filter(|matched| *matched).count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tiny document: what a walk meets.
    enum Item {
        Comment(&'static str),
        Leaf(&'static str),
        Map(&'static str, Vec<Item>),
        List(&'static str, Vec<Item>),
    }
    use Item::{Comment, Leaf, List, Map};

    /// Names of what is encrypted. Items of lists have no key: their name is used for the result only.
    fn encrypted(selection: &Selection, items: &[Item]) -> Vec<&'static str> {
        fn go(walk: &mut SelectorWalk<'_>, items: &[Item], keyed: bool, found: &mut Vec<&'static str>) {
            walk.open();
            for item in items {
                let name = match item {
                    Comment(text) => {
                        if walk.comment(text) {
                            found.push(text);
                        }
                        continue;
                    }
                    Leaf(name) | Map(name, _) | List(name, _) => name,
                };
                if keyed {
                    walk.enter_key(name);
                }
                match item {
                    Map(_, items) => go(walk, items, true, found),
                    List(_, items) => go(walk, items, false, found),
                    _ => {
                        if walk.leaf() {
                            found.push(name);
                        }
                    }
                }
                if keyed {
                    walk.leave_key();
                }
                walk.after_item();
            }
            walk.close();
        }
        let selector = Selector::compile(selection).unwrap();
        let mut walk = selector.walk();
        let mut found = vec![];
        go(&mut walk, items, true, &mut found);
        assert!(walk.keys.is_empty() && walk.comments.is_empty() && walk.levels.is_empty());
        assert_eq!(walk.hits, 0);
        found
    }

    fn document() -> Vec<Item> {
        vec![
            Comment("# top"),
            Leaf("a"),
            Leaf("b_x"),
            Map("c", vec![Comment("# in c"), Leaf("d"), Leaf("e_x")]),
            Map("f_x", vec![Comment("# in f"), Leaf("g"), List("h", vec![Leaf("one"), Leaf("two_x")])]),
        ]
    }

    #[test]
    fn the_default_suffix() {
        let items = || vec![Leaf("a"), Leaf("b_unencrypted"), Map("c_unencrypted", vec![Leaf("d")])];
        assert_eq!(encrypted(&Selection::Default, &items()), ["a"]);
    }

    #[test]
    fn keys_that_match_are_in_clear_with_everything_beneath() {
        let expected = ["# top", "a", "# in c", "d"];
        assert_eq!(encrypted(&Selection::UnencryptedSuffix("_x".into()), &document()), expected);
        assert_eq!(encrypted(&Selection::UnencryptedRegex("_x$".into()), &document()), expected);
    }

    #[test]
    fn only_keys_that_match_are_encrypted_with_everything_beneath() {
        // a top-level comment has no key, so it stays in clear; a position in a list is no key either
        let expected = ["b_x", "e_x", "# in f", "g", "one", "two_x"];
        assert_eq!(encrypted(&Selection::EncryptedSuffix("_x".into()), &document()), expected);
        assert_eq!(encrypted(&Selection::EncryptedRegex("_x$".into()), &document()), expected);
    }

    #[test]
    fn patterns_are_not_anchored_and_see_single_keys() {
        let items = || vec![Map("a", vec![Leaf("b")]), Leaf("xab")];
        assert_eq!(encrypted(&Selection::EncryptedRegex("a".into()), &items()), ["b", "xab"]);
        assert!(encrypted(&Selection::EncryptedRegex("a:b|a/b|a\\.b".into()), &items()).is_empty());
    }

    fn commented() -> Vec<Item> {
        vec![
            Comment("# one"),
            Comment("# secret: yes"),
            Comment("# three"),
            Leaf("a"),
            Leaf("b"),
            Comment("# secret: yes "),
            Map("c", vec![Leaf("d"), Comment("# in c"), List("e", vec![Leaf("f")]), Leaf("g")]),
            Comment("# after"),
            List("h", vec![Leaf("i"), Comment("# secret: yes, in h"), Leaf("j"), Leaf("k")]),
        ]
    }

    #[test]
    fn a_comment_that_matches_switches_encryption_on() {
        let found = encrypted(&Selection::EncryptedCommentRegex("secret: yes".into()), &commented());
        assert_eq!(found, ["# three", "a", "d", "# in c", "f", "g", "j"]);
    }

    #[test]
    fn a_comment_that_matches_switches_encryption_off() {
        let found = encrypted(&Selection::UnencryptedCommentRegex("secret: yes".into()), &commented());
        assert_eq!(found, ["# one", "b", "# after", "i", "k"]);
    }

    #[test]
    fn two_markers_in_a_run_hide_the_second() {
        let items = || vec![Comment("enc 1"), Comment("enc 2"), Leaf("a")];
        assert_eq!(encrypted(&Selection::EncryptedCommentRegex("enc".into()), &items()), ["enc 2", "a"]);
    }

    #[test]
    fn a_comment_can_be_taken_back() {
        let selector = Selector::compile(&Selection::EncryptedCommentRegex("x".into())).unwrap();
        let mut walk = selector.walk();
        walk.open();
        walk.comment("x");
        walk.open();
        walk.forget_last_comment();
        assert!(walk.leaf(), "the comment above is of another level");
        walk.close();
        walk.forget_last_comment();
        assert!(!walk.leaf());
        walk.forget_last_comment();
    }

    #[test]
    fn an_unbalanced_walk_does_not_panic() {
        let selector = Selector::compile(&Selection::EncryptedCommentRegex("x".into())).unwrap();
        let mut walk = selector.walk();
        walk.leave_key();
        walk.close();
        walk.comment("x");
        walk.after_item();
        assert!(!walk.leaf());
    }

    #[test]
    fn a_bad_pattern_is_an_error_or_matches_nothing() {
        for (selection, all) in [
            (Selection::EncryptedRegex("(".into()), false),
            (Selection::UnencryptedRegex("(".into()), true),
            (Selection::EncryptedCommentRegex("a**".into()), false),
            (Selection::UnencryptedCommentRegex("a**".into()), true),
        ] {
            assert!(Selector::compile(&selection).is_err());
            let selector = Selector::compile_lenient(&selection);
            let mut walk = selector.walk();
            walk.open();
            assert_eq!(walk.comment("("), all);
            walk.enter_key("(");
            assert_eq!(walk.leaf(), all);
        }
    }

    #[test]
    fn an_encrypted_comment_that_reads_as_a_marker() {
        let stored = "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:comment]";
        let misread = |selection: Selection| Selector::compile(&selection).unwrap().misreads_encrypted_comment(stored);
        assert!(misread(Selection::UnencryptedCommentRegex("ENC".into())));
        assert!(!misread(Selection::UnencryptedCommentRegex("clear".into())));
        assert!(!misread(Selection::EncryptedCommentRegex("ENC".into())));
        assert!(!misread(Selection::UnencryptedRegex("ENC".into())));
    }

    #[test]
    fn fields_and_back() {
        assert_eq!(Selection::from_field("encrypted_regex", ""), None);
        assert_eq!(Selection::from_field("encrypted_regexp", "x"), None);
        for name in Selection::FIELDS {
            assert_eq!(Selection::from_field(name, "x").unwrap().field(), (name, "x"));
        }
        let (name, value) = Selection::Default.field();
        assert_eq!(Selection::from_field(name, value), Some(Selection::Default));
    }
}
