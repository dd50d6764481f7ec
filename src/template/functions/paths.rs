//! sprig's functions for paths, as Go's packages `path` and, on Unix, `path/filepath` have them.

use super::{Args, Function, function};
use crate::template::value::Value;

pub(super) const TABLE: &[Function] = &[
    function("base", "s", |_, args| Ok(Value::text(base(args.bytes(0))))),
    function("clean", "s", |_, args| Ok(Value::text(clean(args.bytes(0)).as_slice()))),
    function("dir", "s", |_, args| Ok(Value::text(dir(args.bytes(0)).as_slice()))),
    function("ext", "s", |_, args| Ok(Value::text(ext(args.bytes(0))))),
    function("isAbs", "s", |_, args| Ok(is_absolute(args))),
    function("osBase", "s", |_, args| Ok(Value::text(base(args.bytes(0))))),
    function("osClean", "s", |_, args| Ok(Value::text(clean(args.bytes(0)).as_slice()))),
    function("osDir", "s", |_, args| Ok(Value::text(dir(args.bytes(0)).as_slice()))),
    function("osExt", "s", |_, args| Ok(Value::text(ext(args.bytes(0))))),
    function("osIsAbs", "s", |_, args| Ok(is_absolute(args))),
];

fn is_absolute(args: &Args) -> Value {
    Value::Bool(args.bytes(0).starts_with(b"/"))
}

fn after_last_slash(path: &[u8]) -> usize {
    path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1)
}

fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    if end == 0 {
        return b"/";
    }
    &path[after_last_slash(&path[..end])..end]
}

fn dir(path: &[u8]) -> Vec<u8> {
    clean(&path[..after_last_slash(path)])
}

fn ext(path: &[u8]) -> &[u8] {
    let name = &path[after_last_slash(path)..];
    name.iter().rposition(|byte| *byte == b'.').map_or(b"", |dot| &name[dot..])
}

/// `path.Clean`
pub(super) fn clean(path: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return b".".to_vec();
    }
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = vec![];
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            part => parts.push(part),
        }
    }
    let mut out = if rooted { b"/".to_vec() } else { vec![] };
    out.extend(parts.join(b"/".as_slice()));
    if out.is_empty() { b".".to_vec() } else { out }
}
