//! The example repository, as it was when this program was built, so that the demo runs anywhere.

macro_rules! example {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../examples/multi-environment/", $path)))),+]
    };
}

/// Paths and contents of the files that have secrets.
pub const SECRETS: &[(&str, &str)] = example![
    "config/dev/db/db.config",
    "config/dev/services/user-service.yml",
    "config/dev/services/order-service.yml",
    "config/dev/services/payment-service.yml",
    "config/dev/infrastructure/loadbalancer.yml",
    "config/staging/db/db.config",
    "config/staging/services/user-service.yml",
    "config/staging/services/order-service.yml",
    "config/staging/services/payment-service.yml",
    "config/staging/infrastructure/loadbalancer.yml",
    "config/prod/db/db.config",
    "config/prod/services/user-service.yml",
    "config/prod/services/order-service.yml",
    "config/prod/services/payment-service.yml",
    "config/prod/infrastructure/loadbalancer.yml",
];

/// The creation rules.
pub const RULES: &str = include_str!("../../../examples/multi-environment/.sops.yaml");

/// The recipients that the demo does not make itself.
pub const OTHERS: &[(&str, &str)] = example!["keys/bob.pub", "keys/ci-prod.pub", "keys/ci-staging.pub"];

/// The rules with another recipient for a person of the example.
pub fn with_recipient(rules: &str, person: &str, recipient: &str) -> String {
    let anchor = format!("- &{person} ");
    let mut text = String::with_capacity(rules.len());
    for line in rules.split_inclusive('\n') {
        match line.find(&anchor) {
            Some(at) => {
                text.push_str(&line[..at + anchor.len()]);
                text.push_str(recipient);
                text.push('\n');
            }
            None => text.push_str(line),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_replaced() {
        let rules = with_recipient(RULES, "alice", "age1new");
        assert!(rules.contains("- &alice age1new\n"));
        let differing = RULES.lines().zip(rules.lines()).filter(|(a, b)| a != b);
        assert_eq!(differing.count(), 1);
        assert_eq!(RULES.lines().count(), rules.lines().count());
    }
}
