//! A value as sops writes it into formats that know only text (sops 3.13.2 `stores/stores.go`, `ValToString`).

use std::borrow::Cow;

use super::number::format_float_g;
use crate::document::tree::Kind;

/// The text; `None` for a collection. Floats always have a point or an exponent, times have whole seconds.
pub fn go_text(kind: &Kind) -> Option<Cow<'_, str>> {
    Some(match kind {
        Kind::Null => Cow::Borrowed("<nil>"),
        Kind::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Kind::Int(value) => Cow::Owned(value.to_string()),
        Kind::Float(value) => Cow::Owned(float(*value)),
        Kind::Time(text) => without_fraction(text),
        Kind::Str(text) => Cow::Borrowed(text),
        Kind::List(_) | Kind::Map(_) => return None,
    })
}

fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.into();
    }
    let mut text = format_float_g(number).replace('e', "E");
    if !text.contains(['.', 'E']) {
        text.push_str(".0");
    }
    text
}

fn without_fraction(text: &str) -> Cow<'_, str> {
    let Some(point) = text.find('.') else {
        return Cow::Borrowed(text);
    };
    let digits = text[point + 1..].bytes().take_while(u8::is_ascii_digit).count();
    Cow::Owned(format!("{}{}", &text[..point], &text[point + 1 + digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_sops_writes_them() {
        let float = |number| Kind::Float(number);
        let rows = [
            (Kind::Null, "<nil>"),
            (Kind::Bool(true), "true"),
            (Kind::Int(-5), "-5"),
            (float(1.0), "1.0"),
            (float(-0.0), "-0.0"),
            (float(1000.0), "1000.0"),
            (float(1.5), "1.5"),
            (float(1e6), "1E+06"),
            (float(1e30), "1E+30"),
            (float(1_234_567.5), "1.2345675E+06"),
            (float(0.00001), "1E-05"),
            (float(f64::INFINITY), "+Inf"),
            (float(f64::NEG_INFINITY), "-Inf"),
            (float(f64::NAN), "NaN"),
            (Kind::Time("2001-12-14T21:59:43.1-05:00".into()), "2001-12-14T21:59:43-05:00"),
            (Kind::Time("2024-01-01T00:00:00.25Z".into()), "2024-01-01T00:00:00Z"),
            (Kind::Time("2024-01-01T00:00:00Z".into()), "2024-01-01T00:00:00Z"),
            (Kind::Str("a b".into()), "a b"),
        ];
        for (kind, text) in rows {
            assert_eq!(go_text(&kind).as_deref(), Some(text));
        }
        assert!(go_text(&Kind::List(vec![])).is_none());
    }
}
