//! Constraints: `>=1.2, <2 || ~3.1`.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use super::version::{Version, compare_prerelease};

struct Patterns {
    constraint: Regex,
    range: Regex,
    find: Regex,
    valid: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    const VERSION: &str = concat!(
        r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?",
        r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?",
        r"(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?",
    );
    const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";
    const SPACE: &str = r"[\t\n\f\r ]";
    let one = format!("({OPERATORS}){SPACE}*({VERSION})");
    Some(Patterns {
        constraint: Regex::new(&format!("^{SPACE}*{one}{SPACE}*$")).ok()?,
        range: Regex::new(&format!("{SPACE}*({VERSION}){SPACE}+-{SPACE}+({VERSION}){SPACE}*")).ok()?,
        find: Regex::new(&one).ok()?,
        valid: Regex::new(&format!("^({SPACE}*{one}{SPACE}*)((?:{SPACE}+|,{SPACE}*){one}{SPACE}*)*$")).ok()?,
    })
});

/// Whether the version satisfies the constraint; an error when the constraint is none.
pub(in crate::template) fn check(constraint: &str, version: &Version) -> Result<bool, &'static str> {
    const IMPROPER: &str = "that is no constraint";
    let patterns = PATTERNS.as_ref().ok_or(IMPROPER)?;
    let mut text = constraint.to_owned();
    for found in patterns.range.captures_iter(constraint) {
        let replacement = format!(">= {}, <= {} ", &found[1], &found[11]);
        text = text.replacen(&found[0], &replacement, 1);
    }
    // all of it is read before any of it is checked
    let mut alternatives = vec![];
    for alternative in text.split("||") {
        if !patterns.valid.is_match(alternative) {
            return Err(IMPROPER);
        }
        let all: Option<Vec<_>> =
            patterns.find.find_iter(alternative).map(|one| Constraint::parse(one.as_str(), patterns)).collect();
        alternatives.push(all.ok_or(IMPROPER)?);
    }
    Ok(alternatives.iter().any(|all| all.iter().all(|one| one.allows(version))))
}

struct Constraint {
    operator: String,
    version: Version,
    minor_any: bool,
    patch_any: bool,
    /// Some part is missing or `x`.
    any: bool,
}

fn is_any(part: &str) -> bool {
    matches!(part, "" | "x" | "X" | "*")
}

impl Constraint {
    fn parse(text: &str, patterns: &Patterns) -> Option<Self> {
        let found = patterns.constraint.captures(text)?;
        let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
        let (mut minor_any, mut patch_any, mut any) = (false, false, true);
        let version = if is_any(part(3)) {
            format!("0.0.0{}", part(6))
        } else if is_any(part(4).trim_start_matches('.')) {
            minor_any = true;
            format!("{}.0.0{}", part(3), part(6))
        } else if is_any(part(5).trim_start_matches('.')) {
            patch_any = true;
            format!("{}{}.0{}", part(3), part(4), part(6))
        } else {
            any = false;
            part(2).to_owned()
        };
        let version = Version::parse(&version)?;
        Some(Self { operator: part(1).to_owned(), version, minor_any, patch_any, any })
    }

    fn allows(&self, version: &Version) -> bool {
        let wanted = &self.version;
        // who does not ask for prereleases gets none
        let unwanted = !version.prerelease.is_empty() && wanted.prerelease.is_empty();
        let order = version.compare(wanted);
        match self.operator.as_str() {
            "!=" => self.differs(version, unwanted),
            _ if unwanted => false,
            ">" => self.is_less_than(version, order),
            "<" => order == Ordering::Less,
            ">=" | "=>" => order != Ordering::Less,
            "<=" | "=<" if !self.any => order != Ordering::Greater,
            "<=" | "=<" => {
                version.major < wanted.major
                    || (version.major == wanted.major && (version.minor <= wanted.minor || self.minor_any))
            }
            "~" | "~>" => self.tilde(version, order),
            "^" => self.caret(version, order),
            _ if self.any => self.tilde(version, order),
            _ => order == Ordering::Equal,
        }
    }

    fn differs(&self, version: &Version, unwanted: bool) -> bool {
        let wanted = &self.version;
        if self.any {
            if unwanted {
                return false;
            }
            if wanted.major != version.major || (wanted.minor != version.minor && !self.minor_any) {
                return true;
            }
            if self.minor_any {
                return false;
            }
            if wanted.patch != version.patch && !self.patch_any {
                return true;
            }
            if self.patch_any {
                return (!version.prerelease.is_empty() || !wanted.prerelease.is_empty())
                    && compare_prerelease(&version.prerelease, &wanted.prerelease) != Ordering::Equal;
            }
        }
        version.compare(wanted) != Ordering::Equal
    }

    fn is_less_than(&self, version: &Version, order: Ordering) -> bool {
        let wanted = &self.version;
        if !self.any || (version.major == wanted.major && !self.minor_any && !self.patch_any) {
            return order == Ordering::Greater;
        }
        if version.major != wanted.major {
            return version.major > wanted.major;
        }
        !self.minor_any && version.minor > wanted.minor
    }

    fn tilde(&self, version: &Version, order: Ordering) -> bool {
        let wanted = &self.version;
        if order == Ordering::Less {
            return false;
        }
        if (wanted.major, wanted.minor, wanted.patch) == (0, 0, 0) && !self.minor_any && !self.patch_any {
            return true;
        }
        version.major == wanted.major && (version.minor == wanted.minor || self.minor_any)
    }

    fn caret(&self, version: &Version, order: Ordering) -> bool {
        let wanted = &self.version;
        if order == Ordering::Less {
            return false;
        }
        if wanted.major > 0 || self.minor_any {
            return version.major == wanted.major;
        }
        if version.major > 0 {
            return false;
        }
        if wanted.minor > 0 || self.patch_any {
            return version.minor == wanted.minor;
        }
        version.minor == 0 && version.patch == wanted.patch
    }
}
