use super::*;

#[test]
fn sessions_are_named_as_in_sops() {
    assert_eq!(session_name("some-hostname.example_1"), "sops@somehostname.example_1");
    assert_eq!(session_name("ä b/c+d"), "sops@bcd");
    assert_eq!(session_name(&"x".repeat(100)).len(), 64);
}
