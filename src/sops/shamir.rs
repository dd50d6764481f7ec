//! Shamir's secret sharing over GF(2^8), in the share format of sops and HashiCorp Vault.
//!
//! A share is one byte for each byte of the secret, then the share's x as the last byte (sops 3.13.2 `shamir/shamir.go`).
//! The field is that of AES (x^8 + x^4 + x^3 + x + 1). Nothing branches on, or indexes by, a secret byte.

use zeroize::Zeroizing;

use crate::secret::{RandomError, SecretBytes};

/// Why a secret could not be split or put together.
#[derive(Debug, thiserror::Error)]
pub enum ShamirError {
    /// Fewer than two shares would be enough, which is no sharing.
    #[error("the threshold must be at least 2")]
    ThresholdTooSmall,
    /// More shares would be needed than are made.
    #[error("the threshold is {threshold}, but there are only {parts} parts")]
    ThresholdTooLarge {
        /// Shares that would be needed.
        threshold: usize,
        /// Shares that would be made.
        parts: usize,
    },
    /// x is one byte and never 0.
    #[error("a secret can be split into at most 255 parts, not {0}")]
    TooManyParts(usize),
    /// There is nothing to split.
    #[error("an empty secret cannot be split")]
    EmptySecret,
    /// One share says nothing.
    #[error("at least two parts are needed to put the secret together, but there is {0}")]
    TooFewParts(usize),
    /// A share without content.
    #[error("a part is too short")]
    PartTooShort,
    /// Shares of different secrets.
    #[error("the parts have different lengths")]
    UnequalParts,
    /// The same share twice.
    #[error("two parts are the same share")]
    DuplicatePart,
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Splits `secret` into `parts` shares, of which any `threshold` give it back. `random` fills a buffer with random
/// bytes.
///
/// # Errors
/// [`ShamirError`] when the numbers do not fit (2 ≤ `threshold` ≤ `parts` ≤ 255), the secret is empty, or there is no
/// randomness.
pub fn split(
    secret: &[u8],
    parts: usize,
    threshold: usize,
    random: &mut dyn FnMut(&mut [u8]) -> Result<(), RandomError>,
) -> Result<Vec<SecretBytes>, ShamirError> {
    if threshold < 2 {
        return Err(ShamirError::ThresholdTooSmall);
    }
    if threshold > parts {
        return Err(ShamirError::ThresholdTooLarge { threshold, parts });
    }
    let Ok(last) = u8::try_from(parts) else {
        return Err(ShamirError::TooManyParts(parts));
    };
    if secret.is_empty() {
        return Err(ShamirError::EmptySecret);
    }
    // one polynomial for each byte of the secret, which is its value at 0
    let degree = threshold - 1;
    let mut coefficients = Zeroizing::new(vec![0; secret.len() * degree]);
    random(&mut coefficients)?;
    let share = |x: u8| {
        let mut bytes = Vec::with_capacity(secret.len() + 1);
        bytes.extend(secret.iter().zip(coefficients.chunks_exact(degree)).map(|(constant, rest)| {
            rest.iter().rev().fold(0, |sum, coefficient| multiply(sum ^ coefficient, x)) ^ constant
        }));
        bytes.push(x);
        SecretBytes::new(bytes)
    };
    Ok((1..=last).map(share).collect())
}

/// Puts a secret together again. With fewer shares than the threshold the result is noise: shares do not know their
/// threshold.
///
/// # Errors
/// [`ShamirError`] when there are fewer than two shares, one is too short, or they do not belong together.
pub fn combine(parts: &[SecretBytes]) -> Result<SecretBytes, ShamirError> {
    let [first, _, ..] = parts else {
        return Err(ShamirError::TooFewParts(parts.len()));
    };
    let length = first.expose().len();
    if length < 2 {
        return Err(ShamirError::PartTooShort);
    }
    let mut shares: Vec<(u8, &[u8])> = Vec::with_capacity(parts.len());
    for part in parts {
        let Some((x, ys)) = part.expose().split_last().filter(|(_, ys)| ys.len() + 1 == length) else {
            return Err(ShamirError::UnequalParts);
        };
        if shares.iter().any(|(other, _)| other == x) {
            return Err(ShamirError::DuplicatePart);
        }
        shares.push((*x, ys));
    }
    // Lagrange's formula at 0: each share has a weight that depends on the (public) x only
    let weights: Vec<u8> = shares
        .iter()
        .map(|(x, _)| {
            shares
                .iter()
                .filter(|(other, _)| other != x)
                .fold(1, |weight, (other, _)| multiply(weight, multiply(*other, inverse(x ^ other))))
        })
        .collect();
    let secret = (0..length - 1)
        .map(|at| shares.iter().zip(&weights).fold(0, |sum, ((_, ys), weight)| sum ^ multiply(ys[at], *weight)));
    Ok(SecretBytes::new(secret.collect()))
}

/// Product in GF(2^8), without branches or tables.
fn multiply(left: u8, right: u8) -> u8 {
    (0..8).rev().fold(0, |product: u8, bit| {
        let overflow = (product >> 7).wrapping_neg() & 0x1b;
        (product << 1) ^ overflow ^ ((right >> bit & 1).wrapping_neg() & left)
    })
}

/// Inverse in GF(2^8): the 254th power. 0 for 0.
fn inverse(value: u8) -> u8 {
    // 254 = 0b1111_1110
    let mut power = value;
    let mut result = 1;
    for _ in 0..7 {
        power = multiply(power, power);
        result = multiply(result, power);
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secret;

    fn bytes(parts: &[SecretBytes]) -> Vec<Vec<u8>> {
        parts.iter().map(|part| part.expose().to_vec()).collect()
    }

    fn secrets(parts: &[&[u8]]) -> Vec<SecretBytes> {
        parts.iter().map(|part| SecretBytes::new(part.to_vec())).collect()
    }

    /// Checked with `Combine` of sops 3.13.2: secret 53 00, threshold 2, coefficients ca and 01.
    #[test]
    fn the_vector_of_sops() {
        let mut random = |buffer: &mut [u8]| {
            buffer.copy_from_slice(&[0xca, 0x01]);
            Ok(())
        };
        let parts = split(&[0x53, 0x00], 3, 2, &mut random).unwrap();
        let expected = [vec![0x99, 0x01, 1], vec![0xdc, 0x02, 2], vec![0x16, 0x03, 3]];
        assert_eq!(bytes(&parts), expected);
        for pair in [[0, 1], [1, 2], [2, 0]] {
            let pair = pair.map(|at| SecretBytes::new(expected[at].clone()));
            assert_eq!(combine(&pair).unwrap().expose(), [0x53, 0x00]);
        }
    }

    #[test]
    fn field_laws() {
        for value in 1..=255 {
            assert_eq!(multiply(value, inverse(value)), 1);
            assert_eq!(multiply(value, 1), value);
            assert_eq!(multiply(value, 0), 0);
        }
        assert_eq!(inverse(0), 0);
        // FIPS 197, section 4.2
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        assert_eq!(multiply(0x57, 0x13), 0xfe);
    }

    #[test]
    fn numbers_that_do_not_fit() {
        let error = |secret: &[u8], parts, threshold| {
            split(secret, parts, threshold, &mut secret::random).unwrap_err().to_string()
        };
        assert_eq!(error(b"x", 3, 1), "the threshold must be at least 2");
        assert_eq!(error(b"x", 2, 3), "the threshold is 3, but there are only 2 parts");
        assert_eq!(error(b"x", 256, 2), "a secret can be split into at most 255 parts, not 256");
        assert_eq!(error(b"", 2, 2), "an empty secret cannot be split");
        let mut broken = |_: &mut [u8]| Err(RandomError);
        assert!(matches!(split(b"x", 2, 2, &mut broken), Err(ShamirError::Random(_))));
    }

    #[test]
    fn parts_that_do_not_fit() {
        let error = |parts: &[&[u8]]| combine(&secrets(parts)).unwrap_err();
        assert!(matches!(error(&[]), ShamirError::TooFewParts(0)));
        assert!(matches!(error(&[&[1, 1]]), ShamirError::TooFewParts(1)));
        assert!(matches!(error(&[&[1], &[2]]), ShamirError::PartTooShort));
        assert!(matches!(error(&[&[1, 1], &[]]), ShamirError::UnequalParts));
        assert!(matches!(error(&[&[1, 1], &[1, 1, 2]]), ShamirError::UnequalParts));
        assert!(matches!(error(&[&[1, 1], &[2, 1]]), ShamirError::DuplicatePart));
    }

    #[test]
    fn as_many_parts_as_there_can_be() {
        let parts = split(b"all of them", 255, 255, &mut secret::random).unwrap();
        assert_eq!(combine(&parts).unwrap().expose(), b"all of them");
        assert_ne!(combine(&parts[1..]).unwrap().expose(), b"all of them");
    }

    proptest! {
        #[test]
        fn any_threshold_of_the_parts_is_enough(
            secret in proptest::collection::vec(any::<u8>(), 1..40),
            parts in 2_usize..9,
            threshold in 2_usize..9,
            order in proptest::collection::vec(any::<u32>(), 8),
        ) {
            let threshold = threshold.min(parts);
            let mut shares = bytes(&split(&secret, parts, threshold, &mut secret::random).unwrap());
            shares.sort_by_key(|share| order[usize::from(share[secret.len()]) - 1]);
            for count in threshold..=parts {
                let chosen: Vec<_> = shares[..count].iter().cloned().map(SecretBytes::new).collect();
                let combined = combine(&chosen).unwrap();
                prop_assert_eq!(combined.expose(), secret.as_slice());
            }
        }

        #[test]
        fn hostile_parts_never_panic(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..5), 0..5)) {
            let parts: Vec<_> = parts.into_iter().map(SecretBytes::new).collect();
            let _ = combine(&parts);
        }
    }
}
