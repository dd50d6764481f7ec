//! `sealant render`: ExternalSecrets to Secret manifests, in clear or ready for Git.

mod report;

use super::session::Session;
use super::syncing::input::{self, InputArgs, LoginArgs};
use super::syncing::lines::shown;
use super::syncing::made;
use super::syncing::output::{self, OutputArgs};
use super::syncing::run::{self, Run};
use crate::failure::{Failure, Kind};
use crate::fsio::clock;
use crate::sync::round;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    login: LoginArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Write nothing; say by name what would change, and exit with 1 if anything would
    #[arg(long, requires = "output_dir")]
    check: bool,
    /// Make generated values (passwords, keys) anew, also where the output has them already
    #[arg(long)]
    regenerate: bool,
}

const EXAMPLES: &str = "\
Stores are SecretStore and ClusterSecretStore manifests: Vault and OpenBao, AWS Secrets Manager and Parameter Store, Kubernetes, \
and encrypted files of this repository. What they log in with is looked up in the manifests given; --as-me takes your own login.

Examples:
  sealant render app/                                         Secrets, to standard output
  sealant render app/ --as-me -o rendered/                    one file each
  sealant render app/ --encrypt -o secrets/                   encrypted with SOPS: safe to commit
  sealant render app/ --seal-with cert.pem -o sealed/         SealedSecrets
  sealant render app/ --encrypt -o secrets/ --check           in CI: is what is committed still right?
  kustomize build overlays/prod | sealant render -";

/// Runs it; the exit code is 1 when `--check` found a difference.
///
/// # Errors
/// A manifest that is wrong, a store that does not answer, a value that is missing.
pub fn run(args: &Args, session: &Session) -> Result<u8, Failure> {
    if session.json() && args.output.output_dir.is_none() {
        let text = "--json prints a report, and the Secrets go to standard output as well";
        return Err(Failure::new(Kind::ConflictingOptions, text).hint("say --output-dir DIR, or --format json"));
    }
    let input = input::read(session, &args.input)?;
    if input.inventory.external_secrets.is_empty() {
        return Err(Failure::new(Kind::NoDocument, "there is no ExternalSecret in the input")
            .hint("name files or folders with manifests of kind ExternalSecret"));
    }
    let Run { inventory, stores, .. } = run::begin(session, input, &args.login);
    let outcomes = round::resolve(&stores, &inventory.external_secrets, clock::timestamp());
    let mut secrets = made::secrets(&inventory, outcomes);
    stores.close();
    if args.regenerate {
        secrets.made.iter_mut().for_each(|made| made.generated.clear());
    }
    for line in &secrets.missing {
        for what in &line.what {
            session.warn(&format!("{}: {}: {what}; left out", line.place, shown(&line.name)));
        }
    }
    let places = output::places(&args.output, session, secrets.made, args.check)?;
    report::finish(args, session, &places, &secrets.skipped, &secrets.failed)
}
