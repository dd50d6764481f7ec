//! As much of DER as keys, key stores and certificates need: definite lengths, tags of one byte.

use zeroize::Zeroizing;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// `[number]`, with something inside.
pub(super) const fn explicit(number: u8) -> u8 {
    0xa0 | number
}

/// Reads one element after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// Tag and content of the next element.
    pub(super) fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = digits.iter().fold(0_usize, |all, digit| all << 8 | usize::from(*digit));
                // DER has one length for one content
                if digits.first() == Some(&0) || length < 0x80 {
                    return None;
                }
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next element, which must have this tag.
    pub(super) fn read(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.any().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    /// The content of the next element if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.0.first() == Some(&tag) { self.read(tag) } else { None }
    }

    /// What is inside of the next element.
    pub(super) fn inside(&mut self, tag: u8) -> Option<Self> {
        self.read(tag).map(Self)
    }

    /// An integer that is not negative, without leading zeros.
    pub(super) fn unsigned(&mut self) -> Option<&'a [u8]> {
        match self.read(INTEGER)? {
            [] | [0x80..=0xff, ..] => None,
            [0, rest @ ..] if !rest.is_empty() => Some(rest),
            all => Some(all),
        }
    }

    /// A small integer.
    pub(super) fn small(&mut self) -> Option<u32> {
        let digits = self.unsigned()?;
        (digits.len() <= 4).then(|| digits.iter().fold(0, |all, digit| all << 8 | u32::from(*digit)))
    }

    /// Whether nothing follows.
    pub(super) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

/// The one element of `der`, and nothing behind it.
pub(super) fn only(der: &[u8], tag: u8) -> Option<Reader<'_>> {
    let mut reader = Reader(der);
    let inside = reader.inside(tag)?;
    reader.is_done().then_some(inside)
}

/// An element of these parts.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(length + 6));
    out.push(tag);
    match length {
        0..=0x7f => out.push(length as u8),
        _ => {
            let digits = length.to_be_bytes();
            let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
            out.push(0x80 | digits.len() as u8);
            out.extend_from_slice(digits);
        }
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// An integer that is not negative, from its big-endian bytes.
pub(super) fn unsigned(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    let sign: &[u8] = if bytes.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    element(INTEGER, &[sign, bytes])
}

/// A bit string of whole bytes.
pub(super) fn bits(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    element(BIT_STRING, &[&[0], bytes])
}

/// An algorithm with its parameters, which are one element or nothing.
pub(super) fn algorithm(oid: &[u8], parameters: &[u8]) -> Zeroizing<Vec<u8>> {
    element(SEQUENCE, &[&element(OID, &[oid]), parameters])
}

/// The element that says nothing.
pub(super) const NOTHING: &[u8] = &[NULL, 0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let der = element(OCTET_STRING, &[&content]);
            assert_eq!(only(&der, OCTET_STRING).map(|reader| reader.0.to_vec()), Some(content));
        }
        for (bytes, der) in [(&[0_u8, 0][..], &[2, 1, 0][..]), (&[0x80], &[2, 2, 0, 0x80]), (&[0, 1], &[2, 1, 1])] {
            assert_eq!(*unsigned(bytes), der);
        }
    }

    #[test]
    fn what_is_no_der_is_refused() {
        for der in
            [&[][..], &[4], &[4, 1], &[4, 0x80, 0, 0], &[4, 0x81, 1, 0], &[0x1f, 1, 0], &[4, 0x85, 0, 0, 0, 0, 1]]
        {
            assert!(Reader(der).any().is_none(), "{der:?}");
        }
        assert!(Reader(&[2, 1, 0x80]).unsigned().is_none());
        assert!(only(&[4, 0, 0], OCTET_STRING).is_none());
    }
}
