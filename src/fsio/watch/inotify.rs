//! A folder that the kernel of Linux tells about.
//!
//! Every folder of the tree has a watch of its own. So have the folders that hold the landmarks on the way to it: every link
//! that is followed (`current` of `current/manifests`, which git-sync swaps), and the last name that is there, so that a folder
//! that comes and goes is noticed. When a landmark changes, or the kernel has lost count, everything is set up anew.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::{Errno, read, write};

use super::poll::Poll;
use super::{Changes, MAX_DEPTH};

/// More folders are not watched one by one.
const MAX_FOLDERS: usize = 8_192;
/// More links to the folder are a circle.
const MAX_LINKS: usize = 32;
/// How often it is asked whether the folder is still the one that is watched: nobody tells of a renamed grandparent.
const RECHECK: Duration = Duration::from_secs(30);
/// Where changes are made by other machines, or by the host of this one, of which the kernel does not tell: NFS, SMB, CIFS,
/// FUSE, 9p, Ceph, AFS.
const REMOTE: [u64; 8] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997, 0x00c3_6400, 0x6b41_4653];

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With a change, or with the time.
    Waited,
    /// Somebody has woken us.
    Woken,
    /// The kernel has no room for our watches.
    NoRoom,
}

#[derive(Debug)]
pub(super) struct Inotify {
    queue: OwnedFd,
    event: Arc<OwnedFd>,
    watched: HashMap<i32, Watched>,
    /// Which folder the tree was, when it was set up.
    identity: Option<(u64, u64)>,
    checked: Instant,
    /// In use once the kernel had no room.
    instead: Option<(Poll, Duration)>,
}

#[derive(Debug, Default)]
struct Watched {
    path: PathBuf,
    /// Whether it belongs to the tree.
    tree: bool,
    landmarks: BTreeSet<OsString>,
}

/// Wakes whoever waits.
pub(super) fn ring(event: &OwnedFd) {
    // a counter that is full has woken already
    _ = write(event, &1_u64.to_ne_bytes());
}

impl Inotify {
    /// `None` when the kernel will not do.
    pub(super) fn new(root: &Path) -> Option<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok()?;
        let mut new = Self {
            queue: queue().ok()?,
            event: Arc::new(event),
            watched: HashMap::new(),
            identity: None,
            checked: Instant::now(),
            instead: None,
        };
        (!is_remote(root) && new.watch_all(root).is_ok()).then_some(new)
    }

    pub(super) fn waker(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.event)
    }

    /// From now on the folder is looked at.
    pub(super) fn look_instead(&mut self, root: &Path, every: Duration) {
        self.watched.clear();
        if let Ok(empty) = queue() {
            self.queue = empty;
        }
        self.instead = Some((Poll::new(root, every, Arc::default()), every));
    }

    /// Waits for changes until `end`.
    pub(super) fn collect(&mut self, root: &Path, end: Option<Instant>, changes: &mut Changes) -> Outcome {
        loop {
            let most = self.instead.as_ref().map_or(RECHECK, |(_, every)| *every);
            let left = end.map_or(most, |end| end.saturating_duration_since(Instant::now()));
            let woken = self.sleep(left.min(most));
            if let Some((looking, _)) = &mut self.instead {
                looking.compare(root, changes);
            } else if self.read_events(root, changes).is_err() {
                return Outcome::NoRoom;
            }
            if woken {
                return Outcome::Woken;
            }
            if !changes.is_empty() || end.is_some_and(|end| end <= Instant::now()) {
                return Outcome::Waited;
            }
        }
    }

    /// Sleeps until the kernel has something to tell, or for `time`. Whether somebody has woken us.
    fn sleep(&self, time: Duration) -> bool {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let time = Timespec { tv_sec: seconds, tv_nsec: time.subsec_nanos().into() };
        let mut waiting = [PollFd::new(&self.queue, PollFlags::IN), PollFd::new(&*self.event, PollFlags::IN)];
        // a signal that cuts this short is no harm: the caller looks and comes back
        _ = poll(&mut waiting, Some(&time));
        !waiting[1].revents().is_empty() && read(&*self.event, &mut [0_u8; 8]).is_ok()
    }

    /// Takes everything that the kernel tells, and sets up what is new.
    fn read_events(&mut self, root: &Path, changes: &mut Changes) -> Result<(), Errno> {
        let mut anew = false;
        let mut buffer = [MaybeUninit::uninit(); 8_192];
        let mut events: Vec<(i32, ReadFlags, Option<OsString>)> = Vec::new();
        loop {
            {
                let mut reader = Reader::new(self.queue.as_fd(), &mut buffer);
                loop {
                    match reader.next() {
                        Ok(event) => {
                            let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()).to_owned());
                            events.push((event.wd(), event.events(), name));
                        }
                        Err(Errno::INTR) => continue,
                        Err(_) => break,
                    }
                    if reader.is_buffer_empty() {
                        break;
                    }
                }
            }
            if events.is_empty() {
                break;
            }
            for (watch, flags, name) in events.drain(..) {
                anew |= self.on_event(watch, flags, name.as_deref(), changes)?;
            }
        }
        let recheck = self.checked.elapsed() >= RECHECK;
        if recheck {
            self.checked = Instant::now();
        }
        if anew || (recheck && identity(root) != self.identity) {
            changes.everything = true;
            // an empty queue with empty tables: what was told of the old tree does not matter any more
            self.queue = queue()?;
            self.watched.clear();
            self.watch_all(root)?;
        }
        Ok(())
    }

    /// One event. Whether everything is to be set up anew.
    fn on_event(
        &mut self,
        watch: i32,
        flags: ReadFlags,
        name: Option<&OsStr>,
        changes: &mut Changes,
    ) -> Result<bool, Errno> {
        if flags.intersects(ReadFlags::QUEUE_OVERFLOW | ReadFlags::UNMOUNT) {
            return Ok(true);
        }
        if flags.contains(ReadFlags::IGNORED) {
            self.watched.remove(&watch);
            return Ok(false);
        }
        let Some(watched) = self.watched.get(&watch) else {
            return Ok(false);
        };
        let Some(name) = name else {
            // the parent tells of a folder of the tree; the folder of a landmark has no other voice
            let gone = flags.intersects(ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF);
            return Ok(gone && !watched.landmarks.is_empty());
        };
        if watched.landmarks.contains(name) {
            return Ok(true);
        }
        if !watched.tree || name == ".git" {
            return Ok(false);
        }
        let path = watched.path.join(name);
        if flags.contains(ReadFlags::ISDIR) {
            if flags.intersects(ReadFlags::DELETE | ReadFlags::MOVED_FROM) {
                self.forget(&path);
            } else {
                self.watch_tree(&path)?;
            }
            changes.everything = true;
        } else if path.is_symlink() {
            // what the link leads to is another now; so a mounted ConfigMap is swapped
            changes.everything = true;
        }
        changes.add(path);
        Ok(false)
    }

    /// Watches the tree and the landmarks on the way to it.
    fn watch_all(&mut self, root: &Path) -> Result<(), Errno> {
        // asked before: what changes while we set up is found by the next check
        self.identity = identity(root);
        let (landmarks, real) = landmarks(root);
        for (folder, name) in landmarks {
            match self.watch(&folder) {
                Ok(watched) => _ = watched.landmarks.insert(name),
                Err(error) if is_gone(error) => {}
                Err(error) => return Err(error),
            }
        }
        // paths are told below the name that we were given, whatever links lead there
        real.map_or(Ok(()), |_| self.watch_tree(root))
    }

    /// Watches a folder and those below it, as far as they are there.
    fn watch_tree(&mut self, top: &Path) -> Result<(), Errno> {
        let mut folders = vec![(top.to_owned(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            match self.watch(&folder) {
                Ok(watched) => (watched.tree, watched.path) = (true, folder.clone()),
                Err(error) if is_gone(error) => continue,
                Err(error) => return Err(error),
            }
            // after the watch: what comes later is told
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if is_folder && depth < MAX_DEPTH && entry.file_name() != ".git" {
                    folders.push((entry.path(), depth + 1));
                }
            }
        }
        Ok(())
    }

    fn watch(&mut self, folder: &Path) -> Result<&mut Watched, Errno> {
        if self.watched.len() >= MAX_FOLDERS {
            return Err(Errno::NOSPC);
        }
        let flags = WatchFlags::CREATE | WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB | WatchFlags::DELETE;
        let flags = flags | WatchFlags::MOVE | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        let flags = flags | WatchFlags::ONLYDIR | WatchFlags::EXCL_UNLINK;
        let watch = inotify::add_watch(&self.queue, folder, flags)?;
        Ok(self.watched.entry(watch).or_default())
    }

    /// A folder has left the tree, and all below it.
    fn forget(&mut self, folder: &Path) {
        let gone = |watched: &Watched| watched.tree && watched.path.starts_with(folder);
        let watches: Vec<i32> = self.watched.iter().filter(|(_, at)| gone(at)).map(|(watch, _)| *watch).collect();
        for watch in watches {
            self.watched.remove(&watch);
            // the kernel may have done it already
            _ = inotify::remove_watch(&self.queue, watch);
        }
    }
}

fn queue() -> Result<OwnedFd, Errno> {
    inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
}

/// Errors that mean that there is no such folder for us; others mean that there is no room.
fn is_gone(error: Errno) -> bool {
    matches!(error, Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::LOOP | Errno::NAMETOOLONG)
}

fn identity(root: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(root).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

fn is_remote(root: &Path) -> bool {
    let there = root.ancestors().find_map(|path| rustix::fs::statfs(path).ok());
    // the type is signed or not and long or short, depending on the machine
    there.is_some_and(|facts| REMOTE.contains(&((facts.f_type as u64) & 0xffff_ffff)))
}

/// Every link on the way to `root`, and the last name that is there or missing, each with the true name of its folder; and the
/// true name of `root` when it is there.
fn landmarks(root: &Path) -> (Vec<(PathBuf, OsString)>, Option<PathBuf>) {
    let mut found = Vec::new();
    let mut at = PathBuf::from("/");
    let mut rest: VecDeque<OsString> = names(root);
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&name);
        let Ok(metadata) = next.symlink_metadata() else {
            found.push((at, name));
            return (found, None);
        };
        if metadata.is_symlink() {
            links += 1;
            found.push((at.clone(), name));
            let Ok(target) = std::fs::read_link(&next) else {
                return (found, None);
            };
            if links > MAX_LINKS {
                return (found, None);
            }
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            let mut names = names(&target);
            names.append(&mut rest);
            rest = names;
            continue;
        }
        if rest.is_empty() {
            found.push((at, name));
        }
        at = next;
    }
    (found, Some(at))
}

fn names(path: &Path) -> VecDeque<OsString> {
    let name = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().filter_map(name).collect()
}
