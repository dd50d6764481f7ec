//! What gpg answers: its status lines, which are the same in every language, and the text that it has for people.

use super::words::shown;

/// What begins a line that is for programs.
const STATUS: &str = "[GNUPG:] ";

/// Standard error of a call with `--status-fd 2`.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a>(pub &'a str);

/// Why a secret key could not be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is not here after all.
    NoSecretKey,
    /// The passphrase or the PIN was wrong.
    WrongPassphrase,
    /// Whoever was asked for the passphrase did not give it.
    Cancelled,
    /// Nobody gave the passphrase in time.
    TimedOut,
    /// There was no way to ask anybody.
    CannotAsk,
    /// The card is not there.
    NoCard,
    /// The card takes no PIN any more.
    PinBlocked,
    /// The program for cards does not work.
    NoCardDaemon,
    /// Anything else.
    Other,
}

impl Refusal {
    /// By the number of libgpg-error 1.46 (`err-codes.h`); the upper byte says which program had it.
    fn of(number: u32) -> Self {
        const SYSTEM: u32 = 0x8000;
        match number & 0xffff {
            7 | 17 | 18 => Self::NoSecretKey,
            11 | 31 | 87 => Self::WrongPassphrase,
            99 | 114 | 198 => Self::Cancelled,
            62 => Self::TimedOut,
            85 | 86 | 177 | 178 => Self::CannotAsk,
            91 | 110 | 111 | 112 => Self::NoCard,
            130 => Self::PinBlocked,
            108 | 109 | 119 | 120 | 123 => Self::NoCardDaemon,
            // the terminal is none
            code if code & SYSTEM != 0 => Self::CannotAsk,
            _ => Self::Other,
        }
    }
}

impl<'a> Said<'a> {
    /// The status lines with this keyword, without it.
    pub fn status(self, keyword: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.0.lines().filter_map(|line| line.strip_prefix(STATUS));
        lines.filter_map(move |line| match line.strip_prefix(keyword) {
            Some("") => Some(""),
            Some(rest) => rest.strip_prefix(' '),
            None => None,
        })
    }

    /// Whether there is such a line.
    pub fn has(self, keyword: &'a str) -> bool {
        self.status(keyword).next().is_some()
    }

    /// Why the secret key could not be used, if that was it.
    pub fn refusal(self) -> Option<Refusal> {
        self.status("ERROR").find_map(|line| {
            let (place, number) = line.split_once(' ')?;
            let number = number.split(' ').next()?.parse().ok()?;
            (place == "pkdecrypt_failed").then(|| Refusal::of(number))
        })
    }

    /// Whether gpg-agent could not be reached. gpg calls that a missing secret key.
    pub fn has_no_agent(self) -> bool {
        let is_about =
            |line: &str| line.contains("gpg-agent") || line.contains("the agent") || line.contains("start agent");
        self.0.lines().filter(|line| !line.starts_with(STATUS)).any(|line| {
            is_about(line)
                && ["can't connect", "failed to start", "no gpg-agent"].iter().any(|what| line.contains(what))
        })
    }

    /// The last thing it said to people, fit for a message.
    pub fn last_words(self) -> Option<String> {
        let spoken = |line: &&str| !line.starts_with(STATUS) && !line.trim().is_empty();
        let last = self.0.lines().rfind(spoken)?.trim();
        // the program's name, and that of standard input
        let words = last.strip_prefix("gpg: ").unwrap_or(last);
        Some(shown(words.strip_prefix("[stdin]: ").unwrap_or(words)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_same_meaning_whoever_says_them() {
        let of = |line: &str| Said(line).refusal();
        assert_eq!(of("[GNUPG:] ERROR pkdecrypt_failed 67108875"), Some(Refusal::WrongPassphrase));
        assert_eq!(of("[GNUPG:] ERROR pkdecrypt_failed 11"), Some(Refusal::WrongPassphrase));
        assert_eq!(of("gpg: x\n[GNUPG:] ERROR pkdecrypt_failed 67108963 y"), Some(Refusal::Cancelled));
        assert_eq!(of("[GNUPG:] ERROR pkdecrypt_failed 83918950"), Some(Refusal::CannotAsk));
        assert_eq!(of("[GNUPG:] ERROR pkdecrypt_failed 100663408"), Some(Refusal::NoCard));
        assert_eq!(of("[GNUPG:] ERROR keydb_search 33554445"), None);
        assert_eq!(of("ERROR pkdecrypt_failed 11"), None);
        assert_eq!(of("[GNUPG:] ERROR pkdecrypt_failed x"), None);
    }

    #[test]
    fn lines_are_told_apart() {
        let said =
            Said("[GNUPG:] ENC_TO AA 1 0\ngpg: can't connect to the agent: Configuration error\n[GNUPG:] NODATA 1\n");
        assert_eq!(said.status("ENC_TO").collect::<Vec<_>>(), ["AA 1 0"]);
        assert!(said.has("NODATA") && !said.has("NO") && said.has_no_agent());
        assert_eq!(said.last_words().as_deref(), Some("can't connect to the agent: Configuration error"));
        assert_eq!(
            Said("gpg: [stdin]: encryption failed: x\n\n").last_words().as_deref(),
            Some("encryption failed: x")
        );
        assert!(!Said("gpg: decryption failed: No secret key").has_no_agent());
        assert_eq!(Said("").last_words(), None);
    }
}
