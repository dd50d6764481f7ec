//! The first bytes of what is looked for: at nearly every byte of the output they show at once that nothing begins there. Pure.

use std::ops::Range;

use zeroize::Zeroizing;

/// What pieces begin with: at nearly every byte of the output it shows at once that none does.
#[derive(Default)]
pub(super) struct Heads {
    /// The first bytes of all pieces, each once, in order.
    all: Zeroizing<Vec<u32>>,
    /// Where the pieces with each of them begin, and where the last ones end.
    starts: Vec<usize>,
    /// A bit for the hash of each, among many times as many.
    bits: Zeroizing<Vec<u64>>,
}

/// Bits for each head.
const BITS: usize = 32;

impl Heads {
    /// Takes the heads of pieces in order.
    pub(super) fn new(heads: impl ExactSizeIterator<Item = u32>) -> Self {
        let count = heads.len();
        let mut found = Self { all: Zeroizing::new(Vec::with_capacity(count)), ..Self::default() };
        for (at, head) in heads.enumerate() {
            if found.all.last() != Some(&head) {
                found.all.push(head);
                found.starts.push(at);
            }
        }
        found.starts.push(count);
        let words = (found.all.len() * BITS / 64).next_power_of_two();
        found.bits = Zeroizing::new(vec![0; words]);
        for head in found.all.iter() {
            let bit = found.bit(*head);
            found.bits[bit / 64] |= 1 << (bit % 64);
        }
        found
    }

    /// The bit for a head: the upper half of a product depends on all of its bits.
    fn bit(&self, head: u32) -> usize {
        let mixed = u64::from(head).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        mixed as usize & (self.bits.len() * 64 - 1)
    }

    /// Which pieces begin with `head`.
    pub(super) fn find(&self, head: u32) -> Range<usize> {
        let bit = self.bit(head);
        if self.bits[bit / 64] & 1 << (bit % 64) == 0 {
            return 0..0;
        }
        self.all.binary_search(&head).map_or(0..0, |at| self.starts[at]..self.starts[at + 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte was compared with pieces all over the memory: twenty seconds for the two megabytes of two values.
    #[test]
    fn heads_are_found_whatever_their_number() {
        for count in [0_u32, 1, 2, 1000] {
            let heads: Vec<u32> = (0..count).flat_map(|at| [at * 7, at * 7]).collect();
            let found = Heads::new(heads.iter().copied());
            for at in 0..count {
                assert_eq!(found.find(at * 7), 2 * at as usize..2 * at as usize + 2);
                assert!(found.find(at * 7 + 1).is_empty());
            }
            assert!(found.find(u32::MAX).is_empty());
        }
    }
}
