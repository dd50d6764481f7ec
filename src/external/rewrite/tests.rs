//! Rewrites against Go's answers, and the policies of merging.

use super::{
    ConflictPolicy, Merge, MergeStrategy, PriorityPolicy, Rewrite, RewriteError, SecretBytes, Timestamp, Values,
    rewrite,
};
use crate::external::golden::{cases, text};

fn values(all: &[(&str, &str)]) -> Values {
    all.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::new(value.as_bytes().to_vec()))).collect()
}

fn shown(values: &Values) -> Vec<(&str, &str)> {
    values.iter().map(|(key, value)| (key.as_str(), std::str::from_utf8(value.expose()).unwrap())).collect()
}

fn regexp(source: &str, target: &str) -> Rewrite {
    Rewrite::Regexp { source: source.to_owned(), target: target.to_owned() }
}

fn run(rewrites: &[Rewrite], all: &[(&str, &str)]) -> Result<Values, (usize, RewriteError)> {
    rewrite(rewrites, values(all), Timestamp::UNIX_EPOCH)
}

#[test]
fn patterns_replace_as_in_go() {
    for case in cases("regexp_rewrite") {
        let made = run(&[regexp(text(&case, "source"), text(&case, "target"))], &[(text(&case, "key"), "v")]);
        match case.get("out") {
            Some(out) => assert_eq!(shown(&made.unwrap()), [(out.as_str().unwrap(), "v")], "{case}"),
            None => assert!(matches!(made, Err((0, RewriteError::Regex(_)))), "{case}"),
        }
    }
    for (target, wanted) in [
        ("$", "$"),
        ("${", "${"),
        ("${1", "${1"),
        ("${}x", "${}x"),
        ("$-", "$-"),
        ("$01", ""),
        ("$9", ""),
        ("a$$1", "a$1"),
        ("$1x", ""),
        ("${1}x", "xx"),
        ("${01}", ""),
    ] {
        assert_eq!(shown(&run(&[regexp("k(.)", target)], &[("kx", "v")]).unwrap()), [(wanted, "v")], "{target}");
    }
}

#[test]
fn empty_matches_are_between_characters() {
    assert_eq!(shown(&run(&[regexp("x*", "-")], &[("é", "v")]).unwrap()), [("-é-", "v")]);
    assert_eq!(shown(&run(&[regexp(".", "<$0>")], &[("é", "v")]).unwrap()), [("<é>", "v")]);
}

#[test]
fn one_rewrite_follows_the_other_and_the_last_key_wins() {
    let made = run(&[regexp("^db-", ""), regexp("-", "_")], &[("db-user-name", "u"), ("db-pass", "p")]).unwrap();
    assert_eq!(shown(&made), [("pass", "p"), ("user_name", "u")]);
    let made = run(&[regexp("[0-9]", "")], &[("k1", "a"), ("k9", "c"), ("k5", "b")]).unwrap();
    assert_eq!(shown(&made), [("k", "c")]);
    assert_eq!(run(&[regexp("a", "b"), regexp("(", "")], &[("a", "v")]).unwrap_err().0, 1);
}

#[test]
fn templates() {
    let transform = |text: &str| Rewrite::Transform { template: text.to_owned() };
    let made = run(&[transform("{{ .value | upper }}_{{ .missing }}")], &[("a", "v")]).unwrap();
    assert_eq!(shown(&made), [("A_<no value>", "v")]);
    assert!(matches!(run(&[transform("{{")], &[("a", "v")]), Err((0, RewriteError::Template(_)))));
}

fn merging(change: impl FnOnce(&mut Merge)) -> Rewrite {
    let mut merge = Merge::default();
    change(&mut merge);
    Rewrite::Merge(merge)
}

const OBJECTS: &[(&str, &str)] =
    &[("b", r#"{"x":"b","y":1e21}"#), ("a", r#"{"x":"a","z":{"h":"<"}}"#), ("c", r#"{"w":null}"#)];

#[test]
fn merging_policies() {
    let conflict = run(&[merging(|_| ())], OBJECTS).unwrap_err();
    assert_eq!(conflict, (0, RewriteError::Conflict(vec!["x".to_owned()])));
    let ignore = |merge: &mut Merge| merge.conflict_policy = ConflictPolicy::Ignore;
    let made = run(&[merging(ignore)], OBJECTS).unwrap();
    let huge = "1000000000000000000000";
    assert_eq!(shown(&made), [("w", ""), ("x", "b"), ("y", huge), ("z", r#"{"h":"\u003c"}"#)]);
    let prefer = |merge: &mut Merge| {
        ignore(merge);
        merge.priority = vec!["b".to_owned(), "a".to_owned()];
    };
    assert_eq!(shown(&run(&[merging(prefer)], OBJECTS).unwrap())[1], ("x", "a"));
    let missing = |merge: &mut Merge| {
        prefer(merge);
        merge.priority.push("none".to_owned());
    };
    let error = run(&[merging(missing)], OBJECTS).unwrap_err();
    assert_eq!(error.1, RewriteError::NoPriority("none".to_owned()));
    let lenient = merging(|merge| {
        missing(merge);
        merge.priority_policy = PriorityPolicy::IgnoreNotFound;
    });
    assert_eq!(shown(&run(&[lenient], OBJECTS).unwrap())[1], ("x", "a"));
}

#[test]
fn merging_into_a_key() {
    let json = |into: &str| {
        merging(|merge| {
            merge.conflict_policy = ConflictPolicy::Ignore;
            merge.strategy = MergeStrategy::Json;
            merge.into = into.to_owned();
        })
    };
    let made = run(&[json("all")], OBJECTS).unwrap();
    assert_eq!(made.len(), 4);
    assert_eq!(made["all"].expose(), br#"{"w":null,"x":"b","y":1e+21,"z":{"h":"<"}}"#);
    assert_eq!(run(&[json("")], OBJECTS).unwrap_err().1, RewriteError::NoInto);
    assert_eq!(run(&[json("a")], OBJECTS).unwrap().len(), 3);
    for value in ["hunter2", "[]", "\"hunter2\"", "{\"a\":hunter2}"] {
        let error = run(&[json("all")], &[("key", value)]).unwrap_err().1;
        assert!(matches!(&error, RewriteError::Value { key, .. } if key == "key"));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
