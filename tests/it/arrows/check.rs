//! The checker behind the wall: finds every path that a source file names and judges it by the table of rooms.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::rooms;

/// One file: its path in the repository, with forward slashes, and its text.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

/// Every breach in `files`, as `path:line: what`.
pub fn check(files: &[Source<'_>]) -> Vec<String> {
    let parsed: Vec<_> = files
        .iter()
        .map(|source| {
            let file = syn::parse_file(source.text).unwrap_or_else(|e| panic!("{} does not parse: {e}", source.path));
            (source, file)
        })
        .collect();
    let mut test_modules = HashSet::new();
    for (source, file) in &parsed {
        out_of_line_tests(&module_of(source.path), &file.items, false, &mut test_modules);
    }
    let mut breaches = Vec::new();
    for (source, file) in &parsed {
        let module = module_of(source.path);
        let in_test = (0..=module.len()).any(|n| test_modules.contains(&module[..n]));
        let mut checker = Checker {
            path: source.path,
            room: room_of(source.path),
            module,
            in_test,
            imports: HashMap::new(),
            breaches: Vec::new(),
        };
        let tokens = source.text.parse().expect("it parsed as a file");
        checker.no_unsafe(tokens);
        checker.room_is_known();
        Imports(&mut checker.imports).visit_file(file);
        checker.visit_file(file);
        let mut seen = HashSet::new();
        checker.breaches.retain(|b| seen.insert(b.clone()));
        breaches.append(&mut checker.breaches);
    }
    breaches
}

/// The room that a file belongs to: the first part under `src/`.
pub fn room_of(path: &str) -> String {
    let inside = path.strip_prefix("src/").expect("a file of src");
    let first = inside.split('/').next().unwrap_or(inside);
    first.trim_end_matches(".rs").to_owned()
}

/// The module path of a file, from the root of the crate.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.strip_prefix("src/").expect("a file of src");
    let mut parts: Vec<String> = inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// Collects the modules that live in a file of their own and exist for tests only.
fn out_of_line_tests(module: &[String], items: &[syn::Item], in_test: bool, found: &mut HashSet<Vec<String>>) {
    for item in items {
        let syn::Item::Mod(inner) = item else {
            continue;
        };
        let in_test = in_test || inner.attrs.iter().any(is_test_only);
        let mut path = module.to_vec();
        path.push(inner.ident.to_string());
        match &inner.content {
            Some((_, items)) => out_of_line_tests(&path, items, in_test, found),
            None if in_test => drop(found.insert(path)),
            None => {}
        }
    }
}

/// `#[test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`; not `any` and not `not`, which also hold in the program.
fn is_test_only(attribute: &syn::Attribute) -> bool {
    fn demands_test(meta: &syn::Meta) -> bool {
        match meta {
            syn::Meta::Path(path) => path.is_ident("test"),
            syn::Meta::List(list) if list.path.is_ident("all") => list
                .parse_args_with(syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated)
                .is_ok_and(|metas| metas.iter().any(demands_test)),
            _ => false,
        }
    }
    attribute.path().is_ident("test")
        || (attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Meta>().is_ok_and(|meta| demands_test(&meta)))
}

/// Name in scope to the path it was imported from. Scopes are merged: a file that reuses a name for two things is read twice as strictly.
struct Imports<'a>(&'a mut HashMap<String, Vec<String>>);

impl Visit<'_> for Imports<'_> {
    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        for import in expand(&item.tree) {
            if let Some(name) = import.name
                && import.path.len() > usize::from(import.path[0] == name)
            {
                self.0.insert(name, import.path);
            }
        }
    }
}

struct Import {
    path: Vec<String>,
    /// `None` for a glob.
    name: Option<String>,
}

/// All paths of a `use` tree; a glob ends in `*`.
fn expand(tree: &syn::UseTree) -> Vec<Import> {
    fn walk(tree: &syn::UseTree, prefix: &[String], found: &mut Vec<Import>) {
        let with = |last: String| [prefix, &[last]].concat();
        match tree {
            syn::UseTree::Path(path) => {
                walk(&path.tree, &with(path.ident.to_string()), found);
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|t| walk(t, prefix, found)),
            syn::UseTree::Glob(_) => found.push(Import { path: with("*".into()), name: None }),
            syn::UseTree::Name(name) if name.ident == "self" => {
                found.push(Import { path: prefix.to_vec(), name: prefix.last().cloned() });
            }
            syn::UseTree::Name(name) => {
                found.push(Import { path: with(name.ident.to_string()), name: Some(name.ident.to_string()) });
            }
            syn::UseTree::Rename(rename) => found.push(Import {
                path: match rename.ident == "self" {
                    true => prefix.to_vec(),
                    false => with(rename.ident.to_string()),
                },
                name: Some(rename.rename.to_string()),
            }),
        }
    }
    let mut found = Vec::new();
    walk(tree, &[], &mut found);
    found.retain(|import| !import.path.is_empty());
    found
}

struct Checker<'a> {
    path: &'a str,
    room: String,
    module: Vec<String>,
    in_test: bool,
    imports: HashMap<String, Vec<String>>,
    breaches: Vec<String>,
}

impl Checker<'_> {
    fn breach(&mut self, span: Span, what: &str) {
        let line = span.start().line;
        self.breaches.push(format!("{}:{line}: {what}", self.path));
    }

    fn room_is_known(&mut self) {
        if rooms::allowed(&self.room).is_none() {
            let what = format!("{} is not in the table of rooms", self.room);
            self.breach(Span::call_site(), &what);
        }
    }

    fn no_unsafe(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if ident == "unsafe" => {
                    self.breach(ident.span(), "unsafe code");
                }
                TokenTree::Group(group) => self.no_unsafe(group.stream()),
                _ => {}
            }
        }
    }

    /// Follows imports and `self`/`super` to a path from the root: `crate::…`, or one that starts with a crate's name.
    fn resolve(&self, path: &[String]) -> Vec<String> {
        let mut path = path.to_vec();
        // an import of an import is at most a few steps; the bound stops `use a as a`
        for _ in 0..8 {
            let Some(origin) = self.imports.get(&path[0]) else {
                break;
            };
            if origin[0] == path[0] {
                path.splice(..1, origin.iter().cloned());
                break;
            }
            path.splice(..1, origin.iter().cloned());
        }
        let here = |up: usize| {
            let kept = self.module.len().saturating_sub(up);
            let mut base = vec!["crate".to_owned()];
            base.extend_from_slice(&self.module[..kept]);
            base
        };
        match path[0].as_str() {
            "self" => drop(path.splice(..1, here(0))),
            "super" => {
                let up = path.iter().take_while(|s| *s == "super").count();
                drop(path.splice(..up, here(up)));
            }
            "sealant" => path[0] = "crate".to_owned(),
            _ => {}
        }
        path
    }

    fn judge(&mut self, written: &[String], span: Span) {
        if written.windows(2).any(|w| w[0] == "super" && w[1] == "super") {
            self.breach(span, "super::super");
        }
        let full = self.resolve(written);
        self.judge_glob(written, &full, span);
        if full[0] == "crate" {
            self.judge_arrow(&full, span);
        } else {
            self.judge_purity(&full, span);
        }
    }

    fn judge_glob(&mut self, written: &[String], full: &[String], span: Span) {
        let [.., before, last] = written else { return };
        let is_enum = before.chars().next().is_some_and(char::is_uppercase);
        let own_parent = self.in_test && written == ["super", "*"];
        if last == "*" && full[0] == "crate" && !is_enum && !own_parent {
            self.breach(span, "glob import of the crate");
        }
    }

    fn judge_arrow(&mut self, full: &[String], span: Span) {
        let Some(target) = full.get(1).filter(|t| *t != "*") else {
            return;
        };
        let known = rooms::allowed(target).is_some();
        // lower case only: the root's own items (types, macros) are not rooms
        if target == &self.room || (!known && !target.chars().all(|c| c.is_ascii_lowercase())) {
            return;
        }
        if self.room == "lib" {
            return;
        }
        if !known {
            self.breach(span, &format!("{target} is not in the table of rooms"));
            return;
        }
        let allowed = rooms::allowed(&self.room).unwrap_or_default();
        if !allowed.contains(&target.as_str()) {
            let what = format!("room {} must not use room {target}", self.room);
            self.breach(span, &what);
        }
    }

    fn judge_purity(&mut self, full: &[String], span: Span) {
        if self.in_test {
            return;
        }
        let text = full.join("::");
        let is_random = text.starts_with("ring::rand")
            || ["rand", "getrandom", "rand_core"].contains(&full[0].as_str()) && full.len() > 1
            || full.iter().any(|s| s == "OsRng");
        if is_random && self.room != "secret" {
            self.breach(span, &format!("{text}: random bytes come from secret::random"));
        }
        if !rooms::is_pure(&self.room) {
            return;
        }
        if let Some(impure) = impure(full) {
            self.breach(span, &format!("pure room names {impure}"));
        }
    }

    fn judge_macro(&mut self, name: &str, span: Span) {
        let prints = ["print", "println", "eprint", "eprintln", "dbg"].contains(&name);
        if prints && !self.in_test && rooms::is_pure(&self.room) {
            self.breach(span, &format!("pure room calls {name}!"));
        }
    }

    /// Paths and macro calls in tokens that have no syntax tree: macro arguments, attribute arguments.
    fn scan(&mut self, tokens: TokenStream, prefix: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => {
                    self.scan(group.stream(), &[]);
                    at += 1;
                }
                TokenTree::Ident(first) => {
                    let span = first.span();
                    let mut path = prefix.to_vec();
                    path.push(first.to_string());
                    at += 1;
                    at = self.scan_path(&tokens, at, path, span);
                }
                _ => at += 1,
            }
        }
    }

    /// Reads `::name`, `::*` and `::{…}` after the first name of a path; gives the position behind it.
    fn scan_path(&mut self, tokens: &[TokenTree], mut at: usize, mut path: Vec<String>, span: Span) -> usize {
        let punct = |i: usize, c: char| matches!(tokens.get(i), Some(TokenTree::Punct(p)) if p.as_char() == c);
        let joint = |i: usize| matches!(tokens.get(i), Some(TokenTree::Punct(p)) if p.spacing() == Spacing::Joint);
        while punct(at, ':') && joint(at) && punct(at + 1, ':') {
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(next)) => {
                    path.push(next.to_string());
                    at += 3;
                }
                Some(TokenTree::Punct(p)) if p.as_char() == '*' => {
                    path.push("*".to_owned());
                    at += 3;
                }
                Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Brace => {
                    self.scan(g.stream(), &path);
                    at += 3;
                }
                _ => break,
            }
        }
        if punct(at, '!') && matches!(tokens.get(at + 1), Some(TokenTree::Group(_))) {
            let name = path.last().cloned().unwrap_or_default();
            self.judge_macro(&name, span);
        }
        if path.len() > 1 {
            self.judge(&path, span);
        }
        at
    }

    /// Runs `inside` as test code when one of `attributes` says so.
    fn maybe_test(&mut self, attributes: &[syn::Attribute], inside: impl FnOnce(&mut Self)) {
        let before = self.in_test;
        self.in_test |= attributes.iter().any(is_test_only);
        inside(self);
        self.in_test = before;
    }
}

/// The part of `full` that does not belong in a pure room.
fn impure(full: &[String]) -> Option<String> {
    let part = |n: usize| full.get(n).map_or("", String::as_str);
    match (part(0), part(1), part(2)) {
        ("std", "fs" | "env" | "net" | "process" | "os", _) => Some(full[..2].join("::")),
        ("std", "*", _) | ("std", "io" | "time", "*") => Some(full.join("::")),
        ("std", "time", "SystemTime" | "Instant") => Some(full[..3].join("::")),
        ("std", "io", "stdin" | "stdout" | "stderr") => Some(full[..3].join("::")),
        ("log" | "tracing" | "tokio", _, _) => Some(full[0].clone()),
        ("jiff", ..) if full.ends_with(&["now".to_owned()]) => Some(full.join("::")),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Checker<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = item_attributes(item);
        self.maybe_test(attributes, |me| visit::visit_item(me, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.maybe_test(&item.attrs, |me| visit::visit_impl_item_fn(me, item));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for import in expand(&item.tree) {
            self.judge(&import.path, item.span());
        }
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.breach(item.span(), "extern crate");
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if names.len() > 1 {
            self.judge(&names, path.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Some(last) = call.path.segments.last() {
            self.judge_macro(&last.ident.to_string(), call.path.span());
        }
        self.scan(call.tokens.clone(), &[]);
        visit::visit_macro(self, call);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.scan(list.tokens.clone(), &[]);
        visit::visit_meta_list(self, list);
    }
}

fn item_attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(i) => &i.attrs,
        syn::Item::Enum(i) => &i.attrs,
        syn::Item::ExternCrate(i) => &i.attrs,
        syn::Item::Fn(i) => &i.attrs,
        syn::Item::Impl(i) => &i.attrs,
        syn::Item::Macro(i) => &i.attrs,
        syn::Item::Mod(i) => &i.attrs,
        syn::Item::Static(i) => &i.attrs,
        syn::Item::Struct(i) => &i.attrs,
        syn::Item::Trait(i) => &i.attrs,
        syn::Item::Type(i) => &i.attrs,
        syn::Item::Use(i) => &i.attrs,
        _ => &[],
    }
}
