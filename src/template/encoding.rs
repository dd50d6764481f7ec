//! Base64 and base32 as Go reads and writes them: line breaks are skipped, and errors say at which byte.

use zeroize::Zeroizing;

use super::text::Buffer;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Standard base64 with padding.
pub(super) fn encode_base64(out: &mut Buffer, bytes: &[u8]) {
    for chunk in bytes.chunks(3) {
        let mut block = [0; 3];
        block[..chunk.len()].copy_from_slice(chunk);
        let value = u32::from(block[0]) << 16 | u32::from(block[1]) << 8 | u32::from(block[2]);
        let mut text = [b'='; 4];
        for (at, letter) in text.iter_mut().enumerate().take(chunk.len() + 1) {
            *letter = BASE64[(value >> (18 - 6 * at)) as usize & 63];
        }
        out.push(&text);
    }
}

/// Standard base32 with padding.
pub(super) fn encode_base32(out: &mut Buffer, bytes: &[u8]) {
    for chunk in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let value = u64::from_be_bytes(block);
        let mut text = [b'='; 8];
        let letters = (chunk.len() * 8).div_ceil(5);
        for (at, letter) in text.iter_mut().enumerate().take(letters) {
            *letter = BASE32[(value >> (35 - 5 * at)) as usize & 31];
        }
        out.push(&text);
    }
}

fn base64_digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

fn base32_digit(byte: u8) -> Option<u64> {
    Some(u64::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'2'..=b'7' => byte - b'2' + 26,
        _ => return None,
    }))
}

fn skip_newlines(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// Standard base64 with padding; the error is the byte that Go complains of.
pub(crate) fn decode_base64(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, usize> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    let mut at = 0;
    while at < text.len() {
        let mut value = 0;
        let mut digits = 0;
        let mut ended = false;
        while digits < 4 && !ended {
            let Some(byte) = text.get(at).copied() else {
                if digits == 0 {
                    return Ok(out);
                }
                return Err(at - digits);
            };
            at += 1;
            match byte {
                b'\r' | b'\n' => {}
                b'=' => {
                    if digits < 2 {
                        return Err(at - 1);
                    }
                    if digits == 2 {
                        at = skip_newlines(text, at);
                        if text.get(at) != Some(&b'=') {
                            return Err(at);
                        }
                        at += 1;
                    }
                    at = skip_newlines(text, at);
                    if at < text.len() {
                        return Err(at);
                    }
                    ended = true;
                }
                byte => {
                    value = value << 6 | base64_digit(byte).ok_or(at - 1)?;
                    digits += 1;
                }
            }
        }
        value <<= 6 * (4 - digits);
        let bytes = value.to_be_bytes();
        out.extend_from_slice(&bytes[1..digits]);
    }
    Ok(out)
}

/// Standard base32 with padding; the error is the byte that Go complains of, counted without line breaks.
pub(super) fn decode_base32(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, usize> {
    let text: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect());
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() / 8 * 5 + 5));
    let length = text.len();
    let mut at = 0;
    while at < length {
        let mut value = 0;
        let mut digits = 0;
        while digits < 8 {
            let byte = *text.get(at).ok_or(length.saturating_sub(digits))?;
            at += 1;
            let left = length - at;
            if byte == b'=' && digits >= 2 && left < 8 {
                if left + digits < 7 {
                    return Err(length);
                }
                let padding = &text[at..];
                if let Some(wrong) = padding.iter().take(7 - digits).position(|byte| *byte != b'=') {
                    return Err((at + wrong).saturating_sub(1));
                }
                if matches!(digits, 1 | 3 | 6) {
                    return Err(at - 1);
                }
                at = length;
                break;
            }
            value = value << 5 | base32_digit(byte).ok_or(at - 1)?;
            digits += 1;
        }
        value <<= 5 * (8 - digits);
        out.extend_from_slice(&u64::to_be_bytes(value)[3..3 + digits * 5 / 8]);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for length in 0..40 {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 37 + 200) as u8).collect();
            let mut out = Buffer::new(1000);
            encode_base64(&mut out, &bytes);
            assert_eq!(*decode_base64(out.bytes()).unwrap(), bytes);
            let mut out = Buffer::new(1000);
            encode_base32(&mut out, &bytes);
            assert_eq!(*decode_base32(out.bytes()).unwrap(), bytes);
        }
    }
}
