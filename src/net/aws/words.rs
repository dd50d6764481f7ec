//! What can be taken from the texts of errors and answers: causes, codes and names, nothing else. An answer may quote the
//! request, which may hold what is secret. Pure.

use std::error::Error;

/// Longer codes and names are nobody's.
const LONGEST_WORD: usize = 200;
/// No error has more causes below it.
const DEEPEST: usize = 32;

/// Whether the same request would fail again: no such host, nobody there, a bad certificate.
pub fn will_not_pass(error: &(dyn Error + 'static)) -> bool {
    network(&chain(error)).is_some()
}

/// Why no connection came about.
pub fn network(chain: &[String]) -> Option<String> {
    let find = |part: &str| chain.iter().find(|text| text.contains(part));
    if let Some(text) = find("invalid peer certificate") {
        let what = text.split("invalid peer certificate: ").nth(1).unwrap_or_default();
        let what: String = what.chars().take_while(char::is_ascii_alphanumeric).collect();
        return Some(format!("its certificate is not trusted ({what})"));
    }
    if find("received corrupt message").is_some() || find("received fatal alert").is_some() {
        return Some("it does not speak TLS as we do".into());
    }
    if find("dns error").is_some() || find("failed to lookup address").is_some() {
        return Some("there is no host of that name, or no network".into());
    }
    if find("tcp connect error").is_some() || find("connection refused").is_some() {
        return Some("no connection".into());
    }
    find("connect timeout").map(|_| "no connection in time".into())
}

/// Why a request did not get through, when that is not for good.
pub fn has_not_left(chain: &[String]) -> Option<&'static str> {
    let has = |part: &str| chain.iter().any(|text| text.contains(part));
    if has("timeout") || has("timed out") {
        return Some("no answer in time");
    }
    let broke = has("handshake") || has("connection closed") || has("reset by peer") || has("error (Connect)");
    broke.then_some("the connection broke")
}

/// What an error says, and what those below it say.
pub fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next.filter(|_| found.len() < DEEPEST) {
        found.push(error.to_string());
        next = error.source();
    }
    found
}

/// The code in `unhandled error (CODE)`, as operations without errors of their own say it.
pub fn unhandled_code(text: &str) -> Option<&str> {
    word(text.split("unhandled error (").nth(1)?.split(')').next()?)
}

/// A word of letters, if it is one.
pub fn word(text: &str) -> Option<&str> {
    // older protocols put a namespace before it
    let text = text.rsplit('#').next().unwrap_or_default();
    let is_word =
        !text.is_empty() && text.len() <= LONGEST_WORD && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    is_word.then_some(text)
}

/// Who we are, as the service says it: `User: arn:aws:… is not authorized to perform: …`.
pub fn caller(message: &str) -> Option<&str> {
    let who = message.split("User: ").nth(1)?.split(" is not authorized").next()?;
    let is_arn =
        who.starts_with("arn:aws") && who.len() <= LONGEST_WORD && who.bytes().all(|byte| byte.is_ascii_graphic());
    is_arn.then_some(who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_and_names_are_repeated() {
        assert_eq!(word("com.amazonaws.kms#NotFoundException"), Some("NotFoundException"));
        assert_eq!(unhandled_code("unhandled error (AccessDenied)"), Some("AccessDenied"));
        for bad in ["", "a b", "<b>", "x\n", &"x".repeat(201)] {
            assert_eq!(word(bad), None, "{bad}");
        }
        let me = "arn:aws:sts::1:assumed-role/r/s";
        assert_eq!(caller(&format!("User: {me} is not authorized to perform: x")), Some(me));
        for bad in ["", "User: eve is not authorized", "User: arn:aws:\u{1b}[0m is not authorized"] {
            assert_eq!(caller(bad), None, "{bad}");
        }
    }

    #[test]
    fn certificates_are_named() {
        let chain = ["io error".to_owned(), "invalid peer certificate: Expired; x".to_owned()];
        assert_eq!(network(&chain).unwrap(), "its certificate is not trusted (Expired)");
        assert_eq!(network(&["connection reset by peer".to_owned()]), None);
        assert_eq!(has_not_left(&["connection reset by peer".to_owned()]), Some("the connection broke"));
    }
}
