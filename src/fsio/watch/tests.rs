//! What a watcher tells, on real folders; by the kernel and by looking.

use std::fs;

use super::*;

/// No test waits so long unless it fails.
const LONG: Duration = Duration::from_secs(60);

/// One of each kind, watching `path`.
fn watchers(path: &Path) -> Vec<Watcher> {
    let kernel = Watcher::new(path).unwrap();
    // on Linux the kernel is asked wherever tests run
    assert_eq!(kernel.is_polling(), !cfg!(target_os = "linux"));
    let looking = Watcher::polling(path, Duration::from_millis(20)).unwrap();
    assert!(looking.is_polling());
    vec![kernel, looking]
}

/// Waits until `wanted` was told of, and returns all that was told until then.
#[track_caller]
fn told(watcher: &mut Watcher, wanted: impl Fn(&Changes) -> bool) -> Changes {
    let mut all = Changes::default();
    let end = Instant::now() + LONG;
    while !wanted(&all) {
        assert!(Instant::now() < end, "not told: {all:?}, polling: {}", watcher.is_polling());
        let more = watcher.wait(LONG);
        all.everything |= more.everything;
        all.paths.extend(more.paths);
    }
    all
}

/// Does `change` and sees to it that every watcher tells of `path`.
#[track_caller]
fn tells(watchers: &mut [Watcher], path: &Path, change: impl FnOnce()) -> Vec<Changes> {
    change();
    watchers.iter_mut().map(|watcher| told(watcher, |changes| changes.paths.contains(path))).collect()
}

#[test]
fn files_that_come_change_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.yaml");
    fs::write(dir.path().join("old.yaml"), "x").unwrap();
    let mut watchers = watchers(dir.path());
    assert!(watchers.iter_mut().all(|watcher| watcher.wait(Duration::ZERO).is_empty()));
    for text in ["one", "three"] {
        let changes = tells(&mut watchers, &path, || fs::write(&path, text).unwrap());
        assert!(changes.iter().all(|changes| !changes.paths.contains(&dir.path().join("old.yaml"))));
        assert!(changes.iter().all(|changes| !changes.everything), "{changes:?}");
    }
    // as editors do it
    tells(&mut watchers, &path, || {
        fs::write(dir.path().join(".a.swp"), "four!").unwrap();
        fs::rename(dir.path().join(".a.swp"), &path).unwrap();
    });
    tells(&mut watchers, &path, || fs::remove_file(&path).unwrap());
    assert!(watchers.iter_mut().all(|watcher| watcher.wait(Duration::ZERO).is_empty()));
}

#[test]
fn folders_that_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let (deep, moved) = (dir.path().join("a/b/c"), dir.path().join("moved"));
    let mut watchers = watchers(dir.path());
    let changes = tells(&mut watchers, &dir.path().join("a"), || {
        fs::create_dir_all(&deep).unwrap();
        // perhaps before anybody watches the folder
        fs::write(deep.join("x"), "").unwrap();
    });
    assert!(changes.iter().all(|changes| changes.everything));
    tells(&mut watchers, &deep.join("y"), || fs::write(deep.join("y"), "").unwrap());
    let changes = tells(&mut watchers, &moved, || fs::rename(dir.path().join("a"), &moved).unwrap());
    assert!(changes.iter().all(|changes| changes.everything));
    tells(&mut watchers, &moved.join("b/c/z"), || fs::write(moved.join("b/c/z"), "").unwrap());
    // out of the tree, where it is nobody's business
    let outside = tempfile::tempdir().unwrap();
    tells(&mut watchers, &moved, || fs::rename(&moved, outside.path().join("m")).unwrap());
    fs::write(outside.path().join("m/b/c/late"), "").unwrap();
    let changes = tells(&mut watchers, &dir.path().join("end"), || fs::write(dir.path().join("end"), "").unwrap());
    assert!(changes.iter().all(|changes| !changes.paths.iter().any(|path| path.ends_with("late"))));
}

#[test]
fn git_is_nobodys_business() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    let mut watchers = watchers(dir.path());
    let changes = tells(&mut watchers, &dir.path().join("a"), || {
        fs::write(dir.path().join(".git/index"), "").unwrap();
        fs::write(dir.path().join("a"), "").unwrap();
    });
    assert!(changes.iter().all(|changes| changes.paths.len() == 1), "{changes:?}");
}

#[test]
fn the_folder_itself_comes_and_goes() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("not/yet");
    for mut watcher in watchers(&root) {
        fs::create_dir_all(&root).unwrap();
        told(&mut watcher, |changes| changes.everything);
        fs::write(root.join("a"), "").unwrap();
        told(&mut watcher, |changes| changes.paths.contains(&root.join("a")));
        fs::remove_dir_all(dir.path().join("not")).unwrap();
        told(&mut watcher, |changes| changes.everything);
        fs::create_dir_all(&root).unwrap();
        told(&mut watcher, |changes| changes.everything);
        fs::write(root.join("b"), "").unwrap();
        told(&mut watcher, |changes| changes.paths.contains(&root.join("b")));
        fs::remove_dir_all(dir.path().join("not")).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_mounted_config_map_is_swapped() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let version = |name: &str, text: &str| {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join("a.yaml"), text).unwrap();
    };
    // as the kubelet's atomic writer does it
    version("..2026_1", "one");
    symlink("..2026_1", at("..data")).unwrap();
    symlink("..data/a.yaml", at("a.yaml")).unwrap();
    let mut watchers = watchers(dir.path());
    for (new, old) in [("..2026_2", "..2026_1"), ("..2026_3", "..2026_2")] {
        let changes = tells(&mut watchers, &at("..data"), || {
            version(new, new);
            symlink(new, at("..data_tmp")).unwrap();
            fs::rename(at("..data_tmp"), at("..data")).unwrap();
            fs::remove_dir_all(at(old)).unwrap();
        });
        assert!(changes.iter().all(|changes| changes.everything));
        assert_eq!(fs::read_to_string(at("a.yaml")).unwrap(), new);
    }
}

#[cfg(unix)]
#[test]
fn a_link_on_the_way_is_swapped() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for version in ["v1", "v2"] {
        fs::create_dir_all(at(version).join("manifests")).unwrap();
    }
    symlink("v1", at("current")).unwrap();
    let root = at("current/manifests");
    let mut watchers = watchers(&root);
    tells(&mut watchers, &root.join("a"), || fs::write(at("v1/manifests/a"), "").unwrap());
    symlink("v2", at("next")).unwrap();
    fs::rename(at("next"), at("current")).unwrap();
    for watcher in &mut watchers {
        told(watcher, |changes| changes.everything);
    }
    tells(&mut watchers, &root.join("b"), || fs::write(at("v2/manifests/b"), "").unwrap());
}

#[test]
fn too_many_changes_are_not_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut watchers = watchers(dir.path());
    for n in 0..=MAX_PATHS {
        fs::write(dir.path().join(n.to_string()), "").unwrap();
    }
    for watcher in &mut watchers {
        let changes = watcher.wait(LONG);
        let changes = if changes.everything { changes } else { told(watcher, |changes| changes.everything) };
        assert!(changes.paths.len() <= MAX_PATHS);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn more_than_the_kernel_remembers() {
    let dir = tempfile::tempdir().unwrap();
    let mut watcher = Watcher::new(dir.path()).unwrap();
    let limit: usize = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    fs::write(&a, "").unwrap();
    // equal events that follow each other are one: renames are not equal
    for _ in 0..=limit / 4 {
        fs::rename(&a, &b).unwrap();
        fs::rename(&b, &a).unwrap();
    }
    told(&mut watcher, |changes| changes.everything);
    fs::create_dir(dir.path().join("later")).unwrap();
    told(&mut watcher, |changes| changes.paths.contains(&dir.path().join("later")));
}

/// When the kernel has no room later on, the folder is looked at, and the wakers still wake.
#[cfg(target_os = "linux")]
#[test]
fn no_room_in_the_kernel() {
    let dir = tempfile::tempdir().unwrap();
    let mut watcher = Watcher::new(dir.path()).unwrap();
    let waker = watcher.waker();
    let Source::Kernel(kernel) = &mut watcher.source else { panic!("polling") };
    kernel.look_instead(&watcher.root, Duration::from_millis(20));
    fs::write(dir.path().join("a"), "").unwrap();
    told(&mut watcher, |changes| changes.paths.contains(&dir.path().join("a")));
    waker.wake();
    assert!(watcher.wait(LONG).is_empty());
}

#[test]
fn wakers_wake_and_time_runs_out() {
    let dir = tempfile::tempdir().unwrap();
    for mut watcher in watchers(dir.path()) {
        assert!(watcher.wait(Duration::from_millis(1)).is_empty());
        let waker = watcher.waker();
        // before the wait, and during it
        waker.wake();
        assert!(watcher.wait(LONG).is_empty());
        let thread = std::thread::spawn(move || waker.wake());
        assert!(watcher.wait(LONG).is_empty());
        thread.join().unwrap();
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_circles() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("a");
    symlink("b", &root).unwrap();
    symlink("a", dir.path().join("b")).unwrap();
    for mut watcher in watchers(&root) {
        assert!(watcher.wait(Duration::from_millis(1)).is_empty());
    }
    let mut watchers = watchers(&root);
    fs::remove_file(&root).unwrap();
    fs::create_dir(&root).unwrap();
    for watcher in &mut watchers {
        told(watcher, |changes| changes.everything);
    }
}
