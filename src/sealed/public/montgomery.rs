//! Powers modulo an RSA modulus, by Montgomery multiplication.
//!
//! Of our own because only the public operation is needed, whose exponent is short and no secret: the crate `rsa` walks through it
//! like through a private one and takes more than four times as long. No branch and no address depends on the base.

use rsa::BigUint;
use zeroize::Zeroizing;

/// A modulus, and what is computed from it once. The least significant limb comes first.
#[derive(Clone, Debug)]
pub(super) struct Modulus {
    limbs: Vec<u64>,
    /// -1/n modulo 2^64
    negative_inverse: u64,
    /// the square of 2^(64 · limbs), modulo n
    square: Vec<u64>,
    bits: usize,
}

impl Modulus {
    /// `None` when it is even.
    pub(super) fn new(modulus: &BigUint) -> Option<Self> {
        let bits = modulus.bits();
        let count = bits.div_ceil(64);
        let limbs = to_limbs(&modulus.to_bytes_be(), count);
        if limbs.first().is_none_or(|low| low % 2 == 0) {
            return None;
        }
        let square = (BigUint::from(1_u32) << (2 * 64 * count)) % modulus;
        Some(Self {
            negative_inverse: negative_inverse(limbs[0]),
            square: to_limbs(&square.to_bytes_be(), count),
            limbs,
            bits,
        })
    }

    pub(super) fn bits(&self) -> usize {
        self.bits
    }

    /// Bytes of the modulus.
    pub(super) fn length(&self) -> usize {
        self.bits.div_ceil(8)
    }

    /// `base` to the power of `exponent`, modulo this, both big-endian; as long as the modulus. `base` is smaller than the modulus.
    pub(super) fn power(&self, base: &[u8], exponent: u64) -> Vec<u8> {
        let base = Zeroizing::new(to_limbs(base, self.limbs.len()));
        let mut scratch = Zeroizing::new(vec![0; self.limbs.len() + 2]);
        let mut factor = Zeroizing::new(vec![0; self.limbs.len()]);
        self.multiply(&base, &self.square, &mut factor, &mut scratch);
        let mut power = Zeroizing::new(factor.to_vec());
        let mut other = Zeroizing::new(vec![0; self.limbs.len()]);
        // from the bit below the highest one
        for bit in (0..exponent.checked_ilog2().unwrap_or(0)).rev() {
            self.multiply(&power, &power, &mut other, &mut scratch);
            std::mem::swap(&mut power, &mut other);
            if exponent >> bit & 1 == 1 {
                self.multiply(&power, &factor, &mut other, &mut scratch);
                std::mem::swap(&mut power, &mut other);
            }
        }
        let mut one = vec![0; self.limbs.len()];
        one[0] = 1;
        self.multiply(&power, &one, &mut other, &mut scratch);
        let bytes: Vec<u8> = other.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
        bytes[bytes.len() - self.length()..].to_vec()
    }

    /// `a · b / 2^(64 · limbs)` modulo this, into `result` (CIOS: Koç, Acar, Kaliski 1996).
    fn multiply(&self, a: &[u64], b: &[u64], result: &mut [u64], sum: &mut [u64]) {
        let count = self.limbs.len();
        let (a, sum) = (&a[..count], &mut sum[..count + 2]);
        sum.fill(0);
        for &digit in &b[..count] {
            let mut carry = 0;
            for (slot, &limb) in sum.iter_mut().zip(a) {
                (*slot, carry) = accumulate(*slot, limb, digit, carry);
            }
            let (top, overflow) = sum[count].overflowing_add(carry);
            (sum[count], sum[count + 1]) = (top, u64::from(overflow));
            let factor = sum[0].wrapping_mul(self.negative_inverse);
            let (_, mut carry) = accumulate(sum[0], self.limbs[0], factor, 0);
            for at in 1..count {
                (sum[at - 1], carry) = accumulate(sum[at], self.limbs[at], factor, carry);
            }
            let (top, overflow) = sum[count].overflowing_add(carry);
            sum[count - 1] = top;
            sum[count] = sum[count + 1] + u64::from(overflow);
        }
        self.reduce(sum, result);
    }

    /// `sum`, less the modulus when it is not smaller, without a branch.
    fn reduce(&self, sum: &[u64], result: &mut [u64]) {
        let count = self.limbs.len();
        let mut borrow = false;
        for ((slot, &limb), &modulus) in result.iter_mut().zip(sum).zip(&self.limbs) {
            let (less, first) = limb.overflowing_sub(modulus);
            let (less, second) = less.overflowing_sub(u64::from(borrow));
            (*slot, borrow) = (less, first | second);
        }
        // all ones when the difference is negative: then the sum itself is the result
        let keep = u64::from(sum[count] < u64::from(borrow)).wrapping_neg();
        for (slot, &limb) in result.iter_mut().zip(sum) {
            *slot = limb & keep | *slot & !keep;
        }
    }
}

/// `slot + a · b + carry`: its low and its high half.
#[inline(always)]
fn accumulate(slot: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let sum = u128::from(slot) + u128::from(a) * u128::from(b) + u128::from(carry);
    #[allow(clippy::cast_possible_truncation, reason = "the two halves")]
    (sum as u64, (sum >> 64) as u64)
}

/// -1/n modulo 2^64, for an odd n: Newton's iteration doubles the bits that are right, of which there are five at first.
fn negative_inverse(n: u64) -> u64 {
    let mut inverse = n.wrapping_mul(3) ^ 2;
    for _ in 0..4 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(n.wrapping_mul(inverse)));
    }
    inverse.wrapping_neg()
}

/// `bytes`, big-endian, as `count` limbs.
fn to_limbs(bytes: &[u8], count: usize) -> Vec<u64> {
    let mut limbs = vec![0; count];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks(8)) {
        let mut padded = [0; 8];
        padded[8 - chunk.len()..].copy_from_slice(chunk);
        *limb = u64::from_be_bytes(padded);
    }
    limbs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// The oracle is the general arithmetic of another crate.
        #[test]
        fn powers_are_right(
            mut modulus in proptest::collection::vec(any::<u8>(), 1..300),
            base in proptest::collection::vec(any::<u8>(), 0..300),
            exponent in prop_oneof![Just(65537_u64), Just(3), Just(17), 1..u64::from(u32::MAX)],
            ones in any::<bool>(),
        ) {
            if ones {
                modulus.fill(0xff);
            }
            *modulus.last_mut().unwrap() |= 1;
            modulus[0] |= 0x40;
            let n = BigUint::from_bytes_be(&modulus);
            let base = BigUint::from_bytes_be(&base) % &n;
            let want = base.modpow(&BigUint::from(exponent), &n);
            let got = Modulus::new(&n).unwrap().power(&base.to_bytes_be(), exponent);
            prop_assert_eq!(BigUint::from_bytes_be(&got), want);
            prop_assert_eq!(got.len(), n.bits().div_ceil(8));
        }
    }

    /// The largest base there is, where the final subtraction happens.
    #[test]
    fn the_edges_are_right() {
        for bits in [64_usize, 65, 127, 128, 2048, 4096] {
            let n = (BigUint::from(1_u32) << bits) - 1_u32;
            let modulus = Modulus::new(&n).unwrap();
            for base in [&n - 1_u32, &n - 2_u32, BigUint::from(0_u32), BigUint::from(1_u32), &n >> 1] {
                let got = modulus.power(&base.to_bytes_be(), 65537);
                assert_eq!(BigUint::from_bytes_be(&got), base.modpow(&BigUint::from(65537_u32), &n));
            }
        }
        assert!(Modulus::new(&BigUint::from(10_u32)).is_none());
    }
}
