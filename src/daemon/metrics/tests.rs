//! The registry, read back by a strict reader of the text format.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// What a strict reader sees: the value of every series by its name and sorted labels.
type Series = BTreeMap<(String, Vec<(String, String)>), f64>;

/// A series and its value.
type Wanted<'a> = (&'a str, &'a [(&'a str, &'a str)], f64);

/// Reads Prometheus' text format 0.0.4 and accepts nothing that is not in its description.
fn read(text: &str) -> (BTreeMap<String, String>, Series) {
    let (mut types, mut series) = (BTreeMap::new(), Series::new());
    let mut family: Option<(String, String)> = None;
    let mut helped = BTreeSet::new();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line has no end");
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty() && helped.insert(name.to_owned()), "helped twice: {name}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "typed twice: {name}");
            assert!(helped.contains(name));
            family = Some((name.to_owned(), kind.to_owned()));
        } else {
            let (name, labels, value) = sample(line);
            let (of, kind) = family.as_ref().expect("a sample before any type");
            let suffix = name.strip_prefix(of.as_str()).unwrap_or_else(|| panic!("{name} among {of}"));
            let fits =
                if kind == "histogram" { ["_bucket", "_sum", "_count"].contains(&suffix) } else { suffix.is_empty() };
            assert!(fits, "{name} is no {kind} {of}");
            assert_eq!(labels.iter().any(|(label, _)| label == "le"), suffix == "_bucket", "{line}");
            let value = if value == "+Inf" { f64::INFINITY } else { value.parse().unwrap() };
            assert!(series.insert((name, labels), value).is_none(), "twice: {line}");
        }
    }
    (types, series)
}

fn is_name(name: &str, colon: bool) -> bool {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colon && c == ':');
    !name.is_empty() && name.chars().all(valid) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn sample(line: &str) -> (String, Vec<(String, String)>, String) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("{line:?}"));
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name, true), "{line:?}");
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            assert!(is_name(label, false), "{line:?}");
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().unwrap() {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next().unwrap().1 {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        c => panic!("an escape {c:?}: {line:?}"),
                    }),
                    (_, c) => value.push(c),
                }
            };
            labels.push((label.to_owned(), value));
            let after = &after[end + 1..];
            if let Some(more) = after.strip_prefix(',') {
                rest = more;
            } else {
                rest = after.strip_prefix('}').unwrap_or_else(|| panic!("{line:?}"));
                break;
            }
        }
    }
    labels.sort();
    assert!(labels.windows(2).all(|pair| pair[0].0 != pair[1].0), "a label twice: {line:?}");
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line:?}"));
    assert!(!value.contains(' '));
    (name.to_owned(), labels, value.to_owned())
}

#[track_caller]
fn value(series: &Series, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let mut labels: Vec<_> = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    labels.sort();
    series.get(&(name.to_owned(), labels)).copied()
}

#[test]
fn everything_is_read_back() {
    let registry = Registry::new();
    let odd = "a\\b\"c\nd\u{1b}é";
    registry.count(&table::SYNC_CALLS, ["db", "shop"]);
    registry.add(&table::SYNC_CALLS, ["db", "shop"], 2.0);
    registry.add(&table::SYNC_CALLS, ["db", "shop"], -5.0);
    registry.count(&table::SYNC_ERRORS, [odd, ""]);
    registry.set_condition(&table::EXTERNAL_SECRET_CONDITION, ["db", "shop"], "Ready", true);
    registry.set_condition(&table::EXTERNAL_SECRET_CONDITION, ["db", "shop"], "Ready", false);
    registry.set(&table::EXTERNAL_SECRET_DURATION, ["db", "shop"], 12_345_678.0);
    registry.count(&table::PROVIDER_CALLS, ["HashiCorp/Vault", "ReadSecretData", "success"]);
    registry.happened(&table::LAST_SYNC, ["db", "shop"], 1_500);
    registry.happened(&table::LAST_SYNC, ["future", "shop"], 100_000);
    registry.set(&table::OVERDUE, [], f64::INFINITY);
    for seconds in [0.01, 0.011, 0.3, 100.0] {
        registry.observe(&table::SYNC_SECONDS, ["success"], seconds);
    }
    registry.started("1.2.3", 1_700_000_000.25);
    registry.set_usage(&crate::fsio::process::usage());
    let text = registry.render(4_000);
    let (types, series) = read(&text);
    let db = [("name", "db"), ("namespace", "shop")];
    let condition = |status| [("name", "db"), ("namespace", "shop"), ("condition", "Ready"), ("status", status)];
    let wanted: &[Wanted<'_>] = &[
        ("externalsecret_sync_calls_total", &db, 3.0),
        ("externalsecret_sync_calls_error", &[("name", "a\\b\"c\nd\u{fffd}é"), ("namespace", "")], 1.0),
        ("externalsecret_status_condition", &condition("True"), 0.0),
        ("externalsecret_status_condition", &condition("False"), 1.0),
        ("externalsecret_reconcile_duration", &db, 12_345_678.0),
        (
            "externalsecret_provider_api_calls_count",
            &[("provider", "HashiCorp/Vault"), ("call", "ReadSecretData"), ("status", "success")],
            1.0,
        ),
        ("sealant_last_sync_age_seconds", &db, 2.5),
        ("sealant_last_sync_age_seconds", &[("name", "future"), ("namespace", "shop")], 0.0),
        ("sealant_oldest_overdue_seconds", &[], f64::INFINITY),
        ("sealant_sync_duration_seconds_bucket", &[("outcome", "success"), ("le", "0.01")], 1.0),
        ("sealant_sync_duration_seconds_bucket", &[("outcome", "success"), ("le", "0.025")], 2.0),
        ("sealant_sync_duration_seconds_bucket", &[("outcome", "success"), ("le", "30")], 3.0),
        ("sealant_sync_duration_seconds_bucket", &[("outcome", "success"), ("le", "+Inf")], 4.0),
        ("sealant_sync_duration_seconds_count", &[("outcome", "success")], 4.0),
        ("sealant_sync_duration_seconds_sum", &[("outcome", "success")], 0.01 + 0.011 + 0.3 + 100.0),
        ("sealant_build_info", &[("version", "1.2.3")], 1.0),
        ("process_start_time_seconds", &[], 1_700_000_000.25),
        ("sealant_metrics_dropped_total", &[], 0.0),
    ];
    for (name, labels, wanted) in wanted {
        assert_eq!(value(&series, name, labels), Some(*wanted), "{name} {labels:?}\n{text}");
    }
    assert_eq!(types["externalsecret_sync_calls_total"], "counter");
    assert_eq!(types["sealant_last_sync_age_seconds"], "gauge");
    assert!(!types.contains_key("pushsecret_status_condition"), "nothing was counted in it");
}

#[test]
fn the_table_is_sound() {
    let names: BTreeSet<&str> = table::ALL.iter().map(|about| about.name).collect();
    assert_eq!(names.len(), table::ALL.len());
    for about in table::ALL {
        assert!(is_name(about.name, false) && about.labels.iter().all(|label| is_name(label, false)));
        assert!(about.labels.len() <= Key::default().len(), "{}", about.name);
        assert!(!about.help.is_empty() && !about.help.contains(['\n', '|']));
        assert_eq!(about.kind == Kind::Histogram, !about.bounds.is_empty());
        assert!(about.bounds.is_sorted());
    }
    let groups: [&[&About]; 5] = [
        &table::OF_EXTERNAL_SECRET,
        &table::OF_SECRET_STORE,
        &table::OF_CLUSTER_SECRET_STORE,
        &table::OF_PUSH_SECRET,
        &table::OF_STORE,
    ];
    assert!(groups.concat().iter().all(|about| about.labels.starts_with(&table::OBJECT)));
}

#[test]
fn what_is_gone_is_gone() {
    let registry = Registry::new();
    let empty = registry.render(0);
    for name in ["a", "b", "shop"] {
        registry.count(&table::SYNC_CALLS, [name, "shop"]);
        registry.set_condition(&table::EXTERNAL_SECRET_CONDITION, [name, "shop"], "Ready", true);
        registry.set_condition(&table::SECRET_STORE_CONDITION, [name, "shop"], "Ready", true);
    }
    registry.forget(&table::OF_EXTERNAL_SECRET, &["a", "shop"]);
    registry.forget(&table::OF_EXTERNAL_SECRET, &["nobody", "shop"]);
    let (_, series) = read(&registry.render(0));
    let of_a =
        |name: &str| series.keys().filter(|(of, labels)| of == name && labels.iter().any(|(_, v)| v == "a")).count();
    assert_eq!((of_a("externalsecret_sync_calls_total"), of_a("externalsecret_status_condition")), (0, 0));
    assert_eq!(of_a("secretstore_status_condition"), 2);
    assert_eq!(value(&series, "externalsecret_sync_calls_total", &[("name", "b"), ("namespace", "shop")]), Some(1.0));
    for name in ["a", "b", "shop"] {
        registry.forget(&table::OF_EXTERNAL_SECRET, &[name, "shop"]);
        registry.forget(&table::OF_SECRET_STORE, &[name, "shop"]);
    }
    assert_eq!((registry.render(0), registry.lock().symbols.len()), (empty, 0));
    // numbers of old names are used again, for other names
    for n in 0..1_000 {
        registry.count(&table::SYNC_CALLS, [&format!("x{n}"), "shop"]);
        registry.forget(&table::OF_EXTERNAL_SECRET, &[&format!("x{n}"), "shop"]);
    }
    registry.count(&table::SYNC_CALLS, ["new", "names"]);
    assert!(registry.render(0).contains("{name=\"new\",namespace=\"names\"} 1\n"));
    assert_eq!(registry.lock().symbols.len(), 2);
}

#[test]
fn families_and_labels_are_bounded() {
    let registry = Registry::new();
    for n in 0..MAX_SERIES + 7 {
        registry.count(&table::PROVIDER_CALLS, ["p", &n.to_string(), "success"]);
    }
    registry.count(&table::PROVIDER_CALLS, ["p", "0", "success"]);
    let long = "é".repeat(10_000);
    registry.count(&table::SYNC_CALLS, [&long, "shop"]);
    registry.count(&table::SYNC_CALLS, [&long, "shop"]);
    let text = registry.render(0);
    let (_, series) = read(&text);
    let of = |name: &str| series.keys().filter(|(of, _)| of == name).count();
    assert_eq!(of("externalsecret_provider_api_calls_count"), MAX_SERIES);
    assert_eq!(value(&series, "sealant_metrics_dropped_total", &[]), Some(7.0));
    let labels = [("provider", "p"), ("call", "0"), ("status", "success")];
    assert_eq!(value(&series, "externalsecret_provider_api_calls_count", &labels), Some(2.0));
    assert!(text.lines().all(|line| line.len() < 1_000));
    assert_eq!(of("externalsecret_sync_calls_total"), 1);
}

fn fill(registry: &Registry, objects: u32) {
    for n in 0..objects {
        let name = format!("a-rather-long-name-of-an-external-secret-{n}");
        let object = [name.as_str(), "a-namespace"];
        registry.count(&table::SYNC_CALLS, object);
        registry.count(&table::SYNC_ERRORS, object);
        registry.set(&table::EXTERNAL_SECRET_DURATION, object, 1.0);
        registry.happened(&table::LAST_SYNC, object, 1);
        registry.set_condition(&table::EXTERNAL_SECRET_CONDITION, object, "Ready", true);
    }
}

#[cfg(target_os = "linux")]
mod memory {
    use super::*;

    const CHILD: &str = "SEALANT_TEST_METRICS_MEMORY";

    /// Memory that holds no file, in bytes.
    fn anonymous() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1_024
    }

    /// Measures in a process of its own, where nobody else allocates; nothing in an ordinary run.
    #[test]
    fn measures() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        // what the first use of anything costs is not the registry's
        fill(&Registry::new(), 10);
        let before = anonymous();
        let registry = Registry::new();
        fill(&registry, 10_000);
        eprintln!("\n{}", anonymous() - before);
        assert_eq!(read(&registry.render(0)).1.len(), 60_001);
    }

    #[test]
    fn ten_thousand_objects_are_small() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "daemon::metrics::tests::memory::measures"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stderr).unwrap();
        let used: u64 = text.lines().find_map(|line| line.parse().ok()).unwrap();
        assert!(used <= 10 * 1_024 * 1_024, "{used} bytes");
        assert!(used > 1_024 * 1_024, "{used} bytes: not measured at all");
    }
}
