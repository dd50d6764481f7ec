//! The text being written, and what every part of the generator needs to know about it.

use super::rng::Rng;
use std::collections::BTreeSet;

/// What an anchor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchored {
    /// a scalar that is a string
    Text,
    /// any other scalar
    Scalar,
    /// a mapping
    Map,
    /// a sequence
    List,
}

/// An anchor that may be referred to: its node is finished, so an alias cannot be cyclic.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// without the `&`
    pub name: String,
    /// the kind of node
    pub kind: Anchored,
    /// leaves that an alias to it brings in
    pub weight: usize,
}

/// The text so far, the dice, and the switches.
#[derive(Debug)]
pub struct Writer {
    /// what was written
    pub out: String,
    /// the dice
    pub rng: Rng,
    /// anchors of the current document
    pub anchors: Vec<Anchor>,
    /// names and texts of anchored keys
    pub key_anchors: Vec<(String, String)>,
    /// leaves written in this document, aliases counted with what they expand to
    pub leaves: usize,
    /// leaves after which containers stop growing
    pub budget: usize,
    /// the column from which a comment would be taken for content of the block scalar above
    pub floor: usize,
    /// how many anchors this document has had
    pub anchor_count: usize,
    /// whether `%TAG !e!` is in force
    pub tag_handle: bool,
    on: BTreeSet<&'static str>,
    used: BTreeSet<&'static str>,
}

impl Writer {
    /// Throws for every feature once.
    pub fn new(seed: u64, features: &[(&'static str, usize)]) -> Self {
        let mut rng = Rng::new(seed);
        // one document in ten is small and three in ten hold nearly everything at once
        let mode = rng.below(10);
        let on = features
            .iter()
            .filter(|(_, percent)| match mode {
                0 => rng.percent(percent / 3),
                1..=3 => rng.percent(percent + 40),
                _ => rng.percent(*percent),
            })
            .map(|(name, _)| *name)
            .collect();
        let budget = if mode == 0 { 4 } else { rng.range(6, 40) };
        Self {
            out: String::new(),
            rng,
            anchors: Vec::new(),
            key_anchors: Vec::new(),
            leaves: 0,
            budget,
            floor: usize::MAX,
            anchor_count: 0,
            tag_handle: false,
            on,
            used: BTreeSet::new(),
        }
    }

    /// Whether this document has the feature switched on and the dice want it here. Says that it was used.
    pub fn want(&mut self, feature: &'static str, percent: usize) -> bool {
        let wanted = self.on.contains(feature) && self.rng.percent(percent);
        if wanted {
            self.used.insert(feature);
        }
        wanted
    }

    /// Notes a construct that came about without a switch.
    pub fn note(&mut self, feature: &'static str) {
        self.used.insert(feature);
    }

    /// Appends text.
    pub fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Appends one of the choices.
    pub fn put_one(&mut self, choices: &[&str]) {
        self.out.push_str(self.rng.pick(choices));
    }

    /// Appends `count` spaces.
    pub fn spaces(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    /// A new document begins: anchors of the last one are gone.
    pub fn start_document(&mut self) {
        self.anchors.clear();
        self.key_anchors.clear();
        self.leaves = 0;
        self.floor = usize::MAX;
    }

    /// A name for an anchor that this file has not had.
    pub fn anchor_name(&mut self) -> String {
        self.anchor_count += 1;
        let stem = self.rng.pick(&["a", "base", "x-1", "Ref_", "id", "A"]);
        format!("{stem}{}", self.anchor_count)
    }

    /// The text and the features used.
    pub fn finish(self) -> (String, BTreeSet<&'static str>) {
        (self.out, self.used)
    }
}
