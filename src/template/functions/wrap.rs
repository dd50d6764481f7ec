//! Long lines in several ones: `wrap` and `wrapWith`, as goutils does it, by bytes.

use super::{Args, Function, Outcome, function};
use crate::template::options::Env;
use crate::template::text::Buffer;

pub(super) const TABLE: &[Function] = &[
    function("wrap", "is", |env, args| run(env, args, b"", 1, false)),
    function("wrapWith", "iss", |env, args| run(env, args, args.bytes(1), 2, true)),
];

fn run(env: &Env<'_>, args: &Args, newline: &[u8], at: usize, long_words: bool) -> Outcome {
    let width = usize::try_from(args.int(0)).unwrap_or_default().max(1);
    let newline = if newline.is_empty() { b"\n" } else { newline };
    env.text(|out| wrap(out, args.bytes(at), width, newline, long_words))
}

fn wrap(out: &mut Buffer, mut text: &[u8], width: usize, newline: &[u8], long_words: bool) {
    let space = |text: &[u8]| text.iter().position(|byte| *byte == b' ');
    while text.len() > width {
        if text[0] == b' ' {
            text = &text[1..];
            continue;
        }
        let end = text[..=width].iter().rposition(|byte| *byte == b' ');
        let (line, skip) = match end {
            Some(end) => (end, 1),
            None if long_words => (width, 0),
            None => match space(&text[width..]) {
                Some(end) => (width + end, 1),
                None => break,
            },
        };
        out.push(&text[..line]);
        out.push(newline);
        text = &text[line + skip..];
    }
    out.push(text);
}
