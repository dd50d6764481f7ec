//! The subject of a certificate as Go prints it (`pkix.Name.String`, RFC 2253): Java shows it as the alias.

use std::fmt::Write;

use crate::template::error::Fault;
use crate::template::pki::certificate::parsed;

/// Attributes below 2.5.4 in the order in which they are printed, and what they are called.
const KNOWN: [(u8, &str); 9] = [
    (5, "SERIALNUMBER"),
    (3, "CN"),
    (17, "POSTALCODE"),
    (9, "STREET"),
    (8, "ST"),
    (7, "L"),
    (11, "OU"),
    (10, "O"),
    (6, "C"),
];

/// The subject of a certificate.
pub(super) fn subject(der: &[u8]) -> Result<String, Fault> {
    let certificate = parsed(der)?;
    let attributes: Vec<_> = certificate.subject().iter_attributes().collect();
    let number = |oid: &[u8]| match oid {
        [0x55, 4, number] => KNOWN.iter().find(|(known, _)| known == number).map(|(known, _)| *known),
        _ => None,
    };
    let mut parts = vec![];
    for (wanted, name) in KNOWN {
        let values = attributes.iter().filter(|one| number(one.attr_type().as_bytes()) == Some(wanted));
        let values: Vec<_> =
            values.map(|one| format!("{name}={}", escaped(one.as_str().unwrap_or_default()))).collect();
        // a serial number and a common name come once, and the last counts
        match (wanted, values.last()) {
            (_, None) => {}
            (3 | 5, Some(last)) => parts.push(last.clone()),
            _ => parts.push(values.join("+")),
        }
    }
    for one in attributes.iter().rev().filter(|one| number(one.attr_type().as_bytes()).is_none()) {
        let value = one.attr_value();
        let mut text = format!("{}=#", one.attr_type().to_id_string());
        let der = crate::template::pki::der::element(value.tag().0 as u8, &[value.data]);
        der.iter().for_each(|byte| {
            let _ = write!(text, "{byte:02x}");
        });
        parts.push(text);
    }
    Ok(parts.join(","))
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (at, next) in value.chars().enumerate() {
        let special = match next {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            ' ' => at == 0 || at == last,
            '#' => at == 0,
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(next);
    }
    out
}
