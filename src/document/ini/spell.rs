//! How keys, values and comments are written: as sops does where that reads back, else in the next kind of quotes that does.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::read::{self, COMMENT, DELIMITERS, Style};
use crate::document::format::Unspellable;
use crate::document::scalar::go_text;
use crate::document::tree::Kind;
use crate::document::value::Value;

/// A value as the text that such a file can hold.
pub(super) fn text_of<'a>(value: &'a Value<'_>) -> Result<Cow<'a, str>, Unspellable> {
    let kind = match value {
        Value::Str(text) => return Ok(Cow::Borrowed(text)),
        Value::BigInt(number) => return Ok(Cow::Owned(number.to_string())),
        Value::Null => return Err(Unspellable("this format has no null")),
        Value::Bytes(_) => return Err(Unspellable("the value is not text")),
        Value::Bool(value) => Kind::Bool(*value),
        Value::Int(value) => Kind::Int(*value),
        Value::Float(value) => Kind::Float(*value),
        Value::Time(value) => Kind::Time(value.clone()),
    };
    Ok(Cow::Owned(go_text(&kind).unwrap_or_default().into_owned()))
}

/// The quotes that sops puts around a value (gopkg.in/ini.v1 `file.go`, `writeKeyValue`).
pub(super) fn sops_style(value: &str) -> Style {
    if value.contains(['\n', '`']) {
        Style::Triple
    } else if value.contains(COMMENT) {
        Style::Backtick
    } else if value.trim().len() != value.len() {
        Style::Double
    } else {
        Style::Bare
    }
}

fn quote(style: Style) -> &'static str {
    match style {
        Style::Bare => "",
        Style::Single => "'",
        Style::Double => "\"",
        Style::Backtick => "`",
        Style::Triple => "\"\"\"",
    }
}

/// Appends `value` between the quotes of `style`.
pub(super) fn push_styled(value: &str, style: Style, out: &mut String) {
    out.push_str(quote(style));
    out.push_str(value);
    out.push_str(quote(style));
}

/// How `value` in `style`, with `rest` behind it, is read: `None` when not as `value`, or when the next line would belong to it,
/// else whether a comment in `rest` is still one.
fn reads_back(value: &str, style: Style, rest: &str) -> Option<bool> {
    let mut line = Zeroizing::new(String::with_capacity(value.len() + rest.len() + 8));
    push_styled(value, style, &mut line);
    line.push_str(rest);
    if !rest.ends_with('\n') {
        line.push('\n');
    }
    let end = crate::document::intake::line_end(&line, 0);
    let read = read::value(&line, 0, end).ok()?;
    let same = read.next == line.len() && read.content.text(&line) == value;
    same.then_some(read.comment.is_some() || rest.trim().is_empty())
}

/// Whether what sops prints for a value reads as that value.
pub(super) fn sops_prints_value(value: &str) -> bool {
    let harmless = !value.contains(['"', '\'', '`', '\\', '\n', '#', ';']) && value.trim().len() == value.len();
    harmless || reads_back(value, sops_style(value), "").is_some()
}

/// Appends a value, in the style that it has where that reads back with `rest` (of its line) behind it.
pub(super) fn value(value: &str, style: Style, rest: &str, out: &mut String) -> Result<(), Unspellable> {
    if value.contains('\0') {
        return Err(Unspellable("a NUL character cannot stand in an INI file"));
    }
    let first = if style == Style::Bare { sops_style(value) } else { style };
    let order = [first, sops_style(value), Style::Backtick, Style::Triple, Style::Double, Style::Single];
    let with_comment = order.into_iter().find(|style| reads_back(value, *style, rest) == Some(true));
    let style = with_comment.or_else(|| order.into_iter().find(|style| reads_back(value, *style, rest).is_some()));
    push_styled(value, style.ok_or(Unspellable("no kind of quotes can hold this value"))?, out);
    Ok(())
}

/// Appends a key as sops writes it (gopkg.in/ini.v1 `file.go`, `writeToBuffer`).
pub(super) fn push_key(key: &str, out: &mut String) {
    if key.contains('"') || key.contains(DELIMITERS) {
        push_styled(key, Style::Backtick, out);
    } else if key.contains('`') {
        push_styled(key, Style::Triple, out);
    } else {
        out.push_str(key);
    }
}

/// Whether what sops prints for a key reads as that key.
pub(super) fn sops_prints_key(key: &str) -> bool {
    let mut line = String::with_capacity(key.len() + 12);
    push_key(key, &mut line);
    line.push_str(" = \n");
    let is_key = !line.starts_with(COMMENT) && !line.starts_with('[') && key != "-";
    is_key && read::key(&line).is_ok_and(|read| read.name == key && read.end + 2 == line.len())
}

/// Appends a comment that says `text`, marked as `old` is where that reads back.
pub(super) fn comment(text: &str, old: &str, line_break: &str, out: &mut String) {
    let wanted = old.chars().next().filter(|mark| COMMENT.contains(mark)).unwrap_or(';');
    let tight = old.strip_prefix(COMMENT).is_some_and(|rest| !rest.starts_with(' '));
    // Reading strips a whole run of the mark.
    let mark = match (wanted, text.chars().next()) {
        (';', Some(';')) => '#',
        ('#', Some('#')) => ';',
        (mark, _) => mark,
    };
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push_str(line_break);
        }
        if at == 0 || !line.trim_start().starts_with(COMMENT) {
            out.push(mark);
            out.push_str(if tight { "" } else { " " });
        }
        out.push_str(if line_break == "\r\n" { line.trim_end_matches('\r') } else { line });
    }
}
