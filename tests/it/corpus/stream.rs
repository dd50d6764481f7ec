//! The stream around the documents: directives, markers, byte order mark and line ends.

use super::block;
use super::flow;
use super::writer::Writer;

/// Writes a whole file; gives the number of documents in it.
pub fn write(w: &mut Writer) -> usize {
    let byte_order_mark = w.want("byte-order-mark", 100);
    let crlf = w.want("crlf", 100);
    let count = if w.want("several-documents", 100) { w.rng.range(2, 4) } else { 1 };
    if w.want("leading-blank-lines", 100) {
        w.put("\n");
    }
    for index in 0..count {
        document(w, index, count);
    }
    if w.want("comment-at-end", 60) {
        if w.want("blank-lines", 30) {
            w.put("\n");
        }
        block::comment_lines(w, 0);
    }
    finish(w, byte_order_mark, crlf);
    count
}

fn document(w: &mut Writer, index: usize, count: usize) {
    w.start_document();
    if index > 0 && w.want("comment-between-documents", 40) {
        block::comment_lines(w, 0);
    }
    let ended = index > 0 && w.want("document-end", 50);
    if ended {
        w.put("...\n");
    }
    if (index == 0 || ended) && w.want("comment-first", 40) {
        block::comment_lines(w, 0);
    }
    w.tag_handle = false;
    let directive = (index == 0 || ended) && directives(w);
    let marked = directive || index > 0 || w.want("document-start", 60);
    if marked {
        w.put("---");
    }
    if marked && count > 1 && w.want("empty-documents", 40) {
        block::end_line(w);
        return;
    }
    if marked && w.want("content-on-document-start", 50) {
        w.put(" ");
        if w.rng.percent(50) {
            flow::root_map(w);
            block::end_line(w);
            return;
        }
        w.put_one(&["!!map", "&root", "!custom", "# about this document"]);
        w.put("\n");
    } else if marked {
        block::end_line(w);
    }
    if w.want("comment-head", 30) {
        block::comment_lines(w, 0);
        if w.want("blank-lines", 40) {
            w.put("\n");
        }
    }
    block::map(w, 0, 0, false);
    if index + 1 == count && w.want("document-end", 30) {
        w.put("...\n");
    }
}

fn directives(w: &mut Writer) -> bool {
    let version = w.want("yaml-directive", 70);
    w.tag_handle = w.want("tag-directive", 70);
    if version {
        w.put("%YAML 1.1\n");
    }
    if w.tag_handle {
        w.put("%TAG !e! tag:example.com,2000:app/\n");
    }
    version || w.tag_handle
}

fn finish(w: &mut Writer, byte_order_mark: bool, crlf: bool) {
    if w.want("no-final-newline", 100) {
        while w.out.ends_with('\n') {
            w.out.pop();
        }
    } else if w.want("extra-final-newlines", 100) {
        w.put("\n\n");
    }
    if crlf {
        w.out = w.out.replace('\n', "\r\n");
    }
    if byte_order_mark {
        w.out.insert(0, '\u{feff}');
    }
}
