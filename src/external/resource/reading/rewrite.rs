//! `rewrite[]`, and the words that say what becomes of keys and values.

use crate::external::resource::external_secret::{
    ConflictPolicy, Conversion, Merge, MergeStrategy, NullBytes, PriorityPolicy, Rewrite,
};

use super::fields::{Field, Map};

pub(super) const CONVERSIONS: &[(&str, Conversion)] =
    &[("Default", Conversion::Default), ("Unicode", Conversion::Unicode)];

pub(super) const NULL_BYTES: &[(&str, NullBytes)] = &[("Ignore", NullBytes::Ignore), ("Fail", NullBytes::Fail)];

/// `rewrite` of a `dataFrom` entry.
pub(super) fn rewrites(map: &Map<'_>) -> Vec<Rewrite> {
    map.list("rewrite").iter().filter_map(|field| rewrite(field, &["regexp", "transform", "merge"])).collect()
}

/// One change, of the ways that are `known`.
pub(super) fn rewrite(field: &Field<'_>, known: &[&'static str]) -> Option<Rewrite> {
    let map = field.map(known)?;
    map.only_v1(&["merge"]);
    match map.one_of(known)? {
        "regexp" => {
            let map = map.map("regexp", &["source", "target"])?;
            let source = map.need("source", map.get("source").and_then(|field| field.regexp()));
            let target = map.need("target", map.text("target"));
            Some(Rewrite::Regexp { source: source?.0, target: target? })
        }
        "transform" => {
            let map = map.map("transform", &["template"])?;
            Some(Rewrite::Transform { template: map.need("template", map.text("template"))? })
        }
        _ => merge(&map).map(Rewrite::Merge),
    }
}

fn merge(map: &Map<'_>) -> Option<Merge> {
    let map = map.map("merge", &["into", "priority", "priorityPolicy", "conflictPolicy", "strategy"])?;
    let priority = [("Strict", PriorityPolicy::Strict), ("IgnoreNotFound", PriorityPolicy::IgnoreNotFound)];
    let conflict = [("Error", ConflictPolicy::Error), ("Ignore", ConflictPolicy::Ignore)];
    let strategy = [("Extract", MergeStrategy::Extract), ("JSON", MergeStrategy::Json)];
    let merge = Merge {
        into: map.given("into").unwrap_or_default(),
        priority: map.texts("priority"),
        priority_policy: map.word("priorityPolicy", &priority),
        conflict_policy: map.word("conflictPolicy", &conflict),
        strategy: map.word("strategy", &strategy),
    };
    if merge.strategy == MergeStrategy::Json && merge.into.is_empty() {
        map.wrong_at("into", "is missing, which the strategy JSON needs");
    }
    Some(merge)
}
