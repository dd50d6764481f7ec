//! `sealant daemon`: a folder of ExternalSecrets, and the Secrets that they make, kept current.

mod keeper;
mod numbers;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::session::Session;
use super::syncing::input::LoginArgs;
use super::syncing::output::OutputArgs;
use crate::daemon::http::{Reply, Route, Server};
use crate::daemon::log::{Format as LogFormat, Level, Log};
use crate::daemon::metrics::{CONTENT_TYPE, Registry};
use crate::daemon::stop::Stop;
use crate::failure::{Failure, Kind};
use crate::fsio::{clock, folder, process};
use keeper::Keeper;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The folder with the manifests
    #[arg(long, value_name = "PATH")]
    dir: PathBuf,
    /// More manifests that these refer to, stores for instance; may be repeated
    #[arg(long, value_name = "PATH")]
    with: Vec<PathBuf>,
    /// The namespace of objects that say none
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
    #[command(flatten)]
    login: LoginArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Where /healthz, /readyz and /metrics are served; `none` for nowhere
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8082")]
    listen: String,
    /// Delete the file of a Secret whose ExternalSecret is gone
    #[arg(long)]
    prune: bool,
    /// error, warn, info or debug
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: String,
    /// json or text; if not said, text on a terminal
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

const EXAMPLES: &str = "\
Each ExternalSecret is fetched again after its refreshInterval, give or take a tenth; all of them spread over it. A store that is
down changes nothing: what was written last stays, and is tried again after ever longer pauses. A change in the folder is seen at
once. SIGHUP reads everything anew, SIGTERM ends when what is being written is written.

Examples:
  sealant daemon --dir app/ --output-dir /run/secrets --as-me
  sealant daemon --dir app/ --output-dir rendered/ --encrypt --listen 0.0.0.0:8082";

/// Runs it, until a signal ends it.
///
/// # Errors
/// The folder is not there, the address is taken, a certificate does not do.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    if args.output.output_dir.is_none() {
        return Err(Failure::new(Kind::Generic, "a daemon writes files: say where with --output-dir DIR"));
    }
    let of = |path: &Path| folder::real(&folder::absolute(session.cwd(), path));
    let is_inside = |path: &Path, above: &Path| {
        folder::absolute(session.cwd(), path).starts_with(folder::absolute(session.cwd(), above))
            || of(path).starts_with(of(above))
    };
    let mut watched = std::iter::once(&args.dir).chain(args.with.iter().filter(|path| folder::is_folder(path)));
    if let Some(out) = &args.output.output_dir
        && watched.any(|above| is_inside(out, above))
    {
        let text = "the Secrets would be written to the folder that is watched, and be taken for manifests";
        return Err(Failure::new(Kind::ConflictingOptions, text)
            .hint("let --output-dir be beside --dir and --with, not in them"));
    }
    if !folder::is_folder(&args.dir) {
        return Err(Failure::new(Kind::NoFile, format!("there is no folder {}", args.dir.display())));
    }
    let log = Arc::new(Log::to_stderr(level(args)?, format(args)?));
    let stop = Stop::new();
    stop.listen_to_signals().map_err(|error| Failure::of(Kind::Generic, &error))?;
    let registry = Arc::new(Registry::new());
    registry.started(env!("CARGO_PKG_VERSION"), clock::timestamp().as_millisecond() as f64 / 1000.0);
    let ready = Arc::new(AtomicBool::new(false));
    let server = serve(args, &stop, &registry, &ready)?;
    if let Some(server) = &server {
        log.info("listening", &[("address", server.address().to_string().as_str().into())]);
    }
    let watching = watch::start(session, &args.dir, &args.with, &stop)?;
    let through = log.clone();
    let session = session.warning_through(move |line| through.warn("warning", &[("text", line.into())]));
    Keeper::new(args, &session, log.clone(), registry, ready).run(&stop, &watching);
    stop.set();
    watching.end();
    if let Some(server) = server {
        server.join();
    }
    log.flush();
    log.info("ended", &[]);
    Ok(())
}

fn level(args: &Args) -> Result<Level, Failure> {
    let unknown = || Failure::new(Kind::Generic, format!("--log-level: there is no level {}", args.log_level));
    Level::named(&args.log_level).ok_or_else(|| unknown().hint("error, warn, info or debug"))
}

fn format(args: &Args) -> Result<LogFormat, Failure> {
    match args.log_format.as_deref() {
        None => Ok(LogFormat::for_stderr()),
        Some("json") => Ok(LogFormat::Json),
        Some("text") => Ok(LogFormat::Text),
        Some(other) => {
            Err(Failure::new(Kind::Generic, format!("--log-format: there is no format {other}")).hint("json or text"))
        }
    }
}

fn serve(
    args: &Args,
    stop: &Stop,
    registry: &Arc<Registry>,
    ready: &Arc<AtomicBool>,
) -> Result<Option<Server>, Failure> {
    if args.listen == "none" {
        return Ok(None);
    }
    let (registry, ready, ended) = (registry.clone(), ready.clone(), stop.clone());
    let routes = vec![
        Route::new("/healthz", || Reply::text(200, "ok")),
        Route::new("/readyz", move || match ready.load(Ordering::Relaxed) && !ended.is_set() {
            true => Reply::text(200, "ok"),
            false => Reply::text(503, "the first round is not over"),
        }),
        Route::new("/metrics", move || {
            registry.set_usage(&process::usage());
            let body = registry.render(u64::try_from(clock::timestamp().as_millisecond()).unwrap_or_default());
            Reply { status: 200, content_type: CONTENT_TYPE, body }
        }),
    ];
    let started = Server::start(&args.listen, routes, stop);
    started.map(Some).map_err(|error| {
        Failure::of(Kind::Generic, &error)
            .about(format!("--listen {}", args.listen))
            .hint("say another address, or none")
    })
}
