#!/usr/bin/env bash
# Everything that can be tested on one machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
step() { printf '\n== %s\n' "$1"; }

step "formatting"
cargo fmt --all --check

step "each crate alone (feature unification hides what is missing)"
for crate in countersign-intent countersign-decode countersign-policy countersign-audit \
  countersign-api countersign-hsm countersign-hardware-wallet countersign-store; do
  cargo check --quiet --locked -p "$crate"
done

step "lints"
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

step "clients generated from the OpenAPI document"
deploy/scripts/clients.sh

step "systemd unit"
deploy/systemd/check.sh

step "programs under test"
cargo build --locked --quiet -p countersign-appliance -p countersign-cli

step "tests"
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --workspace --locked
else
  cargo test --workspace --locked
fi

step "fuzzing, for a moment"
SECONDS_EACH=2 deploy/scripts/fuzz.sh

step "licences, bans, sources"
deploy/scripts/deny.sh
