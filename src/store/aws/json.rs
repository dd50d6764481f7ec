//! Objects of texts, in JSON as Go writes it: what is compared with what the operator wrote has to be the same bytes. Pure.

use crate::external::json::{Json, Node, Numbers, Style};
use crate::secret::{SecretBytes, SecretText};

/// An object of texts, sorted by key; of a key that is there twice, the last value counts.
pub(super) fn object<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> SecretBytes {
    let text = |value: &str| Node { value: Json::Text(SecretText::new(value.to_owned())), span: 0..0 };
    let fields = pairs.into_iter().map(|(key, value)| (key.to_owned(), text(value))).collect();
    let object = Node { value: Json::Object(fields), span: 0..0 };
    // only numbers can be wrong, and there is none
    object.to_json(Style { html: true, numbers: Numbers::Spelled }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn as_go_writes_it() {
        assert_eq!(object([]).expose(), b"{}");
        let found = object([("b", "<&>\u{2028}\n\u{1}\u{7f}é"), ("a", "\"\\"), ("b", "last <")]);
        assert_eq!(found.expose(), br#"{"a":"\"\\","b":"last \u003c"}"#);
        let found = object([("b", "<&>\u{2028}\n\u{1}\u{7f}é")]);
        assert_eq!(found.expose(), "{\"b\":\"\\u003c\\u0026\\u003e\\u2028\\n\\u0001\u{7f}é\"}".as_bytes());
    }
}
