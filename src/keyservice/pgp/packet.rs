//! The first packet of a wrapped key: it names the subkey that the key is wrapped for (RFC 9580 §5.1).

const BEGIN: &str = "-----BEGIN PGP MESSAGE-----";
/// So much of the message is decoded: header, length, version and id have 14 bytes at most.
const ENOUGH: usize = 24;

/// The id of the subkey, as 16 digits; `None` when it is hidden, or the message is of another form.
pub fn recipient(armor: &str) -> Option<String> {
    let (_, body) = armor.split_once(BEGIN)?;
    // headers such as `Comment:` end with an empty line
    let lines = body.lines().map(str::trim).skip_while(|line| line.is_empty() || line.contains(": "));
    let packed: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).take(ENOUGH).collect();
    let bytes = base64_simd::STANDARD.decode_to_vec(packed.get(..ENOUGH)?).ok()?;
    let (&tag, rest) = bytes.split_first()?;
    let rest = match tag {
        // the old format says how long the length is, in the new one it says so itself
        0x84 => rest.get(1..)?,
        0x85 => rest.get(2..)?,
        0x86 => rest.get(4..)?,
        0xc1 => match rest.first()? {
            0..192 => rest.get(1..)?,
            192..224 => rest.get(2..)?,
            255 => rest.get(5..)?,
            _ => return None,
        },
        _ => return None,
    };
    let (&version, rest) = rest.split_first()?;
    let id = rest.get(..8)?;
    if version != 3 || id.iter().all(|byte| *byte == 0) {
        return None;
    }
    Some(id.iter().map(|byte| format!("{byte:02X}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_subkey_is_found() {
        let armor = "-----BEGIN PGP MESSAGE-----\n\nhQEMA7stivAYj2WDAQgAyS5wC4gBQf5HHtwo0on+tm6pi7rrkdMc\n";
        assert_eq!(recipient(armor).as_deref(), Some("BB2D8AF0188F6583"));
        let with_header = armor.replacen("\n\n", "\nVersion: GnuPG v2\n\n", 1);
        assert_eq!(recipient(&with_header).as_deref(), Some("BB2D8AF0188F6583"));
        let indented = armor.replace('\n', "\n   ");
        assert_eq!(recipient(&indented).as_deref(), Some("BB2D8AF0188F6583"));
        let new_format = "-----BEGIN PGP MESSAGE-----\n\nwcBMA7stivAYj2WDAQgAyS5wC4gBQf5HHtwo\n";
        assert_eq!(recipient(new_format).as_deref(), Some("BB2D8AF0188F6583"));
        let hidden = "-----BEGIN PGP MESSAGE-----\n\nhQEMAwAAAAAAAAAAAQgAyS5wC4gBQf5HHtwo\n";
        assert_eq!(recipient(hidden), None);
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at(text in "-----BEGIN PGP MESSAGE-----\n\n[A-Za-z0-9+/= :\n]{0,60}") {
            _ = recipient(&text);
        }
    }
}
