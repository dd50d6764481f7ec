//! PEM blocks exactly as Go's `encoding/pem` 1.26 finds and writes them: which block is found decides what a template gives.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::template::encoding::{decode_base64, encode_base64};
use crate::template::text::Buffer;

/// The label of a certificate.
pub(in crate::template) const CERTIFICATE: &[u8] = b"CERTIFICATE";
/// The label of a key as PKCS#8.
pub(in crate::template) const PRIVATE_KEY: &[u8] = b"PRIVATE KEY";

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// One block.
pub(in crate::template) struct Block {
    pub(in crate::template) label: Vec<u8>,
    pub(in crate::template) headers: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(in crate::template) content: Zeroizing<Vec<u8>>,
}

/// The first block of `data`, and what follows it; all of `data` when there is none.
pub(in crate::template) fn decode(data: &[u8]) -> (Option<Block>, &[u8]) {
    let mut from = data;
    while let Some(end) = memchr::memmem::find(from, END) {
        let behind = end + END.len();
        // the last beginning before this end: one that has no end of its own is passed over
        let begin = memchr::memmem::rfind(&from[..end], BEGIN).filter(|at| *at == 0 || from[at - 1] == b'\n');
        if let Some((block, rest)) =
            begin.and_then(|begin| block(&from[begin + BEGIN.len()..], end - begin - BEGIN.len()))
        {
            return (Some(block), rest);
        }
        from = &from[behind..];
    }
    (None, data)
}

/// Every block of `data`, and what is left behind the last one.
pub(in crate::template) fn decode_all(mut data: &[u8]) -> (Vec<Block>, &[u8]) {
    let mut blocks = vec![];
    while let (Some(block), rest) = decode(data) {
        blocks.push(block);
        data = rest;
    }
    (blocks, data)
}

/// `input` from its first block on.
pub(in crate::template) fn without_junk(input: &[u8]) -> &[u8] {
    memchr::memmem::find(input, b"-----BEGIN").map_or(input, |at| &input[at..])
}

/// A line without its end and trailing blanks, and the number of bytes it takes with them.
fn line(data: &[u8]) -> (&[u8], usize) {
    let (mut line, consumed) = match memchr::memchr(b'\n', data) {
        Some(at) => (data[..at].strip_suffix(b"\r").unwrap_or(&data[..at]), at + 1),
        None => (data, data.len()),
    };
    while let [rest @ .., b' ' | b'\t'] = line {
        line = rest;
    }
    (line, consumed)
}

/// The block whose label starts `data`; `end` is where the line break before its last line is.
fn block(data: &[u8], end: usize) -> Option<(Block, &[u8])> {
    let (label, mut at) = line(data);
    let label = label.strip_suffix(DASHES)?;
    let mut headers = BTreeMap::new();
    loop {
        let rest = data.get(at..).filter(|rest| !rest.is_empty())?;
        let (header, consumed) = line(rest);
        let Some(colon) = memchr::memchr(b':', header) else { break };
        headers.insert(header[..colon].trim_ascii().to_vec(), header[colon + 1..].trim_ascii().to_vec());
        at += consumed;
    }
    if !headers.is_empty() && end < at {
        return None;
    }
    let trailer = data.get(end + END.len()..)?.strip_prefix(label)?.strip_prefix(DASHES)?;
    if !line(trailer).0.is_empty() {
        return None;
    }
    let content = if end > at {
        let base64: Zeroizing<Vec<u8>> =
            Zeroizing::new(data[at..end].iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t')).collect());
        decode_base64(&base64).ok()?
    } else {
        Zeroizing::default()
    };
    let behind = data.len() - trailer.len() + line(trailer).1;
    Some((Block { label: label.to_vec(), headers, content }, &data[behind..]))
}

/// Writes a block.
pub(in crate::template) fn encode(out: &mut Buffer, label: &[u8], content: &[u8]) {
    encode_block(out, label, &BTreeMap::new(), content);
}

/// Writes a block with headers, `Proc-Type` before all others.
pub(in crate::template) fn encode_block(
    out: &mut Buffer,
    label: &[u8],
    headers: &BTreeMap<Vec<u8>, Vec<u8>>,
    content: &[u8],
) {
    let dashed = |out: &mut Buffer, word: &[u8]| [word, label, b"-----\n"].iter().for_each(|part| out.push(part));
    let header = |out: &mut Buffer, name: &[u8], value: &[u8]| {
        [name, b": ", value, b"\n"].iter().for_each(|part| out.push(part));
    };
    dashed(out, BEGIN);
    if !headers.is_empty() {
        let first = |name: &Vec<u8>| name == b"Proc-Type";
        headers.iter().filter(|(name, _)| first(name)).for_each(|(name, value)| header(out, name, value));
        headers.iter().filter(|(name, _)| !first(name)).for_each(|(name, value)| header(out, name, value));
        out.push(b"\n");
    }
    for chunk in content.chunks(48) {
        encode_base64(out, chunk);
        out.push(b"\n");
    }
    dashed(out, &END[1..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<(String, Vec<u8>)> {
        let (blocks, _) = decode_all(text.as_bytes());
        blocks.into_iter().map(|block| (String::from_utf8(block.label).unwrap(), block.content.to_vec())).collect()
    }

    #[test]
    fn blocks_are_found_as_go_finds_them() {
        let good = "-----BEGIN A-----\nAQID\n-----END A-----\n";
        let one = [("A".to_owned(), vec![1, 2, 3])];
        for before in [
            "",
            "junk\n",
            "-----BEGIN B-----\nAQID\n",
            "-----BEGIN A-----\nA!ID\n-----END A-----\n",
            "-----BEGIN A-----\nAQID\n-----END B-----\n",
            "-----BEGIN A-----\nk: v\n-----END A-----\n",
            "-----BEGIN A----\nAQID\n-----END A-----\n",
        ] {
            assert_eq!(labels(&format!("{before}{good}more")), one, "{before}");
        }
        assert_eq!(labels("x-----BEGIN A-----\nAQID\n-----END A-----\n"), []);
        assert_eq!(labels("-----BEGIN A-----\nAQID\n-----END A-----x\n"), []);
        assert_eq!(labels("-----BEGIN A-----\r\n A Q\r\n\tID \r\n-----END A-----  \r\n"), one);
        assert_eq!(labels("-----BEGIN A-----\n-----END A-----"), [("A".to_owned(), vec![])]);
    }

    #[test]
    fn a_block_is_written_as_go_writes_it() {
        let text = "-----BEGIN A B-----\nProc-Type: 4\nAb: c\n\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAA=\n-----END A B-----\n";
        let (block, rest) = decode(text.as_bytes());
        let block = block.unwrap();
        assert_eq!((block.content.len(), block.headers.len(), rest.len()), (50, 2, 0));
        let mut out = Buffer::new(1000);
        encode_block(&mut out, &block.label, &block.headers, &block.content);
        assert_eq!(out.bytes(), text.as_bytes());
    }
}
