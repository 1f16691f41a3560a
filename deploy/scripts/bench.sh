#!/usr/bin/env bash
# Speed, as ratios against floors measured in the same run. BENCH_SECONDS (8), BENCH_HISTORY
# (1000000) and BENCH_WALLETS (100000) shorten a run.
set -euo pipefail
cd "$(dirname "$0")/../.."
for crate in countersign-decode:decode countersign-policy:decide countersign-audit:append countersign-store:ledger; do
  cargo bench --locked --quiet -p "${crate%%:*}" --bench "${crate##*:}" -- --warm-up-time 1 --measurement-time 3
done
# The working directory of a bench is its package; paths below are from the top.
cargo bench --locked --quiet -p countersign-appliance --bench signatures --no-run
bench=$(find "${CARGO_TARGET_DIR:-target}/release/deps" -maxdepth 1 -name 'signatures-*' -executable -type f -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)
exec "$bench"
