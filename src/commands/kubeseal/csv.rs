//! The one line of comma-separated values that a list flag takes (Go `encoding/csv` as pflag calls it). Pure.

/// Why a text is no such line; the words are Go's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CsvError {
    /// There is no line at all.
    #[error("EOF")]
    Nothing,
    /// A quote in the middle of a value.
    #[error("parse error on line {line}, column {column}: bare \" in non-quoted-field")]
    BareQuote {
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
    },
    /// A quote that is not closed, or is followed by something.
    #[error("parse error on line {line}, column {column}: extraneous or missing \" in quoted-field")]
    Quote {
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
    },
    /// The same in a value that began on a line before.
    #[error(
        "record on line {start}; parse error on line {line}, column {column}: extraneous or missing \" in quoted-field"
    )]
    QuoteBelow {
        /// Where the value began.
        start: usize,
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
    },
}

/// The values of the first line that is not empty; further lines are ignored.
///
/// # Errors
/// [`CsvError`].
pub fn first_record(text: &str) -> Result<Vec<String>, CsvError> {
    let text = text.replace("\r\n", "\n");
    let mut lines = text.split_inclusive('\n').enumerate().map(|(at, line)| (at + 1, line));
    let (start, mut line) = lines.find(|(_, line)| *line != "\n").ok_or(CsvError::Nothing)?;
    let (mut number, mut at) = (start, 0);
    let mut values = Vec::new();
    loop {
        if !line[at..].starts_with('"') {
            let content = line[at..].strip_suffix('\n').unwrap_or(&line[at..]);
            let value = content.split(',').next().unwrap_or_default();
            if let Some(quote) = value.find('"') {
                return Err(CsvError::BareQuote { line: number, column: at + quote + 1 });
            }
            values.push(value.to_owned());
            at += value.len();
            if !line[at..].starts_with(',') {
                return Ok(values);
            }
            at += 1;
            continue;
        }
        at += 1;
        let mut value = String::new();
        loop {
            let Some(quote) = line[at..].find('"') else {
                value.push_str(&line[at..]);
                let end = line.len();
                match lines.next() {
                    Some((next, content)) => (number, line, at) = (next, content, 0),
                    None => return Err(bad_quote(start, number, end + 1)),
                }
                continue;
            };
            value.push_str(&line[at..at + quote]);
            at += quote + 1;
            match line[at..].chars().next() {
                Some('"') => {
                    value.push('"');
                    at += 1;
                }
                Some(',') => {
                    at += 1;
                    break;
                }
                None | Some('\n') => {
                    values.push(value);
                    return Ok(values);
                }
                Some(_) => return Err(bad_quote(start, number, at)),
            }
        }
        values.push(value);
    }
}

fn bad_quote(start: usize, line: usize, column: usize) -> CsvError {
    if start == line { CsvError::Quote { line, column } } else { CsvError::QuoteBelow { start, line, column } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_split_as_go_splits_them() {
        for (text, values) in [
            ("a", vec!["a"]),
            ("a,b,", vec!["a", "b", ""]),
            (",", vec!["", ""]),
            ("\"a,b\",c", vec!["a,b", "c"]),
            ("\"a\"\"b\"", vec!["a\"b"]),
            ("\"a\nb\",c\nd", vec!["a\nb", "c"]),
            ("\n\na b\nc", vec!["a b"]),
            (" a", vec![" a"]),
            ("\"\",x", vec!["", "x"]),
        ] {
            assert_eq!(first_record(text).unwrap(), values, "{text:?}");
        }
    }

    #[test]
    fn errors_are_gos() {
        for (text, error) in [
            ("\n", "EOF"),
            ("a\"b", "parse error on line 1, column 2: bare \" in non-quoted-field"),
            ("\"a", "parse error on line 1, column 3: extraneous or missing \" in quoted-field"),
            ("\"a\"b", "parse error on line 1, column 3: extraneous or missing \" in quoted-field"),
            ("a,\"b", "parse error on line 1, column 5: extraneous or missing \" in quoted-field"),
            ("\"a\nb", "record on line 1; parse error on line 2, column 2: extraneous or missing \" in quoted-field"),
        ] {
            assert_eq!(first_record(text).unwrap_err().to_string(), error, "{text:?}");
        }
    }
}
