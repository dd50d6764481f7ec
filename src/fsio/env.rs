//! The environment variables we know: listed once, read once, handed around as a value.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use crate::secret::SecretText;

macro_rules! variables {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)+) => {
        /// An environment variable that has a meaning for us.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Var {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Var {
            /// All of them, in the order of the help page.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The variable's name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// What it is for, one line.
            pub fn doc(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

variables! {
    /// age identities, one or more per line (as in sops)
    SopsAgeKey = "SOPS_AGE_KEY";
    /// a file with age identities (as in sops)
    SopsAgeKeyFile = "SOPS_AGE_KEY_FILE";
    /// a command that prints age identities; it finds the wanted recipient in SOPS_AGE_RECIPIENT (as in sops)
    SopsAgeKeyCmd = "SOPS_AGE_KEY_CMD";
    /// a file with an SSH private key that opens age files (as in sops)
    SopsAgeSshPrivateKeyFile = "SOPS_AGE_SSH_PRIVATE_KEY_FILE";
    /// a command that prints an SSH private key without a passphrase; it finds the wanted recipient in SOPS_AGE_RECIPIENT (as in sops)
    SopsAgeSshPrivateKeyCmd = "SOPS_AGE_SSH_PRIVATE_KEY_CMD";
    /// age recipients for new files, separated by commas (as in sops)
    SopsAgeRecipients = "SOPS_AGE_RECIPIENTS";
    /// the configuration file, instead of looking for .sops.yaml (as in sops)
    SopsConfig = "SOPS_CONFIG";
    /// the order in which kinds of keys are tried (as in sops)
    SopsDecryptionOrder = "SOPS_DECRYPTION_ORDER";
    /// called as sops: AWS KMS keys for new files, separated by commas
    SopsKmsArn = "SOPS_KMS_ARN";
    /// called as sops: Google Cloud KMS keys for new files
    SopsGcpKmsIds = "SOPS_GCP_KMS_IDS";
    /// called as sops: HuaweiCloud KMS keys for new files (only through a key service)
    SopsHuaweicloudKmsIds = "SOPS_HUAWEICLOUD_KMS_IDS";
    /// called as sops: Azure Key Vault keys for new files
    SopsAzureKeyvaultUrls = "SOPS_AZURE_KEYVAULT_URLS";
    /// called as sops: Vault transit keys for new files, separated by commas
    SopsVaultUris = "SOPS_VAULT_URIS";
    /// called as sops: PGP fingerprints for new files
    SopsPgpFp = "SOPS_PGP_FP";
    /// `false` means that no key of this machine is used (as in sops)
    SopsEnableLocalKeyservice = "SOPS_ENABLE_LOCAL_KEYSERVICE";
    /// addresses of key services, separated by commas, when --keyservice is not given (as in sops)
    SopsKeyservice = "SOPS_KEYSERVICE";
    /// called as sops: accepted, as no version is ever looked up on the network
    SopsDisableVersionCheck = "SOPS_DISABLE_VERSION_CHECK";
    /// the addresses of Vault that files may send us to: `all`, `none`, or beginnings separated by commas (as in sops)
    SopsHcVaultAllowlist = "SOPS_HC_VAULT_ALLOWLIST";
    /// where Vault or OpenBao is when a destination rule does not say it (as in the vault program)
    VaultAddr = "VAULT_ADDR";
    /// the token for Vault; without it ~/.vault-token is read (as in the vault program)
    VaultToken = "VAULT_TOKEN";
    /// the namespace in Vault (as in the vault program)
    VaultNamespace = "VAULT_NAMESPACE";
    /// a file with the certificates that Vault's may be signed by, instead of those the system trusts (as in the vault program)
    VaultCacert = "VAULT_CACERT";
    /// a folder with such certificates, when VAULT_CACERT is not set (as in the vault program)
    VaultCapath = "VAULT_CAPATH";
    /// the name that Vault's certificate has to be for, instead of the host's (as in the vault program)
    VaultTlsServerName = "VAULT_TLS_SERVER_NAME";
    /// a file with our own certificate for Vault (as in the vault program)
    VaultClientCert = "VAULT_CLIENT_CERT";
    /// a file with the private key of VAULT_CLIENT_CERT (as in the vault program)
    VaultClientKey = "VAULT_CLIENT_KEY";
    /// `true`: do not look at Vault's certificate; whoever is on the way can read everything then (as in the vault program)
    VaultSkipVerify = "VAULT_SKIP_VERIFY";
    /// how long one request to Vault may take, such as `10s`; if not set 60 seconds, for a key 30 (as in the vault program)
    VaultClientTimeout = "VAULT_CLIENT_TIMEOUT";
    /// how often a request to Vault is repeated; 2 if not set (as in the vault program)
    VaultMaxRetries = "VAULT_MAX_RETRIES";
    /// the access key for AWS; the secret one and the session token are read with it (as in the aws program)
    AwsAccessKeyId = "AWS_ACCESS_KEY_ID";
    /// the profile for AWS, where a key names none (as in the aws program)
    AwsProfile = "AWS_PROFILE";
    /// the file with profiles for AWS, instead of ~/.aws/config (as in the aws program)
    AwsConfigFile = "AWS_CONFIG_FILE";
    /// the file with credentials for AWS, instead of ~/.aws/credentials (as in the aws program)
    AwsSharedCredentialsFile = "AWS_SHARED_CREDENTIALS_FILE";
    /// a file with a token that AWS gives credentials for (as in the aws program)
    AwsWebIdentityTokenFile = "AWS_WEB_IDENTITY_TOKEN_FILE";
    /// where a container on AWS gets its credentials (as in the aws program)
    AwsContainerCredentialsRelativeUri = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    /// the same as a whole URL (as in the aws program)
    AwsContainerCredentialsFullUri = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    /// where AWS is, instead of the usual places (as in the aws program)
    AwsEndpointUrl = "AWS_ENDPOINT_URL";
    /// where AWS KMS is, before AWS_ENDPOINT_URL (as in the aws program)
    AwsEndpointUrlKms = "AWS_ENDPOINT_URL_KMS";
    /// where Amazon S3 is, before AWS_ENDPOINT_URL (as in the aws program)
    AwsEndpointUrlS3 = "AWS_ENDPOINT_URL_S3";
    /// where AWS Secrets Manager is, before AWS_ENDPOINT_URL (as in External Secrets Operator)
    AwsSecretsManagerEndpoint = "AWS_SECRETSMANAGER_ENDPOINT";
    /// where AWS Parameter Store is, before AWS_ENDPOINT_URL (as in External Secrets Operator)
    AwsSsmEndpoint = "AWS_SSM_ENDPOINT";
    /// where AWS STS, for stores is, before AWS_ENDPOINT_URL (as in External Secrets Operator)
    AwsStsEndpoint = "AWS_STS_ENDPOINT";
    /// where Amazon ECR is, before AWS_ENDPOINT_URL (as in External Secrets Operator)
    AwsEcrEndpoint = "AWS_ECR_ENDPOINT";
    /// where the public Amazon ECR is, before AWS_ENDPOINT_URL (as in External Secrets Operator)
    AwsEcrPublicEndpoint = "AWS_ECR_PUBLIC_ENDPOINT";
    /// the region of AWS that a bucket is in (as in the aws program)
    AwsRegion = "AWS_REGION";
    /// another address than cloudkms.googleapis.com for Google Cloud KMS (as in sops)
    SopsGcpKmsEndpoint = "SOPS_GCP_KMS_ENDPOINT";
    /// another universe than googleapis.com (as in sops)
    SopsGcpKmsUniverseDomain = "SOPS_GCP_KMS_UNIVERSE_DOMAIN";
    /// the credentials for Google Cloud: a file, or its JSON (as in sops)
    GoogleCredentials = "GOOGLE_CREDENTIALS";
    /// an access token for Google Cloud (as in sops)
    GoogleOauthAccessToken = "GOOGLE_OAUTH_ACCESS_TOKEN";
    /// another universe of Google Cloud than googleapis.com, for keys after SOPS_GCP_KMS_UNIVERSE_DOMAIN (as in Google's tools)
    GoogleCloudUniverseDomain = "GOOGLE_CLOUD_UNIVERSE_DOMAIN";
    /// where an emulator of Google Cloud Storage is, to publish there without a login (as in Google's tools)
    StorageEmulatorHost = "STORAGE_EMULATOR_HOST";
    /// the directory of the service principal for Azure (as in Azure's tools)
    AzureTenantId = "AZURE_TENANT_ID";
    /// the service principal for Azure (as in Azure's tools)
    AzureClientId = "AZURE_CLIENT_ID";
    /// the secret of the service principal for Azure (as in Azure's tools)
    AzureClientSecret = "AZURE_CLIENT_SECRET";
    /// the token file of a workload with an identity in Azure (as in Azure's tools)
    AzureFederatedTokenFile = "AZURE_FEDERATED_TOKEN_FILE";
    /// set where the machine has an identity in Azure (as in Azure's tools)
    IdentityEndpoint = "IDENTITY_ENDPOINT";
    /// the kubeconfig files that say where clusters are, instead of ~/.kube/config (as in kubectl)
    Kubeconfig = "KUBECONFIG";
    /// in a pod: where the cluster is, when no kubeconfig says it (as in kubectl)
    KubernetesServiceHost = "KUBERNETES_SERVICE_HOST";
    /// in a pod: the port of KUBERNETES_SERVICE_HOST (as in kubectl)
    KubernetesServicePort = "KUBERNETES_SERVICE_PORT";
    /// in a pod: its namespace, before that of the service account (as in kubectl)
    PodNamespace = "POD_NAMESPACE";
    /// the proxy for https addresses of clusters; the clients of clouds look at it, too
    HttpsProxy = "HTTPS_PROXY";
    /// the same, when HTTPS_PROXY is not set
    HttpsProxyLower = "https_proxy";
    /// the proxy for http addresses of clusters
    HttpProxy = "HTTP_PROXY";
    /// the same, when HTTP_PROXY is not set
    HttpProxyLower = "http_proxy";
    /// hosts, domains and networks that need no proxy, separated by commas
    NoProxy = "NO_PROXY";
    /// the same, when NO_PROXY is not set
    NoProxyLower = "no_proxy";
    /// the program for PGP keys, instead of gpg (as in sops)
    SopsGpgExec = "SOPS_GPG_EXEC";
    /// a file with exported PGP keys, for use without gpg (in a binary built with the feature pgp)
    PgpKeyFile = "SEALANT_PGP_KEY_FILE";
    /// where gpg has its keys (as in gpg)
    GnupgHome = "GNUPGHOME";
    /// the terminal where gpg asks for passphrases; ours if not set (as in gpg)
    GpgTty = "GPG_TTY";
    /// the editor for secrets, before VISUAL and EDITOR (as in sops)
    SopsEditor = "SOPS_EDITOR";
    /// the editor with a screen
    Visual = "VISUAL";
    /// the editor
    Editor = "EDITOR";
    /// where programs are looked for
    Path = "PATH";
    /// the home folder
    Home = "HOME";
    /// the home folder on Windows
    UserProfile = "USERPROFILE";
    /// the folder of per-user configuration on Windows
    AppData = "AppData";
    /// the folder of per-user configuration
    XdgConfigHome = "XDG_CONFIG_HOME";
    /// the folder for run-time files of the session, usually in memory
    XdgRuntimeDir = "XDG_RUNTIME_DIR";
    /// the folder for temporary files
    TmpDir = "TMPDIR";
    /// no colours when it is set and not empty
    NoColor = "NO_COLOR";
    /// the kind of terminal; `dumb` has no progress line
    Term = "TERM";
}

/// The known variables as they were when we started. Values are wiped when dropped and never printed.
#[derive(Default)]
pub struct Env {
    values: BTreeMap<Var, OsString>,
}

impl Env {
    /// The environment of this process.
    pub fn from_process() -> Self {
        let values = Var::ALL.iter().filter_map(|var| Some((*var, std::env::var_os(var.name())?))).collect();
        Self { values }
    }

    /// An environment of our own, for tests and callers that embed us.
    pub fn from_pairs<T: Into<OsString>>(pairs: impl IntoIterator<Item = (Var, T)>) -> Self {
        Self { values: pairs.into_iter().map(|(var, value)| (var, value.into())).collect() }
    }

    /// The same environment with one variable set to something else; `None` takes it out.
    #[must_use]
    pub fn with(mut self, var: Var, value: Option<&OsStr>) -> Self {
        let old = match value {
            Some(value) => self.values.insert(var, value.to_owned()),
            None => self.values.remove(&var),
        };
        old.unwrap_or_default().into_encoded_bytes().zeroize();
        self
    }

    /// The value as it is; `None` when the variable is not set.
    pub fn os(&self, var: Var) -> Option<&OsStr> {
        self.values.get(&var).map(OsString::as_os_str)
    }

    /// The value as text; `None` when it is not set, empty, or not UTF-8.
    pub fn text(&self, var: Var) -> Option<&str> {
        self.os(var)?.to_str().filter(|text| !text.is_empty())
    }

    /// The value as a path; `None` when it is not set or empty.
    pub fn path(&self, var: Var) -> Option<&Path> {
        self.os(var).filter(|value| !value.is_empty()).map(Path::new)
    }

    /// The value as secret text; bytes that are not UTF-8 are replaced.
    pub fn secret(&self, var: Var) -> Option<SecretText> {
        self.os(var).map(|value| SecretText::new(value.to_string_lossy().into_owned()))
    }

    /// The user's home folder.
    pub fn home(&self) -> Option<&Path> {
        self.path(if cfg!(windows) { Var::UserProfile } else { Var::Home })
    }

    /// The folder for temporary files.
    pub fn temp_folder(&self) -> PathBuf {
        self.path(Var::TmpDir).map_or_else(std::env::temp_dir, Path::to_owned)
    }

    /// The folder of per-user configuration, where Go's `os.UserConfigDir` and sops look
    /// (sops 3.13.2 `age/keysource.go`, `getUserConfigDir`).
    pub fn config_folder(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            return self.path(Var::AppData).map(Path::to_owned);
        }
        let xdg = self.path(Var::XdgConfigHome);
        if cfg!(target_os = "macos") {
            let library = || self.home().map(|home| home.join("Library/Application Support"));
            return xdg.map(Path::to_owned).or_else(library);
        }
        match xdg {
            // Go refuses a relative one
            Some(folder) => folder.is_absolute().then(|| folder.to_owned()),
            None => self.home().map(|home| home.join(".config")),
        }
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        for value in self.values.values_mut() {
            std::mem::take(value).into_encoded_bytes().zeroize();
        }
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys().map(|var| var.name())).finish()
    }
}

/// What presets a flag of kubeseal: any variable whose name begins with `SEALED_SECRETS_`, and no other. There is one for every
/// flag, so they are not listed among the known ones. Bytes that are not UTF-8 are replaced.
pub fn preset(name: &str) -> Option<Zeroizing<String>> {
    let value = name.starts_with("SEALED_SECRETS_").then(|| std::env::var_os(name)).flatten()?;
    Some(Zeroizing::new(value.to_string_lossy().into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_names_only() {
        let env = Env::from_pairs([(Var::SopsAgeKey, "AGE-SECRET-KEY-1X")]);
        assert_eq!(format!("{env:?}"), "{\"SOPS_AGE_KEY\"}");
    }

    #[test]
    fn every_variable_has_its_own_name_and_a_line_of_help() {
        let mut names: Vec<_> = Var::ALL.iter().map(|var| var.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Var::ALL.len());
        assert!(Var::ALL.iter().all(|var| !var.doc().is_empty() && !var.doc().contains('\n')));
    }

    #[test]
    fn empty_is_not_set_for_text_and_paths() {
        let env = Env::from_pairs([(Var::Editor, "")]);
        assert_eq!((env.text(Var::Editor), env.path(Var::Editor)), (None, None));
        assert!(env.os(Var::Editor).is_some());
        assert!(env.secret(Var::SopsAgeKey).is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn configuration_is_where_go_looks() {
        let of = |pairs: &[(Var, &str)]| Env::from_pairs(pairs.iter().copied()).config_folder();
        assert_eq!(of(&[(Var::Home, "/h")]), Some("/h/.config".into()));
        assert_eq!(of(&[(Var::Home, "/h"), (Var::XdgConfigHome, "/x")]), Some("/x".into()));
        assert_eq!(of(&[(Var::Home, "/h"), (Var::XdgConfigHome, "x")]), None);
        assert_eq!(of(&[]), None);
    }
}
