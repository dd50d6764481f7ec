//! RFC 3339 as Go's `time.Parse` reads and `Format` writes it, without going through a clock type: only the spelling
//! changes, never the instant or the offset.

/// The same timestamp with whole seconds and, for a zero offset, `Z`; `None` when it is not RFC 3339.
pub(super) fn in_seconds(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (whole, rest) = bytes.split_at_checked(19)?;
    for (at, separator) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        if whole[at] != separator {
            return None;
        }
    }
    let (year, month) = (number(&whole[..4])?, number(&whole[5..7])?);
    let (day, hour) = (number(&whole[8..10])?, number(&whole[11..13])?);
    let (minute, second) = (number(&whole[14..16])?, number(&whole[17..])?);
    if day < 1 || day > days_of(year, month)? || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = after_fraction(rest)?;
    let zone = match offset {
        b"Z" => "Z",
        [b'+' | b'-', hours @ .., b':', m1, m2] if hours.len() == 2 => {
            let (hours, minutes) = (number(hours)?, number(&[*m1, *m2])?);
            // Go allows an offset of 24 hours
            if hours > 24 || minutes > 59 {
                return None;
            }
            if hours == 0 && minutes == 0 { "Z" } else { text.get(text.len() - 6..)? }
        }
        _ => return None,
    };
    Some(format!("{}{zone}", text.get(..19)?))
}

/// What follows the fraction of a second, if there is one.
fn after_fraction(rest: &[u8]) -> Option<&[u8]> {
    let Some((b'.' | b',', digits)) = rest.split_first() else {
        return Some(rest);
    };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 { None } else { Some(&digits[count..]) }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

fn days_of(year: u32, month: u32) -> Option<u32> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Observed with sops 3.13.2, which writes the result into the MAC's additional data.
    #[test]
    fn only_the_spelling_changes() {
        for (text, expected) in [
            ("2026-11-22T20:49:18Z", "2026-11-22T20:49:18Z"),
            ("2026-11-22T20:49:18+02:00", "2026-11-22T20:49:18+02:00"),
            ("2026-11-22T20:49:00.5Z", "2026-11-22T20:49:00Z"),
            ("2026-11-22T20:49:00,123456789-05:30", "2026-11-22T20:49:00-05:30"),
            ("2026-11-22T20:49:18+00:00", "2026-11-22T20:49:18Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ] {
            assert_eq!(in_seconds(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_timestamp() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T20:49:18",
            "2026-11-22t20:49:18z",
            "2026-11-22 20:49:18Z",
            "2026-13-22T20:49:18Z",
            "2026-11-31T20:49:18Z",
            "2026-11-00T20:49:18Z",
            "2025-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T20:60:18Z",
            "2026-11-22T20:49:60Z",
            "2026-11-22T20:49:18.Z",
            "2026-11-22T20:49:18+0200",
            "2026-11-22T20:49:18+2:00",
            "2026-11-22T20:49:18+25:00",
            "2026-11-22T20:49:18Z ",
            " 2026-11-22T20:49:18Z",
            "+026-11-22T20:49:18Z",
            "2026-11-22T20:49:1éZ",
        ] {
            assert_eq!(in_seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,30}", near in "2026-1[0-2]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9][.,]?[0-9]{0,3}[Z+-é]{1}[0-9:]{0,5}") {
            let _ = in_seconds(&text);
            if let Some(first) = in_seconds(&near) {
                prop_assert_eq!(in_seconds(&first), Some(first));
            }
        }
    }
}
