//! Floats as Go reads and prints them.

use crate::template;

/// Which text a float has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatForm {
    /// `strconv.FormatFloat(number, 'f', -1, 64)`: never an exponent.
    Plain,
    /// `json.Marshal`: an exponent below 1e-6 and from 1e21.
    Json,
    /// `%v`: an exponent of two digits at least, below 1e-4 and from 1e6.
    General,
}

/// The shortest text that reads back as `number`.
pub fn float_text(number: f64, form: FloatForm) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let size = number.abs();
    match form {
        _ if number == 0.0 => format!("{number}"),
        FloatForm::Json if !(1e-6..1e21).contains(&size) => with_exponent(number, 1),
        FloatForm::General if !(-4..6).contains(&exponent(number)) => with_exponent(number, 2),
        _ => format!("{number}"),
    }
}

/// The decimal exponent of the shortest digits.
fn exponent(number: f64) -> i32 {
    let text = format!("{number:e}");
    text.rsplit_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or_default()
}

fn with_exponent(number: f64, digits: usize) -> String {
    let text = format!("{number:e}");
    let (mantissa, _) = text.split_once('e').unwrap_or((&text, ""));
    let exponent = exponent(number);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:0digits$}", exponent.unsigned_abs())
}

/// `strconv.ParseFloat(text, 64)` without its error: 0 for what is no number, an infinity for what is too large.
pub fn parse_float(text: &[u8]) -> f64 {
    let Ok(text) = std::str::from_utf8(text) else { return 0.0 };
    template::parse_float(text)
        .unwrap_or_else(|| text.parse().ok().filter(|number: &f64| number.is_infinite()).unwrap_or_default())
}
