//! `sealant sync`: ExternalSecrets to Secrets of a cluster, by server-side apply.

mod apply;
mod prune;
mod report;

use std::time::Duration;

use super::parallel;
use super::session::Session;
use super::syncing::input::{self, InputArgs, LoginArgs};
use super::syncing::lines::{Line, Name, shown};
use super::syncing::run::{self, Run};
use crate::external::resource::ExternalSecret;
use crate::failure::{Failure, Kind};
use crate::fsio::clock;
use crate::k8s::Client;
use crate::sync::round::{self, Outcome};
use crate::sync::{Inventory, Placed, Stores};

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    login: LoginArgs,
    /// Let the cluster check everything and change nothing; say by name what would change
    #[arg(long)]
    dry_run: bool,
    /// Mark the Secrets as belonging to this set
    #[arg(long, value_name = "NAME")]
    set: Option<String>,
    /// Delete Secrets of the set that no ExternalSecret makes any more, when everything else went well
    #[arg(long, requires = "set")]
    prune: bool,
    /// Make generated values (passwords, keys) anew, also where the cluster has them already
    #[arg(long)]
    regenerate: bool,
    /// Try again what fails, for so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    wait: u64,
}

const EXAMPLES: &str = "\
Secrets get the marks that External Secrets Operator gives them, and belong to the same field manager: either of the two can go on \
where the other has left off. Without --context the cluster is the current one of your kubeconfig.

Examples:
  sealant sync app/ --dry-run                    what would change, by the names of keys
  sealant sync app/ --context prod --wait 60
  sealant sync app/ --set app --prune            and delete what is no longer asked for";

/// What became of one Secret.
pub struct Done {
    /// Its namespace and name.
    pub name: Name,
    /// `created`, `updated`, `deleted`, `unchanged`, `skipped`
    pub verb: &'static str,
    /// Keys with `+`, `~` or `-` before them.
    pub changes: Vec<String>,
    /// Why, where that needs saying.
    pub note: Option<String>,
}

/// Runs it.
///
/// # Errors
/// A manifest that is wrong, a store or a cluster that does not answer, a value that is missing.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let mut args_input = args.input.clone();
    let login = LoginArgs { context: Some(args.login.context.clone().unwrap_or_default()), ..args.login.clone() };
    if args_input.namespace.is_none() {
        args_input.namespace = Some(namespace(session, &login)?);
    }
    if let Some(set) = &args.set
        && !crate::manifest::limits::is_label_value(set)
    {
        return Err(Failure::new(Kind::Generic, "--set: that is no value of a label"));
    }
    let input = input::read(session, &args_input)?;
    if input.inventory.external_secrets.is_empty() {
        return Err(Failure::new(Kind::NoDocument, "there is no ExternalSecret in the input")
            .hint("name files or folders with manifests of kind ExternalSecret"));
    }
    let Run { inventory, around, stores } = run::begin(session, input, &login);
    let client = around.client()?;
    let (mut done, failed) = until(args, &client, &inventory, &stores);
    stores.close();
    if args.prune && failed.is_empty() {
        done.extend(prune::prune(args, &client, &inventory, &done)?);
    }
    report::finish(args, session, &done, &failed)
}

/// The namespace of the context.
fn namespace(session: &Session, login: &LoginArgs) -> Result<String, Failure> {
    let overrides = crate::k8s::Overrides {
        context: login.context.clone().unwrap_or_default(),
        ..crate::k8s::Overrides::default()
    };
    Ok(super::cluster::load(overrides, &session.env)?.namespace()?.name)
}

/// Once, or again and again until all is well or the time is over.
fn until(args: &Args, client: &Client, inventory: &Inventory, stores: &Stores) -> (Vec<Done>, Vec<Line>) {
    let mut left = inventory.external_secrets.clone();
    let mut done = Vec::new();
    let end =
        clock::timestamp().saturating_add(jiff::SignedDuration::from_secs(args.wait.min(86_400).cast_signed())).ok();
    let mut pause = Duration::from_secs(1);
    loop {
        let outcomes = round::resolve(stores, &left, clock::timestamp());
        let applied = carry_out(args, client, inventory, outcomes);
        let mut failed = Vec::new();
        let mut again = Vec::new();
        for (placed, result) in left.into_iter().zip(applied) {
            match result {
                Ok(one) => done.push(one),
                Err(line) => {
                    again.push(placed);
                    failed.push(*line);
                }
            }
        }
        let is_over = end.is_none_or(|end| clock::timestamp() >= end);
        if failed.is_empty() || is_over || stores.around().cancel().load(std::sync::atomic::Ordering::Relaxed) {
            done.sort_by(|one, other| one.name.cmp(&other.name));
            return (done, failed);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_secs(10));
        stores.forget_failed();
        left = again;
    }
}

fn carry_out(
    args: &Args,
    client: &Client,
    inventory: &Inventory,
    outcomes: Vec<Outcome>,
) -> Vec<Result<Done, Box<Line>>> {
    let uids = apply::Uids::read(client, inventory);
    let outcomes: Vec<std::sync::Mutex<Option<Outcome>>> =
        outcomes.into_iter().map(|outcome| std::sync::Mutex::new(Some(outcome))).collect();
    let makers = Makers::of(inventory);
    parallel::map(
        &outcomes,
        |slot| {
            let outcome = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            let Some(outcome) = outcome else { return Err(Box::default()) };
            apply::one(args, client, inventory, &uids, &makers, outcome)
        },
        |_, _| {},
    )
}

/// The Secrets that ExternalSecrets want to make, each as often as one does.
pub struct Makers(Vec<Name>);

impl Makers {
    fn of(inventory: &Inventory) -> Self {
        let makers = inventory.external_secrets.iter().filter(|placed| placed.item.target.creation_policy.makes());
        let target = |placed: &Placed<ExternalSecret>| {
            let namespace = inventory.namespace(placed.item.namespace.as_deref()).to_owned();
            (namespace, placed.item.target_name().to_owned())
        };
        Self(makers.map(target).collect())
    }

    /// How many want to make it.
    pub fn count(&self, target: &Name) -> usize {
        self.0.iter().filter(|name| *name == target).count()
    }
}

/// What a Secret is called in messages.
pub fn title(name: &Name) -> String {
    shown(name)
}
