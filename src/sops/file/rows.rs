//! Reading the rows of the layout: a JSON list of lists of three texts. A general reader of JSON keeps texts in buffers that grow and
//! are not wiped; these spell secrets.

use zeroize::Zeroizing;

/// Place, kind and spelling.
pub(super) type Row = [Zeroizing<String>; 3];

/// The rows; `None` for anything else.
pub(super) fn read(json: &str) -> Option<Vec<Row>> {
    let mut reader = Reader { rest: json };
    let mut rows = Vec::new();
    reader.expect('[')?;
    if !reader.next_is(']') {
        loop {
            reader.expect('[')?;
            let place = reader.text()?;
            reader.expect(',')?;
            let kind = reader.text()?;
            reader.expect(',')?;
            let spelling = reader.text()?;
            reader.expect(']')?;
            rows.push([place, kind, spelling]);
            if !reader.next_is(',') {
                break;
            }
        }
        reader.expect(']')?;
    }
    reader.rest.trim_start_matches(BLANKS).is_empty().then_some(rows)
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn next_is(&mut self, mark: char) -> bool {
        let found = self.rest.trim_start_matches(BLANKS).strip_prefix(mark);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn expect(&mut self, mark: char) -> Option<()> {
        self.next_is(mark).then_some(())
    }

    fn text(&mut self) -> Option<Zeroizing<String>> {
        self.expect('"')?;
        let end = end_of_text(self.rest.as_bytes())?;
        let (mut raw, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        // No escape is shorter than what it stands for, so the text never grows beyond its room.
        let mut out = Zeroizing::new(String::with_capacity(raw.len()));
        while let Some(at) = raw.find('\\') {
            out.push_str(&raw[..at]);
            raw = unescape(&raw[at + 1..], &mut out)?;
        }
        out.push_str(raw);
        Some(out)
    }
}

fn end_of_text(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', &bytes[from..])?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        // What is escaped is no end.
        from = at + 2;
        if from > bytes.len() {
            return None;
        }
    }
}

/// Appends what the escape at the start of `rest` stands for, and gives what follows it.
fn unescape<'a>(rest: &'a str, out: &mut String) -> Option<&'a str> {
    let mark = rest.chars().next()?;
    let after = &rest[mark.len_utf8()..];
    out.push(match mark {
        '"' | '\\' | '/' => mark,
        'b' => '\u{8}',
        'f' => '\u{C}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let (high, after) = unit(after)?;
            let Some(low) = after.strip_prefix("\\u").filter(|_| (0xD800..0xDC00).contains(&high)) else {
                out.push(char::from_u32(high)?);
                return Some(after);
            };
            let (low, after) = unit(low)?;
            let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
            out.push(char::from_u32(0x10000 + ((high - 0xD800) << 10) + low)?);
            return Some(after);
        }
        _ => return None,
    });
    Some(after)
}

/// Four hexadecimal digits.
fn unit(text: &str) -> Option<(u32, &str)> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some((u32::from_str_radix(digits, 16).ok()?, &text[4..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(json: &str) -> Option<Vec<[String; 3]>> {
        Some(read(json)?.into_iter().map(|row| row.map(|text| text.to_string())).collect())
    }

    /// The general reader is the judge.
    #[test]
    fn rows_are_read_as_json() {
        let good = [
            "[]",
            " [ ] ",
            r#"[["a","s","b"]]"#,
            "[ [ \"a\" ,\t\"s\"\r\n, \"b\" ] , [\"\",\"\",\"\"] ]\n",
            r#"[["\"\\\/\b\f\n\r\t","\u0041\u00e9\u2028","\ud83d\ude00é😀\\"]]"#,
        ];
        for json in good {
            let expected: Vec<[String; 3]> = serde_json::from_str(json).unwrap();
            assert_eq!(texts(json), Some(expected), "{json}");
        }
        let bad = [
            "",
            "[",
            "{}",
            "[]]",
            "[[]]",
            r#"[["a","b"]]"#,
            r#"[["a","b","c","d"]]"#,
            r#"[["a","b","c"],]"#,
            r#"[["a","b",1]]"#,
            r#"[["a","b","c]]"#,
            r#"[["a","b","c\"#,
            r#"[["a","b","\q"]]"#,
            r#"[["a","b","\u12"]]"#,
            r#"[["a","b","\u+123"]]"#,
            r#"[["a","b","\ud800"]]"#,
            r#"[["a","b","\ud800\u0041"]]"#,
            r#"[["a","b","\é"]]"#,
        ];
        for json in bad {
            assert!(serde_json::from_str::<Vec<[String; 3]>>(json).is_err(), "{json}");
            assert_eq!(texts(json), None, "{json}");
        }
    }

    /// The rows were read by a general reader, whose buffers are not wiped and grow.
    #[test]
    fn a_spelling_never_outgrows_its_room() {
        let spelling = "line\n".repeat(1000);
        let json = serde_json::to_string(&[["p", "s", spelling.as_str()]]).unwrap();
        let rows = read(&json).unwrap();
        assert_eq!(rows[0][2].as_str(), spelling);
        assert_eq!(rows[0][2].capacity(), spelling.len() + spelling.lines().count(), "as long as it is written");
    }
}
