//! Where comments, keys and values take their words from.

/// Words for keys and values.
pub const WORDS: &[&str] = &[
    "alpha", "bravo", "charlie", "delta", "echo", "user", "host", "port", "image", "name", "labels",
    "password", "secret", "token", "apiKey", "data", "stringData", "spec", "metadata", "env",
    "config", "region", "replicas", "timeout", "url", "command", "args", "volume", "path", "db",
];

/// Endings that selection settings look for.
pub const SUFFIXES: &[&str] = &["_unencrypted", "_enc", "_plain", "_secret", "-password"];

/// Text outside ASCII, in the basic plane.
pub const UNICODE: &[&str] = &["größe", "naïve", "пароль", "密码", "日本語", "مرحبا", "ﬁ", "a\u{301}"];

/// Text outside the basic plane.
pub const EMOJI: &[&str] = &["😀", "🔐 key", "👩‍🚀", "𝔘𝔫𝔦", "🇸🇪"];

/// Plain scalars that are integers in one spelling or another.
pub const NUMBERS: &[&str] = &["0", "1", "42", "-7", "8080", "65535", "1.5", "-2.25", "100.0", "3.14"];

/// Unusual spellings of numbers, and numbers at the edge of their type.
pub const NUMBER_SPELLINGS: &[&str] = &[
    "0x1F", "0X1f", "-0x10", "0o17", "-0o7", "017", "-017", "0b101", "0B11", "1_000", "1__0", "0x_FF", "+5",
    "+1.5", "1e3", "1E3", "1e+3", "1.5e-3", ".5", "-.5", "1.", "0.0", "-0", "+0", "1.50", "0.10", "08",
    "9_0.5", "1_000.25", "0e0", "9223372036854775807", "-9223372036854775808", "007", "00",
    "123456789012", "0.30000000000000004", "1e0", "12e03", "-1.e2", "1_e3",
];

/// Numbers that have to be floats, and negative zero.
pub const BIG_FLOATS: &[&str] = &[
    "1e30", "1e-7", "1.7976931348623157e308", "5e-324", "18446744073709551616", "123456789012345680000.0",
    "1234567.5", "1e21", "1e20", "0.00001", ".inf", "-.inf", "+.INF", ".Inf", ".nan", ".NaN", ".NAN", "-0.0",
    "123456.5", "99999999999999999999999",
];

/// Booleans, in every case that counts.
pub const BOOLEANS: &[&str] = &["true", "false", "True", "False", "TRUE", "FALSE"];

/// Nulls that can be seen.
pub const NULLS: &[&str] = &["null", "~", "Null", "NULL"];

/// Timestamps.
pub const TIMESTAMPS: &[&str] = &[
    "2024-01-01", "2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43.1Z", "2001-12-14 21:59:43",
    "2001-12-14 21:59:43.123456789", "2024-1-2", "2006-01-02T15:04:05+07:06", "1999-12-31T23:59:59Z",
    "2024-02-29T00:00:00-00:00", "0001-01-01", "2001-1-1T1:2:3Z", "9999-12-31",
];

/// Plain scalars that look like something else and are strings.
pub const ALMOST: &[&str] = &[
    "0x", "0o8", "0b2", "1e", "_1", "1e400", "12:30:45", "190:20:30", "tRUE", "nUll", "yes", "No", "on",
    "OFF", "y", "n", "2024-13-01", "2024-02-30", "2001-12-14 21:59:43 -5", "1.2.3", "1,000", "127.0.0.1",
    "0xZZ", "--5", "+-1", ".", "..", "-.", "+", "1_", "..5", "e3", ".infinity", "nan", "inf", "Infinity",
    "0.", "5 apples", "1e3x", "0o", "=",
];

/// Plain scalars with characters that mean something elsewhere.
pub const ODD_PLAIN: &[&str] = &[
    "a:b", "http://host:80/p?q=1#frag", "a#b", "::x", "-x", "?x", ":x", "x,y", "a[0]", "x {{ y }}", "it's",
    "say \"hi\"", "a & b", "a*b", "100%", "50%!", "a|b", "a>b", "key=value", "$HOME/x", "(a)", "a\\nb",
    "-----BEGIN", "..", "...x", "---x", "a - b", "C:\\dir", "a@b.c", "^x$", "~user", "<a>",
    "a ' b", "=", "\\", "/",
];
