//! How a value is written. Whatever style is asked for, the text reads back as exactly the value.

use super::block;
use super::bytes::append_plain_bytes;
use super::chars::{self, Traits};
use super::number::push_yaml_float;
use super::quote::{push_double_quoted, push_single_quoted};
use super::resolve::resolve_plain;
use crate::document::value::Value;

/// The five ways to write a scalar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Bare text.
    Plain,
    /// `'text'`
    Single,
    /// `"text"`
    Double,
    /// A `|` block.
    Literal,
    /// A `>` block.
    Folded,
}

/// Where a scalar is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Inside `[]` or `{}`.
    pub in_flow: bool,
    /// It is a mapping key.
    pub is_key: bool,
    /// Column of the enclosing block node (of its keys or dashes), -1 at the root.
    pub parent_indent: i32,
    /// Lines end in CRLF.
    pub crlf: bool,
    /// A tag makes any text a string.
    pub str_tag: bool,
}

/// Appends the canonical spelling of `value` in `style` to `out` and says which style it really has.
///
/// * Only strings can be quoted: any other value comes out plain, whatever `style` says.
/// * A plain string falls back to a literal block when it has several lines, else to single quotes when only YAML's syntax is in
///   the way, else to double quotes, as go-yaml chooses. Words that YAML 1.1 readers take for another type are quoted too.
/// * Single quotes fall back to double quotes, blocks to double quotes, a folded block first to a literal one.
/// * Bytes that are not UTF-8 become `!!binary "…"`.
///
/// A block is its header, a line break and the indented lines, *without* the break that ends the last line: the file's own
/// has to follow. So `"a"` and `"a\n"` differ in the header only (`|-`, `|`), and a text that ends in n > 1 breaks has n-1 of
/// them here, under `|+`. When the answer is [`Style::Literal`] or [`Style::Folded`] the caller must see to it that a line break
/// follows at once: a comment would become text, no break (end of file) loses the text's last one, and blank lines after a `|+`
/// block would join it. `|+` is never chosen unless a block was asked for.
pub fn spell(value: &Value<'_>, style: Style, context: &Context, out: &mut String) -> Style {
    match value {
        Value::Str(text) => return spell_text(text, style, context, out),
        Value::Bytes(bytes) => return spell_bytes(bytes, style, context, out),
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Float(number) => push_yaml_float(*number, out),
        Value::Time(text) => out.push_str(text),
        Value::Int(_) | Value::BigInt(_) => {
            let mut digits = Vec::new();
            append_plain_bytes(value, &mut digits);
            out.extend(digits.into_iter().map(char::from));
        }
    }
    Style::Plain
}

fn spell_text(text: &str, style: Style, context: &Context, out: &mut String) -> Style {
    let traits = chars::traits(text);
    let chosen = choose(text, style, &traits, context);
    match chosen {
        Style::Plain => out.push_str(text),
        Style::Single => push_single_quoted(text, out),
        Style::Double => push_double_quoted(text, false, out),
        Style::Literal => block::push_literal(text, context, out),
        Style::Folded => block::push_folded(text, context, out),
    }
    chosen
}

fn choose(text: &str, style: Style, traits: &Traits, context: &Context) -> Style {
    let quotable = !text.is_empty() && !traits.unprintable && !traits.multi_line;
    match style {
        Style::Plain if is_string_when_plain(text, context) => {
            if quotable && !traits.tab && is_plain_syntax(traits, context) {
                Style::Plain
            } else if quotable && !traits.tab {
                Style::Single
            } else if is_calm_block(text, traits, context) {
                Style::Literal
            } else {
                Style::Double
            }
        }
        Style::Single if quotable || text.is_empty() => Style::Single,
        Style::Folded if block::fits_folded(text, traits, context) => Style::Folded,
        Style::Literal | Style::Folded if block::fits_literal(text, traits, context) => Style::Literal,
        _ => Style::Double,
    }
}

fn is_string_when_plain(text: &str, context: &Context) -> bool {
    context.str_tag || matches!(resolve_plain(text), Value::Str(_)) && !chars::is_typed_elsewhere(text)
}

fn is_plain_syntax(traits: &Traits, context: &Context) -> bool {
    let indicator = if context.in_flow { traits.flow_indicator } else { traits.block_indicator };
    !indicator && !traits.leading_blank && !traits.trailing_blank
}

/// A block nobody asked for is only chosen where nothing invisible or around it matters.
fn is_calm_block(text: &str, traits: &Traits, context: &Context) -> bool {
    traits.multi_line
        && !traits.blank_before_break
        && !traits.trailing_blank
        && !block::needs_keep(text)
        && block::fits_literal(text, traits, context)
}

fn spell_bytes(bytes: &[u8], style: Style, context: &Context, out: &mut String) -> Style {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return spell_text(text, style, context, out);
    }
    out.push_str("!!binary \"");
    base64_simd::STANDARD.encode_append(bytes, out);
    out.push('"');
    Style::Double
}
