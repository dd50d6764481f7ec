//! Regions of AWS, and where their services are. Pure.

/// Domains of partitions that are not the usual one, by how their regions begin.
const DOMAINS: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];

/// Whether a text can be one label of a host name, as regions are: nothing else may decide which host is called.
pub fn is_region(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let inside = text.bytes().all(is_plain) && text.len() <= 63;
    inside && text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-')
}

/// The domain that the hosts of a region are in.
pub fn domain(region: &str) -> &'static str {
    DOMAINS.iter().find(|(start, _)| region.starts_with(start)).map_or("amazonaws.com", |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_and_domains() {
        for (region, expected) in [
            ("eu-west-1", "amazonaws.com"),
            ("us-gov-west-1", "amazonaws.com"),
            ("cn-north-1", "amazonaws.com.cn"),
            ("eusc-de-east-1", "amazonaws.eu"),
            ("us-isob-east-1", "sc2s.sgov.gov"),
        ] {
            assert!(is_region(region));
            assert_eq!(domain(region), expected);
        }
        for text in ["", "-", "eu-", "1", "evil.example", "evil.example/", "EU-west-1", "eu west", &"e".repeat(64)] {
            assert!(!is_region(text), "{text}");
        }
    }
}
